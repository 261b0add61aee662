"""How the node is, judged: the road to the axis, seals, log and disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.exchange.sensors import Thresholds, is_over
from gateway.exchange.worker import Worker
from gateway.model.identifiers import AgencyCode
from gateway.store.checkpoints import KeptCheckpoint

_SILENCE_WARNING = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisCondition:
    """How the road to the axis is.

    Shape: every tone is ``good``, ``wait`` or ``bad``, or ``calm`` when there is nothing to judge; poll_every
    is None on a hub.
    """

    poll_every: timedelta | None
    away_since: datetime | None
    fetched_at: datetime | None
    is_away: bool
    is_running: bool
    at: datetime

    @classmethod
    def of(cls, worker: Worker, poll_every: timedelta | None, at: datetime) -> "AxisCondition":
        """Ask who walks it."""
        return cls(
            poll_every=poll_every,
            away_since=worker.axis_away_since,
            fetched_at=worker.fetched_at,
            is_away=worker.axis_is_away,
            is_running=worker.is_running,
            at=at,
        )

    @property
    def tone(self) -> str:
        """Judge it."""
        if self.poll_every is None:
            return "calm"
        if self.is_away or not self.is_running:
            return "bad"
        if self.fetched_at is None or self.at - self.fetched_at > _SILENCE_WARNING * self.poll_every:
            return "wait"
        return "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How the node is.

    Shape: tones are those of `AxisCondition`. ending_seals are those of single agencies that end soon;
    exposed_since is the instant of the first checkpoint that no timestamp covers; has_authority tells
    whether somebody gives any.
    """

    axis: AxisCondition
    seal_until: datetime
    ending_seals: Sequence[tuple[AgencyCode, datetime]]
    checkpoint: KeptCheckpoint | None
    exposed_since: datetime | None
    has_authority: bool
    free_bytes: int
    thresholds: Thresholds
    at: datetime

    @property
    def seal_tone(self) -> str:
        """Judge the seals by the one that ends first."""
        first = min([self.seal_until, *(until for _, until in self.ending_seals)])
        return "bad" if first <= self.at else "wait" if self.thresholds.ends_soon(first, self.at) else "good"

    @property
    def log_tone(self) -> str:
        """Judge the log by the timestamps over it, where somebody gives any."""
        if self.checkpoint is None or not self.has_authority:
            return "calm"
        if self.exposed_since is None:
            return "good"
        return "wait" if is_over(self.thresholds.unstamped_after, self.exposed_since, self.at) else "calm"

    @property
    def disk_tone(self) -> str:
        """Judge the room on the disk by the floor below which nothing is taken."""
        return (
            "bad"
            if self.free_bytes < self.thresholds.free_space_floor_bytes
            else "wait"
            if self.thresholds.is_low(self.free_bytes)
            else "good"
        )
