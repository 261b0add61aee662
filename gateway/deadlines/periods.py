"""The periods offices report for: a month, a quarter, nine months, a year; named as people write them."""

import calendar
import re
from datetime import date, datetime, timedelta

from gateway.deadlines.calendar import end_of_day
from gateway.deadlines.counts import Period
from gateway.errors import Refusal

_NAME = re.compile(r"(?P<year>20\d\d)(?:-(?P<part>0[1-9]|1[0-2]|Q[1-4]|H[12]|9M))?", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)
_SPAN = re.compile(rf"({_DAY.pattern})\.\.({_DAY.pattern})", re.ASCII)
_CENTURY = range(2000, 2100)
_INSTANT = timedelta(microseconds=1)


def read_period(name: str) -> Period:
    """Read a period: ``2026-03``, ``2026-Q1``, ``2026-H1``, ``2026-9M``, ``2026``, or from a day to a day.

    Shape: days are ``2026-01-05..2026-02-10``.
    Errors: Refusal ``period-unknown``.
    """
    if (span := _SPAN.fullmatch(name)) is not None:
        try:
            first, last = date.fromisoformat(span[1]), date.fromisoformat(span[2])
        except ValueError:
            raise _unknown(name) from None
        if first > last:
            raise _unknown(name)
        return Period(first=first, last=last)
    named = _NAME.fullmatch(name)
    if named is None:
        raise _unknown(name)
    year, part = int(named["year"]), (named["part"] or "").upper()
    first_month, last_month = _months(part)
    last_day = calendar.monthrange(year, last_month)[1]
    return Period(first=date(year, first_month, 1), last=date(year, last_month, last_day))


def _months(part: str) -> tuple[int, int]:
    if part.startswith("Q"):
        return 3 * int(part[1]) - 2, 3 * int(part[1])
    if part.startswith("H"):
        return 6 * int(part[1]) - 5, 6 * int(part[1])
    if part == "9M":
        return 1, 9
    return (int(part), int(part)) if part else (1, 12)


def read_instant(text: str) -> datetime:
    """Read an instant with its offset, or a day, which is its end in Vietnam.

    Errors: Refusal ``instant-unknown``.
    """
    try:
        if _DAY.fullmatch(text):
            return end_of_day(date.fromisoformat(text)) - _INSTANT
        at = datetime.fromisoformat(text)
    except ValueError:
        raise _no_instant(text) from None
    if at.tzinfo is None or at.year not in _CENTURY:
        raise _no_instant(text)
    return at


def write_period(period: Period) -> str:
    """Write a period as `read_period` reads it, by its shortest name."""
    year = f"{period.first:%Y}"
    named = (f"{year}{part}" for part in ("", "-H1", "-H2", "-9M", *(f"-Q{n}" for n in range(1, 5))))
    months = (f"{year}-{month:02}" for month in range(1, 13))
    span = f"{period.first.isoformat()}..{period.last.isoformat()}"
    return next((name for name in (*named, *months) if read_period(name) == period), span)


def name_period(period: Period) -> tuple[str, str]:
    """Say a period in words, in Vietnamese and English."""
    first, last = period.first, period.last
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1 and first.year == last.year
    months = (first.month, last.month)
    if not whole:
        return (
            f"từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}",
            f"from {first.isoformat()} to {last.isoformat()}",
        )
    if months == (1, 12):
        return f"năm {first.year}", f"{first.year}"
    if months == (1, 9):
        return f"9 tháng đầu năm {first.year}", f"the first nine months of {first.year}"
    if months in ((1, 6), (7, 12)):
        half = ("đầu", "first") if first.month == 1 else ("cuối", "last")
        return f"6 tháng {half[0]} năm {first.year}", f"the {half[1]} six months of {first.year}"
    if months[1] - months[0] == 2 and months[1] % 3 == 0:
        quarter = months[1] // 3
        return f"quý {('I', 'II', 'III', 'IV')[quarter - 1]} năm {first.year}", f"Q{quarter} {first.year}"
    if months[0] == months[1]:
        return f"tháng {first.month} năm {first.year}", f"{first:%B} {first.year}"
    return (
        f"từ tháng {first.month} đến tháng {last.month} năm {first.year}",
        f"{first:%B} to {last:%B} {first.year}",
    )


def _no_instant(text: str) -> Refusal:
    return Refusal.because(
        "instant-unknown",
        where="as_of",
        vi=f"Không hiểu thời điểm “{text[:40]}”. Ví dụ: 2026-03-31, 2026-03-31T17:00:00+07:00.",
        en=f"“{text[:40]}” is no instant. Examples: 2026-03-31, 2026-03-31T17:00:00+07:00.",
    )


def _unknown(name: str) -> Refusal:
    return Refusal.because(
        "period-unknown",
        where="period",
        vi=f"Không hiểu kỳ báo cáo “{name[:40]}”. Ví dụ: 2026-03, 2026-Q1, 2026-9M, 2026.",
        en=f"“{name[:40]}” is no period. Examples: 2026-03, 2026-Q1, 2026-9M, 2026.",
    )
