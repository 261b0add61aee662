"""The web application: routes, one line in the operating log for each request, an end to every bug."""

import itertools
import secrets
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from gateway.log_lines import log
from gateway.vxp.operations import Operation
from gateway.web.api.app import PREFIX, Api
from gateway.web.late_app import LateApp
from gateway.web.log_api import LogApi
from gateway.web.observed import OPERATION, OUTCOME, PACKAGE, SYSTEM
from gateway.web.operations import Operations, RequestMetrics
from gateway.web.vxp_api import VxpApi

_POLLING = frozenset(
    {
        *("api-figures", "api-daily", "api-obligations", "api-obligation", "api-events"),
        Operation.LIST_RECEIVED,
        Operation.LIST_SENT,
        Operation.LIST_RECEIPTS,
        Operation.COUNT_DOCUMENTS,
        Operation.COUNT_STATUSES,
        Operation.LIST_AGENCIES,
        Operation.LIST_AGENCIES_QD20,
    }
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(
    vxp: VxpApi,
    operations: Operations,
    log_api: LogApi,
    api: Api,
    *,
    console: LateApp | None = None,
) -> web.Application:
    """Build the application.

    Shape: operations of the axis's protocol lie under ``/vxp/``; doubled slashes are accepted.
    The API of programs, and the console, which answer their own bugs, lie under ``/api/v1/`` and
    ``/console/``.
    """
    metrics = RequestMetrics(operations.registry)
    # Tells the lines of one request from others'; no secret, and randomness would be a call of the kernel.
    numbers = itertools.count(secrets.randbits(32))

    @web.middleware
    async def observe(request: web.Request, handler: Answer) -> web.StreamResponse:
        began = time.perf_counter()
        structlog.contextvars.bind_contextvars(request=f"{next(numbers) & 0xFFFFFFFF:08x}")
        try:
            if "\0" in request.path:  # nothing is called so, and PostgreSQL cannot be asked for it
                raise web.HTTPNotFound
            return await handler(request)
        except web.HTTPException:
            raise
        except ConnectionError as error:
            request[OUTCOME] = "caller-gone"
            if isinstance(error.__cause__ or error, ConnectionError) and _is_gone(request):
                return web.Response()  # to nobody; what is raised the server calls an error, with a traceback
            raise
        except Exception:
            log.exception("bug", path=request.path)
            request[OUTCOME] = "bug"
            return vxp.answer_bug(request)
        finally:
            _tell(request, metrics, time.perf_counter() - began)
            structlog.contextvars.clear_contextvars()

    app = web.Application(middlewares=[observe])
    app.router.add_get("/healthz", operations.answer_health)
    app.router.add_get("/readyz", operations.answer_readiness)
    app.router.add_get("/metrics", operations.answer_metrics)
    app.router.add_get("/seal.pem", operations.answer_seal)
    app.router.add_routes(log_api.routes())
    app.router.add_route("*", "/vxp/{operation:.*}", vxp.answer, expect_handler=vxp.answer_expectation)
    app.add_subapp(PREFIX, api.application())
    if console is not None:
        console.mount_on(app)
    return app


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _tell(request: web.Request, metrics: RequestMetrics, seconds: float) -> None:
    operation = request.get(OPERATION)
    if operation is None:
        return
    outcome = request.get(OUTCOME, "ok")
    metrics.count(operation, outcome, seconds)
    # Asking whether something has come is most of the traffic and no news.
    tell = log.debug if outcome == "ok" and operation in _POLLING else log.info
    tell(
        "answered",
        operation=operation,
        outcome=outcome,
        system=request.get(SYSTEM),
        package=request.get(PACKAGE),
        bytes=request.content_length,
        took=f"{seconds:.3f}s",
    )
