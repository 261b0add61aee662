"""The API of programs as an application of its own, mounted under ``/api/v1`` by web/app.py.

Each request passes, in this order: the address is known; the token is believed; it may write, where that is
asked for. Whatever goes wrong becomes a problem that says so.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Middleware

from gateway.errors import Delay, LienthongError, Refusal
from gateway.log_lines import cause_of, log
from gateway.web.api.answers import answer_bug, answer_problem
from gateway.web.api.door import TOKEN, Door
from gateway.web.api.events import Events
from gateway.web.api.reading import Reading
from gateway.web.api.writing import ACTS, Writing
from gateway.web.observed import OPERATION, OUTCOME

PREFIX = "/api/v1"
DESCRIPTION = "openapi.json"

Act = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ACT = "|".join(act.value for act in ACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address. Shape: name is the operation in metrics and logs; writes asks for a token that may."""

    method: str
    path: str
    name: str
    act: Act
    writes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What programs call."""

    door: Door
    reading: Reading
    writing: Writing
    events: Events

    def routes(self) -> list[Route]:
        """Name every address and what answers there."""
        reading, writing = self.reading, self.writing
        return [
            Route(method="GET", path="/figures", name="api-figures", act=reading.figures),
            Route(method="GET", path="/figures/daily", name="api-daily", act=reading.daily),
            Route(method="GET", path="/obligations", name="api-obligations", act=reading.obligations),
            Route(method="GET", path="/obligations/{id}", name="api-obligation", act=reading.obligation),
            Route(method="GET", path="/report.{form:pdf|xlsx}", name="api-report", act=reading.report),
            Route(method="GET", path="/events", name="api-events", act=self.events.stream),
            Route(method="POST", path="/obligations", name="api-give", act=writing.give, writes=True),
            Route(
                method="POST",
                path=f"/obligations/{{id}}/{{act:{_ACT}}}",
                name="api-move",
                act=writing.move,
                writes=True,
            ),
        ]

    def application(self) -> web.Application:
        """Build the application."""
        app = web.Application(middlewares=[self._middleware()])
        app.router.add_get(f"/{DESCRIPTION}", _describe)
        for route in self.routes():
            app.router.add_route(route.method, route.path, self._admit(route))
        app.on_shutdown.append(self.events.stop)
        return app

    def _admit(self, route: Route) -> Act:
        async def admitted(request: web.Request) -> web.StreamResponse:
            request[OPERATION] = route.name
            await self.door.admit(request, writes=route.writes)
            return await route.act(request)

        return admitted

    def _middleware(self) -> Middleware:
        @web.middleware
        async def answering(request: web.Request, handler: Act) -> web.StreamResponse:
            try:
                if (
                    "%00" in request.rel_url.raw_path
                ):  # nothing is called so, and PostgreSQL cannot be asked for it
                    raise web.HTTPNotFound
                return await handler(request)
            except LienthongError as error:
                request[OUTCOME] = error.code
                await self._note(request, error)
                return answer_problem(error)
            except web.HTTPException as error:
                return _answer_unrouted(error)
            except ConnectionError:
                raise
            except Exception:
                log.exception("bug", path=request.path)
                request[OUTCOME] = "bug"
                return answer_bug()

        return answering

    async def _note(self, request: web.Request, error: LienthongError) -> None:
        """Record who asked for what is not his; tell tonight's operator what was put off."""
        token = request.get(TOKEN)
        if isinstance(error, Refusal) and error.code == "not-permitted" and token is not None:
            await self.door.distrust(request, error, claimed=token.name)
        elif isinstance(error, Delay):
            operation = request.get(OPERATION)
            log.warning("delayed", operation=operation, reason=error.code, cause=cause_of(error))


async def _describe(request: web.Request) -> web.Response:
    """Give the description that programs are made from."""
    body = files("gateway.web.api").joinpath(DESCRIPTION).read_bytes()
    return web.Response(body=body, content_type="application/json", charset="utf-8")


def _answer_unrouted(error: web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPMethodNotAllowed):
        vi, en = "Địa chỉ này không nhận phương thức đó.", "This address does not take that method."
        response = answer_problem(Refusal.because("method-unknown", vi=vi, en=en))
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
    vi, en = (
        "Không có địa chỉ này; xem /api/v1/openapi.json.",
        "There is no such address: /api/v1/openapi.json.",
    )
    return answer_problem(Refusal.because("not-found", vi=vi, en=en))
