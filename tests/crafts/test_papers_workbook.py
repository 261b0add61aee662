"""Reports as XLSX, read back by openpyxl: numbers are numbers, texts are texts, and it prints as a paper."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from gateway.model.people import Language
from gateway.model.report import Column, Unit
from gateway.papers.workbook import write_report_xlsx
from tests.crafts.paper_kit import COLUMNS, REPORT, book_of, one_table, report_of, tasks, values_of

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "{=1}", "http://x.vn", "0012", "\t=1")


def test_the_sheet_is_the_paper() -> None:
    """Letterhead, title, sentences, table and signature, from the top down."""
    (sheet,) = book_of(write_report_xlsx(REPORT)).worksheets
    assert sheet.title == "Biểu 1"
    rows = values_of(sheet)
    assert rows[:2] == [
        ["ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        ["SỞ KHOA HỌC VÀ CÔNG NGHỆ", "Độc lập - Tự do - Hạnh phúc"],
    ]
    assert rows[3][1] == "Thái Nguyên, ngày 05 tháng 10 năm 2026"
    assert rows[4:10] == [
        ["BÁO CÁO"],
        ["Tình hình thực hiện nhiệm vụ được giao"],
        ["Quý III năm 2026"],
        ["(Số liệu tính đến 17:00 ngày 30/09/2026)"],
        [REPORT.summary[0][0]],
        ["Biểu 1. Kết quả thực hiện nhiệm vụ được giao"],
    ]
    assert rows[10] == [
        *("TT", "Cơ quan, đơn vị", "Được giao", "Đã hoàn thành", "Đang thực hiện", "Tỷ lệ đúng hạn"),
    ]
    assert rows[11] == ["Đúng hạn", "Quá hạn", "Trong hạn", "Quá hạn"]
    assert rows[12] == [1, "Sở Y tế số 0", 1997, 1900, 0, 90, 7, "–"]
    assert rows[-6:] == [
        ["- Dấu “–” là không có số liệu."],
        ["Nơi nhận:", "KT. GIÁM ĐỐC"],
        ["- UBND tỉnh (để báo cáo);", "PHÓ GIÁM ĐỐC"],
        ["- Các sở, ban, ngành;"],
        ["- Lưu: VT."],
        ["Nguyễn Văn Mẫu"],
    ]


def test_figures_can_be_calculated_with() -> None:
    """Numbers, shares of one, days; written as readers here write them; totals as the report has them."""
    columns = (
        *COLUMNS[:2],
        Column(title=("Tỷ lệ", "Share"), unit=Unit.SHARE),
        Column(title=("Giờ", "Hours"), unit=Unit.HOURS),
        Column(title=("Ngày", "Day"), unit=Unit.DAY),
    )
    row = ("Sở Y tế", 44375, Decimal("95.70"), Decimal("12.25"), date(2026, 3, 5))
    table = one_table(row, columns=columns, total=("Tổng cộng", 44375, Decimal("95.70"), None, None))
    sheet = book_of(write_report_xlsx(report_of(table))).active
    assert sheet is not None
    (cells, total) = [cells for cells in sheet.iter_rows() if cells[1].value == 44375]
    assert [cell.value for cell in cells] == ["Sở Y tế", 44375, 0.957, 12.25, datetime(2026, 3, 5)]
    assert [cell.number_format for cell in cells[1:]] == [
        *("[$-42A]#,##0", "[$-42A]0.00\\ %", "[$-42A]#,##0.00", "dd/mm/yyyy"),
    ]
    assert [cell.value for cell in total] == ["Tổng cộng", 44375, 0.957, "–", "–"]
    assert all(cell.font.bold for cell in total)
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"n", "s", "d"}


def test_no_text_becomes_a_formula() -> None:
    """Not when it is opened, nor when somebody edits the cell and leaves it."""
    table = one_table(*[(text, 1) for text in FORMULAS], title=(FORMULAS[0], ""), notes=((FORMULAS[0], ""),))
    report = replace(report_of(table), issuer=FORMULAS[0], signer=FORMULAS[1], summary=((FORMULAS[0], ""),))
    sheet = book_of(write_report_xlsx(report)).active
    assert sheet is not None
    texts = [cell for (cell,) in sheet.iter_rows(max_col=1) if cell.value in {*FORMULAS, " =1"}]
    assert [cell.value for cell in texts[-len(FORMULAS) :]] == [*FORMULAS[:-1], " =1"]
    assert {cell.data_type for line in sheet.iter_rows() for cell in line} <= {"n", "s"}
    assert [cell.quotePrefix for cell in texts[-len(FORMULAS) :]] == [*[True] * 5, False, False, False, True]
    assert all(cell.quotePrefix for cell in sheet["A"] if str(cell.value).startswith(("=", "+", "-")))
    assert not sheet._hyperlinks


def test_every_table_but_a_short_first_one_has_a_sheet_with_its_head_in_view() -> None:
    """Under a letterhead a head in view would fill the screen."""
    book = book_of(write_report_xlsx(report_of(tasks(7), tasks(3))))
    assert [(sheet.title, sheet.freeze_panes) for sheet in book] == [("Biểu 1", None), ("Biểu 2", "A5")]
    book = book_of(write_report_xlsx(report_of(tasks(21), tasks(3))))
    assert [(sheet.title, sheet.freeze_panes) for sheet in book] == [
        *(("Báo cáo", None), ("Biểu 1", "A5"), ("Biểu 2", "A5")),
    ]
    assert values_of(book.worksheets[0])[-1] == ["Số liệu ở trang tính: Biểu 1, Biểu 2"]
    assert [["Nơi nhận:", "KT. GIÁM ĐỐC"] in values_of(sheet) for sheet in book] == [False, False, True]


def test_it_prints_as_an_office_prints() -> None:
    """A4, the decree's margins, as wide as the paper, heads on each page, no number on the first."""
    xlsx = write_report_xlsx(report_of(tasks(7), tasks(30)))
    for sheet in book_of(xlsx):
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        margins = sheet.page_margins
        assert [
            round(side * 25.4) for side in (margins.left, margins.right, margins.top, margins.bottom)
        ] == [
            *(30, 15, 20, 20),
        ]
        assert sheet.oddHeader.center.text == "&P"
        assert re.fullmatch(r"\$\d+:\$\d+", str(sheet.print_title_rows))
    first, second = book_of(xlsx).worksheets
    assert (first.print_title_rows, second.print_title_rows) == ("$12:$13", "$3:$4")
    assert (first.HeaderFooter.differentFirst, second.HeaderFooter.differentFirst) == (True, None)


def test_nothing_is_lost_of_a_long_table() -> None:
    """Two thousand agencies, each once, and their total."""
    table = tasks(2000)
    rows = values_of(book_of(write_report_xlsx(report_of(table)))["Biểu 1"])
    assert [row[1] for row in rows[4:2004]] == [row[0] for row in table.rows]
    assert [row[2] for row in rows[4:2004]] == [row[1] for row in table.rows]
    assert table.total is not None
    assert rows[2004][1] == table.total[1]


@pytest.mark.parametrize("columns_count", [1, 2, 40])
def test_the_letterhead_fits_over_any_table(columns_count: int) -> None:
    """However few columns there are, or many."""
    columns = (*COLUMNS[:1], *(Column(title=(f"Tháng {n}", "")) for n in range(columns_count - 1)))
    table = one_table(("Sở Y tế", *range(columns_count - 1)), columns=columns)
    (sheet,) = book_of(write_report_xlsx(report_of(table))).worksheets
    widths = {
        number: dimension.width
        for dimension in sheet.column_dimensions.values()
        for number in range(dimension.min, dimension.max + 1)
    }
    middle = sheet[1].index(
        next(cell for cell in sheet[1] if cell.value == "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
    )
    left = sum(width for number, width in widths.items() if number <= middle)
    assert left > 30
    assert sum(widths.values()) - left > 45


def test_a_table_without_rows_and_a_report_without_tables_say_so() -> None:
    """The one in words, the other by leaving them out."""
    (sheet,) = book_of(write_report_xlsx(report_of(one_table()))).worksheets
    assert ["Không có số liệu"] in values_of(sheet)
    (sheet,) = book_of(write_report_xlsx(report_of())).worksheets
    assert sheet.title == "Báo cáo"
    assert ["Nơi nhận:", "KT. GIÁM ĐỐC"] in values_of(sheet)


def test_the_same_report_gives_the_same_bytes() -> None:
    """Whenever it is written; nothing in it is of today."""
    xlsx = write_report_xlsx(REPORT)
    assert write_report_xlsx(REPORT) == xlsx
    core = zipfile.ZipFile(io.BytesIO(xlsx)).read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT", core)) == {"2026-10-05T"}


def test_an_english_reader_gets_english() -> None:
    """Headings, names of sheets, and figures in the form of whoever opens it."""
    (sheet,) = book_of(write_report_xlsx(REPORT, Language.ENGLISH)).worksheets
    assert sheet.title == "Table 1"
    rows = values_of(sheet)
    assert ["Table 1. Tasks assigned"] in rows
    assert [1, "Sở Y tế số 0", 1997, 1900, 0, 90, 7, "–"] in rows
