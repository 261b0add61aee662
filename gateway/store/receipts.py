"""Signed receipts on disk, by whose they are, and how far the axis's own were fetched.

Table ``receipts`` is an index into the log, kept by a trigger in the transaction of each entry.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.model.code_lists import Kind
from gateway.model.identifiers import DispatchId, PackageId, SystemId, ThreadId
from gateway.model.log import LogKind
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables

_RECEIPTS_IN_A_PAGE = 100
_AT_LEAST, _AT_MOST = -(1 << 63), (1 << 63) - 1
_PAGE = (
    "SELECT log.* FROM receipts CROSS JOIN log ON log.seq = receipts.seq"
    " WHERE receipts.system_id = :system AND receipts.seq > :after AND (:side IS NULL OR side = :side)"
    " AND receipts.at BETWEEN :since AND :until"
    " AND (:kind IS NULL OR :kind = (SELECT kind FROM packages WHERE packages.id = log.package_id))"
    " ORDER BY receipts.seq LIMIT :page"
)
# A docId is its sender's or a collector's: all that happened to a package, or to one dispatch of it.
_PAGE_OF_ONE = (
    "SELECT log.* FROM log CROSS JOIN receipts ON receipts.system_id = :system AND receipts.seq = log.seq"
    " WHERE log.package_id = coalesce((SELECT package_id FROM dispatches WHERE id = :one), :one)"
    " AND log.seq > :after AND :one IN (log.package_id, log.dispatch_id)"
    " ORDER BY log.seq LIMIT :page"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReceipt:
    """One signed entry of the log: seq is its place there, receipt what is handed out."""

    seq: int
    kind: LogKind
    at: datetime
    package_id: PackageId | None
    dispatch_id: DispatchId | None
    statement: bytes
    receipt: bytes


THE_AXIS = SystemId("")
"""Whose the receipts are about what the axis above brought."""


def list_receipts(
    database: Database,
    system_id: SystemId,
    *,
    side: str | None,
    kind: Kind | None,
    since: datetime | None,
    until: datetime | None,
    after: int,
    limit: int,
) -> AsyncIterator[list[KeptReceipt]]:
    """List a system's receipts of a time in the log's order, from behind an entry, in pages.

    Shape: side is ``sent``, ``received`` or None for both; kind is what the packages carry.
    """
    asked = {
        "system": system_id,
        "side": side,
        "kind": kind,
        "since": _AT_LEAST if since is None else to_micros(since),
        "until": _AT_MOST if until is None else to_micros(until),
    }
    return _pages(database, _PAGE, asked, after=after, limit=limit)


def list_receipts_of(
    database: Database, system_id: SystemId, doc_id: str, *, after: int, limit: int
) -> AsyncIterator[list[KeptReceipt]]:
    """List a system's receipts about one package or dispatch; about another's there are none."""
    return _pages(database, _PAGE_OF_ONE, {"system": system_id, "one": doc_id}, after=after, limit=limit)


async def _pages(
    database: Database, sql: str, asked: dict[str, Any], *, after: int, limit: int
) -> AsyncIterator[list[KeptReceipt]]:
    while limit > 0:
        page = min(limit, _RECEIPTS_IN_A_PAGE)
        rows = await database.fetch_all(sql, {**asked, "after": after, "page": page})
        if rows:
            yield [_receipt_from(row) for row in rows]
        if len(rows) < page:
            break
        after, limit = rows[-1]["seq"], limit - page


def _receipt_from(row: Row) -> KeptReceipt:
    return KeptReceipt(
        seq=row["seq"],
        kind=LogKind(row["kind"]),
        at=from_micros(row["at"]),
        package_id=row["package_id"],
        dispatch_id=row["dispatch_id"],
        statement=row["statement"],
        receipt=row["receipt"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FarReceipt:
    """A receipt the axis signed about what it calls far_id, as text; entry is its place in the axis's log."""

    entry: int
    far_id: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What the axis took from us, and a receipt it gave for it."""

    dispatch_id: DispatchId
    package_id: PackageId
    thread_id: ThreadId | None
    far: FarReceipt


def keep_early(connection: Tables, axis: str, far: FarReceipt, *, at: datetime) -> None:
    """Keep a receipt until what it is about is known here."""
    connection.execute(
        "INSERT INTO early_receipts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (axis, far.entry, far.far_id, far.receipt, to_micros(at)),
    )


_MATCHED = (
    "FROM early_receipts AS early CROSS JOIN dispatches ON dispatches.far_id = early.far_id"
    " WHERE destination = 'axis' AND state = 'delivered'"
)


async def is_any_matched(database: Database) -> bool:
    """Tell whether some kept receipt is about what is known here by now."""
    return await database.fetch_one(f"SELECT 1 {_MATCHED} LIMIT 1") is not None


def take_matched(connection: Tables, *, limit: int) -> list[Handed]:
    """Take kept receipts with the dispatch each is about, in the axis's order, and keep them no longer.

    After a restore two dispatches may have been found to be what the axis knows by one name: both get it.
    """
    rows = connection.execute(
        "SELECT axis, entry, early.far_id AS name, receipt, dispatches.id AS dispatch_id, package_id,"
        f" thread_id {_MATCHED} ORDER BY axis, entry LIMIT ?",
        (limit,),
    ).fetchall()
    connection.executemany(
        "DELETE FROM early_receipts WHERE axis = ? AND entry = ?",
        [(row["axis"], row["entry"]) for row in rows],
    )
    return [
        Handed(
            dispatch_id=DispatchId(row["dispatch_id"]),
            package_id=PackageId(row["package_id"]),
            thread_id=row["thread_id"],
            far=FarReceipt(entry=row["entry"], far_id=row["name"], receipt=row["receipt"]),
        )
        for row in rows
    ]


def forget_early(connection: Tables, *, before: datetime) -> None:
    """Forget receipts about what nobody here has known for long, as after a restore."""
    connection.execute("DELETE FROM early_receipts WHERE kept_at < ?", (to_micros(before),))


def statements_about(connection: Tables, package_id: PackageId, dispatch_id: DispatchId) -> list[bytes]:
    """Return what the log says of a dispatch that the axis took, and of what the axis said later."""
    rows = connection.execute(
        "SELECT statement FROM log WHERE package_id = ? AND dispatch_id = ?"
        " AND kind IN ('delivered', 'evidenced')",
        (package_id, dispatch_id),
    )
    return [row["statement"] for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far receipts went between an axis and us: entries of its log fetched, and of ours told."""

    fetched: int = 0
    told: int = 0


async def load_progress(database: Database, axis: str) -> Progress:
    """Tell how far receipts went."""
    row = await database.fetch_one("SELECT fetched, told FROM far_receipts WHERE axis = ?", (axis,))
    return Progress() if row is None else Progress(fetched=row["fetched"], told=row["told"])


def keep_fetched(connection: Tables, axis: str, entry: int) -> None:
    """Note how far an axis's receipts were fetched."""
    connection.execute(
        "INSERT INTO far_receipts (axis, fetched) VALUES (?1, ?2)"
        " ON CONFLICT (axis) DO UPDATE SET fetched = ?2",
        (axis, entry),
    )


def keep_told(connection: Tables, axis: str, entry: int) -> None:
    """Note how far an axis was told of ours."""
    connection.execute(
        "INSERT INTO far_receipts (axis, told) VALUES (?1, ?2) ON CONFLICT (axis) DO UPDATE SET told = ?2",
        (axis, entry),
    )


async def names_above(database: Database, package_id: PackageId) -> list[str]:
    """Return what the axis calls a package it brought: a name for each time it did."""
    rows = await database.fetch_all("SELECT far_id FROM arrivals WHERE package_id = ?", (package_id,))
    return [row["far_id"] for row in rows]
