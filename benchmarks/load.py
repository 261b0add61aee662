"""The load: packages sent as fast as they are answered, or at a given pace; and a look at who waits.

Instants are seconds since 1970, as every process of this machine sees them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any

import aiohttp

from benchmarks.stock import Package

_LOOK_SECONDS = 0.05

Send = Callable[[Package], Coroutine[Any, Any, None]]


async def saturate(send: Send, packages: Sequence[Package], *, connections: int) -> Mapping[str, float]:
    """Send over so many connections, the next package as soon as the last is answered.

    Shape: when each was begun, by its number.
    """
    begun_at, waiting = dict[str, float](), iter(packages)

    async def one() -> None:
        for package in waiting:
            begun_at[package.number] = time.time()
            await send(package)

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one())
    return begun_at


async def keep_pace(
    send: Send, packages: Sequence[Package], *, per_second: float, connections: int
) -> Mapping[str, float]:
    """Send at a pace, however slow the answers are, over so many connections at most.

    Shape: when each should have been begun, by its number: a server that stalls does not get to stop the
    clock by stalling its senders.
    """
    first = time.time()
    places = asyncio.Semaphore(connections)

    async def one(package: Package) -> None:
        async with places:
            await send(package)

    due_at = {package.number: first + place / per_second for place, package in enumerate(packages)}
    async with asyncio.TaskGroup() as group:
        for package in packages:
            await asyncio.sleep(max(0.0, due_at[package.number] - time.time()))
            group.create_task(one(package))
    return due_at


@contextlib.asynccontextmanager
async def watching(url: str) -> AsyncIterator[list[float]]:
    """Ask a node for its health twenty times a second: how long its event loop keeps others waiting."""
    waits: list[float] = []

    async def look(session: aiohttp.ClientSession) -> None:
        while True:
            begin = time.time()
            async with session.get(f"{url}/healthz") as answer:
                await answer.read()
            waits.append(time.time() - begin)
            await asyncio.sleep(_LOOK_SECONDS)

    async with aiohttp.ClientSession() as session:
        looking = asyncio.create_task(look(session))
        try:
            yield waits
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                await looking
