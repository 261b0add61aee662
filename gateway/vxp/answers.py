"""Answers: what the axis says back, as bytes.

Everything is HTTP 200 with a JSON object in ASCII: the SDK reads the answer of ``sendEdoc`` as US-ASCII
and keeps ``\\uXXXX`` escapes intact. ``status``, ``ErrorCode`` and ``ErrorDesc`` are always texts, ``DocId``
stands in every answer to ``sendEdoc``, nothing is ever null: any of these missing gives the SDK's caller an
object full of nulls. `vxp.items` writes what lists contain, `vxp.content` documents as base64.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Delay, Refusal
from gateway.vxp.items import (
    DirectoryItem,
    Members,
    ReceivedItem,
    SentItem,
    UnitItem,
    read_agency,
    read_received,
    read_sent,
    read_unit,
    text_of,
    write_agency,
    write_received,
    write_sent,
    write_unit,
)
from gateway.vxp.operations import Operation

SUCCESS_WORDS = "Thanh cong"
_DESCRIPTION_LIMIT = 2000
# How web/problems.py writes a fault, of which there may be several; the last one may be cut short.
_OUR_FAULT = re.compile(r"(?P<rule>\[[a-z0-9-]+\]) (?P<vi>.+?)(?: / (?P<en>.*))?")
_WRITER = json.JSONEncoder(separators=(",", ":"))


class ErrorCode(StrEnum):
    """Our numbers for what went wrong. No list of the axis's own is public; only 0 is certain."""

    OK = "0"
    CALLER = "1"
    """Unknown system or bad signature."""
    HEADERS = "2"
    """A missing or unreadable argument."""
    HASH = "3"
    """The file is not the one the hash names."""
    PACKAGE = "4"
    """The package cannot be read or breaks a rule."""
    SENDER = "5"
    """The caller may not speak for the sender."""
    RECIPIENT = "6"
    """An unknown recipient."""
    DOCUMENT = "7"
    """No such document, or not this caller's."""
    STATUS = "8"
    """A status that is not known."""
    SIZE = "9"
    """Too large."""
    INTERNAL = "99"
    """Our fault or our far side's: ask again later."""


# With these the package will never be taken. A wrong secret or header is our operator's to mend, a wrong
# hash may be a broken transfer: the package waits meanwhile.
PERMANENT = frozenset(
    code.value
    for code in (
        ErrorCode.PACKAGE,
        ErrorCode.SENDER,
        ErrorCode.RECIPIENT,
        ErrorCode.DOCUMENT,
        ErrorCode.STATUS,
        ErrorCode.SIZE,
    )
)

# The refusals this room raises itself, as the numbers it answers with; `web.problems` adds everybody else's.
REFUSALS: Mapping[str, ErrorCode] = {
    "bad-signature": ErrorCode.CALLER,
    "bad-headers": ErrorCode.CALLER,
    "header-missing": ErrorCode.HEADERS,
    "argument-ambiguous": ErrorCode.HEADERS,
    "argument-unreadable": ErrorCode.HEADERS,
    "status-unknown": ErrorCode.STATUS,
    "member-missing": ErrorCode.HEADERS,
    "registration-unreadable": ErrorCode.HEADERS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAnswer:
    """What the axis promised for one package.

    Shape: receipt is the far side's signed statement when it is one of ours, as the JSON object it wrote.
    """

    doc_id: str
    receipt: Mapping[str, object] | None = None


def write_send_answer(answer: SendAnswer) -> bytes:
    """Write the promise that answers ``sendEdoc``."""
    receipt = {} if answer.receipt is None else {"Receipt": answer.receipt}
    return _write(DocId=answer.doc_id, **receipt)


def write_done() -> bytes:
    """Write the answer of ``updateStatus``, ``registerAgency`` and ``deleteAgency``."""
    return _write()


def write_count(count: int) -> bytes:
    """Write the answer of a count."""
    return _write(count=count)


def write_received_list(items: Iterable[ReceivedItem]) -> bytes:
    """Write the received list."""
    return _write_list([write_received(item) for item in items])


def write_sent_list(items: Iterable[SentItem]) -> bytes:
    """Write the sent list."""
    return _write_list([write_sent(item) for item in items])


def frame_list() -> tuple[bytes, bytes]:
    """Return what stands before and behind the items of a list, for one that is written page by page."""
    empty = _write_list([])
    return empty[:-2], empty[-2:]


def items_of_list(written: bytes) -> bytes:
    """Return the items of a written list without their frame; a comma joins those of two pages."""
    opening, closing = frame_list()
    return written[len(opening) : -len(closing)]


def write_agencies(items: Iterable[DirectoryItem]) -> bytes:
    """Write the directory."""
    return _write_list([write_agency(item, other="oldCode") for item in items])


def write_agencies_qd20(items: Iterable[DirectoryItem]) -> bytes:
    """Write the directory in codes of QĐ 20/2020."""
    return _write_list([write_agency(item, other="code102") for item in items])


def write_units(items: Iterable[UnitItem]) -> bytes:
    """Write the synchronised units."""
    return _write_list([write_unit(item) for item in items])


def write_failure(
    operation: Operation,
    code: ErrorCode,
    words: str,
    *,
    doc_id: str = "",
    receipt: Mapping[str, object] | None = None,
) -> bytes:
    """Write what an operation answers when it did not succeed.

    ``downloadEdoc`` has no place for words: any byte at all would be kept as the document, so nothing is
    what it says. A ``sendEdoc`` that was refused after it got an id may name it.
    """
    if operation is Operation.DOWNLOAD:
        return b""
    extra = {"DocId": doc_id} if operation is Operation.SEND else {}
    signed = {} if receipt is None else {"Receipt": receipt}
    members = {"status": "FAIL", "ErrorCode": code.value, "ErrorDesc": words, **extra, **signed}
    return json.dumps(members, separators=(",", ":")).encode("ascii")


def read_send_answer(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> SendAnswer:
    """Read the answer of ``sendEdoc``.

    Errors: as `read_done`; a success without DocId is unreadable, since nothing could be asked by it.
    """
    members = read_members(body, permanent=permanent)
    doc_id = text_of(members, "DocId")
    if doc_id is None:
        raise unreadable("DocId")
    receipt = members.get("Receipt")
    return SendAnswer(doc_id=doc_id, receipt=receipt if isinstance(receipt, dict) else None)


def read_done(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> None:
    """Read an answer that says no more than success.

    Errors: Refusal ``axis-refused`` when the code is a permanent one, Delay ``axis-failed`` for any other,
    Delay ``answer-unreadable`` when it is no answer at all.
    """
    read_members(body, permanent=permanent)


def read_count(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> int:
    """Read the answer of a count. Errors: as `read_done`."""
    text = text_of(read_members(body, permanent=permanent), "count") or ""
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise unreadable("count")
    return int(text)


def read_received_list(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[ReceivedItem, ...]:
    """Read the received list, without items that name no document. Errors: as `read_done`."""
    items = [read_received(members) for members in _read_list(body, permanent)]
    return tuple(item for item in items if item is not None)


def read_sent_list(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[SentItem, ...]:
    """Read the sent list. Errors: as `read_done`."""
    return tuple(read_sent(members) for members in _read_list(body, permanent))


def read_agencies(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[DirectoryItem, ...]:
    """Read the directory, without agencies that have no code. Errors: as `read_done`."""
    items = [read_agency(members, other="oldCode") for members in _read_list(body, permanent)]
    return tuple(item for item in items if item is not None)


def read_agencies_qd20(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[DirectoryItem, ...]:
    """Read the directory in codes of QĐ 20/2020. Errors: as `read_done`."""
    items = [read_agency(members, other="code102") for members in _read_list(body, permanent)]
    return tuple(item for item in items if item is not None)


def read_units(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> tuple[UnitItem, ...]:
    """Read the synchronised units, without those that have no code. Errors: as `read_done`."""
    items = [read_unit(members) for members in _read_list(body, permanent)]
    return tuple(item for item in items if item is not None)


def read_members(body: bytes, *, permanent: frozenset[str] = PERMANENT) -> Members:
    """Read the envelope that every answer has, and return all its members. Errors: as `read_done`."""
    try:
        members = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise unreadable("") from error
    if not isinstance(members, dict):
        raise unreadable("")
    code = text_of(members, "ErrorCode")
    if code is None:
        raise unreadable("ErrorCode")
    if code != ErrorCode.OK:
        raise _refused(code, text_of(members, "ErrorDesc") or "", permanent)
    # Success by number and failure by word is no answer to build on; others write Success for OK.
    if (text_of(members, "status") or "").upper() in ("FAIL", "ERROR"):
        raise unreadable("status")
    return members


def unreadable(where: str) -> Delay:
    """Make the error for an answer that is none; never to be taken for an empty list."""
    return Delay.because(
        "answer-unreadable",
        vi="Không đọc được trả lời của trục.",
        en="The axis's answer cannot be read.",
        where=where,
    )


def _refused(code: str, words: str, permanent: frozenset[str]) -> Refusal | Delay:
    said = "".join(char if char.isprintable() else " " for char in words)[:_DESCRIPTION_LIMIT]
    number, (said_vi, said_en) = code[:20], _both_sides(said)
    vi, en = f"Trục trả lời lỗi {number}: {said_vi}", f"The axis answered error {number}: {said_en}"
    if code in permanent:
        return Refusal.because("axis-refused", vi=vi, en=en)
    return Delay.because("axis-failed", vi=vi, en=en)


def _both_sides(said: str) -> tuple[str, str]:
    """Tell the two languages of a node of ours apart; what others say is said in both places."""
    parts = [_OUR_FAULT.fullmatch(part) for part in said.split(" | ")]
    told = [part for part in parts if part]
    if len(told) < len(parts):
        return said, said
    vi, en = (
        " | ".join(f"{part['rule']} {part[side] or part['vi']}" for part in told) for side in ("vi", "en")
    )
    return vi, en


def _read_list(body: bytes, permanent: frozenset[str]) -> list[Members]:
    items = read_members(body, permanent=permanent).get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise unreadable("data")
    return items


def _write_list(items: list[dict[str, object]]) -> bytes:
    return _write(data=items)


def _write(**members: object) -> bytes:
    envelope = {"status": "OK", "ErrorCode": ErrorCode.OK.value, "ErrorDesc": SUCCESS_WORDS, **members}
    return _WRITER.encode(envelope).encode("ascii")
