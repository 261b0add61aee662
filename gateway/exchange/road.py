"""The road to the axis: is anybody there, and how many may set out?

While nobody is met there, trying every dispatch would tell nothing that one does not: the road closes, and a
single scout is sent at the back-off's pace. Any sound answer opens it again, to whichever call it was given,
and so does a call of the axis to us. Trouble that may be one dispatch's own is that dispatch's alone, unless
so many meet it in a row that it is the axis's; then the road opens when the axis takes something again. What
waits meanwhile is not put off: it is due all the time, and leaves in its order.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import LienthongError
from gateway.log_lines import log
from gateway.model.identifiers import DispatchId

_NOBODY_THERE = "axis-away"
_FINAL_NO = "axis-refused"
_NOT_NOW = "axis-failed"
# The axis was there, or may have been, and did not take it: its own trouble, or this dispatch's.
_NOT_TAKEN = frozenset({_NOT_NOW, "outcome-unknown", "answer-unreadable"})


@dataclass(slots=True, kw_only=True)
class Road:
    """What the last attempts tell about the axis; the worker asks it before it claims.

    Shape: first_delay doubles with every attempt up to longest_delay, give or take jitter (a share).
    patience is how many attempts in a row may end untaken; on_open is called when the road opens again.
    """

    first_delay: timedelta
    longest_delay: timedelta
    jitter: float
    patience: int
    on_open: Callable[[], None] = lambda: None
    _untaken_count: int = 0
    _scouts_count: int = 0
    _scout: DispatchId | None = None
    _next_scout_at: datetime | None = None
    _closed_at: datetime | None = None
    _nobody_there: bool = False
    _has_reopened: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether everybody may set out."""
        return self._next_scout_at is None

    @property
    def closed_at(self) -> datetime | None:
        """Tell since when only a scout may set out; None while the road is open."""
        return self._closed_at

    @property
    def longest_pause(self) -> timedelta:
        """Tell what no pause exceeds."""
        return self.longest_delay * (1 + self.jitter)

    def pause(self, attempt_count: int) -> timedelta:
        """Say how long to wait after so many attempts before this one."""
        pause = min(self.first_delay * (1 << min(attempt_count, 16)), self.longest_delay)
        spread: float = random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - spreads load, no secret
        return pause * spread

    def places(self, free: int, *, at: datetime) -> int:
        """Say how many of the free places may be taken now: all, or one by a scout, or none."""
        if self._next_scout_at is None:
            return free
        # A clock set back would keep the scout waiting for an instant that is far away again.
        is_due = not at < self._next_scout_at <= at + self.longest_pause
        return min(free, 1) if self._scout is None and is_due else 0

    def set_out(self, dispatch_id: DispatchId) -> None:
        """Note who was claimed; while the road is closed it is the scout."""
        if not self.is_open:
            self._scout = dispatch_id

    def come_back(self, dispatch_id: DispatchId) -> None:
        """Note that an attempt has ended, however it did: another scout may be sent."""
        if self._scout == dispatch_id:
            self._scout = None

    def was_answered(self) -> None:
        """Note a sound answer of the axis to any call, or a call of its own: somebody is there."""
        if self._nobody_there:
            self._open()

    def was_taken(self) -> None:
        """Note that the axis took a dispatch, or said its final no about one: it does its work."""
        self._untaken_count = 0
        if not self.is_open:
            self._open()

    def was_not_taken(self, dispatch_id: DispatchId, error: LienthongError, *, at: datetime) -> None:
        """Note how an attempt ended that did not deliver; what is no word about the axis changes nothing."""
        if error.code == _FINAL_NO:
            self.was_taken()
            return
        if error.code == _NOT_NOW:
            self.was_answered()
        if error.code in _NOT_TAKEN:
            self._untaken_count += 1
        elif error.code != _NOBODY_THERE:
            return
        if not self.is_open and dispatch_id != self._scout:
            return  # who set out before the road closed tells nothing new
        if error.code == _NOBODY_THERE:
            self._close(error, at, pause=self.pause(self._scouts_count))
            self._scouts_count += 1
            self._nobody_there = True
        elif not self.is_open or self._untaken_count >= self.patience:
            self._close(error, at, pause=self.pause(0))

    def _close(self, error: LienthongError, at: datetime, *, pause: timedelta) -> None:
        self._next_scout_at, self._closed_at = at + pause, self._closed_at or at
        log.warning("axis away", reason=error.code, next_try=f"{pause.total_seconds():.0f}s")

    def _open(self) -> None:
        self._untaken_count = self._scouts_count = 0
        self._next_scout_at, self._closed_at, self._nobody_there = None, None, False
        self._has_reopened = True
        log.info("axis back")
        self.on_open()

    def take_reopening(self) -> bool:
        """Tell once after each closure that the road is open again."""
        reopened, self._has_reopened = self._has_reopened, False
        return reopened

    def keep_reopening(self) -> None:
        """Let it be told again: what it was to change was not changed."""
        self._has_reopened = True
