"""Dispatches on disk: who claims what, and how each attempt ended.

Every state here and every move between them is in `model.dispatch.NEXT`; `_move` is the one place that
changes a state, and it refuses a move that is not in that table.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.model.code_lists import Kind, Priority
from gateway.model.dispatch import NEXT, Destination, Dispatch, Event, State
from gateway.model.identifiers import AgencyCode, Digest, DispatchId, PackageId, SystemId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import agency_codes


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


def insert_dispatch(
    connection: sqlite3.Connection, dispatch: Dispatch, *, thread_id: ThreadId | None
) -> None:
    """Write a new dispatch, waiting."""
    mailbox = dispatch.recipients[0] if dispatch.destination is Destination.MAILBOX else None
    connection.execute(
        "INSERT INTO dispatches (id, package_id, thread_id, destination, mailbox, recipients, priority,"
        " state, created_at, due_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            dispatch.id,
            dispatch.package_id,
            thread_id,
            dispatch.destination,
            mailbox,
            json.dumps(dispatch.recipients),
            dispatch.priority,
            dispatch.state,
            to_micros(dispatch.due_at),
            to_micros(dispatch.due_at),
            to_micros(dispatch.expires_at),
        ),
    )


# A later version must not overtake an earlier one, nor an answer the document it is about.
_NOTHING_BEFORE_IT = (
    "NOT EXISTS (SELECT 1 FROM dispatches AS earlier WHERE earlier.thread_id = dispatches.thread_id"
    " AND earlier.destination = 'axis' AND earlier.state IN ('waiting', 'claimed')"
    " AND earlier.id < dispatches.id)"
)


def claim_due(
    connection: sqlite3.Connection, *, at: datetime, lease: timedelta, limit: int
) -> list[tuple[Dispatch, ThreadId | None]]:
    """Claim what is due for the axis, urgent first, and nobody else gets it until the lease ends."""
    rows = connection.execute(
        "SELECT * FROM dispatches WHERE destination = 'axis' AND state = 'waiting' AND due_at <= ?"
        f" AND {_NOTHING_BEFORE_IT} ORDER BY priority DESC, due_at LIMIT ?",
        (to_micros(at), limit),
    ).fetchall()
    for row in rows:
        _move(
            connection,
            DispatchId(row["id"]),
            Event.CLAIM,
            lease_until=to_micros(at + lease),
            attempt_count=row["attempt_count"] + 1,
        )
    return [
        (dispatch_from(row), None if row["thread_id"] is None else ThreadId(row["thread_id"])) for row in rows
    ]


def release_lost_claims(connection: sqlite3.Connection, *, at: datetime | None) -> list[DispatchId]:
    """Defer, with outcome unknown, the claims whose lease ran out; all claims when at is None.

    A process that starts holds no claim yet, so whatever is claimed then was lost with the last one.
    """
    rows = connection.execute(
        "SELECT id FROM dispatches WHERE destination = 'axis' AND state = 'claimed'"
        " AND (? IS NULL OR lease_until <= ?)",
        (None, None) if at is None else (to_micros(at), to_micros(at)),
    ).fetchall()
    ids = [DispatchId(row["id"]) for row in rows]
    for dispatch_id in ids:
        _move(connection, dispatch_id, Event.DEFER, unknown=1, lease_until=None)
    return ids


def defer(
    connection: sqlite3.Connection, dispatch_id: DispatchId, *, due_at: datetime, unknown: bool, fault: str
) -> None:
    """End an attempt without a result; the next one is due later."""
    _move(
        connection,
        dispatch_id,
        Event.DEFER,
        due_at=to_micros(due_at),
        unknown=int(unknown),
        lease_until=None,
        last_fault=fault,
    )


def end(
    connection: sqlite3.Connection,
    dispatch_id: DispatchId,
    event: Event,
    *,
    at: datetime,
    far_id: str | None = None,
    fault: str | None = None,
) -> None:
    """End a dispatch: delivered, refused or expired."""
    _move(
        connection,
        dispatch_id,
        event,
        ended_at=to_micros(at),
        lease_until=None,
        far_id=far_id,
        last_fault=fault,
    )


def claim_for_collection(connection: sqlite3.Connection, dispatch_id: DispatchId) -> None:
    """Note that a mailbox's system took a copy; it keeps the claim until it confirms."""
    (state,) = connection.execute("SELECT state FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone()
    if state == State.WAITING:
        _move(connection, dispatch_id, Event.CLAIM)
    connection.execute("UPDATE dispatches SET attempt_count = attempt_count + 1 WHERE id = ?", (dispatch_id,))


def list_expired(connection: sqlite3.Connection, *, at: datetime, limit: int) -> list[Dispatch]:
    """List waiting dispatches to the axis whose time has run out."""
    rows = connection.execute(
        "SELECT * FROM dispatches WHERE destination = 'axis' AND state = 'waiting' AND expires_at <= ?"
        " LIMIT ?",
        (to_micros(at), limit),
    ).fetchall()
    return [dispatch_from(row) for row in rows]


def _move(connection: sqlite3.Connection, dispatch_id: DispatchId, event: Event, **columns: Any) -> None:
    (state,) = connection.execute("SELECT state FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone()
    following = NEXT[State(state)].get(event)
    if following is None:
        raise LookupError(f"a dispatch that is {state} cannot {event}")
    assignments = "".join(f", {column} = ?" for column in columns)
    connection.execute(
        f"UPDATE dispatches SET state = ?{assignments} WHERE id = ?",
        (following, *columns.values(), dispatch_id),
    )


def state_of(connection: sqlite3.Connection, dispatch_id: DispatchId) -> State:
    """Tell where a dispatch stands."""
    (state,) = connection.execute("SELECT state FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone()
    return State(state)


def dispatch_from(row: sqlite3.Row) -> Dispatch:
    """Turn a row of the dispatches table into its value, as it was before any claim."""
    return Dispatch(
        id=DispatchId(row["id"]),
        package_id=PackageId(row["package_id"]),
        destination=Destination(row["destination"]),
        recipients=agency_codes(row["recipients"]),
        priority=Priority(row["priority"]),
        state=State(row["state"]),
        attempt_count=row["attempt_count"],
        unknown=bool(row["unknown"]),
        due_at=from_micros(row["due_at"]),
        expires_at=from_micros(row["expires_at"]),
    )


async def count_waiting(database: Database) -> int:
    """Count what waits for the axis, up to the point where counting stops mattering."""
    row = await database.fetch_one(
        "SELECT count(*) AS waiting FROM (SELECT 1 FROM dispatches"
        " WHERE destination = 'axis' AND state = 'waiting' LIMIT 1000000)"
    )
    return 0 if row is None else int(row["waiting"])


_ITEM = (
    "SELECT dispatches.id, package_id, kind, sender, mailbox, digest, size_bytes, dispatches.priority, state,"
    " created_at, subject, notation FROM dispatches JOIN packages ON packages.id = package_id"
)


async def list_mailbox(
    database: Database, system_id: SystemId, *, kind: Kind | None, limit: int
) -> list[MailboxItem]:
    """List what waits for a system to collect or confirm, urgent first, then oldest first."""
    rows = await database.fetch_all(
        f"{_ITEM} WHERE destination = 'mailbox' AND state IN ('waiting', 'claimed')"
        " AND mailbox IN (SELECT code FROM served_agencies WHERE system_id = ?) AND (? IS NULL OR kind = ?)"
        " ORDER BY dispatches.priority DESC, dispatches.id LIMIT ?",
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
    "SELECT package_id, dispatches.id, kind, sender, recipient.value AS recipient, digest, subject, notation,"
    " destination, state, attempt_count, accepted_at, ended_at, last_fault,"
    " (SELECT recipients.status FROM recipients WHERE recipients.thread_id = packages.thread_id"
    "  AND recipients.code = recipient.value) AS status"
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
