"""The database: many walks share a commit, and none of them shares another's fate."""

import asyncio
import json
import os
import resource
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gateway.errors import Delay, Refusal
from gateway.store.database import (
    Database,
    engine_of,
    from_micros,
    looking,
    migrate,
    open_database,
    to_micros,
)
from gateway.store.schema import newest_version
from gateway.store.tables import Dialect
from tests.databases import fresh_source


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database that gathers walks for five milliseconds."""
    opened = await open_database(tmp_path / "x.db", linger=timedelta(milliseconds=5), batch_limit=64)
    yield opened
    await opened.close()


def add(digest: str, content: bytes = b"x"):  # type: ignore[no-untyped-def]
    """An act that writes one row."""
    return lambda tables: tables.execute("INSERT INTO blobs VALUES (?, ?)", (digest, content)).rowcount


async def count(database: Database) -> int:
    row = await database.fetch_one("SELECT count(*) FROM blobs")
    assert row is not None
    return int(row[0])


async def test_what_was_written_is_read_and_survives_closing(tmp_path: Path) -> None:
    """Durable means: there after a new start."""
    path = tmp_path / "x.db"
    first = await open_database(path, linger=timedelta(0), batch_limit=8)
    await first.write(add("a"))
    await first.close()
    second = await open_database(path, linger=timedelta(0), batch_limit=8)
    assert await count(second) == 1
    await second.close()


async def test_walks_that_come_together_share_one_commit(database: Database) -> None:
    """Each gets its own result, and fifty together write far less journal than fifty one by one."""
    await database.write(add("first"))
    journal = database.source.with_name("x.db-wal")
    before = journal.stat().st_size
    results = await asyncio.gather(*(database.write(add(f"a{number}")) for number in range(50)))
    together = journal.stat().st_size - before
    for number in range(50):
        await database.write(add(f"b{number}"))
    alone = journal.stat().st_size - before - together
    assert results == [1] * 50
    assert together * 5 < alone


async def test_one_walks_refusal_undoes_that_walk_alone(database: Database) -> None:
    """Its neighbours in the same commit stay."""

    def refuse(tables: sqlite3.Connection) -> None:
        tables.execute("INSERT INTO blobs VALUES ('half', x'00')")
        raise Refusal.because("no", vi="không", en="no")

    outcomes = await asyncio.gather(
        database.write(add("one")), database.write(refuse), database.write(add("two")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [int, Refusal, int]
    assert await count(database) == 2


async def test_a_bug_in_one_walk_reaches_that_walk_alone(database: Database) -> None:
    """A broken constraint is raised where it was caused."""
    await database.write(add("same"))
    outcomes = await asyncio.gather(
        database.write(add("same")), database.write(add("other")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [sqlite3.IntegrityError, int]


async def test_a_walk_that_is_cancelled_is_finished_all_the_same(database: Database) -> None:
    """Who stops waiting does not leave half a change behind, nor a lock."""
    waiting = asyncio.create_task(database.write(add("a")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await database.write(add("b"))
    assert await count(database) == 2


async def test_a_storm_of_cancellations_neither_loses_nor_locks(database: Database) -> None:
    """Half of four hundred walks are cancelled at some moment; each is there whole, or not at all."""
    tasks = [asyncio.create_task(database.write(add(str(number)))) for number in range(400)]
    for number, task in enumerate(tasks):
        if number % 2:
            await asyncio.sleep(0)
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.write(add("last"))
    assert 201 <= await count(database) <= 401


async def test_read_then_write_never_loses_an_update(database: Database) -> None:
    """Twenty tasks count to five hundred together, through two processes' worth of connections."""
    await database.write(lambda tables: tables.execute("UPDATE directory_version SET version = 0"))

    def increment(tables: sqlite3.Connection) -> None:
        (version,) = tables.execute("SELECT version FROM directory_version").fetchone()
        tables.execute("UPDATE directory_version SET version = ?", (version + 1,))

    other = await open_database(database.source, linger=timedelta(0), batch_limit=4)
    await asyncio.gather(*((database, other)[number % 2].write(increment) for number in range(500)))
    row = await database.fetch_one("SELECT version FROM directory_version")
    await other.close()
    assert row is not None
    assert row["version"] == 500


@pytest.mark.both_engines
async def test_what_is_read_is_the_same_on_either_engine(tmp_path: Path) -> None:
    """Bytes, sums, averages, lists and nothing come as the same values, row by row or at once."""
    sql = (
        "SELECT max(x) AS greatest, sum(x) AS summed, avg(x) AS average,"
        " json_group_array(CAST(x AS TEXT)) AS listed,"
        " CAST(NULL AS TEXT) AS missing, 'một' AS word, CAST(? AS BLOB) AS content"
        " FROM (SELECT CAST(? AS BIGINT) AS x UNION ALL SELECT 2) AS numbers"
    )
    database = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(0), batch_limit=64)
    if database.dialect is Dialect.POSTGRESQL:
        sql = sql.replace("BLOB", "BYTEA")
    parameters = (b"\x00\xff", 5)
    (at_once,) = await database.fetch_all(sql, parameters)
    (streamed,) = [row async for row in database.stream(sql, parameters)]
    await database.close()
    with looking(database.source) as tables:
        (looked,) = tables.execute(sql, parameters).fetchall()
    for row in (at_once, streamed, looked):
        assert [*row][:3] == [5, 7, 3.5]
        assert [*map(type, row)][:3] == [int, int, float]
        assert json.loads(row["listed"]) == ["5", "2"]
        assert (row["missing"], row["word"], bytes(row["content"])) == (None, "một", b"\x00\xff")


async def test_readers_cannot_write_and_do_not_wait(database: Database) -> None:
    """The reading side is read-only by its connection, not by good manners."""
    with pytest.raises(Delay):
        await database.fetch_all("DELETE FROM blobs")


async def test_a_disk_that_takes_nothing_more_is_a_delay(database: Database) -> None:
    """Full for the database means: nothing happened, ask later. With room again it goes on."""
    await database.write(lambda tables: tables.execute("PRAGMA max_page_count = 60"))
    with pytest.raises(Delay) as caught:
        await database.write(add("large", bytes(1 << 20)))
    assert caught.value.code == "storage-unavailable"
    await database.write(lambda tables: tables.execute("PRAGMA max_page_count = 100000"))
    await database.write(add("large", bytes(1 << 20)))
    assert await count(database) == 1


async def test_the_log_cannot_be_changed_even_by_a_query(database: Database) -> None:
    """Neither UPDATE nor DELETE gets through to it."""
    row = "INSERT INTO log (kind, at, statement, leaf) VALUES ('accepted', 0, x'00', zeroblob(32))"
    await database.write(lambda tables: tables.execute(row))
    for change in ("UPDATE log SET at = 1", "DELETE FROM log"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            await database.write(lambda tables, sql=change: tables.execute(sql))


async def test_two_starts_at_once_migrate_once(tmp_path: Path) -> None:
    """Whoever comes second waits and finds it done."""
    path = tmp_path / "x.db"
    await asyncio.gather(*(asyncio.to_thread(migrate, path) for _ in range(4)))
    with sqlite3.connect(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    assert version == newest_version()


def test_instants_survive_the_tables_to_the_microsecond() -> None:
    """Whatever their zone, they come back as the same instant in UTC."""
    at = datetime(2026, 4, 12, 10, 30, 0, 123456, tzinfo=timezone(timedelta(hours=7)))
    assert from_micros(to_micros(at)) == at
    assert from_micros(to_micros(at)).tzinfo is UTC
    with pytest.raises(ValueError, match="zone"):
        to_micros(datetime(2026, 4, 12))


async def test_nobody_else_on_the_machine_can_read_it(tmp_path: Path) -> None:
    """Neither the database nor its journals, whatever the umask."""
    before = os.umask(0)
    try:
        database = await open_database(tmp_path / "x.db", linger=timedelta(0), batch_limit=8)
        await database.write(lambda tables: tables.execute("INSERT INTO blobs VALUES ('x', x'00')"))
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        await database.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("x.db", "x.db-wal", "x.db-shm"), 0o600)


@pytest.mark.sqlite_only
def test_a_step_that_finds_the_disk_full_says_so(tmp_path: Path) -> None:
    """SQLite rolls back by itself then: that it cannot be done again is not what an operator must read."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(sqlite3.OperationalError, match="disk"):
            migrate(tmp_path / "x.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("engine", [Dialect.POSTGRESQL], indirect=True)
async def test_who_stands_still_in_a_batch_keeps_nobody_from_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that was stopped, or whose machine is gone, loses its turn, and begins anew when it is back."""
    monkeypatch.setattr("gateway.store.postgresql._SILENT_AT_MOST", "200ms")
    source = fresh_source(tmp_path / "x.db")
    silent = engine_of(source).open_writer()
    silent.begin()
    other = await open_database(source, linger=timedelta(0), batch_limit=8)
    await asyncio.wait_for(other.write(add("meanwhile")), 20)
    with pytest.raises(Exception, match="idle-in-transaction") as caught:
        silent.begin_turn()
    assert engine_of(source).fails_by_itself(caught.value)
    silent.roll_back()
    silent.begin()
    silent.commit()
    silent.close()
    await other.close()
