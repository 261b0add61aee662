"""Runs a built gateway: listens, drives its loops, and drains when told to stop."""

import asyncio
import contextlib
import fcntl
import os
import re
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from gateway import __version__
from gateway.config import Config
from gateway.errors import Delay, Misconfiguration
from gateway.exchange.restoration import take_note_of_restore
from gateway.exchange.roster import Roster
from gateway.log_lines import log
from gateway.model.node import Node
from gateway.office import Clock, Office, now, open_office
from gateway.store.shelf import has_objects
from gateway.store.spools import own_spool
from gateway.wiring.gateway import Gateway, build_gateway
from gateway.wiring.tls import listening

BACKLOG = 1024
_HOST_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A gateway that is being served, and where: ``http://HOST:PORT``."""

    address: str
    gateway: Gateway


@contextlib.asynccontextmanager
async def serving(
    config: Config, *, clock: Clock = now, sockets: Sequence[socket.socket] = ()
) -> AsyncIterator[str]:
    """Serve until the block ends; lends the address, ``http://HOST:PORT``.

    At the end nothing new is taken or claimed; answers and deliveries under way get the configured
    grace to finish.
    Shape: sockets listen already, at an address that several nodes share.
    """
    async with serving_gateway(config, clock=clock, sockets=sockets) as served:
        yield served.address


@contextlib.asynccontextmanager
async def serving_gateway(
    config: Config, *, clock: Clock = now, sockets: Sequence[socket.socket] = ()
) -> AsyncIterator[Served]:
    """Serve as `serving` does, and lend the gateway itself: for who sets its clock forward."""
    node = _name_node(clock)
    with (
        _beside_others(config.storage.database_file),
        own_spool(config.storage.spool_dir, node.name) as spools,
    ):
        async with open_office(config, spool_folder=spools.own) as office:
            roster = Roster(
                database=office.database,
                blobs=office.blobs,
                spools=spools,
                node=node,
                gone_after=config.nodes.gone_after,
                clock=clock,
                new_term=lambda: secrets.token_hex(8),
            )
            async with _listening(office, roster, clock, sockets) as served:
                yield served


def _name_node(clock: Clock) -> Node:
    """Name this process as no other was ever named; an operator finds it by what the name tells."""
    host, pid = socket.gethostname(), os.getpid()
    fit = re.sub("[^A-Za-z0-9.-]", "-", host)[:_HOST_LENGTH]
    return Node(
        name=f"{fit}-{pid}-{secrets.token_hex(3)}",
        host=host,
        pid=pid,
        address="",
        version=__version__,
        started_at=clock(),
    )


@contextlib.asynccontextmanager
async def _listening(
    office: Office, roster: Roster, clock: Clock, sockets: Sequence[socket.socket]
) -> AsyncIterator[Served]:
    config = office.config
    folder = config.storage.database_file.parent
    await _check_shelves(office)
    await take_note_of_restore(office.database, office.notary, folder=folder, at=clock())
    gateway = await build_gateway(office, roster, clock=clock)
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
    sites = _sites(runner, config, sockets)
    loops = asyncio.create_task(gateway.worker.run())
    loops.add_done_callback(_tell_end)
    try:
        for site in sites:
            await site.start()
        address = _address(config, runner)
        roster.answers_at(address)
        yield Served(address=address, gateway=gateway)
    finally:
        gateway.worker.stop()
        for site in sites:
            await site.stop()
        await runner.cleanup()
        await _drain(gateway, loops, config)


def _sites(runner: web.AppRunner, config: Config, sockets: Sequence[socket.socket]) -> list[web.BaseSite]:
    tls = listening(config.http)
    if sockets:
        return [web.SockSite(runner, each, ssl_context=tls, backlog=BACKLOG) for each in sockets]
    return [web.TCPSite(runner, config.http.host, config.http.port, ssl_context=tls, backlog=BACKLOG)]


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
    """Hold a data directory while nobody serves it.

    Errors: Misconfiguration when somebody does.
    """
    try:
        with _locked(database_file, fcntl.LOCK_EX):
            yield
    except BlockingIOError as error:
        raise Misconfiguration.because(
            "already-served",
            vi="thư mục dữ liệu này đang được một tiến trình khác phục vụ",
            en="another server is running on this data directory",
        ) from error


@contextlib.contextmanager
def _beside_others(database_file: Path) -> Iterator[None]:
    """Serve beside any number of other nodes.

    Errors: Misconfiguration when somebody holds the data directory for himself.
    """
    try:
        with _locked(database_file, fcntl.LOCK_SH):
            yield
    except BlockingIOError as error:
        raise Misconfiguration.because(
            "held-alone",
            vi="thư mục dữ liệu này đang được một lệnh khác giữ riêng; hãy đợi lệnh đó xong",
            en="a command holds this data directory for itself; wait for its end",
        ) from error


@contextlib.contextmanager
def _locked(database_file: Path, how: int) -> Iterator[None]:
    with database_file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
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


def _address(config: Config, runner: web.AppRunner) -> str:
    scheme = "https" if config.http.tls_certificate_file else "http"
    host, port = runner.addresses[0][:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
