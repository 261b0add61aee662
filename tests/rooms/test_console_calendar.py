"""The page of the working calendar: looked at, changed by the day and by the year, each change on record."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.model.log import LogKind
from tests.console import Browser, Site, open_site

WHOLE = "day,kind,name\n" + "".join(f"2031-01-{day:02},off,Nghỉ thử\n" for day in range(1, 12))


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A node with people of every role."""
    async with open_site(tmp_path / "node") as site:
        yield site


@pytest.fixture
async def operator(site: Site) -> AsyncIterator[Browser]:
    """The operator's browser."""
    async with site.visitor("operator") as browser:
        yield browser


def acts(site: Site) -> list[dict[str, Any]]:
    """What is on record of the calendar."""
    found = site.node.log(LogKind.ADMINISTERED)
    return [entry for entry in found if str(entry["act"]).startswith("calendar")]


async def test_a_year_shows_its_days_its_source_and_what_is_not_announced(operator: Browser) -> None:
    """2026 as shipped: Tết off, 22/8 worked, 24/11 not announced yet."""
    page = (await operator.get("/calendar?year=2026")).text
    assert "có sẵn trong phần mềm" in page
    assert 'class="worked"><a href="/console/calendar?day=2026-08-22#change"' in page
    assert 'class="off guessed"><a href="/console/calendar?day=2026-11-24#change"' in page
    assert "Còn ngày dự kiến" in page
    assert "Chưa có lịch năm này" in (await operator.get("/calendar?year=2031")).text


async def test_a_day_is_written_changed_and_taken_out(site: Site, operator: Browser) -> None:
    """The rest of its year stays as it was; each act stands in the log with who did it."""
    for kind, name in (("off", "Nghỉ thêm"), ("half", "Làm sáng thứ Bảy")):
        done = await operator.post("/calendar/day", day="2026-03-07", kind=kind, name=name)
        assert (done.status, done.headers["Location"]) == (303, "/console/calendar?year=2026")
    page = (await operator.get("/calendar?year=2026")).text
    assert 'class="half"><a href="/console/calendar?day=2026-03-07#change" title="Làm sáng thứ Bảy' in page
    assert "Quốc khánh" in page
    assert "ghi tại đây" in page
    await operator.post("/calendar/day", day="2026-03-07", kind="half", name="Làm sáng thứ Bảy")
    await operator.post("/calendar/remove", day="2026-03-07")
    assert "Làm sáng thứ Bảy" not in (await operator.get("/calendar?year=2026")).text
    told = [(entry["act"], entry["by"], entry["details"].get("day_kind")) for entry in acts(site)]
    assert told == [
        ("calendar-day", "operator", "off"),
        ("calendar-day", "operator", "half"),
        ("calendar-day-removed", "operator", None),
    ]


async def test_a_wrong_day_is_shown_again_with_its_faults(site: Site, operator: Browser) -> None:
    """A Friday is worked anyway, and a day has a name; nothing is written."""
    page = await operator.post("/calendar/day", day="2026-03-06", kind="worked", name="")
    assert page.status == 422
    assert "vốn là ngày làm việc" in page.text
    assert "thiếu tên ngày" in page.text
    assert 'value="2026-03-06"' in page.text
    assert acts(site) == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
async def test_a_day_of_no_year_that_can_be_shown_is_none(site: Site, operator: Browser, day: str) -> None:
    """It is neither shown nor written."""
    assert (await operator.get(f"/calendar?day={day}")).status == 200
    page = await operator.post("/calendar/day", day=day, kind="off", name="Nghỉ")
    assert page.status == 422
    assert site.node.rows("SELECT 1 FROM calendar_days") == []


async def test_a_whole_year_is_imported_and_saved_as_it_was(site: Site, operator: Browser) -> None:
    """All of it, or nothing and every fault; what is saved can be imported."""
    broken = await operator.upload(
        "/calendar/import", await _form(operator, b"day,kind,name\n31/2/2031,off,X")
    )
    assert broken.status == 422
    assert "31/2/2031" in broken.text
    done = await operator.upload("/calendar/import", await _form(operator, WHOLE.encode()))
    assert done.headers["Location"] == "/console/calendar?year=2031"
    saved = (await operator.get("/calendar/file?year=2031")).text
    assert list(csv.reader(io.StringIO(saved.lstrip("\ufeff")))) == list(csv.reader(io.StringIO(WHOLE)))
    assert [entry["act"] for entry in acts(site)] == ["calendar-replaced"]


async def test_who_does_not_run_the_node_sees_no_calendar_page(site: Site) -> None:
    """It is for those who run all of it: a clerk neither sees nor changes it."""
    async with site.visitor("clerk") as clerk:
        assert (await clerk.get("/calendar")).status == 403
        assert (await clerk.post("/calendar/remove", day="2026-09-02")).status == 403
    assert acts(site) == []


async def _form(browser: Browser, content: bytes) -> dict[str, bytes]:
    return {"csrf": (await browser.token()).encode(), "list": content}
