"""When people in the nation act: some moments of each working day, numbered through."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from gateway.deadlines.calendar import WorkingCalendar
from gateway.model.formats import VIETNAM

# Few moments with many acts each: the acts of a moment travel together, and the clock waits for the last.
_HOURS = (time(8, 15), time(9, 30), time(10, 45), time(14, 0), time(15, 30))


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """The moments between two days, both included."""

    first: date
    last: date
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Return the working days."""
        count = (self.last - self.first).days + 1
        days = (self.first + timedelta(days=number) for number in range(count))
        return tuple(day for day in days if self.calendar.is_working(day))

    @property
    def count(self) -> int:
        """Count the moments."""
        return len(self.days) * len(_HOURS)

    def day(self, moment: int) -> date:
        """Tell on which day a moment is."""
        return self.days[moment // len(_HOURS)]

    def at(self, moment: int) -> datetime:
        """Tell when a moment is. Shape: in UTC, as every instant of a node is."""
        hour = _HOURS[moment % len(_HOURS)]
        return datetime.combine(self.day(moment), hour, VIETNAM).astimezone(UTC)

    def last_moment(self, day: date) -> int:
        """Return the last moment by the end of a day; -1 when there was none."""
        return bisect_right(self.days, day) * len(_HOURS) - 1
