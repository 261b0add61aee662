"""What an operator's hand touches: single dispatches, and deliveries of the axis that were refused."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.dispatch import Dispatch
from gateway.model.identifiers import AgencyCode, DispatchId, SystemId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.dispatches import dispatch_from
from gateway.store.tables import Row, Tables


async def find_dispatch(database: Database, dispatch_id: DispatchId) -> Dispatch | None:
    """Find one dispatch, whatever its state."""
    row = await database.fetch_one("SELECT * FROM dispatches WHERE id = ?", (dispatch_id,))
    return None if row is None else dispatch_from(row)


def find_now(connection: Tables, dispatch_id: DispatchId) -> Dispatch:
    """Look at a dispatch again inside the transaction that touches it."""
    return dispatch_from(
        connection.execute("SELECT * FROM dispatches WHERE id = ?", (dispatch_id,)).fetchone()
    )


def find_follower(connection: Tables, dispatch_id: DispatchId) -> DispatchId | None:
    """Find the dispatch that was made again for one that ended."""
    row = connection.execute("SELECT id FROM dispatches WHERE follows = ?", (dispatch_id,)).fetchone()
    return None if row is None else DispatchId(row["id"])


def make_due(connection: Tables, dispatch_id: DispatchId, *, at: datetime) -> None:
    """Let a waiting dispatch be due at once."""
    connection.execute(
        "UPDATE dispatches SET due_at = ? WHERE id = ? AND state = 'waiting'", (to_micros(at), dispatch_id)
    )


def dismiss(connection: Tables, dispatch_id: DispatchId, *, at: datetime) -> bool:
    """Note that somebody has seen a failure and leaves it as it is; False when that was noted before."""
    done = connection.execute(
        "UPDATE dispatches SET dismissed_at = ? WHERE id = ? AND dismissed_at IS NULL",
        (to_micros(at), dispatch_id),
    )
    return done.rowcount > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedArrival:
    """A delivery of the axis that was refused: what the axis calls it, for whom, from whom, and why."""

    axis_id: SystemId
    far_id: str
    recipient: AgencyCode | None
    sender: AgencyCode | None
    code: str
    fault: str
    refused_at: datetime


async def find_refused_arrivals(database: Database, far_id: str) -> list[RefusedArrival]:
    """Find the refused deliveries the axis calls so, one for each recipient it named."""
    rows = await database.fetch_all(
        "SELECT * FROM arrivals WHERE far_id = ? AND package_id IS NULL AND refused_at IS NOT NULL"
        " ORDER BY recipient",
        (far_id,),
    )
    return [arrival_from(row) for row in rows]


def arrival_from(row: Row) -> RefusedArrival:
    """Turn a row of the arrivals table into its value."""
    return RefusedArrival(
        axis_id=SystemId(row["axis_id"]),
        far_id=row["far_id"],
        recipient=AgencyCode(row["recipient"]) if row["recipient"] else None,
        sender=None if row["sender"] is None else AgencyCode(row["sender"]),
        code=row["code"],
        fault=row["fault"],
        refused_at=from_micros(row["refused_at"]),
    )
