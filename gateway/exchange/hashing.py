"""Hashing passwords beside the loop: few at a time, a short line, then a word to come again."""

import asyncio
import os
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import Delay
from gateway.trust.passwords import SALT_BYTES, hash_password, verify_password

# Half of the processors may hash; the other half is the gateway's.
_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)
_IN_LINE = 32


@dataclass(slots=True, kw_only=True)
class Hashing:
    """Verifies and hashes passwords in threads.

    Errors: Delay ``too-many-sign-ins`` when the line is full.
    """

    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _waiting_count: int = 0

    async def verify(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the kept one; where none is kept it takes as long to say no."""
        if kept is None:
            await self.hash(password)
            return False
        async with _Place(self):
            return await asyncio.to_thread(verify_password, password, kept)

    async def hash(self, password: str) -> str:
        """Hash a password for keeping."""
        async with _Place(self):
            return await asyncio.to_thread(hash_password, password, salt=secrets.token_bytes(SALT_BYTES))


@dataclass(slots=True)
class _Place:
    """A place among those who hash at once."""

    hashing: Hashing

    async def __aenter__(self) -> None:
        if self.hashing._waiting_count >= _IN_LINE:
            raise Delay.because(
                "too-many-sign-ins",
                vi="Quá nhiều người đang đăng nhập cùng lúc; hãy thử lại sau giây lát.",
                en="Too many people are signing in at once; try again in a moment.",
            ).again_in(timedelta(seconds=5))
        self.hashing._waiting_count += 1
        try:
            await self.hashing._places.acquire()
        finally:
            self.hashing._waiting_count -= 1

    async def __aexit__(self, *_: object) -> None:
        self.hashing._places.release()
