"""Reminders come on working days, each stage once, and none late that a later one has overtaken."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.digest import report_of, title_of
from gateway.deadlines.reminders import (
    Audience,
    Digest,
    Reminder,
    ReminderRules,
    is_time,
    last_due_day,
    last_escalated_day,
    remind,
)
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationId, ObligationKind, Standing

DAY = timedelta(days=1)
# Tết 2026 as it was decided, from Saturday 14 to Sunday 22 February; Saturday the 28th is worked instead.
TET = WorkingCalendar(
    off=frozenset(date(2026, 2, 14) + n * DAY for n in range(9)), worked=frozenset({date(2026, 2, 28)})
)
RULES = ReminderRules()


def task(due_on: date | None, **more: object) -> Obligation:
    """A task given long ago."""
    facts: dict[str, object] = {
        "id": ObligationId("1"),
        "kind": ObligationKind.TASK,
        "agency": AgencyCode("H57.8"),
        "reference": "7/SYT-VP",
        "subject": "Báo cáo",
        "assigned_at": datetime(2026, 1, 5, tzinfo=UTC),
        "assigned_by": AgencyCode("H57.12"),
        "due_on": due_on,
    }
    return Obligation(**facts | more)  # type: ignore[arg-type]


@dataclass
class Desk:
    """Somebody who is reminded day by day and remembers each stage with its due day."""

    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    rules: ReminderRules = RULES
    told: list[tuple[date, date, int]] = field(default_factory=list)

    def look(self, owed: Obligation, today: date, audience: Audience = Audience.OWING) -> Reminder | None:
        stages = [stage for _, due_on, stage in self.told if due_on == owed.due_on]
        found = remind(
            owed,
            audience,
            told=max(stages, default=None),
            today=today,
            calendar=self.calendar,
            rules=self.rules,
        )
        if found is not None:
            assert owed.due_on is not None
            self.told.append((today, owed.due_on, found.stage))
        return found

    def live(
        self, owed: Obligation, first: date, last: date, audience: Audience = Audience.OWING
    ) -> list[tuple[date, int]]:
        """Look on every working day of a time; give the days on which something was told."""
        begin = len(self.told)
        for n in range((last - first).days + 1):
            if self.calendar.is_working(first + n * DAY):
                self.look(owed, first + n * DAY, audience)
        return [(day, stage) for day, _, stage in self.told[begin:]]


def test_each_stage_is_told_on_its_working_day() -> None:
    """Due on Thursday 12 March: the Monday and Wednesday before, the day, the day after, then each fifth."""
    told = Desk().live(task(date(2026, 3, 12)), date(2026, 3, 1), date(2026, 3, 31))
    assert told == [
        (date(2026, 3, 9), -3),
        (date(2026, 3, 11), -1),
        (date(2026, 3, 12), 0),
        (date(2026, 3, 13), 1),
        (date(2026, 3, 20), 6),
        (date(2026, 3, 27), 11),
    ]


def test_over_tet_working_days_are_counted_and_a_worked_saturday_is_one() -> None:
    """Due on the Tuesday after Tết: three working days before it lie in the week before Tết."""
    told = Desk(calendar=TET).live(task(date(2026, 2, 24)), date(2026, 2, 1), date(2026, 3, 5))
    assert told == [
        (date(2026, 2, 12), -3),
        (date(2026, 2, 23), -1),
        (date(2026, 2, 24), 0),
        (date(2026, 2, 25), 1),
        (date(2026, 3, 3), 6),  # five behind it: 26, 27, the worked Saturday 28, 2 and 3 March
    ]


def test_what_is_due_on_a_day_off_is_told_on_the_last_working_day_before() -> None:
    """On Friday it can still be done in time; on Monday it is one working day late."""
    desk = Desk(rules=replace(RULES, then_every=0))
    told = desk.live(task(date(2026, 3, 14)), date(2026, 3, 13), date(2026, 3, 31))
    assert told == [(date(2026, 3, 13), 0), (date(2026, 3, 16), 1)]
    in_tet = Desk(calendar=TET, rules=replace(RULES, then_every=0))
    told = in_tet.live(task(date(2026, 2, 18)), date(2026, 2, 13), date(2026, 2, 28))
    assert told == [(date(2026, 2, 13), 0), (date(2026, 2, 23), 1)]


def test_what_was_missed_is_not_told_when_something_later_is_due() -> None:
    """A node that was down from before the first stage to long after the day tells one thing."""
    told = Desk().live(task(date(2026, 3, 12)), date(2026, 4, 1), date(2026, 4, 2))
    assert told == [(date(2026, 4, 1), 11)]


def test_what_was_missed_is_told_late_when_nothing_later_is_due() -> None:
    """Three days before there was no node; two days before it says so."""
    desk = Desk()
    found = desk.look(task(date(2026, 3, 12)), date(2026, 3, 10))
    assert found is not None
    assert (found.stage, found.position) == (-3, -2)


def test_what_comes_before_the_day_means_nothing_after_it() -> None:
    """With nothing to be told after the day, an old obligation is left alone."""
    rules = replace(RULES, after=(), then_every=0)
    assert Desk(rules=rules).look(task(date(2026, 3, 12)), date(2026, 3, 13)) is None


def test_an_extension_starts_anew() -> None:
    """Every stage is told again for the new day, and none for the old one."""
    desk, owed = Desk(), task(date(2026, 3, 12))
    desk.live(owed, date(2026, 3, 1), date(2026, 3, 13))
    told = desk.live(replace(owed, due_on=date(2026, 3, 26)), date(2026, 3, 16), date(2026, 3, 27))
    assert [stage for _, stage in told] == [-3, -1, 0, 1]


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.OPEN])
def test_what_has_ended_is_told_no_more(standing: Standing) -> None:
    """However long overdue."""
    ended = task(date(2026, 3, 12), standing=standing, ended_at=datetime(2026, 3, 1, tzinfo=UTC))
    assert Desk().look(ended, date(2026, 3, 31)) is None


def test_what_came_today_or_has_no_day_is_not_told() -> None:
    """Who got it an hour ago knows; what is owed by no day is never late."""
    today = datetime(2026, 3, 12, 1, tzinfo=UTC)
    assert Desk().look(task(date(2026, 3, 12), assigned_at=today), date(2026, 3, 12)) is None
    assert Desk().look(task(None), date(2026, 3, 12)) is None


def test_who_assigned_it_is_told_once_when_it_is_long_overdue() -> None:
    """On the fifth working day after the day, and never again for that day."""
    told = Desk().live(task(date(2026, 3, 12)), date(2026, 3, 1), date(2026, 4, 30), Audience.ASSIGNING)
    assert told == [(date(2026, 3, 19), 5)]


@pytest.mark.parametrize(
    ("off", "left"),
    [
        ({"before": ()}, [0, 1, 6]),
        ({"on_the_day": False}, [-3, -1, 1, 6]),
        ({"after": ()}, [-3, -1, 0, 5, 10]),
        ({"then_every": 0}, [-3, -1, 0, 1]),
        ({"kinds": frozenset({ObligationKind.PETITION})}, []),
    ],
)
def test_each_kind_of_reminder_can_be_switched_off(off: dict[str, object], left: list[int]) -> None:
    """And nothing else changes."""
    desk = Desk(rules=replace(RULES, **off))  # type: ignore[arg-type]
    told = desk.live(task(date(2026, 3, 12)), date(2026, 3, 1), date(2026, 3, 26))
    assert [stage for _, stage in told] == left


def test_reminders_go_out_from_the_hour_on_of_a_working_day() -> None:
    """Eight in the morning in Vietnam is one at night in UTC."""
    friday = datetime(2026, 3, 13, tzinfo=UTC)
    assert not is_time(friday + timedelta(minutes=59), WorkingCalendar(), RULES)
    assert is_time(friday + timedelta(hours=1), WorkingCalendar(), RULES)
    assert not is_time(friday + timedelta(days=1, hours=1), WorkingCalendar(), RULES)
    assert is_time(datetime(2026, 2, 28, 1, tzinfo=UTC), TET, RULES)


calendars = st.builds(
    WorkingCalendar,
    off=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=15),
    worked=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=5),
)
all_rules = st.builds(
    ReminderRules,
    before=st.lists(st.integers(1, 8), max_size=3).map(tuple),
    on_the_day=st.booleans(),
    after=st.lists(st.integers(1, 8), max_size=3).map(tuple),
    then_every=st.integers(0, 6),
    escalate_after=st.integers(0, 9),
    at=st.just(time(8)),
)


@given(
    calendar=calendars,
    rules=all_rules,
    dues=st.lists(st.dates(date(2026, 1, 10), date(2026, 2, 20)), min_size=1, max_size=4),
    down=st.sets(st.integers(0, 89)),
    audience=st.sampled_from(Audience),
)
def test_nothing_is_told_twice_or_on_a_day_off_or_out_of_order(
    calendar: WorkingCalendar,
    rules: ReminderRules,
    dues: list[date],
    down: set[int],
    audience: Audience,
) -> None:
    """Whatever the calendar and the rules are, however often it is extended and the node is down."""
    desk = Desk(calendar=calendar, rules=rules)
    for n in range(90):
        day = date(2026, 1, 1) + n * DAY
        at = datetime.combine(day, time(3), UTC)
        if n not in down and is_time(at, calendar, rules):
            owed = task(dues[n * len(dues) // 90], assigned_at=datetime(2025, 12, 1, tzinfo=UTC))
            desk.look(owed, day, audience)
            desk.look(owed, day, audience)
    assert len({(due_on, stage) for _, due_on, stage in desk.told}) == len(desk.told)
    assert all(calendar.is_working(day) for day, _, _ in desk.told)
    for wanted in dues:
        stages = [stage for _, due_on, stage in desk.told if due_on == wanted]
        assert stages == sorted(stages)
    assert all((day > due_on) == (stage > 0) for day, due_on, stage in desk.told)


@given(
    calendar=calendars,
    rules=all_rules,
    due_on=st.dates(date(2026, 1, 1), date(2026, 3, 31)),
    n=st.integers(0, 89),
)
def test_who_looks_as_far_as_the_horizons_finds_everything(
    calendar: WorkingCalendar, rules: ReminderRules, due_on: date, n: int
) -> None:
    """What lies beyond them is not due, so that nobody need read it."""
    today = date(2026, 1, 1) + n * DAY
    if not calendar.is_working(today):
        return
    owed = task(due_on, assigned_at=datetime(2025, 12, 1, tzinfo=UTC))
    if due_on > last_due_day(today, calendar, rules):
        assert Desk(calendar=calendar, rules=rules).look(owed, today) is None
    escalated = last_escalated_day(today, calendar, rules)
    if escalated is None or due_on > escalated:
        assert Desk(calendar=calendar, rules=rules).look(owed, today, Audience.ASSIGNING) is None


def test_a_digest_says_in_a_line_and_in_tables_what_there_is() -> None:
    """Parts without anything are left out; what was told before is counted."""
    today = date(2026, 3, 19)
    due = {"late": date(2026, 3, 12), "now": today, "soon": date(2026, 3, 24)}
    found = [Desk().look(task(day, reference=name), today) for name, day in due.items()]
    given_away = Desk().look(task(due["late"], agency=AgencyCode("H57.9")), today, Audience.ASSIGNING)
    digest = Digest(
        agency=AgencyCode("H57.8"),
        day=today,
        reminders=tuple(each for each in (*found, given_away) if each is not None),
        overdue_count=5,
    )
    vi, en = title_of(digest)
    assert (
        vi == "Nhắc việc: 1 việc quá hạn, 1 việc đến hạn, 1 việc sắp đến hạn, 1 việc đã giao, để quá hạn lâu"
    )
    assert en == "Reminder: 1 overdue, 1 due now, 1 due soon, 1 assigned to others and long overdue"
    report = report_of(digest, issuer="UBND", names=str, as_of=datetime(2026, 3, 19, 1, tzinfo=UTC))
    assert [table.title[1] for table in report.tables] == [
        "Overdue",
        "Due now",
        "Due soon",
        "Assigned to others, long overdue",
    ]
    assert [table.rows[0][-1] for table in report.tables] == [5, 0, 3, 5]
    assert report.tables[3].rows[0][3] == "H57.9"
    assert "4 việc khác đã quá hạn" in report.summary[1][0]
