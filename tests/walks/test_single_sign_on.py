"""Single sign-on by a certified provider (npm oidc-provider) on loopback, as a browser walks it."""

import asyncio
import html
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import structlog
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.model.log import LogKind
from gateway.model.people import UserRole
from tests.console import Site, open_site, person
from tests.walks.world import PROVINCE, Node, prepare_node

PROVIDER = Path(__file__).parent.parent / "provider"
SECRET = "bi mat+cua/tinh&100%:x"

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (PROVIDER / "node_modules" / "oidc-provider").is_dir(),
    reason="needs Node.js, and `npm install` in tests/provider",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def provider(port: int, redirect: str, algorithm: str, method: str) -> AsyncIterator[None]:
    """The provider as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *("node", "serve.mjs", str(port), redirect, algorithm, method),
        cwd=PROVIDER,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@dataclass
class Walk:
    """A node that knows the provider, and a browser's way between them."""

    site: Site
    issuer: str
    client: aiohttp.ClientSession

    async def get(self, address: str) -> tuple[int, str, CIMultiDictProxy[str]]:
        async with self.client.get(URL(address, encoded=True), allow_redirects=False) as answer:
            return answer.status, await answer.text(), answer.headers

    async def depart(self, onward: str = "") -> str:
        """Press the button; return where it leads."""
        status, _, headers = await self.get(self.site.url(f"/sign-in/provider{onward}"))
        assert status == 303
        return headers["Location"]

    async def answer_as(self, login: str, address: str) -> str:
        """Sign in at the provider and agree; return where it sends the browser back to."""
        home = urlsplit(self.issuer).netloc
        form: dict[str, str] | None = None
        for _ in range(12):
            method = "GET" if form is None else "POST"
            async with self.client.request(
                method, URL(address, encoded=True), data=form, allow_redirects=False
            ) as answer:
                page, status = await answer.text(), answer.status
                if status in (302, 303):
                    address = str(URL(address).join(URL(answer.headers["Location"], encoded=True)))
                    form = None
                    if urlsplit(address).netloc != home:
                        return address
                    continue
            assert status == 200, page
            found = re.search(r'<form[^>]* action="([^"]+)"', page)
            assert found, page
            address = str(URL(address).join(URL(html.unescape(found[1]))))
            prompt = re.search(r'name="prompt" value="(\w+)"', page)
            form = {"prompt": prompt[1] if prompt else "", "login": login, "password": "any"}
        raise AssertionError("the provider goes round in circles")

    async def name_shown(self) -> str:
        """Who the console says is there; empty for nobody."""
        status, page, _ = await self.get(self.site.url("/"))
        found = re.search(r'<div class="name"><strong>([^<]*)', page)
        return found[1] if status == 200 and found else ""


@asynccontextmanager
async def a_walk(
    folder: Path, *, algorithm: str = "RS256", method: str = "client_secret_basic", claim: str = ""
) -> AsyncIterator[Walk]:
    port, own_port = free_port(), free_port()
    issuer = f"http://127.0.0.1:{port}"
    settings: dict[str, object] = {"issuer": issuer, "client_id": "lienthong", "label": "SSO tỉnh"}
    if claim:
        settings["login_claim"] = claim
    if method != "none":
        settings["client_secret_file"] = "sso.secret"
    node = prepare_node(folder / "node", code=PROVINCE, http={"port": own_port}, oidc=settings)
    (node.directory / "sso.secret").write_text(SECRET + "\n", "utf-8")
    redirect = f"http://127.0.0.1:{own_port}/console/sign-in/provider/return"
    lan = person(UserRole.VIEWER, "lan", name="Trần Lan")
    mailed = person(UserRole.VIEWER, "hoa@so.example", name="Hoa")
    doubtful = person(UserRole.VIEWER, "lan@so.example", name="Lan thư")
    async with (
        provider(port, redirect, algorithm, method),
        open_site(folder, lan, mailed, doubtful, node=node) as site,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
    ):
        yield Walk(site=site, issuer=issuer, client=client)


def acts(node: Node) -> list[str]:
    return [str(entry["act"]) for entry in node.log(LogKind.ADMINISTERED)]


def failures(node: Node) -> list[tuple[str, str]]:
    return [(str(entry["operation"]), str(entry["code"])) for entry in node.log(LogKind.DISTRUSTED)]


@pytest.mark.parametrize(
    ("algorithm", "method"),
    [("RS256", "client_secret_basic"), ("ES256", "client_secret_post"), ("PS256", "none")],
)
async def test_who_signs_in_at_the_provider_is_signed_in_here(
    tmp_path: Path, algorithm: str, method: str
) -> None:
    """And goes on to where he wanted; each algorithm on our list, each way to prove that the client is us."""
    async with a_walk(tmp_path, algorithm=algorithm, method=method) as walk:
        _, page, _ = await walk.get(walk.site.url("/sign-in"))
        assert "SSO tỉnh" in page
        back = await walk.answer_as("lan", await walk.depart("?next=/console/nowhere"))
        status, page, headers = await walk.get(back)
        assert (status, headers.get("Location")) == (303, "/console/nowhere"), page
        cookie = next(
            value for value in headers.getall("Set-Cookie") if value.startswith("lienthong_session")
        )
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert await walk.name_shown() == "Trần Lan"
        assert acts(walk.site.node)[-1] == "provider-bound"


async def test_an_answer_is_good_for_one_browser_and_one_time(tmp_path: Path) -> None:
    """Replayed, in another browser, or with another state it opens nothing, and the log says why."""
    async with a_walk(tmp_path) as walk:
        back = await walk.answer_as("lan", await walk.depart())
        async with aiohttp.ClientSession() as other, other.get(URL(back, encoded=True)) as answer:
            assert answer.status == 422
        changed = re.sub("state=[^&]*", "state=x", back)
        assert (await walk.get(changed))[0] == 422
        assert (await walk.get(back))[0] == 422  # the keepsake went with the failed try
        fresh = await walk.answer_as("lan", await walk.depart())
        code = parse_qs(urlsplit(back).query)["code"][0]
        assert (await walk.get(re.sub("code=[^&]*", f"code={code}", fresh)))[0] == 422
        elsewhere = await walk.answer_as("lan", await walk.depart())
        mixed = re.sub("iss=[^&]*", "iss=https%3A%2F%2Felsewhere.example", elsewhere)
        assert (await walk.get(mixed))[0] == 422
        assert await walk.name_shown() == ""
        assert failures(walk.site.node) == [
            (f"single-sign-on {what}", "id-token-refused")
            for what in ("keepsake", "state", "keepsake", "code", "iss")
        ]


async def test_whom_we_do_not_know_the_provider_does_not_let_in(tmp_path: Path) -> None:
    """No account is made; he is told so, and the administrator who it was."""
    async with a_walk(tmp_path) as walk:
        status, page, _ = await walk.get(await walk.answer_as("ai", await walk.depart()))
        assert status == 422
        assert "Đã nhận ra bạn “ai”, nhưng ở đây bạn không có tài khoản" in page
        told = walk.site.node.log(LogKind.DISTRUSTED)[-1]
        assert (told["claimed"], told["operation"], told["code"]) == (
            "ai",
            "single-sign-on login",
            "unknown-user",
        )
        assert await walk.name_shown() == ""


async def test_a_subject_is_held_to(tmp_path: Path) -> None:
    """The first "lan" is Lan; another person called lan later is not."""
    async with a_walk(tmp_path) as walk:
        assert (await walk.get(await walk.answer_as("lan", await walk.depart())))[0] == 303
        walk.client.cookie_jar.clear()
        assert (await walk.get(await walk.answer_as("lan/2", await walk.depart())))[0] == 422
        walk.client.cookie_jar.clear()
        assert (await walk.get(await walk.answer_as("lan", await walk.depart())))[0] == 303


async def test_an_address_counts_when_the_provider_has_confirmed_it(tmp_path: Path) -> None:
    """With the login in "email", one that anybody could have entered is nobody's."""
    async with a_walk(tmp_path, claim="email") as walk:
        assert (await walk.get(await walk.answer_as("lan", await walk.depart())))[0] == 422
        walk.client.cookie_jar.clear()
        assert (await walk.get(await walk.answer_as("hoa", await walk.depart())))[0] == 303
        assert await walk.name_shown() == "Hoa"


async def test_while_the_provider_is_away_the_password_still_works(tmp_path: Path) -> None:
    """The button says so; nothing hangs."""
    settings: dict[str, object] = {"issuer": f"http://127.0.0.1:{free_port()}", "client_id": "x"}
    node = prepare_node(tmp_path / "node", code=PROVINCE, oidc=settings)
    async with open_site(tmp_path, node=node) as site, site.visitor(None) as stranger:
        with structlog.testing.capture_logs() as lines:
            page = await stranger.get("/sign-in/provider")
        assert page.status == 503
        assert "ClientConnectorError" in next(
            x["why"] for x in lines if x["event"] == "identity provider away"
        )
        assert "Chưa liên lạc được với hệ thống đăng nhập một lần" in page.text
        async with site.visitor("viewer") as visitor:
            assert (await visitor.get("/")).status == 200
