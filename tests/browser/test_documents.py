"""Finding and reading documents in a real browser: a clerk's task, every manner of looking, proofs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route

from tests.browser.kit import MANNERS, Window, needs_chromium, open_window
from tests.console import Site
from tests.desk import HOSTILE, LETTER, REPORT, make_checkpoint, open_desk, thread_of
from tests.keys import issued
from tests.walks.world import MINISTRY

pytestmark = needs_chromium


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Site]:
    """Two departments that corresponded, and a checkpoint over it."""
    async with open_desk(tmp_path / "node") as site:
        await make_checkpoint(site)
        yield site


def first_entry(desk: Site) -> str:
    """The page of the report's first entry."""
    thread = thread_of(desk, REPORT)
    (row,) = desk.node.rows("SELECT min(seq) AS seq FROM log WHERE thread_id = ?", thread)
    return f"/documents/{thread}/entries/{row['seq']}"


@pytest.mark.parametrize("manner", MANNERS)
async def test_the_pages_about_documents_are_open_to_everybody(
    browser: Browser, desk: Site, manner: str
) -> None:
    """Axe finds nothing, nothing runs over the edge, and no script of a stranger runs."""
    thread = thread_of(desk, HOSTILE)
    (package,) = desk.node.rows("SELECT id FROM packages WHERE thread_id = ? AND kind = 'document'", thread)
    pages = {
        "list": "/documents",
        "found": "/documents?q=tiem+chung&period=last-month&type=C%C3%B4ng+v%C4%83n",
        "nothing": "/documents?q=khong+co+gi&urgency=2",
        "wider": "/documents?q=tiem+chung&urgency=4",
        "document": f"/documents/{thread_of(desk, REPORT)}",
        "declined": f"/documents/{thread_of(desk, LETTER)}",
        "hostile": f"/documents/{thread}",
        "source": f"/documents/{thread}/packages/{package['id']}/source",
        "entry": first_entry(desk),
    }
    faults = []
    async with open_window(browser, desk, "clerk", **MANNERS[manner]) as window:
        window.page.on("dialog", lambda dialog: faults.append(f"a stranger's script: {dialog.message}"))
        for name, path in pages.items():
            await window.go(path)
            await window.shoot(f"documents-{name}-{manner}")
            faults += [f"{name} {fault}" for fault in await window.judge()]
            if over := await window.overflow():
                faults.append(f"{name} is {over} pixels too wide")
    assert faults == []


async def test_a_clerk_finds_last_months_report_in_three_actions(browser: Browser, desk: Site) -> None:
    """Types without accents, picks the month, presses Enter; a fourth opens it."""
    async with open_window(browser, desk, "clerk") as window:
        await window.go("/documents")
        await window.page.keyboard.type("bao cao tiem chung so y te")  # the box has the focus
        await window.page.select_option("#period", label="Tháng trước")
        await window.page.press("#q", "Enter")
        await window.page.wait_for_selector(".finding mark")
        assert await window.page.locator(".finding").count() == 1
        await window.page.click(".finding h2 a")
        await window.page.wait_for_selector("#standing")
        assert "đã tiếp nhận lúc" in await window.page.inner_text("#standing")


async def test_a_search_works_without_scripts(browser: Browser, desk: Site) -> None:
    """The list is plain HTML: found, opened, gone back."""
    async with open_window(browser, desk, "clerk", scripts=False) as window:
        await window.page.goto(desk.url("/documents?q=kinh+phi"))
        await window.page.click(".finding h2 a")
        assert "từ chối tiếp nhận" in await window.page.inner_text("#standing")


async def test_a_list_can_be_taken_away_twice(browser: Browser, desk: Site) -> None:
    """The page stays, and so do its buttons."""
    async with open_window(browser, desk, "clerk") as window:
        await window.go("/documents")
        for form in ("csv", "xlsx"):
            async with window.page.expect_download() as begun:
                await window.page.click(f'button[value="{form}"]')
            assert (await begun.value).suggested_filename.endswith(form)


async def check(window: Window, desk: Site) -> list[str]:
    """Press the button and read the steps."""
    await window.go(first_entry(desk))
    await window.page.click("[data-check-proof]")
    await window.page.wait_for_selector("#proof-outcome ol")
    return await window.page.locator("ol.steps li").all_inner_texts()


async def test_a_good_proof_is_found_good_in_the_browser(browser: Browser, desk: Site) -> None:
    """Four steps, each of them right."""
    async with open_window(browser, desk, "clerk") as window:
        steps = await check(window, desk)
        await window.shoot("proof-good")
    assert [step[0] for step in steps] == ["✓"] * 4


def _flip(text: str, line: int) -> str:
    """Change one base64 sign of a line."""
    lines = text.split("\n")
    at = lines[line].rindex(" ") + 9 if " " in lines[line] else 9
    sign = "A" if lines[line][at] != "A" else "B"
    lines[line] = lines[line][:at] + sign + lines[line][at + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("what", "line", "good_count"),
    [("the entry", 1, 1), ("a hash on the way", 3, 1), ("the signature", -2, 3)],
)
async def test_a_proof_that_was_tampered_with_is_found_bad(
    browser: Browser, desk: Site, what: str, line: int, good_count: int
) -> None:
    """One sign changed in the entry, on the way up or in the signature: the step that fails is shown."""

    async def tamper(route: Route) -> None:
        response = await route.fetch()
        await route.fulfill(response=response, body=_flip(await response.text(), line))

    async with open_window(browser, desk, "clerk") as window:
        await window.page.route("**/proof", tamper)
        steps = await check(window, desk)
    assert [step[0] for step in steps] == ["✓"] * good_count + ["✗"], (what, steps)


async def test_a_root_nobody_signed_is_found_bad(browser: Browser, desk: Site) -> None:
    """The checkpoint's size changed: the way leads elsewhere, or the signature does not fit."""

    async def tamper(route: Route) -> None:
        response = await route.fetch()
        head, _, note = (await response.text()).partition("\n\n")
        origin, size, *rest = note.split("\n")
        body = f"{head}\n\n" + "\n".join([origin, str(int(size) + 1), *rest])
        await route.fulfill(response=response, body=body)

    async with open_window(browser, desk, "clerk") as window:
        await window.page.route("**/proof", tamper)
        steps = await check(window, desk)
    assert steps[-1].startswith("✗")


async def test_a_proof_of_another_log_is_not_believed(browser: Browser, desk: Site) -> None:
    """A certificate that did not sign the checkpoint vouches for nothing."""
    other = issued(MINISTRY).chain_pem

    async def swap(route: Route) -> None:
        await route.fulfill(body=other)

    async with open_window(browser, desk, "clerk") as window:
        await window.page.route("**/seal.pem", swap)
        steps = await check(window, desk)
    assert [step[0] for step in steps] == ["✓", "✓", "✗"]
