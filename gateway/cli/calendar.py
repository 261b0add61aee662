"""``lienthong calendar``: which days offices work, as announced every year."""

import asyncio
from collections.abc import Sequence
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from gateway.cli.node import directory_option, load_node, open_node, open_records, operator_name
from gateway.cli.terminal import both, counted, done, grid, json_option, local, show, show_json

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gateway.deadlines.calendar import CalendarDay, WorkingCalendar
    from gateway.store.calendar import Years

_WEEKDAYS = (
    *(("Thứ Hai", "Mon"), ("Thứ Ba", "Tue"), ("Thứ Tư", "Wed"), ("Thứ Năm", "Thu"), ("Thứ Sáu", "Fri")),
    *(("Thứ Bảy", "Sat"), ("Chủ nhật", "Sun")),
)
_YEAR = click.IntRange(1900, 9999)


@click.group()
def calendar() -> None:
    """Lịch làm việc: ngày nghỉ lễ, nghỉ bù, làm bù của từng năm.

    The working calendar: holidays, days off in lieu, days exchanged for others. A running server notices a
    change within a second.
    """


@calendar.command("show")
@click.argument("year", type=_YEAR, required=False)
@directory_option
@json_option
def show_year(year: int | None, folder: Path, as_json: bool) -> None:
    """Xem lịch của năm YEAR; mặc định năm nay.

    Show the special days of a year, this one by default.
    """
    from gateway.deadlines.calendar import WorkingCalendar
    from gateway.model.formats import local_day
    from gateway.office import now

    today = local_day(now())
    shown = year or today.year
    years, imported = asyncio.run(_load(folder))
    days = years.get(shown, ())
    known = WorkingCalendar.of(chain.from_iterable(years.values()), noon=load_node(folder).deadlines.noon)
    count = known.working_days_between(date(shown - 1, 12, 31), date(shown, 12, 31))
    if as_json:
        told = [{"day": each.day, "kind": each.kind, "name": each.name} for each in days]
        show_json({"year": shown, "imported": shown in imported, "working_days": count, "days": told})
        return
    if days:
        show(_table(days))
    show(
        both(f"\n  Năm {shown}: {count} ngày làm việc", counted(count, "working day")),
        _origin(known=shown in years, imported=shown in imported),
    )
    if year is None:
        show(_today(today, known))


def _table(days: "Sequence[CalendarDay]") -> "Table":
    from gateway.deadlines.calendar import DAY_KINDS

    return grid(
        ("Ngày", "day", "keep"),
        ("Thứ", "weekday", "keep"),
        ("Loại", "kind", "keep"),
        ("Tên", "name"),
        rows=[
            (
                f"{each.day:%d/%m/%Y}",
                both(*_WEEKDAYS[each.day.weekday()]),
                both(*DAY_KINDS[each.kind]),
                each.name,
            )
            for each in days
        ],
    )


def _origin(*, known: bool, imported: bool) -> "Text":
    if not known:
        return both(
            "  Chưa có lịch năm này: mọi ngày từ thứ Hai đến thứ Sáu tính là ngày làm việc; hãy nhập lịch.",
            "no days are known: every Monday to Friday counts as worked; import the year",
            "yellow",
        )
    if imported:
        return both("  Lịch đã nhập.", "imported")
    return both("  Lịch có sẵn trong phần mềm, chưa ai nhập.", "as shipped; nobody imported this year")


def _today(today: date, known: "WorkingCalendar") -> "Text":
    send_by = local(known.end_of_next_morning(today))[:16]
    return both(
        f"  Văn bản ban hành hôm nay ({today:%d/%m/%Y}) phải gửi trước {send_by}.",
        f"what is promulgated today is to be sent before {send_by}",
    )


async def _load(folder: Path) -> "tuple[Years, Years]":
    from gateway.store.calendar import load_calendar, load_imported

    async with open_records(folder) as database:
        return await load_calendar(database), await load_imported(database)


@calendar.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.csv")
@directory_option
@json_option
def import_years(file: BinaryIO, folder: Path, as_json: bool) -> None:
    """Nhập lịch từ tệp CSV, thay trọn từng năm có trong tệp.

    Import the calendar; every year in the file is replaced whole. CSV in UTF-8 with the columns day, kind
    (off, worked, half) and name. With any fault nothing is written, and all are told.
    """
    from gateway.deadlines.calendar_text import read_calendar

    changed = asyncio.run(_import(folder, read_calendar(file.read())))
    if as_json:
        show_json({"changed": list(changed)})
    elif not changed:
        show(both("  Lịch trong tệp giống lịch đang dùng; không có gì thay đổi.", "nothing is different"))
    else:
        named = ", ".join(map(str, changed))
        show(done(f"Đã thay lịch năm {named}", "calendar replaced"))


async def _import(folder: Path, days: "Sequence[CalendarDay]") -> "Years":
    from gateway.office import now

    async with open_node(folder) as office:
        return await office.working_days.replace_years(days, by=operator_name(), at=now())


@calendar.command("export")
@click.argument("year", type=_YEAR)
@click.option(
    "-o",
    "--output",
    type=click.File("wb"),
    default="-",
    metavar="FILE.csv",
    help="Ghi vào tệp; mặc định ra màn hình. · Write into a file.",
)
@directory_option
def export_year(year: int, output: BinaryIO, folder: Path) -> None:
    """Xuất lịch năm YEAR, đúng dạng mà import đọc.

    Export a year as import reads it: begin next year's from it.
    """
    from gateway.deadlines.calendar_text import write_calendar
    from gateway.errors import Refusal

    years, _ = asyncio.run(_load(folder))
    if year not in years:
        raise Refusal.because(
            "calendar-unknown",
            where=str(year),
            vi="chưa có lịch của năm này",
            en="the calendar of this year is not known",
        )
    output.write(write_calendar(years[year]))
