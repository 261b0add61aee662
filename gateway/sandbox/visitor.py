"""A visitor of a node's console: what a browser sends, without a browser."""

import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from html import unescape

import aiohttp

from gateway.errors import Delay

_TOKEN = re.compile(r'name="csrf" value="([^"]*)"')
_PATIENCE = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may sign in to a node. who says what he is, in Vietnamese and English."""

    login: str
    password: str
    who: tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody signed in to the console at a node's address. page is what he sees."""

    url: str
    client: aiohttp.ClientSession
    page: str = ""

    async def open(self, path: str, **query: str) -> str:
        """Open a page and return it.

        Errors: Delay ``page-wrong`` when it does not come.
        """
        async with self.client.get(f"{self.url}/console{path}", params=query) as answer:
            return await self._take(answer)

    async def press(self, path: str, **fields: str) -> str:
        """Send a form as the page that is open would; return where it leads.

        Errors: Delay ``page-wrong`` when that is not a page.
        """
        return await self._post(path, aiohttp.FormData({"csrf": self._token(), **fields}))

    async def send_form(self, path: str, fields: Mapping[str, str], files: Mapping[str, bytes]) -> str:
        """Send a form with files; the same otherwise."""
        form = aiohttp.FormData(
            {"csrf": self._token(), **fields}, default_to_multipart=True, quote_fields=False
        )
        for name, content in files.items():
            form.add_field("files", content, filename=name, content_type="application/pdf")
        return await self._post(path, form)

    def links(self, below: str) -> list[str]:
        """List what the open page leads to below an address, each once: ``/mailbox/`` → its documents."""
        found = re.findall(rf'href="/console({re.escape(below)}[^"?#/]+)"', self.page)
        return list(dict.fromkeys(map(unescape, found)))

    async def _post(self, path: str, form: aiohttp.FormData) -> str:
        said = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        async with self.client.post(f"{self.url}/console{path}", data=form, headers=said) as answer:
            await self._take(answer)
            return answer.url.path.removeprefix("/console")

    async def _take(self, answer: aiohttp.ClientResponse) -> str:
        self.page = await answer.text()
        if answer.status != 200:
            raise Delay.because(
                "page-wrong",
                where=answer.url.path,
                vi=f"trang quản trị trả lời HTTP {answer.status}",
                en=f"the console answers HTTP {answer.status}",
            )
        return self.page

    def _token(self) -> str:
        found = _TOKEN.search(self.page)
        return unescape(found[1]) if found else ""


@contextlib.asynccontextmanager
async def signed_in(url: str, account: Account) -> AsyncIterator[Visitor]:
    """Sign somebody in at a node's address.

    Errors: Delay ``page-wrong`` when he is not let in.
    """
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=_PATIENCE) as client:
        visitor = Visitor(url=url, client=client)
        await visitor.open("/sign-in")
        await visitor.press("/sign-in", login=account.login, password=account.password)
        yield visitor
