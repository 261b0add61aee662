"""Dates and instants as producers write them, and as we write them.

Source: QCVN 102:2016 writes ``yyyy/MM/dd`` and ``yyyy/MM/dd HH:mm:ss`` in local time; systems in the
field write the day first, hyphens, ISO 8601 and epoch milliseconds as well.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))

# Where four digits stand tells the order: a year in the last place always has the day before the month.
_FORM = re.compile(
    r"(?:(?P<y>\d{4})[/.-](?P<m>\d{1,2})[/.-](?P<d>\d{1,2})|(?P<d2>\d{1,2})[/.-](?P<m2>\d{1,2})[/.-](?P<y2>\d{4}))"
    r"(?:(?:T|\s+)(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}/\d{2}/\d{2}", re.ASCII)
_INSTANT = re.compile(r"\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_EARLIEST_YEAR = 1900
_EPOCH_MILLISECONDS = re.compile(r"\d{12,13}", re.ASCII)


def read_date(text: str) -> date | None:
    """Read a date in any known form; a time of day behind it is dropped. None when it is none."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*_year_month_day(found))
    except ValueError:
        return None


def read_instant(text: str) -> datetime | None:
    """Read an instant in any known form, None when it is none.

    Shape: aware, UTC. Without a zone, Vietnamese time is meant; without a time of day, midnight.
    """
    try:
        if _EPOCH_MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = _FORM.fullmatch(text)
        return None if found is None else _instant(found)
    except (ValueError, OverflowError):
        return None


def is_strict_date(text: str) -> bool:
    """Tell whether the text has the standard's own form of a date."""
    return _DATE.fullmatch(text) is not None


def is_strict_instant(text: str) -> bool:
    """Tell whether the text has the standard's own form of an instant."""
    return _INSTANT.fullmatch(text) is not None


def write_date(day: date) -> str:
    """Write a date as the standard does."""
    return f"{day.year:04}/{day.month:02}/{day.day:02}"


def write_instant(at: datetime) -> str:
    """Write an aware instant as the standard does, in Vietnamese time."""
    local = at.astimezone(VIETNAM)
    return f"{write_date(local)} {local:%H:%M:%S}"


def _year_month_day(found: re.Match[str]) -> tuple[int, int, int]:
    first = found["y"] is not None
    year, month, day = (
        found["y" if first else "y2"],
        found["m" if first else "m2"],
        found["d" if first else "d2"],
    )
    # A lenient parser elsewhere makes 0036/04/11 of 30/10/2020; that is no date of ours.
    if int(year) < _EARLIEST_YEAR:
        raise ValueError("a year before there were offices")
    return int(year), int(month), int(day)


def _instant(found: re.Match[str]) -> datetime:
    microseconds = int((found["part"] or "").ljust(6, "0")[:6])
    clock = (int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0), microseconds)
    local = datetime(*_year_month_day(found), *clock, tzinfo=_zone(found["zone"]))
    return local.astimezone(UTC)


def _zone(text: str | None) -> timezone:
    if text is None:
        return VIETNAM
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
