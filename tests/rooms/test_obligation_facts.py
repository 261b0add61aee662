"""What is read of obligations: the same figures through a lens, lists in order, counts by the day."""

import itertools
import random
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from gateway.deadlines.counts import (
    Facts,
    Lens,
    Period,
    count_fates,
    count_obligations,
    count_resolved,
)
from gateway.exchange.glance import take_glance
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import (
    Act,
    Obligation,
    ObligationId,
    ObligationKind,
    Standing,
    Step,
    acts_of,
    moved,
)
from gateway.store.database import Database, open_database
from gateway.store.obligation_facts import Whose, load_facts
from gateway.store.obligations import (
    Due,
    Wanted,
    count_due,
    count_overdue,
    insert_obligation,
    insert_step,
    list_obligations,
)

AGENCIES = [AgencyCode("H57.1"), AgencyCode("H57.2"), AgencyCode("H57.3")]
FIRST = date(2025, 11, 1)
TODAY = date(2026, 2, 3)
PERIODS = [
    Period(first=date(2026, 1, 1), last=date(2026, 1, 31)),
    Period(first=date(2026, 1, 1), last=date(2026, 12, 31)),
    Period(first=date(2025, 12, 30), last=date(2025, 12, 30)),
]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with 400 obligations whose lives were drawn by lot."""
    opened = await open_database(tmp_path / "lienthong.db", linger=timedelta(), batch_limit=10)
    chance = random.Random(11)
    await opened.write(lambda tables: [live(tables, number, chance) for number in range(400)])
    yield opened
    await opened.close()


def noon(day: date) -> datetime:
    return datetime.combine(day, time(5), UTC)


def live(tables: sqlite3.Connection, number: int, chance: random.Random) -> None:
    """Open one, and let some things happen to it, up to today."""
    day = FIRST + timedelta(days=chance.randrange(90))
    due = None if chance.random() < 0.1 else day + timedelta(days=chance.randrange(30))
    one = Obligation(
        id=ObligationId(f"{number:04}"),
        kind=chance.choice(list(ObligationKind)),
        agency=chance.choice(AGENCIES),
        reference=f"V-{number}",
        subject="Thử",
        assigned_at=noon(day),
        due_on=due,
        first_due_on=due,
    )
    insert_obligation(tables, one)
    insert_step(tables, one, Step(act=Act.OPEN, at=noon(day), due_on=due))
    while chance.random() < 0.6 and (day := day + timedelta(days=chance.randrange(20))) <= TODAY:
        act = chance.choice([act for act in acts_of(one) if act is not Act.CANCEL or chance.random() < 0.2])
        later = day + timedelta(days=9) if act is Act.EXTEND else None
        step = Step(act=act, at=noon(day), due_on=later)
        one = moved(one, step)
        insert_step(tables, one, step)


def figures(facts: Facts, period: Period, today: date) -> list[object]:
    """Everything that is counted of a period."""
    found: list[object] = []
    for kind in ObligationKind:
        found.append(count_obligations(facts, kind, period=period, today=today))
        resolved = count_resolved(facts, kind, period=period, today=today).items()
        found.append({code: each for code, each in resolved if each != type(each)()})
        found.append(count_fates(facts, kind, period=period))
    return found


@pytest.mark.parametrize("period", PERIODS, ids=str)
@pytest.mark.parametrize("back", [None, 0, 12, 45])
async def test_figures_are_the_same_through_a_lens(
    database: Database, period: Period, back: int | None
) -> None:
    """Of any period, now and as it was, all agencies and one; and there is much less to read."""
    as_of = None if back is None else noon(TODAY - timedelta(days=back))
    today = TODAY - timedelta(days=back or 0)
    for agencies in (None, AGENCIES[:1]):
        whose = Whose(agencies=agencies)
        whole = await load_facts(database, as_of=as_of, whose=whose)
        seen = await load_facts(database, as_of=as_of, lens=Lens(period=period, today=today), whose=whose)
        assert figures(seen, period, today) == figures(whole, period, today)
        assert any(figures(whole, period, today))
        if as_of is None:
            assert len(seen) < len(whole) / 2


async def test_a_glance_is_the_years_figures_added_up(database: Database) -> None:
    """What an overview shows is what a report of the year would."""
    year = PERIODS[1]
    facts = await load_facts(database)
    glance = await take_glance(database, today=TODAY, agencies=AGENCIES[:2])
    accounts = count_obligations(facts, ObligationKind.TASK, period=year, today=TODAY)
    assigned = [accounts[code].assigned + accounts[code].carried_over for code in AGENCIES[:2]]
    assert glance.tasks == assigned[0] + assigned[1]
    fates = count_fates(facts, ObligationKind.PETITION, period=year)
    assert glance.petitions == fates[AGENCIES[0]] + fates[AGENCIES[1]]


@pytest.mark.parametrize("latest_first", [False, True])
async def test_pages_of_a_list_follow_each_other(database: Database, latest_first: bool) -> None:
    """In the order of their days, those without one at the end; each exactly once."""
    wanted = Wanted(kinds=(ObligationKind.TASK, ObligationKind.DOSSIER))
    pages, after = list[Obligation](), None
    while page := await list_obligations(database, wanted, limit=7, after=after, latest_first=latest_first):
        pages += page
        after = (page[-1].due_on, page[-1].id)
    days = [one.due_on for one in pages]
    with_day = [day for day in days if day]
    assert with_day == sorted(with_day, reverse=latest_first)
    assert days == [*with_day, *[None] * (len(days) - len(with_day))]
    assert (
        len({one.id for one in pages})
        == len(pages)
        == len(await list_obligations(database, wanted, limit=1000))
    )


async def test_counts_by_the_day_are_those_of_the_list(database: Database) -> None:
    """Of every kind and every stretch of days, as many are counted as are listed."""
    week_until = TODAY + timedelta(days=6 - TODAY.weekday())
    wanted = Wanted(standings=(Standing.OPEN,), agencies=(AGENCIES[0],))
    counts = await count_due(database, wanted, today=TODAY, week_until=week_until)
    listed = await list_obligations(database, wanted, limit=1000)

    def due(one: Obligation) -> Due:
        if one.due_on is None:
            return Due.NEVER
        if one.due_on <= TODAY:
            return Due.TODAY if one.due_on == TODAY else Due.OVERDUE
        return Due.WEEK if one.due_on <= week_until else Due.LATER

    for kind, when in itertools.product(ObligationKind, Due):
        assert counts[kind, when] == sum((one.kind, due(one)) == (kind, when) for one in listed)
    overdue = sum(counts[kind, Due.OVERDUE] for kind in ObligationKind)
    assert overdue == await count_overdue(database, [AGENCIES[0]], today=TODAY) > 0
    assert await count_overdue(database, None, today=TODAY) > overdue
    without = await list_obligations(database, Wanted(has_day=False), limit=1000)
    assert without
    assert {one.due_on for one in without} == {None}
