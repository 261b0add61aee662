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
    """What is special about a day: nobody works on it, or, though it is of a weekend, everybody."""

    OFF = "off"
    WORKED = "worked"


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
    day in both is one of them; noon is when a morning ends.
    """

    off: Set[date] = frozenset()
    worked: Set[date] = frozenset()
    noon: time = time(12)

    @classmethod
    def of(cls, days: Iterable[CalendarDay], *, noon: time = time(12)) -> "WorkingCalendar":
        """Make the calendar of the days that are special."""
        by_kind: dict[DayKind, set[date]] = {kind: set() for kind in DayKind}
        for each in days:
            by_kind[each.kind].add(each.day)
        return cls(off=frozenset(by_kind[DayKind.OFF]), worked=frozenset(by_kind[DayKind.WORKED]), noon=noon)

    def is_working(self, day: date) -> bool:
        """Tell whether offices work on a day."""
        return day in self.worked or (is_weekday(day) and day not in self.off)

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
        off = sum(first < day <= last and is_weekday(day) for day in self.off - self.worked)
        worked = sum(first < day <= last and not is_weekday(day) for day in self.worked)
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
