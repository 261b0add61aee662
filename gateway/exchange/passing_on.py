"""What leaves this gateway leaves sealed: the package's own bytes with a signature element put in.

A package that bears a signature of its own leaves as it is, since ours would break it. The seal is made
when the package first leaves and kept, so that every attempt sends the same bytes; when its certificate
has run out before the package got away, a new one is made.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

import structlog

from gateway.edxml.outline import Limits
from gateway.edxml.xml import parse_outline, scan_package
from gateway.errors import Refusal
from gateway.model.identifiers import AgencyCode, Digest
from gateway.points import Point, passed
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import Database
from gateway.store.packages import Direction, StoredPackage, keep_seal
from gateway.trust.keys import Seal
from gateway.trust.xml_signing import sign_package

log = structlog.get_logger()

# Sealing this much takes about a millisecond; more goes off the loop.
_ON_THE_LOOP_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A package as it leaves. digest is of the bytes that leave, size_bytes their count.

    Shape: content is the whole of a small package, so that it is fetched once and read thrice.
    """

    blobs: Blobs
    package: StoredPackage
    content: bytes | None = None

    @property
    def size_bytes(self) -> int:
        """Count the bytes that leave."""
        return self.package.size_bytes + len(self.package.seal or b"")

    def without_seal(self) -> "Leaving":
        """Take the package as it came."""
        return replace(self, package=replace(self.package, seal=None))

    async def open(self) -> BinaryIO:
        """Open the package as it came; the caller closes."""
        if self.content is not None:
            return io.BytesIO(self.content)
        return await self.blobs.open(self.package.digest)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the package as it leaves, from its start; may be called again."""
        seal, left = self.package.seal, self.package.seal_at
        with await self.open() as file:
            async for chunk in read_chunks(file):
                if seal is not None and left is not None and left <= len(chunk):
                    yield chunk[:left] + seal
                    yield chunk[left:]
                    seal = None
                else:
                    yield chunk
                    left = None if left is None else left - len(chunk)

    async def digest(self) -> Digest:
        """Hash the bytes that leave; a sealed package has another digest than the one it came with."""
        if self.package.seal is None:
            return self.package.digest
        digest = sha256()
        async for chunk in self.chunks():
            digest.update(chunk)
        return Digest(digest.hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """Seals packages on their way out. seal_of gives the key of an agency, or the gateway's own.

    A package that has no canonical form to sign (a relative namespace name) leaves unsealed, not never.
    """

    database: Database
    blobs: Blobs
    seal_of: Callable[[AgencyCode], Seal]
    own_seal: Seal
    limits: Limits

    async def prepare(self, package: StoredPackage, content: bytes | None, *, at: datetime) -> Leaving:
        """Make a package ready to leave, sealing it if it is not yet.

        Shape: content is the whole of a small package.
        """
        leaving = Leaving(blobs=self.blobs, package=package, content=content)
        if package.seal_at is None or (package.sealed_until is not None and package.sealed_until > at):
            return leaving
        # What came from the axis we seal as what we are, never in the name of who is said to have sent it.
        seal = self.own_seal if package.direction is Direction.INBOUND else self.seal_of(package.sender)
        try:
            signature = await self._sign(leaving, seal)
        except Refusal as refusal:
            log.warning("leaves unsealed", package=package.id, reason=refusal.code)
            return leaving
        until = seal.certificate.not_valid_after_utc
        passed(Point.SIGNED)
        await self.database.write(lambda tables: keep_seal(tables, package.id, signature, until=until))
        passed(Point.SEALED)
        return replace(leaving, package=replace(package, seal=signature, sealed_until=until))

    async def _sign(self, leaving: Leaving, seal: Seal) -> bytes:
        with await leaving.open() as source:

            def sign() -> bytes:
                # It was read and judged when it came.
                outline = scan_package(source, limits=self.limits, digest=leaving.package.digest)
                return sign_package(outline, parse_outline(outline), source, seal)

            small = leaving.package.size_bytes <= _ON_THE_LOOP_BYTES
            return sign() if small else await asyncio.to_thread(sign)
