"""Manifest and AttachmentEncoded → the files of a package, matched.

Source: QCVN 102:2016, body and attachments; identifiers are written with ``cid:``, without it, or
with it twice, and only the attachment's own ContentType can be believed.
"""

from dataclasses import dataclass

from gateway.edxml import names
from gateway.edxml.faults import Findings
from gateway.edxml.outline import Outline, Payload
from gateway.edxml.parts import Part
from gateway.model.package import Attachment


@dataclass(frozen=True, slots=True)
class _Pair:
    """A manifest entry and the attachment it lists, either of which may be missing."""

    reference: Part | None
    attachment: Part | None


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
        payload = _payload(pair.attachment, payloads)
        if payload is None:
            note("attachment-missing", _where(pair), number=number)
        elif payload.fault is not None:
            note("payload-unreadable", _where(pair), number=number)
        else:
            found.append(_attachment(pair, payload, findings))
    if needed and not references and not attachments:
        findings.warn("no-attachments", names.ENCLOSURES)
    return tuple(found)


def bare_content_id(text: str) -> str:
    """Strip every leading ``cid:`` of a ContentId."""
    while text[:4].lower() == "cid:":
        text = text[4:].strip()
    return text


def _match(references: list[Part], attachments: list[Part], findings: Findings) -> list[_Pair]:
    """Match by ContentId; what is left, when it is as many on both sides, by name and then by place."""
    left = list(attachments)
    matched = [_take(left, "ContentId", _key(reference, "ContentId")) for reference in references]
    missing = [at for at, attachment in enumerate(matched) if attachment is None]
    if missing and len(missing) == len(left):
        findings.warn("content-id-unmatched", f"{names.ENCLOSURES}/{names.ATTACHMENT}/ContentId")
        for at in missing:
            matched[at] = _take(left, "AttachmentName", _key(references[at], "AttachmentName"))
        for at in missing:
            matched[at] = matched[at] or left.pop(0)
    if left:
        findings.warn("attachment-unlisted", f"{names.ENCLOSURES}/{names.ATTACHMENT}")
    pairs = [_Pair(reference, attachment) for reference, attachment in zip(references, matched, strict=True)]
    return pairs + [_Pair(None, attachment) for attachment in left]


def _take(left: list[Part], name: str, key: str) -> Part | None:
    for at, attachment in enumerate(left):
        if key and _key(attachment, name) == key:
            return left.pop(at)
    return None


def _key(part: Part, name: str) -> str:
    text = part.value(name) or ""
    return bare_content_id(text).casefold() if name == "ContentId" else text


def _payload(attachment: Part | None, payloads: dict[str, Payload]) -> Payload | None:
    if attachment is None:
        return None
    payload = payloads.get(attachment.first(names.PAYLOAD).text)
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


def _where(pair: _Pair) -> str:
    part = pair.attachment or pair.reference
    return part.path if part else names.ENCLOSURES
