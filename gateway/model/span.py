"""The spans of time that offices report on."""

from enum import StrEnum


class Span(StrEnum):
    """For how long a report counts. Half a year and nine months begin with the year."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    NINE_MONTHS = "nine-months"
    YEAR = "year"


SPAN_NAMES: dict[Span, tuple[str, str]] = {
    Span.MONTH: ("tháng", "of a month"),
    Span.QUARTER: ("quý", "of a quarter"),
    Span.HALF_YEAR: ("6 tháng", "of half a year"),
    Span.NINE_MONTHS: ("9 tháng", "of nine months"),
    Span.YEAR: ("năm", "of a year"),
}
