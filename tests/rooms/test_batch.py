"""Rows that acts add in passing: written together, and no act can tell."""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import Refusal
from gateway.store.database import Database, looking, migrate, open_database
from gateway.store.sheets import BLOBS, IN_ORDER, LOG, PACKAGES, THREADS, Sheet, Wanted
from gateway.store.tables import Tables
from tests.databases import fresh_source

Acting = Callable[[Tables], Any]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    opened = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(0), batch_limit=64)
    yield opened
    await opened.close()


async def together(database: Database, *acts: Acting, foreseen: Sequence[Wanted] = ()) -> list[Any]:
    """Run acts in one batch: they come while another is at work. The first says what is foreseen."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_tables: Tables) -> None:
        begun.set()
        go_on.wait(20)

    held = asyncio.create_task(database.write(hold))
    await asyncio.to_thread(begun.wait, 20)
    writing = [
        asyncio.create_task(database.write(act, foreseen=() if number else foreseen))
        for number, act in enumerate(acts)
    ]
    await asyncio.sleep(0)
    go_on.set()
    await held
    return await asyncio.gather(*writing, return_exceptions=True)


def thread(name: str) -> tuple[object, ...]:
    return (name, "A", f"A,{name}", f"{name}/UBND", "2026-11-26", "Về việc", 1)


def adding(sheet: Sheet, *lines: tuple[object, ...]) -> Acting:
    return lambda tables: tables.add(sheet, *lines)


def entry(said: bytes) -> tuple[object, ...]:
    return ("accepted", 1, said, None, bytes(32), None, None, None, None)


async def names(database: Database) -> list[str]:
    return [row[0] for row in await database.fetch_all("SELECT id FROM threads ORDER BY id")]


@pytest.mark.both_engines
async def test_what_was_added_a_later_question_finds(database: Database) -> None:
    """Its own act's and another's of the same batch, in the table itself and in what follows from it."""

    def ask(tables: Tables) -> tuple[int, int]:
        tables.add(THREADS, thread("b"))
        count = tables.execute("SELECT count(*) FROM threads").fetchone()[0]
        return count, tables.greatest(THREADS)

    _, found = await together(database, adding(THREADS, thread("a")), ask)
    assert found == (2, "b")
    assert await names(database) == ["a", "b"]


@pytest.mark.both_engines
async def test_who_is_refused_leaves_nothing_of_it_and_takes_nobody_along(
    database: Database,
) -> None:
    """Whether its rows still waited, were written for a question, or stood beside a change of its own."""

    def refuse(name: str, sql: str | None) -> Acting:
        def act(tables: Tables) -> None:
            tables.add(THREADS, thread(name))
            tables.add(LOG, entry(name.encode()))
            if sql is not None:
                tables.execute(sql)
            raise Refusal.because("no", vi="không", en="no")

        return act

    outcomes = await together(
        database,
        adding(THREADS, thread("a")),
        refuse("x", None),
        adding(LOG, entry(b"1")),
        refuse("y", "SELECT count(*) FROM threads"),
        adding(THREADS, thread("b")),
        refuse("z", "UPDATE threads SET recalled_at = 5"),
        adding(LOG, entry(b"2")),
    )
    assert [type(outcome) for outcome in outcomes].count(Refusal) == 3
    assert await names(database) == ["a", "b"]
    rows = await database.fetch_all("SELECT seq, statement FROM log ORDER BY seq")
    assert [(row["seq"], bytes(row["statement"])) for row in rows] == [(1, b"1"), (2, b"2")]
    assert await database.fetch_one("SELECT 1 FROM threads WHERE recalled_at IS NOT NULL") is None


@pytest.mark.both_engines
async def test_who_added_what_may_not_stand_fails_alone(database: Database) -> None:
    """It is found out when the batch is written; the others are done again without it, whole."""
    await database.write(adding(THREADS, thread("taken")))

    def change(tables: Tables) -> None:
        tables.execute("UPDATE threads SET recalled_at = 5 WHERE id = 'taken'")
        tables.add(THREADS, thread("c"))

    first, wrong, second, third = await together(
        database,
        adding(THREADS, thread("a")),
        adding(THREADS, thread("taken")),
        adding(THREADS, thread("b")),
        change,
    )
    assert (first, second, third) == (None, None, None)
    assert database.engine.is_error(wrong)
    assert await names(database) == ["a", "b", "c", "taken"]
    assert await database.fetch_one("SELECT 1 FROM threads WHERE recalled_at = 5") is not None


@pytest.mark.both_engines
@pytest.mark.parametrize("asked", ["SELECT count(*) FROM blobs", "UPDATE threads SET recalled_at = 5", None])
async def test_a_value_that_no_engine_takes_costs_nobody_else_a_row(
    database: Database, asked: str | None
) -> None:
    """Met in the midst of another's act, or at the end; and the writer goes on."""

    def ask(tables: Tables) -> None:
        tables.add(THREADS, thread("b"))
        if asked is not None:
            tables.execute(asked)

    first, wrong, last = await together(
        database, adding(THREADS, thread("a")), adding(BLOBS, ("\ud800", b"x")), ask
    )
    assert (first, last) == (None, None)
    assert isinstance(wrong, UnicodeEncodeError)
    assert await names(database) == ["a", "b"]
    await database.write(adding(THREADS, thread("c")))


@pytest.mark.both_engines
async def test_what_was_foreseen_is_found_as_it_is_by_then(database: Database) -> None:
    """As it stood, as another act of the batch added it, and as a third changed it."""
    await database.write(adding(THREADS, thread("old")))

    def find(name: str) -> Acting:
        return lambda tables: [
            row["subject"] for row in tables.find(Wanted(THREADS, "document_id", f"A,{name}"))
        ]

    def rename(tables: Tables) -> None:
        tables.execute("UPDATE threads SET subject = 'Khác'")

    acts = [
        find("old"),
        find("new"),
        adding(THREADS, thread("new")),
        find("new"),
        rename,
        find("old"),
        find("none"),
    ]
    foreseen = [Wanted(THREADS, "document_id", f"A,{name}") for name in ("old", "new", "none")]
    found = await together(database, *acts, foreseen=foreseen)
    assert found == [["Về việc"], [], None, ["Về việc"], None, ["Khác"], []]


@pytest.mark.both_engines
async def test_a_row_that_may_stand_already_is_left_as_it_is(database: Database) -> None:
    """The same bytes twice in a batch, and once more later."""
    acts = [adding(BLOBS, ("same", b"x")) for _ in range(6)]
    assert await together(database, *acts) == [None] * 6
    await database.write(adding(BLOBS, ("same", b"y")))
    rows = await database.fetch_all("SELECT bytes FROM blobs")
    assert [bytes(row["bytes"]) for row in rows] == [b"x"]


@pytest.mark.both_engines
async def test_what_refers_to_another_row_is_written_behind_it(database: Database) -> None:
    """In whichever order acts add them; many at once, so that the engine takes its quickest way."""
    acts = []
    for number in range(8):
        package = (
            *(f"p{number}", "outbound", None, f"s{number}", "document", 1, None, "d", 10, None, f"t{number}"),
            *("A", '["B"]', None, None, None, "Về việc", 0, "sound", "[]", 1_000_000, 1_000_000),
        )

        def act(tables: Tables, package: tuple[object, ...] = package, name: str = f"t{number}") -> None:
            tables.add(PACKAGES, package)
            tables.add(THREADS, thread(name))

        acts.append(act)
    assert await together(database, *acts) == [None] * 8
    rows = await database.fetch_all("SELECT agency, count FROM daily_figures ORDER BY agency")
    assert [tuple(row) for row in rows] == [("", 8), ("A", 8)]


@pytest.mark.sqlite_only
def test_every_table_that_changes_with_a_sheet_is_named_with_it(tmp_path: Path) -> None:
    """Or a question about it would be answered without the rows that wait."""
    path = tmp_path / "x.db"
    migrate(path)
    with looking(path) as tables:
        triggers = [
            (row["tbl_name"], row["sql"])
            for row in tables.execute("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        ]
        columns = {
            sheet.table: [row["name"] for row in tables.execute(f"PRAGMA table_info({sheet.table})")]
            for sheet in IN_ORDER
        }
    changes = re.compile(r"\b(?:INSERT INTO|(?<!DO )UPDATE|DELETE FROM) (\w+)")

    def changed_by(event: str, table: str) -> set[str]:
        return {
            changed
            for on, sql in triggers
            if on == table and re.search(rf"AFTER {event}\b", sql)
            for changed in changes.findall(sql.partition("BEGIN")[2])
        }

    for sheet in IN_ORDER:
        at_once = changed_by("INSERT", sheet.table)
        then = {later for table in at_once for later in changed_by("UPDATE", table)}
        assert at_once | then <= {*sheet.touches}
        assert set(sheet.columns) <= set(columns[sheet.table])
    assert len({sheet.table for sheet in IN_ORDER}) == len(IN_ORDER)
