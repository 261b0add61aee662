"""The registers of incoming and outgoing documents as XLSX: lines as they come, at flat memory.

Source: Nghị định 30/2020/NĐ-CP, phụ lục IV: mẫu sổ đăng ký văn bản đến, sổ đăng ký văn bản đi.
"""

from collections.abc import Iterable
from itertools import count, islice
from pathlib import Path
from typing import IO

from gateway.model.people import Language
from gateway.model.register import Register
from gateway.model.report import Unit
from gateway.papers.cells import BOLD, CELL, CENTRE, LINE_POINTS, Book, Page, Style, open_book
from gateway.papers.forms import Form, FormColumn, Line
from gateway.papers.wording import choose, clean

_ROWS_IN_A_SHEET = 1_000_000
_HEADING: Style = {**CELL, **BOLD}
_NUMBER: Style = {**CELL, **CENTRE, "italic": True}


def write_register_xlsx(
    form: Form[Line],
    register: Register,
    lines: Iterable[Line],
    file: IO[bytes],
    *,
    spool_dir: Path,
    language: Language = Language.VIETNAMESE,
    rows_in_a_sheet: int = _ROWS_IN_A_SHEET,
) -> int:
    """Write a register into a file, and tell how many lines it has.

    Shape: what does not fit on a sheet goes on on the next; spool_dir has room for the rows, uncompressed.
    """
    book = open_book(
        file,
        language,
        made_on=register.made_on,
        title=choose(form.title, language),
        author=clean(register.issuer),
        options={"constant_memory": True, "tmpdir": str(spool_dir)},
    )
    coming, total = iter(lines), 0
    for number in count(1):
        page = _begin(book, form, number)
        row = _write_head(book, page, form, register)
        written = _write_lines(book, page, form, islice(coming, rows_in_a_sheet), first_row=row)
        total += written
        if written < rows_in_a_sheet:
            break
    book.workbook.close()
    return total


def _begin(book: Book, form: Form[Line], number: int) -> Page:
    name = choose(form.sheet_name, book.language)
    page = book.add_page(name if number == 1 else f"{name} ({number})", is_lying=True)
    for n, column in enumerate(form.columns):
        page.set_column(n, n, column.width)
    return page


def _write_head(book: Book, page: Page, form: Form[Line], register: Register) -> int:
    """Write what stands above the lines, from the top down, and tell in which row they begin."""
    language = book.language
    last = len(form.columns) - 1
    above: tuple[tuple[str, Style], ...] = (
        (clean(register.over).upper(), {}),
        (clean(register.issuer).upper(), {"bold": True}),
        (choose(form.title, language).upper(), {**BOLD, "font_size": 14}),
        (choose(register.period, language), {**CENTRE, "italic": True}),
    )
    row = 0
    for text, style in above:
        if text:
            page.merge_range(row, 0, row, last, text, book.style(style))
            row += 1
    page.set_row(row, 3 * LINE_POINTS)
    for n, column in enumerate(form.columns):
        page.write_string(row, n, choose(column.title, language), book.style(_HEADING))
    # The form numbers its columns, so that rules can speak of them.
    for n in range(last + 1):
        page.write_string(row + 1, n, f"({n + 1})", book.style(_NUMBER))
    page.repeat_rows(row, row + 1)
    page.freeze_panes(row + 2, 0)
    return row + 2


def _write_lines(book: Book, page: Page, form: Form[Line], lines: Iterable[Line], *, first_row: int) -> int:
    styles = [
        {**CELL, "valign": "top", "align": "left" if column.unit is Unit.TEXT else "center"}
        for column in form.columns
    ]
    row = first_row
    for row, line in enumerate(lines, first_row + 1):
        cells = [column.of(line) for column in form.columns]
        page.set_height(row - 1, LINE_POINTS * max(map(_count_lines, form.columns, cells)))
        for n, (cell, column) in enumerate(zip(cells, form.columns, strict=True)):
            book.write(page, row - 1, n, "" if cell is None else cell, column.unit, styles[n])
    return row - first_row


def _count_lines(column: FormColumn[Line], cell: object) -> int:
    """Guess how many lines a text needs: to measure it takes as long as to write it."""
    return 1 + int(0.95 * len(cell) // (column.width - 2)) if isinstance(cell, str) else 1
