"""Dispatches on disk: who claims what, and how each attempt ended.

Every state here and every move between them is in `model.dispatch.NEXT`; `_move` is the one place that
changes a state, and it refuses a move that is not in that table.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from gateway.model.code_lists import Priority
from gateway.model.dispatch import NEXT, Destination, Dispatch, Event, State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import agency_codes


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


# A later version must not overtake an earlier one, nor one agency's answer its last. Packages are numbered
# in the order they came; dispatches made anew for single recipients keep their package's place.
_NOTHING_BEFORE_IT = (
    "NOT EXISTS (SELECT 1 FROM dispatches AS earlier"
    " JOIN packages AS before ON before.id = earlier.package_id"
    " WHERE earlier.thread_id = dispatches.thread_id AND earlier.destination = 'axis'"
    " AND earlier.state IN ('waiting', 'claimed') AND earlier.package_id < dispatches.package_id"
    " AND before.sender = (SELECT sender FROM packages WHERE packages.id = dispatches.package_id))"
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
        claim(connection, DispatchId(row["id"]), until=at + lease)
    return [
        (dispatch_from(row), None if row["thread_id"] is None else ThreadId(row["thread_id"])) for row in rows
    ]


def claim(connection: sqlite3.Connection, dispatch_id: DispatchId, *, until: datetime) -> None:
    """Claim one dispatch for an attempt."""
    _move(connection, dispatch_id, Event.CLAIM, lease_until=to_micros(until))
    connection.execute("UPDATE dispatches SET attempt_count = attempt_count + 1 WHERE id = ?", (dispatch_id,))


def renew_leases(connection: sqlite3.Connection, held: Iterable[DispatchId], *, until: datetime) -> None:
    """Keep the claims of attempts that are still under way."""
    connection.executemany(
        "UPDATE dispatches SET lease_until = ? WHERE id = ? AND state = 'claimed'",
        [(to_micros(until), dispatch_id) for dispatch_id in held],
    )


def release_lost_claims(connection: sqlite3.Connection, *, at: datetime | None) -> list[Dispatch]:
    """Defer, with outcome unknown, the claims whose lease ran out; all claims when at is None.

    A process that starts holds no claim yet, so whatever is claimed then was lost with the last one.
    """
    rows = connection.execute(
        "SELECT * FROM dispatches WHERE destination = 'axis' AND state = 'claimed'"
        " AND (? IS NULL OR lease_until <= ?)",
        (None, None) if at is None else (to_micros(at), to_micros(at)),
    ).fetchall()
    for row in rows:
        _move(connection, DispatchId(row["id"]), Event.DEFER, unknown=1, lease_until=None)
    return [dispatch_from(row) for row in rows]


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


def has_failed(connection: sqlite3.Connection, package_id: PackageId) -> bool:
    """Tell whether a package did not reach everybody it was dispatched to, and will not."""
    row = connection.execute(
        "SELECT 1 FROM dispatches WHERE package_id = ? AND state IN ('refused', 'expired')", (package_id,)
    ).fetchone()
    return row is not None


def reached_by(connection: sqlite3.Connection, thread_id: ThreadId, digest: str | None) -> set[AgencyCode]:
    """Tell who has, or will get, a version of a document; with a digest, those bytes. No recalls."""
    rows = connection.execute(
        "SELECT DISTINCT recipient.value FROM dispatches JOIN packages ON packages.id = package_id,"
        " json_each(dispatches.recipients) AS recipient WHERE dispatches.thread_id = ?"
        " AND state IN ('waiting', 'claimed', 'delivered') AND kind = 'document' AND business <> 1"
        " AND (? IS NULL OR digest = ?)",
        (thread_id, digest, digest),
    ).fetchall()
    return {AgencyCode(row[0]) for row in rows}


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


async def is_known_to_us(database: Database, far_id: str) -> bool:
    """Tell whether the axis's name for a package is that of another one we delivered."""
    return await database.fetch_one("SELECT 1 FROM dispatches WHERE far_id = ?", (far_id,)) is not None


async def newest_id(database: Database) -> str | None:
    """Return the greatest id ever made here."""
    row = await database.fetch_one(
        "SELECT max(newest) AS newest FROM (SELECT max(id) AS newest FROM packages"
        " UNION ALL SELECT max(id) FROM dispatches UNION ALL SELECT max(id) FROM threads)"
    )
    return None if row is None else row["newest"]


async def count_waiting(database: Database) -> int:
    """Count what waits for the axis, up to the point where counting stops mattering."""
    row = await database.fetch_one(
        "SELECT count(*) AS waiting FROM (SELECT 1 FROM dispatches"
        " WHERE destination = 'axis' AND state = 'waiting' LIMIT 1000000)"
    )
    return 0 if row is None else int(row["waiting"])
