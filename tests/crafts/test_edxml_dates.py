"""Dates and instants in every form met in the field."""

from datetime import UTC, date, datetime

import pytest

from gateway.edxml.dates import (
    is_strict_date,
    is_strict_instant,
    read_date,
    read_instant,
    write_date,
    write_instant,
)


@pytest.mark.parametrize(
    "text",
    [
        "2020/10/30",
        "30/10/2020",
        "2020-10-30",
        "30-10-2020",
        "30.10.2020",
        "2020/10/30 14:05:06",
        "30/10/2020 14:05",
        "2020-10-30T14:05:06",
        "2020-10-30T14:05:06.123",
        "2020-10-30T23:59:59.1234567+07:00",
        "2020-10-30T00:00:00Z",
    ],
)
def test_a_date_is_read_in_any_form(text):
    """Where the four digits stand tells the order; a time of day is dropped."""
    assert read_date(text) == date(2020, 10, 30)


@pytest.mark.parametrize("text", ["1/5/2026", "2026/5/1", "01-5-2026"])
def test_a_year_at_the_end_has_the_day_first(text):
    """No system writes the month before the day."""
    assert read_date(text) == date(2026, 5, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2014/02/30",
        "30/02/2014",
        "0036/04/11",
        "2020/13/01",
        "10/30/2020",
        "20/10/30",
        "20201030",
        "2020/10/30 rác",
        "2020/10",
        "٢٠٢٠/١٠/٣٠",
        "mai",
        "",
    ],
)
def test_what_is_not_in_the_calendar_is_no_date(text):
    """A lenient parser would make one of it, and the wrong one."""
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026/04/12 09:15:30", datetime(2026, 4, 12, 2, 15, 30, tzinfo=UTC)),
        ("12/04/2026 09:15:30", datetime(2026, 4, 12, 2, 15, 30, tzinfo=UTC)),
        ("2026-04-12T09:15:30.250", datetime(2026, 4, 12, 2, 15, 30, 250000, tzinfo=UTC)),
        ("2026-04-12T02:15:30Z", datetime(2026, 4, 12, 2, 15, 30, tzinfo=UTC)),
        ("2026-04-12T02:15:30-0130", datetime(2026, 4, 12, 3, 45, 30, tzinfo=UTC)),
        ("2026/4/2 9:05", datetime(2026, 4, 2, 2, 5, tzinfo=UTC)),
        ("2026/04/12", datetime(2026, 4, 11, 17, tzinfo=UTC)),
        ("1775960130000", datetime(2026, 4, 12, 2, 15, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_without_a_zone_is_vietnamese_time(text, at):
    """What comes back is always UTC."""
    assert read_instant(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "2026/04/12 25:00:00",
        "2026/02/30 09:00:00",
        "9999-12-31T23:59:59-23:59",
        "2026-04-12T09:15:30+99:99",
        "0001/01/01",
        "hôm qua",
    ],
)
def test_what_is_no_instant_is_none(text):
    """Nobody guesses."""
    assert read_instant(text) is None


def test_what_is_written_is_the_standards_own_form():
    """And in Vietnamese time."""
    at = datetime(2026, 4, 11, 18, 5, 6, 999999, tzinfo=UTC)
    assert write_date(date(2026, 4, 2)) == "2026/04/02"
    assert write_instant(at) == "2026/04/12 01:05:06"
    assert is_strict_date(write_date(at.date()))
    assert is_strict_instant(write_instant(at))
    assert not is_strict_date("2026/4/2")
    assert not is_strict_instant("2026/04/12 01:05")
