"""Several nodes behind one port of one machine: a parent that looks after its children.

The parent binds the address and serves nothing itself. Each child gets a socket of its own at that address,
over which the system spreads the connections: of children that share one, whoever wakes first takes all that
have come. A child that dies is started again; one that cannot even start the first time ends them all, since
whatever keeps it from starting keeps the others.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import Config
from gateway.log_lines import log

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 30.0
# Who lived so long before he died is started at once again.
_WELL_SECONDS = 60.0
# Beyond the grace for answers, and that for deliveries.
_MERCY_SECONDS = 10.0


def reserve(host: str, port: int) -> list[socket.socket]:
    """Bind each address of a host, and listen at none: children do.

    Errors: OSError when somebody else has it.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    reserved = []
    for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
        # Alone at first: what may be shared could be shared with another program's children.
        with _bound(family, address[:2], shared=False) as alone:
            taken = alone.getsockname()[:2]
        reserved.append(_bound(family, taken, shared=True))
    return reserved


def _beside(reserved: socket.socket, backlog: int) -> socket.socket:
    """Listen at an address that is reserved."""
    listening = _bound(reserved.family, reserved.getsockname()[:2], shared=True)
    listening.listen(backlog)
    return listening


def _bound(family: int, address: tuple[Any, ...], *, shared: bool) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


@dataclass(slots=True, kw_only=True)
class _Worker:
    """One place among the children, and who has it now."""

    number: int
    command: Sequence[str]
    reserved: Sequence[socket.socket]
    backlog: int
    stopping: asyncio.Event
    child: asyncio.subprocess.Process | None = None

    async def start(self) -> str | None:
        """Start a child; return where it answers once it does, None when it ended before."""
        with contextlib.ExitStack() as sockets:
            # The child's alone: with it they go, and what would have come to it goes to the others.
            listening = [sockets.enter_context(_beside(each, self.backlog)) for each in self.reserved]
            self.child = await asyncio.create_subprocess_exec(
                *self.command,
                "--worker",
                str(self.number),
                *(part for each in listening for part in ("--inherited", str(each.fileno()))),
                # A child whose parent is gone reads the end of this, and stops.
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=[each.fileno() for each in listening],
                # Ctrl-C is for the parent: as a second signal to the children it would end them at once.
                start_new_session=True,
            )
        if self.stopping.is_set():
            self.signal(signal.SIGTERM)  # told while there was no child yet to tell it
        assert self.child.stdout is not None  # noqa: S101 - it is a pipe
        said = (await self.child.stdout.readline()).decode().split()
        if said[:1] == ["ready"]:
            log.info("worker ready", worker=self.number, pid=self.child.pid)
            return said[1]
        await self.child.wait()
        return None

    def signal(self, number: signal.Signals) -> None:
        """Send the child a signal, if it lives; told twice to stop, it stops as it would told once."""
        if self.child is not None and self.child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.child.send_signal(number)


@dataclass(slots=True, kw_only=True)
class Workers:
    """The children of one parent."""

    workers: list[_Worker]
    stopping: asyncio.Event

    @classmethod
    def of(
        cls, folder: Path, config: Config, reserved: Sequence[socket.socket], *, backlog: int
    ) -> "Workers":
        """Prepare as many as the settings say; none is started yet."""
        command = (sys.executable, "-m", "gateway", "serve", str(folder.absolute()))
        stopping = asyncio.Event()
        workers = [
            _Worker(number=number, command=command, reserved=reserved, backlog=backlog, stopping=stopping)
            for number in range(1, config.http.workers + 1)
        ]
        return cls(workers=workers, stopping=stopping)

    async def start(self) -> str | int:
        """Start them all; return where they answer, or the exit code of one that could not."""
        async with asyncio.TaskGroup() as starting:
            started = [starting.create_task(each.start()) for each in self.workers]
        for worker, task in zip(self.workers, started, strict=True):
            if task.result() is None:
                assert worker.child is not None  # noqa: S101 - it was started
                return abs(worker.child.returncode or 0) or 1
        return str(started[0].result())

    async def watch(self) -> None:
        """Start again who dies, until told to stop."""
        async with asyncio.TaskGroup() as watching:
            for worker in self.workers:
                watching.create_task(self._watch_one(worker))

    async def _watch_one(self, worker: _Worker) -> None:
        clock, pause = asyncio.get_running_loop().time, _FIRST_PAUSE_SECONDS
        while worker.child is not None:
            began = clock()
            code = await worker.child.wait()
            if self.stopping.is_set():
                return
            pause = _FIRST_PAUSE_SECONDS if clock() - began > _WELL_SECONDS else pause
            log.error("worker died", worker=worker.number, code=code, again_in=f"{pause:g}s")
            if await self._stopped_within(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            try:
                await worker.start()
            except OSError as error:  # no room for another process just now; the others go on
                log.error("worker not started", worker=worker.number, reason=str(error))

    async def _stopped_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
        return self.stopping.is_set()

    def stop(self) -> None:
        """Stop them all, and start nobody again; said for the second time, end them at once."""
        number = signal.SIGKILL if self.stopping.is_set() else signal.SIGTERM
        self.stopping.set()
        for worker in self.workers:
            worker.signal(number)

    async def end(self, *, grace_seconds: float) -> None:
        """Wait until all are gone; who is not in time is killed."""
        if not self.stopping.is_set():
            self.stop()
        waiting = [asyncio.create_task(each.child.wait()) for each in self.workers if each.child is not None]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=2 * grace_seconds + _MERCY_SECONDS)
            if late:
                self.stop()
                await asyncio.wait(late)
