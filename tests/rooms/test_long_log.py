"""A long log is not gone through: not for one package, not for a period, not for each queue."""

import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.model.identifiers import AgencyCode
from gateway.store import attention, audit_log, log_search, packages
from gateway.store.consistency import RELATIONS
from gateway.store.database import Database, from_micros, migrate, open_database
from gateway.store.log_search import LogQuestion, search_log
from gateway.store.schema import steps
from gateway.store.tables import Source
from tests.databases import change, fresh_source, on_postgresql, rows_of

_PACKAGES = {
    "package-unrecorded",
    "own-word-unrecorded",
    "end-unrecorded",
    "collection-unrecorded",
    "answer-unrecorded",
    "erasure-unrecorded",
}
_QUESTIONS = {
    "a receipt": audit_log._RECEIPT,
    "a package with its receipt": packages._WITH_RECEIPT,
    "why a dispatch failed": f"{attention._TROUBLE} TRUE",
    **{code: RELATIONS[code] for code in sorted(_PACKAGES)},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate an empty database: no node ever gathers statistics."""
    path = tmp_path_factory.mktemp("log") / "lienthong.db"
    migrate(path)
    return path


@pytest.mark.parametrize("about", _QUESTIONS)
def test_entries_of_a_package_are_found_by_the_package(about: str, path: Path) -> None:
    """By their kind a log of millions would be read for one of them, and by the doctor once a package."""
    question = _QUESTIONS[about]
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {question}", [None] * question.count("?"))
        found_by = [step for *_, step in plan if step.startswith(("SEARCH log ", "SCAN log"))]
    assert found_by == ["SEARCH log USING INDEX log_by_package (package_id=?)"]


# Six stretches and a bit more, an entry a second; a clock was set back for some of the last.
_COUNT = 6 * 1024 + 100
_AT = {seq: seq for seq in range(_COUNT, 0, -1)} | {4500: 2000, 6200: 2010}


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Database]:
    """A log that came in batches."""
    database = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(), batch_limit=1)
    for begin in range(0, _COUNT, 700):
        rows = [{"seq": seq, "at": _AT[seq]} for seq in range(begin + 1, min(begin + 700, _COUNT) + 1)]
        change(
            database.source,
            "INSERT INTO log (seq, kind, at, statement, leaf) SELECT CAST(value ->> 'seq' AS BIGINT),"
            " 'deferred', 1000000 * CAST(value ->> 'at' AS BIGINT), zeroblob(2), zeroblob(32)"
            " FROM json_each(?)",
            [json.dumps(rows)],
        )
    yield database
    await database.close()


def plan_of(source: Source, question: str) -> list[str]:
    explain = "EXPLAIN" if on_postgresql() else "EXPLAIN QUERY PLAN"
    return [row[-1] for row in rows_of(source, f"{explain} {question}")]


@pytest.mark.both_engines
async def test_a_period_is_found_whole_wherever_a_clock_put_its_entries(log: Database) -> None:
    """In the middle, at either end, in what is no whole stretch yet; strays too, in the log's order."""
    for since, until in ((1990, 2020), (0, 60), (6190, 9000), (1500, 2524), (1, 2), (7000, 9000)):
        question = LogQuestion(since=from_micros(since * 1_000_000), until=from_micros(until * 1_000_000))
        seen: list[int] = []
        below: int | None = _COUNT + 1
        while below is not None:
            page = await search_log(log, question, below=below, limit=400)
            seen += [row.seq for row in page.rows]
            below = page.following
        assert seen == [seq for seq, at in _AT.items() if since <= at < until]


@pytest.mark.both_engines
async def test_where_a_period_lies_is_asked_of_no_entry_but_the_newest(log: Database) -> None:
    """Of the others a row for each 1,024 of them tells, as an upgrade would have written it, too."""
    if on_postgresql():
        change(log.source, "ANALYZE log")
    (script,) = [step.script for step in steps(log.dialect) if step.number == 24]
    (filled,) = re.findall(r"INSERT INTO log_stretches\s+(SELECT[^;]+GROUP[^;]+)", script)
    (added,) = re.findall(r"SELECT NEW[^;]+(?=ON CONFLICT)", script)
    asked = f"SELECT min(number) FROM {log_search._STRETCHES} WHERE latest_at >= 5"
    for question in (asked.replace(":newest", "6"), added.replace("NEW.seq", "6144")):
        plan = plan_of(log.source, question)
        assert not [step for step in plan if "by_at" in step]
        if not on_postgresql():
            (step,) = [step for step in plan if " log" in step and "stretches" not in step]
            assert step.startswith("SEARCH log USING INTEGER PRIMARY KEY")
    told, again = (
        [tuple(row) for row in rows_of(log.source, f"SELECT * FROM {what} ORDER BY 1")]
        for what in ("log_stretches", f"({filled}) AS filled")
    )
    assert told == again
    assert len(told) == _COUNT // 1024
    assert told[4] == (4, 2000 * 1_000_000, 5120 * 1_000_000)


def test_the_more_texts_are_looked_for_the_fewer_statements_are_read_for_a_page() -> None:
    """An agency has up to four codes, each of which is looked for; whoever acted is looked for likewise."""
    (one, four) = (LogQuestion(codes=[AgencyCode("000.00.12.H57")] * count) for count in (1, 4))
    assert one.at_once == log_search.READ_AT_ONCE
    assert four.at_once == log_search.READ_AT_ONCE // 4
    assert LogQuestion(person="auditor").at_once == log_search.READ_AT_ONCE


@pytest.mark.both_engines
def test_all_queues_are_counted_in_one_pass(tmp_path: Path) -> None:
    """Not once for each: of a hub's there are thousands."""
    source = fresh_source(tmp_path / "x.db")
    migrate(source)
    plan = plan_of(source, RELATIONS["queue-miscounted"])
    assert len([step for step in plan if re.search(r"(?i)\bscan (on )?dispatches\b", step)]) == 1
    assert not [step for step in plan if "CORRELATED" in step or "SubPlan" in step]
