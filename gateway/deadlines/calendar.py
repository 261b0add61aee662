"""The working calendar: weekends, holidays, and the days that are worked in exchange for others.

Which days those are is data, decided anew every year: see `read_calendar`. Days and hours are Vietnam's.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.model.formats import VIETNAM, local_day

_DAY = timedelta(days=1)
_SATURDAY = 5
# A calendar without a working day for so long is a mistake, not a holiday.
_LONGEST_BREAK = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Tells working days from others.

    Shape: off are days without work beside weekends; worked are weekend days on which there is work; noon is
    when a morning ends.
    """

    off: Set[date] = frozenset()
    worked: Set[date] = frozenset()
    noon: time = time(12)

    def is_working(self, day: date) -> bool:
        """Tell whether offices work on a day."""
        return day in self.worked or (day.weekday() < _SATURDAY and day not in self.off)

    def next_working_day(self, day: date) -> date:
        """Return the first working day after a day."""
        for distance in range(1, _LONGEST_BREAK):
            if self.is_working(day + distance * _DAY):
                return day + distance * _DAY
        return day + _DAY

    def after(self, day: date, count: int) -> date:
        """Return the working day that comes count working days after a day; before it, when negative."""
        step = 1 if count > 0 else -1
        left = abs(count)
        for _ in range(abs(count) * 7 + _LONGEST_BREAK):
            if not left:
                break
            day += step * _DAY
            left -= self.is_working(day)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """Count the working days after one day up to and with another; negative when it lies before."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working(first + n * _DAY) for n in range(1, (last - first).days + 1))

    def end_of_next_morning(self, at: datetime | date) -> datetime:
        """Return the end of the morning of the next working day."""
        day = local_day(at) if isinstance(at, datetime) else at
        return datetime.combine(self.next_working_day(day), self.noon, VIETNAM)


def end_of_day(day: date) -> datetime:
    """Return the instant at which a day ends in Vietnam: it belongs to the next."""
    return datetime.combine(day + _DAY, time(), VIETNAM)
