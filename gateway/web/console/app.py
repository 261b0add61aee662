"""The console as an application of its own, mounted under ``/console`` by web/app.py."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.exchange.people import People
from gateway.exchange.single_sign_on import SingleSignOn
from gateway.store.database import Database
from gateway.web.console.by_provider import ByProvider
from gateway.web.console.door import Door
from gateway.web.console.live import Live
from gateway.web.console.route import PREFIX, PageGroup
from gateway.web.console.shell import MENU, Shell, menu_of
from gateway.web.console.signing_in import SigningIn
from gateway.web.observed import OPERATION
from gateway.web.origin import Origin

_FORM_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """What the pages stand on, and the groups of pages."""

    shell: Shell
    people: People
    origin: Origin
    database: Database
    axis_is_away: Callable[[], bool]
    groups: Sequence[PageGroup]
    clock: Callable[[], datetime]
    sso: SingleSignOn | None = None

    def application(self) -> web.Application:
        """Build the application."""
        door = Door(shell=self.shell, people=self.people, origin=self.origin, clock=self.clock)
        live = Live(database=self.database, door=door, is_away=self.axis_is_away)
        app = web.Application(middlewares=[_name, door.middleware()], client_max_size=_FORM_LIMIT_BYTES)
        signing_in = SigningIn(shell=self.shell, door=door, provider=self.sso.label if self.sso else "")
        groups: list[PageGroup] = [signing_in, live, *self.groups]
        if self.sso is not None:
            groups.append(ByProvider(sso=self.sso, signing_in=signing_in))
        routes = [route for group in groups for route in group.routes()]
        app[MENU] = menu_of(routes)
        app.router.add_get("/static/{version}/{name:.+}", self.shell.assets.answer)
        app.router.add_get("", _go_in)
        for route in routes:
            app.router.add_route(route.method, route.path, door.admit(route))
        app.on_shutdown.append(live.stop)
        app.on_response_prepare.append(door.dress_before_it_leaves)
        return app


@web.middleware
async def _name(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if not request.path.startswith((f"{PREFIX}/static/", f"{PREFIX}/live")):
        request[OPERATION] = "console"  # a line in the operating log for each page, none for what it loads
    return await handler(request)


async def _go_in(request: web.Request) -> web.Response:
    return web.Response(status=308, headers={"Location": f"{PREFIX}/"})
