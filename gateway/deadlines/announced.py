"""Whether a year's calendar can be relied on: known, whole, and announced."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

from gateway.deadlines.calendar import CalendarDay, DayKind
from gateway.deadlines.calendar_text import LEAST_DAYS_OFF

PROVISIONAL = "dự kiến"
"""In a day's name: no announcement of it was seen."""


class YearStanding(StrEnum):
    """How much is known of a year."""

    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"
    PROVISIONAL = "provisional"
    ANNOUNCED = "announced"


def judge_year(days: Sequence[CalendarDay]) -> YearStanding:
    """Tell how much the special days of one year say."""
    if not days:
        return YearStanding.UNKNOWN
    if sum(each.kind is DayKind.OFF for each in days) < LEAST_DAYS_OFF:
        return YearStanding.INCOMPLETE
    if any(is_provisional(each) for each in days):
        return YearStanding.PROVISIONAL
    return YearStanding.ANNOUNCED


def is_provisional(day: CalendarDay) -> bool:
    """Tell whether a day was not announced when it was written down."""
    return PROVISIONAL in day.name.lower()


def wanted_year(years: Mapping[int, Sequence[CalendarDay]], today: date, within: timedelta) -> int | None:
    """Return the next year when it begins within a time and its calendar is not announced; else None.

    Shape: within nothing is never.
    """
    coming = today.year + 1
    if not within or date(coming, 1, 1) - today > within:
        return None
    return None if judge_year(years.get(coming, ())) is YearStanding.ANNOUNCED else coming
