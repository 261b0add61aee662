"""Sessions of the console on disk: found by the SHA-256 of their secret, ended but not erased."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.model.people import Language, SessionId, User, UserId, Visit, Way
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.people import user_of
from gateway.store.tables import Row, Tables

# How long an ended session is kept, to show from where somebody came.
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session that was not ended, with its user as he is now."""

    visit: Visit
    user: User
    language: Language
    must_change: bool


def insert_session(tables: Tables, visit: Visit, secret_hash: bytes) -> None:
    """Open a session; those that ended long ago are forgotten."""
    tables.execute(
        "DELETE FROM sessions WHERE user_id = ? AND seen_at < ?",
        (visit.user_id, to_micros(visit.began_at - _KEPT)),
    )
    tables.execute(
        "INSERT INTO sessions (id, secret_hash, user_id, way, address, began_at, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            visit.id,
            secret_hash,
            visit.user_id,
            visit.way,
            visit.address,
            to_micros(visit.began_at),
            to_micros(visit.seen_at),
        ),
    )


def replace_secret(tables: Tables, session_id: SessionId, secret_hash: bytes) -> None:
    """Give a session another secret; the old one opens nothing any more."""
    tables.execute("UPDATE sessions SET secret_hash = ? WHERE id = ?", (secret_hash, session_id))


def is_open(tables: Tables, session_id: SessionId) -> bool:
    """Tell within a transaction whether neither a session nor its user's account was ended."""
    found = tables.execute(
        "SELECT 1 FROM sessions JOIN users ON users.id = sessions.user_id"
        " WHERE sessions.id = ? AND ended_at IS NULL AND disabled_at IS NULL",
        (session_id,),
    ).fetchone()
    return found is not None


def note_seen(tables: Tables, session_id: SessionId, at: datetime) -> None:
    """Note that a session is in use."""
    tables.execute("UPDATE sessions SET seen_at = max(seen_at, ?) WHERE id = ?", (to_micros(at), session_id))


def end_sessions(
    tables: Tables,
    user_id: UserId,
    *,
    at: datetime,
    only: SessionId | None = None,
    but: SessionId | None = None,
) -> int:
    """End a user's sessions: all, only one, or all but one; return how many."""
    return tables.execute(
        "UPDATE sessions SET ended_at = ? WHERE user_id = ? AND ended_at IS NULL"
        " AND (? IS NULL OR id = ?) AND (? IS NULL OR id <> ?)",
        (to_micros(at), user_id, only, only, but, but),
    ).rowcount


async def find_session(database: Database, secret_hash: bytes) -> StoredSession | None:
    """Find the session of a secret, when neither it nor its user's account was ended."""
    row = await database.fetch_one(
        "SELECT users.*, sessions.id AS session_id, user_id, way, address, began_at, seen_at"
        " FROM sessions JOIN users ON users.id = sessions.user_id"
        " WHERE secret_hash = ? AND ended_at IS NULL AND disabled_at IS NULL",
        (secret_hash,),
    )
    if row is None:
        return None
    return StoredSession(
        visit=_visit(row, id_column="session_id"),
        user=user_of(row),
        language=Language(row["language"]),
        must_change=row["one_time_until"] is not None,
    )


async def load_visits(
    database: Database, user_id: UserId, *, began_after: datetime, seen_after: datetime
) -> list[Visit]:
    """Load a user's sessions that were not ended and began and were seen since, the newest first."""
    rows = await database.fetch_all(
        "SELECT * FROM sessions WHERE user_id = ? AND ended_at IS NULL"
        " AND began_at > ? AND seen_at > ? ORDER BY seen_at DESC",
        (user_id, to_micros(began_after), to_micros(seen_after)),
    )
    return [_visit(row, id_column="id") for row in rows]


async def find_visit(database: Database, session_id: SessionId) -> Visit | None:
    """Find a session that was not ended."""
    row = await database.fetch_one("SELECT * FROM sessions WHERE id = ? AND ended_at IS NULL", (session_id,))
    return None if row is None else _visit(row, id_column="id")


async def was_here(database: Database, user_id: UserId, address: str) -> bool:
    """Tell whether somebody signed in from an address before."""
    row = await database.fetch_one(
        "SELECT 1 FROM sessions WHERE user_id = ? AND address = ? LIMIT 1", (user_id, address)
    )
    return row is not None


def _visit(row: Row, *, id_column: str) -> Visit:
    return Visit(
        id=SessionId(row[id_column]),
        user_id=UserId(row["user_id"]),
        way=Way(row["way"]),
        address=row["address"],
        began_at=from_micros(row["began_at"]),
        seen_at=from_micros(row["seen_at"]),
    )
