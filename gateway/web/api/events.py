"""A stream for programs that want to know when to read figures again: told at once, not asked for.

What changed is not said: a program that hears *changed* reads what it shows.
Source: HTML Living Standard, section 9.2 (server-sent events).
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from gateway.errors import Delay
from gateway.exchange.facts import instant_fact
from gateway.model.token import TokenId
from gateway.web.api.door import TOKEN, Door
from gateway.web.api.pulse import Pulse
from gateway.web.api.questions import Question

_LOOK_SECONDS = 1.0
_HEARTBEAT_LOOKS = 15
_STREAMS_LIMIT, _STREAMS_OF_ONE = 100, 5
_LATER = timedelta(seconds=30)


@dataclass(slots=True, kw_only=True)
class Events:
    """Answers ``events``."""

    door: Door
    pulse: Pulse
    clock: Callable[[], datetime]
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _streams: Counter[TokenId] = field(default_factory=Counter)

    async def stop(self, app: web.Application) -> None:
        """End every stream: a server that stops does not wait for who listens."""
        self._stopping.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell one program of changes until it goes, its token ends, or we stop."""
        Question(request=request).settle()
        token_id = request[TOKEN].id
        is_full = self._streams.total() >= _STREAMS_LIMIT or self._streams[token_id] >= _STREAMS_OF_ONE
        if is_full or self._stopping.is_set():
            raise _too_many()
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._streams[token_id] += 1
        try:
            with contextlib.suppress(ConnectionError):  # whoever has gone is not an error
                await response.prepare(request)
                await self._tell(request, response)
        finally:
            self._streams[token_id] -= 1
            self._streams += Counter()  # who has none is forgotten
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        told, looks = "", 0
        await response.write(b"retry: 3000\n\n")
        while not self._stopping.is_set() and await self.door.is_alive(request):
            if (beat := await self.pulse.beat()) != told:
                told = beat
                said = json.dumps({"at": instant_fact(self.clock())})
                await response.write(f"event: changed\ndata: {said}\n\n".encode())
            looks += 1
            if looks % _HEARTBEAT_LOOKS == 0:
                await response.write(b": heartbeat\n\n")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _LOOK_SECONDS)


def _too_many() -> Delay:
    return Delay.because(
        "too-many-streams",
        vi="Quá nhiều luồng đang mở; hãy thử lại sau.",
        en="Too many streams are open; try again later.",
    ).again_in(_LATER)
