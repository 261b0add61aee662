"""Instants, numbers and figures as people read them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.model import formats
from gateway.model.people import Language
from gateway.web.console import charts, wording

VI, EN = Language.VIETNAMESE, Language.ENGLISH
AT = datetime(2026, 11, 26, 7, 5, tzinfo=UTC)


def test_an_instant_is_told_in_vietnams_time() -> None:
    """Five past two in the afternoon there, whatever the server's clock says; midnight is the next day."""
    assert formats.write_instant(AT, VI) == "26/11/2026 14:05"
    assert formats.write_instant(AT, EN) == "26 Nov 2026 14:05"
    assert formats.write_day(datetime(2026, 11, 26, 17, 0, tzinfo=UTC), VI) == "27/11/2026"
    assert formats.write_day(date(2026, 1, 2), EN) == "2 Jan 2026"
    assert (formats.write_month(date(2026, 11, 1), VI), formats.write_month(date(2026, 11, 1), EN)) == (
        "11/2026",
        "Nov 2026",
    )


def test_numbers_have_each_languages_signs() -> None:
    """44.375 and 95,7 % here, 44,375 and 95.7% there."""
    assert (formats.write_number(44375, VI), formats.write_number(44375, EN)) == ("44.375", "44,375")
    assert wording.write_percent(0.957, VI) == "95,7\N{NO-BREAK SPACE}%"
    assert wording.write_percent(0.957, EN) == "95.7%"
    assert wording.write_size(1536, VI) == "1,5\N{NO-BREAK SPACE}KiB"
    assert wording.write_size(22 << 20, EN) == "22\N{NO-BREAK SPACE}MiB"
    assert wording.write_size(0, VI) == "0\N{NO-BREAK SPACE}B"


def test_a_count_agrees_with_what_it_counts() -> None:
    """One of it, or many; Vietnamese has one form."""
    nouns = ("package", "entry", "day", "dispatch", "witness", "status")
    assert [formats.counted(1, noun) for noun in nouns] == [f"1 {noun}" for noun in nouns]
    assert [formats.counted(2, noun) for noun in nouns] == [
        *("2 packages", "2 entries", "2 days", "2 dispatches", "2 witnesses", "2 statuses")
    ]
    assert formats.counted(0, "agency") == "0 agencies"
    assert wording.write_counted(1204, "mục", "entry", EN) == "1,204 entries"
    assert wording.write_counted(1204, "mục", "entry", VI) == "1.204 mục"


@pytest.mark.parametrize(
    ("span", "vi", "en"),
    [
        (timedelta(seconds=20), "vừa xong", "just now"),
        (timedelta(minutes=1), "1 phút trước", "1 minute ago"),
        (timedelta(hours=5), "5 giờ trước", "5 hours ago"),
        (timedelta(days=3), "3 ngày trước", "3 days ago"),
        (timedelta(days=-40), "còn 1 tháng", "in 1 month"),
    ],
)
def test_how_long_ago_is_told_by_its_largest_unit(span: timedelta, vi: str, en: str) -> None:
    """Nobody needs the seconds of yesterday."""
    assert wording.write_ago(AT - span, VI, AT) == vi
    assert wording.write_ago(AT - span, EN, AT) == en


@pytest.mark.parametrize(
    ("highest", "top", "marks"),
    [(0, 1, 2), (1, 1, 2), (3, 3, 4), (7, 8, 5), (49, 60, 4), (760, 800, 5), (44_375, 60_000, 4)],
)
def test_a_scale_has_few_round_marks_and_reaches_above_everything(highest: int, top: int, marks: int) -> None:
    """Two to five marks, whole numbers, the highest value below the top."""
    scale = charts.scale(highest)
    assert (scale.top, len(scale.marks)) == (top, marks)
    assert all(mark == int(mark) for mark in scale.marks)


def test_bars_stand_on_the_ground_within_the_figure() -> None:
    """Each is as high as its value on the scale, side by side, none outside."""
    series = [charts.Series("Đến", "in", [0, 30]), charts.Series("Đi", "out", [60, 15])]
    bars = charts.bars(["26/11", "27/11"], series)
    assert [bar.height for bar in bars] == [0, 200, 100, 50]
    assert all(bar.y + bar.height == charts.HEIGHT for bar in bars)
    assert all(left.x + left.width <= right.x + 0.01 for left, right in pairwise(bars))
    assert bars[0].x >= 0
    assert bars[-1].x + bars[-1].width <= charts.WIDTH


def test_the_last_label_is_always_told() -> None:
    """Below a figure stand a few labels at even distances, today's among them."""
    labels = [str(day) for day in range(30)]
    chosen = charts.some_labels(labels, 6)
    assert [label for _, label in chosen] == ["4", "9", "14", "19", "24", "29"]
    assert chosen[-1][0] == pytest.approx(98.33)
    assert charts.some_labels(["a"], 6) == [(50.0, "a")]
