"""What is owed, reports and the screen on the wall in a real browser: found, moved, taken away, kept true."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from pypdf import PdfReader

from gateway.model.formats import local_day
from gateway.office import now
from tests.browser.kit import MANNERS, Window, needs_chromium, open_window
from tests.console import Site
from tests.desk import SCRIPT, open_desk, thread_of
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, PROVINCE

pytestmark = needs_chromium

HD, UHD = {"width": 1920, "height": 1080}, {"width": 3840, "height": 2160}
TODAY = local_day(now())
LATE = Sent(sender=HEALTH, number="21", notation="SYT-KH", day=TODAY)
SOON = Sent(sender=HEALTH, number="22", notation="SYT-KH", day=TODAY)
DONE = Sent(sender=HEALTH, number="23", notation="SYT-KH", day=TODAY)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Site]:
    """Three tasks of finance and the province: one overdue, one done; what strangers wrote in each."""
    async with open_desk(tmp_path / "node") as site:
        health, finance = site.node.dms("SYT"), site.node.dms("STC")
        for sent, days in ((LATE, -2), (SOON, 1), (DONE, 9)):
            due = TODAY + timedelta(days=days)
            subject = f"Về việc triển khai kế hoạch phòng, chống dịch bệnh {SCRIPT}"
            told = document(sent, [FINANCE, PROVINCE], steering=1, due=due, subject=subject)
            assert (await health.send(told, sender=HEALTH)).ok
        done = status(DONE, "06", by=FINANCE)
        assert (await finance.send(done, sender=FINANCE, kind="status")).ok
        await health.close()
        await finance.close()
        yield site


def path_of(desk: Site, sent: Sent) -> str:
    """The page of what finance owes by a document."""
    sql = "SELECT id FROM obligations WHERE agency = ? AND thread_id = ?"
    (row,) = desk.node.rows(sql, FINANCE, thread_of(desk, sent))
    return f"/obligations/{row['id']}"


@pytest.mark.parametrize("manner", MANNERS)
async def test_every_page_is_open_to_everybody(browser: Browser, desk: Site, manner: str) -> None:
    """Axe finds nothing, dialogs included; nothing runs over the edge; no stranger's script runs."""
    pages = {
        "obligations": "/obligations",
        "given": "/obligations?side=given&state=all",
        "nothing": "/obligations?due=never",
        "one": path_of(desk, LATE),
        "ended": path_of(desk, DONE),
        "new": "/obligations/new",
        "document": f"/documents/{thread_of(desk, LATE)}",
        "report": "/reports",
        "by-day": f"/reports?part={TODAY:%m}",
        "no-period": "/reports?part=span&agency=nobody",
        "register": "/register",
        "register-out": "/register?side=out",
        "overview": "/",
        "wall": "/wall",
    }
    faults: list[str] = []

    async def look(window: Window, name: str) -> None:
        await window.shoot(f"owed-{name}-{manner}")
        faults.extend(f"{name} {fault}" for fault in await window.judge())
        if over := await window.overflow():
            faults.append(f"{name} is {over} pixels too wide")

    async with open_window(browser, desk, "finance", **MANNERS[manner]) as window:
        window.page.on("dialog", lambda dialog: faults.append(f"a stranger's script: {dialog.message}"))
        for name, path in pages.items():
            await window.go(path)
            await look(window, name)
        await window.go(path_of(desk, LATE))
        await window.page.click("#acts summary >> nth=1")
        await look(window, "dialog")
    async with open_window(browser, desk, "operator", **MANNERS[manner]) as window:
        await window.go("/reports")
        await look(window, "report-of-all")
    assert faults == []


async def test_what_is_overdue_is_found_and_extended(browser: Browser, desk: Site) -> None:
    """From the overview in two clicks; the dialog insists on a day and a reason, and the page tells both."""
    async with open_window(browser, desk, "finance") as window:
        page = window.page
        await page.click("#owed a:has-text('Quá hạn')")
        await page.click("#list tbody a")
        await page.click("summary:has-text('Gia hạn')")
        await page.click("dialog[open] button.first")
        assert await page.locator("dialog[open] :invalid:not(form)").count() == 2
        day = TODAY + timedelta(days=10)
        await page.fill("dialog[open] input[type=date]", day.isoformat())
        await page.fill("dialog[open] textarea", "Chờ số liệu <b>quý III</b>")
        await page.click("dialog[open] button.first")
        await expect(page.locator(".message.good")).to_contain_text(f"Đã gia hạn đến {day:%d/%m/%Y}.")
        await expect(page.locator("#timeline")).to_contain_text("Ghi: Chờ số liệu <b>quý III</b>")
        await window.go("/obligations?due=overdue")
        assert await page.locator("#list tbody tr").count() == 0


async def test_what_the_server_refuses_is_asked_again(browser: Browser, desk: Site) -> None:
    """A day before the task: the dialog is open again, with what was typed and what is wrong with it."""
    async with open_window(browser, desk, "finance") as window:
        page = window.page
        await window.go(path_of(desk, LATE))
        await page.click("summary:has-text('Gia hạn')")
        await page.fill("dialog[open] input[type=date]", "2020-01-01")
        await page.fill("dialog[open] textarea", "Nhầm")
        await page.click("dialog[open] button.first")
        await expect(page.locator("dialog[open] .fault")).to_have_text("Hạn trước ngày giao.")
        assert await page.input_value("dialog[open] textarea") == "Nhầm"
        assert await page.locator("details.confirm[open]").count() == 0
        assert await window.judge() == []
        window.complaints.clear()  # that the server refused


async def test_a_task_is_finished_without_scripts(browser: Browser, desk: Site) -> None:
    """The question unfolds in its place."""
    async with open_window(browser, desk, "finance", scripts=False) as window:
        page = window.page
        await page.goto(desk.url(path_of(desk, SOON)))
        await page.click("summary:has-text('Hoàn thành')")
        await page.click("details[open] button.first")
        await expect(page.locator(".message.good")).to_have_text("Đã ghi hoàn thành.")
        await expect(page.locator("main .chips")).to_contain_text("đúng hạn")


async def test_a_report_is_taken_away_in_the_language_of_the_page(browser: Browser, desk: Site) -> None:
    """As PDF in Vietnamese; the switch at the top keeps the period, and then it is English."""
    async with open_window(browser, desk, "finance") as window:
        page = window.page
        await window.go("/reports")
        await page.select_option("#part", label="Quý IV")
        await page.click("main form button.first")
        for title, said in (
            ("Báo cáo tình hình", "CỘNG HÒA XÃ HỘI"),
            ("Report on documents", "SOCIALIST REPUBLIC"),
        ):
            await expect(page.locator("h1")).to_contain_text(title)
            async with page.expect_download() as begun:
                await page.click("button[value=pdf]")
            download = await begun.value
            assert download.suggested_filename == f"bao-cao-{TODAY.year}-Q4-{FINANCE}.pdf"
            assert said in PdfReader(await download.path()).pages[0].extract_text()
            if title.startswith("Báo"):
                await page.click("header a[hreflang=en]")
        assert "part=Q4" in page.url


async def test_the_wall_keeps_itself_true(browser: Browser, desk: Site) -> None:
    """A document that comes and a task that ends change its figures; the page is never loaded again."""
    async with open_window(browser, desk, "viewer", viewport=HD) as window:
        page = window.page
        await window.go("/wall")
        await page.evaluate("window.sameAsBefore = true")
        came = int(await page.inner_text("#came .figure"))
        assert (await page.inner_text("#tasks .part >> nth=0")) == "1"
        health, finance = desk.node.dms("SYT"), desk.node.dms("STC")
        sent = document(Sent(sender=HEALTH, number="99"), [FINANCE])
        assert (await health.send(sent, sender=HEALTH)).ok
        await expect(page.locator("#came .figure")).to_have_text(str(came + 1), timeout=15_000)
        done = status(SOON, "06", by=FINANCE)
        assert (await finance.send(done, sender=FINANCE, kind="status")).ok
        await expect(page.locator("#tasks .part >> nth=0")).to_have_text("2", timeout=15_000)
        assert await page.evaluate("window.sameAsBefore")
        await health.close()
        await finance.close()


@pytest.mark.parametrize("viewport", [HD, UHD, {"width": 1366, "height": 768}], ids=str)
async def test_the_wall_fits_its_screen_and_can_be_read_across_the_room(
    browser: Browser, desk: Site, viewport: dict[str, int]
) -> None:
    """Nothing has to be scrolled; labels are a fortieth of its height or more, the figures a tenth."""
    for login, language in (("viewer", "vi"), ("finance", "en")):
        async with open_window(browser, desk, login, viewport=viewport, language=language) as window:
            await window.go("/wall")
            await window.shoot(f"wall-{viewport['width']}-{language}")
            assert await window.overflow() == 0
            height = viewport["height"]
            assert await window.page.evaluate("document.documentElement.scrollHeight") <= height
            sizes = await window.page.evaluate(
                """() => Object.fromEntries([".figure", "h2", ".aside", ".parts span:last-child", ".what"]
                    .map((name) => [name, getComputedStyle(document.querySelector(name)).fontSize])
                    .map(([name, size]) => [name, parseFloat(size)]))"""
            )
            assert sizes.pop(".figure") >= height / 10.1
            assert min(sizes.values()) >= height / 40
            cut = await window.page.evaluate(
                """() => [...document.querySelectorAll(".tile")]
                    .filter((tile) => tile.scrollHeight > tile.clientHeight + 1).map((tile) => tile.id)"""
            )
            assert cut == []
