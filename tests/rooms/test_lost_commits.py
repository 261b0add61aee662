"""A PostgreSQL server that crashes: what it forgot is nobody's promise."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import Delay
from gateway.store.database import open_database
from gateway.store.tables import Server, Tables
from tests.databases import OwnServer, change, lay_down_template, new_database, why_no_postgresql

pytestmark = pytest.mark.skipif(why_no_postgresql() is not None, reason=str(why_no_postgresql()))


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that may be broken. What is not committed is not made durable in passing."""
    started = OwnServer(("wal_writer_delay=10s",))
    lay_down_template(started.address)
    yield started
    started.end()


async def test_the_commit_of_another_under_the_same_number_is_not_taken_for_ours(server: OwnServer) -> None:
    """The server crashes before our commit, forgets us, and gives our number to who comes next."""
    source = Server(address=new_database(server.address, "one"))
    ours = await open_database(source, linger=timedelta(0), batch_limit=8)
    theirs = await open_database(source, linger=timedelta(0), batch_limit=8)
    loop = asyncio.get_running_loop()

    def add(digest: str) -> Any:
        return lambda tables: tables.execute("INSERT INTO blobs VALUES (?, ?)", (digest, b"x"))

    def meanwhile(tables: Tables) -> None:
        add("ours")(tables)
        server.restart()
        asyncio.run_coroutine_threadsafe(theirs.write(add("theirs")), loop).result()

    with pytest.raises(Delay):
        await ours.write(meanwhile)
    kept = await ours.write(lambda tables: tables.execute("SELECT digest FROM blobs").fetchall())
    assert [row["digest"] for row in kept] == ["theirs"]
    for database in (ours, theirs):
        await database.close()


async def test_a_server_that_was_restarted_meanwhile_costs_no_answer(server: OwnServer) -> None:
    """Whoever reads or writes next connects anew: nothing of theirs was under way."""
    database = await open_database(
        Server(address=new_database(server.address, "two")), linger=timedelta(0), batch_limit=8
    )
    await database.write(lambda tables: tables.execute("INSERT INTO blobs VALUES ('a', 'x')"))
    await asyncio.to_thread(server.restart)
    for _ in range(database.engine.readers_count):
        assert await database.fetch_one("SELECT digest FROM blobs")
    await database.write(lambda tables: tables.execute("DELETE FROM blobs"))
    await database.close()


async def test_a_server_that_answers_before_its_disk_does_is_made_to_wait_for_it(server: OwnServer) -> None:
    """Who runs the server may have chosen speed for others; what we promise survives a crash."""
    source = Server(address=new_database(server.address, "three"))
    change(source, "ALTER DATABASE three SET synchronous_commit = off")
    database = await open_database(source, linger=timedelta(0), batch_limit=8)
    await database.write(lambda tables: tables.execute("INSERT INTO blobs VALUES ('a', 'x')"))
    await asyncio.to_thread(server.restart)
    assert await database.fetch_one("SELECT digest FROM blobs")
    await database.close()
