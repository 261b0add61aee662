"""Alerts: what is wrong now, what was, and who is told."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.model.people import Permission
from gateway.store.alerts import list_open_alerts, list_past_alerts
from gateway.store.database import Database
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor

_PAST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsPages:
    """The page about alerts.

    Shape: told are the ways operators are reached, such as mail addresses; try_out tells a trial alert over
    all of them and raises Delay when one could not be used.
    """

    shell: Shell
    database: Database
    told: Sequence[str]
    try_out: Callable[[], Awaitable[None]]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        may = Permission.RUN
        nav = Nav(area=Area.NODE, place=5, vi="Cảnh báo", en="Alerts", icon="bell", count=self._count)
        yield Route(method="GET", path="/alerts", act=self.show, may=may, nav=nav)
        yield Route(method="POST", path="/alerts/try", act=self.try_now, may=may)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what is wrong, and what was."""
        return await self.shell.render(
            request,
            "alerts/page.html",
            open_alerts=await list_open_alerts(self.database),
            past_alerts=await list_past_alerts(self.database, limit=_PAST_SHOWN),
            told=self.told,
        )

    async def try_now(self, request: web.Request) -> web.StreamResponse:
        """Tell a trial alert."""
        await self.try_out()
        message = Message(vi="Đã gửi cảnh báo thử.", en="A trial alert was sent.", tone="good")
        return self.shell.redirect(request, "/alerts", message)

    async def _count(self, _: Visitor) -> int:
        return len(await list_open_alerts(self.database))
