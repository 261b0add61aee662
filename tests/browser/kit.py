"""Real pages in a real browser: a node, Chromium, axe.

A test asks for the fixtures of conftest.py and looks at pages through `Window`. Screenshots go to the folder
that LIENTHONG_SHOTS names, when it names one.
"""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.console import PASSWORD, Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
)
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
# Each way of looking at least once: width, light, language.
MANNERS: dict[str, dict[str, Any]] = {
    "wide, Vietnamese": {"viewport": WIDE},
    "narrow, dark, English": {"viewport": NARROW, "dark": True, "language": "en"},
}

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")


@contextlib.asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start Chromium without a screen."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(kw_only=True)
class Window:
    """One visitor's window on a site."""

    site: Site
    page: Page
    complaints: list[str]

    async def go(self, path: str) -> None:
        """Open a page of the console and wait until it is drawn and its fonts are there."""
        await self.page.goto(self.site.url(path))
        await self.page.evaluate("document.fonts.ready")

    async def shoot(self, name: str, *, whole: bool = True) -> None:
        """Keep a picture, where pictures are wanted."""
        if folder := os.environ.get("LIENTHONG_SHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=f"{folder}/{name}.png", full_page=whole)

    async def judge(self) -> list[str]:
        """Let axe look at the page: one line for each thing that keeps somebody out."""
        # Handed over by the browser's own tools: our Content-Security-Policy lets no page load it.
        await self.page.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = await self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules})",
            ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        )
        return [
            f"{fault['id']}: {node['target']} {node.get('failureSummary', '')}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]

    async def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@contextlib.asynccontextmanager
async def open_window(
    browser: Browser,
    site: Site,
    login: str | None,
    *,
    viewport: dict[str, int] = WIDE,
    dark: bool = False,
    language: str = "vi",
    scripts: bool = True,
) -> AsyncIterator[Window]:
    """Open a window and sign in as somebody; None stays a stranger.

    At its end nothing may have been complained of: no error on the page's console (a blocked style, a missing
    file), no exception of a script.
    """
    context = await browser.new_context(
        viewport=viewport,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    window = Window(site=site, page=page, complaints=complaints)
    if language != "vi":
        await page.goto(site.url(f"/sign-in?lang={language}"))
    if login is not None:
        await page.goto(site.url("/sign-in"))
        await page.fill("#login", login)
        await page.fill("#password", PASSWORD)
        await page.click("main form button")
        await page.wait_for_url(site.url("/"))
    yield window
    await context.close()
    assert complaints == [], complaints
