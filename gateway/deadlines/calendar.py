"""The working calendar: weekends, holidays, and the days that are worked in exchange for others.

Which days those are is data, decided anew every year: see calendar_text.py. Days and hours are Vietnam's.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from gateway.model.formats import VIETNAM, local_day

_DAY = timedelta(days=1)
_SATURDAY = 5


class DayKind(StrEnum):
    """What is special about a day: nobody works, or everybody though it is a weekend, or until noon."""

    OFF = "off"
    WORKED = "worked"
    HALF = "half"


DAY_KINDS: dict[DayKind, tuple[str, str]] = {
    DayKind.OFF: ("nghỉ", "off"),
    DayKind.WORKED: ("làm bù", "worked"),
    DayKind.HALF: ("làm buổi sáng", "half"),
}
"""What people call them, in Vietnamese and English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDay:
    """One day that is not as the weekday says, with its name: Tết Nguyên đán, nghỉ bù, làm bù."""

    day: date
    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Tells working days from others.

    Shape: off are days without work beside weekends; worked are weekend days on which there is work, and a
    day in both is one of them; on half days, of a weekend or not, there is work until noon, when a morning
    ends.
    """

    off: Set[date] = frozenset()
    worked: Set[date] = frozenset()
    half: Set[date] = frozenset()
    noon: time = time(12)

    @classmethod
    def of(cls, days: Iterable[CalendarDay], *, noon: time = time(12)) -> "WorkingCalendar":
        """Make the calendar of the days that are special."""
        by_kind: dict[DayKind, set[date]] = {kind: set() for kind in DayKind}
        for each in days:
            by_kind[each.kind].add(each.day)
        return cls(**{kind.value: frozenset(found) for kind, found in by_kind.items()}, noon=noon)

    def is_working(self, day: date) -> bool:
        """Tell whether offices work on a day."""
        return self._is_made_worked(day) or (is_weekday(day) and day not in self.off)

    def _is_made_worked(self, day: date) -> bool:
        return day in self.worked or day in self.half

    def closes_by(self, day: date, hour: time | None) -> datetime:
        """Return when work ends on a working day that usually ends at an hour, or with the day.

        Shape: on a half day at noon, unless it usually ends before.
        """
        if day in self.half:
            hour = min(hour or self.noon, self.noon)
        return end_of_day(day) if hour is None else datetime.combine(day, hour, VIETNAM)

    def next_working_day(self, day: date) -> date:
        """Return the first working day after a day."""
        return self.after(day, 1)

    def after(self, day: date, count: int) -> date:
        """Return the working day that comes count working days after a day; before it, when negative.

        Shape: where the years end, at 9999, the last day there is.
        """
        step = _DAY if count > 0 else -_DAY
        try:
            for _ in range(abs(count)):
                day += step
                while not self.is_working(day):
                    day += step
        except OverflowError:
            return date.max if count > 0 else date.min
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Count the working days after one day up to and with another; negative when it lies before."""
        if last < first:
            return -self.working_days_between(last, first)
        made_worked = self.worked | self.half
        off = sum(first < day <= last and is_weekday(day) for day in self.off - made_worked)
        worked = sum(first < day <= last and not is_weekday(day) for day in made_worked)
        return _weekdays_until(last) - _weekdays_until(first) - off + worked

    def end_of_next_morning(self, at: datetime | date) -> datetime:
        """Return the end of the morning of the next working day."""
        day = local_day(at) if isinstance(at, datetime) else at
        return datetime.combine(self.next_working_day(day), self.noon, VIETNAM)


def end_of_day(day: date) -> datetime:
    """Return the instant at which a day ends in Vietnam: it belongs to the next.

    Shape: of the last day there is, which people write for "never", the last instant.
    """
    if day == date.max:
        return datetime.max.replace(tzinfo=VIETNAM)
    return datetime.combine(day + _DAY, time(), VIETNAM)


def is_weekday(day: date) -> bool:
    """Tell whether a day is one from Monday to Friday."""
    return day.weekday() < _SATURDAY


def _weekdays_until(day: date) -> int:
    """Count the days from Monday to Friday up to and with a day, from the first one there is: a Monday."""
    weeks, rest = divmod(day.toordinal(), 7)
    return 5 * weeks + min(rest, 5)
