"""What waits for a system, and what became of what it sent: dispatches as their two ends ask about them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.code_lists import Kind, Priority
from gateway.model.dispatch import Destination, State
from gateway.model.identifiers import AgencyCode, Digest, DispatchId, PackageId, SystemId
from gateway.store.database import Database, from_micros, to_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxItem:
    """One line of a mailbox: a dispatch with what its collector wants to know beforehand."""

    id: DispatchId
    package_id: PackageId
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
    "SELECT dispatches.id, package_id, kind, sender, mailbox, digest, size_bytes, dispatches.priority, state,"
    " created_at, subject, notation FROM dispatches JOIN packages ON packages.id = package_id"
)


async def list_mailbox(
    database: Database, system_id: SystemId, *, kind: Kind | None, limit: int
) -> list[MailboxItem]:
    """List what waits for a system: first what it has not collected yet; urgent first, then oldest first."""
    rows = await database.fetch_all(
        f"{_ITEM} WHERE destination = 'mailbox' AND state IN ('waiting', 'claimed')"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?) AND (? IS NULL OR kind = ?)"
        " ORDER BY state = 'claimed', dispatches.priority DESC, dispatches.id LIMIT ?",
        (system_id, kind, kind, limit),
    )
    return [_item_from(row) for row in rows]


async def count_mailbox(database: Database, system_id: SystemId, *, kind: Kind) -> int:
    """Count what waits for a system."""
    row = await database.fetch_one(
        "SELECT count(*) AS waiting FROM dispatches JOIN packages ON packages.id = package_id"
        " WHERE destination = 'mailbox' AND state IN ('waiting', 'claimed') AND kind = ?"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?)",
        (kind, system_id),
    )
    return 0 if row is None else int(row["waiting"])


async def find_in_mailbox(
    database: Database, system_id: SystemId, dispatch_id: DispatchId
) -> MailboxItem | None:
    """Find a dispatch of a system's mailboxes, whatever its state; other systems' do not exist."""
    row = await database.fetch_one(
        f"{_ITEM} WHERE dispatches.id = ? AND destination = 'mailbox'"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?)",
        (dispatch_id, system_id),
    )
    return None if row is None else _item_from(row)


def _item_from(row: sqlite3.Row) -> MailboxItem:
    return MailboxItem(
        id=DispatchId(row["id"]),
        package_id=PackageId(row["package_id"]),
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


_SENT = (
    "SELECT package_id, dispatches.id, kind, sender, recipient.value AS recipient, digest,"
    " substr(subject, 1, 500) AS subject, notation,"
    " destination, state, attempt_count, accepted_at, ended_at, last_fault,"
    " (SELECT recipients.status FROM recipients WHERE recipients.thread_id = packages.thread_id"
    "  AND recipients.code = coalesce((SELECT code FROM agency_aliases WHERE alias = recipient.value),"
    "  recipient.value)) AS status"
    " FROM packages JOIN dispatches ON package_id = packages.id,"
    " json_each(dispatches.recipients) AS recipient"
)


async def list_sent(
    database: Database,
    system_id: SystemId,
    *,
    since: datetime,
    until: datetime,
    kind: Kind | None,
    limit: int,
) -> list[SentItem]:
    """Report on what a system sent, one line for each recipient, newest first."""
    rows = await database.fetch_all(
        f"{_SENT} WHERE system_id = ? AND accepted_at BETWEEN ? AND ? AND (? IS NULL OR kind = ?)"
        " ORDER BY accepted_at DESC LIMIT ?",
        (system_id, to_micros(since), to_micros(until), kind, kind, limit),
    )
    return [_sent_from(row) for row in rows]


async def list_package_dispatches(database: Database, package_ids: Sequence[PackageId]) -> list[SentItem]:
    """Report on certain packages, one line for each recipient."""
    rows = await database.fetch_all(
        f"{_SENT} WHERE package_id IN (SELECT value FROM json_each(?)) ORDER BY dispatches.id",
        (json.dumps(list(package_ids)),),
    )
    return [_sent_from(row) for row in rows]


def _sent_from(row: sqlite3.Row) -> SentItem:
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
