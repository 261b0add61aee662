"""A quarter's report, as an office would make it, and its files read back."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from pypdf import PdfReader

from gateway.model.report import Cell, Column, Report, Table, Unit

DONE, OPEN = ("Đã hoàn thành", "Done"), ("Đang thực hiện", "In progress")
COLUMNS = (
    Column(title=("Cơ quan, đơn vị", "Agency"), unit=Unit.TEXT),
    Column(title=("Được giao", "Assigned")),
    Column(title=("Đúng hạn", "In time"), group=DONE),
    Column(title=("Quá hạn", "Late"), group=DONE),
    Column(title=("Trong hạn", "In time"), group=OPEN),
    Column(title=("Quá hạn", "Overdue"), group=OPEN),
    Column(title=("Tỷ lệ đúng hạn", "On time"), unit=Unit.SHARE),
)
_NAMES = ("Sở Y tế", "Sở Tài chính", "Ủy ban nhân dân phường Phan Đình Phùng", "Sở Nông nghiệp và Môi trường")


def tasks(rows_count: int) -> Table:
    """So many agencies with their five counts, and what they add up to."""
    rows = tuple(_row(number) for number in range(rows_count))
    sums = (sum(int(str(row[column])) for row in rows) for column in range(1, 6))
    return Table(
        title=("Kết quả thực hiện nhiệm vụ được giao", "Tasks assigned"),
        columns=COLUMNS,
        rows=rows,
        total=("Tổng cộng", *sums, Decimal("95.71")),
        numbered=True,
    )


def _row(number: int) -> tuple[Cell, ...]:
    done, late, left, overdue = 1900 + 31 * number, 3 * number, 90 + number, 7
    share = Decimal("95.70") if number % 5 else None
    return (
        f"{_NAMES[number % 4]} số {number}",
        done + late + left + overdue,
        done,
        late,
        left,
        overdue,
        share,
    )


def one_table(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = COLUMNS[:2], **changes: object) -> Table:
    """A small table of the first columns."""
    table = Table(title=("Danh sách", "List"), columns=columns, rows=rows)
    return replace(table, **changes)  # type: ignore[arg-type]


REPORT = Report(
    title=("Báo cáo tình hình thực hiện nhiệm vụ được giao", "Report on tasks"),
    period=("Quý III năm 2026", "Third quarter of 2026"),
    issuer="Sở Khoa học và Công nghệ",
    over="Ủy ban nhân dân tỉnh Thái Nguyên",
    place="Thái Nguyên",
    notation="BC-SKHCN",
    made_on=date(2026, 10, 5),
    as_of=datetime(2026, 9, 30, 10, 0, tzinfo=UTC),
    summary=(("Trong kỳ được giao 44.375 nhiệm vụ, 95,70 % đúng hạn.", "95.70% in time."),),
    tables=(tasks(7),),
    recipients=("UBND tỉnh (để báo cáo)", "Các sở, ban, ngành;", "Lưu: VT."),
    competence="KT. Giám đốc",
    position="Phó Giám đốc",
    signer="Nguyễn Văn Mẫu",
)


def report_of(*tables: Table) -> Report:
    """The report with other tables."""
    return replace(REPORT, tables=tables)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, as a search finds it: white space does not count."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def book_of(xlsx: bytes) -> Workbook:
    """The workbook, read by another library than wrote it."""
    return openpyxl.load_workbook(io.BytesIO(xlsx))


def values_of(sheet: Worksheet) -> list[list[object]]:
    """All cells of a sheet that hold something, row by row."""
    rows = ([cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True))
    return [row for row in rows if row]
