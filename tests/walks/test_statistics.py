"""The console's figures are what really happened: counters and a recount agree after every kind of walk."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.console_fill import fill
from gateway.model.dispatch import Destination
from gateway.model.formats import local_day
from gateway.office import now
from gateway.store.database import Database, from_micros, open_database
from gateway.store.statistics import (
    Happening,
    Waiting,
    count_long_waiting,
    count_open,
    list_fullest,
    load_days,
)
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, Node, World, collect_all, until

# The same figures, counted one by one from the rows themselves.
_DAY = "({} / 1000000 + 25200) / 86400"
RECOUNT = f"""
    SELECT agency, day, kind, event, count(*) FROM (
        SELECT mailbox AS agency, {_DAY.format("created_at")} AS day, kind, 'came' AS event FROM dispatches
            WHERE destination = 'mailbox'
        UNION ALL SELECT sender, {_DAY.format("accepted_at")}, kind, 'went' FROM packages
            WHERE direction = 'outbound'
        UNION ALL SELECT coalesce(mailbox, sender), {_DAY.format("ended_at")}, kind, 'failed' FROM dispatches
            WHERE state IN ('refused', 'expired')
            AND NOT (destination = 'axis' AND state = 'refused' AND json_array_length(recipients) > 1))
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
KEPT = "SELECT agency, day, kind, event, count FROM daily_figures WHERE agency <> '' ORDER BY 1, 2, 3, 4"
WHOLE = "SELECT day, kind, event, count FROM daily_figures WHERE agency = '' ORDER BY 1, 2, 3"
SUMMED = (
    "SELECT day, kind, event, sum(count) FROM daily_figures WHERE agency <> ''"
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
LEAVING = "SELECT sender, kind, open_count FROM leaving ORDER BY 1, 2"
LEAVING_RECOUNT = (
    "SELECT sender, kind, sum(state IN ('waiting', 'claimed')) FROM dispatches"
    " WHERE destination = 'axis' GROUP BY 1, 2 ORDER BY 1, 2"
)


def expect_true_figures(node: Node) -> None:
    """Hold every counter against the rows it counts."""
    for kept, counted in ((KEPT, RECOUNT), (WHOLE, SUMMED), (LEAVING, LEAVING_RECOUNT)):
        assert [tuple(row) for row in node.rows(kept)] == [tuple(row) for row in node.rows(counted)]


@pytest.mark.sqlite_only
async def test_after_a_day_of_work_every_figure_is_a_recount(world: World) -> None:
    """Documents out and in, to a neighbour, declined and confirmed as failed: the counters are the rows."""
    for number, recipients in (("1", [MINISTRY]), ("2", [FINANCE]), ("3", [MINISTRY, FINANCE])):
        sent = Sent(sender=HEALTH, number=number)
        assert (await world.health.send(document(sent, recipients), sender=HEALTH)).ok
    await collect_all(world.finance, count=2)
    await collect_all(world.ministry, count=2)
    reply = Sent(sender=MINISTRY, number="9", notation="BTN-VP")
    for _ in range(2):  # the second time it is the same act of sending, and counts for nothing
        assert (await world.ministry.send(document(reply, [HEALTH]), sender=MINISTRY)).ok
    listed = await until(world.health.received, lambda answer: len(answer.items) == 1)
    assert (await world.health.confirm(listed.items[0]["docId"], "fail")).ok
    said = status(Sent(sender=HEALTH, number="1"), "03", by=MINISTRY)
    assert (await world.ministry.send(said, sender=MINISTRY, recipients=[HEALTH], kind="status")).ok
    await collect_all(world.health, "status")
    expect_true_figures(world.gateway)
    expect_true_figures(world.hub)
    figures = {(row["agency"], row["kind"], row["event"]): row["count"] for row in world.gateway.rows(KEPT)}
    assert figures[HEALTH, "document", "went"] == 3
    assert figures[FINANCE, "document", "came"] == 2
    assert figures[HEALTH, "document", "failed"] == 1


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of some thousand documents."""
    path = tmp_path_factory.mktemp("filled") / "lienthong.db"
    fill(path, 4000, now=datetime(2026, 11, 26, 8, tzinfo=UTC))
    return path


@pytest.fixture
async def database(filled: Path) -> AsyncIterator[Database]:
    """Opened."""
    opened = await open_database(filled, linger=timedelta(0), batch_limit=8)
    yield opened
    await opened.close()


def test_what_was_there_before_the_counters_is_counted(filled: Path, tmp_path: Path) -> None:
    """A node that is updated begins with the figures of all it has: the migration counts as triggers do."""
    copy = tmp_path / "copy.db"
    copy.write_bytes(filled.read_bytes())
    script = Path("gateway/store/migrations/0008_statistics.sql").read_text("utf-8")
    with sqlite3.connect(copy) as connection:
        kept = [connection.execute(sql).fetchall() for sql in (KEPT, WHOLE, LEAVING)]
        connection.executescript(
            "DROP TABLE daily_figures; DROP TABLE leaving; DROP INDEX dispatches_open_since;"
            "DROP TRIGGER figures_came; DROP TRIGGER figures_went; DROP TRIGGER figures_failed;"
            "DROP TRIGGER leaving_grows; DROP TRIGGER leaving_shrinks;" + script
        )
        counted = [connection.execute(sql).fetchall() for sql in (KEPT, WHOLE, LEAVING)]
    connection.close()
    assert counted == kept
    assert all(counted)


async def test_the_figures_of_some_agencies_add_up_to_those_of_the_node(database: Database) -> None:
    """Each sees its own; together they are everything."""
    first, last = local_day(now()) - timedelta(days=3650), local_day(now())
    whole = await load_days(database, first=first, last=last)
    rows = await database.fetch_all("SELECT DISTINCT agency FROM daily_figures WHERE agency <> ''")
    parts = [await load_days(database, first=first, last=last, agencies=[row[0]]) for row in rows]
    assert len(parts) > 3
    for happening in Happening:
        days = {day for day, event in whole if event is happening}
        assert days
        assert all(whole[day, happening] == sum(part[day, happening] for part in parts) for day in days)


async def test_what_waits_and_what_waits_for_long_is_told_by_agency(database: Database) -> None:
    """Open counts and long waits are those of the rows, for the node and for one agency."""
    whole = await count_open(database)
    (row,) = await database.fetch_all(
        "SELECT sum(destination = 'mailbox'), sum(destination = 'axis') FROM dispatches"
        " WHERE ended_at IS NULL AND kind = 'document'"
    )
    assert whole == Waiting(in_mailboxes=row[0] or 0, for_axis=row[1] or 0)
    fullest = await list_fullest(database, limit=3)
    assert fullest == sorted(fullest, key=lambda item: -item[1])
    code, count = fullest[0]
    assert (await count_open(database, agencies=[code])).in_mailboxes == count
    opened = await database.fetch_all(
        "SELECT mailbox, created_at FROM dispatches WHERE destination = 'mailbox' AND kind = 'document'"
        " AND ended_at IS NULL ORDER BY created_at"
    )
    late = opened[-1]["created_at"]
    for agencies in (None, [code]):
        long = await count_long_waiting(
            database, Destination.MAILBOX, since=from_micros(late), agencies=agencies
        )
        older = [row for row in opened if row["created_at"] < late]
        assert long == len([row for row in older if agencies is None or row["mailbox"] == code]) > 0
