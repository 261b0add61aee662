"""Manifest and AttachmentEncoded → the files of a package, matched.

Source: QCVN 102:2016, body and attachments; identifiers are written with ``cid:``, without it, or
with it twice, and only the attachment's own ContentType can be believed.
"""

import re
from collections import deque
from dataclasses import dataclass

from gateway.edxml import names
from gateway.edxml.faults import Findings
from gateway.edxml.outline import Outline, Payload
from gateway.edxml.parts import Part
from gateway.model.package import Attachment

_CIDS = re.compile(r"\A(?:\s*cid:)*\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A manifest entry and the attachment it lists, either of which may be missing."""

    reference: Part | None
    attachment: Part | None

    @property
    def path(self) -> str:
        """Return where it stands."""
        part = self.attachment or self.reference
        return part.path if part else names.ENCLOSURES


def read_attachments(
    body: Part, enclosures: Part, outline: Outline, findings: Findings, *, needed: bool
) -> tuple[Attachment, ...]:
    """Match the manifest with the attachments; the main document comes first.

    Shape: needed says that a file missing or broken stops the package; otherwise it is told only.
    """
    references = body.first(names.MANIFEST).all(names.REFERENCE)
    attachments = enclosures.all(names.ATTACHMENT)
    payloads = {payload.token: payload for payload in outline.payloads}
    note = findings.fault if needed else findings.warn
    found: list[Attachment] = []
    for number, pair in enumerate(_match(references, attachments, findings), 1):
        payload = _take_payload(pair.attachment, payloads, findings)
        if payload is None:
            if pair.reference is not None:
                note("attachment-missing", pair.path, number=number)
        elif payload.fault is not None:
            note("payload-unreadable", pair.path, number=number)
        else:
            found.append(_attachment(pair, payload, findings))
    if payloads:
        findings.warn("payload-stray", names.PAYLOAD)
    if needed and not references and not attachments:
        findings.warn("no-attachments", names.ENCLOSURES)
    return tuple(found)


def bare_content_id(text: str) -> str:
    """Strip every leading ``cid:`` of a ContentId."""
    return _CIDS.sub("", text, count=1)


def _match(references: list[Part], attachments: list[Part], findings: Findings) -> list[_Pair]:
    """Match by ContentId; what is left, when it is as many on both sides, by name and then by place."""
    matched = _claim(references, attachments, "ContentId")
    left = _unclaimed(attachments, matched)
    open_places = [place for place, attachment in enumerate(matched) if attachment is None]
    if open_places and len(open_places) == len(left):
        findings.warn("content-id-unmatched", f"{names.ENCLOSURES}/{names.ATTACHMENT}/ContentId")
        named = _claim([references[place] for place in open_places], left, "AttachmentName")
        in_order = iter(_unclaimed(left, named))
        for place, attachment in zip(open_places, named, strict=True):
            matched[place] = attachment or next(in_order)
        left = []
    if left:
        findings.warn("attachment-unlisted", f"{names.ENCLOSURES}/{names.ATTACHMENT}")
    pairs = [_Pair(reference, attachment) for reference, attachment in zip(references, matched, strict=True)]
    return pairs + [_Pair(None, attachment) for attachment in left]


def _claim(references: list[Part], attachments: list[Part], name: str) -> list[Part | None]:
    """Let each reference claim the first unclaimed attachment of the same identifier or name."""
    waiting: dict[str, deque[Part]] = {}
    for attachment in attachments:
        waiting.setdefault(_key(attachment, name), deque()).append(attachment)
    waiting.pop("", None)
    queues = (waiting.get(_key(reference, name)) for reference in references)
    return [queue.popleft() if queue else None for queue in queues]


def _unclaimed(attachments: list[Part], claimed: list[Part | None]) -> list[Part]:
    taken = {id(attachment) for attachment in claimed}
    return [attachment for attachment in attachments if id(attachment) not in taken]


def _key(part: Part, name: str) -> str:
    text = part.value(name) or ""
    return bare_content_id(text).casefold() if name == "ContentId" else text


def _take_payload(
    attachment: Part | None, payloads: dict[str, Payload], findings: Findings
) -> Payload | None:
    """Take the attachment's payload out of those that are left; None when it has none, or an empty one."""
    if attachment is None:
        return None
    attachment.check_once(findings, names.PAYLOAD, "ContentId")
    payload = payloads.pop(attachment.first(names.PAYLOAD).text, None)
    return payload if payload is not None and (payload.decoded_bytes or payload.fault) else None


def _attachment(pair: _Pair, payload: Payload, findings: Findings) -> Attachment:
    attachment, reference = pair.attachment, pair.reference or Part("")
    assert attachment is not None  # noqa: S101 - it has a payload
    declared, listed = attachment.value("ContentType"), reference.value("ContentType")
    if declared and listed and declared.casefold() != listed.casefold():
        findings.warn("attachment-type-differs", f"{reference.path}/ContentType")
    return Attachment(
        content_id=bare_content_id(attachment.value("ContentId") or reference.value("ContentId") or ""),
        name=attachment.value("AttachmentName") or reference.value("AttachmentName"),
        declared_type=declared,
        description=attachment.value("Description") or reference.value("Description"),
        start=payload.start,
        end=payload.end,
        decoded_bytes=payload.decoded_bytes,
        digest=payload.digest,
    )
