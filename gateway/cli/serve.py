"""``lienthong serve``: run a node until it is told to stop."""

import asyncio
import errno
import gc
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import load_node
from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from gateway.config import Config

# What the operating system says of an address that nobody can listen on, at least not we, now.
_BETWEEN_COLLECTIONS = 5_000
_UNUSABLE = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}


@click.command()
@click.argument(
    "folder", metavar="DIR", envvar="LIENTHONG_DIR", type=click.Path(path_type=Path, file_okay=False)
)
def serve(folder: Path) -> None:
    """Chạy nút có thư mục dữ liệu DIR.

    Run the node of a data directory. When it answers, one line "ready http://HOST:PORT" stands on stdout;
    the operating log goes to stderr. SIGTERM or SIGINT: nothing new is taken, what is under way gets its
    grace, exit code 0. A second signal ends it at once.
    """
    from gateway.cli.operating_log import start_log

    config = load_node(folder)
    start_log(config.log)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(config))


def loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """Name the quickest event loop there is; None is asyncio's own."""
    try:
        import uvloop
    except ImportError:  # not made for every system; asyncio's own loop does
        return None
    return uvloop.new_event_loop


async def _serve(config: "Config") -> None:
    import structlog

    from gateway import __version__
    from gateway.serving import serving

    log = structlog.get_logger()
    stopping = _listen_for_signals()
    try:
        async with serving(config) as address:
            log.info("ready", address=address, role=config.role.value, version=__version__)
            click.echo(f"ready {address}")
            # What stands now stays: looking through it again and again for garbage finds none.
            gc.collect()
            gc.freeze()
            gc.set_threshold(_BETWEEN_COLLECTIONS)
            await stopping.wait()
            log.info("stopping", grace=str(config.delivery.grace_at_stop))
    except OSError as error:
        if error.errno not in _UNUSABLE or error.filename is not None:
            raise
        raise _unusable(config) from error
    log.info("stopped")


def _listen_for_signals() -> asyncio.Event:
    """Turn the first signal into an event; the second finds the system's own answer to it."""
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        stopping.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return stopping


def _unusable(config: "Config") -> Misconfiguration:
    address = f"{config.http.host}:{config.http.port}"
    return Misconfiguration.because(
        "address-unusable",
        where="http.host, http.port",
        vi=f"không lắng nghe được trên {address}: đang có chương trình khác dùng, hoặc không được phép",
        en=f"cannot listen on {address}: in use by another program, or not permitted",
    )
