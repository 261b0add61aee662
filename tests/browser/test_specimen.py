"""Everything pages are made of, on one page: drawn, judged, opened and closed."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from gateway.errors import Fault
from gateway.model.dispatch import State
from gateway.web.console.forms import form_of
from gateway.web.console.route import Route
from gateway.web.console.shell import Message, Shell
from gateway.wiring import console as wiring
from tests.browser.kit import NARROW, WIDE, needs_chromium, open_window
from tests.console import Site, open_site

pytestmark = needs_chromium

TEMPLATE = Path(__file__).parent / "specimen.html"
FAULTS = (
    Fault(rule="subject-missing", where="subject", vi="chưa có trích yếu", en="there is no subject"),
    Fault(rule="note-long", where="note", vi="ghi chú quá dài", en="the note is too long"),
)


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A page group with one page of everything."""

    shell: Shell

    def routes(self) -> Iterable[Route]:
        yield Route(method="GET", path="/specimen", act=self.show, may=None)
        yield Route(method="POST", path="/probe", act=self.act, may=None)

    async def show(self, request: web.Request) -> web.StreamResponse:
        names = ["Sở Tài chính tỉnh Thử Nghiệm", "UBND huyện Thử Nghiệm Thượng", "Bộ Thử nghiệm", "A", "B"]
        rows = list(zip(names, State, ["01", "03", None, "02", "77"], strict=True))
        return await self.shell.render(request, "specimen.html", rows=rows, faults=FAULTS)

    async def act(self, request: web.Request) -> web.StreamResponse:
        reason = (await form_of(request)).text("reason")
        return self.shell.redirect(request, "/specimen", Message(vi=f"Lý do: {reason}", en=reason))


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A node whose console has the page."""

    usual = wiring._groups

    def groups(*tools: Any) -> list[Any]:
        shell = next(tool for tool in tools if isinstance(tool, Shell))
        for environment in shell.environments.values():
            own = jinja2.DictLoader({"specimen.html": TEMPLATE.read_text("utf-8")})
            assert environment.loader is not None
            environment.loader = jinja2.ChoiceLoader([own, environment.loader])
        return [*usual(*tools), Specimen(shell=shell)]

    monkeypatch.setattr(wiring, "_groups", groups)
    async with open_site(tmp_path / "node") as site:
        yield site


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_all_that_pages_are_made_of_is_open_to_everybody(
    browser: Browser, site: Site, dark: bool
) -> None:
    """In both languages, wide and narrow: axe finds nothing, nothing runs over the edge."""
    for language, viewport in (("vi", WIDE), ("en", NARROW)):
        async with open_window(
            browser, site, "clerk", viewport=viewport, dark=dark, language=language
        ) as window:
            await window.go("/specimen")
            await window.shoot(f"specimen-{language}-{'dark' if dark else 'light'}")
            assert await window.judge() == []
            assert await window.overflow() == 0


async def test_an_act_that_asks_first_opens_a_dialog(browser: Browser, site: Site) -> None:
    """The dialog takes the keyboard, Escape closes it, a reason is required; sent, it is done once."""
    async with open_window(browser, site, "clerk") as window:
        page = window.page
        await window.go("/specimen")
        await page.click("details.confirm summary")
        assert await page.is_visible("dialog")
        assert await window.judge() == []
        await window.shoot("dialog", whole=False)
        await page.keyboard.press("Escape")
        assert not await page.is_visible("dialog")
        await page.click("details.confirm summary")
        await page.click("dialog button.danger")
        assert await page.is_visible("dialog"), "without a reason nothing is sent"
        await page.fill("#recall-reason", "Ban hành nhầm <b>số</b>")
        await page.click("dialog button.danger")
        await expect(page.get_by_text("Lý do: Ban hành nhầm <b>số</b>")).to_be_visible()


async def test_an_act_that_asks_first_asks_without_scripts_too(browser: Browser, site: Site) -> None:
    """It unfolds in its place."""
    async with open_window(browser, site, "clerk", scripts=False) as window:
        page = window.page
        await window.go("/specimen")
        assert not await page.is_visible("#recall-reason")
        await page.click("details.confirm summary")
        await page.fill("#recall-reason", "Nhầm")
        await page.click("details.confirm button.danger")
        await expect(page.get_by_text("Lý do: Nhầm")).to_be_visible()
