"""The console's door over real HTTP: who comes in, what is turned away, and how it is said."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from gateway.errors import Delay, Fault, Refusal
from gateway.model.people import Permission, UserRole
from gateway.office import now
from gateway.store.database import to_micros
from gateway.web.console import live
from gateway.web.console.forms import form_of, parts_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of
from gateway.wiring import console as wiring
from tests.console import PASSWORD, Browser, Site, open_site, person
from tests.walks.world import PROVINCE, prepare_node

SCRIPT = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A page group whose pages do what tests ask for."""

    shell: Shell
    done: list[str]

    def routes(self) -> Iterable[Route]:
        nav = Nav(area=Area.WATCH, place=1, vi="Thử", en="Probe", icon="log")
        yield Route(method="GET", path="/probe", act=self.show, may=Permission.AUDIT, nav=nav)
        yield Route(method="POST", path="/probe", act=self.act, may=Permission.AUDIT)
        yield Route(method="POST", path="/upload", act=self.upload, may=Permission.AUDIT, streams=True)
        yield Route(method="GET", path="/fails/{how}", act=self.fail, may=None)

    async def show(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=visitor_of(request).user.login)

    async def act(self, request: web.Request) -> web.StreamResponse:
        self.done.append((await form_of(request)).text("word"))
        return self.shell.redirect(request, "/", Message(vi="Đã ghi.", en="Noted."))

    async def upload(self, request: web.Request) -> web.StreamResponse:
        async for part in parts_of(request):
            self.done.append(f"{part.name} {len(await part.read())}")
        return web.Response(text="taken")

    async def fail(self, request: web.Request) -> web.StreamResponse:
        how = request.match_info["how"]
        if how == "refusal":
            faults = [Fault(rule=f"rule-{n}", vi=f"lỗi {n}", en=f"fault {n}") for n in (1, 2)]
            raise Refusal("refused", faults)
        if how == "delay":
            raise Delay.because("busy", vi="bận", en="busy").again_in(timedelta(seconds=7))
        raise ValueError("the secret of the house")


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    """A node with people, among them one with a hostile name, and the probing pages."""
    done: list[str] = []
    usual = wiring._groups

    def groups(*tools: Any) -> list[Any]:
        shell = next(tool for tool in tools if isinstance(tool, Shell))
        return [*usual(*tools), Probe(shell=shell, done=done)]

    monkeypatch.setattr(wiring, "_groups", groups)
    hostile = person(UserRole.AUDITOR, "hostile", name=SCRIPT)
    async with open_site(tmp_path / "node", hostile) as site:
        site.done = done  # type: ignore[attr-defined]
        yield site


def done_at(site: Site) -> list[str]:
    """What the probing pages were made to do."""
    return site.done  # type: ignore[attr-defined, no-any-return]


# -- Coming in ----------------------------------------------------------------------------------------


async def test_a_stranger_is_sent_to_sign_in_and_then_to_where_he_wanted(site: Site) -> None:
    """The page he asked for waits behind the form."""
    async with site.visitor(None) as stranger:
        page = await stranger.get("/probe?a=1")
        assert (page.status, page.headers["Location"]) == (
            303,
            "/console/sign-in?next=%2Fconsole%2Fprobe%3Fa%3D1",
        )
        form = await stranger.get("/sign-in?next=%2Fconsole%2Fprobe%3Fa%3D1")
        onward = re.search(r'name="next" value="([^"]*)"', form.text)
        assert onward is not None
        signed = await stranger.post("/sign-in", login="auditor", password=PASSWORD, next=onward[1])
        assert (signed.status, signed.headers["Location"]) == (303, "/console/probe?a=1")
        assert (await stranger.get("/probe?a=1")).text == "auditor"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/console/\\evil.example",
        "/vxp/x",
        "javascript:alert(1)",
        "/console//\r\nX: y",
        "/console/\0",
        "/console/\x85",
    ],
)
async def test_signing_in_leads_nowhere_else(site: Site, elsewhere: str) -> None:
    """An address somebody planted in the form does not take the visitor off the console."""
    async with site.visitor(None) as stranger:
        page = await stranger.post("/sign-in", login="clerk", password=PASSWORD, next=elsewhere)
        assert (page.status, page.headers["Location"]) == (303, "/console/")


async def test_who_does_not_know_the_password_stays_out_and_learns_nothing(site: Site) -> None:
    """A wrong password and an unknown name look the same; what was typed is shown as text."""
    async with site.visitor(None) as stranger:
        wrong = await stranger.post("/sign-in", login="clerk", password="wrong")
        unknown = await stranger.post("/sign-in", login=SCRIPT, password="wrong")
        assert wrong.status == unknown.status == 422
        said = [re.findall(r'role="alert">(.*?)</form', page.text, re.DOTALL)[0] for page in (wrong, unknown)]
        assert said[0].split("<form")[0] == said[1].split("<form")[0]
        assert SCRIPT not in unknown.text
        assert "&lt;script&gt;" in unknown.text
        assert (await stranger.get("/")).status == 303


async def test_a_session_that_was_planted_is_worth_nothing(site: Site) -> None:
    """Whoever signs in gets a new secret; the one that lay in his browser before opens nothing (fixation)."""
    async with site.visitor(None) as victim:
        planted = "planted-by-somebody-else"
        victim.client.cookie_jar.update_cookies({"lienthong_session": planted}, victim.address)
        page = await victim.post("/sign-in", login="clerk", password=PASSWORD)
        assert page.cookies["lienthong_session"].split(";")[0] != f"lienthong_session={planted}"
    async with site.visitor(None) as attacker:
        attacker.client.cookie_jar.update_cookies({"lienthong_session": planted}, attacker.address)
        assert (await attacker.get("/")).status == 303


async def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    """One browser, one session: the former secret is dead when the new one is handed out."""
    async with site.visitor("clerk") as clerk:
        before = clerk.secret()
        await clerk.post("/sign-in", login="auditor", password=PASSWORD)
        assert (await clerk.get("/probe")).text == "auditor"
        assert (await clerk.send("GET", "/", headers={"Cookie": f"lienthong_session={before}"})).status != 500
    async with site.visitor(None) as stranger:
        assert (
            await stranger.send("GET", "/", headers={"Cookie": f"lienthong_session={before}"})
        ).status == 303


async def test_who_signs_out_is_out_everywhere(site: Site) -> None:
    """The secret opens nothing any more, also for who copied it; the log knows."""
    async with site.visitor("clerk") as clerk:
        secret = clerk.secret()
        page = await clerk.post("/sign-out")
        assert (page.status, page.headers["Location"]) == (303, "/console/sign-in?left=1")
        assert "Đã đăng xuất" in (await clerk.get("/sign-in?left=1")).text
    async with site.visitor(None) as thief:
        page = await thief.send("GET", "/", headers={"Cookie": f"lienthong_session={secret}"})
        assert page.status == 303


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(site: Site) -> None:
    """HttpOnly, SameSite, no life of its own; over TLS also Secure under a name no neighbour can set."""
    async with site.visitor(None) as stranger:
        page = await stranger.post("/sign-in", login="clerk", password=PASSWORD)
    cookie = page.cookies["lienthong_session"]
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Max-Age" not in cookie


async def test_a_proxy_that_is_believed_makes_the_cookie_secure(tmp_path: Path) -> None:
    """Behind a proxy that ends TLS, the session and the visitor's address are as they are outside."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, console={"trusted_proxies": ["127.0.0.1"]})
    async with open_site(tmp_path, node=node) as site, site.visitor(None) as stranger:
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
        said = {"Origin": site.node.url, **forwarded}
        page = await stranger.post("/sign-in", headers=said, login="clerk", password=PASSWORD)
        assert {"Secure", "HttpOnly", "Path=/"} <= set(page.cookies["__Host-lienthong"].split("; "))
        assert page.headers["Strict-Transport-Security"]
    assert [row["address"] for row in site.node.rows("SELECT address FROM sessions")] == ["203.0.113.7"]


@pytest.mark.parametrize(
    "written", [("198.51.100.9, 203.0.113.7",), ("198.51.100.9", "203.0.113.7")], ids=len
)
async def test_what_a_visitor_writes_before_the_proxys_word_is_not_believed(
    tmp_path: Path, written: tuple[str, ...]
) -> None:
    """In the same line or in one of his own: the last hop is the proxy's."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, console={"trusted_proxies": ["127.0.0.1"]})
    async with open_site(tmp_path, node=node) as site, site.visitor(None) as stranger:
        said = CIMultiDict([("Origin", site.node.url), *(("X-Forwarded-For", each) for each in written)])
        await stranger.post("/sign-in", headers=said, login="clerk", password=PASSWORD)
    assert [row["address"] for row in site.node.rows("SELECT address FROM sessions")] == ["203.0.113.7"]


async def test_nobody_else_is_believed_about_where_he_calls_from(site: Site) -> None:
    """Without a believed proxy the headers are a stranger's words."""
    async with site.visitor(None) as stranger:
        said = {"Origin": site.node.url, "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        page = await stranger.post("/sign-in", headers=said, login="clerk", password=PASSWORD)
        assert "lienthong_session" in page.cookies
    assert [row["address"] for row in site.node.rows("SELECT address FROM sessions")] == ["127.0.0.1"]


async def test_who_has_a_one_time_password_chooses_his_own_first(site: Site) -> None:
    """Every page leads there until it is done; then the session goes on under a new secret."""
    tomorrow = to_micros(now() + timedelta(days=1))
    site.node.change("UPDATE users SET one_time_until = ? WHERE login = 'auditor'", tomorrow)
    async with site.visitor("auditor") as auditor:
        assert (await auditor.get("/probe")).headers["Location"] == "/console/new-password"
        assert (await auditor.get("/new-password")).status == 200
        before = auditor.secret()
        token = await auditor.token("/new-password")
        new = {"csrf": token, "old": PASSWORD, "password": "con trâu đi trước cái cày"}
        differs = await auditor.post("/new-password", **new, again="khác")
        assert (differs.status, "hai lần nhập không giống nhau" in differs.text) == (422, True)
        page = await auditor.post("/new-password", **new, again=new["password"])
        assert (page.status, page.headers["Location"]) == (303, "/console/")
        assert auditor.secret() != before
        assert "Đã đổi mật khẩu" in (await auditor.get("/")).text
        assert (await auditor.get("/probe")).text == "auditor"


async def test_a_console_that_is_switched_off_is_not_there(tmp_path: Path) -> None:
    """No page, no form, no file."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, console={"enabled": False})
    async with open_site(tmp_path, node=node) as site, site.visitor(None) as stranger:
        assert [(await stranger.get(path)).status for path in ("/", "/sign-in", "/static/x/console.css")] == [
            404
        ] * 3


# -- What may be called -------------------------------------------------------------------------------


async def test_a_page_one_may_not_see_says_so_and_is_not_in_the_menu(site: Site) -> None:
    """The clerk gets a page that says 403; the auditor gets the page."""
    async with site.visitor("clerk") as clerk, site.visitor("auditor") as auditor:
        page = await clerk.get("/probe")
        assert (page.status, "Bạn không có quyền" in page.text) == (403, True)
        assert "/console/probe" not in (await clerk.get("/")).text
        assert (await auditor.get("/probe")).text == "auditor"
        assert "/console/probe" in (await auditor.get("/")).text
        assert (await clerk.post("/probe", word="x")).status == 403
    assert done_at(site) == []


FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a neighbour under the same domain": {"Sec-Fetch-Site": "same-site"},
    "typed by hand": {"Sec-Fetch-Site": "none"},
    "another site, an older browser": {"Origin": "https://evil.example"},
    "a page without origin": {"Origin": "null"},
    "an origin that is none": {"Origin": "http://[::1"},
    "nobody who says": {},
}


@pytest.mark.parametrize("who", FOREIGN)
async def test_a_form_from_elsewhere_changes_nothing_even_with_the_token(site: Site, who: str) -> None:
    """The browser's word about where a request comes from counts before anything else."""
    async with site.visitor("auditor") as auditor:
        page = await auditor.post("/probe", headers=FOREIGN[who], word="x")
        assert (page.status, "form-not-ours" in page.text) == (403, True)
        signing = await auditor.post("/sign-in", headers=FOREIGN[who], login="clerk", password=PASSWORD)
        assert signing.status == 403
    assert done_at(site) == []


async def test_a_form_without_the_sessions_token_changes_nothing(site: Site) -> None:
    """No token, a made-up one, another session's: all the same."""
    async with site.visitor("auditor") as auditor, site.visitor("hostile") as other:
        for token in ("", "x" * 43, await other.token()):
            assert (await auditor.post("/probe", csrf=token, word="x")).status == 403
        assert done_at(site) == []
        assert (await auditor.post("/probe", word="y")).status == 303
    assert done_at(site) == ["y"]


async def test_an_upload_is_not_read_without_the_token_in_front(site: Site) -> None:
    """A streamed form must begin with the token; one that brings it later is refused, nothing read."""
    async with site.visitor("auditor") as auditor:
        token = await auditor.token()
        assert (await auditor.upload("/upload", {"file": b"x" * 9, "csrf": token.encode()})).status == 403
        assert done_at(site) == []
        assert (await auditor.upload("/upload", {"csrf": token.encode(), "file": b"x" * 9})).status == 200
    assert done_at(site) == ["file 9"]


async def test_a_form_after_the_session_ended_says_so(site: Site) -> None:
    """What was typed is not recorded; the page says to sign in again."""
    async with site.visitor("auditor") as auditor:
        token = await auditor.token()
        auditor.client.cookie_jar.clear()
        page = await auditor.post("/probe", csrf=token, word="x")
        assert (page.status, "Phiên làm việc đã kết thúc" in page.text) == (401, True)
    assert done_at(site) == []


@pytest.mark.parametrize(
    ("kind", "body"), [("charset=no-such", b"login=x"), ("charset=utf-8", b"login=%ff%fe&password=\xff")]
)
async def test_a_form_no_browser_writes_is_refused_and_no_bug(site: Site, kind: str, body: bytes) -> None:
    """An encoding that is none, bytes that are not text: the sender's affair."""
    said = {"Content-Type": f"application/x-www-form-urlencoded; {kind}", "Sec-Fetch-Site": "same-origin"}
    async with (
        site.visitor(None) as stranger,
        stranger.client.post(site.url("/sign-in"), headers=said, data=body) as answer,
    ):
        assert answer.status == 422


# -- What every answer bears --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/nowhere", "/fails/bug", "/probe", "/static/x/console.css", "/?lang=en"]
)
async def test_every_answer_keeps_browsers_strict(site: Site, path: str) -> None:
    """No frame around us, no script but ours, no guessing of types, no copy of a page left behind."""
    async with site.visitor("clerk") as clerk:
        headers = (await clerk.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


async def test_a_hostile_name_is_text(site: Site) -> None:
    """Markup in somebody's name, or in an address, is shown and not obeyed."""
    async with site.visitor("hostile") as hostile:
        for page in (await hostile.get("/"), await hostile.get(f"/nowhere?x={quote(SCRIPT)}")):
            assert "<img src=x" not in page.text
            assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in (await hostile.get("/")).text


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/%2e%2e/settings.py",
        "vendor/../../../settings.py",
        "/etc/passwd",
        "..%5capp.py",
        "console.css%00.js",
        "vendor",
        "",
    ],
)
async def test_no_path_leads_out_of_the_static_files(site: Site, name: str) -> None:
    """Only names that are there are answered; everything else is no page."""
    async with site.visitor(None) as stranger:
        version = await version_of(stranger)
        assert (await stranger.get(f"/static/{version}/{name}")).status == 404


async def test_a_file_is_kept_by_browsers_as_long_as_it_is_the_same(site: Site) -> None:
    """The address has the files' digest: it can be kept for ever, and is another when they change."""
    async with site.visitor(None) as stranger:
        page = await stranger.get(f"/static/{await version_of(stranger)}/console.css")
        assert (page.status, page.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
        assert page.headers["Cache-Control"] == "public, max-age=31536000, immutable"


async def version_of(browser: Browser) -> str:
    """The version that stands in the addresses of static files."""
    found = re.search(r"/console/static/([0-9a-f]{12})/console\.css", (await browser.get("/sign-in")).text)
    assert found is not None
    return found[1]


# -- What is said -------------------------------------------------------------------------------------


async def test_a_refusal_is_said_with_all_its_faults(site: Site) -> None:
    """Every fault in the visitor's language, with its rule."""
    async with site.visitor("clerk") as clerk:
        page = await clerk.get("/fails/refusal")
        assert page.status == 422
        assert all(text in page.text for text in ("lỗi 1", "lỗi 2", "rule-1", "rule-2"))
        await clerk.get("/?lang=en")
        english = await clerk.get("/fails/refusal")
        assert all(text in english.text for text in ("fault 1", "fault 2"))


async def test_a_delay_says_when_to_come_again(site: Site) -> None:
    """503 with the time, and that nothing has changed."""
    async with site.visitor("clerk") as clerk:
        page = await clerk.get("/fails/delay")
        assert (page.status, page.headers["Retry-After"], "Không có gì thay đổi" in page.text) == (
            503,
            "7",
            True,
        )


async def test_a_bug_is_a_page_with_a_number_and_nothing_else(site: Site) -> None:
    """The visitor can tell the operator which line of the log to look for; what broke stays inside."""
    async with site.visitor("clerk") as clerk:
        page = await clerk.get("/fails/bug")
        assert page.status == 500
        assert re.search(r'class="code">[0-9a-f]{8}<', page.text)
        assert "secret of the house" not in page.text
        assert "ValueError" not in page.text


async def test_a_message_is_shown_once(site: Site) -> None:
    """After something was done the next page says so, and the one after it does not."""
    async with site.visitor("auditor") as auditor:
        token = await auditor.token()
        assert (await auditor.post("/probe", csrf=token, word="x")).headers["Location"] == "/console/"
        assert "Đã ghi." in (await auditor.get("/")).text
        assert "Đã ghi." not in (await auditor.get("/")).text


async def test_the_language_changes_where_one_is(site: Site) -> None:
    """The choice is kept in the browser; the visitor comes back to the same page, and only there."""
    async with site.visitor("clerk") as clerk:
        assert '<html lang="vi">' in (await clerk.get("/")).text
        page = await clerk.get("/nowhere?a=1&lang=en")
        assert (page.status, page.headers["Location"]) == (303, "/console/nowhere?a=1")
        assert '<html lang="en">' in (await clerk.get("/")).text
        odd = await clerk.get("//evil.example/?lang=vi")
        assert odd.headers.get("Location", "/").startswith("/console")


# -- The stream ---------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def following(browser: Browser) -> AsyncIterator[aiohttp.ClientResponse]:
    """Follow the stream as a page does."""
    async with browser.client.get(browser.site.url("/live")) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield answer


async def until_said(answer: aiohttp.ClientResponse, word: bytes) -> None:
    """Read until a line begins with a word."""
    async with asyncio.timeout(10):
        while not (line := await answer.content.readline()).startswith(word):
            assert line, "the stream ended"


async def test_the_stream_says_when_something_was_recorded(site: Site) -> None:
    """Somebody else signs in: that is an entry in the log, and every page that looks is told."""
    async with site.visitor("clerk") as clerk, following(clerk) as answer:
        await until_said(answer, b"retry")
        async with site.visitor("auditor"):
            await until_said(answer, b"event: changed")


async def test_the_stream_ends_with_the_session(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was signed out elsewhere sees nothing more; and looking does not prolong the session."""
    monkeypatch.setattr(live, "_HEARTBEAT_LOOKS", 1)
    async with site.visitor("clerk") as clerk, following(clerk) as answer:
        await until_said(answer, b": heartbeat")
        site.node.clock.ahead += timedelta(minutes=31)
        await until_said(answer, b"event: ended")


async def test_a_page_that_renews_itself_does_not_prolong_the_session(site: Site) -> None:
    """An open overview on an abandoned desk does not keep its user signed in."""
    async with site.visitor("clerk") as clerk:
        for _ in range(4):
            site.node.clock.ahead += timedelta(minutes=8)
            last = await clerk.get("/", **{"X-Live": "1"})
        assert last.status == 401


async def test_a_server_that_stops_does_not_wait_for_who_looks(site: Site) -> None:
    """Open streams end at once."""
    async with site.visitor("clerk") as clerk, following(clerk) as answer:
        await until_said(answer, b"retry")
        async with asyncio.timeout(5):
            await site.node.stop()
            await answer.content.read()


async def test_no_neighbour_can_plant_what_a_browser_keeps_on_its_way_to_the_provider(tmp_path: Path) -> None:
    """Over TLS only this host can set it: else a visitor could finish what another began, as that other."""
    node = prepare_node(
        tmp_path / "node",
        code=PROVINCE,
        console={"public_url": "https://lienthong.example"},
        oidc={"issuer": "https://sso.example", "client_id": "x"},
    )
    async with open_site(tmp_path, node=node) as site, site.visitor(None) as stranger:
        page = await stranger.get("/sign-in/provider/return?code=x&state=x")
        cookie = page.cookies["__Host-lienthong_provider"].split("; ")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie)
        assert not any(part.startswith("Domain") for part in cookie)
