"""When an agency is reminded of what it owes, and who gave it of what is long overdue.

A stage is a number of working days after the due day: -3 is three before it, 0 the last day on which work
can still be in time. Each is told once for each due day; of several that were missed only the last is told.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from gateway.deadlines.calendar import WorkingCalendar
from gateway.model.formats import VIETNAM
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationKind, Standing

_DAY = timedelta(days=1)


class Audience(StrEnum):
    """Who is reminded: the agency that owes, or the one that gave what another owes."""

    OWING = "owing"
    ASSIGNING = "assigning"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderRules:
    """When a house reminds.

    Shape: before and after are stages, both as positive numbers; then_every comes behind the last of after;
    0 of then_every and escalate_after is never. at is an hour in Vietnam.
    Units: working days.
    """

    kinds: Set[ObligationKind] = frozenset(ObligationKind)
    at: time = time(8)
    before: tuple[int, ...] = (3, 1)
    on_the_day: bool = True
    after: tuple[int, ...] = (1,)
    then_every: int = 5
    escalate_after: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One obligation that somebody is reminded of. position is where the day stands, stage what is told."""

    obligation: Obligation
    audience: Audience
    stage: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that one agency is reminded of on one day.

    Shape: overdue_count is of all that it owes and is overdue, told before or not.
    """

    agency: AgencyCode
    day: date
    reminders: tuple[Reminder, ...]
    overdue_count: int

    @property
    def overdue(self) -> tuple[Reminder, ...]:
        """List what the agency owes and is overdue."""
        return tuple(each for each in self._owed if each.position > 0)

    @property
    def last_day(self) -> tuple[Reminder, ...]:
        """List what the agency owes and can be done in time only today."""
        return tuple(each for each in self._owed if each.position == 0)

    @property
    def soon(self) -> tuple[Reminder, ...]:
        """List what the agency owes in the next days."""
        return tuple(each for each in self._owed if each.position < 0)

    @property
    def escalated(self) -> tuple[Reminder, ...]:
        """List what the agency gave to others and is long overdue."""
        return tuple(each for each in self.reminders if each.audience is Audience.ASSIGNING)

    @property
    def _owed(self) -> tuple[Reminder, ...]:
        return tuple(each for each in self.reminders if each.audience is Audience.OWING)


def is_time(at: datetime, calendar: WorkingCalendar, rules: ReminderRules) -> bool:
    """Tell whether reminders go out at an instant: on a working day, from the hour on."""
    local = at.astimezone(VIETNAM)
    return calendar.is_working(local.date()) and local.time() >= rules.at


def position_of(due_on: date, today: date, calendar: WorkingCalendar) -> int:
    """Tell how many working days a working day lies after a due day; negative when before it.

    Shape: 0 is the due day itself; where that is a day off, the last working day before it.
    """
    return calendar.working_days_between(due_on, today)


def remind(
    obligation: Obligation,
    audience: Audience,
    *,
    told: int | None,
    today: date,
    calendar: WorkingCalendar,
    rules: ReminderRules,
) -> Reminder | None:
    """Tell what an audience is to be reminded of on a working day; None when of nothing.

    Shape: told is the last stage that was told for the present due day. What came today is known today.
    """
    if obligation.standing is not Standing.OPEN or obligation.due_on is None:
        return None
    if obligation.kind not in rules.kinds or obligation.assigned_on >= today:
        return None
    position = position_of(obligation.due_on, today, calendar)
    stage = _reached(position, audience, rules)
    if stage is None or (told is not None and stage <= told):
        return None
    return Reminder(obligation=obligation, audience=audience, stage=stage, position=position)


def _reached(position: int, audience: Audience, rules: ReminderRules) -> int | None:
    """Tell the last stage that has come. One before the due day means nothing once that is over."""
    if audience is Audience.ASSIGNING:
        return rules.escalate_after if 0 < rules.escalate_after <= position else None
    stages = _stages_before(rules) if position <= 0 else _stages_after(position, rules)
    return max((stage for stage in stages if stage <= position), default=None)


def _stages_before(rules: ReminderRules) -> list[int]:
    return [-days for days in rules.before] + [0] * rules.on_the_day


def _stages_after(position: int, rules: ReminderRules) -> list[int]:
    last = max(rules.after, default=0)
    if not rules.then_every or position < last + rules.then_every:
        return list(rules.after)
    return [position - (position - last) % rules.then_every]


def last_due_day(today: date, calendar: WorkingCalendar, rules: ReminderRules) -> date:
    """Tell the last due day of which anybody can be reminded on a working day."""
    return calendar.after(today, max(rules.before, default=0) + 1) - _DAY


def last_escalated_day(today: date, calendar: WorkingCalendar, rules: ReminderRules) -> date | None:
    """Tell the last due day that is overdue for so long that who assigned it is told; None for never."""
    if not rules.escalate_after:
        return None
    return calendar.after(today, 1 - rules.escalate_after) - _DAY
