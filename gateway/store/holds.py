"""Legal holds (tạm giữ) on disk: what must not be erased. Placed and released, never deleted."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold: on a document, or on everything an agency sent or received.

    Shape: notation and document_id are the document's; released_at is None while the hold is in force.
    """

    id: int
    thread_id: ThreadId | None
    notation: str | None
    document_id: str | None
    agency: AgencyCode | None
    reason: str
    placed_at: datetime
    placed_by: str
    released_at: datetime | None = None
    released_by: str | None = None
    release_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What is held at an instant."""

    threads: frozenset[ThreadId]
    agencies: frozenset[AgencyCode]


def insert_hold(
    connection: Tables,
    *,
    thread_id: ThreadId | None,
    agency: AgencyCode | None,
    reason: str,
    by: str,
    at: datetime,
) -> int:
    """Place a hold; return its number."""
    (number,) = connection.execute(
        "INSERT INTO holds (thread_id, agency, reason, placed_at, placed_by) VALUES (?, ?, ?, ?, ?)"
        " RETURNING id",
        (thread_id, agency, reason, to_micros(at), by),
    ).fetchone()
    return int(number)


def end_hold(connection: Tables, hold_id: int, *, reason: str, by: str, at: datetime) -> None:
    """Release a hold, and let what it held be looked at again."""
    connection.execute(
        "UPDATE holds SET released_at = ?, released_by = ?, release_reason = ? WHERE id = ?",
        (to_micros(at), by, reason, hold_id),
    )
    (thread_id,) = connection.execute("SELECT thread_id FROM holds WHERE id = ?", (hold_id,)).fetchone()
    if thread_id is None:
        connection.execute("UPDATE retention SET revising_from = 0")
    else:
        connection.execute(
            "UPDATE packages SET kept_since = accepted_at WHERE thread_id = ? AND erased_at IS NULL",
            (thread_id,),
        )


def find_hold(connection: Tables, hold_id: int) -> Hold | None:
    """Find a hold by its number, released or not."""
    row = connection.execute(f"{_HOLDS} WHERE holds.id = ?", (hold_id,)).fetchone()
    return None if row is None else _hold_from(row)


def read_holds(connection: Tables) -> InForce:
    """Read what is held now."""
    rows = connection.execute("SELECT thread_id, agency FROM holds WHERE released_at IS NULL").fetchall()
    return InForce(
        threads=frozenset(ThreadId(row["thread_id"]) for row in rows if row["thread_id"] is not None),
        agencies=frozenset(AgencyCode(row["agency"]) for row in rows if row["agency"] is not None),
    )


async def list_holds(database: Database, *, released: bool) -> list[Hold]:
    """List the holds in force; with released the others, too."""
    rows = await database.fetch_all(
        f"{_HOLDS} WHERE ? = 1 OR released_at IS NULL ORDER BY holds.id", (released,)
    )
    return [_hold_from(row) for row in rows]


async def count_gone(database: Database, hold_id: int) -> int:
    """Count what was erased of the document a hold is on."""
    row = await database.fetch_one(
        "SELECT count(*) AS gone FROM holds JOIN packages USING (thread_id)"
        " WHERE holds.id = ? AND erased_at IS NOT NULL",
        (hold_id,),
    )
    return 0 if row is None else int(row["gone"])


_HOLDS = "SELECT holds.*, notation, document_id FROM holds LEFT JOIN threads ON threads.id = thread_id"


def _hold_from(row: Row) -> Hold:
    return Hold(
        id=row["id"],
        thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
        notation=row["notation"],
        document_id=row["document_id"],
        agency=None if row["agency"] is None else AgencyCode(row["agency"]),
        reason=row["reason"],
        placed_at=from_micros(row["placed_at"]),
        placed_by=row["placed_by"],
        released_at=None if row["released_at"] is None else from_micros(row["released_at"]),
        released_by=row["released_by"],
        release_reason=row["release_reason"],
    )
