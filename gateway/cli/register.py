"""``lienthong register``: the books of incoming and outgoing documents (sổ văn bản đi, đến) as files."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, open_records
from gateway.cli.terminal import counted, done, json_option, number, show, show_json

if TYPE_CHECKING:
    from gateway.exchange.directory import Snapshot
    from gateway.model.identifiers import AgencyCode
    from gateway.store.database import Database
    from gateway.store.register import RegisterRow, Side
    from gateway.wiring.papers import RegisterWriter


@click.command()
@click.argument("side", type=click.Choice(["in", "out"]))
@click.argument("year", type=click.IntRange(2000, 2099))
@click.option("--agency", required=True, metavar="CODE", help="Sổ của cơ quan nào. · Whose register.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.xlsx",
    help="Tệp để ghi. · The file to write.",
)
@directory_option
@json_option
def register(side: str, year: int, agency: str, out: Path, folder: Path, as_json: bool) -> None:
    """Ghi sổ văn bản đến (in) hoặc đi (out) của năm YEAR ra tệp.

    Write the register of a year into a file: what came in to an agency, or what it sent.
    """
    from gateway.store.register import Side
    from gateway.wiring.papers import REGISTER_WRITERS, no_such_form

    writer = REGISTER_WRITERS.get(out.suffix.lower())
    if writer is None:
        raise no_such_form(out.suffix.lower(), REGISTER_WRITERS)
    count = asyncio.run(_write(folder, writer, Side(side), year, agency, out))
    if as_json:
        show_json({"file": str(out), "lines": count})
    else:
        show(done(f"Đã ghi {number(count)} dòng vào {out}", f"register of {counted(count, 'line')} written"))


async def _write(
    folder: Path, writer: "RegisterWriter", side: "Side", year: int, agency: str, out: Path
) -> int:
    from gateway.deadlines.periods import name_period, read_period
    from gateway.exchange.directory import Directory
    from gateway.exchange.registry import unknown_agency
    from gateway.model.formats import local_day
    from gateway.model.identifiers import normalise_code
    from gateway.model.register import Register
    from gateway.office import now

    async with open_records(folder) as database:
        directory = await Directory(database=database).current(certainly=True)
        code = directory.canonical(normalise_code(agency))
        if code not in directory.agencies:
            raise unknown_agency(code)
        from gateway.exchange.directory import namer

        names = namer(directory)
        head = Register(
            issuer=names(code), period=name_period(read_period(str(year))), made_on=local_day(now())
        )
        rows = _rows(database, directory, code, side, year, asyncio.get_running_loop())
        unfinished = out.with_name(f"{out.name}.part")
        # The writer goes through the rows in a thread of its own, and asks this loop for the next ones.
        with unfinished.open("wb") as file, TemporaryDirectory(dir=out.parent) as spool:
            count = await asyncio.to_thread(
                writer, head, side, rows, file, names=names, spool_dir=Path(spool)
            )
        unfinished.replace(out)
        return count


def _rows(
    database: "Database",
    directory: "Snapshot",
    code: "AgencyCode",
    side: "Side",
    year: int,
    loop: asyncio.AbstractEventLoop,
) -> "Iterator[RegisterRow]":
    from gateway.deadlines.periods import read_period
    from gateway.store.register import Book, stream_register

    period, codes = read_period(str(year)), tuple(sorted(directory.answered_for([code])))
    parts = stream_register(database, Book(agencies=codes, side=side, first=period.first, last=period.last))
    while part := asyncio.run_coroutine_threadsafe(anext(parts, None), loop).result():
        yield from part
