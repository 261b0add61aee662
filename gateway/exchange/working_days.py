"""The working calendar at hand: which days are worked, as of the last second; and whole years replaced."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time
from hashlib import sha256
from itertools import chain
from time import monotonic

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
                    sha256=sha256(write_calendar(year_days)).hexdigest(),
                )
                append_entry(tables, entry)
            return changed

        changed = await self.database.write(act)
        passed(Point.CALENDAR_REPLACED)
        self._looked_at = float("-inf")
        return changed

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)
