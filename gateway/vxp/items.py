"""What lists contain, as values, and how each is written and read.

An absent member is left out: one JSON null in one item loses the SDK its whole list. Instants are written
as Vietnamese local time and read in every form met.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gateway.model.code_lists import Kind, Priority
from gateway.model.identifiers import AgencyCode, Digest, normalise_code
from gateway.model.text import one_line
from gateway.vxp.requests import EDOC, MESSAGE_TYPES
from gateway.vxp.signing import VIETNAM

Members = Mapping[str, object]

_LONGEST_NAME = 500
_YEAR_FIRST = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedItem:
    """One package that waits to be collected.

    Shape: kind is None when the far side wrote a word we do not know; package_sha256 and priority are
    our own additions, absent from other axes.
    """

    doc_id: str
    kind: Kind | None = None
    sender: AgencyCode | None = None
    recipient: AgencyCode | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    status: str | None = None
    status_words: str | None = None
    package_sha256: Digest | None = None
    priority: Priority | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentItem:
    """What became of one package for one recipient.

    Shape: sender_doc_id is the id that was given to the sender, receiver_doc_id the one the recipient
    collects by; package_sha256, our own addition, is what reconciliation looks for.
    """

    sender_doc_id: str | None = None
    receiver_doc_id: str | None = None
    kind: Kind | None = None
    from_code: AgencyCode | None = None
    to_code: AgencyCode | None = None
    title: str | None = None
    notation: str | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    send_status: str | None = None
    send_status_words: str | None = None
    receive_status: str | None = None
    receive_status_words: str | None = None
    package_sha256: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryItem:
    """One agency of the directory.

    Shape: other_code is its old code where the list is of present codes (``oldCode``), and its QCVN 102
    code where the list is of QĐ 20 codes (``code102``); id and parent_id are the axis's own numbers.
    """

    code: AgencyCode
    name: str
    id: str | None = None
    parent_id: str | None = None
    mail: str | None = None
    other_code: AgencyCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitItem:
    """One unit of the synchronised directory."""

    code: AgencyCode
    name: str
    id: str | None = None
    parent_id: str | None = None
    mail: str | None = None
    centre_code: str | None = None
    version: int | None = None
    deleted: bool = False
    is_agency: bool = True
    modified: str | None = None


def write_received(item: ReceivedItem) -> dict[str, object]:
    """Write one item of the received list."""
    return _present(
        docId=item.doc_id,
        serviceType=EDOC,
        messageType=_word(item.kind),
        created_time=write_instant(item.created_at),
        updated_time=write_instant(item.updated_at),
        **{"from": item.sender},
        to=item.recipient,
        status=item.status,
        status_desc=item.status_words,
        packageSha256=item.package_sha256,
        priority=None if item.priority is None else int(item.priority),
    )


def read_received(members: Members) -> ReceivedItem | None:
    """Read one item of the received list; None when it names no document and so cannot be collected."""
    doc_id = text_of(members, "docId")
    if doc_id is None:
        return None
    return ReceivedItem(
        doc_id=doc_id,
        kind=_kind(members, "messageType"),
        sender=_code(members, "from"),
        recipient=_code(members, "to"),
        created_at=_instant(members, "created_time"),
        updated_at=_instant(members, "updated_time"),
        status=text_of(members, "status"),
        status_words=text_of(members, "status_desc"),
        package_sha256=_digest(members, "packageSha256"),
        priority=_priority(members, "priority"),
    )


def write_sent(item: SentItem) -> dict[str, object]:
    """Write one item of the sent list."""
    return _present(
        serviceType=EDOC,
        messageType=_word(item.kind),
        senderDocId=item.sender_doc_id,
        receiverDocId=item.receiver_doc_id,
        fromCode=item.from_code,
        toCode=item.to_code,
        title=item.title,
        notation=item.notation,
        sentTime=write_instant(item.sent_at),
        receivedTime=write_instant(item.received_at),
        sendStatus=item.send_status,
        sendStatusDesc=item.send_status_words,
        receiveStatus=item.receive_status,
        receiveStatusDesc=item.receive_status_words,
        packageSha256=item.package_sha256,
    )


def read_sent(members: Members) -> SentItem:
    """Read one item of the sent list."""
    return SentItem(
        sender_doc_id=text_of(members, "senderDocId"),
        receiver_doc_id=text_of(members, "receiverDocId"),
        kind=_kind(members, "messageType"),
        from_code=_code(members, "fromCode"),
        to_code=_code(members, "toCode"),
        title=text_of(members, "title"),
        notation=text_of(members, "notation"),
        sent_at=_instant(members, "sentTime"),
        received_at=_instant(members, "receivedTime"),
        send_status=text_of(members, "sendStatus"),
        send_status_words=text_of(members, "sendStatusDesc"),
        receive_status=text_of(members, "receiveStatus"),
        receive_status_words=text_of(members, "receiveStatusDesc"),
        package_sha256=_digest(members, "packageSha256"),
    )


def write_agency(item: DirectoryItem, *, other: str) -> dict[str, object]:
    """Write one agency; other names the member for its other code, ``oldCode`` or ``code102``."""
    return _present(
        id=item.id,
        pid=item.parent_id,
        code=item.code,
        name=item.name,
        mail=item.mail,
        **{other: item.other_code},
    )


def read_agency(members: Members, *, other: str) -> DirectoryItem | None:
    """Read one agency; None when it has no code, since nothing could be addressed to it."""
    code = _code(members, "code")
    if code is None:
        return None
    return DirectoryItem(
        code=code,
        name=one_line(text_of(members, "name") or "")[:_LONGEST_NAME] or str(code),
        id=text_of(members, "id"),
        parent_id=text_of(members, "pid"),
        mail=text_of(members, "mail"),
        other_code=_code(members, other),
    )


def write_unit(item: UnitItem) -> dict[str, object]:
    """Write one unit."""
    return _present(
        id=item.id,
        pid=item.parent_id,
        code=item.code,
        name=item.name,
        mail=item.mail,
        centerCode=item.centre_code,
        version=item.version,
        deleted=item.deleted,
        isAgency=item.is_agency,
        modifyDate=item.modified,
    )


def read_unit(members: Members) -> UnitItem | None:
    """Read one unit; None when it has no code."""
    code, version = _code(members, "code"), text_of(members, "version")
    if code is None:
        return None
    return UnitItem(
        code=code,
        name=text_of(members, "name") or str(code),
        id=text_of(members, "id"),
        parent_id=text_of(members, "pid"),
        mail=text_of(members, "mail"),
        centre_code=text_of(members, "centerCode"),
        version=int(version) if version and re.fullmatch(r"[0-9]{1,18}", version) else None,
        deleted=_flag(members, "deleted", default=False),
        is_agency=_flag(members, "isAgency", default=True),
        modified=text_of(members, "modifyDate"),
    )


def write_instant(at: datetime | None) -> str | None:
    """Write an instant as Vietnamese local time, to the second."""
    return None if at is None else f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"


def read_instant(text: str) -> datetime | None:
    """Read an instant in any form met; without a zone it is Vietnamese local time; None when unreadable."""
    if found := _YEAR_FIRST.fullmatch(text.strip()):
        year, month, day, hour, minute, second, fraction, zone = found.groups()
    elif found := _DAY_FIRST.fullmatch(text.strip()):
        day, month, year, hour, minute, second = found.groups()
        fraction = zone = None
    else:
        return None
    y, mo, d, h, mi, s = (int(part or 0) for part in (year, month, day, hour, minute, second))
    micro = int((fraction or "").ljust(6, "0")[:6])
    try:
        return datetime(y, mo, d, h, mi, s, micro, _zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text_of(members: Members, name: str) -> str | None:
    """Return a member as text: numbers as written, a one-element array as its element, as the SDK does."""
    value = members.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        return None
    # A lone surrogate could never be written down again, a zero byte not in every database.
    text = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", "").strip() or None


def _present(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _word(kind: Kind | None) -> str | None:
    return None if kind is None else MESSAGE_TYPES[kind]


def _kind(members: Members, name: str) -> Kind | None:
    word = (text_of(members, name) or "").lower()
    return next((kind for kind, known in MESSAGE_TYPES.items() if known == word), None)


def _code(members: Members, name: str) -> AgencyCode | None:
    text = text_of(members, name)
    return None if text is None else normalise_code(text) or None


def _digest(members: Members, name: str) -> Digest | None:
    text = (text_of(members, name) or "").lower()
    return Digest(text) if _HEX.fullmatch(text) else None


def _priority(members: Members, name: str) -> Priority | None:
    text = text_of(members, name)
    return next((priority for priority in Priority if str(int(priority)) == text), None)


def _instant(members: Members, name: str) -> datetime | None:
    text = text_of(members, name)
    return None if text is None else read_instant(text)


def _flag(members: Members, name: str, *, default: bool) -> bool:
    text = text_of(members, name)
    return default if text is None else text.lower() in ("true", "1")


def _zone(zone: str | None) -> timezone:
    if zone is None:
        return VIETNAM
    if zone == "Z":
        return UTC
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
