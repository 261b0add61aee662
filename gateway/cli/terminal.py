"""What every command prints with: facts as JSON for programs, tables and words for people.

Vietnamese first, English beside or beneath it in a quieter colour. Texts from packages and from the
network pass through `plain`: whoever wrote them does not get to steer somebody's terminal.
"""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.errors import Fault
from gateway.model.formats import VIETNAM as VIETNAM
from gateway.model.formats import counted as counted
from gateway.model.formats import local as local
from gateway.model.formats import size as size
from gateway.model.formats import write_number
from gateway.model.people import Language

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

# Where nothing tells how wide the page is: wide enough for tables, narrow enough for a mail.
_PAGE_WIDTH = 110

json_option = click.option(
    "--json", "as_json", is_flag=True, help="In JSON cho chương trình đọc. · JSON, for programs."
)

receipt_option = click.option(
    "--receipt",
    "receipt_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Lưu biên nhận ký số vào tệp. · Save the signed receipt.",
)


def plain(text: object) -> str:
    """Make a foreign text harmless, and one line: what cannot be printed becomes a visible mark."""
    said = str(text)
    return said if said.isprintable() else "".join(sign if sign.isprintable() else "·" for sign in said)


def plain_lines(text: object) -> str:
    """Make a foreign text harmless where it may take several lines, as in a cell of a table."""
    return "\n".join(map(plain, str(text).split("\n")))


def show_json(value: object, *, lines: bool = False) -> None:
    """Print a value as JSON, indented, or on one line for a stream of them; days and instants as ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=None if lines else 2, default=_iso))


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"JSON has no form for {type(value).__name__}")


def page(*, errors: bool = False) -> "Console":
    """Open the page we print on: the terminal, or what stands in for it."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PAGE_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)


def show(*parts: "RenderableType", as_line: bool = False) -> None:
    """Print parts below each other; as_line leaves the breaking of a long line to the terminal."""
    sheet = page()
    for part in parts:
        sheet.print(part, soft_wrap=as_line)


def both(vi: str, en: str, style: str = "") -> "Text":
    """Say something in Vietnamese, and quietly in English behind it."""
    from rich.text import Text

    return Text.assemble((plain_lines(vi), style), (f" · {plain(en)}", "dim"))


def words(*pieces: str | tuple[str, str]) -> "Text":
    """Join pieces of text, some with a style, each made harmless."""
    from rich.text import Text

    return Text.assemble(
        *(plain_lines(p) if isinstance(p, str) else (plain_lines(p[0]), p[1]) for p in pieces)
    )


def stacked(vi: str, en: str, style: str = "") -> "Text":
    """Say something in Vietnamese, and quietly in English beneath it."""
    from rich.text import Text

    return Text.assemble((plain(vi), style), (f"\n{plain(en)}", "dim"))


def heading(vi: str, en: str) -> "Text":
    """Write the heading of a section."""
    from rich.text import Text

    return Text.assemble("\n", (plain(vi), "bold"), (f" · {plain(en)}", "dim"))


def done(vi: str, en: str) -> "Text":
    """Say that something was done."""
    from rich.text import Text

    return Text.assemble(("✓ ", "bold green"), both(vi, en, "bold"))


def card(rows: Iterable[tuple[str, str, "str | Text | None"]]) -> "Table":
    """Set labels and values side by side; rows without a value are left out."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for vi, en, value in rows:
        if value is not None:
            label = Text.assemble("  ", (vi, "bold"), (f" · {en}" if en else "", "dim"))
            table.add_row(label, plain_lines(value) if isinstance(value, str) else value)
    return table


def grid(
    *columns: tuple[str, str] | tuple[str, str, str], rows: Iterable[Sequence["str | Text | None"]]
) -> "Table":
    """Set facts in rows under headings in both languages.

    Shape: a column is its Vietnamese and English heading and perhaps how it behaves: ``keep`` never
    breaks, ``right`` stands at the right.
    """
    from rich.text import Text

    from gateway.cli.sheet import Sheet

    table = Sheet()
    for vi, en, *manner in columns:
        table.add_column(
            Text.assemble((vi, "bold"), (f"\n{en}", "dim")),
            no_wrap="keep" in manner or "right" in manner,
            justify="right" if "right" in manner else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(plain_lines(cell) if isinstance(cell, str) else cell or "" for cell in row))
    return table


def local_stacked(at: datetime | None) -> "Text":
    """Write an instant with its day beneath it, where a table has no room for both."""
    day, _, hour = local(at).partition(" ")
    return stacked(hour, day)


def number(count: int) -> str:
    """Write a count as people here read it."""
    return write_number(count, Language.VIETNAMESE)


def show_faults(faults: Iterable[Fault]) -> None:
    """Tell every fault on stderr: ``code: where: vi / en``."""
    for fault in faults:
        show_trouble(fault.rule, fault.where, fault.vi, fault.en)


def show_trouble(code: str, where: str, vi: str, en: str) -> None:
    """Tell one fault on stderr."""
    place = f"{plain(where)}: " if where else ""
    click.echo(
        click.style(f"{plain(code)}: ", fg="red", bold=True)
        + click.style(place, bold=True)
        + f"{plain(vi)} / {plain(en)}",
        err=True,
    )
