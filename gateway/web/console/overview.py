"""The first page: what came, what went, what waits, and whether the node is well."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Shell


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The overview."""

    shell: Shell

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.OVERVIEW, place=0, vi="Tổng quan", en="Overview", icon="home")
        yield Route(method="GET", path="/", act=self.show, may=None, nav=nav)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show it."""
        return await self.shell.render(request, "overview/page.html")
