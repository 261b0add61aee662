"""A commune's clerk and an operator at work in a real browser: write, answer, recall, send again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from html import escape
from pathlib import Path

import pytest
from playwright.async_api import Browser

from gateway.model.log import LogKind
from gateway.model.people import UserRole
from tests.browser.kit import MANNERS, Window, needs_chromium, open_window
from tests.console import add_people, person
from tests.packages import Sent, document, status
from tests.town import COMMUNE, OTHER_STRANGER, STRANGER, Town, open_town
from tests.walks.world import HEALTH, MINISTRY, collect_all, status_codes, until

pytestmark = needs_chromium

NASTY = '"><img src=x onerror=alert(1)>'


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of tests/town.py."""
    async with open_town(tmp_path) as town:
        yield town


async def write_to_commune(town: Town, number: str, **more: object) -> Sent:
    """Let the ministry write to the commune, and wait until it is in the mailbox."""
    sent = Sent(sender=MINISTRY, number=number, notation="BTN-VP")
    answer = await town.ministry.send(document(sent, [COMMUNE], **more), sender=MINISTRY)  # type: ignore[arg-type]
    assert answer.ok, answer.words
    await rows_appear(town, "SELECT 1 FROM dispatches WHERE mailbox = ? AND kind = 'document'", COMMUNE)
    return sent


async def rows_appear(town: Town, sql: str, *parameters: object, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(town.gateway.rows(sql, *parameters)) < count:  # noqa: ASYNC110 - looked for, not awaited
            await asyncio.sleep(0.05)


async def let_fail(town: Town) -> None:
    """Let the health department write to two agencies the axis does not know."""
    for number, stranger in enumerate((STRANGER, OTHER_STRANGER), 901):
        sent = Sent(sender=HEALTH, number=str(number))
        assert (await town.health.send(document(sent, [stranger]), sender=HEALTH)).ok
    await rows_appear(town, "SELECT 1 FROM dispatches WHERE state = 'refused'", count=2)


async def compose(window: Window, files: list[Path]) -> None:
    """Fill in a letter to the ministry, and stop before it is sent."""
    page = window.page
    await window.go("/drafts")
    await page.click("#new button")
    await page.fill("#number", "12")
    await page.fill("#notation", "UBND-VP")
    await page.fill("#day", "2026-04-12")
    await page.fill("#place", "Thử Nghiệm")
    await page.fill("#subject", f"V/v báo cáo tiêm chủng quý I {NASTY}")
    await page.select_option("#priority", "1")
    await page.fill("#due_on", "2026-05-01")
    await page.fill("#signer_name", "Nguyễn Văn Thử")
    await page.fill("#signer_position", "Chủ tịch")
    await page.set_input_files("#files", files)
    await page.fill("#q", "bo thu")
    await page.click("button[value=search]")
    await page.check(f"input[name=add][value='{MINISTRY}']")
    await page.click("button[value=add]")
    await page.wait_for_selector(f"button[name=remove][value='{MINISTRY}']")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A document and its annex."""
    paths = [tmp_path / "Công văn 12.pdf", tmp_path / "Phụ lục <b>số liệu<b>.xlsx"]
    for path in paths:
        path.write_bytes(b"%PDF-1.4 thu nghiem")
    return paths


async def test_a_letter_is_written_seen_before_and_sent(
    browser: Browser, town: Town, files: list[Path]
) -> None:
    """From an empty form to the ministry's DMS, whose answer is shown; pressed twice it is one document."""
    async with open_window(browser, town.pages, "clerk") as window:
        await compose(window, files)
        await window.page.click("button[value=send]:visible")
        await window.page.wait_for_url("**/send")
        assert "Bộ Thử nghiệm" in await window.page.inner_text("#whom")
        assert NASTY in await window.page.inner_text("#what")
        await window.page.dblclick("#then button")
        await window.page.wait_for_url("**/sent/*")
        (package,) = await collect_all(town.ministry)
        assert b"UBND-VP" in package
        sent = Sent(sender=COMMUNE, number="12", notation="UBND-VP", day=date(2026, 4, 12))
        for code in ("03", "06"):
            said = await town.ministry.send(status(sent, code, by=MINISTRY), sender=MINISTRY, kind="status")
            assert said.ok, said.words
        await rows_appear(town, "SELECT 1 FROM recipients WHERE status = '06'")
        await window.page.reload()
        assert "Hoàn thành" in await window.page.inner_text("#recipients")
        await window.page.go_back()
        await window.page.wait_for_url("**/sent/*")
    assert len(town.gateway.rows("SELECT 1 FROM threads WHERE owner = ?", COMMUNE)) == 1
    assert len(town.hub.log(LogKind.REPEATED)) == 0


async def test_a_document_is_declined_with_a_reason(browser: Browser, town: Town) -> None:
    """The dialog insists on a reason; the ministry reads it; the page shows it, as text."""
    await write_to_commune(town, "70")
    async with open_window(browser, town.pages, "clerk") as window:
        await window.go("/mailbox")
        await window.page.click("#pile a")
        await window.page.click("summary:has-text('Từ chối tiếp nhận')")
        await window.page.click("dialog[open] form button.danger")
        assert await window.page.locator("dialog[open] textarea:invalid").count() == 1
        await window.page.fill("dialog[open] textarea", f"Không thuộc thẩm quyền {NASTY}")
        await window.page.click("dialog[open] form button.danger")
        await window.page.wait_for_selector(".message.good")
        assert NASTY in await window.page.inner_text("#given")
    words = await collect_all(town.ministry, "status", count=2)
    assert status_codes(words) == ["01", "02"]


async def test_a_document_sent_is_recalled(browser: Browser, town: Town, files: list[Path]) -> None:
    """The reason travels; the page says that it was asked for."""
    async with open_window(browser, town.pages, "clerk") as window:
        await compose(window, files)
        await window.page.click("button[value=send]:visible")
        await window.page.click("#then button")
        await window.page.wait_for_url("**/sent/*")
        await collect_all(town.ministry)
        await window.page.click("summary:has-text('Thu hồi')")
        await window.page.fill("dialog[open] textarea", "Gửi nhầm bản dự thảo")
        await window.page.click("dialog[open] form button.danger")
        await window.page.wait_for_selector(".message.good")
    (recall,) = await collect_all(town.ministry)
    assert "Gửi nhầm bản dự thảo" in recall.decode()


async def test_everything_that_failed_is_sent_again(browser: Browser, town: Town) -> None:
    """Without scripts: the page says what will happen, then it happens."""
    await let_fail(town)
    async with open_window(browser, town.pages, "operator", scripts=False) as window:
        await window.go("/attention")
        await window.page.click("text=Gửi lại tất cả (2)")
        assert "trục được hỏi trước khi gửi" in await window.page.inner_text("main")
        await window.page.click("form.form button.first")
        await window.page.wait_for_url("**/attention")
        assert "Đã gửi lại" in await window.page.inner_text(".message.good")
    rows = town.gateway.rows("SELECT follows FROM dispatches WHERE follows IS NOT NULL")
    assert len(rows) == 2


@pytest.mark.parametrize("manner", MANNERS)
async def test_every_page_is_open_to_everybody(
    browser: Browser, town: Town, files: list[Path], manner: str
) -> None:
    """Axe finds nothing and nothing runs over the edge, on pages with something on them."""
    subject = f"Về việc rà soát cơ sở dữ liệu dân cư {escape(NASTY)}"
    await write_to_commune(town, "71", subject=subject, priority=2)
    await let_fail(town)
    faults: list[str] = []

    async def look(window: Window, name: str) -> None:
        await window.shoot(f"desk-{name}-{manner}")
        faults.extend(f"{name} {fault}" for fault in await window.judge())
        if over := await window.overflow():
            faults.append(f"{name} is {over} pixels too wide")

    async with open_window(browser, town.pages, "clerk", **MANNERS[manner]) as window:
        for name, path in (("mailbox", "/mailbox"), ("drafts", "/drafts"), ("sent", "/sent")):
            await window.go(path)
            await look(window, name)
        await window.go("/mailbox")
        await window.page.click("#pile a")
        await look(window, "letter")
        await compose(window, files)
        await look(window, "form")
        await window.page.fill("#q", "so thu nghiem")
        await window.page.press("#q", "Enter")
        await window.page.wait_for_selector("input[name=add]")
        await look(window, "searching")
        await window.page.fill("#number", "")
        await window.page.click("button[value=send]:visible")
        await look(window, "faulty")
        await window.page.fill("#number", "12")
        await window.page.click("button[value=send]:visible")
        await look(window, "preview")
        await window.page.click("#then button")
        await window.page.wait_for_url("**/sent/*")
        await look(window, "document")
        await window.go("/sent")
        await look(window, "sent-one")
    await add_people(town.gateway, person(UserRole.CLERK, "health", agencies=frozenset({HEALTH})))
    async with open_window(browser, town.pages, "health", **MANNERS[manner]) as window:
        for name, path in (("elsewhere", "/mailbox"), ("failed", "/attention")):
            await window.go(path)
            await look(window, name)
    async with open_window(browser, town.pages, "operator", **MANNERS[manner]) as window:
        await window.go("/attention")
        await look(window, "attention")
        await window.go("/attention/ask?act=dismiss&all=yes")
        await look(window, "ask")
    async with open_window(browser, town.pages, "administrator", **MANNERS[manner]) as window:
        await window.go("/attention")
        assert "tiêm chủng" not in await window.page.inner_text("main")
    assert faults == []
    await until(town.ministry.received, lambda answer: bool(answer.items))
