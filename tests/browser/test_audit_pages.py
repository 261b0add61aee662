"""The auditor's pages in a browser: proof checked there, alarm, verification, a bundle made and verified."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.kit import MANNERS, needs_chromium, open_window
from tests.console import Site
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH, collect_all

pytestmark = needs_chromium


@pytest.mark.parametrize("manner", MANNERS)
async def test_an_auditor_finds_proves_and_takes_away(
    browser: Browser, site: Site, manner: str, tmp_path: Path
) -> None:
    """From the list to an entry that the browser itself proves, to a bundle that holds; axe finds nothing."""
    letter = document(Sent(sender=HEALTH), [FINANCE])
    assert (await site.node.dms("SYT").send(letter, sender=HEALTH)).ok
    await collect_all(site.node.dms("STC"))
    site.node.change(
        "INSERT INTO contradictions (origin, seen_size, verdict, seen, shown, shown_at)"
        " VALUES ('000.00.99.H99/log', 9874, 'fork', x'', x'', 1795000000000000)"
    )
    faults: list[str] = []
    async with open_window(browser, site, "auditor", **MANNERS[manner]) as window:
        page = window.page

        async def look(name: str) -> None:
            await window.shoot(f"audit-{name}-{manner}")
            faults.extend(f"{name} {fault}" for fault in await window.judge())
            if over := await window.overflow():
                faults.append(f"{name} is {over} pixels too wide")

        await window.go("/log/checkpoints")
        await page.click("main .heading summary")
        await page.click("dialog[open] button.first")
        await page.wait_for_selector("main .message.good")
        await look("checkpoints")
        await page.goto(site.url("/log"))
        await look("log")
        await page.goto(site.url("/log?kind=accepted"))
        await page.click("ol.timeline a")
        await page.click("[data-check-proof]")
        await page.wait_for_selector("#proof-outcome li.good:nth-child(4)")
        await look("entry")
        await page.goto(site.url("/log/verify"))
        await page.click("main .heading button")
        await page.wait_for_selector("#result ol.steps li.good:nth-child(3)")
        await look("verify")
        thread = site.node.rows("SELECT id FROM threads")[0]["id"]
        await page.goto(site.url(f"/documents/{thread}"))
        await page.click("main .heading summary >> nth=0")
        await look("document")
        await page.click("dialog[open] button.first")
        await page.wait_for_url(site.url("/evidence"))
        await page.wait_for_selector("#bundle a.first")
        await look("evidence")
        async with page.expect_download() as coming:
            await page.click("#bundle a.first")
        await (await coming.value).save_as(tmp_path / "chung-cu.asice")
        await page.set_input_files("#bundle-file", tmp_path / "chung-cu.asice")
        await page.click("#verify button.first")
        await page.wait_for_selector("ol.checks")
        marks = [await page.locator(f"ol.checks .sign.{tone}").count() for tone in ("good", "calm")]
        assert marks == [10, 2]  # no other checkpoint and no timestamp to look at
        await look("verified")
        await page.goto(site.url(f"/documents/{thread}"))
        await page.click("main .heading summary >> nth=1")
        await page.fill("dialog[open] textarea", "Thanh tra theo quyết định 15/QĐ-TTr")
        await page.click("dialog[open] button.first")
        await page.wait_for_selector("main .message.good")
        await page.goto(site.url("/holds"))
        await look("holds")
    assert faults == []
