"""The audit log on disk: append, look up, walk through. Never change."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import PackageId, ThreadId
from gateway.model.log import LogEntry, LogKind
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.sheets import LOG
from gateway.store.tables import Row, Tables

_ALL = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """One entry as it stands in the log; seq counts from 1 without gaps."""

    seq: int
    kind: LogKind
    at: datetime
    statement: bytes
    receipt: bytes | None
    leaf: bytes


def append_entry(connection: Tables, entry: LogEntry) -> None:
    """Append one entry in the transaction of the change it tells of."""
    connection.add(
        LOG,
        (
            entry.kind,
            to_micros(entry.at),
            entry.statement,
            entry.receipt,
            entry.leaf,
            entry.package_id,
            entry.dispatch_id,
            entry.thread_id,
            entry.system_id,
        ),
    )


# By its package, hence the plus: of one kind there are millions, which SQLite does not know.
_RECEIPT = "SELECT receipt FROM log WHERE package_id = ? AND +kind = ? ORDER BY seq LIMIT 1"


def find_receipt(connection: Tables, package_id: PackageId, kind: LogKind) -> bytes | None:
    """Find the receipt first given for an event of a package."""
    row = connection.execute(_RECEIPT, (package_id, kind)).fetchone()
    return None if row is None else row["receipt"]


async def fetch_receipt(database: Database, package_id: PackageId, kind: LogKind) -> bytes | None:
    """Look up what `find_receipt` finds."""
    row = await database.fetch_one(_RECEIPT, (package_id, kind))
    return None if row is None else row["receipt"]


def row_from(row: Row) -> LogRow:
    """Read an entry from its row."""
    return LogRow(
        seq=row["seq"],
        kind=LogKind(row["kind"]),
        at=from_micros(row["at"]),
        statement=row["statement"],
        receipt=row["receipt"],
        leaf=row["leaf"],
    )


async def list_entries(
    database: Database, *, kind: LogKind | None = None, after: int = 0, limit: int | None = None
) -> AsyncIterator[LogRow]:
    """Walk through the log in order, streamed, starting behind seq `after`."""
    sql = f"SELECT * FROM log WHERE seq > :after{_of(kind)} ORDER BY seq LIMIT :limit"
    asked = {"after": after, "kind": kind, "limit": _ALL if limit is None else limit}
    async for row in database.stream(sql, asked):
        yield row_from(row)


async def find_entry(database: Database, seq: int) -> LogRow | None:
    """Find one entry by its number."""
    row = await database.fetch_one("SELECT * FROM log WHERE seq = ?", (seq,))
    return None if row is None else row_from(row)


async def newest_of(database: Database, kinds: Iterable[LogKind]) -> int:
    """Return the number of the newest entry of some kinds; 0 when there is none."""
    # One step in an index for each, however long the log is.
    newest = " UNION ALL ".join(f"SELECT max(seq) AS seq FROM log WHERE kind = '{kind}'" for kind in kinds)
    row = await database.fetch_one(f"SELECT max(seq) AS seq FROM ({newest}) AS each")
    return 0 if row is None else row["seq"] or 0


async def list_latest(database: Database, *, limit: int, kind: LogKind | None = None) -> list[LogRow]:
    """Return the newest entries, oldest of them first."""
    rows = await database.fetch_all(
        f"SELECT * FROM log WHERE TRUE{_of(kind)} ORDER BY seq DESC LIMIT :limit",
        {"kind": kind, "limit": limit},
    )
    return [row_from(row) for row in reversed(rows)]


def _of(kind: LogKind | None) -> str:
    """Write that a kind is wanted, and nothing where none is: an index finds the few of a rare one."""
    return "" if kind is None else " AND kind = :kind"


async def list_thread_entries(database: Database, thread_id: ThreadId) -> list[LogRow]:
    """Return everything that happened to a document, in order."""
    rows = await database.fetch_all(
        "SELECT * FROM log WHERE thread_id = ? UNION SELECT * FROM log"
        " WHERE package_id IN (SELECT id FROM packages WHERE thread_id = ?) ORDER BY seq",
        (thread_id, thread_id),
    )
    return [row_from(row) for row in rows]
