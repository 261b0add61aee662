"""Every page as people meet it: wide and narrow, light and dark, Vietnamese and English, judged by axe."""

import re

import pytest
from playwright.async_api import Browser

from tests.browser.kit import NARROW, WIDE, needs_chromium, open_window
from tests.console import Site

pytestmark = needs_chromium

# A page and who looks at it. A page group adds its pages here.
PAGES = [
    *[("/sign-in", None), ("/", "operator"), ("/", "clerk"), ("/", "administrator"), ("/nowhere", "clerk")],
    *[("/account", "clerk"), ("/people", "administrator"), ("/people/~new", "administrator")],
    ("/people/clerk", "administrator"),
    *[(path, "auditor") for path in ("/log", "/log?kind=failures", "/log/entries/1", "/log/checkpoints")],
    *[(path, "auditor") for path in ("/log/verify", "/evidence", "/holds")],
]
MANNERS = {
    "wide": {"viewport": WIDE},
    "narrow": {"viewport": NARROW},
    "dark": {"viewport": WIDE, "dark": True},
    "english": {"viewport": WIDE, "language": "en"},
}


@pytest.mark.parametrize("manner", MANNERS)
async def test_every_page_is_open_to_everybody(browser: Browser, site: Site, manner: str) -> None:
    """Axe finds nothing, nothing runs over the edge, and the browser has nothing to complain of."""
    faults = []
    for path, login in PAGES:
        async with open_window(browser, site, login, **MANNERS[manner]) as window:
            await window.go(path)
            await window.shoot(f"{login or 'stranger'}{re.sub(r'[^a-z0-9~]', '-', path)}-{manner}")
            faults += [f"{path} {fault}" for fault in await window.judge()]
            if over := await window.overflow():
                faults.append(f"{path} is {over} pixels too wide")
            window.complaints[:] = [line for line in window.complaints if "404" not in line]
    assert faults == []
