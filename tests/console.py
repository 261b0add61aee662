"""A node with its console, people of every role on it, and what their browsers would send."""

import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from gateway.config import load_config
from gateway.model.people import User, UserId, UserRole
from gateway.office import now, open_office
from gateway.store.people import insert_user, set_password
from gateway.trust.passwords import SALT_BYTES, hash_password
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

PASSWORD = "mật khẩu thử nghiệm"
NAMES = {
    UserRole.CLERK: "Nguyễn Thị Văn Thư",
    UserRole.OPERATOR: "Trần Văn Vận Hành",
    UserRole.ADMINISTRATOR: "Lê Thị Quản Trị",
    UserRole.AUDITOR: "Phạm Văn Kiểm Toán",
    UserRole.VIEWER: "Hoàng Thị Xem",
}


@cache
def kept_password() -> str:
    """The hash of everybody's password, made once: it takes its time."""
    return hash_password(PASSWORD, salt=bytes(SALT_BYTES))


async def add_people(node: Node, *users: User) -> None:
    """Write accounts that may sign in with `PASSWORD`."""
    async with open_office(load_config(node.directory / "config.toml")) as office:

        def act(tables: sqlite3.Connection) -> None:
            for user in users:
                assert insert_user(tables, user, at=now())
                set_password(tables, user.id, kept_password())

        await office.database.write(act)


def person(role: UserRole, login: str = "", **more: Any) -> User:
    """Somebody of a role, called like it, for every agency of the node; more are a User's members."""
    login = login or role.value
    return User(
        **{"id": UserId(login), "login": login, "name": NAMES[role], "role": role, "agencies": None} | more
    )


@dataclass(kw_only=True)
class Site:
    """A running node with people."""

    node: Node

    def url(self, path: str) -> str:
        return f"{self.node.url}/console{path}"

    @contextlib.asynccontextmanager
    async def visitor(self, login: str | None) -> AsyncIterator["Browser"]:
        """A browser without eyes, signed in; None is a stranger's."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as client:
            browser = Browser(site=self, client=client)
            if login is not None:
                page = await browser.post("/sign-in", login=login, password=PASSWORD)
                assert page.status == 303, page.text
            yield browser


@dataclass(frozen=True, kw_only=True)
class Page:
    """What came back."""

    status: int
    text: str
    headers: CIMultiDictProxy[str]
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
        token = {} if "csrf" in fields else {"csrf": await self.token()}
        return await self.send("POST", path, headers=said, form=token | fields)

    async def upload(self, path: str, parts: dict[str, bytes]) -> Page:
        """Send a form with files, its parts in this order."""
        form = aiohttp.MultipartWriter("form-data")
        for name, content in parts.items():
            form.append(content).set_content_disposition("form-data", name=name)
        return await self.send("POST", path, headers={"Sec-Fetch-Site": "same-origin"}, form=form)

    async def token(self, path: str = "/") -> str:
        """The token in the page a visitor has open; empty for strangers."""
        found = re.search(r'name="csrf" value="([^"]*)"', (await self.get(path)).text)
        return found[1] if found else ""

    @property
    def address(self) -> URL:
        """Where the site is."""
        return URL(self.site.node.url)

    def secret(self) -> str:
        """What lies in the session's cookie."""
        return self.client.cookie_jar.filter_cookies(self.address)["lienthong_session"].value

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        form: dict[str, str] | aiohttp.MultipartWriter | None = None,
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
async def open_site(folder: Path, *more: User, node: Node | None = None) -> AsyncIterator[Site]:
    """Run a node whose people are one of each role, called like it, and whoever is named besides.

    The clerk sees the health department only, all others every agency. A node that is given is
    not started yet.
    """
    node = node or prepare_node(folder, code=PROVINCE)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    usual = [person(role) for role in UserRole if role is not UserRole.CLERK]
    await add_people(node, person(UserRole.CLERK, agencies=frozenset({HEALTH})), *usual, *more)
    await node.start()
    try:
        yield Site(node=node)
    finally:
        await node.stop()
