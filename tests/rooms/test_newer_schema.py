"""A program over a schema newer than its own: served when that was promised, else never."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Delay, Misconfiguration
from gateway.store.database import Database, migrate, open_database
from gateway.store.schema import newest_version
from tests.databases import change, fresh_source, on_postgresql

NEWER = newest_version() + 1


async def opened(place: Path) -> Database:
    return await open_database(fresh_source(place), linger=timedelta(0), batch_limit=8)


def bring_up(database: Database, *, programs_since: int) -> None:
    """Change the database as the next version's step would."""
    change(database.source, "ALTER TABLE calendar_days ADD COLUMN colour TEXT")
    change(database.source, "UPDATE schema_programs SET since = ?", (programs_since,))
    if on_postgresql():
        change(database.source, f"UPDATE schema_version SET version = {NEWER}")
        return
    import sqlite3

    assert isinstance(database.source, Path)
    with sqlite3.connect(database.source) as connection:
        connection.execute(f"PRAGMA user_version = {NEWER}")
    connection.close()


async def look_and_write(database: Database) -> None:
    for _ in range(10 * database.engine.readers_count):
        await database.fetch_all("SELECT * FROM calendar_days")
        await database.write(lambda tables: tables.execute("SELECT * FROM calendar_days").fetchall())


@pytest.mark.both_engines
async def test_a_promised_step_disturbs_nobody(tmp_path: Path) -> None:
    """Nor a statement that was prepared before a column came; and the program may be started again."""
    database = await opened(tmp_path / "x.db")
    await look_and_write(database)
    bring_up(database, programs_since=newest_version())
    await look_and_write(database)
    await database.close()
    migrate(database.source)


@pytest.mark.both_engines
async def test_a_step_that_was_not_promised_stops_who_does_not_know_it(tmp_path: Path) -> None:
    """Who runs writes nothing any more, who starts is told why not."""
    database = await opened(tmp_path / "x.db")
    await look_and_write(database)
    bring_up(database, programs_since=NEWER)
    with pytest.raises(Delay) as put_off:
        await database.write(lambda tables: tables.execute("DELETE FROM calendar_days"))
    assert put_off.value.code == "schema-too-new"
    await database.close()
    with pytest.raises(Misconfiguration) as told:
        migrate(database.source)
    assert told.value.code == "schema-too-new"
