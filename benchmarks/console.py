"""How long the console's first page takes: ``python -m benchmarks.console [COUNT]``.

A node with so many documents (a million) on loopback as a process of its own, Chromium, a visitor for the
whole node and one for a single agency. Told: time to the first byte and to the first paint, after signing in
and once more. docs/performance.md has the figures.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page

from benchmarks.console_fill import AGENCIES, fill
from gateway.model.identifiers import AgencyCode
from gateway.model.people import UserRole
from tests.browser.kit import open_browser
from tests.console import PASSWORD, add_people, person
from tests.rooms.cli_kit import served
from tests.walks.world import PROVINCE, prepare_node

_LOADS = 15
_TIMINGS = """() => new Promise((resolve) => {
    const [page] = performance.getEntriesByType("navigation");
    new PerformanceObserver((seen) => {
        const paint = seen.getEntriesByName("first-contentful-paint")[0];
        if (paint) resolve([page.responseStart, paint.startTime]);
    }).observe({type: "paint", buffered: true});
})"""


async def main(count: int) -> None:
    """Fill, serve, look."""
    with tempfile.TemporaryDirectory() as folder:
        node = prepare_node(Path(folder) / "node", code=PROVINCE)
        began = time.monotonic()
        fill(node.directory / "lienthong.db", count, now=datetime.now(UTC))
        size = (node.directory / "lienthong.db").stat().st_size / (1 << 30)
        print(f"{count} documents in {time.monotonic() - began:.0f} s, {size:.1f} GiB")
        one = frozenset({AgencyCode(next(iter(AGENCIES)))})
        await add_people(node, person(UserRole.OPERATOR), person(UserRole.CLERK, agencies=one))
        with served(node.directory) as server:
            address = server.url.removesuffix("/vxp")
            async with open_browser() as browser:
                for login in ("operator", "clerk"):
                    await _measure(browser, address, login)


async def _measure(browser: Browser, address: str, login: str) -> None:
    cold, warm = [], []
    for _ in range(_LOADS):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.goto(f"{address}/console/sign-in")
        await page.fill("#login", login)
        await page.fill("#password", PASSWORD)
        await page.click("main form button")
        await page.wait_for_url(f"{address}/console/")
        cold.append(await _timings(page))
        await page.goto(f"{address}/console/")
        warm.append(await _timings(page))
        await context.close()
    for name, found in (("after signing in", cold), ("again", warm)):
        first, paint = zip(*found, strict=True)
        print(
            f"{login}, {name}: first byte {statistics.median(first):.0f} ms, first paint"
            f" {statistics.median(paint):.0f} ms (slowest of {_LOADS}: {max(paint):.0f} ms)"
        )


async def _timings(page: Page) -> list[float]:
    timings: list[float] = await page.evaluate(_TIMINGS)
    return timings


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000))
