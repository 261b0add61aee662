"""``getReceiptList`` and ``putReceiptList``: signed receipts, our own additions to the protocol.

The first lists the caller's own; with the second a gateway tells its hub what it signed about packages it
collected there. No known client of the axis asks either, and an axis that does not know them answers nothing
that can be read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from gateway.errors import Delay, Refusal
from gateway.model.code_lists import Kind
from gateway.model.identifiers import Digest
from gateway.model.text import visible
from gateway.vxp.answers import PERMANENT, frame_list, read_members, unreadable
from gateway.vxp.items import Members, read_instant, text_of, write_instant
from gateway.vxp.requests import ListRequest, read_list, unreadable_argument, write_list
from gateway.vxp.signing import SignedArguments, hash_matches, hash_mismatch, unpadded_hex

RECEIPTS_AT_MOST = 10_000
# No log grows so long, and no database holds greater numbers.
_ENTRIES_END = 10**15


class Side(StrEnum):
    """Which of a caller's receipts: about what it sent, or about what it collected."""

    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsRequest:
    """What to list: one package by its docId, or what happened in a time; from behind an entry either way.

    Shape: with a doc_id kind, instants and side count for nothing; limit is 1 to `RECEIPTS_AT_MOST`.
    """

    doc_id: str | None = None
    kind: Kind | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    side: Side | None = None
    after: int = 0
    limit: int = RECEIPTS_AT_MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    """One receipt.

    Shape: entry is its number in the log of whoever signed, and what the next page is asked by; receipt is
    the JSON object a stranger verifies. The rest is told for convenience and lies under no signature.
    """

    entry: int
    event: str
    receipt: Mapping[str, object]
    at: datetime | None = None
    sender_doc_id: str | None = None
    receiver_doc_id: str | None = None
    recipients: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def write_receipts_request(request: ReceiptsRequest) -> dict[str, str]:
    """Write the arguments of ``getReceiptList``."""
    arguments = write_list(ListRequest(kind=request.kind, from_at=request.from_at, to_at=request.to_at))
    if request.doc_id is not None:
        arguments["docId"] = request.doc_id
    if request.side is not None:
        arguments["side"] = request.side.value
    return {**arguments, "after": str(request.after), "limit": str(request.limit)}


def read_receipts_request(arguments: SignedArguments) -> ReceiptsRequest:
    """Read the arguments of ``getReceiptList``; a client that forgets nothing sends an empty ``docId``.

    Errors: Refusal ``argument-unreadable`` for a date, side or number that is none.
    """
    asked = read_list(arguments)
    return ReceiptsRequest(
        doc_id=arguments.one("docId"),
        kind=asked.kind,
        from_at=asked.from_at,
        to_at=asked.to_at,
        side=_read_side(arguments.one("side")),
        after=_read_number(arguments, "after", 0),
        limit=max(1, min(RECEIPTS_AT_MOST, _read_number(arguments, "limit", RECEIPTS_AT_MOST))),
    )


def write_told_receipts(items: Iterable[ReceiptItem]) -> tuple[dict[str, str], bytes]:
    """Write the arguments and the body of ``putReceiptList``; receiver_doc_id is the hub's docId."""
    body = write_receipts(items)
    return {"hash-file": unpadded_hex(Digest(sha256(body).hexdigest()))}, body


def read_told_receipts(arguments: SignedArguments, body: bytes) -> tuple[ReceiptItem, ...]:
    """Read what a gateway tells.

    Errors: Refusal ``hash-mismatch`` when the body is not the one that was signed, ``argument-unreadable``
    when it is no list of receipts.
    """
    if not hash_matches(arguments.required("hash-file"), Digest(sha256(body).hexdigest())):
        raise hash_mismatch()
    try:
        return read_receipts(body)
    except (Delay, Refusal) as error:
        raise unreadable_argument("body", '{"data":[…]}') from error


def write_receipts(items: Iterable[ReceiptItem]) -> bytes:
    """Write a list of receipts."""
    opening, closing = frame_list()
    written = (json.dumps(_members(item), separators=(",", ":")).encode("ascii") for item in items)
    return opening + b",".join(written) + closing


def read_receipts(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[ReceiptItem, ...]:
    """Read a list of receipts.

    Errors: as `vxp.answers.read_done`; Delay when an item has no number or no receipt, since the next page
    could not be asked for.
    """
    items = read_members(body, permanent=permanent).get("data")
    if not isinstance(items, list):
        raise unreadable("data")
    return tuple(_read_item(item) for item in items)


def _members(item: ReceiptItem) -> dict[str, object]:
    members: dict[str, object] = {
        "entry": item.entry,
        "event": item.event,
        "eventTime": write_instant(item.at),
        "senderDocId": item.sender_doc_id,
        "receiverDocId": item.receiver_doc_id,
        "recipients": list(item.recipients),
        "evidence": list(item.evidence),
        "reasons": list(item.reasons),
        "Receipt": item.receipt,
    }
    return {name: value for name, value in members.items() if value not in (None, [])}


def _read_item(members: object) -> ReceiptItem:
    if not isinstance(members, dict):
        raise unreadable("data")
    entry, receipt, at = members.get("entry"), members.get("Receipt"), text_of(members, "eventTime")
    if type(entry) is not int or not 0 < entry < _ENTRIES_END or not isinstance(receipt, dict):
        raise unreadable("data")
    return ReceiptItem(
        entry=entry,
        event=text_of(members, "event") or "",
        receipt=receipt,
        at=None if at is None else read_instant(at),
        sender_doc_id=text_of(members, "senderDocId"),
        receiver_doc_id=text_of(members, "receiverDocId"),
        recipients=_texts(members, "recipients"),
        evidence=_texts(members, "evidence"),
        reasons=_texts(members, "reasons"),
    )


def _texts(members: Members, name: str) -> tuple[str, ...]:
    told = members.get(name)
    return tuple(visible(text) for text in told if isinstance(text, str)) if isinstance(told, list) else ()


def _read_side(word: str | None) -> Side | None:
    try:
        return None if word is None else Side(word.lower())
    except ValueError as error:
        raise unreadable_argument("side", "sent, received") from error


def _read_number(arguments: SignedArguments, name: str, default: int) -> int:
    text = arguments.one(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise unreadable_argument(name, "0, 1, 2, …")
    return int(text)
