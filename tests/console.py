"""A node with its console, people of every role on it, and what their browsers would send."""

import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from gateway.errors import Refusal
from gateway.model.identifiers import AgencyCode
from gateway.model.people import SessionId, User, UserId, UserRole
from gateway.web.console.door import Accounts, Session, SignedIn
from gateway.wiring import console as wiring
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

PASSWORD = "mật khẩu thử nghiệm"
NAMES = {
    UserRole.CLERK: "Nguyễn Thị Văn Thư",
    UserRole.OPERATOR: "Trần Văn Vận Hành",
    UserRole.ADMINISTRATOR: "Lê Thị Quản Trị",
    UserRole.AUDITOR: "Phạm Văn Kiểm Toán",
    UserRole.VIEWER: "Hoàng Thị Xem",
}


@dataclass
class People:
    """Accounts in memory; every password is the same."""

    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    seen_at: dict[str, datetime] = field(default_factory=dict)

    def add(self, login: str, role: UserRole, *, agencies: frozenset[AgencyCode] | None = None) -> None:
        self.users[login] = User(
            id=UserId(login), login=login, name=NAMES[role], role=role, agencies=agencies
        )

    async def sign_in(self, login: str, password: str, code: str, *, address: str, at: datetime) -> SignedIn:
        if login not in self.users or password != PASSWORD:
            raise Refusal.because(
                "sign-in-wrong", vi="Tên hoặc mật khẩu không đúng.", en="The name or password is wrong."
            )
        session = Session(
            id=SessionId(secrets.token_hex(8)), user=self.users[login], csrf=secrets.token_urlsafe(16)
        )
        secret = secrets.token_urlsafe(24)
        self.sessions[secret], self.seen_at[secret] = session, at
        return SignedIn(session=session, secret=secret)

    async def find(self, secret: str, *, at: datetime, quietly: bool) -> Session | None:
        if secret in self.sessions and not quietly:
            self.seen_at[secret] = at
        return self.sessions.get(secret)

    async def sign_out(self, session_id: SessionId, *, at: datetime) -> None:
        self.sessions = {s: found for s, found in self.sessions.items() if found.id != session_id}

    def accounts(self) -> Accounts:
        return Accounts(sign_in=self.sign_in, find=self.find, sign_out=self.sign_out)


@dataclass(kw_only=True)
class Site:
    """A running node with people."""

    node: Node
    people: People

    def url(self, path: str) -> str:
        return f"{self.node.url}/console{path}"

    @contextlib.asynccontextmanager
    async def visitor(self, login: str | None) -> AsyncIterator["Browser"]:
        """A browser without eyes, signed in; None is a stranger's."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            browser = Browser(site=self, client=client)
            if login is not None:
                page = await browser.post("/sign-in", login=login, password=PASSWORD, code="")
                assert page.status == 303, page.text
            yield browser


@dataclass(frozen=True, kw_only=True)
class Page:
    """What came back."""

    status: int
    text: str
    headers: "aiohttp.typedefs.LooseHeaders"
    cookies: dict[str, str]


@dataclass(kw_only=True)
class Browser:
    """Sends what a browser sends: cookies, origin, the token of the page before."""

    site: Site
    client: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> Page:
        return await self.send("GET", path, headers=headers)

    async def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: str) -> Page:
        """Send a form as one of our pages does: from our origin, with the token that page had."""
        said = {"Origin": self.site.node.url, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return await self.send("POST", path, headers=said, form={"csrf": await self.token()} | fields)

    async def token(self) -> str:
        """The token in the page a visitor has open; empty for strangers."""
        found = re.search(r'name="csrf" value="([^"]*)"', (await self.get("/")).text)
        return found[1] if found else ""

    async def send(
        self, method: str, path: str, *, headers: dict[str, str], form: dict[str, str] | None = None
    ) -> Page:
        address = path if path.startswith("http") else self.site.url(path)
        async with self.client.request(
            method, URL(address, encoded=True), headers=headers, data=form, allow_redirects=False
        ) as answer:
            cookies = {name: morsel.OutputString() for name, morsel in answer.cookies.items()}
            return Page(
                status=answer.status, text=await answer.text(), headers=answer.headers, cookies=cookies
            )


@contextlib.asynccontextmanager
async def open_site(
    folder: Path,
    *,
    prepare: Callable[[Path], Node] = lambda folder: prepare_node(folder, code=PROVINCE),
    **logins: UserRole,
) -> AsyncIterator[Site]:
    """Run a node whose people are one of each role, called like it, and whoever is named besides.

    The clerk sees the health department only, all others every agency.
    """
    people = People()
    for role in UserRole:
        people.add(role.value, role, agencies=frozenset({HEALTH}) if role is UserRole.CLERK else None)
    for login, role in logins.items():
        people.add(login, role)
    node = prepare(folder)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "accounts_of", lambda office: people.accounts())
        await node.start()
        try:
            yield Site(node=node, people=people)
        finally:
            await node.stop()
