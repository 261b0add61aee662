"""The working calendar: which days are worked, how they are counted, and its form as text."""

import csv
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deadlines.calendar import CalendarDay, DayKind, WorkingCalendar, end_of_day
from gateway.deadlines.calendar_text import read_calendar, write_calendar
from gateway.errors import Refusal
from gateway.model.formats import VIETNAM
from gateway.model.text import looks_like_formula
from gateway.store.calendar import shipped_calendar

DAY = timedelta(days=1)
SHIPPED = [day for days in shipped_calendar().values() for day in days]
VIETNAMESE = WorkingCalendar.of(SHIPPED)

days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
calendars = st.one_of(
    st.just(VIETNAMESE),
    st.builds(WorkingCalendar, off=st.frozensets(days, max_size=40), worked=st.frozensets(days, max_size=40)),
)


# -- which days are worked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2025, 1, 24), date(2025, 2, 3)),
        (date(2026, 2, 13), date(2026, 2, 23)),
        (date(2026, 2, 14), date(2026, 2, 23)),
        (date(2024, 2, 7), date(2024, 2, 15)),
        (date(2025, 12, 31), date(2026, 1, 5)),
        (date(2026, 1, 9), date(2026, 1, 10)),
        (date(2025, 4, 25), date(2025, 4, 26)),
        (date(2025, 4, 29), date(2025, 5, 5)),
        (date(2024, 5, 3), date(2024, 5, 4)),
        (date(2026, 4, 24), date(2026, 4, 28)),
        (date(2026, 8, 28), date(2026, 9, 3)),
        (date(2026, 11, 26), date(2026, 11, 27)),
    ],
    ids=[
        "the Friday before Tết",
        "the Friday before Tết, nine days",
        "the Saturday before Tết",
        "Tết with two days in lieu",
        "the year's end, and a Friday off for a Saturday",
        "that Saturday is worked",
        "a worked Saturday",
        "30/4, 1/5 and the Friday exchanged for that Saturday",
        "a worked Saturday after the holidays",
        "a Monday in lieu of a Sunday",
        "a Monday exchanged, then the national day",
        "an ordinary day",
    ],
)
def test_after_a_day_comes_the_next_one_on_which_offices_work(day: date, following: date) -> None:
    """Over Tết, weekends, days in lieu and days exchanged, as they were announced."""
    assert VIETNAMESE.next_working_day(day) == following


def test_a_year_nobody_knows_has_its_weekends() -> None:
    """The last day that is known does not reach into it."""
    assert VIETNAMESE.next_working_day(date(2031, 12, 31)) == date(2032, 1, 1)
    assert not VIETNAMESE.is_working(date(2032, 1, 3))


@pytest.mark.parametrize("year", shipped_calendar())
def test_every_shipped_year_has_the_days_that_the_law_gives(year: int) -> None:
    """Eleven, from 2026 on twelve, none lost to a weekend; whoever gets another one works it off."""
    of_year = shipped_calendar()[year]
    off = [each.day for each in of_year if each.kind is DayKind.OFF and each.day.weekday() < 5]
    worked = [each for each in of_year if each.kind is DayKind.WORKED]
    assert len(off) == (12 if year >= 2026 else 11) + len(worked)
    assert {date(year, 1, 1), date(year, 9, 2)} <= set(off)


def test_what_was_not_announced_says_so() -> None:
    """An operator who looks at the next year sees which days are a guess."""
    guessed = {each.day.year for each in SHIPPED if "dự kiến" in each.name}
    assert guessed == {2026, 2027}


# -- counting -----------------------------------------------------------------------------------------


@given(calendars, st.dates())
@example(VIETNAMESE, date(9999, 12, 30))
def test_the_next_working_day_is_one_and_none_lies_between(calendar: WorkingCalendar, day: date) -> None:
    """Whatever calendar; only the end of all years ends the search."""
    following = calendar.next_working_day(day)
    assert calendar.is_working(following) or following == date.max
    assert not any(calendar.is_working(day + n * DAY) for n in range(1, (following - day).days))


@given(calendars, days, st.integers(0, 400))
def test_so_many_working_days_on_and_back_again_is_the_same_day(
    calendar: WorkingCalendar, day: date, count: int
) -> None:
    """From a working day; and what lies between are just as many."""
    day = calendar.next_working_day(day)
    later = calendar.after(day, count)
    assert calendar.after(later, -count) == day
    assert calendar.working_days_between(day, later) == count
    assert calendar.working_days_between(later, day) == -count


@given(calendars, days, days)
def test_working_days_are_counted_as_by_hand(calendar: WorkingCalendar, first: date, last: date) -> None:
    """By weeks and exceptions, not day by day: "31/12/9999" in a document must not cost a second."""
    first, last = sorted((first, last))
    by_hand = sum(calendar.is_working(first + n * DAY) for n in range(1, (last - first).days + 1))
    assert calendar.working_days_between(first, last) == by_hand


def test_the_last_day_there_is_ends_with_the_last_instant() -> None:
    """People write it for "never"; it must not be an error."""
    assert VIETNAMESE.after(date.max, 3) == date.max
    assert VIETNAMESE.working_days_between(date(2026, 1, 1), date.max) > 2_000_000
    assert end_of_day(date.max) > end_of_day(date(9999, 12, 30)) > datetime(2026, 1, 1, tzinfo=UTC)
    assert end_of_day(date.max) > datetime(2026, 1, 1, tzinfo=UTC)


def test_the_next_morning_is_that_of_vietnam() -> None:
    """18:00 UTC on a Thursday is Friday here; the morning ends when the operator says."""
    calendar = WorkingCalendar(noon=time(11, 30))
    at = datetime(2026, 11, 26, 18, tzinfo=UTC)
    assert calendar.end_of_next_morning(at) == datetime(2026, 11, 30, 11, 30, tzinfo=VIETNAM)


# -- as text ------------------------------------------------------------------------------------------

HEAD = "day,kind,name\n"
WHOLE = write_calendar(shipped_calendar()[2026]).decode("utf-8-sig")


def faults_of(text: str | bytes) -> list[tuple[str, str]]:
    """Read what must be refused; name each fault's rule and place, both languages being there."""
    with pytest.raises(Refusal) as caught:
        read_calendar(text.encode() if isinstance(text, str) else text)
    assert caught.value.code == "calendar-wrong"
    assert all(fault.vi and fault.en for fault in caught.value.faults)
    return [(fault.rule, fault.where) for fault in caught.value.faults]


@pytest.mark.parametrize("year", shipped_calendar())
def test_what_is_written_is_read_again(year: int) -> None:
    """And in any order of its lines."""
    of_year = shipped_calendar()[year]
    assert read_calendar(write_calendar(of_year)) == of_year
    assert write_calendar(reversed(of_year)) == write_calendar(of_year)


def test_what_a_spreadsheet_made_of_it_is_read() -> None:
    """Semicolons, days as they are written here, Windows line ends, empty lines, remarks in quotes."""
    lines = [line.split(",", 2) for line in WHOLE.splitlines()[1:]]
    rows = [f"{d[8:]}/{int(d[5:7])}/{d[:4]};{kind.upper()};{name}" for d, kind, name in lines]
    text = "\r\n".join(['"# lịch, năm 2026";;', "", "Day;Kind;Name", *rows, ";;", "# hết"])
    assert read_calendar(text.encode("utf-8-sig")) == shipped_calendar()[2026]


def test_everything_wrong_is_told_at_once_with_its_line() -> None:
    """Days that are none, kinds nobody knows, weekdays worked "instead", days twice, names forgotten."""
    text = (
        f"# năm sau\n{HEAD}"
        "2027-02-29,off,Tết\n"
        "2027-02-05,nghỉ,Tết\n"
        "2027-02-08,worked,Làm bù\n"
        "1/1/2027,off,Tết Dương lịch\n"
        "2027-01-01,off,\n"
        "20270430,on,,x\n"
        '"2027-05-01\n'
    )
    assert faults_of(text) == [
        ("cells-too-many", "dòng/line 8"),
        ("list-not-csv", "dòng/line 9"),
        ("day-form", "dòng/line 3, day"),
        ("kind-unknown", "dòng/line 4, kind"),
        ("worked-on-weekday", "dòng/line 5, kind"),
        ("day-repeated", "dòng/line 7, day"),
        ("name-missing", "dòng/line 7, name"),
        ("day-form", "dòng/line 8, day"),
        ("kind-unknown", "dòng/line 8, kind"),
        ("name-missing", "dòng/line 8, name"),
    ]


def test_a_part_of_a_year_is_refused() -> None:
    """What is read replaces whole years: one forgotten holiday added alone would lose Tết."""
    assert faults_of(WHOLE + "2027-11-24,off,Ngày Văn hóa Việt Nam\n") == [("year-incomplete", "2027")]
    assert faults_of(f"{HEAD}2027-02-13,worked,Làm bù\n") == [("year-incomplete", "2027")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("day,name\n2026-01-01,Tết\n", "column-missing"),
        ("day,kind,name,note\n", "column-unknown"),
        ("day,kind,name,day\n", "column-repeated"),
        (HEAD, "list-empty"),
        ("", "column-missing"),
        ((HEAD + "2026-01-01,off,Tết").encode("utf-16"), "list-not-utf8"),
    ],
)
def test_a_list_of_another_form_is_refused_with_its_reason(text: str | bytes, rule: str) -> None:
    """Before any of its lines is looked at."""
    assert faults_of(text)[0][0] == rule


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"day,kind,name\n0000-00-00,off,x\n")
@example(b"\xef\xbb\xbf")
@example(b'#\n"')
def test_rubbish_is_refused_and_nothing_else(rubbish: bytes) -> None:
    """No other error leaves the room."""
    with pytest.raises(Refusal):
        read_calendar(rubbish)


@given(st.binary(max_size=40).map(lambda rubbish: HEAD.encode() + rubbish))
def test_rubbish_below_a_good_head_is_refused_too(rubbish: bytes) -> None:
    """A line is not looked into before it is known to be one."""
    with pytest.raises(Refusal):
        read_calendar(rubbish)


def test_a_name_is_kept_as_it_is_seen() -> None:
    """What turns the direction of a line is left out; separators and quotes stay."""
    odd = CalendarDay(day=date(2026, 1, 1), kind=DayKind.OFF, name='Tết "dương", \u202elịch ')
    (read, *_) = read_calendar(write_calendar([odd, *shipped_calendar()[2026][1:]]))
    assert read.name == 'Tết "dương", lịch'


@pytest.mark.parametrize("name", ['=HYPERLINK("http://evil.example")', "@SUM(1)", "'=1+1", "\uff1d1"])
def test_no_name_becomes_a_formula_in_a_spreadsheet(name: str) -> None:
    """It is written as text, and read again as it was."""
    named = CalendarDay(day=date(2026, 1, 1), kind=DayKind.OFF, name=name)
    written = write_calendar([named, *shipped_calendar()[2026][1:]])
    cells = [row[2] for row in csv.reader(written.decode("utf-8-sig").splitlines())]
    assert [cell for cell in cells if looks_like_formula(cell)] == []
    assert read_calendar(written)[0].name == name
