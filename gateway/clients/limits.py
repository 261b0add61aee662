"""How long we wait for an axis, and how much we take from it."""

from dataclasses import dataclass
from datetime import timedelta

import aiohttp


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisLimits:
    """How long we wait and how much we take.

    Units: slowest is bytes per second, below which a transfer is given up. download_bytes bounds one
    package, list_bytes any other answer.
    """

    connect: timedelta = timedelta(seconds=10)
    answer: timedelta = timedelta(seconds=60)
    slowest: int = 64 * 1024
    list_bytes: int = 128 * 1024 * 1024
    download_bytes: int = 2 * 1024 * 1024 * 1024

    def timeout(self, size_bytes: int) -> aiohttp.ClientTimeout:
        """Say how long a call that moves so many bytes may take."""
        connect, answer = self.connect.total_seconds(), self.answer.total_seconds()
        return aiohttp.ClientTimeout(
            total=connect + answer + size_bytes / self.slowest,
            connect=connect,
            sock_connect=connect,
            sock_read=answer,
        )
