"""What pages do in a real browser: keep themselves true, open and close, work without scripts."""

import pytest
from playwright.async_api import Browser, expect

from gateway.model.people import UserRole
from tests.browser.kit import NARROW, needs_chromium, open_window
from tests.console import Site, add_people, person
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH

pytestmark = needs_chromium

CAME = "#today .count:first-child .figure"


async def test_the_overview_counts_on_without_being_loaded_again(browser: Browser, site: Site) -> None:
    """A document comes in: the figure changes, while an opened table stays open and the page is the same."""
    async with open_window(browser, site, "operator") as window:
        await window.go("/")
        assert await window.page.inner_text(CAME) == "0"
        await window.page.click("#by-day summary")
        await window.page.evaluate("window.sameAsBefore = true")
        sent = document(Sent(sender=FINANCE), [HEALTH])
        assert (await site.node.dms("STC").send(sent, sender=FINANCE)).ok
        await expect(window.page.locator(CAME)).to_have_text("1", timeout=15_000)
        assert await window.page.evaluate("window.sameAsBefore")
        assert await window.page.is_visible("#by-day table")


async def test_a_figure_is_of_the_visitors_agencies_only(browser: Browser, site: Site) -> None:
    """The health clerk sees what came for health, not what came for finance."""
    for number, sender, recipient, system in (("1", FINANCE, HEALTH, "STC"), ("2", HEALTH, FINANCE, "SYT")):
        sent = document(Sent(sender=sender, number=number), [recipient])
        assert (await site.node.dms(system).send(sent, sender=sender)).ok
    for login, came in (("clerk", "1"), ("operator", "2")):
        async with open_window(browser, site, login) as window:
            await window.go("/")
            assert await window.page.inner_text(CAME) == came


async def test_pages_work_without_scripts(browser: Browser, site: Site) -> None:
    """Signing in, looking, reading the numbers of a figure, signing out."""
    async with open_window(browser, site, "operator", scripts=False) as window:
        await window.page.click("#by-day summary")
        assert await window.page.is_visible("#by-day table")
        await window.page.click("header form button")
        await window.page.wait_for_url(site.url("/sign-in?left=1"))


async def test_the_menu_opens_on_a_narrow_screen_and_closes_by_keyboard(browser: Browser, site: Site) -> None:
    """A button, the menu over the page, Escape."""
    async with open_window(browser, site, "operator", viewport=NARROW) as window:
        assert not await window.page.is_visible("#menu")
        await window.page.click(".menu-opener")
        assert await window.page.is_visible("#menu")
        assert await window.judge() == []
        await window.shoot("menu-narrow", whole=False)
        await window.page.keyboard.press("Escape")
        assert not await window.page.is_visible("#menu")


async def test_the_first_tab_leads_past_the_menu(browser: Browser, site: Site) -> None:
    """Who uses a keyboard can skip to the content at once, and sees where he is."""
    async with open_window(browser, site, "operator") as window:
        await window.go("/")
        await window.page.keyboard.press("Tab")
        assert await window.page.evaluate("document.activeElement.className") == "skip"
        await window.page.keyboard.press("Enter")
        assert await window.page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_light_and_dark_can_be_switched_and_stay(browser: Browser, site: Site, dark: bool) -> None:
    """The other than the system's, on this page and the next."""
    async with open_window(browser, site, None, dark=dark) as window:
        await window.go("/sign-in")
        await window.page.click("[data-switch-theme]")
        ground = "getComputedStyle(document.body).backgroundColor"
        wanted = "rgb(244, 246, 248)" if dark else "rgb(16, 22, 28)"
        assert await window.page.evaluate(ground) == wanted
        await window.go("/sign-in?left=1")
        assert await window.page.evaluate(ground) == wanted


async def test_what_is_printed_from_a_dark_page_is_dark_on_white(browser: Browser, site: Site) -> None:
    """Dark by the system and dark by choice; the colours are those of light pages."""
    printed = "[document.body, document.querySelector('h1')].map(part => getComputedStyle(part).color)"
    colours = []
    for dark in (False, True):
        async with open_window(browser, site, "operator", dark=dark) as window:
            await window.go("/register")
            await window.page.emulate_media(media="print")
            colours.append(await window.page.evaluate(printed))
            await window.page.evaluate("document.documentElement.dataset.theme = 'dark'")
            colours.append(await window.page.evaluate(printed))
    assert colours == [["rgb(23, 33, 43)"] * 2] * 4


async def test_a_hostile_name_runs_nothing(browser: Browser, site: Site) -> None:
    """Markup in a name is letters on the page; the browser makes no element of it and runs no script."""
    name = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    await add_people(site.node, person(UserRole.AUDITOR, "hostile", name=name))
    async with open_window(browser, site, "hostile") as window:
        await window.go("/")
        assert await window.page.inner_text(".who strong") == name
        assert await window.page.title() == "Tổng quan · Liên Thông"


async def test_no_target_is_too_small_for_a_finger(browser: Browser, site: Site) -> None:
    """Everything that can be pressed is at least 24 by 24 pixels (WCAG 2.2, 2.5.8)."""
    async with open_window(browser, site, "operator", viewport=NARROW) as window:
        await window.go("/")
        small = await window.page.evaluate(
            """() => [...document.querySelectorAll("a, button, summary, input, select")]
                .filter((target) => target.checkVisibility())
                .map((target) => [target.outerHTML.slice(0, 80), target.getBoundingClientRect()])
                .filter(([, box]) => box.width < 24 || box.height < 24).map(([words]) => words)"""
        )
        assert [target for target in small if 'class="skip"' not in target] == []
