"""A report as XLSX: the same paper on sheets, with numbers that can be calculated with.

The first sheet has the letterhead and the first table, unless that is long; every other table has a sheet of
its own, with its head held in view; the last sheet has the signature. Printed whole, the workbook is the
report.
Source: docs/decisions/0014-papers-by-two-libraries.md.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from gateway.model.people import Language
from gateway.model.report import Cell, Report, Unit
from gateway.papers.cells import (
    BOLD,
    CELL,
    CENTRE,
    HIGHEST_ROW_POINTS,
    LINE_POINTS,
    SIZE,
    Book,
    Page,
    Style,
    open_book,
)
from gateway.papers.grid import Grid, Sheet, count_lines, fit, lay_out, sheet_for, text_width
from gateway.papers.wording import (
    Wording,
    choose,
    clean,
    word_elsewhere,
    word_report,
    word_sheet_name,
    word_table_title,
)

# Under a letterhead, which would fill a small screen if it were held in view, a table ends in sight.
_SHORT_ROWS = 20
_LEFT_LEAST = 34.0
_ROOM_TO_SIGN = ("",) * 5

_Styled = tuple[str, Style]

_NOTHING: _Styled = ("", {})


def write_report_xlsx(report: Report, language: Language = Language.VIETNAMESE) -> bytes:
    """Write a report as XLSX; the same report gives the same bytes."""
    file = io.BytesIO()
    words = word_report(report, language)
    grids = [lay_out(table, language) for table in report.tables]
    names = [word_sheet_name(number, language) for number in range(1, len(grids) + 1)]
    titles = [
        word_table_title(number, table.title, language) for number, table in enumerate(report.tables, 1)
    ]
    pages: list[tuple[str, str, Grid | None]] = list(zip(names, titles, grids, strict=True))
    if not grids or len(grids[0].rows) > _SHORT_ROWS:
        pages.insert(0, (words.sheet_name, word_elsewhere(names, language), None))
    book = open_book(
        file,
        language,
        made_on=report.made_on,
        title=choose(report.title, language),
        author=clean(report.issuer),
        options={"in_memory": True},
    )
    sheet = sheet_for(grids)
    for number, (name, title, grid) in enumerate(pages):
        paper = _begin(book, name, grid, sheet, words)
        if number == 0:
            paper.write_letterhead(words)
        else:
            paper.line(f"{words.period} {words.as_of}", {**CENTRE, "italic": True})
        paper.line(title, BOLD, more_points=6)
        if grid:
            paper.write_table(grid, words, is_held=number > 0)
    paper.write_signature(words)
    book.workbook.close()
    return file.getvalue()


def _begin(book: Book, name: str, grid: Grid | None, sheet: Sheet, words: Wording) -> "_Paper":
    page = book.add_page(name, is_lying=sheet.is_lying)
    # What is wider than a sheet in letters of this size is printed smaller, as small as on the PDF's sheet;
    # a figure wider than its column would show as ####.
    widths = (
        fit(grid, max(sheet.width, sum(grid.least))) if grid else (0.45 * sheet.width, 0.55 * sheet.width)
    )
    if len(widths) == 1:
        widths = (widths[0] / 2,) * 2
    middle, widths = _halves(widths, right_least=1.08 * text_width(words.country) + 2)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    return _Paper(book=book, page=page, widths=widths, middle=middle)


def _halves(widths: Sequence[float], *, right_least: float) -> tuple[int, tuple[float, ...]]:
    """Find where the right half of the letterhead begins, and widen columns until both halves fit."""

    def lacks(middle: int) -> tuple[float, float]:
        left = sum(widths[:middle])
        right = sum(widths) - left
        return max(0.0, _LEFT_LEAST - left) + max(0.0, right_least - right), abs(left - right)

    middle = min(range(1, len(widths)), key=lacks)
    left, right = sum(widths[:middle]), sum(widths[middle:])
    by_left, by_right = max(1.0, _LEFT_LEAST / left), max(1.0, right_least / right)
    return middle, tuple(
        width * (by_left if column < middle else by_right) for column, width in enumerate(widths)
    )


@dataclass(slots=True, kw_only=True)
class _Paper:
    """One sheet, written from the top down.

    Shape: middle is the column where the right half of what stands in two halves begins.
    Units: widths are in widths of a digit, as a spreadsheet counts them.
    """

    book: Book
    page: Page
    widths: tuple[float, ...]
    middle: int
    row: int = 0

    def write_letterhead(self, words: Wording) -> None:
        """Write who reports, about what and when, and the sentences above the tables."""
        self.pair((words.over, CENTRE), (words.country, BOLD))
        # Underlined, so that the rule is as long as the line.
        self.pair((words.issuer, BOLD), (words.motto, {**BOLD, "font_size": 13, "underline": 1}))
        self.pair(("–" * max(4, len(words.issuer) // 3), BOLD), _NOTHING)
        self.pair((words.number, CENTRE), (words.place_and_day, {**CENTRE, "italic": True}))
        self.go_down()
        self.line(words.kind, {**BOLD, "font_size": 14})
        if words.subject:
            self.line(words.subject, {**BOLD, "font_size": 14})
        self.line(words.period, {**BOLD, "font_size": 13})
        self.line(words.as_of, {**CENTRE, "italic": True})
        for sentence in words.summary:
            self.line(sentence, {"align": "left", "indent": 2})

    def write_table(self, grid: Grid, words: Wording, *, is_held: bool) -> None:
        """Write one table with its notes; its head is on each page, and held in view where there is room."""
        first = self.row
        self.write_head(grid)
        self.page.repeat_rows(first, self.row - 1)
        if is_held:
            self.page.freeze_panes(self.row, 0)
        for cells in grid.rows:
            self.write_row(grid, cells, {})
        if not grid.rows:
            self.merge(words.no_rows, 0, len(grid.columns) - 1, {**CELL, **CENTRE, "italic": True})
            self.go_down()
        if grid.total:
            self.write_row(grid, grid.total, {"bold": True})
        for note in [words.notes_title, *(f"- {note}" for note in grid.notes)] if grid.notes else []:
            self.line(note, {"italic": True})

    def write_head(self, grid: Grid) -> None:
        """Write the headings, their rows as high as the longest of them needs."""
        lines = [1] * grid.head_rows
        for heading in sorted(grid.headings, key=lambda heading: heading.rows):
            last = heading.column + heading.columns
            needed = _lines(heading.text, sum(self.widths[heading.column : last]), {"bold": True})
            lowest = heading.row + heading.rows - 1
            lines[lowest] = max(lines[lowest], needed - sum(lines[heading.row : lowest]))
            self.merge(
                heading.text,
                heading.column,
                last - 1,
                {**CELL, **BOLD},
                first_row=self.row + heading.row,
                last_row=self.row + lowest,
            )
        for count in lines:
            self.go_down(count * LINE_POINTS + 3)

    def write_row(self, grid: Grid, cells: Sequence[Cell], style: Style) -> None:
        """Write one row."""
        lines = 1
        for column, (cell, of) in enumerate(zip(cells, grid.columns, strict=True)):
            own = {**CELL, "align": grid.sides[column], **style}
            self.book.write(self.page, self.row, column, cell, of.unit, own)
            if of.unit is Unit.TEXT and cell:
                lines = max(lines, _lines(str(cell), self.widths[column], style))
        self.go_down(lines * LINE_POINTS)

    def write_signature(self, words: Wording) -> None:
        """Write for whom the report is, and beside it who signs."""
        self.go_down()
        left: list[_Styled] = [
            (words.recipients_title, {"bold": True, "italic": True}),
            *((line, {"font_size": 11}) for line in words.recipients),
        ]
        right: list[_Styled] = [
            (line, {**BOLD, "font_size": 13}) for line in (*words.authority, *_ROOM_TO_SIGN, words.signer)
        ]
        for one, other in zip_longest(left, right, fillvalue=_NOTHING):
            self.pair(one, other)

    def pair(self, left: _Styled, right: _Styled) -> None:
        """Write two texts side by side, each over its half."""
        last = len(self.widths) - 1
        lines = max(
            self.merge(left[0], 0, self.middle - 1, left[1]),
            self.merge(right[0], self.middle, last, right[1]),
        )
        self.go_down(lines * LINE_POINTS)

    def line(self, text: str, style: Style, *, more_points: float = 0) -> None:
        """Write a text over the whole width."""
        lines = self.merge(text, 0, len(self.widths) - 1, style)
        self.go_down(lines * LINE_POINTS + 2 + more_points)

    def merge(
        self,
        text: str,
        first: int,
        last: int,
        style: Style,
        *,
        first_row: int | None = None,
        last_row: int | None = None,
    ) -> int:
        """Write a text over several cells, of this row unless told, and tell how many lines it needs."""
        top = self.row if first_row is None else first_row
        bottom = top if last_row is None else last_row
        face = self.book.style_of(text, {"text_wrap": True, **style})
        if first == last and top == bottom:
            self.page.write_string(top, first, text, face)
        else:
            self.page.merge_range(top, first, bottom, last, text, face)
        return _lines(text, sum(self.widths[first : last + 1]), style)

    def go_down(self, points: float = LINE_POINTS) -> None:
        """Go to the next row; this one is so high."""
        # Spreadsheets find the height of a row themselves, but not of merged cells, and not all of them.
        self.page.set_row(self.row, min(points, HIGHEST_ROW_POINTS))
        self.row += 1


def _lines(text: str, width: float, style: Style) -> int:
    """Tell how many lines a text needs in a cell; rather one too many than one unseen."""
    size = int(style.get("font_size", SIZE)) / SIZE * (1.08 if style.get("bold") else 1.0)
    return count_lines(text, width / size - 0.8)
