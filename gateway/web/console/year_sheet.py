"""A year of the working calendar as a page shows it: months, weeks, and what is special about a day."""

from calendar import Calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.deadlines.announced import is_provisional
from gateway.deadlines.calendar import DAY_KINDS, CalendarDay
from gateway.model.report import Words

WEEKDAYS: tuple[Words, ...] = (
    *(("Thứ Hai", "Monday"), ("Thứ Ba", "Tuesday"), ("Thứ Tư", "Wednesday"), ("Thứ Năm", "Thursday")),
    *(("Thứ Sáu", "Friday"), ("Thứ Bảy", "Saturday"), ("Chủ nhật", "Sunday")),
)
SHORT_WEEKDAYS: tuple[Words, ...] = (
    *(("T2", "Mo"), ("T3", "Tu"), ("T4", "We"), ("T5", "Th")),
    *(("T6", "Fr"), ("T7", "Sa"), ("CN", "Su")),
)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A day in its month. Shape: special is None for what is as its weekday says."""

    day: date
    special: CalendarDay | None

    @property
    def tone(self) -> str:
        """Tell how it is drawn: off, worked, half, weekend or nothing."""
        if self.special is not None:
            return self.special.kind.value
        return "weekend" if self.day.weekday() >= 5 else ""

    @property
    def kind(self) -> Words:
        """Say what is special about it."""
        assert self.special is not None  # noqa: S101 - asked of special days only
        return DAY_KINDS[self.special.kind]

    @property
    def weekday(self) -> Words:
        """Name its weekday."""
        return WEEKDAYS[self.day.weekday()]

    @property
    def is_provisional(self) -> bool:
        """Tell whether it was not announced when it was written down."""
        return self.special is not None and is_provisional(self.special)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSheet:
    """A month. Shape: weeks are of seven, from Monday; None lies in another month."""

    words: Words
    weeks: tuple[tuple[Square | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class YearSheet:
    """A year."""

    year: int
    special: Mapping[date, CalendarDay]

    @classmethod
    def of(cls, year: int, days: Sequence[CalendarDay]) -> "YearSheet":
        """Lay out a year."""
        return cls(year=year, special={each.day: each for each in days})

    @property
    def months(self) -> list[MonthSheet]:
        """List its months."""
        return [
            MonthSheet(words=(f"Tháng {number}", name), weeks=self._weeks(number))
            for number, name in enumerate(_MONTHS, 1)
        ]

    @property
    def listed(self) -> list[Square]:
        """List what is special."""
        return [self._square(day) for day in sorted(self.special)]

    def _weeks(self, month: int) -> tuple[tuple[Square | None, ...], ...]:
        weeks = Calendar().monthdatescalendar(self.year, month)
        return tuple(
            tuple(self._square(day) if day.month == month else None for day in week) for week in weeks
        )

    def _square(self, day: date) -> Square:
        return Square(day=day, special=self.special.get(day))
