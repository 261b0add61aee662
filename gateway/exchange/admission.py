"""Turns new work away while there is still room for what was promised, and says when to come back."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import Delay
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.dispatches import AxisQueue, look_at_queue

_FRESH_SECONDS = 1.0
_LOOKS_KEPT = 30
# Whoever was turned away comes back when so much of the queue is free that it does not fill at once.
_EASE = 0.9
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Admission:
    """Watches the disk and the queue, each looked at once a second at most, and the database's writer."""

    database: Database
    blobs: Blobs
    free_space_floor_bytes: int
    queue_limit: int
    longest_lag: timedelta = timedelta(seconds=2)
    _free_bytes: int = 0
    _measured_at: float = float("-inf")
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looks: deque[tuple[float, AxisQueue]] = field(default_factory=lambda: deque(maxlen=_LOOKS_KEPT))

    def check_disk(self) -> None:
        """Insist on room for what comes in.

        Errors: Delay ``disk-full``.
        """
        now = time.monotonic()
        if now - self._measured_at > _FRESH_SECONDS:
            self._free_bytes, self._measured_at = self.blobs.free_bytes(), now
        if self._free_bytes < self.free_space_floor_bytes:
            raise Delay.because(
                "disk-full",
                vi="Sắp hết chỗ trên đĩa; hãy gửi lại sau.",
                en="The disk is nearly full; send it again later.",
            ).again_in(_LONGEST)

    def check_writer(self) -> None:
        """Insist that what is recorded now is recorded soon.

        Errors: Delay ``writer-behind``.
        """
        lag = self.database.lag
        if lag > self.longest_lag:
            raise Delay.because(
                "writer-behind",
                vi="Cơ sở dữ liệu đang ghi chậm; hãy gửi lại sau.",
                en="The database is behind with its writing; send it again later.",
            ).again_in(min(2 * lag, _LONGEST))

    async def check_queue(self) -> None:
        """Insist on room in the queue to the axis; what stays in the house needs none.

        Errors: Delay ``queue-full``.
        """
        if self._is_stale():
            async with self._looking:  # one look for all who ask at once
                if self._is_stale():
                    self._looks.append((time.monotonic(), await look_at_queue(self.database)))
        if self._looks[-1][1].open_count >= self.queue_limit:
            raise Delay.because(
                "queue-full",
                vi="Quá nhiều gói tin đang chờ gửi; hãy gửi lại sau.",
                en="Too many packages are waiting to leave; send it again later.",
            ).again_in(self._until_eased())

    def _is_stale(self) -> bool:
        return not self._looks or time.monotonic() - self._looks[-1][0] > _FRESH_SECONDS

    def _until_eased(self) -> timedelta:
        """Estimate, from how fast the queue was emptied in the last half minute, when it has eased."""
        (first_at, first), (last_at, last) = self._looks[0], self._looks[-1]
        ended_count = last.ended_count - first.ended_count
        if not ended_count:
            return _LONGEST
        surplus = last.open_count - _EASE * self.queue_limit
        return min(max(timedelta(seconds=surplus * (last_at - first_at) / ended_count), _SHORTEST), _LONGEST)
