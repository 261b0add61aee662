"""Checkpoints on disk: those of our own log, and the newest we saw of others'. Appended, never changed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.evidence.checkpoint import Checkpoint, Verdict
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """A checkpoint of our own log.

    Shape: note is the signed note as first published; lines are what witnesses put under it; token is a
    timestamp over the note's SHA-256 (DER, RFC 3161), once there is one; stamped_at is the instant it names.
    """

    size: int
    root: bytes
    at: datetime
    note: bytes
    lines: tuple[str, ...] = ()
    token: bytes | None = None
    stamped_at: datetime | None = None

    def cosigned(self) -> bytes:
        """Return the note with every witness's line under it."""
        return self.note + "".join(self.lines).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The newest checkpoint that was seen of another log, and when."""

    origin: str
    size: int
    root: bytes
    note: bytes
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Two notes of one log that cannot both be true; settled_at once somebody has looked at them."""

    origin: str
    seen_size: int
    verdict: Verdict
    seen: bytes
    shown: bytes
    shown_at: datetime
    settled_at: datetime | None


def record_checkpoint(connection: Tables, checkpoint: KeptCheckpoint) -> None:
    """Record a checkpoint. The first of a size stays."""
    connection.execute(
        "INSERT INTO checkpoints (size, at, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (checkpoint.size, to_micros(checkpoint.at), checkpoint.root, checkpoint.note),
    )


def keep_token(connection: Tables, size: int, token: bytes, *, at: datetime) -> None:
    """Keep the timestamp of a checkpoint. The first stays."""
    connection.execute(
        "UPDATE checkpoints SET token = ?, stamped_at = ? WHERE size = ? AND token IS NULL",
        (token, to_micros(at), size),
    )


def keep_cosignature(connection: Tables, size: int, *, witness: str, line: str, at: datetime) -> None:
    """Keep what a witness put under a checkpoint. The first of a witness stays."""
    connection.execute(
        "INSERT INTO cosignatures VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (size, witness, line, to_micros(at)),
    )


async def find_newest(database: Database) -> KeptCheckpoint | None:
    """Find the newest checkpoint."""
    return await _find(database, "ORDER BY size DESC LIMIT 1")


async def find_checkpoint(database: Database, size: int) -> KeptCheckpoint | None:
    """Find the checkpoint of a size."""
    return await _find(database, "WHERE size = ?", size)


async def find_stamped_from(database: Database, size: int) -> KeptCheckpoint | None:
    """Find the first stamped checkpoint that covers so many entries."""
    return await _find(database, "WHERE token IS NOT NULL AND size >= ? ORDER BY size LIMIT 1", size)


async def find_stamped_before(database: Database, size: int) -> KeptCheckpoint | None:
    """Find the last stamped checkpoint that covers fewer entries."""
    return await _find(database, "WHERE token IS NOT NULL AND size < ? ORDER BY size DESC LIMIT 1", size)


async def find_unstamped(database: Database) -> KeptCheckpoint | None:
    """Find the newest checkpoint without a timestamp."""
    return await _find(database, "WHERE token IS NULL ORDER BY size DESC LIMIT 1")


async def find_stamped(database: Database) -> KeptCheckpoint | None:
    """Find the newest checkpoint that has a timestamp: it covers all before it."""
    return await _find(database, "WHERE token IS NOT NULL ORDER BY size DESC LIMIT 1")


async def find_next(database: Database, size: int) -> KeptCheckpoint | None:
    """Find the first checkpoint behind a size."""
    return await _find(database, "WHERE size > ? ORDER BY size LIMIT 1", size)


async def list_checkpoints(
    database: Database, *, below: int | None = None, limit: int
) -> list[KeptCheckpoint]:
    """List checkpoints, the newest first: those of fewer entries than ``below``."""
    rows = await database.fetch_all(
        "SELECT *, (SELECT json_group_array(line) FROM (SELECT line FROM cosignatures"
        " WHERE size = checkpoints.size ORDER BY witness) AS each) AS lines FROM checkpoints"
        " WHERE ? IS NULL OR size < ? ORDER BY size DESC LIMIT ?",
        (below, below, limit),
    )
    return [_kept(row, json.loads(row["lines"])) for row in rows]


async def count_unstamped(database: Database) -> int:
    """Count the checkpoints without a timestamp."""
    row = await database.fetch_one("SELECT count(*) FROM checkpoints WHERE token IS NULL")
    return int(row[0]) if row else 0


async def _find(database: Database, which: str, *parameters: int) -> KeptCheckpoint | None:
    row = await database.fetch_one(f"SELECT * FROM checkpoints {which}", parameters)
    if row is None:
        return None
    lines = await database.fetch_all(
        "SELECT line FROM cosignatures WHERE size = ? ORDER BY witness", (row["size"],)
    )
    return _kept(row, [line["line"] for line in lines])


def _kept(row: Row, lines: Iterable[str]) -> KeptCheckpoint:
    return KeptCheckpoint(
        size=row["size"],
        root=row["root"],
        at=from_micros(row["at"]),
        note=row["note"],
        lines=tuple(lines),
        token=row["token"],
        stamped_at=None if row["stamped_at"] is None else from_micros(row["stamped_at"]),
    )


def find_seen(connection: Tables, origin: str) -> Seen | None:
    """Find the newest checkpoint that was seen of a log."""
    row = connection.execute("SELECT * FROM witnessed WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else _seen(row)


def record_seen(connection: Tables, checkpoint: Checkpoint, note: bytes, *, at: datetime) -> None:
    """Take a checkpoint of another log for the newest that was seen of it."""
    connection.execute(
        "INSERT INTO witnessed VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE"
        " SET size = excluded.size, root = excluded.root, note = excluded.note, seen_at = excluded.seen_at",
        (checkpoint.origin, checkpoint.size, checkpoint.root, note, to_micros(at)),
    )


def record_contradiction(
    connection: Tables, seen: Seen, shown: bytes, verdict: Verdict, *, at: datetime
) -> bool:
    """Keep both notes of a log that contradicts itself; tell whether this is news.

    The first of each way stays, as long as nobody has settled it.
    """
    cursor = connection.execute(
        "INSERT INTO contradictions (origin, seen_size, verdict, seen, shown, shown_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (seen.origin, seen.size, verdict, seen.note, shown, to_micros(at)),
    )
    return cursor.rowcount > 0


def forget_seen(connection: Tables, origin: str, *, at: datetime) -> None:
    """Forget what was seen of a log, and settle its contradictions; their notes stay.

    For an operator who knows why it contradicts itself: it was restored.
    """
    connection.execute("DELETE FROM witnessed WHERE origin = ?", (origin,))
    connection.execute(
        "UPDATE contradictions SET settled_at = ? WHERE origin = ? AND settled_at IS NULL",
        (to_micros(at), origin),
    )


async def list_contradictions(database: Database) -> list[Contradiction]:
    """List every contradiction ever seen, in the order in which they were."""
    rows = await database.fetch_all("SELECT * FROM contradictions ORDER BY id")
    return [
        Contradiction(
            origin=row["origin"],
            seen_size=row["seen_size"],
            verdict=Verdict(row["verdict"]),
            seen=row["seen"],
            shown=row["shown"],
            shown_at=from_micros(row["shown_at"]),
            settled_at=None if row["settled_at"] is None else from_micros(row["settled_at"]),
        )
        for row in rows
    ]


async def list_seen(database: Database) -> list[Seen]:
    """List the newest checkpoint that was seen of each log."""
    return [_seen(row) for row in await database.fetch_all("SELECT * FROM witnessed ORDER BY origin")]


def _seen(row: Row) -> Seen:
    return Seen(
        origin=row["origin"],
        size=row["size"],
        root=row["root"],
        note=row["note"],
        seen_at=from_micros(row["seen_at"]),
    )
