"""Registers as XLSX: the columns of phụ lục IV, as many lines as there are, at flat memory."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from gateway.model.people import Language
from gateway.model.register import IncomingLine, OutgoingLine, Register
from gateway.papers.forms import INCOMING, OUTGOING
from gateway.papers.register import write_register_xlsx
from tests.crafts.paper_kit import book_of, values_of

REGISTER = Register(
    issuer="Sở Y tế",
    over="Ủy ban nhân dân tỉnh Thái Nguyên",
    period=("Từ ngày 01/01/2026 đến ngày 30/09/2026", "1 January to 30 September 2026"),
    made_on=date(2026, 10, 5),
)
NEW_YEAR = date(2026, 1, 1)


def incoming(count: int) -> Iterator[IncomingLine]:
    """So many documents, one by one."""
    for number in range(1, count + 1):
        yield IncomingLine(
            arrived_on=NEW_YEAR + timedelta(number % 270),
            arrival_number=number,
            author="=cmd|' /C calc'!A0",
            code=f"{number}/UBND-TH",
            dated=NEW_YEAR if number % 2 else None,
            abstract=f"Công văn về việc số {number}, " + "phòng, chống dịch bệnh " * 5,
            holder="Phòng Nghiệp vụ Y",
        )


def written(count: int, folder: Path, **options: int) -> tuple[int, bytes]:
    """A register of so many lines: how many were counted, and the file."""
    file = io.BytesIO()
    total = write_register_xlsx(INCOMING, REGISTER, incoming(count), file, spool_dir=folder, **options)
    assert not list(folder.iterdir())
    return total, file.getvalue()


def test_the_incoming_register_has_the_columns_of_the_form(tmp_path: Path) -> None:
    """Ten, numbered, with room to sign; days are days, texts are texts, what is not known is left open."""
    (sheet,) = book_of(written(2, tmp_path)[1]).worksheets
    rows = values_of(sheet)
    assert rows[:4] == [
        ["ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN"],
        ["SỞ Y TẾ"],
        ["SỔ ĐĂNG KÝ VĂN BẢN ĐẾN"],
        ["Từ ngày 01/01/2026 đến ngày 30/09/2026"],
    ]
    assert rows[4] == [
        *("Ngày đến", "Số đến", "Tác giả", "Số, ký hiệu văn bản", "Ngày tháng văn bản"),
        *("Tên loại và trích yếu nội dung văn bản", "Đơn vị hoặc người nhận", "Ngày chuyển", "Ký nhận"),
        "Ghi chú",
    ]
    assert rows[5] == [f"({number})" for number in range(1, 11)]
    first = [cell.value for cell in sheet[7]]
    assert first[:5] == [datetime(2026, 1, 2), 1, "=cmd|' /C calc'!A0", "1/UBND-TH", datetime(2026, 1, 1)]
    assert first[6:] == ["Phòng Nghiệp vụ Y", None, None, None]
    assert sheet[8][4].value is None
    assert sheet[7][2].data_type == "s"
    assert sheet[7][2].quotePrefix


def test_it_is_held_and_printed_with_its_head(tmp_path: Path) -> None:
    """Lying A4, head in view and on each page, rows as high as their texts."""
    (sheet,) = book_of(written(3, tmp_path)[1]).worksheets
    assert (sheet.freeze_panes, sheet.print_title_rows) == ("A7", "$5:$6")
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "landscape")
    assert all(sheet.row_dimensions[row].height > 40 for row in (7, 8, 9))


def test_the_outgoing_register_has_the_columns_of_the_form(tmp_path: Path) -> None:
    """Eight of them."""
    line = OutgoingLine(
        code="412/SYT-VP",
        dated=date(2026, 4, 12),
        abstract="Công văn về việc tiêm chủng",
        signer="Nguyễn Văn Mẫu",
        recipients="UBND tỉnh; Sở Tài chính",
        copies_count=2,
    )
    file = io.BytesIO()
    assert write_register_xlsx(OUTGOING, REGISTER, [line], file, spool_dir=tmp_path) == 1
    (sheet,) = book_of(file.getvalue()).worksheets
    assert sheet.title == "Văn bản đi"
    assert [cell.value for cell in sheet[5]] == [
        *("Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản", "Người ký"),
        *("Nơi nhận văn bản", "Đơn vị, người nhận bản lưu", "Số lượng bản", "Ghi chú"),
    ]
    assert [cell.value for cell in sheet[7]] == [
        *("412/SYT-VP", datetime(2026, 4, 12), "Công văn về việc tiêm chủng", "Nguyễn Văn Mẫu"),
        *("UBND tỉnh; Sở Tài chính", None, 2, None),
    ]


def test_what_does_not_fit_on_a_sheet_goes_on_on_the_next(tmp_path: Path) -> None:
    """Every line once, in its order, under a head of its own."""
    total, xlsx = written(2500, tmp_path, rows_in_a_sheet=1000)
    assert total == 2500
    book = book_of(xlsx)
    assert book.sheetnames == ["Văn bản đến", "Văn bản đến (2)", "Văn bản đến (3)"]
    lines = [row for sheet in book for row in sheet.iter_rows(min_row=7, values_only=True)]
    assert [line[1] for line in lines] == list(range(1, 2501))
    assert [line[3] for line in lines] == [f"{number}/UBND-TH" for number in range(1, 2501)]


def test_a_register_without_lines_is_one_sheet(tmp_path: Path) -> None:
    """With the form's head, to be filled by hand."""
    total, xlsx = written(0, tmp_path)
    (sheet,) = book_of(xlsx).worksheets
    assert (total, sheet.max_row) == (0, 6)


def test_the_same_register_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whenever it is written."""
    assert written(50, tmp_path) == written(50, tmp_path)


def test_four_times_the_lines_take_no_more_memory(tmp_path: Path) -> None:
    """They lie in the spool folder, not here."""
    peaks = []
    for count in (1000, 4000):
        tracemalloc.start()
        with (tmp_path / f"{count}.xlsx").open("wb") as file:
            spool = tmp_path / f"spool-{count}"
            spool.mkdir()
            write_register_xlsx(INCOMING, REGISTER, incoming(count), file, spool_dir=spool)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_an_english_reader_gets_english(tmp_path: Path) -> None:
    """The form's names, translated."""
    file = io.BytesIO()
    write_register_xlsx(INCOMING, REGISTER, incoming(1), file, spool_dir=tmp_path, language=Language.ENGLISH)
    (sheet,) = book_of(file.getvalue()).worksheets
    assert sheet.title == "Incoming"
    assert values_of(sheet)[2] == ["REGISTER OF INCOMING DOCUMENTS"]
