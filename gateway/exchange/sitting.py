"""Judging on the loop, those that came at about the same time one behind the other.

What one judgement brings into the processor's caches the next one finds there; among other work each costs
half as much again (docs/performance.md). What follows a judgement is done for all of them in a row, too.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

T = TypeVar("T")

# So many small ones take some eight milliseconds, during which nothing else is heard.
_FULL_COUNT = 16


@dataclass(slots=True)
class Sitting:
    """Hears who waits to be judged, and judges them together, a few at most before others have their turn."""

    _cases: list[Callable[[], None]] = field(default_factory=list)

    async def hear(self, judge: Callable[[], T]) -> T:
        """Judge as soon as a turn of the loop brings no other case; return or raise what `judge` does."""
        loop = asyncio.get_running_loop()
        verdict: asyncio.Future[T] = loop.create_future()
        if not self._cases:
            loop.call_soon(self._open, 0)
        self._cases.append(partial(_decide, judge, verdict))
        return await verdict

    def _open(self, known_count: int) -> None:
        loop, count = asyncio.get_running_loop(), len(self._cases)
        if known_count < count < _FULL_COUNT:
            loop.call_soon(self._open, count)
            return
        cases, self._cases = self._cases[:_FULL_COUNT], self._cases[_FULL_COUNT:]
        for decide in cases:
            decide()
        if self._cases:
            loop.call_soon(self._open, 0)


def _decide(judge: Callable[[], T], verdict: "asyncio.Future[T]") -> None:
    if verdict.cancelled():  # whoever asked is gone
        return
    try:
        found = judge()
    except Exception as error:
        verdict.set_exception(error)
    else:
        verdict.set_result(found)
