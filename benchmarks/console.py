"""How long the console's pages of figures take: ``python -m benchmarks.console [COUNT [FOLDER]]``.

A node with so many documents (a million) and a twentieth as many obligations, on loopback as a process of
its own, Chromium, a visitor for the whole node and one for a single agency. Told: time to the first byte and
to the first paint; the form to sign in, which reads nothing, tells what the machine and the browser take. The
node is kept in FOLDER, and used again from there. docs/performance.md has the figures.
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
_PAGES = {
    "overview, first": "/",
    "overview, again": "/",
    "obligations": "/obligations",
    "obligations, done": "/obligations?state=done",
    "wall": "/wall",
    "report of the year": "/reports",
    "report of last year": f"/reports?year={datetime.now(UTC).year - 1}",
    "register": "/register",
}
_TIMINGS = """() => new Promise((resolve) => {
    const [page] = performance.getEntriesByType("navigation");
    new PerformanceObserver((seen) => {
        const paint = seen.getEntriesByName("first-contentful-paint")[0];
        if (paint) resolve([page.responseStart, paint.startTime]);
    }).observe({type: "paint", buffered: true});
})"""


async def main(count: int, kept: Path | None) -> None:
    """Fill, serve, look."""
    with tempfile.TemporaryDirectory() as folder:
        node_folder = (kept or Path(folder)) / "node"
        if not node_folder.exists():
            await _found(node_folder, count)
        with served(node_folder) as server:
            address = server.url.removesuffix("/vxp")
            async with open_browser() as browser:
                for login in ("operator", "clerk"):
                    await _measure(browser, address, login)


async def _found(folder: Path, count: int) -> None:
    began = time.monotonic()
    node = prepare_node(folder, code=PROVINCE)
    fill(node.directory / "lienthong.db", count, now=datetime.now(UTC))
    size = (node.directory / "lienthong.db").stat().st_size / (1 << 30)
    print(f"{count} documents in {time.monotonic() - began:.0f} s, {size:.1f} GiB", flush=True)
    one = frozenset({AgencyCode(next(iter(AGENCIES)))})
    await add_people(node, person(UserRole.OPERATOR), person(UserRole.CLERK, agencies=one))


async def _measure(browser: Browser, address: str, login: str) -> None:
    found: dict[str, list[list[float]]] = {name: [] for name in ("sign-in form", *_PAGES)}
    for _ in range(_LOADS):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.goto(f"{address}/console/sign-in")
        found["sign-in form"].append(await _timings(page))
        await page.fill("#login", login)
        await page.fill("#password", PASSWORD)
        await page.click("main form button")
        await page.wait_for_url(f"{address}/console/")
        for visit, path in _PAGES.items():
            await page.goto(f"{address}/console{path}")
            found[visit].append(await _timings(page))
        await context.close()
    for name, timings in found.items():
        first, paint = zip(*timings, strict=True)
        print(
            f"{login}, {name}: first byte {statistics.median(first):.0f} ms, first paint"
            f" {statistics.median(paint):.0f} ms (quickest {min(paint):.0f}, slowest {max(paint):.0f})",
            flush=True,
        )


async def _timings(page: Page) -> list[float]:
    timings: list[float] = await page.evaluate(_TIMINGS)
    return timings


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000, Path(sys.argv[2]) if sys.argv[2:] else None)
    )
