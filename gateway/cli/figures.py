"""``lienthong figures``: what an office counts, as tables in the terminal."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, open_records
from gateway.cli.terminal import both, heading, json_option, local, page, plain, show, show_json, stacked

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gateway.cli.sheet import Sheet
    from gateway.deadlines.figures import Figures
    from gateway.exchange.directory import Snapshot
    from gateway.model.identifiers import AgencyCode
    from gateway.model.report import Cell, Table, Unit

_NAME_WIDTH = 20

agencies_option = click.option(
    "--agency",
    "agencies",
    multiple=True,
    metavar="CODE[,CODE…]",
    help="Chỉ các cơ quan này; không nêu là tất cả. · Of these agencies only.",
)
as_of_option = click.option(
    "--as-of",
    metavar="DAY",
    help="Số liệu như khi đó: 2026-03-31. · As they were then; default: the period's end, or now.",
)


@click.command()
@click.argument("period", required=False)
@agencies_option
@as_of_option
@directory_option
@json_option
def figures(
    period: str | None, agencies: tuple[str, ...], as_of: str | None, folder: Path, as_json: bool
) -> None:
    """Số liệu của kỳ PERIOD: 2026-03, 2026-Q1, 2026-H1, 2026-9M, 2026; mặc định năm nay.

    Figures of a period, or from a day to a day (2026-01-05..2026-02-10); by default of this year.
    """
    from gateway.exchange.directory import namer
    from gateway.exchange.facts import figure_facts

    found, directory = asyncio.run(load_figures(folder, period, agencies, as_of))
    names = namer(directory)
    if as_json:
        show_json(figure_facts(found, names))
        return
    _show(found, names)


async def load_figures(
    folder: Path, period: str | None, agencies: tuple[str, ...], as_of: str | None
) -> "tuple[Figures, Snapshot]":
    """Read the figures that somebody asks for, and the directory that names the agencies."""
    from gateway.deadlines.periods import read_instant, read_period
    from gateway.exchange.directory import Directory
    from gateway.exchange.reckoning import Reckoning
    from gateway.model.formats import local_day
    from gateway.office import now

    at = now()
    async with open_records(folder) as database:
        directory = Directory(database=database)
        snapshot = await directory.current(certainly=True)
        found = await Reckoning(database=database, directory=directory).figures(
            read_period(period or str(local_day(at).year)),
            at=at,
            agencies=read_agencies(agencies, snapshot),
            as_of=None if as_of is None else read_instant(as_of),
        )
        return found, snapshot


def read_agencies(said: tuple[str, ...], directory: "Snapshot") -> "list[AgencyCode] | None":
    """Read which agencies somebody means; None when nobody is named.

    Errors: Refusal ``unknown-agency``.
    """
    from gateway.exchange.registry import unknown_agency
    from gateway.model.identifiers import normalise_code

    codes = [directory.canonical(normalise_code(code)) for part in said for code in part.split(",") if code]
    for code in codes:
        if code not in directory.agencies:
            raise unknown_agency(code)
    return codes or None


def _show(found: "Figures", names: "Callable[[AgencyCode], str]") -> None:
    from rich.padding import Padding

    from gateway.deadlines.periods import name_period
    from gateway.exchange.reports import summarise, tables_of

    vi, en = name_period(found.period)
    show(
        heading(f"Số liệu {vi}", f"figures of {en}"),
        both(f"  tính đến {local(found.as_of)}", "as of then"),
        "",
        *(Padding(stacked(*said), (0, 0, 0, 2)) for said in summarise(found)),
    )
    for table in tables_of(found, names):
        if table.rows:
            show(heading(*table.title), *_sheets(table, page()))


def _sheets(table: "Table", page: "Console") -> "Iterator[Sheet]":
    """Set a table on a page; what is too wide for it goes on below, beginning with the first column again."""
    first, *rest = range(len(table.columns))
    taken = [first]
    for _, group in groupby(rest, key=lambda place: table.columns[place].group or place):
        more = list(group)
        if len(taken) > 1 and not _sheet(table, [*taken, *more]).fits(page):
            yield _sheet(table, taken)
            taken = [first]
        taken += more
    yield _sheet(table, taken)


def _sheet(table: "Table", places: "Sequence[int]") -> "Sheet":
    from rich.text import Text

    from gateway.cli.sheet import Sheet
    from gateway.model.report import Unit

    sheet = Sheet(has_totals=bool(table.total))
    total = table.total or (None,) * len(table.columns)
    columns = [table.columns[place] for place in places]
    groups = [column.group for column in columns]
    for column, before, place in zip(columns, [None, *groups], places, strict=False):
        # What stands side by side is named over its first column.
        above = f"{column.group[0]}:\n" if column.group not in (None, before) else ""
        sheet.add_column(
            Text.assemble((above, "dim bold"), (column.title[0], "bold"), (f"\n{column.title[1]}", "dim")),
            footer=_cell(total[place], column.unit, style="bold"),
            justify="left" if column.unit is Unit.TEXT else "right",
            width=_NAME_WIDTH if column.unit is Unit.TEXT else None,
            overflow="fold",
        )
    for row in table.rows:
        sheet.add_row(
            *(_cell(row[place], column.unit) for place, column in zip(places, columns, strict=True))
        )
    return sheet


def _cell(cell: "Cell", unit: "Unit", style: str = "") -> "Text":
    from rich.text import Text

    from gateway.cli.terminal import number
    from gateway.model.report import Unit

    if cell is None:
        said = "–"
    elif unit is Unit.SHARE:
        said = f"{cell} %".replace(".", ",")
    elif isinstance(cell, tuple):
        return both(*cell, style)
    else:
        said = number(cell) if isinstance(cell, int) else plain(cell)
    return Text(said, style)
