"""Workbooks as offices print them, and their cells: numbers to calculate with, texts that stay texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, cast

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from gateway.model.people import Language
from gateway.model.report import Cell, Unit
from gateway.model.text import looks_like_formula
from gateway.papers.wording import write_cell

FACE, SIZE, LINE_POINTS = "Times New Roman", 12, 16.5
HIGHEST_ROW_POINTS = 409
# Millimetres as inches, left, right, top, bottom: those of phụ lục I.
_MARGINS = (30 / 25.4, 15 / 25.4, 20 / 25.4, 20 / 25.4)
_A4 = 9
_LONGEST_TEXT = 32_000
# By this name of a language programs that can write numbers as its readers do.
_VIETNAMESE = "[$-42A]"

Style = Mapping[str, str | int | bool]
"""What XlsxWriter makes a format of."""

CENTRE: Style = {"align": "center"}
BOLD: Style = {**CENTRE, "bold": True}
CELL: Style = {"border": 1, "text_wrap": True}


class Page(Worksheet):
    """A worksheet; the first has no number on its first page."""

    is_first = False

    def set_height(self, row: int, points: float) -> None:
        """Say how high a row is, before its cells are written; rows long written are forgotten."""
        self.set_row(row, min(points, HIGHEST_ROW_POINTS))
        # XlsxWriter keeps them all, a third of a kilobyte each, and needs that of the row before at most.
        for kept in (self.row_info, self.row_sizes):
            kept.pop(row - 2, None)

    def _write_header_footer(self) -> None:
        # XlsxWriter has no word for it; a test notices when it has another way of writing this.
        self._xml_start_tag("headerFooter", [("differentFirst", 1)] if self.is_first else [])
        self._write_odd_header()
        self._xml_end_tag("headerFooter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A workbook that is being written, and the formats its cells share."""

    workbook: Workbook
    language: Language
    _formats: dict[frozenset[tuple[str, str | int | bool]], Format] = field(default_factory=dict)

    def style(self, style: Style) -> Format:
        """Return the format of a style: a workbook has one of each."""
        key = frozenset(style.items())
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format({"valign": "vcenter", **style})
        return self._formats[key]

    def style_of(self, text: str, style: Style) -> Format:
        """Return the format of a text, which no edit must turn into a formula."""
        return self.style({**style, "quote_prefix": True} if looks_like_formula(text) else style)

    def add_page(self, name: str, *, is_lying: bool) -> Page:
        """Begin a sheet that prints on A4, as wide as the paper."""
        is_first = not self.workbook.worksheets()
        page = cast(Page, self.workbook.add_worksheet(name, Page))
        page.is_first = is_first
        page.set_paper(_A4)
        if is_lying:
            page.set_landscape()
        page.set_margins(*_MARGINS)
        page.set_header(f'&C&"{FACE}"&13&P', {"margin": 10 / 25.4})
        page.fit_to_pages(1, 0)
        page.hide_gridlines(2)
        return page

    def write(self, page: Page, row: int, column: int, cell: Cell, unit: Unit, style: Style) -> None:
        """Write one cell: a number or a day as what it is, all else as text."""
        match cell:
            case date():
                face = self.style({**style, "num_format": self._day})
                page.write_datetime(row, column, datetime.combine(cell, time()), face)
            case int() | Decimal():
                face = self.style({**style, "num_format": self._figure(cell, unit)})
                number = Decimal(cell) / 100 if unit is Unit.SHARE else cell
                page.write_number(row, column, float(number), face)
            case "":
                page.write_blank(row, column, None, self.style(style))
            case _:
                text = write_cell(cell, unit, self.language)[:_LONGEST_TEXT]
                page.write_string(row, column, text, self.style_of(text, style))

    @property
    def _day(self) -> str:
        return "dd/mm/yyyy" if self.language is Language.VIETNAMESE else "d mmm yyyy"

    def _figure(self, cell: int | Decimal, unit: Unit) -> str:
        prefix = _VIETNAMESE if self.language is Language.VIETNAMESE else ""
        if unit is Unit.SHARE:
            return f"{prefix}0.00\\ %"
        exponent = cell.as_tuple().exponent if isinstance(cell, Decimal) else 0
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        return f"{prefix}#,##0{'.' + '0' * places if places else ''}"


def open_book(
    file: IO[bytes],
    language: Language,
    *,
    made_on: date,
    title: str,
    author: str,
    options: Mapping[str, object],
) -> Book:
    """Begin a workbook."""
    as_text = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    font = {"default_format_properties": {"font_name": FACE, "font_size": SIZE}}
    workbook = Workbook(file, {**as_text, **font, **options})
    workbook.set_properties(
        {"title": title, "author": author, "company": author, "created": datetime.combine(made_on, time())}
    )
    return Book(workbook=workbook, language=language)
