"""Figures read from the books: of whom, of when, and never a share of nothing."""

import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.deadlines.counts import Account, Became, Counts, Resolved, fact_of
from gateway.deadlines.periods import read_period
from gateway.model.agency import System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.obligation import (
    Act,
    Obligation,
    ObligationId,
    ObligationKind,
    Standing,
    acts_of,
    moved,
)
from gateway.store.obligation_facts import load_facts
from gateway.store.obligations import load_obligation
from tests.walks.duties_kit import Hands, day, hands
from tests.walks.world import FINANCE, HEALTH, MINISTRY, PROVINCE

DOSSIER = {"kind": ObligationKind.DOSSIER, "assigned_by": None}
Q1, Q2 = read_period("2026-Q1"), read_period("2026-Q2")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Hands]:
    """An office on the tenth of March 2026."""
    async with hands(tmp_path) as found:
        yield found


async def end(office: Hands, held: ObligationId, act: Act = Act.FINISH, **more: object) -> None:
    """Let something end."""
    await office.duties.move(held, act, by="ai-do", reason="Lý do", **more)  # type: ignore[arg-type]


async def test_the_five_counts_of_tasks_and_what_was_carried_over(office: Hands) -> None:
    """Each stands in one place; what was assigned before the period is counted apart."""
    office.now = day(3, 30)
    due = date(2026, 3, 20)
    before = await office.give(reference="cũ", assigned_on=date(2026, 2, 1), due_on=due)
    await office.give(reference="xong trước", assigned_on=date(2026, 2, 1), due_on=None)
    await end(
        office, (await office.give(reference="xong trước", assigned_on=date(2026, 2, 1), due_on=None)).id
    )
    for n, (due_on, done_on) in enumerate(
        [
            (due, date(2026, 3, 20)),
            (due, date(2026, 3, 21)),
            (due, None),
            (None, None),
            (date(2026, 3, 30), None),
        ]
    ):
        held = await office.give(reference=f"m{n}", assigned_on=date(2026, 3, 2), due_on=due_on)
        if done_on is not None:
            await end(office, held.id, on=done_on)
    march = read_period("2026-03")
    account = (await office.figures(march)).tasks[FINANCE]
    assert account.assigned == Counts(done_in_time=1, done_late=1, open_in_time=2, open_overdue=1)
    assert account.assigned.assigned == 5
    assert account.carried_over == Counts(done_in_time=1, open_overdue=1)
    await end(office, before.id, on=date(2026, 3, 30))
    assert (await office.figures(march)).tasks[FINANCE].carried_over == Counts(done_in_time=1, done_late=1)


async def test_a_cancelled_task_is_counted_nowhere(office: Hands) -> None:
    """Not as assigned, not as done; before it was cancelled it was."""
    held = await office.give(assigned_on=date(2026, 3, 1))
    office.now = day(3, 15)
    await end(office, held.id, Act.CANCEL)
    assert (await office.figures()).tasks == {}
    assert (await office.figures(as_of=day(3, 12))).all_tasks.assigned == Counts(open_in_time=1)


async def test_of_nothing_there_is_no_share(office: Hands) -> None:
    """Neither 0 nor 100, as long as nothing was resolved; the strict one counts what is overdue."""
    figures = await office.figures()
    assert figures.all_dossiers == Resolved()
    assert figures.all_dossiers.on_time_rate is None
    assert figures.all_documents.sent_in_time_rate is None
    assert figures.pace.hours_to_arrived is None
    await office.give(**DOSSIER, due_on=date(2026, 3, 5), assigned_on=date(2026, 3, 1))
    dossiers = (await office.figures()).dossiers[FINANCE]
    assert (dossiers.received, dossiers.resolved, dossiers.open_overdue) == (1, 0, 1)
    assert (dossiers.on_time_rate, dossiers.strict_rate) == (None, Decimal(0))


async def test_dossiers_are_early_on_the_day_or_late(office: Hands) -> None:
    """By the day they were resolved; a rate is rounded half up to two places."""
    office.now = day(4, 1)
    for n, done in enumerate((date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11))):
        held = await office.give(
            **DOSSIER, reference=f"h{n}", assigned_on=date(2026, 2, 1), due_on=date(2026, 3, 10)
        )
        await end(office, held.id, on=done)
    dossiers = (await office.figures(read_period("2026-03"))).dossiers[FINANCE]
    assert dossiers == Resolved(received=0, early=1, on_the_day=1, late=1)
    assert dossiers.on_time_rate == Decimal("66.67")


async def test_what_became_of_petitions(office: Hands) -> None:
    """Resolved, passed on, guided, or not yet."""
    for n, act in enumerate((Act.FINISH, Act.PASS_ON, Act.GUIDE, None)):
        held = await office.give(kind=ObligationKind.PETITION, reference=f"đ{n}", assigned_by=None)
        if act is not None:
            await end(office, held.id, act)
    assert (await office.figures()).petitions == {FINANCE: Became(resolved=1, passed_on=1, guided=1, open=1)}


async def test_figures_of_a_time_that_is_over_stay_as_they_were(office: Hands) -> None:
    """What is finished or given more time later does not mend last quarter's report."""
    late = await office.give(reference="muộn", due_on=date(2026, 3, 20))
    more = await office.give(reference="gia hạn", due_on=date(2026, 3, 20))
    office.now = day(4, 10)
    await end(office, late.id)
    await end(office, more.id, Act.EXTEND, due_on=date(2026, 4, 30))
    assert (await office.figures(Q1)).all_tasks.assigned == Counts(open_overdue=2)
    assert (await office.figures(Q1)).as_of.date() == date(2026, 3, 31)
    now = (await office.figures(Q1, as_of=office.now)).all_tasks.assigned
    assert now == Counts(done_late=1, open_in_time=1)
    assert (await office.figures(Q2)).all_tasks.carried_over == now


async def test_a_merged_agency_is_counted_where_it_was_then(office: Hands) -> None:
    """Merged in mid-year: before, each by itself; from then on one answers for both."""
    await office.give(agency=HEALTH, reference="y tế")
    await office.give(agency=FINANCE, reference="tài chính")
    office.now = day(7, 10)
    await office.office.registry.close_agency(HEALTH, merged_into=FINANCE, by="test", at=day(7, 1))
    assert set((await office.figures(Q2)).tasks) == {HEALTH, FINANCE}
    both = (await office.figures()).tasks
    assert {code: account.assigned.assigned for code, account in both.items()} == {FINANCE: 2}
    assert (await office.figures(of=[FINANCE])).all_tasks.assigned.assigned == 2
    assert (await office.figures(Q2, of=[FINANCE])).all_tasks.carried_over.assigned == 1


async def test_whoever_asks_for_a_merged_agency_gets_that_one_alone(office: Hands) -> None:
    """Who may see the one that went does not see everything of the one it went into."""
    await office.give(agency=HEALTH, reference="y tế")
    await office.give(agency=FINANCE, reference="tài chính")
    office.now = day(7, 10)
    await office.office.registry.close_agency(HEALTH, merged_into=FINANCE, by="test", at=day(7, 1))
    figures = await office.figures(of=[HEALTH])
    assert {code: account.assigned.assigned for code, account in figures.tasks.items()} == {HEALTH: 1}
    assert figures.connections.total == 0


@pytest.mark.sqlite_only
async def test_documents_that_came_later_are_not_counted_before(office: Hands) -> None:
    """Figures as of the tenth know nothing of the twentieth, though both lie in the quarter."""
    path = office.office.config.storage.database_file
    with closing(sqlite3.connect(path)) as tables, tables:  # without keys: what they are of does not matter
        tables.executemany(
            "INSERT INTO register (agency, side, thread_id, package_id, at, day, type, is_legal,"
            " deliveries_count, in_time) VALUES (?, 'out', ?, ?, 0, ?, 'Công văn', 0, 2, 1)",
            [(HEALTH, n, n, day) for n, day in enumerate(("2026-03-05", "2026-03-20"))],
        )
    office.now = day(4, 10)
    assert (await office.figures(Q1)).all_documents.outgoing == 2
    then = (await office.figures(Q1, as_of=day(3, 10))).by_agency[HEALTH]
    assert (then.outgoing, then.deliveries, then.sent_in_time_rate) == (1, 2, Decimal(100))


async def test_agencies_are_connected_alone_or_share_a_server(office: Hands) -> None:
    """One whose system was disabled is connected no longer; a closed one is none to be connected."""
    registry = office.office.registry

    async def connect(name: str, *codes: AgencyCode) -> None:
        system = System(id=SystemId(name), kind=SystemKind.DMS, serves=frozenset(codes))
        await registry.put_system(system, by="test", at=office.now)

    await connect("RIENG", HEALTH)
    await connect("CHUNG", FINANCE, PROVINCE)
    found = (await office.figures()).connections
    assert (found.total, found.on_own_server, found.on_shared_server) == (4, 1, 2)
    await registry.close_agency(FINANCE, merged_into=None, by="test", at=office.now)
    found = (await office.figures()).connections
    assert (found.total, found.on_own_server, found.on_shared_server) == (3, 2, 0)
    await registry.disable_system(SystemId("RIENG"), by="test", at=office.now)
    assert (await office.figures()).connections.connected == 1
    assert (await office.figures(of=[MINISTRY])).connections.connected == 0


@pytest.mark.parametrize("seed", range(5))
async def test_facts_of_any_instant_are_those_the_steps_lead_to(office: Hands, seed: int) -> None:
    """However obligations moved, asking for an instant is the same as walking their steps up to it."""
    chance = random.Random(seed)
    start = office.now
    petition = ObligationKind.PETITION
    ids = [(await office.give(kind=petition, reference=f"n{n}", due_on=None)).id for n in range(6)]
    instants = [office.now]
    for _ in range(40):
        office.now += timedelta(hours=chance.randrange(1, 40))
        instants.append(office.now)
        found = await load_obligation(office.office.database, chance.choice(ids))
        assert found is not None
        what = chance.choice(acts_of(found[0]))
        due = (office.now + timedelta(days=len(instants))).date()
        day_of = (
            {"due_on": due} if what is Act.EXTEND or (what is Act.REOPEN and chance.random() < 0.5) else {}
        )
        await end(office, found[0].id, what, **day_of)
    for at in [start - timedelta(days=1), *chance.sample(instants, 8), office.now]:
        assert await load_facts(office.office.database, as_of=at) == await walked(office, ids, at)
    assert await load_facts(office.office.database) == await walked(office, ids, office.now)


async def walked(office: Hands, ids: list[ObligationId], at: datetime) -> Counter[object]:
    """Walk every obligation's steps up to an instant."""
    facts = Counter[object]()
    for each in ids:
        found = await load_obligation(office.office.database, each)
        assert found is not None
        now, steps = found
        then: Obligation | None = None
        for step in (step for step in steps if step.at <= at):
            if step.act is Act.OPEN:
                then = Obligation(
                    id=now.id,
                    kind=now.kind,
                    agency=now.agency,
                    reference=now.reference,
                    subject=now.subject,
                    assigned_at=now.assigned_at,
                    due_on=step.due_on,
                    standing=Standing.OPEN,
                )
            elif then is not None:
                then = moved(then, step)
        if then is not None:
            facts[fact_of(then)] += 1
    return facts


async def test_an_account_of_nobody_is_empty(office: Hands) -> None:
    """Totals of nothing are nought, not missing."""
    figures = await office.figures()
    assert figures.all_tasks == Account()
    assert figures.all_petitions == Became()
