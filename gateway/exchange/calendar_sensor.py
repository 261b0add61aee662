"""The sensor of the working calendar: are the days off of the next year known in time?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.deadlines.announced import wanted_year
from gateway.model.alert import AlertRule, Condition
from gateway.model.formats import local_day
from gateway.store.calendar import load_calendar
from gateway.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSensor:
    """Looks whether the next year, when it begins within a time, is known and announced."""

    database: Database
    within: timedelta

    async def look(self, at: datetime) -> list[Condition]:
        """Say so when it is not."""
        year = wanted_year(await load_calendar(self.database), local_day(at), self.within)
        if year is None:
            return []
        return [
            Condition(
                rule=AlertRule.CALENDAR_MISSING,
                subject=str(year),
                vi=f"Lịch làm việc năm {year} chưa có, chưa đủ hoặc còn dự kiến: hãy ghi hoặc nhập lịch.",
                en=f"The working calendar of {year} is missing, incomplete or not announced: import it.",
            )
        ]
