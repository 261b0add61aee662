"""``lienthong serve``: run a node until it is told to stop."""

import asyncio
import contextlib
import errno
import gc
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import load_node
from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from gateway.config import Config

_BETWEEN_COLLECTIONS = 5_000
# As many as deploy/systemd allows.
_MOST_FILES = 65_536
# Of freed memory each thread keeps at most so much; what is asked for as a larger whole never stays.
_KEPT_BYTES = 4 << 20
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# What the operating system says of an address that nobody can listen on, at least not we, now.
_UNUSABLE = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}


@click.command()
@click.argument(
    "folder", metavar="DIR", envvar="LIENTHONG_DIR", type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Số tiến trình cùng phục vụ một cổng. · How many processes serve, behind one port.",
)
@click.option("--worker", type=int, hidden=True)
@click.option("--inherited", type=int, multiple=True, hidden=True)
def serve(folder: Path, workers: int | None, worker: int | None, inherited: tuple[int, ...]) -> None:
    """Chạy nút có thư mục dữ liệu DIR.

    Run the node of a data directory. When it answers, one line "ready http://HOST:PORT" stands on stdout;
    the operating log goes to stderr. SIGTERM or SIGINT: nothing new is taken, what is under way gets its
    grace, exit code 0. A second signal ends it at once.
    """
    gc.disable()  # what is made before a node is ready stays; looking through it takes a tenth of the start
    try:
        _run(folder, workers, worker, inherited)
    finally:
        gc.enable()


def _run(folder: Path, workers: int | None, worker: int | None, inherited: tuple[int, ...]) -> None:
    with _without("rich"):  # it would take 3 MB, for coloured tracebacks that no node writes
        from gateway.cli.operating_log import start_log

    config = load_node(folder)
    if workers is not None:
        config = replace(config, http=replace(config.http, workers=workers))
    start_log(config.log, worker=worker)
    _allow_many_connections()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        if config.http.workers > 1 and worker is None:
            code = runner.run(_look_after(folder, config))
        else:
            code = runner.run(_serve(config, inherited))
    if code:
        raise SystemExit(code)


@contextlib.contextmanager
def _without(library: str) -> Iterator[None]:
    """Let what is imported meanwhile believe that a library is not installed, unless it is in use already."""
    if library in sys.modules:
        yield
        return
    sys.modules[library] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[library]


def _allow_many_connections() -> None:
    """Open as many files as this process may: the usual thousand is a thousand idle callers."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if usual != resource.RLIM_INFINITY and usual < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Name the quickest event loop there is; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:  # not made for every system; asyncio's own loop does
        return None
    return uvloop.new_event_loop


async def _serve(config: "Config", inherited: Sequence[int]) -> int:
    from gateway import __version__
    from gateway.log_lines import log
    from gateway.serving import serving

    # Most of its threads begin when they are first needed, long after `_leave_core_to_loop`.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(initializer=_wait_for_turn))
    stopping = asyncio.Event()
    _listen_for_signals(stopping.set, once=not inherited)
    if inherited:
        _stop_without_parent(stopping)
    sockets = [socket.socket(fileno=number) for number in inherited]
    with _telling_unusable(config):
        async with serving(config, sockets=sockets) as address:
            log.info("ready", address=address, role=config.role.value, version=__version__)
            _leave_core_to_loop()
            click.echo(f"ready {address}")
            # What stands now stays: looking through it again and again for garbage finds none.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_BETWEEN_COLLECTIONS)
            gc.enable()
            _keep_freed_memory()
            await stopping.wait()
            log.info("stopping", grace=str(config.delivery.grace_at_stop))
    log.info("stopped")
    return 0


def _keep_freed_memory() -> None:
    """Let a few freed megabytes be used again, where each package would give them back and ask for them anew.

    Source: mallopt(3) of the GNU C library; other libraries have no such function.
    """
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES // 2)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _leave_core_to_loop() -> None:
    """Let no other thread push the loop off its core when it wakes: they wait for their turn.

    The loop wakes the writer with each walk it brings, and lets go of the interpreter at each signature and
    each socket. To be put aside for one who can wait a moment costs it all that lies in the caches.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.native_id is not None:
            _wait_for_turn(thread.native_id)


def _wait_for_turn(thread: int = 0) -> None:
    """Let a thread of this process, or the calling one, wait for its turn."""
    # Only Linux's; else not permitted here, or ended meanwhile.
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))


async def _look_after(folder: Path, config: "Config") -> int:
    """Reserve the address, and look after the workers there; their exit code when they cannot start."""
    from gateway.cli.workers import Workers, reserve
    from gateway.log_lines import log
    from gateway.serving import BACKLOG

    with _telling_unusable(config):
        reserved = reserve(config.http.host, config.http.port)
    workers = Workers.of(folder, config, reserved, backlog=BACKLOG)
    _listen_for_signals(workers.stop, once=False)
    try:
        said = await workers.start()
        if isinstance(said, int):
            return 0 if workers.stopping.is_set() else said
        log.info("all workers ready", address=said, workers=config.http.workers)
        click.echo(f"ready {said}")
        gc.enable()
        await workers.watch()
        log.info("stopped")
        return 0
    finally:
        await workers.end(grace_seconds=config.delivery.grace_at_stop.total_seconds())


def _listen_for_signals(stop: Callable[[], None], *, once: bool) -> None:
    """Let signals stop us. With once the second finds the system's own answer to it.

    A worker hears each from its parent and maybe from whoever ends its whole group: those are not two.
    """
    loop = asyncio.get_running_loop()

    def take() -> None:
        if once:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, take)


def _stop_without_parent(stopping: asyncio.Event) -> None:
    """Stop when our input ends: whoever started us, and would start us again, is gone."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            loop.remove_reader(sys.stdin.fileno())
            stopping.set()

    loop.add_reader(sys.stdin.fileno(), read)


@contextlib.contextmanager
def _telling_unusable(config: "Config") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNUSABLE or error.filename is not None:
            raise
        raise _unusable(config) from error


def _unusable(config: "Config") -> Misconfiguration:
    address = f"{config.http.host}:{config.http.port}"
    return Misconfiguration.because(
        "address-unusable",
        where="http.host, http.port",
        vi=f"không lắng nghe được trên {address}: đang có chương trình khác dùng, hoặc không được phép",
        en=f"cannot listen on {address}: in use by another program, or not permitted",
    )
