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
    """Watches the disk and the queue, which is counted at most once a second."""

    database: Database
    blobs: Blobs
    free_space_floor_bytes: int
    queue_limit: int
    _looked_at: float = float("-inf")
    _waiting: int = 0

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

    async def check_queue(self) -> None:
        """Insist on room in the queue to the axis; what stays in the house needs none.

        Errors: Delay ``queue-full``.
        """
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            self._waiting = await count_waiting(self.database)
            self._looked_at = time.monotonic()
        if self._waiting >= self.queue_limit:
            raise Delay.because(
                "queue-full",
                vi="Quá nhiều gói tin đang chờ gửi; hãy gửi lại sau.",
                en="Too many packages are waiting to leave; send it again later.",
            )
