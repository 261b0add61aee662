"""The working calendar at hand: which days are worked, as of the last second; and whole years replaced."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from hashlib import sha256
from itertools import chain
from time import monotonic
from typing import TypeVar

from gateway.deadlines.calendar import CalendarDay, DayKind, WorkingCalendar
from gateway.deadlines.calendar_text import write_calendar
from gateway.evidence.receipts import JSON
from gateway.exchange.notary import Notary
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import calendar as tables_of_calendar
from gateway.store.audit_log import append_entry
from gateway.store.calendar import Years, load_calendar
from gateway.store.database import Database
from gateway.store.tables import Tables

Result = TypeVar("Result")

_FRESH_SECONDS = 1.0


async def load_working_calendar(database: Database, noon: time) -> WorkingCalendar:
    """Load the calendar as it is now."""
    years = await load_calendar(database)
    return WorkingCalendar.of(chain.from_iterable(years.values()), noon=noon)


@dataclass(slots=True, kw_only=True)
class WorkingDays:
    """Keeps the newest calendar at hand, and replaces years of it with an entry in the audit log."""

    database: Database
    notary: Notary
    noon: time
    _calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    _looked_at: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self, *, certainly: bool = False) -> WorkingCalendar:
        """Return the calendar as of the last second; as of now when `certainly`."""
        # One load for all who ask at once.
        async with self._looking:
            if certainly or monotonic() - self._looked_at > _FRESH_SECONDS:
                self._calendar = await load_working_calendar(self.database, self.noon)
                self._looked_at = monotonic()
            return self._calendar

    @property
    def known(self) -> WorkingCalendar:
        """Return the calendar as it was looked at last, for those who cannot wait."""
        return self._calendar

    async def replace_years(self, days: Iterable[CalendarDay], *, by: str, at: datetime) -> Years:
        """Replace every year of which days are given, and return those that are different now."""

        def act(tables: Tables) -> Years:
            changed = tables_of_calendar.replace_years(tables, days)
            for year, year_days in changed.items():
                kinds = Counter(each.kind for each in year_days)
                entry = self._entry(
                    "calendar-replaced",
                    by=by,
                    at=at,
                    year=year,
                    off=kinds[DayKind.OFF],
                    worked=kinds[DayKind.WORKED],
                    half=kinds[DayKind.HALF],
                    sha256=sha256(write_calendar(year_days)).hexdigest(),
                )
                append_entry(tables, entry)
            return changed

        return await self._write(act)

    async def put_day(self, day: CalendarDay, *, by: str, at: datetime) -> bool:
        """Write one day, whatever it was before; tell whether that changes anything.

        Shape: its year is from then on as it is here, and not as a newer program brings it.
        """
        entry = self._entry(
            "calendar-day",
            by=by,
            at=at,
            day=day.day.isoformat(),
            day_kind=day.kind.value,
            name=day.name,
        )
        return await self._change_year(day.day, day, entry)

    async def remove_day(self, day: date, *, by: str, at: datetime) -> bool:
        """Let a day be again as its weekday says; tell whether that changes anything."""
        entry = self._entry("calendar-day-removed", by=by, at=at, day=day.isoformat())
        return await self._change_year(day, None, entry)

    async def _change_year(self, day: date, to: CalendarDay | None, entry: LogEntry) -> bool:
        def act(tables: Tables) -> bool:
            known = tables_of_calendar.days_of_year(tables, day.year)
            days = [each for each in known if each.day != day] + ([] if to is None else [to])
            if not tables_of_calendar.replace_year(tables, day.year, days, known=known):
                return False
            append_entry(tables, entry)
            return True

        return await self._write(act)

    async def _write(self, act: Callable[[Tables], Result]) -> Result:
        result = await self.database.write(act)
        passed(Point.CALENDAR_REPLACED)
        self._looked_at = float("-inf")
        return result

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)
