"""On which days the nation works, told from the list of days that comes with the program, and nothing else.

Written anew on purpose: the list is read here in a way of its own, and what offices make of it is not asked.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

_DAY = timedelta(days=1)
_FRIDAY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """The days that are not as their weekday says. Shape: worked are Saturdays and Sundays."""

    off: frozenset[date]
    worked: frozenset[date]

    def is_worked(self, day: date) -> bool:
        """Tell whether anybody works."""
        return day in self.worked if day.weekday() > _FRIDAY else day not in self.off

    def worked_between(self, first: date, last: date) -> tuple[date, ...]:
        """List the days on which there is work, both ends included."""
        days = (first + number * _DAY for number in range((last - first).days + 1))
        return tuple(day for day in days if self.is_worked(day))


@cache
def read_holidays() -> Holidays:
    """Read the list that comes with the program."""
    text = files("gateway.deadlines").joinpath("vietnam.csv").read_text("utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    found = {
        kind: frozenset(date.fromisoformat(row["day"]) for row in rows if row["kind"] == kind)
        for kind in ("off", "worked")
    }
    return Holidays(off=found["off"], worked=found["worked"])
