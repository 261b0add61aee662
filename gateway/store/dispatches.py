"""Dispatches on disk: who claims what, and how each attempt ended.

Every state here and every move between them is in `model.dispatch.MOVES`; `_move` is the one place that
changes a state, and it refuses a move that is not in that table. No question asked here takes longer
because a queue is longer: what is claimed next is found by an index, and ``queues`` is counted by triggers
in the transaction of each change.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.model.code_lists import Priority
from gateway.model.dispatch import MOVES, Destination, Dispatch, Event, State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import agency_codes
from gateway.store.tables import Row, Tables

IN_LINE = "line.destination = 'axis' AND line.state IN ('waiting', 'claimed')"
"""Of the dispatches ``line``: those that follow each other to the axis; see lines.py."""

_STEP_FORWARD = (
    f"UPDATE dispatches AS line SET is_next = 1 FROM dispatches AS gone WHERE gone.id = ? AND {IN_LINE}"
    " AND gone.destination = 'axis' AND line.thread_id = gone.thread_id AND line.sender = gone.sender"
    " AND line.package_id = (SELECT min(package_id) FROM dispatches AS line"
    f" WHERE {IN_LINE} AND line.thread_id = gone.thread_id AND line.sender = gone.sender)"
)
_OF_PRIORITY = "destination = 'axis' AND state = 'waiting' AND is_next = 1 AND priority = "
_MAY_LEAVE = f"{_OF_PRIORITY}?"
_WAITING_PRIORITIES = " UNION ALL ".join(
    f"SELECT {each:d} AS priority WHERE EXISTS (SELECT 1 FROM dispatches WHERE {_OF_PRIORITY}{each:d})"
    for each in Priority
)
_HEAD_BEHIND = (
    f"SELECT * FROM dispatches WHERE {_MAY_LEAVE} AND sender > ? ORDER BY sender, due_at, id LIMIT 1"
)
_HEAD_OF = f"SELECT * FROM dispatches WHERE {_MAY_LEAVE} AND sender = ? ORDER BY due_at, id LIMIT 1"


def claim_due(
    connection: Tables, *, at: datetime, lease: timedelta, limit: int, by: str
) -> list[tuple[Dispatch, ThreadId | None]]:
    """Claim what is due for the axis for a node, and nobody else gets it until the lease ends.

    The urgent first. Within a priority senders take turns, and of one sender the one due longest goes first:
    what a sender has waiting costs the others nothing.
    """
    claimed: list[Row] = []
    waiting = (Priority(row["priority"]) for row in connection.execute(_WAITING_PRIORITIES).fetchall())
    for priority in sorted(waiting, reverse=True):
        left = limit - len(claimed)
        claimed += _claim_in_turn(connection, priority, at=at, until=at + lease, limit=left, by=by)
    return [
        (dispatch_from(row), None if row["thread_id"] is None else ThreadId(row["thread_id"]))
        for row in claimed
    ]


def _claim_in_turn(
    connection: Tables, priority: Priority, *, at: datetime, until: datetime, limit: int, by: str
) -> list[Row]:
    """Go round the senders from whoever was served last; only who had something is asked again."""
    row = connection.execute("SELECT sender FROM turns WHERE priority = ?", (priority,)).fetchone()
    claimed: list[Row] = []
    asked = _round_from(connection, priority, "" if row is None else row["sender"])
    while limit > len(claimed):
        served = []
        for head in asked:
            if head["due_at"] <= to_micros(at):
                claim(connection, DispatchId(head["id"]), until=until, by=by)
                served.append(head["sender"])
                claimed.append(head)
            if len(claimed) == limit:
                break
        if not served:
            break
        asked = _heads_of(connection, priority, served)
    if claimed:
        connection.execute(
            "INSERT INTO turns VALUES (?, ?) ON CONFLICT (priority) DO UPDATE SET sender = excluded.sender",
            (priority, claimed[-1]["sender"]),
        )
    return claimed


def _round_from(connection: Tables, priority: Priority, last: str) -> Iterator[Row]:
    """Give the earliest of each sender, from behind the last one round to it, leaping over all others."""
    for sender, end in ((last, None), ("", last)):
        while row := connection.execute(_HEAD_BEHIND, (priority, sender)).fetchone():
            sender = row["sender"]
            if end is not None and sender > end:
                break
            yield row


def _heads_of(connection: Tables, priority: Priority, senders: Iterable[str]) -> Iterator[Row]:
    for sender in senders:
        row = connection.execute(_HEAD_OF, (priority, sender)).fetchone()
        if row is not None:
            yield row


def forget_back_off(connection: Tables) -> None:
    """Let attempts without an answer be due at once, each at its own age: the axis answers again."""
    connection.execute(
        "UPDATE dispatches SET due_at = created_at WHERE destination = 'axis' AND state = 'waiting'"
        " AND unknown = 1 AND due_at > created_at"
    )


def hasten(connection: Tables, *, at: datetime, latest: datetime) -> None:
    """Make due now what is due later than anything can be: its instant was told by a clock gone wrong."""
    connection.execute(
        "UPDATE dispatches SET due_at = ? WHERE destination = 'axis' AND state = 'waiting' AND due_at > ?",
        (to_micros(at), to_micros(latest)),
    )


def claim(connection: Tables, dispatch_id: DispatchId, *, until: datetime, by: str) -> None:
    """Claim one dispatch for an attempt of a node."""
    _move(connection, dispatch_id, Event.CLAIM, lease_until=to_micros(until), claimed_by=by)


def renew_leases(connection: Tables, held: Iterable[DispatchId], *, until: datetime, by: str) -> None:
    """Keep a node's claims of attempts that are still under way."""
    connection.executemany(
        "UPDATE dispatches SET lease_until = ? WHERE id = ? AND state = 'claimed' AND claimed_by = ?",
        [(to_micros(until), dispatch_id, by) for dispatch_id in held],
    )


def release_lost_claims(
    connection: Tables, *, by: str, at: datetime, dropped: frozenset[DispatchId]
) -> list[Dispatch]:
    """Defer, with outcome unknown, what a node gave up, or whose lease ran out, and all that is nobody's.

    Another living node's claims are its own: its clock, and what it gives up, nobody else knows.
    """
    rows = connection.execute(
        "SELECT * FROM dispatches WHERE destination = 'axis' AND state = 'claimed' AND (claimed_by = ?"
        " OR claimed_by IS NULL OR claimed_by NOT IN (SELECT name FROM nodes))",
        (by,),
    ).fetchall()
    lost = [
        row
        for row in rows
        if row["claimed_by"] != by or row["lease_until"] <= to_micros(at) or row["id"] in dropped
    ]
    for row in lost:
        _move(connection, DispatchId(row["id"]), Event.DEFER, unknown=1, **_NO_CLAIM)
    return [dispatch_from(row) for row in lost]


def holds(connection: Tables, dispatch_id: DispatchId, *, by: str, attempt: int) -> bool:
    """Tell whether a dispatch is claimed by a node for an attempt, and not for a later one."""
    sql = "SELECT 1 FROM dispatches WHERE id = ? AND claimed_by = ? AND attempt_count = ?"
    return connection.execute(sql, (dispatch_id, by, attempt)).fetchone() is not None


_NO_CLAIM = {"lease_until": None, "claimed_by": None}


def defer(
    connection: Tables, dispatch_id: DispatchId, *, due_at: datetime, unknown: bool, fault: str
) -> None:
    """End an attempt without a result; the next one is due later."""
    _move(
        connection,
        dispatch_id,
        Event.DEFER,
        due_at=to_micros(due_at),
        unknown=int(unknown),
        last_fault=fault,
        **_NO_CLAIM,
    )


def end(
    connection: Tables,
    dispatch_id: DispatchId,
    event: Event,
    *,
    at: datetime,
    far_id: str | None = None,
    fault: str | None = None,
) -> None:
    """End a dispatch: delivered, refused or expired. What stood behind it in its line may leave."""
    _move(
        connection,
        dispatch_id,
        event,
        ended_at=to_micros(at),
        far_id=far_id,
        last_fault=fault,
        **_NO_CLAIM,
    )
    connection.execute(_STEP_FORWARD, (dispatch_id,))


def claim_for_collection(connection: Tables, dispatch_id: DispatchId) -> None:
    """Note that a mailbox's system took a copy; it keeps the claim until it confirms."""
    if state_of(connection, dispatch_id) is State.WAITING:
        _move(connection, dispatch_id, Event.CLAIM)
        return
    connection.execute("UPDATE dispatches SET attempt_count = attempt_count + 1 WHERE id = ?", (dispatch_id,))


def has_failed(connection: Tables, package_id: PackageId) -> bool:
    """Tell whether a package did not reach everybody it was dispatched to, and will not."""
    row = connection.execute(
        "SELECT 1 FROM dispatches WHERE package_id = ? AND state IN ('refused', 'expired')", (package_id,)
    ).fetchone()
    return row is not None


def reached_by(connection: Tables, thread_id: ThreadId, digest: str | None) -> set[AgencyCode]:
    """Tell who has, or will get, a version of a document; with a digest, those bytes. No recalls."""
    rows = connection.execute(
        "SELECT DISTINCT recipient.value FROM packages JOIN dispatches ON package_id = packages.id,"
        " json_each(dispatches.recipients) AS recipient WHERE packages.thread_id = ?"
        " AND state IN ('waiting', 'claimed', 'delivered') AND dispatches.kind = 'document' AND business <> 1"
        " AND (? IS NULL OR digest = ?)",
        (thread_id, digest, digest),
    ).fetchall()
    return {AgencyCode(row[0]) for row in rows}


def _move(connection: Tables, dispatch_id: DispatchId, event: Event, **columns: Any) -> None:
    """Move a dispatch, by one statement that finds it only where it may be moved from."""
    movable, following = MOVES[event]
    counting = ", attempt_count = attempt_count + 1" if event is Event.CLAIM else ""
    assignments = "".join(f", {column} = ?" for column in columns)
    moved = connection.execute(
        f"UPDATE dispatches SET state = ?{counting}{assignments} WHERE id = ? AND state = ?",
        (following, *columns.values(), dispatch_id, movable),
    )
    if moved.rowcount != 1:
        raise LookupError(f"a dispatch that is {state_of(connection, dispatch_id)} cannot {event}")


def has_dispatch(connection: Tables, dispatch_id: str) -> bool:
    """Tell whether an id is a dispatch's already."""
    return connection.execute("SELECT 1 FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone() is not None


def state_of(connection: Tables, dispatch_id: DispatchId) -> State:
    """Tell where a dispatch stands."""
    (state,) = connection.execute("SELECT state FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone()
    return State(state)


def dispatch_from(row: Row) -> Dispatch:
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


async def list_expired(database: Database, *, at: datetime, limit: int) -> list[Dispatch]:
    """List waiting dispatches to the axis whose time has run out, the longest overdue first."""
    rows = await database.fetch_all(
        "SELECT * FROM dispatches WHERE destination = 'axis' AND state = 'waiting' AND expires_at <= ?"
        " ORDER BY expires_at LIMIT ?",
        (to_micros(at), limit),
    )
    return [dispatch_from(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisQueue:
    """How much is on its way to the axis, waiting or claimed, and how much ever came to an end."""

    open_count: int
    ended_count: int


async def look_at_queue(database: Database) -> AxisQueue:
    """Tell how much is on its way to the axis; what ended between two looks is how fast it goes."""
    row = await database.fetch_one(
        "SELECT coalesce(sum(open_count), 0) AS open, coalesce(sum(ended_count), 0) AS ended"
        " FROM queues WHERE destination = 'axis'"
    )
    assert row is not None  # noqa: S101 - a sum has a row
    return AxisQueue(open_count=row["open"], ended_count=row["ended"])


async def count_waiting(database: Database) -> int:
    """Count what is on its way to the axis."""
    return (await look_at_queue(database)).open_count
