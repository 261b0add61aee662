"""New ids, each greater than the last one made here, and none made by two nodes."""

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
        """Go on behind the newest id stored, even when the clock was set back since.

        In the millisecond after it, with a tail of its own: the newest may have been made elsewhere, and
        counting on from it would make what its maker makes next.
        """
        if newest is None:
            return cls()
        return cls(_milliseconds=(UUID(newest).int >> 80) + 1, _tail=_fresh_tail())

    def new(self, at: datetime, *, behind: str | None = None) -> str:
        """Make an id; a clock set back does not make it smaller than the last.

        Shape: behind is the newest there is, which another node with another clock may have made.
        """
        with self._lock:
            milliseconds = int(at.timestamp() * 1000)
            if behind is not None and behind > time_ordered_id(self._milliseconds, self._tail):
                # A millisecond of our own, for the reason given in `after`.
                milliseconds = max(milliseconds, (UUID(behind).int >> 80) + 1)
            if milliseconds > self._milliseconds:
                self._milliseconds, self._tail = milliseconds, _fresh_tail()
            else:
                self._tail += 1
            return time_ordered_id(self._milliseconds, self._tail)


def _fresh_tail() -> int:
    """Draw a tail; its top bit stays free, so that counting up within a millisecond cannot overflow."""
    return secrets.randbits(_TAIL_BITS - 1)
