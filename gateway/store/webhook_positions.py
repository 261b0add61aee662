"""How far each webhook was told what the log says."""

from collections.abc import Collection

from gateway.model.log import LogKind
from gateway.store.audit_log import LogRow, row_from
from gateway.store.database import Database
from gateway.store.tables import Tables


async def find_position(database: Database, url: str, event: str) -> int | None:
    """Return the last entry that a webhook was told of; None when it was never told."""
    row = await database.fetch_one(
        "SELECT seq FROM webhook_positions WHERE url = ? AND event = ?", (url, event)
    )
    return None if row is None else int(row["seq"])


def keep_position(connection: Tables, url: str, event: str, seq: int) -> None:
    """Note the last entry that a webhook was told of."""
    connection.execute(
        "INSERT INTO webhook_positions VALUES (?, ?, ?)"
        " ON CONFLICT (url, event) DO UPDATE SET seq = excluded.seq",
        (url, event, seq),
    )


def begin_at_the_end(connection: Tables, wanted: Collection[tuple[str, str]]) -> None:
    """Let those that are new be told from now on, and forget those that are not wanted any more."""
    kept = connection.execute("SELECT url, event FROM webhook_positions").fetchall()
    for url, event in {(row["url"], row["event"]) for row in kept} - set(wanted):
        connection.execute("DELETE FROM webhook_positions WHERE url = ? AND event = ?", (url, event))
    connection.executemany(
        "INSERT INTO webhook_positions SELECT ?, ?, coalesce(max(seq), 0) FROM log WHERE TRUE"
        " ON CONFLICT DO NOTHING",
        sorted(wanted),
    )


async def list_entries_after(database: Database, kind: LogKind, seq: int, *, limit: int) -> list[LogRow]:
    """List the next entries of a kind."""
    rows = await database.fetch_all(
        "SELECT * FROM log WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?", (kind, seq, limit)
    )
    return [row_from(row) for row in rows]
