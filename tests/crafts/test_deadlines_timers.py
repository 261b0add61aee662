"""The timers: the first instant that is too late, over nights, weekends and Tết."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines import timers
from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.timers import TimerRules
from gateway.model.formats import VIETNAM, local_day
from gateway.store.calendar import shipped_calendar

CALENDAR = WorkingCalendar.of(day for days in shipped_calendar().values() for day in days)
RULES = TimerRules()
OFFICE_HOURS = TimerRules(received_until=time(17))
instants = st.datetimes(
    datetime(2024, 1, 1), datetime(2027, 12, 1), timezones=st.just(VIETNAM), allow_imaginary=False
)


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), VIETNAM)


@pytest.mark.parametrize(
    ("promulgated_on", "morning"),
    [
        (date(2026, 11, 26), date(2026, 11, 27)),
        (date(2026, 11, 27), date(2026, 11, 30)),
        (date(2026, 2, 13), date(2026, 2, 23)),
        (date(2026, 2, 14), date(2026, 2, 23)),
        (date(2026, 8, 21), date(2026, 8, 22)),
        (date(2026, 8, 22), date(2026, 8, 24)),
        (date(2025, 12, 31), date(2026, 1, 5)),
    ],
)
def test_a_document_is_sent_by_the_next_working_days_noon(promulgated_on: date, morning: date) -> None:
    """On a Friday, before Tết, on a Saturday that is worked, on the year's last day."""
    assert timers.send_by(promulgated_on, CALENDAR) == at(morning, 12)


def test_what_is_urgent_does_not_wait_for_the_morning() -> None:
    """Sent and assigned within minutes, on a Sunday as well."""
    sunday = at(date(2026, 11, 29), 22)
    assert timers.send_urgent_by(sunday, RULES) == sunday + timedelta(minutes=15)
    assert timers.assign_by(sunday, CALENDAR, RULES, urgent=True) == sunday + timedelta(minutes=15)


def test_an_arrival_is_told_within_a_poll_and_a_minute() -> None:
    """However often the axis is asked."""
    noon = at(date(2026, 11, 26), 12)
    assert timers.tell_arrival_by(noon, TimerRules(polled_every=timedelta(minutes=5))) == noon + timedelta(
        minutes=6
    )


@pytest.mark.parametrize(
    ("rules", "arrived_at", "limit"),
    [
        (RULES, at(date(2026, 11, 26), 0), at(date(2026, 11, 27))),
        (RULES, at(date(2026, 11, 26), 23, 59), at(date(2026, 11, 27))),
        (RULES, at(date(2026, 11, 28), 8), at(date(2026, 12, 1))),
        (RULES, at(date(2026, 2, 14), 8), at(date(2026, 2, 24))),
        (RULES, at(date(2026, 8, 22), 8), at(date(2026, 8, 23))),
        (OFFICE_HOURS, at(date(2026, 11, 26), 8), at(date(2026, 11, 26), 17)),
        (OFFICE_HOURS, at(date(2026, 11, 26), 17), at(date(2026, 11, 27), 17)),
        (OFFICE_HOURS, at(date(2026, 11, 27), 18), at(date(2026, 11, 30), 17)),
    ],
)
def test_a_document_is_received_or_declined_the_same_day(
    rules: TimerRules, arrived_at: datetime, limit: datetime
) -> None:
    """What arrives when nobody works counts as arriving on the next working day."""
    assert timers.receive_by(arrived_at, CALENDAR, rules) == limit


def test_what_comes_in_the_afternoon_of_a_half_day_comes_on_the_next() -> None:
    """On a Saturday on which there is work until noon."""
    saturday = date(2026, 3, 7)
    calendar = WorkingCalendar(half=frozenset({saturday}))
    assert timers.receive_by(at(saturday, 9), calendar, RULES) == at(saturday, 12)
    assert timers.receive_by(at(saturday, 13), calendar, RULES) == at(date(2026, 3, 10))
    assert calendar.working_days_between(date(2026, 3, 6), date(2026, 3, 8)) == 1


def test_a_document_is_assigned_by_the_end_of_the_next_working_day() -> None:
    """Received on a Friday: until Monday's end."""
    friday = at(date(2026, 11, 27), 9)
    assert timers.assign_by(friday, CALENDAR, RULES, urgent=False) == at(date(2026, 12, 1))


def test_what_is_due_on_a_day_is_due_until_that_day_has_ended() -> None:
    """Whoever named a Sunday meant it."""
    assert timers.finish_by(date(2026, 11, 29)) == at(date(2026, 11, 30))


@pytest.mark.parametrize(("count", "last"), [(1, date(2026, 2, 23)), (3, date(2026, 2, 25))])
def test_a_recall_is_answered_within_so_many_working_days(count: int, last: date) -> None:
    """Come on the Friday before Tết."""
    rules = TimerRules(recall_answered_within_working_days=count)
    friday = at(date(2026, 2, 13), 16)
    assert timers.answer_recall_by(friday, CALENDAR, rules) == at(last + timedelta(days=1))


def test_a_status_leaves_before_operators_are_told_that_it_is_stuck() -> None:
    """Whoever set that to never has no such limit."""
    noon = at(date(2026, 11, 26), 12)
    assert timers.tell_status_by(noon, RULES) == noon + timedelta(hours=1)
    assert timers.tell_status_by(noon, TimerRules(stuck_after=timedelta())) is None


@given(instants, instants)
def test_no_limit_has_passed_already_and_who_comes_later_is_not_due_earlier(
    one: datetime, other: datetime
) -> None:
    """Each of them, whenever it starts."""
    one, other = sorted((one, other))
    for rules in (RULES, OFFICE_HOURS):
        for limit in (
            lambda it, rules=rules: timers.receive_by(it, CALENDAR, rules),
            lambda it, rules=rules: timers.assign_by(it, CALENDAR, rules, urgent=False),
            lambda it, rules=rules: timers.answer_recall_by(it, CALENDAR, rules),
            lambda it: timers.send_by(local_day(it), CALENDAR),
        ):
            assert one < limit(one) <= limit(other)
