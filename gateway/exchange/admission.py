"""Turns new work away while there is still room for the work that was promised."""

import time
from dataclasses import dataclass

from gateway.errors import Delay
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.dispatches import count_waiting

_FRESH_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Admission:
    """Watches the disk and the queue; looks at most once a second."""

    database: Database
    blobs: Blobs
    free_space_floor_bytes: int
    queue_limit: int
    _looked_at: float = float("-inf")
    _delay: Delay | None = None

    async def check_room(self) -> None:
        """Let new work in.

        Errors: Delay ``disk-full`` or ``queue-full``.
        """
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            self._delay = await self._look()
            self._looked_at = time.monotonic()
        if self._delay is not None:
            raise Delay(self._delay.code, self._delay.faults)

    def check_disk(self) -> None:
        """Insist on room for what comes in.

        Errors: Delay ``disk-full``.
        """
        if self.blobs.free_bytes() < self.free_space_floor_bytes:
            raise Delay.because(
                "disk-full",
                vi="Sắp hết chỗ trên đĩa; hãy gửi lại sau.",
                en="The disk is nearly full; send it again later.",
            )

    async def _look(self) -> Delay | None:
        try:
            self.check_disk()
        except Delay as delay:
            return delay
        if await count_waiting(self.database) >= self.queue_limit:
            return Delay.because(
                "queue-full",
                vi="Quá nhiều gói tin đang chờ gửi; hãy gửi lại sau.",
                en="Too many packages are waiting to leave; send it again later.",
            )
        return None
