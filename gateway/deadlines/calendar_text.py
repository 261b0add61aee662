"""The working calendar as text: one line for each day that is not as the weekday says.

    day,kind,name
    2026-04-27,off,Nghỉ bù Giỗ Tổ Hùng Vương
    2026-08-22,worked,Làm bù cho 31/8

Vietnam's, as far as it was known when this program was made, is vietnam.csv; store/calendar.py reads it.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from gateway.deadlines.calendar import CalendarDay, DayKind, is_weekday
from gateway.errors import Fault, Refusal
from gateway.model.lists import Row, read_rows
from gateway.model.text import looks_like_formula, one_line

_COLUMNS = ("day", "kind", "name")
# As we write it, and as spreadsheets here save it.
_DAY = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)|(?P<d2>\d\d?)/(?P<m2>\d\d?)/(?P<y2>\d{4})", re.ASCII
)
LEAST_DAYS_OFF = 11
"""So many days off a year has. Source: Labour Code 2019, Article 112(1)."""


def read_calendar(text: bytes) -> tuple[CalendarDay, ...]:
    """Read whole years of the calendar, in the order of their days.

    Shape: a list as `read_rows` has it, with the columns day (``2026-04-27`` or ``27/4/2026``), kind
    (``off``, ``worked`` or ``half``) and name. A holiday may be listed though it falls on a weekend.
    Errors: Refusal ``calendar-wrong`` with every fault, each with its line.
    """
    rows, faults = read_rows(text, columns=_COLUMNS, needed=_COLUMNS)
    lines: dict[date, str] = {}
    days = [day for row in rows if (day := _read_day(row, lines, faults)) is not None]
    if not faults:
        faults += _incomplete_years(days)
    if faults:
        raise Refusal("calendar-wrong", faults)
    return tuple(sorted(days, key=lambda each: each.day))


def write_calendar(days: Iterable[CalendarDay]) -> bytes:
    """Write days as `read_calendar` reads them.

    Shape: with the byte order mark without which a spreadsheet takes Vietnamese for something else; an
    apostrophe before a name that it would take for a formula.
    """
    sheet = io.StringIO()
    rows = [(each.day.isoformat(), each.kind.value, _as_text(each.name)) for each in days]
    csv.writer(sheet, lineterminator="\n").writerows([_COLUMNS, *sorted(rows)])
    return sheet.getvalue().encode("utf-8-sig")


def _read_day(row: Row, lines: dict[date, str], faults: list[Fault]) -> CalendarDay | None:
    day, kind = _date_in(row.cell("day").strip()), row.cell("kind").strip().lower()
    name = _without_mark(one_line(row.cell("name")))
    wrong = list(_row_faults(row, day, kind, name, lines))
    faults += wrong
    if wrong or day is None:
        return None
    return CalendarDay(day=day, kind=DayKind(kind), name=name)


def _as_text(name: str) -> str:
    return f"'{name}" if looks_like_formula(name.lstrip("'")) else name


def _without_mark(name: str) -> str:
    return name[1:] if name.startswith("'") and looks_like_formula(name.lstrip("'")) else name


def _date_in(text: str) -> date | None:
    if (found := _DAY.fullmatch(text)) is None:
        return None
    year, month, day = (found[part] or found[f"{part}2"] for part in "ymd")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _row_faults(row: Row, day: date | None, kind: str, name: str, lines: dict[date, str]) -> Iterator[Fault]:
    if day is None:
        yield _fault(
            "day-form",
            row.place("day"),
            f"phải là ngày như 2026-04-27 hoặc 27/4/2026; đang là {row.cell('day')!r}",
            f"must be a day such as 2026-04-27 or 27/4/2026; found {row.cell('day')!r}",
        )
    elif (place := lines.setdefault(day, row.place())) != row.place():
        yield _fault(
            "day-repeated",
            row.place("day"),
            f"ngày {day:%d/%m/%Y} đã có ở {place}",
            f"{day.isoformat()} stands at {place} already",
        )
    if kind not in list(DayKind):
        yield _fault(
            "kind-unknown",
            row.place("kind"),
            f"phải là off (nghỉ), worked (làm bù) hoặc half (làm buổi sáng); đang là {row.cell('kind')!r}",
            f"must be off, worked or half; found {row.cell('kind')!r}",
        )
    if kind == DayKind.WORKED and day is not None and is_weekday(day):
        yield _worked_on_weekday(day, row.place("kind"))
    if not name:
        yield _name_missing(row.place("name"))


def make_day(day: date | None, kind: str, name: str) -> CalendarDay:
    """Make one special day.

    Errors: Refusal ``calendar-wrong`` with every fault, each at its member: day, kind, name.
    """
    name, faults = one_line(name), []
    if day is None:
        faults.append(_fault("day-form", "day", "chưa có ngày", "the day is missing"))
    if kind not in list(DayKind):
        faults.append(_fault("kind-unknown", "kind", "chưa chọn loại ngày", "the kind is missing"))
    if kind == DayKind.WORKED and day is not None and is_weekday(day):
        faults.append(_worked_on_weekday(day, "kind"))
    if not name:
        faults.append(_name_missing("name"))
    if faults or day is None:
        raise Refusal("calendar-wrong", faults)
    return CalendarDay(day=day, kind=DayKind(kind), name=name)


def _worked_on_weekday(day: date, where: str) -> Fault:
    return _fault(
        "worked-on-weekday",
        where,
        f"chỉ ghi làm bù cho thứ Bảy, Chủ nhật; {day:%d/%m/%Y} vốn là ngày làm việc",
        f"only a Saturday or Sunday is marked as worked; {day.isoformat()} is a weekday",
    )


def _name_missing(where: str) -> Fault:
    return _fault("name-missing", where, "thiếu tên ngày", "the name is missing")


def _incomplete_years(days: Iterable[CalendarDay]) -> Iterator[Fault]:
    """Find years that are there in part: what is read replaces whole years."""
    off = Counter({each.day.year: 0 for each in days})
    off.update(each.day.year for each in days if each.kind is DayKind.OFF)
    for year, count in off.items():
        if count < LEAST_DAYS_OFF:
            yield _fault(
                "year-incomplete",
                str(year),
                f"phải ghi đủ cả năm: ít nhất {LEAST_DAYS_OFF} ngày nghỉ; đang có {count}",
                f"must list the whole year: at least {LEAST_DAYS_OFF} days off; found {count}",
            )


def _fault(rule: str, where: str, vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=where, vi=vi, en=en)
