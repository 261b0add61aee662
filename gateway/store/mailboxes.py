"""What waits for a system, and what became of what it sent: dispatches as their two ends ask about them."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.code_lists import Kind, Priority
from gateway.model.dispatch import Destination, State
from gateway.model.identifiers import AgencyCode, Digest, DispatchId, PackageId, SystemId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxItem:
    """One line of a mailbox: a dispatch with what its collector wants to know beforehand."""

    id: DispatchId
    package_id: PackageId
    thread_id: ThreadId | None
    kind: Kind
    sender: AgencyCode
    recipient: AgencyCode
    digest: Digest
    size_bytes: int
    priority: Priority
    state: State
    created_at: datetime
    subject: str | None
    notation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentItem:
    """One line of a sender's report: a package and one of its recipients.

    Shape: status is the recipient's furthest answer, two digits; last_fault is the words of the last
    failed attempt.
    """

    package_id: PackageId
    dispatch_id: DispatchId
    kind: Kind
    sender: AgencyCode
    recipient: AgencyCode
    digest: Digest
    subject: str | None
    notation: str | None
    destination: Destination
    state: State
    attempt_count: int
    sent_at: datetime
    ended_at: datetime | None
    last_fault: str | None
    status: str | None


_ITEM = (
    "SELECT dispatches.id, package_id, packages.thread_id, dispatches.kind, dispatches.sender, mailbox,"
    " digest, size_bytes, dispatches.priority, state, created_at, subject, notation"
    " FROM {dispatches} JOIN packages ON packages.id = package_id"
)
# The order of dispatches_in_mailbox, downwards from 'waiting' to 'claimed': what was not collected yet
# comes before what was and is not confirmed, so that who confirms late still sees what is new.
_ORDER = "state DESC, dispatches.priority DESC, dispatches.id"
# The head of each of a system's mailboxes that is not empty, and the head of those heads.
_HEADS = (
    "(SELECT dispatches.* FROM served_agencies"
    " CROSS JOIN queues ON queues.destination = 'mailbox' AND queues.mailbox = code AND open_count > 0"
    " CROSS JOIN dispatches ON dispatches.rowid IN (SELECT dispatches.rowid FROM dispatches"
    "  WHERE dispatches.destination = 'mailbox' AND ended_at IS NULL AND dispatches.mailbox = queues.mailbox"
    f"  AND dispatches.kind = queues.kind ORDER BY {_ORDER} LIMIT :limit)"
    " WHERE system_id = :system AND (:kind IS NULL OR queues.kind = :kind)"
    f" ORDER BY {_ORDER} LIMIT :limit) AS dispatches"
)


async def list_mailbox(
    database: Database, system_id: SystemId, *, kind: Kind | None, limit: int
) -> list[MailboxItem]:
    """List what waits for a system: first what it has not collected yet; urgent first, then oldest first."""
    rows = await database.fetch_all(
        f"{_ITEM.format(dispatches=_HEADS)} ORDER BY {_ORDER}",
        {"system": system_id, "kind": kind, "limit": limit},
    )
    return [_item_from(row) for row in rows]


async def list_window(
    database: Database,
    system_id: SystemId,
    *,
    kind: Kind | None,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[MailboxItem]:
    """List what came for a system in a time, whatever became of it, oldest first."""
    rows = await database.fetch_all(
        f"{_ITEM.format(dispatches='dispatches')} WHERE destination = 'mailbox'"
        " AND created_at BETWEEN ? AND ?"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?)"
        " AND (? IS NULL OR dispatches.kind = ?) ORDER BY dispatches.id LIMIT ?",
        (to_micros(since), to_micros(until), system_id, kind, kind, limit),
    )
    return [_item_from(row) for row in rows]


async def count_mailbox(database: Database, system_id: SystemId, *, kind: Kind) -> int:
    """Count what waits for a system."""
    row = await database.fetch_one(
        "SELECT coalesce(sum(open_count), 0) AS waiting FROM served_agencies"
        " JOIN queues ON destination = 'mailbox' AND mailbox = code AND kind = ? WHERE system_id = ?",
        (kind, system_id),
    )
    return 0 if row is None else int(row["waiting"])


async def find_in_mailbox(
    database: Database, system_id: SystemId, dispatch_id: DispatchId
) -> MailboxItem | None:
    """Find a dispatch of a system's mailboxes, whatever its state; other systems' do not exist."""
    row = await database.fetch_one(
        f"{_ITEM.format(dispatches='dispatches')} WHERE dispatches.id = ? AND destination = 'mailbox'"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?)",
        (dispatch_id, system_id),
    )
    return None if row is None else _item_from(row)


def _item_from(row: Row) -> MailboxItem:
    return MailboxItem(
        id=DispatchId(row["id"]),
        package_id=PackageId(row["package_id"]),
        thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
        kind=Kind(row["kind"]),
        sender=AgencyCode(row["sender"]),
        recipient=AgencyCode(row["mailbox"]),
        digest=Digest(row["digest"]),
        size_bytes=row["size_bytes"],
        priority=Priority(row["priority"]),
        state=State(row["state"]),
        created_at=from_micros(row["created_at"]),
        subject=row["subject"],
        notation=row["notation"],
    )


_PACKAGES_IN_A_PAGE = 100
_SENT = (
    "SELECT package_id, dispatches.id, dispatches.kind, dispatches.sender, recipient.value AS recipient,"
    " digest, substr(subject, 1, 500) AS subject, notation, packages.place,"
    " destination, state, attempt_count, accepted_at, ended_at, last_fault,"
    " (SELECT recipients.status FROM recipients WHERE recipients.thread_id = packages.thread_id"
    "  AND recipients.code = coalesce((SELECT code FROM agency_aliases WHERE alias = recipient.value),"
    "  recipient.value)) AS status"
    " FROM (SELECT rowid AS place, * FROM packages WHERE {chosen}) AS packages"
    # What the axis refused for several goes to each alone (delivery.py): that is what is reported.
    " LEFT JOIN dispatches ON package_id = packages.id AND NOT (destination = 'axis' AND state = 'refused'"
    " AND json_array_length(dispatches.recipients) > 1)"
    " LEFT JOIN json_each(dispatches.recipients) AS recipient ON TRUE"
)
_LAST_ROW = (1 << 63) - 1


async def list_sent(
    database: Database,
    system_id: SystemId,
    *,
    since: datetime,
    until: datetime,
    kind: Kind | None,
    limit: int,
) -> AsyncIterator[list[SentItem]]:
    """Report on what a system sent, one line for each recipient, newest first, in pages.

    Between two pages a long report holds nothing, neither lines nor a connection to the database.
    """
    of_kind = "" if kind is None else " AND kind = :kind"
    chosen = (
        f"system_id = :system{of_kind} AND accepted_at >= :since AND (accepted_at, rowid) < (:until, :place)"
        " ORDER BY accepted_at DESC, rowid DESC LIMIT :page"
    )
    sql = f"{_SENT.format(chosen=chosen)} ORDER BY accepted_at DESC, packages.place DESC, dispatches.id"
    asked = {"system": system_id, "kind": kind, "since": to_micros(since), "page": _PACKAGES_IN_A_PAGE}
    until_at, place = to_micros(until), _LAST_ROW
    while limit > 0:
        rows = await database.fetch_all(sql, {**asked, "until": until_at, "place": place})
        if not rows:
            break
        page = _lines_of(rows)[:limit]
        yield page
        limit -= len(page)
        until_at, place = rows[-1]["accepted_at"], rows[-1]["place"]


async def list_package_dispatches(database: Database, package_ids: Sequence[PackageId]) -> list[SentItem]:
    """Report on certain packages, one line for each recipient."""
    chosen = "id IN (SELECT value FROM json_each(?))"
    rows = await database.fetch_all(
        f"{_SENT.format(chosen=chosen)} ORDER BY dispatches.id", (json.dumps(list(package_ids)),)
    )
    return _lines_of(rows)


def _lines_of(rows: Iterable[Row]) -> list[SentItem]:
    # A package that nobody was left to get, because all had it, has no dispatch and no line.
    return [_sent_from(row) for row in rows if row["id"] is not None]


def _sent_from(row: Row) -> SentItem:
    return SentItem(
        package_id=PackageId(row["package_id"]),
        dispatch_id=DispatchId(row["id"]),
        kind=Kind(row["kind"]),
        sender=AgencyCode(row["sender"]),
        recipient=AgencyCode(row["recipient"]),
        digest=Digest(row["digest"]),
        subject=row["subject"],
        notation=row["notation"],
        destination=Destination(row["destination"]),
        state=State(row["state"]),
        attempt_count=row["attempt_count"],
        sent_at=from_micros(row["accepted_at"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        last_fault=row["last_fault"],
        status=row["status"],
    )
