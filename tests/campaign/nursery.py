"""A warm process that forks nodes, so that a node killed thousands of times is back in a tenth of a second.

Each node is a process of its own: its memory, threads and files begin anew, and ``kill -9`` is what it
dies of. Run as ``python -m tests.campaign.nursery [MUTATION]``; orders come in and news go out as lines of
JSON. `Nursery`, below, is the driver's side of it.
"""

import asyncio
import contextlib
import gc
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from gateway import points
from gateway.cli.operating_log import start_log
from gateway.config import load_config
from gateway.office import now
from gateway.points import Point
from gateway.serving import serving
from tests.campaign.disk import attach
from tests.campaign.mutations import MUTATIONS

_ROOT = Path(__file__).parents[2]
_POINTS = list(Point)
_NODES = 16
_SILENT_AT_MOST = "1500ms"


class Board:
    """Memory that the nursery shares with every node: how often each point was passed, each node's clock."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * _NODES * (len(_POINTS) + 1))

    def count(self, number: int, point: Point) -> None:
        """Count one passing."""
        place = 8 * (_NODES + number * len(_POINTS) + _POINTS.index(point))
        (seen,) = struct.unpack_from("q", self._memory, place)
        struct.pack_into("q", self._memory, place, seen + 1)

    def counts(self, number: int) -> dict[str, int]:
        """Tell how often a node passed each point."""
        passed = struct.unpack_from(f"{len(_POINTS)}q", self._memory, 8 * (_NODES + number * len(_POINTS)))
        return {point.name: count for point, count in zip(_POINTS, passed, strict=True)}

    def set_clock(self, number: int, ahead: float) -> None:
        """Set a node's clock so many seconds ahead."""
        struct.pack_into("d", self._memory, 8 * number, ahead)

    def clock(self, number: int) -> Callable[[], datetime]:
        """Return the clock of a node."""

        def tell() -> datetime:
            (ahead,) = struct.unpack_from("d", self._memory, 8 * number)
            return now() + timedelta(seconds=ahead)

        return tell


def live(order: dict[str, Any], board: Board, news: int, sockets: list[socket.socket]) -> None:
    """Be a node until killed."""
    log = os.open(Path(order["directory"]) / "operating.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    left = order.get("nth", 1)
    end = signal.SIGSTOP if order.get("freezes") else signal.SIGKILL

    def watcher(point: Point) -> None:
        nonlocal left
        board.count(order["number"], point)
        if point.name == order.get("point"):
            left -= 1
            if left == 0:
                if end is signal.SIGSTOP:
                    _tell(news, frozen=order["number"])
                os.kill(os.getpid(), end)

    points.watch(watcher)
    if "disk" in order:
        attach(Path(order["disk"]), Path(order["directory"]))

    config = load_config(Path(order["directory"]) / "config.toml")
    start_log(config.log)

    async def serve() -> None:
        async with serving(config, clock=board.clock(order["number"]), sockets=sockets) as address:
            _tell(news, ready=order["number"], url=address)
            await asyncio.Event().wait()

    uvloop.run(serve())


def _tell(news: int, **members: Any) -> None:
    os.write(news, json.dumps(members).encode() + b"\n")


def tend(mutation: str | None) -> None:
    """Fork nodes as ordered, and tell of every birth and death."""
    _have_little_patience()
    if mutation is not None:
        MUTATIONS[mutation].apply()
    board, alive = Board(), dict[int, int]()
    shared: dict[int, socket.socket] = {}
    news = os.dup(1)
    gc.freeze()
    orders = b""
    while True:
        readable, _, _ = select.select([0], [], [], 0.01)
        with contextlib.suppress(ChildProcessError):
            while (dead := os.waitpid(-1, os.WNOHANG))[0]:
                _tell(news, dead=alive.pop(dead[0]), status=dead[1])
        if not readable:
            continue
        if not (read := os.read(0, 65536)):
            return
        *lines, orders = (orders + read).split(b"\n")
        for line in lines:
            order = json.loads(line)
            if "clock" in order:
                board.set_clock(order["clock"], order["ahead"])
            elif "directory" not in order:
                _tell(news, counts=board.counts(order["number"]))
            else:
                sockets = [_listening(shared, order["shared"])] if "shared" in order else []
                if pid := os.fork():
                    alive[pid] = order["number"]
                    _tell(news, born=order["number"], pid=pid)
                else:
                    live(order, board, news, sockets)
                    os._exit(0)


def _have_little_patience() -> None:
    """Take the lock of all writers from who is frozen after moments, not after half a minute."""
    with contextlib.suppress(ImportError):
        from gateway.store import postgresql

        postgresql._SILENT_AT_MOST = _SILENT_AT_MOST


def _listening(shared: dict[int, socket.socket], port: int) -> socket.socket:
    """Bind what the nodes of one house share; it outlives each of them."""
    if port not in shared:
        shared[port] = socket.create_server(("127.0.0.1", port))
    return shared[port]


@dataclass(eq=False)
class Life:
    """One node's running process, as the driver sees it; status is what it died of, as the system has it."""

    pid: int = 0
    url: str = ""
    status: int = 0
    born: asyncio.Event = field(default_factory=asyncio.Event)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    frozen: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def was_killed(self) -> bool:
        """Tell whether it died of a kill, and not by itself."""
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    def kill(self) -> None:
        """Kill it, wherever it is."""
        self._send(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it stand still, wherever it is; its connections stay open."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        self._send(signal.SIGCONT)

    def _send(self, what: signal.Signals) -> None:
        if self.pid and not self.dead.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, what)


class Nursery:
    """The driver's side: starts nodes and hears of their deaths."""

    def __init__(self, *, mutation: str | None = None, environment: dict[str, str] | None = None) -> None:
        self._arguments = [] if mutation is None else [mutation]
        self._environment = {**os.environ, **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None
        self._lives: dict[int, Life] = {}
        self._asked: deque[asyncio.Future[dict[str, int]]] = deque()
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Warm up."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.campaign.nursery", *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=_ROOT,
            env=self._environment,
        )
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Kill every node and the nursery."""
        for life in self._lives.values():
            life.kill()
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        if self._listening is not None:
            await self._listening

    def start(
        self,
        number: int,
        directory: Path,
        *,
        point: Point | None = None,
        nth: int = 1,
        freezes: bool = False,
        disk: Path | None = None,
        shared: int | None = None,
    ) -> Life:
        """Start a node; with a point it dies, or freezes, when it comes by there for the nth time.

        Shape: disk is the control file of its disk, which needs the nursery to be preloaded with it; shared
        is the port that several nodes have together.
        """
        life = self._lives[number] = Life()
        arm: dict[str, object] = (
            {} if point is None else {"point": point.name, "nth": nth, "freezes": freezes}
        )
        arm |= {} if disk is None else {"disk": str(disk)}
        arm |= {} if shared is None else {"shared": shared}
        self._order({"number": number, "directory": str(directory), **arm})
        return life

    def set_clock(self, number: int, ahead: float) -> None:
        """Set a node's clock so many seconds ahead of the world's."""
        self._order({"clock": number, "ahead": ahead})

    async def passings(self, number: int) -> dict[str, int]:
        """Tell how often a node passed each point."""
        asked: asyncio.Future[dict[str, int]] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._order({"number": number})
        return await asked

    def _order(self, order: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "counts" in told:
                self._asked.popleft().set_result(told["counts"])
            elif "born" in told:
                life = self._lives[told["born"]]
                life.pid = told["pid"]
                life.born.set()
            elif "ready" in told:
                life = self._lives[told["ready"]]
                life.url = told["url"]
                life.ready.set()
            elif "frozen" in told:
                self._lives[told["frozen"]].frozen.set()
            elif "dead" in told:
                life = self._lives[told["dead"]]
                life.status = told["status"]
                life.dead.set()


if __name__ == "__main__":
    tend(sys.argv[1] if len(sys.argv) > 1 else None)
