"""One stream for each page: told when something was recorded, so that the page brings itself up to date.

Every change has its entry in the audit log, so that the log's newest number is the pulse of all figures. What
changed is not said: the page asks for itself again and takes over the parts it marked `data-live`.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import web

from gateway.model.people import UserId
from gateway.store.database import Database
from gateway.web.console.door import Door
from gateway.web.console.route import Route
from gateway.web.console.visitor import visitor_of

_LOOK_SECONDS = 1.0
_HEARTBEAT_LOOKS = 5
_STREAMS_LIMIT, _STREAMS_OF_ONE = 500, 20


@dataclass(slots=True, kw_only=True)
class Live:
    """Answers ``/console/live``. is_away tells whether the axis is away: the one fact outside the log."""

    database: Database
    door: Door
    is_away: Callable[[], bool]
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _streams: Counter[UserId] = field(default_factory=Counter)
    _newest: int = 0
    _looked_at: float = float("-inf")

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        yield Route(method="GET", path="/live", act=self.stream, may=None)

    async def stop(self, app: web.Application) -> None:
        """End every stream: a server that stops does not wait for who looks."""
        self._stopping.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell one page of changes until it goes, its session ends, or we stop."""
        # Counted by person: a session is to be had by signing in once more.
        user_id = visitor_of(request).user.id
        is_full = self._streams.total() >= _STREAMS_LIMIT or self._streams[user_id] >= _STREAMS_OF_ONE
        if is_full or self._stopping.is_set():
            raise web.HTTPServiceUnavailable
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self.door.dress(request, response)
        self._streams[user_id] += 1
        try:
            with contextlib.suppress(ConnectionError):  # a page that was closed is not an error
                await response.prepare(request)
                await self._tell(request, response)
        finally:
            self._streams[user_id] -= 1
            self._streams += Counter()  # who has none is forgotten
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        told = await self._pulse()
        await response.write(b"retry: 3000\n\n")
        looks = 0
        while not await self._stopped():
            looks += 1
            pulse = await self._pulse()
            if pulse != told:
                told = pulse
                await response.write(f"event: changed\ndata: {pulse}\n\n".encode())
            if looks % _HEARTBEAT_LOOKS == 0:
                if not await self.door.is_alive(request, visitor_of(request)):
                    await response.write(b"event: ended\ndata: session\n\n")
                    return
                await response.write(b": heartbeat\n\n")

    async def _stopped(self) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), _LOOK_SECONDS)
        return self._stopping.is_set()

    async def _pulse(self) -> str:
        # One look for all who look within a moment.
        if time.monotonic() - self._looked_at > _LOOK_SECONDS / 2:
            self._looked_at = time.monotonic()
            row = await self.database.fetch_one("SELECT max(seq) AS newest FROM log")
            self._newest = 0 if row is None else row["newest"] or 0
        return f"{self._newest}-{int(self.is_away())}"
