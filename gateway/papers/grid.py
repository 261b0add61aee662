"""A table as cells in rows and columns: where its headings stand and how wide its columns want to be."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from gateway.model.people import Language
from gateway.model.report import Cell, Column, Table, Unit
from gateway.papers.wording import choose, word_notes, write_cell

_ORDINAL = Column(title=("TT", "No."))
# Figures stand apart from their neighbours; what is longer than the cap is written in lines.
_WIDEST_TEXT, _NARROWEST_TEXT, _HEADING_LINES, _PADDING = 34.0, 28.0, 3, 2.0
_LONGEST_WORD = 28
# Letters as offices write with, in widths of a digit; a digit is half as wide as they are high. Marks add
# nothing, and what is not here is as wide as a digit or a little less.
_WIDTHS = {
    sign: width
    for width, signs in (
        (0.5, " \u00a0.,"),
        (0.56, "ijlt:;'!|/"),
        (0.67, "frI()[]-’"),
        (0.78, "sJ"),
        (0.89, "acez"),
        (1.22, "BCEFLPRSTZ"),
        (1.44, "ADGHKNOQUVXYwĐ"),
        (1.65, "mMW%@"),
    )
    for sign in signs
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One heading: the cell it begins in, and how far it reaches."""

    text: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table, ready to be written.

    Shape: sides are left, center or right, where the cells of each column stand.
    Units: least and wished, the widths of columns, are in widths of a digit; at least a column holds its
    longest word in one line.
    """

    columns: tuple[Column, ...]
    headings: tuple[Heading, ...]
    head_rows: int
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None
    notes: tuple[str, ...]
    sides: tuple[str, ...]
    least: tuple[float, ...]
    wished: tuple[float, ...]


def lay_out(table: Table, language: Language) -> Grid:
    """Lay a table out."""
    columns, rows, total = table.columns, table.rows, table.total
    if table.numbered:
        columns = (_ORDINAL, *columns)
        rows = tuple((number, *row) for number, row in enumerate(rows, 1))
        total = total and ("", *total)
    rows, total = tuple(_chosen(row, language) for row in rows), total and _chosen(total, language)
    lines = [*rows, total] if total else list(rows)
    written = [
        [write_cell(line[n], column.unit, language) for line in lines] for n, column in enumerate(columns)
    ]
    titles = [choose(column.title, language) for column in columns]
    least = tuple(_least([title, *cells]) for title, cells in zip(titles, written, strict=True))
    return Grid(
        columns=columns,
        headings=tuple(_headings(columns, language)),
        head_rows=2 if any(column.group for column in columns) else 1,
        rows=rows,
        total=total,
        notes=word_notes(table.notes, language, lacks_figures=_lacks_figures(columns, lines)),
        sides=tuple(_side(column) for column in columns),
        least=least,
        wished=tuple(map(_wished, titles, written, least)),
    )


def _chosen(cells: Iterable[Cell], language: Language) -> tuple[Cell, ...]:
    return tuple(choose(cell, language) if isinstance(cell, tuple) else cell for cell in cells)


def fit(grid: Grid, width: float) -> tuple[float, ...]:
    """Share a width out among columns: each what it wishes and more, or between its least and that."""
    wished, least = sum(grid.wished), sum(grid.least)
    if width >= wished:
        return tuple(wish * width / wished for wish in grid.wished)
    part = max(0.0, (width - least) / (wished - least)) if wished > least else 0.0
    shares = [low + (wish - low) * part for low, wish in zip(grid.least, grid.wished, strict=True)]
    return tuple(share * width / sum(shares) for share in shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The paper tables stand on, and the size of their letters.

    Units: width, between the margins, is in widths of a digit of that size.
    """

    is_lying: bool
    size_points: int

    @property
    def width(self) -> float:
        """Tell how much stands beside each other."""
        return (_LYING_MM if self.is_lying else _UPRIGHT_MM) / (self.size_points * _POINT_MM / 2)


def sheet_for(grids: Iterable[Grid]) -> Sheet:
    """Choose the sheet of a report: it lies when a table is too wide for an upright one."""
    needed = max(map(_comfortable_width, grids), default=0.0)
    return next((sheet for sheet in _SHEETS if needed <= sheet.width), _SHEETS[-1])


def _comfortable_width(grid: Grid) -> float:
    """Tell how much room a table needs to be read well: headings and long texts in several lines."""
    return sum(
        min(wish, max(low, _NARROWEST_TEXT)) if column.unit is Unit.TEXT else low
        for column, low, wish in zip(grid.columns, grid.least, grid.wished, strict=True)
    )


_UPRIGHT_MM, _LYING_MM, _POINT_MM = 165, 252, 25.4 / 72
_SHEETS = (
    *(Sheet(is_lying=False, size_points=size) for size in (12, 11)),
    *(Sheet(is_lying=True, size_points=size) for size in (12, 11, 10, 9, 8, 7, 6)),
)


def text_width(text: str) -> float:
    """Tell how wide a text is, about, in widths of a digit."""
    return sum(map(_sign_width, text))


@lru_cache(maxsize=4096)
def _sign_width(sign: str) -> float:
    return _WIDTHS.get(unicodedata.normalize("NFD", sign)[0], 1.0)


def count_lines(text: str, width: float) -> int:
    """Tell in how many lines a text stands in a width, about."""
    count = 0
    for line in text.split("\n") or [""]:
        count, left = count + 1, width
        for word in line.split(" "):
            taken = text_width(word)
            if taken > left and left < width:
                count, left = count + 1, width
            more = int(taken // width) if taken > width else 0
            count, left = count + more, left - (taken - more * width) - 0.5
    return count


def breakable(text: str) -> str:
    """Let a word that is longer than any column end in the next line."""
    return " ".join(
        "\u200b".join(word[n : n + _LONGEST_WORD] for n in range(0, len(word), _LONGEST_WORD))
        if len(word) > _LONGEST_WORD
        else word
        for word in text.split(" ")
    )


def _side(column: Column) -> str:
    if column is _ORDINAL or column.unit is Unit.DAY:
        return "center"
    return "left" if column.unit is Unit.TEXT else "right"


def _least(texts: Iterable[str]) -> float:
    words = (word[:_LONGEST_WORD] for text in texts for word in text.split())
    return _PADDING + max(map(text_width, words), default=1.0)


def _wished(title: str, cells: Sequence[str], least: float) -> float:
    cell = max((text_width(line) for text in cells for line in text.split("\n")), default=0.0)
    return max(least, min(cell + _PADDING, _WIDEST_TEXT), text_width(title) / _HEADING_LINES + _PADDING)


def _headings(columns: Sequence[Column], language: Language) -> Iterator[Heading]:
    deep = any(column.group for column in columns)
    at = 0
    for group, side_by_side in groupby(columns, key=lambda column: column.group):
        members = list(side_by_side)
        if group:
            yield Heading(text=choose(group, language), row=0, column=at, columns=len(members))
        for n, column in enumerate(members, at):
            title = choose(column.title, language)
            yield Heading(text=title, row=1 if group else 0, column=n, rows=2 if deep and not group else 1)
        at += len(members)


def _lacks_figures(columns: Sequence[Column], lines: Iterable[Sequence[Cell]]) -> bool:
    return any(
        cell is None and column.unit is not Unit.TEXT
        for line in lines
        for column, cell in zip(columns, line, strict=True)
    )
