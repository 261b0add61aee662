"""What somebody with bad intentions sends to the console, and what becomes of it.

The walks over all routes ask the application itself which there are: a page added tomorrow is tried, too.
"""

import asyncio
import contextlib
import re
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.exchange.directory import Snapshot
from gateway.model.agency import Agency
from gateway.model.people import MAY, Permission, UserRole
from gateway.web.console import document_query, live, posted
from gateway.web.console.door import SAFE_METHODS, Door
from gateway.web.console.route import Act, Route
from tests.console import Browser, Page, Site, open_site, person
from tests.desk import REPORT, open_desk, thread_of
from tests.packages import document
from tests.town import COMMUNE, Town, open_town
from tests.walks.world import HEALTH, PROVINCE

# Acts that ask for no more than a session, or for reading: of one's own account, and of what one may read.
OWN = {
    "/sign-in",
    "/sign-in/code",
    "/sign-out",
    "/new-password",
    "/account/phone",
    "/account/phone/confirm",
    "/account/phone/remove",
    "/account/recovery",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/documents/export",
    "/documents/saved",
    "/documents/saved/forget",
    "/reports/export",
    "/register/export",
}
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[Route]:
    """Every route of the console, once a node with one runs."""
    found: list[Route] = []
    usual = Door.admit

    def admit(door: Door, route: Route) -> Act:
        found.append(route)
        return usual(door, route)

    monkeypatch.setattr(Door, "admit", admit)
    return found


@pytest.fixture
async def site(tmp_path: Path, routes: list[Route]) -> AsyncIterator[Site]:
    """Two departments that corresponded, and people of every role; ``clerk`` is the health department's."""
    async with open_desk(tmp_path / "node") as site:
        # The console is put together for its first visitor.
        async with site.visitor("clerk") as first:
            await first.get("/")
        assert routes
        yield site


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of tests/town.py; ``clerk`` is the commune's."""
    async with open_town(tmp_path, drafts={"file_limit": "64 KiB", "files_limit": "1 MiB"}) as town:
        yield town


def address_of(route: Route) -> str:
    """Write an address of a route: each part of its pattern as something that fits and is nowhere."""
    return re.sub(r"\{\w+(?::((?:[^{}]|\{[^}]*\})+))?\}", _fitting, route.path)


def _fitting(part: re.Match[str]) -> str:
    pattern = part[1] or "[^/]+"
    return next(word for word in (*pattern.split("|"), "1", "x", "0" * 64) if re.fullmatch(pattern, word))


async def try_out(browser: Browser, route: Route, *, token: str | None, elsewhere: bool = False) -> Page:
    """Call a route as a browser would, a form with a token or without."""
    if route.method in SAFE_METHODS:
        return await browser.get(address_of(route))
    headers = ELSEWHERE if elsewhere else {"Sec-Fetch-Site": "same-origin"}
    fields = {} if token is None else {"csrf": token}
    form: dict[str, str] | aiohttp.MultipartWriter = fields
    if route.streams:
        form = aiohttp.MultipartWriter("form-data")
        for name, value in (fields or {"other": "x"}).items():
            form.append(value).set_content_disposition("form-data", name=name)
    return await browser.send(route.method, address_of(route), headers=headers, form=form)


# -- Every route --------------------------------------------------------------------------------------


async def test_every_act_asks_for_a_permission_to_act(site: Site, routes: list[Route]) -> None:
    """What changes something for others is not to be had for a session or for reading alone."""
    acts = {route.path: route.may for route in routes if route.method not in SAFE_METHODS}
    assert {path for path, may in acts.items() if may in (None, Permission.READ)} <= OWN
    assert acts["/drafts"] is Permission.CORRESPOND


async def test_nothing_changes_by_reading_a_page_of_another_method(site: Site, routes: list[Route]) -> None:
    """There are pages, which are asked for, and acts, which are posted; nothing else."""
    assert {route.method for route in routes} == {"GET", "POST"}


@pytest.mark.parametrize("role", list(UserRole))
async def test_every_route_is_for_those_who_may_and_for_nobody_else(
    site: Site, routes: list[Route], role: UserRole
) -> None:
    """Asked with a good session and token, a page that is not the role's is forbidden; what is, is no bug."""
    async with site.visitor(role.value) as browser:
        token = await browser.token("/account")
        for route in routes:
            if route.public or (route.method not in SAFE_METHODS and route.may in (None, *MAY[role])):
                continue
            if route.path == "/live":
                continue
            page = await try_out(browser, route, token=token)
            may = route.may is None or route.may in MAY[role]
            assert (page.status == 403) is not may, (route.method, route.path, page.status)
            assert page.status < 500, (route.path, page.status)


@pytest.mark.parametrize("role", list(UserRole))
async def test_no_act_is_done_for_a_form_that_is_not_the_sessions_own(
    site: Site, routes: list[Route], role: UserRole
) -> None:
    """Neither from another site with the right token, nor from here without it or with another's."""
    async with site.visitor(role.value) as browser, site.visitor(role.value) as other:
        token, another = await browser.token("/account"), await other.token("/account")
        before = site.node.rows("SELECT count(*) AS n FROM log")[0]["n"]
        for route in routes:
            if route.method in SAFE_METHODS:
                continue
            page = await try_out(browser, route, token=token, elsewhere=True)
            assert page.status == 403, (route.path, page.status)
            for wrong in (None, "", another) if not route.public else ():
                page = await try_out(browser, route, token=wrong)
                # What is streamed is not read for a draft that is not there.
                assert page.status == 403 or (route.streams and page.status == 404), (route.path, wrong)
        assert site.node.rows("SELECT count(*) AS n FROM log")[0]["n"] == before
        assert (await browser.get("/account")).status == 200


async def test_a_stranger_gets_nothing_but_the_way_in(site: Site, routes: list[Route]) -> None:
    """Every page leads to signing in, every act is refused."""
    async with site.visitor(None) as stranger:
        for route in routes:
            if route.public:
                continue
            page = await try_out(stranger, route, token="x")
            if route.method in SAFE_METHODS:
                assert (page.status, page.headers.get("Location", "")[:16]) == (303, "/console/sign-in"), (
                    route
                )
            else:
                assert page.status == 401, (route.path, page.status)


# -- Forms and addresses no page of ours writes -------------------------------------------------------


NO_UPLOADS = (
    ("application/x-www-form-urlencoded", "csrf={token}"),
    ("text/plain", "csrf={token}"),
    ("multipart/mixed; boundary=a", "{first}--a\r\n\r\nx\r\n--a--"),
    ("multipart/form-data", "x"),
    ("multipart/form-data; boundary=", "x"),
    ("multipart/form-data; boundary=a", "x"),
    ("multipart/form-data; boundary=a", "{first}--a\r\nno header\r\n"),
    ("multipart/form-data; boundary=a", "{first}--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b"),
)


@pytest.mark.parametrize("path", ["/agencies/import", "/drafts/{draft}"])
async def test_an_upload_that_is_none_is_refused_and_no_bug(town: Town, path: str) -> None:
    """A form for files that comes as something else, or is cut off, is said to be unreadable."""
    async with town.site.visitor("clerk" if "draft" in path else "operator") as visitor:
        if "draft" in path:
            path = (
                (await visitor.post("/drafts", agency=COMMUNE)).headers["Location"].removeprefix("/console")
            )
        token = await visitor.token()
        first = f'--a\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n'
        for kind, body in NO_UPLOADS:
            headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"}
            sent = body.format(token=token, first=first).encode()
            async with visitor.client.post(town.site.url(path), data=sent, headers=headers) as answer:
                assert answer.status == 422, (kind, body)


async def test_days_and_places_beyond_all_others_are_answered(site: Site) -> None:
    """An address somebody wrote himself names the last day there is, or a place no list has."""
    async with site.visitor("clerk") as clerk:
        for query in (
            "order=number&after=99999999999999999999999999.1",
            "q=b%C3%A1o&after=99999999999999999999999999.1",
            "on=accepted&to=9999-12-31",
            "on=accepted&from=9999-12-31",
            "on=accepted&from=0001-01-01&to=0001-01-01",
        ):
            assert (await clerk.get(f"/documents?{query}")).status == 200, query
        everything = await clerk.get("/documents?on=accepted&from=0001-01-01&to=9999-12-31")
        assert "412/SYT-VP" in everything.text


@pytest.mark.both_engines
async def test_a_question_with_a_zero_byte_is_nowhere(site: Site) -> None:
    """PostgreSQL cannot be asked for it; nobody's mistake of ours comes of it."""
    async with site.visitor("clerk") as clerk:
        for path in ("/documents?after=a%00b", "/register?year=%00"):
            assert (await clerk.get(path)).status == 404, path


async def test_a_form_that_trickles_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins forms and does not go on keeps no connection for long, signed in or not."""
    monkeypatch.setattr(posted, "_PATIENCE_SECONDS", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"login=clerk&pass"
        await asyncio.Event().wait()

    async with site.visitor(None) as stranger, asyncio.timeout(10):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        async with stranger.client.post(site.url("/sign-in"), data=trickle(), headers=headers) as answer:
            assert answer.status == 408


async def test_a_name_holds_nothing_that_nobody_sees(site: Site) -> None:
    """A turn of direction would let a name pose as another; a control character fits into no package."""
    async with site.visitor("operator") as operator:
        named = "Sở\u00a0Giả\u202e \u200bmạo\x07 <b>"
        added = await operator.post("/agencies/add", code="000.00.98.H57", name=named)
        assert added.status == 303, added.text
    (row,) = site.node.rows("SELECT name FROM agencies WHERE code = '000.00.98.H57'")
    assert row["name"] == "Sở Giả mạo <b>"


async def test_nobody_takes_every_place_among_those_who_look_by_signing_in_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The places for live pages are counted by person, not by session; others still find one."""
    monkeypatch.setattr(live, "_STREAMS_OF_ONE", 2)
    headers = {"Accept": "text/event-stream"}
    async with contextlib.AsyncExitStack() as open_pages:
        statuses = []
        for _ in range(3):
            again = await open_pages.enter_async_context(site.visitor("clerk"))
            stream = await open_pages.enter_async_context(
                again.client.get(site.url("/live"), headers=headers)
            )
            statuses.append(stream.status)
        assert statuses == [200, 200, 503]
        auditor = await open_pages.enter_async_context(site.visitor("auditor"))
        stream = await open_pages.enter_async_context(auditor.client.get(site.url("/live"), headers=headers))
        assert stream.status == 200


async def test_looking_for_an_agency_holds_nobody_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of a country's agencies are gone through beside the loop, however many filters there are."""
    loop_thread, used = threading.get_ident(), []
    usual = document_query.agencies_called

    def called(typed: str, directory: Snapshot) -> list[Agency]:
        used.append(threading.get_ident())
        return usual(typed, directory)

    monkeypatch.setattr(document_query, "agencies_called", called)
    async with site.visitor("clerk") as clerk:
        filters = "agency=tai+chinh&act=1&urgency=4&grade=absent&way=in"
        assert (await clerk.get(f"/documents?{filters}")).status == 200
        taken = await clerk.post("/documents/export", agency="tai chinh", form="csv")
        assert taken.status == 200
    assert used
    assert loop_thread not in used


# -- Reaching into other agencies ---------------------------------------------------------------------


@pytest.mark.parametrize("role", [UserRole.OPERATOR, UserRole.ADMINISTRATOR])
async def test_who_is_for_some_agencies_gets_no_hand_on_the_systems_of_others(
    tmp_path: Path, routes: list[Route], role: UserRole
) -> None:
    """A new secret for a neighbour's system would open its mailbox: who has the whole node runs it."""
    limited = person(role, "limited", agencies=frozenset({HEALTH}))
    async with open_site(tmp_path / "node", limited) as site, site.visitor("limited") as browser:
        token = await browser.token("/account")
        rotated = await browser.post("/systems/of/STC/rotate", csrf=token)
        assert rotated.status == 403
        for route in routes:
            if route.may is Permission.RUN:
                assert (await try_out(browser, route, token=token)).status == 403, route.path
        assert "/console/systems" not in (await browser.get("/account")).text
        assert (await site.node.dms("STC").received()).ok


async def test_a_later_version_is_not_told_to_who_got_an_earlier_one(site: Site) -> None:
    """The list and what is taken away from it have the title of the version that came to the asker."""
    secret = document(
        REPORT, [PROVINCE], subject="Danh sách người bị kỷ luật", business=2, target=REPORT.document_id
    )
    assert (await site.node.dms("SYT").send(secret, sender=HEALTH)).ok
    for login, knows in (("clerk", True), ("viewer", True), ("finance", False)):
        async with site.visitor(login) as browser:
            page = await browser.get("/documents?q=412")
            taken = await browser.post("/documents/export", q="412", form="csv")
            one = await browser.get(f"/documents/{thread_of(site, REPORT)}")
            assert (page.status, taken.status, one.status) == (200, 200, 200)
            for text in (page.text, taken.text, one.text):
                assert ("bị kỷ luật" in re.sub(r"</?mark>", "", text)) is knows, (login, text)
            if not knows:
                assert "tiêm chủng mở rộng" in page.text
