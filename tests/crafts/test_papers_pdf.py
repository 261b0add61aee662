"""Reports as PDF, read back by pypdf: nothing is lost, and it looks as phụ lục I lays it out."""

import io
from dataclasses import replace

import pytest
from pypdf import PdfReader

from gateway.errors import Refusal
from gateway.model.people import Language
from gateway.model.report import Column, Unit
from gateway.papers.pdf import MOST_ROWS, write_report_pdf
from tests.crafts.paper_kit import COLUMNS, REPORT, one_table, pages_of, report_of, tasks

_TEXT = COLUMNS[0]


def test_every_word_and_figure_can_be_searched() -> None:
    """Letterhead, sentences, table and signature, with every mark of Vietnamese."""
    (page,) = pages_of(write_report_pdf(REPORT))
    for text in (
        *("SỞ KHOA HỌC VÀ CÔNG NGHỆ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"),
        *("/BC-SKHCN", "Thái Nguyên, ngày 05 tháng 10 năm 2026", "BÁO CÁO", "Quý III năm 2026"),
        *("được giao 44.375 nhiệm vụ", "Biểu 1. Kết quả thực hiện nhiệm vụ được giao", "Đã hoàn thành"),
        *("Sở Y tế số 0", "1.997", "95,70 %", "Tổng cộng", "95,71 %", "Dấu “–” là không có số liệu."),
        *("Nơi nhận:", "- Lưu: VT.", "KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC", "Nguyễn Văn Mẫu"),
    ):
        assert text in page, text


def test_it_is_made_to_be_archived_and_read_aloud() -> None:
    """PDF/A-2a and PDF/UA-1: title, language, structure, fonts within."""
    reader = PdfReader(io.BytesIO(write_report_pdf(REPORT)))
    assert reader.metadata is not None
    assert reader.metadata.title == REPORT.title[0]
    assert reader.metadata.author == REPORT.issuer
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.date() == REPORT.made_on
    root = reader.root_object
    assert root["/Lang"] == "vi"
    assert root["/MarkInfo"]["/Marked"]
    xmp = root["/Metadata"].get_object().get_data()
    assert b"<pdfaid:part>2<" in xmp
    assert b"<pdfaid:conformance>A<" in xmp
    assert b"<pdfuaid:part>1<" in xmp
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    assert {font.get_object()["/BaseFont"].partition("+")[2] for font in fonts} == {
        *("Tinos-Regular", "Tinos-Bold", "Tinos-Italic", "Tinos-BoldItalic"),
    }


def test_the_same_report_gives_the_same_bytes() -> None:
    """Whenever it is written; and another day gives others."""
    first = write_report_pdf(REPORT)
    write_report_pdf(report_of(tasks(3)))
    assert write_report_pdf(REPORT) == first
    assert write_report_pdf(replace(REPORT, made_on=REPORT.as_of.date())) != first


def test_nothing_is_lost_over_pages() -> None:
    """A hundred agencies: each once, the head on every page, numbers of pages from the second on."""
    pages = pages_of(write_report_pdf(report_of(tasks(100))))
    assert len(pages) > 2
    assert all("Cơ quan, đơn vị" in page for page in pages)
    assert [page.split()[0] for page in pages[1:]] == [str(n) for n in range(2, len(pages) + 1)]
    text = " ".join(pages)
    assert [text.count(f" số {number} ") for number in range(100)] == [1] * 100
    assert text.count("Tổng cộng") == 1


@pytest.mark.parametrize("rows_count", range(20, 34))
def test_a_signature_never_stands_alone(rows_count: int) -> None:
    """Wherever the table ends, some of it is on the signature's page, once."""
    pages = pages_of(write_report_pdf(report_of(tasks(rows_count))))
    assert "Nguyễn Văn Mẫu" in pages[-1]
    assert "Tổng cộng" in pages[-1]
    assert f"số {rows_count - 1} " in pages[-1]
    assert " ".join(pages).count(f"số {rows_count - 2} ") == 1


def test_a_signature_is_not_alone_behind_a_row_as_long_as_a_page() -> None:
    """Two rows would not go along; one does."""
    table = one_table((" ".join(["từ"] * 2400), 1), ("cuối cùng", 2))
    assert "cuối cùng" in pages_of(write_report_pdf(report_of(table)))[-1]


def test_a_wide_table_lies() -> None:
    """An upright sheet where it suffices, a lying one where it does not."""
    wide = one_table(
        ("Sở Y tế", *range(14)),
        columns=(_TEXT, *(Column(title=(f"Tiếp nhận trực tuyến tháng {n}", "")) for n in range(14))),
    )
    boxes = [
        PdfReader(io.BytesIO(write_report_pdf(report_of(table)))).pages[0].mediabox
        for table in (tasks(3), wide)
    ]
    assert [(round(box.width), round(box.height)) for box in boxes] == [(595, 842), (842, 595)]


def test_a_table_without_rows_says_so() -> None:
    """Under its head, instead of ending there."""
    (page,) = pages_of(write_report_pdf(report_of(one_table())))
    assert "Cơ quan, đơn vị Được giao Không có số liệu" in page


def test_a_report_may_have_no_tables_no_signature_and_no_sentences() -> None:
    """What is not said leaves no trace."""
    bare = replace(REPORT, tables=(), summary=(), over="", place="", competence="", position="", signer="")
    (page,) = pages_of(write_report_pdf(bare))
    assert "Nơi nhận: - UBND tỉnh" in page
    assert "Biểu" not in page


def test_what_looks_like_a_program_is_text() -> None:
    """Typst's own signs, in every place where somebody else's words stand."""
    hostile = '#panic("x") $x^2$ *b* _i_ `c` <l> @r \\ // c #read("/etc/hosts") [ ] ~ -- ...'
    table = one_table((hostile, 1), title=(hostile, ""), notes=((hostile, ""),))
    report = replace(report_of(table), issuer=hostile, recipients=(hostile,), summary=((hostile, ""),))
    (page,) = pages_of(write_report_pdf(report))
    assert page.count(hostile.rstrip(". ")) == 5  # the issuer's is in capitals


def test_long_words_and_long_texts_are_there_whole() -> None:
    """A word wider than its column, lines, and a text longer than two pages."""
    table = one_table(("Z" * 300, 1), ("dòng một\ndòng hai", 2), (" ".join(["dài"] * 5000), 3))
    text = " ".join(pages_of(write_report_pdf(report_of(table))))
    assert text.count("Z") == 300
    assert "dòng một dòng hai" in text
    assert text.count("dài") == 5000


def test_all_of_vietnamese_is_in_every_face() -> None:
    """An archive refuses what a font lacks; here it refuses nothing."""
    vowels = "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    letters = "".join(vowel + mark for vowel in vowels for mark in ("", *"\u0300\u0301\u0303\u0309\u0323"))
    words = (f"{letters} đĐ “”‘’–—…•№₫≤≥→", "")
    table = one_table((words[0], 1), title=words, notes=(words,))
    pdf = write_report_pdf(replace(report_of(table), period=words, summary=(words,), recipients=words[:1]))
    assert b"<pdfaid:part>2<" in PdfReader(io.BytesIO(pdf)).root_object["/Metadata"].get_object().get_data()


def test_a_sign_that_no_font_has_costs_the_archive_not_the_report() -> None:
    """The file is no PDF/A then, and all else is in it."""
    pdf = write_report_pdf(report_of(one_table(("Công ty 漢字 🎉", 1))))
    (page,) = pages_of(pdf)
    assert "Công ty" in page
    assert b"<pdfaid:part>" not in PdfReader(io.BytesIO(pdf)).root_object["/Metadata"].get_object().get_data()


def test_a_report_too_long_to_be_printed_is_refused() -> None:
    """With what to ask for instead."""
    table = one_table(*[("x", 1)] * (MOST_ROWS + 1))
    with pytest.raises(Refusal, match="report-too-long"):
        write_report_pdf(report_of(table))


def test_an_english_reader_gets_english() -> None:
    """All that is said in both languages, and figures as written there."""
    (page,) = pages_of(write_report_pdf(REPORT, Language.ENGLISH))
    for text in ("SOCIALIST REPUBLIC OF VIET NAM", "5 October 2026", "Table 1. Tasks assigned", "1,997"):
        assert text in page, text


def test_columns_of_days_and_texts_say_when_there_is_nothing() -> None:
    """A dash explained below, and words where there is room."""
    columns = (_TEXT, Column(title=("Ngày", "Day"), unit=Unit.DAY))
    (page,) = pages_of(write_report_pdf(report_of(one_table((None, None), columns=columns))))
    assert "không có số liệu – Ghi chú: - Dấu “–” là không có số liệu." in page
