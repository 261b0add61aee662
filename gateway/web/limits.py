"""How much one caller, and all together, may ask at once. Too much is refused early, never queued up.

A caller is a system, or a program with a token.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import Delay
from gateway.model.identifiers import SystemId

# The line of those who were turned away is not told to be longer than this.
_LONGEST_LINE_SECONDS = 60.0
# How much of the newest transfer is in the average.
_NEWEST = 1 / 16
# What fits into the buffers of one connection is gone at once, whether anybody reads it or not.
_SMALL_BYTES = 64 << 10


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(slots=True, kw_only=True)
class _Places:
    """Places for what takes its time; one system gets half of them at most.

    Shape: full makes the error for who finds none.
    """

    count: int
    full: Callable[[], Delay]
    _taken: Counter[SystemId] = field(default_factory=Counter)
    _seconds: float = 1.0
    _line_ends_at: float = float("-inf")

    @contextmanager
    def held_by(self, system: SystemId) -> Iterator[None]:
        share = max(1, self.count // 2)
        if self._taken.total() >= self.count or self._taken[system] >= share:
            raise self.full().again_in(self._end_of_the_line())
        began = time.monotonic()
        self._taken[system] += 1
        try:
            yield
        finally:
            self._taken[system] -= 1
            self._seconds += (time.monotonic() - began - self._seconds) * _NEWEST

    def _end_of_the_line(self) -> timedelta:
        """Send whoever is turned away behind those who were before, at the pace at which places come free."""
        now = time.monotonic()
        ends_at = max(self._line_ends_at, now) + self._seconds / self.count
        self._line_ends_at = min(ends_at, now + _LONGEST_LINE_SECONDS)
        return timedelta(seconds=self._line_ends_at - now)


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts requests per caller, uploads and downloads in all.

    Units: requests_per_second 0 means no limit; burst is how many may come at once after a pause.
    """

    requests_per_second: float
    burst: int
    uploads_count: int
    downloads_count: int
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _admitted: Counter[str] = field(default_factory=Counter)
    _uploads: _Places = field(init=False)
    _downloads: _Places = field(init=False)

    def __post_init__(self) -> None:
        self._uploads = _Places(count=self.uploads_count, full=_too_many_uploads)
        self._downloads = _Places(count=self.downloads_count, full=_too_many_downloads)

    def admit(self, caller: str) -> None:
        """Let one request of a caller in.

        Errors: Delay ``too-many-requests``.
        """
        if not self.requests_per_second:
            return
        bucket = self._filled(caller)
        if bucket.tokens < 1:
            raise Delay.because(
                "too-many-requests",
                vi="Hệ thống gửi quá nhiều yêu cầu; hãy chờ giây lát.",
                en="The system asks too often; wait a moment.",
            ).again_in(timedelta(seconds=(1 - bucket.tokens) / self.requests_per_second))
        bucket.tokens -= 1
        self._admitted[caller] += 1

    def take_admitted(self) -> Counter[str]:
        """Tell how many requests of each caller were let in since this was asked last."""
        admitted, self._admitted = self._admitted, Counter()
        return admitted

    def take_off(self, caller: str, count: int) -> None:
        """Count requests that another node let in; nobody owes more than a burst for them."""
        bucket = self._filled(caller)
        bucket.tokens = max(bucket.tokens - count, -float(self.burst))

    def _filled(self, caller: str) -> _Bucket:
        now = time.monotonic()
        bucket = self._buckets.setdefault(caller, _Bucket(float(self.burst), now))
        refill = (now - bucket.filled_at) * self.requests_per_second
        bucket.tokens, bucket.filled_at = min(float(self.burst), bucket.tokens + refill), now
        return bucket

    def uploading(self, system: SystemId) -> AbstractContextManager[None]:
        """Hold a place for one upload; one system gets half of the places at most.

        Errors: Delay ``too-many-uploads``.
        """
        return self._uploads.held_by(system)

    def downloading(self, system: SystemId, size_bytes: int) -> AbstractContextManager[None]:
        """Hold a place for one download; a small one needs none.

        Errors: Delay ``too-many-downloads``.
        """
        return nullcontext() if size_bytes <= _SMALL_BYTES else self._downloads.held_by(system)


def _too_many_uploads() -> Delay:
    return Delay.because(
        "too-many-uploads",
        vi="Quá nhiều gói tin đang được gửi lên; hãy gửi lại sau.",
        en="Too many packages are being uploaded; send it again later.",
    )


def _too_many_downloads() -> Delay:
    return Delay.because(
        "too-many-downloads",
        vi="Quá nhiều gói tin đang được tải xuống; hãy tải lại sau.",
        en="Too many packages are being downloaded; fetch it again later.",
    )
