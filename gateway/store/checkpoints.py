"""Checkpoints on disk: those of our own log, and the newest we saw of others'. Appended, never changed."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from gateway.evidence.checkpoint import Checkpoint, Verdict
from gateway.store.database import Database, from_micros, to_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """A checkpoint of our own log.

    Shape: note is the signed note as first published; lines are what witnesses put under it; token is a
    timestamp over the note (DER, RFC 3161), once there is one.
    """

    size: int
    root: bytes
    at: datetime
    note: bytes
    lines: tuple[str, ...] = ()
    token: bytes | None = None

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


def record_checkpoint(connection: sqlite3.Connection, checkpoint: KeptCheckpoint) -> None:
    """Record a checkpoint. The first of a size stays."""
    connection.execute(
        "INSERT INTO checkpoints (size, at, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (checkpoint.size, to_micros(checkpoint.at), checkpoint.root, checkpoint.note),
    )


def keep_token(connection: sqlite3.Connection, size: int, token: bytes, *, at: datetime) -> None:
    """Keep the timestamp of a checkpoint. The first stays."""
    connection.execute(
        "UPDATE checkpoints SET token = ?, stamped_at = ? WHERE size = ? AND token IS NULL",
        (token, to_micros(at), size),
    )


def keep_cosignature(
    connection: sqlite3.Connection, size: int, *, witness: str, line: str, at: datetime
) -> None:
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
    """Find the newest checkpoint when it has no timestamp yet: one over it covers all before it."""
    newest = await find_newest(database)
    return newest if newest is not None and newest.token is None else None


async def _find(database: Database, which: str, *parameters: int) -> KeptCheckpoint | None:
    row = await database.fetch_one(f"SELECT * FROM checkpoints {which}", parameters)
    if row is None:
        return None
    lines = await database.fetch_all(
        "SELECT line FROM cosignatures WHERE size = ? ORDER BY witness", (row["size"],)
    )
    return KeptCheckpoint(
        size=row["size"],
        root=row["root"],
        at=from_micros(row["at"]),
        note=row["note"],
        lines=tuple(line["line"] for line in lines),
        token=row["token"],
    )


def find_seen(connection: sqlite3.Connection, origin: str) -> Seen | None:
    """Find the newest checkpoint that was seen of a log."""
    row = connection.execute("SELECT * FROM witnessed WHERE origin = ?", (origin,)).fetchone()
    return None if row is None else _seen(row)


def record_seen(connection: sqlite3.Connection, checkpoint: Checkpoint, note: bytes, *, at: datetime) -> None:
    """Take a checkpoint of another log for the newest that was seen of it."""
    connection.execute(
        "INSERT INTO witnessed VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE"
        " SET size = excluded.size, root = excluded.root, note = excluded.note, seen_at = excluded.seen_at",
        (checkpoint.origin, checkpoint.size, checkpoint.root, note, to_micros(at)),
    )


def record_contradiction(
    connection: sqlite3.Connection, seen: Seen, shown: bytes, verdict: Verdict, *, at: datetime
) -> None:
    """Keep both notes of a log that contradicts itself. The first of each way stays."""
    connection.execute(
        "INSERT INTO contradictions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (seen.origin, seen.size, verdict, seen.note, shown, to_micros(at)),
    )


def forget_seen(connection: sqlite3.Connection, origin: str) -> None:
    """Forget what was seen of a log, for an operator who knows why it contradicts itself: it was restored."""
    connection.execute("DELETE FROM witnessed WHERE origin = ?", (origin,))


async def list_seen(database: Database) -> list[Seen]:
    """List the newest checkpoint that was seen of each log."""
    return [_seen(row) for row in await database.fetch_all("SELECT * FROM witnessed ORDER BY origin")]


def _seen(row: sqlite3.Row) -> Seen:
    return Seen(
        origin=row["origin"],
        size=row["size"],
        root=row["root"],
        note=row["note"],
        seen_at=from_micros(row["seen_at"]),
    )
