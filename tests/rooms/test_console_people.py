"""The pages of one's own account and of everybody's, as a browser without eyes walks them."""

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.office import now
from tests.console import PASSWORD, Browser, Page, Site, open_site, person
from tests.walks.world import FINANCE, HEALTH

NEW = "trăng rằm soi bến cũ"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A node with people of every role, and an administrator for one department."""
    local = person(UserRole.ADMINISTRATOR, "soyte", agencies=frozenset({HEALTH}))
    async with open_site(tmp_path / "node", local) as opened:
        yield opened


def faults(page: Page) -> list[str]:
    return re.findall(r'<p class="fault"[^>]*>(?:<svg.*?</svg>)?([^<]*)', page.text, re.DOTALL)


def once(page: Page) -> str:
    """The password shown once."""
    assert page.status == 200, page.text
    found = re.search(r'<p class="once">([^<]+)</p>', page.text)
    assert found, page.text
    return found[1]


async def set_up_phone(browser: Browser) -> tuple[bytes, str, list[str]]:
    """Walk through the pages; return the phone's seed, the code it showed and the recovery codes."""
    page = await browser.post("/account/phone", password=PASSWORD)
    assert (page.status, page.headers["Location"]) == (303, "/console/account/phone"), page.text
    page = await browser.get("/account/phone")
    assert "<svg" in page.text
    letters = re.search(r"<code>([A-Z2-7-]+)</code>", page.text)
    assert letters
    seed = base64.b32decode(letters[1].replace("-", ""))
    code = code_of(seed)
    page = await browser.post("/account/phone/confirm", code=code)
    return seed, code, re.findall(r"<li>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</li>", page.text)


def code_of(seed: bytes, steps: int = 0) -> str:
    return HOTP(seed, 6, SHA1()).generate(int(now().timestamp()) // 30 + steps).decode()


async def test_a_phone_is_set_up_and_asked_for(site: Site) -> None:
    """Password, picture, first code, recovery codes; then nobody comes in without one."""
    async with site.visitor("clerk") as clerk:
        seed, first, recovery = await set_up_phone(clerk)
        assert len(recovery) == 10
        assert "Đang bật" in (await clerk.get("/account")).text
    async with site.visitor(None) as browser:
        asked = await browser.post("/sign-in", login="clerk", password=PASSWORD)
        assert asked.status == 200
        ticket = re.search(r'name="ticket" value="([^"]+)"', asked.text)
        assert ticket
        used = await browser.post("/sign-in/code", ticket=ticket[1], code=first)
        assert used.status == 422  # the code that set it up is spent
        came = await browser.post("/sign-in/code", ticket=ticket[1], code=code_of(seed, 1))
        assert came.status == 303
        renewed = await browser.post("/account/recovery", password=PASSWORD)
        assert not set(recovery) & set(re.findall(r"<li>([A-Z2-7-]{19})</li>", renewed.text))
        off = await browser.post("/account/phone/remove", password=PASSWORD)
        assert off.status == 303
        assert "Chưa bật" in (await browser.get("/account")).text


async def test_what_was_wrong_is_said_on_the_page_it_was_asked_on(site: Site) -> None:
    """Wrong password, wrong code, nothing being set up."""
    async with site.visitor("clerk") as clerk:
        page = await clerk.post("/account/phone", password="sai")
        assert page.status == 422
        assert "Mật khẩu hiện tại không đúng." in page.text
        assert (await clerk.get("/account/phone")).headers["Location"] == "/console/account"
        await clerk.post("/account/phone", password=PASSWORD)
        page = await clerk.post("/account/phone/confirm", code="12345")
        assert (page.status, len(faults(page))) == (422, 1)


async def test_one_sees_where_one_is_signed_in_and_ends_it(site: Site) -> None:
    """One by one, or all but this."""
    async with site.visitor("clerk") as here, site.visitor("clerk") as there, site.visitor("clerk") as third:
        listed = re.findall(r'name="session" value="([^"]+)"', (await here.get("/account")).text)
        assert len(listed) == 2
        assert (await here.post("/account/sessions/end", session=listed[0])).status == 303
        alive = [(await browser.get("/account")).status for browser in (here, there, third)]
        assert sorted(alive) == [200, 200, 303]
        await here.post("/account/sessions/end-others")
        alive = [(await browser.get("/account")).status for browser in (here, there, third)]
        assert alive == [200, 303, 303]


async def test_another_s_session_is_not_mine_to_end(site: Site) -> None:
    """A clerk who learns its name gets nowhere."""
    async with site.visitor("clerk") as clerk, site.visitor("viewer") as viewer:
        await viewer.get("/account")
        (signed_in,) = [e for e in site.node.log(LogKind.SIGNED_IN) if e["user"] == "viewer"]
        page = await clerk.post("/account/sessions/end", session=str(signed_in["session"]))
        assert page.status == 422
        assert (await viewer.get("/account")).status == 200


@pytest.mark.parametrize("login", ["clerk", "operator", "auditor", "viewer"])
async def test_only_who_governs_sees_people(site: Site, login: str) -> None:
    """Neither in the menu nor by address nor by sending what the page would send."""
    async with site.visitor(login) as browser:
        assert "/console/people" not in (await browser.get("/")).text
        assert (await browser.get("/people")).status == 403
        own = {"name": "x", "role": "administrator", "reach": "all"}
        assert (await browser.post(f"/people/{login}", **own)).status == 403
        assert (await browser.post("/people/~new", login="ma", **own)).status == 403
        assert (await browser.post("/people/administrator/reset-password")).status == 403
        assert (await browser.get("/account")).status == 200


async def test_somebody_is_added_signs_in_and_chooses_a_password(site: Site) -> None:
    """The one-time password is shown once, opens one page only, and the log knows who did it."""
    async with site.visitor("administrator") as browser:
        page = await browser.post(
            "/people/~new",
            login="Lan",
            name="Trần Lan",
            role="clerk",
            reach="some",
            agencies=HEALTH,
        )
        password = once(page)
        person_page = await browser.get("/people/lan")
        assert "Chờ đổi mật khẩu" in person_page.text
        assert password not in person_page.text
    async with site.visitor(None) as lan:
        await lan.post("/sign-in", login="lan", password=password)
        assert (await lan.get("/account")).headers["Location"] == "/console/new-password"
        token = re.search(r'name="csrf" value="([^"]+)"', (await lan.get("/new-password")).text)
        assert token
        changed = await lan.post("/new-password", csrf=token[1], old=password, password=NEW, again=NEW)
        assert changed.status == 303, changed.text
        assert HEALTH in (await lan.get("/account")).text
    added = next(e for e in site.node.log(LogKind.ADMINISTERED) if e["act"] == "user-added")
    assert added["by"] == "administrator"


async def test_a_form_with_faults_comes_back_as_it_was_filled_in(site: Site) -> None:
    """Each fault at its field, what was typed still there."""
    async with site.visitor("administrator") as browser:
        page = await browser.post(
            "/people/~new", login="x y", name="Trần <Lan>", role="auditor", reach="some", mail="@@"
        )
        assert page.status == 422
        assert len(faults(page)) == 3
        assert 'value="Trần &lt;Lan&gt;"' in page.text
        assert '<option value="auditor" selected>' in page.text
        odd = await browser.post("/people/~new", login="lan", name="Lan", role="vua", reach="all")
        assert odd.status == 422
        taken = await browser.post("/people/~new", login="clerk", name="Lan", role="clerk", reach="all")
        assert "tên đăng nhập này đã có" in taken.text


async def test_an_account_is_changed_closed_opened_and_reset(site: Site) -> None:
    """Whoever it belongs to is out at his next request, each time it matters."""
    async with site.visitor("administrator") as browser, site.visitor("viewer") as viewer:
        edited = {"name": "Hoàng Xem", "role": "auditor", "reach": "some", "agencies": HEALTH}
        assert (await browser.post("/people/viewer", **edited)).status == 303
        assert "Kiểm toán" in (await browser.get("/people/viewer")).text
        assert (await viewer.get("/account")).status == 303
        password = once(await browser.post("/people/viewer/reset-password"))
        assert (await viewer.post("/sign-in", login="viewer", password=password)).status == 303
        assert (await browser.post("/people/viewer/end-sessions")).status == 303
        assert (await browser.post("/people/viewer/disable")).status == 303
        assert (await viewer.post("/sign-in", login="viewer", password=password)).status == 422
        assert (await browser.post("/people/viewer/enable")).status == 303
        assert (await viewer.post("/sign-in", login="viewer", password=password)).status == 303
        assert (await browser.post("/people/viewer/unbind")).status == 303
        assert (await browser.post("/people/viewer/reset-phone")).status == 303
        assert (await browser.get("/people/ai")).status == 404


async def test_the_last_administrator_stays_and_is_told_why(site: Site) -> None:
    """On the same page; nor may he reset himself there."""
    async with site.visitor("administrator") as browser:
        page = await browser.post("/people/administrator/disable")
        assert page.status == 422
        assert "quản trị viên cuối cùng" in page.text
        demoted = {"name": "Lê", "role": "viewer", "reach": "all"}
        assert "quản trị viên cuối cùng" in (await browser.post("/people/administrator", **demoted)).text
        for act in ("reset-password", "reset-phone"):
            page = await browser.post(f"/people/administrator/{act}")
            assert (page.status, "Tài khoản của tôi" in page.text) == (422, True)
        assert (await browser.get("/people")).status == 200


async def test_an_administrator_of_one_department_finds_its_people_only(site: Site) -> None:
    """Others are not there; what he may give ends where his agencies do."""
    async with site.visitor("soyte") as browser:
        page = await browser.get("/people")
        assert re.findall(r'/console/people/([a-z]+)"', page.text) == ["clerk", "soyte"]
        assert (await browser.get("/people/operator")).status == 404
        assert (await browser.post("/people/operator/disable")).status == 404
        form = await browser.get("/people/~new")
        assert 'value="all"' not in form.text
        assert FINANCE not in form.text
        wanted = {"login": "ma", "name": "Ma", "role": "administrator"}
        for reach in ({"reach": "all"}, {"reach": "some", "agencies": FINANCE}):
            page = await browser.post("/people/~new", **wanted, **reach)
            assert page.status == 422
            assert "không có quyền" in page.text


async def test_a_form_without_the_session_s_token_changes_nothing(site: Site) -> None:
    """Nor one that another site sends, whatever it knows."""
    async with site.visitor("administrator") as browser:
        assert (await browser.post("/people/viewer/disable", csrf="")).status == 403
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert (await browser.post("/people/viewer/disable", headers=foreign)).status == 403
        assert "Đã khóa" not in (await browser.get("/people/viewer")).text
