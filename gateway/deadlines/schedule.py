"""Which span of time a report is about, and when it goes out."""

from datetime import date, datetime, time, timedelta

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.counts import Period
from gateway.model.formats import VIETNAM
from gateway.model.span import Span

_DAY = timedelta(days=1)
_MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.HALF_YEAR: 6, Span.NINE_MONTHS: 9, Span.YEAR: 12}
_QUARTERS = ("I", "II", "III", "IV")


def last_ended(span: Span, today: date) -> Period:
    """Return the newest span of its kind that has ended before a day."""
    months = _MONTHS[span]
    # Months and quarters follow each other; half a year and nine months come once, from January.
    ends = range(months, 13, months) if span in (Span.MONTH, Span.QUARTER) else (months,)
    last = max(
        day
        for year in (today.year - 1, today.year)
        for month in ends
        if (day := _end_of_month(year, month)) < today
    )
    return Period(first=date(last.year, last.month - months + 1, 1), last=last)


def goes_out_at(period: Period, after: int, at: time, calendar: WorkingCalendar) -> datetime:
    """Tell when the report of a period goes out: at an hour, so many working days after its end."""
    return datetime.combine(calendar.after(period.last, after), at, VIETNAM)


def name_span(span: Span, period: Period) -> tuple[str, str]:
    """Name a span in Vietnamese and English: quý II/2026."""
    year, month = period.last.year, period.last.month
    match span:
        case Span.MONTH:
            return f"tháng {month}/{year}", f"{month}/{year}"
        case Span.QUARTER:
            quarter = _QUARTERS[(month - 1) // 3]
            return f"quý {quarter}/{year}", f"quarter {quarter}/{year}"
        case Span.HALF_YEAR:
            return f"6 tháng đầu năm {year}", f"the first half of {year}"
        case Span.NINE_MONTHS:
            return f"9 tháng đầu năm {year}", f"the first nine months of {year}"
        case Span.YEAR:
            return f"năm {year}", f"{year}"


def _end_of_month(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - _DAY
