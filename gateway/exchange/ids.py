"""New ids, each greater than the last one made here."""

import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.model.identifiers import time_ordered_id

_TAIL_BITS = 74


@dataclass(slots=True)
class Mint:
    """Makes ids that sort in the order they were made, on whichever thread.

    The order of a thread's dispatches hangs on it: a recall must not overtake what it recalls.
    """

    _milliseconds: int = 0
    _tail: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def after(cls, newest: str | None) -> "Mint":
        """Go on behind an id made earlier, even when the clock was set back since."""
        if newest is None:
            return cls()
        value = UUID(newest).int
        return cls(_milliseconds=value >> 80, _tail=(value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1)

    def new(self, at: datetime) -> str:
        """Make an id; a clock set back does not make it smaller than the last."""
        with self._lock:
            milliseconds = int(at.timestamp() * 1000)
            if milliseconds > self._milliseconds:
                # The top bit stays free, so that counting up within a millisecond cannot overflow.
                self._milliseconds, self._tail = milliseconds, secrets.randbits(_TAIL_BITS - 1)
            else:
                self._tail += 1
            return time_ordered_id(self._milliseconds, self._tail)
