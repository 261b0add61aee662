"""Setting up a phone, and giving somebody a one-time password, by mouse and keyboard."""

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from playwright.async_api import Browser

from gateway.office import now
from tests.browser.kit import NARROW, WIDE, needs_chromium, open_window
from tests.console import PASSWORD, Site

pytestmark = needs_chromium


@pytest.mark.parametrize("manner", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_a_phone_is_set_up_from_the_picture(
    browser: Browser, site: Site, manner: dict[str, int]
) -> None:
    """The picture is there, black on white in the dark, too; every page on the way is open to everybody."""
    faults: list[str] = []
    name = "narrow" if manner == NARROW else "wide"
    async with open_window(browser, site, "clerk", viewport=manner, dark=True) as window:
        await window.go("/account")
        await window.page.fill("#enrol-password", PASSWORD)
        await window.page.click("text=Bật xác thực hai lớp >> nth=-1")
        await window.page.wait_for_url(site.url("/account/phone"))
        await window.shoot(f"account-phone-{name}")
        faults += await window.judge()
        assert await window.overflow() <= 0
        size = await window.page.locator(".qr svg").bounding_box()
        assert size is not None
        assert size["width"] >= 200
        colour = "p => (p.attributes.fill || p.attributes.stroke).value"
        grounds = await window.page.evaluate(f"[...document.querySelectorAll('.qr path')].map({colour})")
        assert grounds == ["#fff", "#000"]
        letters = await window.page.inner_text("main code")
        code = HOTP(base64.b32decode(letters.replace("-", "")), 6, SHA1()).generate(
            int(now().timestamp()) // 30
        )
        await window.page.fill("#code", code.decode())
        await window.page.keyboard.press("Enter")
        await window.page.wait_for_selector(".once li")
        await window.shoot(f"account-recovery-{name}")
        faults += await window.judge()
        assert await window.page.locator(".once li").count() == 10
        await window.go("/account")
        await window.shoot(f"account-with-phone-{name}")
        faults += await window.judge()
        await window.page.click("summary:has-text('Tắt')")
        await window.page.fill("#remove-password", PASSWORD)
        await window.page.click("dialog[open] button.danger")
        await window.page.wait_for_selector(".message.good")
    assert faults == []


async def test_a_one_time_password_is_asked_for_twice_and_shown_once(browser: Browser, site: Site) -> None:
    """A dialog first; then the password on a page of its own."""
    async with open_window(browser, site, "administrator") as window:
        await window.go("/people/viewer")
        await window.page.click("summary:has-text('Cấp mật khẩu')")
        await window.shoot("people-asking")
        await window.page.click("dialog[open] button.first")
        password = await window.page.inner_text(".once")
        assert len(password) == 19
        await window.shoot("people-password")
        assert await window.judge() == []
        await window.page.click("text=Đã trao")
        assert password not in await window.page.content()
