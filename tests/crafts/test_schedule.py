"""Reports are about the span that has just ended, and go out some working days after its end."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.schedule import goes_out_at, last_ended, name_span
from gateway.model.span import Span


@pytest.mark.parametrize(
    ("span", "today", "first", "last", "name"),
    [
        (Span.MONTH, date(2026, 7, 1), date(2026, 6, 1), date(2026, 6, 30), "tháng 6/2026"),
        (Span.MONTH, date(2026, 6, 30), date(2026, 5, 1), date(2026, 5, 31), "tháng 5/2026"),
        (Span.MONTH, date(2027, 1, 4), date(2026, 12, 1), date(2026, 12, 31), "tháng 12/2026"),
        (Span.QUARTER, date(2026, 8, 9), date(2026, 4, 1), date(2026, 6, 30), "quý II/2026"),
        (Span.QUARTER, date(2026, 3, 31), date(2025, 10, 1), date(2025, 12, 31), "quý IV/2025"),
        (Span.HALF_YEAR, date(2026, 12, 31), date(2026, 1, 1), date(2026, 6, 30), "6 tháng đầu năm 2026"),
        (Span.NINE_MONTHS, date(2026, 9, 30), date(2025, 1, 1), date(2025, 9, 30), "9 tháng đầu năm 2025"),
        (Span.NINE_MONTHS, date(2026, 10, 1), date(2026, 1, 1), date(2026, 9, 30), "9 tháng đầu năm 2026"),
        (Span.YEAR, date(2026, 12, 31), date(2025, 1, 1), date(2025, 12, 31), "năm 2025"),
    ],
)
def test_the_last_span_is_the_one_that_ended_before_today(
    span: Span, today: date, first: date, last: date, name: str
) -> None:
    """On its last day a span has not ended."""
    period = last_ended(span, today)
    assert (period.first, period.last) == (first, last)
    assert name_span(span, period)[0] == name


@given(span=st.sampled_from(Span), today=st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_spans_are_whole_months_before_today(span: Span, today: date) -> None:
    """Whatever the day."""
    period = last_ended(span, today)
    assert period.last < today
    assert period.first.day == 1
    assert (period.last + timedelta(days=1)).day == 1
    assert last_ended(span, period.last + timedelta(days=1)) == period


def test_a_report_goes_out_at_its_hour_some_working_days_after_the_end() -> None:
    """June ends on a Tuesday; the third working day after it is the Friday, at eight in Vietnam."""
    period = last_ended(Span.MONTH, date(2026, 7, 2))
    at = goes_out_at(period, 3, time(8), WorkingCalendar())
    assert at == datetime(2026, 7, 3, 1, tzinfo=UTC)
    closed = WorkingCalendar(off=frozenset({date(2026, 7, 3)}))
    assert goes_out_at(period, 3, time(8), closed) == datetime(2026, 7, 6, 1, tzinfo=UTC)
