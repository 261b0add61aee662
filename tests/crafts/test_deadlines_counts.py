"""Counts of what is owed: each obligation in exactly one place, shares that nobody has to explain."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines.counts import (
    Account,
    Became,
    Counts,
    Fact,
    Period,
    Place,
    Resolved,
    count_fates,
    count_obligations,
    count_resolved,
    fact_of,
    place_of,
    share,
)
from gateway.deadlines.periods import name_period, read_period
from gateway.errors import Refusal
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Standing, Step, moved

HEALTH, FINANCE = AgencyCode("000.00.12.H57"), AgencyCode("000.00.08.H57")
QUARTER = Period(first=date(2026, 1, 1), last=date(2026, 3, 31))
TODAY = date(2026, 3, 20)


def fact(**changes: object) -> Fact:
    """A task assigned on 2 February, due on 1 March, open."""
    plain = Fact(
        kind=ObligationKind.TASK,
        agency=HEALTH,
        standing=Standing.OPEN,
        assigned_on=date(2026, 2, 2),
        due_on=date(2026, 3, 1),
        ended_on=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


DAYS = st.dates(date(2025, 10, 1), date(2026, 6, 30))


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    """Anything an agency may owe."""
    standing = draw(st.sampled_from(Standing))
    assigned_on = draw(DAYS)
    return Fact(
        kind=draw(st.sampled_from(ObligationKind)),
        agency=draw(st.sampled_from([HEALTH, FINANCE])),
        standing=standing,
        assigned_on=assigned_on,
        due_on=draw(st.none() | DAYS),
        ended_on=None
        if standing is Standing.OPEN
        else assigned_on + timedelta(days=draw(st.integers(0, 90))),
    )


COUNTED = st.lists(facts(), max_size=60).map(Counter)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, Place.OPEN_OVERDUE),
        ({"due_on": TODAY}, Place.OPEN_IN_TIME),
        ({"due_on": None}, Place.OPEN_IN_TIME),
        ({"standing": Standing.DONE, "ended_on": date(2026, 3, 1)}, Place.DONE_IN_TIME),
        ({"standing": Standing.DONE, "ended_on": date(2026, 3, 2)}, Place.DONE_LATE),
        ({"standing": Standing.DONE, "ended_on": date(2026, 3, 2), "due_on": None}, Place.DONE_IN_TIME),
        ({"standing": Standing.PASSED_ON, "ended_on": date(2026, 3, 2)}, Place.DONE_LATE),
    ],
)
def test_the_day_it_is_due_is_in_time_until_its_end(changes: dict[str, object], place: Place) -> None:
    """What is done or open on that day is in time, on the next it is not; without a day nothing is late."""
    assert place_of(fact(**changes), TODAY) is place


@given(COUNTED)
def test_assigned_is_the_sum_of_the_four(counted: Counter[Fact]) -> None:
    """Whatever there is: each that was assigned in the period and not cancelled is counted once."""
    accounts = count_obligations(counted, ObligationKind.TASK, period=QUARTER, today=TODAY)
    for agency in (HEALTH, FINANCE):
        assigned = sum(
            count
            for each, count in counted.items()
            if each.kind is ObligationKind.TASK
            and each.agency == agency
            and each.assigned_on in QUARTER
            and each.standing is not Standing.CANCELLED
        )
        counts = accounts.get(agency, Account()).assigned
        assert counts.assigned == assigned
        assert counts.assigned == (
            counts.done_in_time + counts.done_late + counts.open_in_time + counts.open_overdue
        )


@given(COUNTED)
def test_what_was_brought_along_is_counted_apart_and_never_twice(counted: Counter[Fact]) -> None:
    """It was assigned before and had not ended when the period began."""
    accounts = count_obligations(counted, ObligationKind.TASK, period=QUARTER, today=TODAY)
    carried = sum(account.carried_over.assigned for account in accounts.values())
    expected = [
        count
        for each, count in counted.items()
        if each.kind is ObligationKind.TASK
        and each.standing is not Standing.CANCELLED
        and each.assigned_on < QUARTER.first
        and (each.ended_on is None or each.ended_on >= QUARTER.first)
    ]
    assert carried == sum(expected)


def test_the_published_counts_add_up() -> None:
    """149 assigned: 99 done in time, 1 late, 47 in progress in time, 2 overdue."""
    counted = Counter(
        {
            fact(standing=Standing.DONE, ended_on=date(2026, 2, 20)): 99,
            fact(standing=Standing.DONE, ended_on=date(2026, 3, 5)): 1,
            fact(due_on=date(2026, 4, 1)): 47,
            fact(): 2,
            fact(standing=Standing.CANCELLED, ended_on=date(2026, 3, 5)): 7,
        }
    )
    counts = count_obligations(counted, ObligationKind.TASK, period=QUARTER, today=TODAY)[HEALTH].assigned
    assert counts == Counts(done_in_time=99, done_late=1, open_in_time=47, open_overdue=2)
    assert counts.assigned == 149


def test_dossiers_are_counted_by_the_day_they_were_resolved() -> None:
    """Early, on the day, late; one received earlier and resolved in the period is among them."""
    dossier = fact(kind=ObligationKind.DOSSIER)
    counted = Counter(
        {
            replace(dossier, standing=Standing.DONE, ended_on=date(2026, 2, 3)): 3,
            replace(dossier, standing=Standing.DONE, ended_on=date(2026, 3, 1)): 2,
            replace(dossier, standing=Standing.DONE, ended_on=date(2026, 3, 2)): 1,
            replace(
                dossier, standing=Standing.DONE, assigned_on=date(2025, 12, 1), ended_on=date(2026, 1, 5)
            ): 1,
            replace(dossier, standing=Standing.DONE, ended_on=date(2026, 4, 2)): 5,
            dossier: 4,
        }
    )
    resolved = count_resolved(counted, ObligationKind.DOSSIER, period=QUARTER, today=TODAY)[HEALTH]
    assert resolved == Resolved(received=15, early=4, on_the_day=2, late=1, open_overdue=4)
    assert resolved.on_time_rate == Decimal("85.71")
    assert resolved.strict_rate == Decimal("54.55")


def test_of_nothing_there_is_no_share() -> None:
    """Neither 0 nor 100."""
    assert Resolved().on_time_rate is None
    assert share(0, 0) is None
    assert share(0, 3) == Decimal("0.00")


@pytest.mark.parametrize(("part", "whole", "told"), [(1, 3, "33.33"), (2, 3, "66.67"), (1, 800, "0.13")])
def test_shares_are_rounded_half_up(part: int, whole: int, told: str) -> None:
    """To two places."""
    assert share(part, whole) == Decimal(told)


def test_petitions_are_received_once_and_end_in_one_of_four_ways() -> None:
    """398 received: 201 passed on, 67 guided, the others resolved or open."""
    petition = fact(kind=ObligationKind.PETITION)
    counted = Counter(
        {
            replace(petition, standing=Standing.PASSED_ON, ended_on=date(2026, 2, 9)): 201,
            replace(petition, standing=Standing.GUIDED, ended_on=date(2026, 2, 9)): 67,
            replace(petition, standing=Standing.DONE, ended_on=date(2026, 2, 9)): 100,
            petition: 30,
        }
    )
    became = count_fates(counted, ObligationKind.PETITION, period=QUARTER)[HEALTH]
    assert became == Became(resolved=100, passed_on=201, guided=67, open=30)
    assert became.received == 398


def an_obligation() -> Obligation:
    """An open one."""
    at = datetime(2026, 2, 2, 18, 30, tzinfo=UTC)  # the 3rd in Vietnam
    return Obligation(
        id=ObligationId("1"),
        kind=ObligationKind.TASK,
        agency=HEALTH,
        reference="7/UBND-VX",
        subject="Báo cáo",
        assigned_at=at,
        due_on=date(2026, 3, 1),
        first_due_on=date(2026, 3, 1),
    )


def test_days_are_those_of_vietnam() -> None:
    """An evening in UTC is the next day there."""
    assert fact_of(an_obligation()).assigned_on == date(2026, 2, 3)


def test_a_day_put_off_leaves_the_first_on_record() -> None:
    """And what was ended and taken up again has no end."""
    at = datetime(2026, 2, 20, tzinfo=UTC)
    later = moved(an_obligation(), Step(act=Act.EXTEND, at=at, due_on=date(2026, 4, 1)))
    assert (later.due_on, later.first_due_on) == (date(2026, 4, 1), date(2026, 3, 1))
    done = moved(later, Step(act=Act.FINISH, at=at))
    assert (done.standing, done.ended_at) == (Standing.DONE, at)
    again = moved(done, Step(act=Act.REOPEN, at=at))
    assert (again.standing, again.ended_at, again.due_on) == (Standing.OPEN, None, date(2026, 4, 1))


def test_what_the_table_does_not_allow_is_refused() -> None:
    """Done cannot be done once more."""
    done = moved(an_obligation(), Step(act=Act.FINISH, at=datetime(2026, 2, 20, tzinfo=UTC)))
    with pytest.raises(Refusal, match="obligation-cannot"):
        moved(done, Step(act=Act.FINISH, at=datetime(2026, 2, 21, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("name", "first", "last", "vi", "en"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "tháng 2 năm 2026", "February 2026"),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30), "quý III năm 2026", "Q3 2026"),
        (
            "2026-9M",
            date(2026, 1, 1),
            date(2026, 9, 30),
            "9 tháng đầu năm 2026",
            "the first nine months of 2026",
        ),
        (
            "2026-H2",
            date(2026, 7, 1),
            date(2026, 12, 31),
            "6 tháng cuối năm 2026",
            "the last six months of 2026",
        ),
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "năm 2026", "2026"),
        (
            "2026-01-05..2026-02-10",
            date(2026, 1, 5),
            date(2026, 2, 10),
            "từ ngày 05/01/2026 đến ngày 10/02/2026",
            "from 2026-01-05 to 2026-02-10",
        ),
    ],
)
def test_periods_are_named_as_offices_name_them(name: str, first: date, last: date, vi: str, en: str) -> None:
    """Read, and said in both languages."""
    period = read_period(name)
    assert (period.first, period.last) == (first, last)
    assert name_period(period) == (vi, en)


@pytest.mark.parametrize(
    "name", ["", "2026-13", "2026-Q5", "quý 1", "2026-02-10..2026-01-05", "2026-02-30..2026-03-01"]
)
def test_what_is_no_period_is_refused(name: str) -> None:
    """With examples of what is one."""
    with pytest.raises(Refusal, match="period-unknown"):
        read_period(name)
