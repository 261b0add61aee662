"""How much one caller, and all together, may ask at once. Too much is refused early, never queued up.

A caller is a system, or a program with a token.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import Delay
from gateway.model.identifiers import SystemId

# The line of those who were turned away is not told to be longer than this.
_LONGEST_LINE_SECONDS = 60.0
# How much of the newest upload is in the average.
_NEWEST = 1 / 16


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


@dataclass(slots=True, kw_only=True)
class Limits:
    """Counts requests per caller and uploads in all.

    Units: requests_per_second 0 means no limit; burst is how many may come at once after a pause.
    """

    requests_per_second: float
    burst: int
    uploads_count: int
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _admitted: Counter[str] = field(default_factory=Counter)
    _uploads: Counter[SystemId] = field(default_factory=Counter)
    _upload_seconds: float = 1.0
    _line_ends_at: float = float("-inf")

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

    @contextmanager
    def uploading(self, system: SystemId) -> Iterator[None]:
        """Hold a place for one upload; one system gets half of the places at most.

        Errors: Delay ``too-many-uploads``.
        """
        share = max(1, self.uploads_count // 2)
        if self._uploads.total() >= self.uploads_count or self._uploads[system] >= share:
            raise Delay.because(
                "too-many-uploads",
                vi="Quá nhiều gói tin đang được gửi lên; hãy gửi lại sau.",
                en="Too many packages are being uploaded; send it again later.",
            ).again_in(self._end_of_the_line())
        began = time.monotonic()
        self._uploads[system] += 1
        try:
            yield
        finally:
            self._uploads[system] -= 1
            self._upload_seconds += (time.monotonic() - began - self._upload_seconds) * _NEWEST

    def _end_of_the_line(self) -> timedelta:
        """Send whoever is turned away behind those who were before, at the pace at which places come free."""
        now = time.monotonic()
        place_seconds = self._upload_seconds / self.uploads_count
        ends_at = max(self._line_ends_at, now) + place_seconds
        self._line_ends_at = min(ends_at, now + _LONGEST_LINE_SECONDS)
        return timedelta(seconds=self._line_ends_at - now)
