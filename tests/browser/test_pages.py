"""Every page as people meet it: wide and narrow, light and dark, Vietnamese and English, judged by axe."""

import re

import pytest
from playwright.async_api import Browser

from tests.browser.kit import MANNERS, needs_chromium, open_window
from tests.console import Site

pytestmark = needs_chromium

# A page and who looks at it. A page group adds its pages here.
PAGES = [
    *[("/sign-in", None), ("/", "operator"), ("/", "clerk"), ("/", "administrator"), ("/nowhere", "clerk")],
    *[("/account", "clerk"), ("/people", "administrator"), ("/people/~new", "administrator")],
    ("/people/clerk", "administrator"),
    *[(path, "auditor") for path in ("/log", "/log?kind=failures", "/log/entries/1", "/log/checkpoints")],
    *[(path, "auditor") for path in ("/log/verify", "/evidence", "/holds")],
    *[("/systems", "operator"), ("/systems/connect", "operator"), ("/systems/of/SYT", "operator")],
    *[("/agencies", "operator"), ("/agencies/add", "operator"), ("/agencies/import", "operator")],
    *[("/agencies/of/000.00.12.H57", "operator"), ("/seals", "operator"), ("/settings", "operator")],
    *[
        ("/calendar", "operator"),
        ("/calendar?year=2026", "administrator"),
        ("/calendar?year=2031", "operator"),
    ],
    *[("/alerts", "operator"), ("/obligations", "operator"), ("/obligations/new", "operator")],
    *[(path, "viewer") for path in ("/obligations", "/reports", "/reports?year=2021", "/register", "/wall")],
]


@pytest.mark.parametrize("manner", MANNERS)
async def test_every_page_is_open_to_everybody(browser: Browser, site: Site, manner: str) -> None:
    """Axe finds nothing, nothing runs over the edge, and the browser has nothing to complain of."""
    faults = []
    for visitor in dict.fromkeys(login for _, login in PAGES):
        async with open_window(browser, site, visitor, **MANNERS[manner]) as window:
            for path in [path for path, login in PAGES if login == visitor]:
                await window.go(path)
                await window.shoot(f"{visitor or 'stranger'}{re.sub(r'[^a-z0-9~]', '-', path)}-{manner}")
                faults += [f"{path} {fault}" for fault in await window.judge()]
                if over := await window.overflow():
                    faults.append(f"{path} is {over} pixels too wide")
                if path == "/nowhere":  # that it is not there is what the browser complains of
                    window.complaints.clear()
    assert faults == []
