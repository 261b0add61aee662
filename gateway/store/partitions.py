"""Partitions of the large tables on PostgreSQL: contents by year, the log by number (docs/decisions/0020).

Of each table one partition, the newest, is open: it takes whatever comes behind the others, so that no row
ever lacks a place. While nothing lies there it gets its end, and the next one begins. A year of contents that
are all erased is emptied as a whole, which gives the room back at once; of the log nothing ever goes.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import Delay
from gateway.store.database import Database, from_micros
from gateway.store.tables import Dialect, Engine, Statements

# Entries in a partition of the log: some 400 GB with their receipts and indexes.
LOG_SPAN = 200_000_000
_YEAR_AHEAD = timedelta(days=90)
_ENTRIES_AHEAD = LOG_SPAN // 10
# An empty partition has a page of each index.
_IS_EMPTY_BYTES = 64 << 10
# Whoever waits for a table keeps all behind him waiting, and comes again.
_TABLES_ARE_SOUGHT_FOR = "1s"
_BOUNDS = re.compile(r"FROM \('?(-?\w+)'?\) TO \('?(-?\w+)'?\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition of a table. Shape: lowest belongs to it, highest does not; None is without end."""

    name: str
    lowest: int | None
    highest: int | None


async def tend_partitions(database: Database) -> list[str]:
    """Begin what is wanted soon, empty what is erased as a whole; return what was done, as statements.

    Errors: Delay when a table could not be had, behind somebody's long look.
    """
    if database.dialect is Dialect.SQLITE:
        return []
    try:
        return await asyncio.to_thread(tend, database.engine)
    except Exception as error:
        if database.engine.fails_by_itself(error):
            raise Delay.because(
                "not-now",
                vi="Chưa sắp xếp được các phân vùng; sẽ thử lại.",
                en="The partitions could not be tended; it is tried again.",
            ) from error
        raise


def tend(engine: Engine, at: datetime | None = None) -> list[str]:
    """Do what `tend_partitions` does, in a thread; at is the server's clock if nothing else is said."""
    with engine.looking() as tables:
        at = at or _now(tables)
        (seen,) = tables.execute("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT)").fetchone()
        if not list(_plan(tables, at)):
            return []
    with closing(engine.open_writer()) as writer:
        try:
            writer.begin()
            writer.statements.execute(f"SET LOCAL lock_timeout = '{_TABLES_ARE_SOUGHT_FOR}'")
            done = []
            for statement in _plan(
                writer.statements, at, is_seen_by_all=_is_seen_by_all(writer.statements, seen)
            ):
                writer.statements.execute(statement)
                done.append(statement)
            writer.commit()
        except BaseException:
            writer.roll_back()
            raise
    return done


def partitions_of(tables: Statements, whole: str) -> list[Partition]:
    """List a table's partitions, the lowest first."""
    rows = tables.execute(
        "SELECT CAST(relname AS TEXT), pg_get_expr(relpartbound, pg_class.oid) FROM pg_class JOIN pg_inherits"
        " ON inhrelid = pg_class.oid WHERE inhparent = to_regclass(?)",
        (whole,),
    ).fetchall()
    found = [_partition(name, bounds) for name, bounds in rows]
    return sorted(found, key=lambda each: float("-inf") if each.lowest is None else each.lowest)


def _partition(name: str, bounds: str) -> Partition:
    said = _BOUNDS.search(bounds)
    assert said is not None, bounds  # noqa: S101 - both tables are divided so
    lowest, highest = (None if bound.endswith("VALUE") else int(bound) for bound in said.groups())
    return Partition(name=name, lowest=lowest, highest=highest)


def _now(tables: Statements) -> datetime:
    # By whose clock contents are put into their year.
    return from_micros(
        tables.execute("SELECT CAST(1000000 * extract(epoch FROM now()) AS BIGINT)").fetchone()[0]
    )


def _is_seen_by_all(tables: Statements, seen: str) -> bool:
    """Tell whether everybody who looks at the tables sees what was there at an instant, or something later.

    Who looks for long, such as a backup, must find what he saw when he began: emptying a table takes it away
    from him as well.
    """
    return (
        tables.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND age(backend_xmin) > age(CAST(CAST(CAST(? AS TEXT) AS xid8) AS xid)) LIMIT 1",
            (seen,),
        ).fetchone()
        is None
    )


def _plan(tables: Statements, at: datetime, *, is_seen_by_all: bool = True) -> Iterator[str]:
    yield from _continue_log(tables)
    yield from _continue_years(tables, at)
    if is_seen_by_all:
        yield from _empty_years(tables, at)


def _continue_log(tables: Statements) -> Iterator[str]:
    newest = partitions_of(tables, "log")[-1]
    (last,) = tables.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()
    begins = newest.lowest or 0
    if begins - _ENTRIES_AHEAD > last:
        return
    ends = LOG_SPAN * (max(begins, last) // LOG_SPAN + 1)
    yield from _close("log", newest, f"FROM ({begins}) TO ({ends})")
    yield _begin("log", ends, f"FROM ({ends}) TO (MAXVALUE)")


def _continue_years(tables: Statements, at: datetime) -> Iterator[str]:
    newest = partitions_of(tables, "blobs")[0]
    assert newest.highest is not None  # noqa: S101 - there is always one before it
    year = 1 - newest.highest
    if year > (at + _YEAR_AHEAD).year:
        return
    (found,) = tables.execute(f"SELECT -min(year_back) FROM {newest.name}").fetchone()
    # Years in which no node ran have one partition together.
    last = max(year, found or year, at.year - 1)
    yield from _close("blobs", newest, f"FROM ({-last}) TO ({1 - year})")
    yield _begin("blobs", last + 1, f"FROM (MINVALUE) TO ({-last})")


def _close(whole: str, newest: Partition, bounds: str) -> Iterator[str]:
    yield f"ALTER TABLE {whole} DETACH PARTITION {newest.name}"
    yield f"ALTER TABLE {whole} ATTACH PARTITION {newest.name} FOR VALUES {bounds}"


def _begin(whole: str, number: int, bounds: str) -> str:
    return f"SELECT begin_partition('{whole}', '{whole}_{number}', '{bounds}')"


def _empty_years(tables: Statements, at: datetime) -> Iterator[str]:
    for year in partitions_of(tables, "blobs"):
        if year.lowest is None or -year.lowest >= at.year:
            continue
        size = tables.execute("SELECT pg_total_relation_size(to_regclass(?))", (year.name,)).fetchone()
        if size[0] > _IS_EMPTY_BYTES and not _has_rows(tables, year.name):
            yield f"TRUNCATE {year.name}"


def _has_rows(tables: Statements, year: str) -> bool:
    # In the order of an index: what is left is found without reading all that was erased before it.
    return tables.execute(f"SELECT 1 FROM {year} ORDER BY digest LIMIT 1").fetchone() is not None
