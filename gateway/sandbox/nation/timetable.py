"""When people in the nation act: some moments of each working day, numbered through."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property

from gateway.model.formats import VIETNAM
from gateway.sandbox.nation.holidays import Holidays, read_holidays

# Few moments with many acts each: the acts of a moment travel together, and the clock waits for the last.
_HOURS = (time(8, 15), time(9, 30), time(10, 45), time(14, 0), time(15, 30))
_OPENING = time(7, 30)


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """The moments between two days, both included."""

    first: date
    last: date
    holidays: Holidays = field(default_factory=read_holidays)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Return the working days."""
        return self.holidays.worked_between(self.first, self.last)

    @property
    def count(self) -> int:
        """Count the moments."""
        return len(self.days) * len(_HOURS)

    def day(self, moment: int) -> date:
        """Tell on which day a moment is."""
        return self.days[moment // len(_HOURS)]

    def at(self, moment: int) -> datetime:
        """Tell when a moment is. Shape: in UTC, as every instant of a node is."""
        return _instant(self.day(moment), _HOURS[moment % len(_HOURS)])

    def opening(self, moment: int) -> datetime:
        """Tell when the day of a moment begins, before anybody acts."""
        return _instant(self.day(moment), _OPENING)

    def first_moment(self, day: date) -> int:
        """Return the first moment of a working day."""
        return self.days.index(day) * len(_HOURS)

    def last_moment(self, day: date) -> int:
        """Return the last moment by the end of a day; -1 when there was none."""
        return bisect_right(self.days, day) * len(_HOURS) - 1


def _instant(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, VIETNAM).astimezone(UTC)
