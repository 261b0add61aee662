"""Long files written off the loop, from lines that the loop reads page by page: neither waits in memory."""

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Generic, TypeVar

from gateway.store.blobs import read_chunks
from gateway.store.spool import disk_delays

Line = TypeVar("Line")

_LOOK_SECONDS = 1.0


async def written_by_lines(
    write: Callable[[Iterator[Line], IO[bytes]], object],
    pages: AsyncIterator[Iterable[Line]],
    folder: Path,
) -> AsyncIterator[bytes]:
    """Give what a writer makes of all lines, once it is written whole; it leaves nothing in the folder.

    Errors: Delay when the disk does not take it.
    """
    lines = _Lines(pages=pages, loop=asyncio.get_running_loop())
    with disk_delays(), tempfile.TemporaryFile(dir=folder) as file:
        try:
            await asyncio.to_thread(write, iter(lines), file)
        finally:
            lines.stop()
        file.seek(0)
        async for chunk in read_chunks(file):
            yield chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines(Generic[Line]):
    """Fetches page after page through the loop, for a thread; nobody waits for a loop that went away."""

    pages: AsyncIterator[Iterable[Line]]
    loop: asyncio.AbstractEventLoop
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        self._stopped.set()

    def __iter__(self) -> Iterator[Line]:
        while (page := self._next()) is not None:
            yield from page

    def _next(self) -> Iterable[Line] | None:
        coming = asyncio.run_coroutine_threadsafe(self._fetch(), self.loop)
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                return coming.result(timeout=_LOOK_SECONDS)
        return None

    async def _fetch(self) -> Iterable[Line] | None:
        return await anext(self.pages, None)
