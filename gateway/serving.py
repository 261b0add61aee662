"""Runs a built gateway: listens, drives its loops, and drains when told to stop."""

import asyncio
import contextlib
import fcntl
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from gateway.config import Config
from gateway.errors import Delay, Misconfiguration
from gateway.exchange.restoration import take_note_of_restore
from gateway.office import Clock, Office, now, open_office
from gateway.store.shelf import has_objects
from gateway.wiring.gateway import Gateway, build_gateway

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A gateway that is being served, and where: ``http://HOST:PORT``."""

    address: str
    gateway: Gateway


@contextlib.asynccontextmanager
async def serving(config: Config, *, clock: Clock = now) -> AsyncIterator[str]:
    """Serve until the block ends; lends the address, ``http://HOST:PORT``.

    At the end nothing new is taken or claimed; answers and deliveries under way get the configured
    grace to finish.
    """
    async with serving_gateway(config, clock=clock) as served:
        yield served.address


@contextlib.asynccontextmanager
async def serving_gateway(config: Config, *, clock: Clock = now) -> AsyncIterator[Served]:
    """Serve as `serving` does, and lend the gateway itself: for who sets its clock forward."""
    with alone(config.storage.database_file):
        async with _listening(config, clock) as served:
            yield served


@contextlib.asynccontextmanager
async def _listening(config: Config, clock: Clock) -> AsyncIterator[Served]:
    async with open_office(config) as office:
        await _check_shelves(office)
        await office.blobs.clear_spool()
        await take_note_of_restore(
            office.database, office.notary, folder=config.storage.database_file.parent, at=clock()
        )
        gateway = await build_gateway(office, clock=clock)
        runner = web.AppRunner(
            gateway.app,
            access_log=None,
            auto_decompress=False,  # no client of this wire compresses, and a bomb would fill the spool
            max_line_size=config.http.head_limit,
            max_field_size=config.http.head_limit,
            keepalive_timeout=config.http.idle_timeout.total_seconds(),
            shutdown_timeout=config.delivery.grace_at_stop.total_seconds(),
        )
        await runner.setup()
        site = web.TCPSite(runner, config.http.host, config.http.port, ssl_context=_tls(config), backlog=1024)
        loops = asyncio.create_task(gateway.worker.run())
        loops.add_done_callback(_tell_end)
        try:
            await site.start()
            yield Served(address=_address(config, runner), gateway=gateway)
        finally:
            gateway.worker.stop()
            await site.stop()
            await runner.cleanup()
            await _drain(gateway, loops, config)


async def _check_shelves(office: Office) -> None:
    """Find out whether large packages can be kept and read. An object store may be away just now."""
    if not office.config.storage.blobs and await has_objects(office.database):
        raise Misconfiguration.because(
            "objects-out-of-reach",
            where="storage.blobs",
            vi="một phần gói tin nằm trong kho đối tượng; đặt lại storage.blobs",
            en="some packages lie in an object store; set storage.blobs again",
        )
    try:
        await office.blobs.check()
    except Delay as delay:
        log.warning("object store away", reason=str(delay))


@contextlib.contextmanager
def alone(database_file: Path) -> Iterator[None]:
    """Hold a data directory for one server: a second one would take the first one's claims for lost.

    Errors: Misconfiguration when another server holds it.
    """
    with database_file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Misconfiguration.because(
                "already-served",
                vi="thư mục dữ liệu này đang được một tiến trình khác phục vụ",
                en="another server is running on this data directory",
            ) from error
        yield


def _tell_end(loops: "asyncio.Task[None]") -> None:
    # They end only when told to. Readiness says so, too: a gateway that takes and does not deliver is no use.
    if not loops.cancelled() and loops.exception() is not None:
        log.critical("loops ended", exc_info=loops.exception())


async def _drain(gateway: Gateway, loops: "asyncio.Task[None]", config: Config) -> None:
    try:
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(loops, config.delivery.grace_at_stop.total_seconds())
    finally:
        for session in gateway.sessions:
            await session.close()


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
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
