"""Runs a built gateway: listens, drives its loops, and drains when told to stop."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.config import Config
from gateway.office import Clock, now, open_office
from gateway.wiring import Gateway, build_gateway


@contextlib.asynccontextmanager
async def serving(config: Config, *, clock: Clock = now) -> AsyncIterator[str]:
    """Serve until the block ends; lends the address, ``http://HOST:PORT``.

    At the end nothing new is taken or claimed; answers and deliveries under way get the configured
    grace to finish.
    """
    async with open_office(config) as office:
        gateway = await build_gateway(office, clock=clock)
        runner = web.AppRunner(
            gateway.app,
            access_log=None,
            max_line_size=config.http.head_limit,
            max_field_size=config.http.head_limit,
            keepalive_timeout=config.http.idle_timeout.total_seconds(),
            shutdown_timeout=config.delivery.grace_at_stop.total_seconds(),
        )
        await runner.setup()
        site = web.TCPSite(runner, config.http.host, config.http.port, ssl_context=_tls(config), backlog=1024)
        loops = asyncio.create_task(gateway.worker.run())
        try:
            await site.start()
            yield _address(config, runner)
        finally:
            gateway.worker.stop()
            await site.stop()
            await runner.cleanup()
            await _drain(gateway, loops, config)


async def _drain(gateway: Gateway, loops: "asyncio.Task[None]", config: Config) -> None:
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        await asyncio.wait_for(loops, config.delivery.grace_at_stop.total_seconds())
    if gateway.session is not None:
        await gateway.session.close()


def _tls(config: Config) -> ssl.SSLContext | None:
    if config.http.tls_certificate_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.http.tls_certificate_file, config.http.tls_key_file)
    if config.http.client_ca_file is not None:
        context.load_verify_locations(config.http.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _address(config: Config, runner: web.AppRunner) -> str:
    scheme = "https" if config.http.tls_certificate_file else "http"
    host, port = runner.addresses[0][:2]
    return f"{scheme}://{host}:{port}"
