"""Lists as files, written as they come: CSV as spreadsheets in Vietnam open it, and XLSX, at flat memory.

What a sender wrote stands in them as text, whatever it begins with: a cell must never become a formula in
somebody's spreadsheet.
"""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import IO
from xml.sax.saxutils import escape

from gateway.model.text import looks_like_formula

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Row = Sequence[str]

_ROWS_IN_A_SHEET = 1_000_000
_LONGEST_CELL = 32_000
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


async def write_csv(head: Row, pages: AsyncIterator[Iterable[Row]]) -> AsyncIterator[bytes]:
    """Write rows as CSV: UTF-8 with the mark by which Excel knows it, CR LF, every cell quoted.

    Source: RFC 4180.
    """
    yield b"\xef\xbb\xbf" + _csv_lines([head])
    async for page in pages:
        yield _csv_lines(page)


def _csv_lines(rows: Iterable[Row]) -> bytes:
    sheet = io.StringIO()
    csv.writer(sheet, quoting=csv.QUOTE_ALL).writerows([_harmless(cell) for cell in row] for row in rows)
    return sheet.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if looks_like_formula(cell) else cell


class _Sink(io.RawIOBase):
    """What the archive writes goes here and is taken away piece by piece; it cannot be gone back in."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        return len(taken)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


async def write_xlsx(
    head: Row, pages: AsyncIterator[Iterable[Row]], *, rows_in_a_sheet: int = _ROWS_IN_A_SHEET
) -> AsyncIterator[bytes]:
    """Write rows as a workbook; what does not fit on a sheet goes on on the next. Every cell is text.

    Source: ECMA-376, part 1 (SpreadsheetML), inline strings.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as book:
        sheets_count, room = 0, 0
        sheet: IO[bytes] | None = None
        async for page in pages:
            for row in page:
                if sheet is None or room == 0:
                    if sheet is not None:
                        _end_sheet(sheet)
                    sheets_count += 1
                    sheet, room = _begin_sheet(book, sheets_count, head), rows_in_a_sheet
                sheet.write(_xlsx_row(row))
                room -= 1
            yield sink.take()
        if sheet is None:
            sheets_count, sheet = 1, _begin_sheet(book, 1, head)
        _end_sheet(sheet)
        for name, content in _frame(sheets_count):
            book.writestr(name, content)
    yield sink.take()


def _begin_sheet(book: zipfile.ZipFile, number: int, head: Row) -> IO[bytes]:
    sheet = book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True)
    sheet.write(
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><sheetData>'.encode()
    )
    sheet.write(_xlsx_row(head))
    return sheet


def _end_sheet(sheet: IO[bytes]) -> None:
    sheet.write(b"</sheetData></worksheet>")
    sheet.close()


def _xlsx_row(row: Row) -> bytes:
    cells = (
        f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_printable(cell))}</t></is></c>'
        for cell in row
    )
    return f"<row>{''.join(cells)}</row>".encode("utf-8", "replace")


def _printable(cell: str) -> str:
    """Leave out what XML cannot say."""
    return "".join(sign for sign in cell[:_LONGEST_CELL] if sign >= " " or sign in "\t\n")


def _frame(sheets_count: int) -> Iterator[tuple[str, str]]:
    """Write what makes sheets a workbook."""
    numbers = range(1, sheets_count + 1)
    sheet_type = XLSX_TYPE.replace(".sheet", ".worksheet+xml")
    yield (
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX_TYPE}.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{sheet_type}"/>' for n in numbers
        )
        + "</Types>",
    )
    yield (
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="r{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        + "</Relationships>",
    )
    yield (
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        + "".join(f'<sheet name="Danh mục {n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
    )
