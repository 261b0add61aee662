"""What people and programs give and end by hand: said twice, said wrongly, said late."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.errors import Refusal
from gateway.exchange.duties import REASON_OWED
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.obligation import NEXT, Act, ObligationId, ObligationKind, Standing
from gateway.store.audit_log import list_latest
from gateway.store.obligation_facts import load_facts
from gateway.store.obligations import load_obligation
from tests.walks.duties_kit import Hands, day, given, hands
from tests.walks.world import FINANCE, HEALTH, PROVINCE

# How to come to each standing from an open obligation.
_INTO = {
    Standing.OPEN: None,
    Standing.DONE: Act.FINISH,
    Standing.PASSED_ON: Act.PASS_ON,
    Standing.GUIDED: Act.GUIDE,
    Standing.CANCELLED: Act.CANCEL,
}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Hands]:
    """An office on the tenth of March 2026."""
    async with hands(tmp_path) as found:
        yield found


async def act(office: Hands, held: ObligationId, what: Act, **more: object) -> None:
    """Do something to an obligation, with what it needs."""
    needed: dict[str, object] = {"reason": "Theo đề nghị"} if what in REASON_OWED else {}
    needed |= {"due_on": date(2026, 5, 30)} if what is Act.EXTEND else {}
    await office.duties.move(held, what, by="ai-do", **(needed | more))  # type: ignore[arg-type]


async def faults(office: Hands, held: ObligationId, what: Act, **more: object) -> list[tuple[str, str]]:
    """What is wrong with doing something, and where."""
    with pytest.raises(Refusal) as refused:
        await office.duties.move(held, what, by="ai-do", **more)  # type: ignore[arg-type]
    return [(fault.rule, fault.where) for fault in refused.value.faults]


async def test_what_is_given_is_recorded_with_who_gave_it(office: Hands) -> None:
    """One row, one step, one entry."""
    held = await office.give()
    found = await load_obligation(office.office.database, held.id)
    assert found is not None
    assert found[0] == held
    (step,) = found[1]
    assert (step.act, step.by, step.due_on) == (Act.OPEN, "ai-do", date(2026, 4, 30))
    (entry,) = await list_latest(office.office.database, limit=1, kind=LogKind.OBLIGED)
    assert b'"act":"open"' in entry.statement
    assert b'"by":"ai-do"' in entry.statement


async def test_the_same_given_twice_is_given_once(office: Hands) -> None:
    """Who did not hear the answer asks again, also after it was extended, finished, and on another day."""
    first = await office.give(reference="NV-01")
    assert (await office.give(reference=" nv – 01 ")).id == first.id
    await act(office, first.id, Act.EXTEND)
    await act(office, first.id, Act.FINISH)
    office.now += timedelta(days=3)
    again = await office.give()
    assert (again.id, again.standing) == (first.id, Standing.DONE)
    assert await office.rows("SELECT count(*) FROM obligation_steps") == [(3,)]


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "Việc khác"},
        {"due_on": date(2026, 5, 30)},
        {"assigned_by": None},
        {"assigned_on": date(2026, 3, 1)},
    ],
)
async def test_another_thing_of_the_same_name_is_refused(office: Hands, other: dict[str, object]) -> None:
    """Nothing is quietly taken for what it is not."""
    await office.give()
    with pytest.raises(Refusal) as refused:
        await office.give(**other)
    assert refused.value.code == "obligation-exists"


async def test_one_name_may_stand_for_a_task_and_a_dossier_and_for_two_agencies(office: Hands) -> None:
    """A name is one agency's, of one kind."""
    ids = {
        (await office.give()).id,
        (await office.give(kind=ObligationKind.DOSSIER)).id,
        (await office.give(agency=HEALTH)).id,
    }
    assert len(ids) == 3


async def test_everything_wrong_with_what_is_given_is_told_at_once(office: Hands) -> None:
    """Texts, agencies and days, each with its place; nothing is written."""
    with pytest.raises(Refusal) as refused:
        await office.give(
            reference=" \u200b ",
            subject="x" * 501,
            agency=AgencyCode("000.00.99.H57"),
            assigned_by=AgencyCode("H99"),
            assigned_on=date(2026, 3, 11),
            due_on=date(2026, 3, 9),
        )
    assert refused.value.code == "obligation-wrong"
    assert [(fault.rule, fault.where) for fault in refused.value.faults] == [
        ("missing", "reference"),
        ("too-long", "subject"),
        ("unknown-agency", "agency"),
        ("unknown-agency", "assigned_by"),
        ("day-impossible", "assigned_on"),
        ("day-impossible", "due_on"),
    ]
    assert await office.rows("SELECT count(*) FROM obligations") == [(0,)]


async def test_a_day_that_has_passed_counts_as_that_day(office: Hands) -> None:
    """Given on the first and done on the third, said on the tenth: figures of the fourth know it."""
    held = await office.give(assigned_on=date(2026, 3, 1))
    await act(office, held.id, Act.FINISH, on=date(2026, 3, 3))
    (fact,) = await load_facts(office.office.database, as_of=day(3, 4))
    assert (fact.assigned_on, fact.ended_on) == (date(2026, 3, 1), date(2026, 3, 3))
    (fact,) = await load_facts(office.office.database, as_of=day(3, 2))
    assert (fact.standing, fact.ended_on) == (Standing.OPEN, None)
    assert not await load_facts(office.office.database, as_of=day(2, 28))
    (entry,) = await list_latest(office.office.database, limit=1, kind=LogKind.OBLIGED)
    assert b'"counts_on":"2026-03-03"' in entry.statement


async def test_a_day_cannot_lie_before_the_last_change_nor_ahead(office: Hands) -> None:
    """Steps go forward; on the same day the later one counts after the earlier one."""
    held = await office.give(assigned_on=date(2026, 3, 5))
    impossible = [("day-impossible", "on")]
    assert await faults(office, held.id, Act.FINISH, on=date(2026, 3, 4)) == impossible
    assert await faults(office, held.id, Act.FINISH, on=date(2026, 3, 11)) == impossible
    await act(office, held.id, Act.FINISH, on=date(2026, 3, 5))
    await act(office, held.id, Act.REOPEN, on=date(2026, 3, 5))
    assert await office.rows("SELECT standing FROM obligations") == [("open",)]


async def test_a_clock_that_was_set_back_does_not_turn_steps_around(office: Hands) -> None:
    """The later step counts from the earlier one's instant on, so that figures can be told as they were."""
    held = await office.give()
    await act(office, held.id, Act.FINISH)
    office.now -= timedelta(hours=3)
    await act(office, held.id, Act.REOPEN)
    at = await office.rows("SELECT at FROM obligation_steps ORDER BY id")
    assert at == sorted(at)
    (fact,) = await load_facts(office.office.database, as_of=day(3, 11))
    assert fact.standing is Standing.OPEN


@pytest.mark.parametrize("what", [act for act in Act if act is not Act.OPEN])
@pytest.mark.parametrize("standing", Standing)
async def test_what_can_happen_is_what_the_table_says(office: Hands, standing: Standing, what: Act) -> None:
    """Each act in each standing: carried out where the table has it, refused where it has not."""
    held = await office.give(kind=ObligationKind.PETITION)
    into = _INTO[standing]
    if into is not None:
        await act(office, held.id, into)
    office.now += timedelta(minutes=1)
    if what in NEXT[standing]:
        await act(office, held.id, what, reason="Lý do khác")
        assert await office.rows("SELECT standing FROM obligations") == [(NEXT[standing][what],)]
    else:
        assert [rule for rule, _ in await faults(office, held.id, what, **_enough(what))] == [
            "obligation-cannot"
        ]


def _enough(what: Act) -> dict[str, object]:
    return {"reason": "Lý do khác"} | ({"due_on": date(2026, 5, 30)} if what is Act.EXTEND else {})


async def test_only_what_citizens_wrote_is_passed_on_or_guided(office: Hands) -> None:
    """A task is done, or it is not."""
    held = await office.give()
    for what in (Act.PASS_ON, Act.GUIDE):
        assert [rule for rule, _ in await faults(office, held.id, what)] == ["obligation-cannot"]


async def test_an_act_said_again_changes_nothing(office: Hands) -> None:
    """By the same, with the same words, while nothing else has happened; by another it is another act."""
    held = await office.give()
    for _ in range(2):
        await act(office, held.id, Act.EXTEND, may_repeat=True)
    for _ in range(2):
        await act(office, held.id, Act.FINISH, may_repeat=True)
    assert await office.rows("SELECT act FROM obligation_steps ORDER BY id") == [
        ("open",),
        ("extend",),
        ("finish",),
    ]
    with pytest.raises(Refusal):
        await office.duties.move(held.id, Act.FINISH, by="nguoi-khac", may_repeat=True)
    with pytest.raises(Refusal):  # to a person who does it twice it is said that it was done
        await act(office, held.id, Act.FINISH)


@pytest.mark.parametrize("what", sorted(REASON_OWED))
async def test_a_reason_is_owed_for_what_spares_somebody_work(office: Hands, what: Act) -> None:
    """More time, no work at all, or work done that is done no longer: somebody says why."""
    held = await office.give()
    if what is Act.REOPEN:
        await act(office, held.id, Act.FINISH)
    wrong = [("reason-missing", "reason")]
    wrong += [("day-missing", "due_on")] if what is Act.EXTEND else []
    assert await faults(office, held.id, what, reason=" \u200b ") == wrong


async def test_everything_wrong_with_an_act_is_told_at_once(office: Hands) -> None:
    """A finish that would move the day it is due is none."""
    held = await office.give()
    told = await faults(
        office, held.id, Act.FINISH, reason="x" * 1001, due_on=date(2026, 5, 30), on=date(2026, 4, 1)
    )
    assert told == [("too-long", "reason"), ("day-unexpected", "due_on"), ("day-impossible", "on")]
    told = await faults(office, held.id, Act.EXTEND, reason="Lý do", due_on=date(2026, 3, 1))
    assert told == [("day-impossible", "due_on")]


async def test_what_one_may_not_see_is_not_there(office: Hands) -> None:
    """Unknown and not one's own are told alike."""
    held = await office.give()
    unknown = [("obligation-unknown", "id")]
    assert await faults(office, ObligationId("none"), Act.FINISH) == unknown
    assert await faults(office, held.id, Act.FINISH, allowed=lambda each: each.agency == HEALTH) == unknown
    await act(office, held.id, Act.FINISH, allowed=lambda each: each.agency == FINANCE)


async def test_an_alias_is_the_agency(office: Hands) -> None:
    """H57 and 000.00.00.H57 give the same task."""
    first = await office.give(assigned_by=PROVINCE)
    assert (await office.duties.give(given(assigned_by=AgencyCode("H57")), by="ai-do")).id == first.id
