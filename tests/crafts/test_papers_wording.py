"""What stands on an office's paper, letter for letter."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from gateway.model.people import Language
from gateway.model.report import Cell, Unit
from gateway.papers.wording import word_report, write_cell
from tests.crafts.paper_kit import REPORT

VI, EN = Language.VIETNAMESE, Language.ENGLISH


@pytest.mark.parametrize(
    ("cell", "unit", "vi", "en"),
    [
        (44375, Unit.COUNT, "44.375", "44,375"),
        (0, Unit.COUNT, "0", "0"),
        (Decimal("95.70"), Unit.SHARE, "95,70\u00a0%", "95.70\u00a0%"),
        (100, Unit.SHARE, "100,00\u00a0%", "100.00\u00a0%"),
        (Decimal("1234.5"), Unit.HOURS, "1.234,5", "1,234.5"),
        (date(2026, 3, 5), Unit.DAY, "05/03/2026", "5 Mar 2026"),
        (None, Unit.COUNT, "–", "–"),
        (None, Unit.TEXT, "không có số liệu", "no data"),
        ("", Unit.TEXT, "", ""),
        ("So\u0302\u0309 Y te\u0302\u0301\u202e", Unit.TEXT, "Sổ Y tế", "Sổ Y tế"),
    ],
)
def test_figures_are_written_as_their_readers_write_them(cell: Cell, unit: Unit, vi: str, en: str) -> None:
    """Dots for thousands and a comma for parts in Vietnamese, the other way round in English."""
    assert (write_cell(cell, unit, VI), write_cell(cell, unit, EN)) == (vi, en)


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2026, 2, 5), "ngày 05 tháng 02 năm 2026"),
        (date(2026, 3, 10), "ngày 10 tháng 3 năm 2026"),
        (date(2026, 12, 31), "ngày 31 tháng 12 năm 2026"),
    ],
)
def test_days_below_ten_and_the_first_two_months_have_a_zero(day: date, written: str) -> None:
    """As phụ lục I asks, and no other month."""
    assert word_report(replace(REPORT, made_on=day), VI).place_and_day == f"Thái Nguyên, {written}"


@pytest.mark.parametrize(
    ("number", "written"),
    [("", "Số: \u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0/BC-SKHCN"), ("7", "Số: 07/BC-SKHCN")],
)
def test_a_number_that_is_not_there_yet_leaves_room_for_a_hand(number: str, written: str) -> None:
    """And one below ten has a zero before it."""
    assert word_report(replace(REPORT, number=number), VI).number == written


def test_the_kind_of_document_stands_over_what_it_is_about() -> None:
    """BÁO CÁO in capitals, the rest as it is written; another title is all in capitals."""
    words = word_report(REPORT, VI)
    assert (words.kind, words.subject) == ("BÁO CÁO", "Tình hình thực hiện nhiệm vụ được giao")
    words = word_report(replace(REPORT, title=("Biểu tổng hợp", "Summary")), VI)
    assert (words.kind, words.subject) == ("BIỂU TỔNG HỢP", "")


def test_recipients_end_as_a_list_does() -> None:
    """A dash before each, a semicolon behind, a full stop behind the last, whoever typed what."""
    assert word_report(REPORT, VI).recipients == (
        *("- UBND tỉnh (để báo cáo);", "- Các sở, ban, ngành;", "- Lưu: VT."),
    )


def test_figures_are_as_of_an_instant_in_vietnam() -> None:
    """10:00 in UTC is 17:00 there."""
    assert word_report(REPORT, VI).as_of == "(Số liệu tính đến 17:00 ngày 30/09/2026)"
