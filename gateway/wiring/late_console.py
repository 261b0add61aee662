"""The console, whose hundred modules come with its first visitor: 7 MB and a fifth of the time of a start."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from gateway.office import Clock, Office
from gateway.web.late_app import LateApp
from gateway.wiring.holdings import Holdings

_PREFIX = "/console"


def promise_console(office: Office, holdings: Holdings, clock: Clock) -> LateApp | None:
    """Make the console's place; None when it is switched off."""

    async def build() -> web.Application:
        build_console = await asyncio.to_thread(_load)
        return build_console(office, holdings, clock)

    return LateApp(_PREFIX, build) if office.config.console.enabled else None


def _load() -> Callable[[Office, Holdings, Clock], web.Application]:
    from gateway.wiring.console import build_console

    return build_console
