"""What the others notice: small agencies that write to each other while something else goes on.

Each onlooker sends, lists, collects and confirms, one document after the other, and times every call.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from benchmarks.load import watching
from gateway.model.identifiers import AgencyCode
from gateway.sandbox.dms import DmsAnswer, SampleDms
from tests.packages import Sent, document

_ROUND_SECONDS = 0.1
_NUMBERS = count(1)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How long calls took, in milliseconds."""

    calls: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        """Sort out what was measured; nothing measured is no time at all."""
        ordered = sorted(seconds) or [0.0]
        place = {
            share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99)
        }
        return cls(calls=len(seconds), p50=place[0.5] * 1e3, p95=place[0.95] * 1e3, p99=place[0.99] * 1e3)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What the onlookers measured. loop is how long the node's event loop kept a health check waiting."""

    send: Spread
    list: Spread
    collect: Spread
    confirm: Spread
    loop: Spread


@dataclass(kw_only=True)
class Onlooker:
    """Two agencies of a node, and a DMS for each."""

    writer: AgencyCode
    reader: AgencyCode
    writing: SampleDms
    reading: SampleDms
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def exchange(self) -> None:
        """Let one document pass."""
        sent = Sent(sender=self.writer, number=str(next(_NUMBERS)), notation="QS")
        package = document(sent, [self.reader])
        await self._timed("send", self.writing.send(package, sender=self.writer))
        listed = await self._timed("list", self.reading.received())
        for item in listed.items:
            await self._timed("collect", self.reading.get(item["docId"]))
            await self._timed("confirm", self.reading.confirm(item["docId"]))

    async def _timed(self, call: str, answer: Awaitable[DmsAnswer]) -> DmsAnswer:
        begin = time.monotonic()
        answered = await answer
        self.seconds[call].append(time.monotonic() - begin)
        assert answered.ok, answered.words
        return answered

    async def close(self) -> None:
        """Close both connections."""
        await self.writing.close()
        await self.reading.close()


@dataclass(kw_only=True)
class Look:
    """What onlookers saw, once they have stopped looking."""

    traffic: Traffic | None = None

    @property
    def seen(self) -> Traffic:
        """Return it."""
        assert self.traffic is not None
        return self.traffic


@asynccontextmanager
async def looking_on(url: str, onlookers: Sequence[Onlooker]) -> AsyncIterator[Look]:
    """Let onlookers exchange documents until the block ends."""
    look, ended = Look(), asyncio.Event()

    async def exchange(onlooker: Onlooker) -> None:
        onlooker.seconds.clear()
        while not ended.is_set():
            due = time.monotonic() + _ROUND_SECONDS
            await onlooker.exchange()
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async with watching(url) as waits:
        async with asyncio.TaskGroup() as exchanging:
            for onlooker in onlookers:
                exchanging.create_task(exchange(onlooker))
            try:
                yield look
            finally:
                ended.set()
        calls = {
            call: Spread.of([seconds for onlooker in onlookers for seconds in onlooker.seconds[call]])
            for call in ("send", "list", "collect", "confirm")
        }
        look.traffic = Traffic(**calls, loop=Spread.of(waits))
