"""What leaves this gateway leaves sealed: the package's own bytes with a signature element put in.

A package that bears a signature of its own leaves as it is, since ours would break it. The seal is made
when the package first leaves and kept, so that every attempt sends the same bytes; when its certificate
has run out before the package got away, a new one is made.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO

from gateway.edxml.outline import Limits
from gateway.edxml.xml import parse_outline, scan_package
from gateway.errors import Refusal
from gateway.exchange.forms import Forms
from gateway.log_lines import log
from gateway.model.identifiers import AgencyCode, Digest
from gateway.points import Point, passed
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import Database
from gateway.store.packages import Direction, StoredPackage, keep_seal
from gateway.store.spool import READ_BYTES, disk_delays
from gateway.trust.keys import Seal
from gateway.trust.xml_signing import sign_form, sign_package

# Sealing this much takes about a millisecond; more goes off the loop.
_ON_THE_LOOP_BYTES = 64 << 10
# What is read at once anyhow is read once.
_IN_MEMORY_BYTES = READ_BYTES
# Small enough to stay in the cache between being read and being hashed.
_PIECE_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashed:
    """What leaves, its digest known, and its bytes as often as they are asked for."""

    digest: Digest
    size_bytes: int
    chunks: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A package as it leaves. size_bytes counts the bytes that leave.

    Shape: content is the whole of a small package as it came.
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
        return await self.blobs.open(self.package.digest, size_bytes=self.package.size_bytes)

    async def found(self) -> "Leaving":
        """Find the bytes, and read them where they are few: what cannot be read is said now."""
        with await self.open() as file, disk_delays():
            if self.content is not None or self.package.size_bytes > _IN_MEMORY_BYTES:
                return self
            return replace(self, content=await asyncio.to_thread(file.read, self.package.size_bytes + 1))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Read the package as it leaves, from its start; may be called again."""
        if self.content is not None:
            for piece in self._pieces(io.BytesIO(self.content)):
                yield piece
            return
        seal, seal_at = self.package.seal or b"", self.package.seal_at or 0
        with await self.open() as file:
            async for chunk in read_chunks(file, first_bytes=seal_at):
                yield chunk
            if seal:
                yield seal
            async for chunk in read_chunks(file):
                yield chunk

    async def hashed(self) -> Hashed:
        """Hash the bytes that leave; few of them are read, sealed and hashed in one go, and kept at hand."""
        size_bytes = self.package.size_bytes
        if size_bytes > _IN_MEMORY_BYTES:
            return Hashed(digest=await self._hash_large(), size_bytes=self.size_bytes, chunks=self.chunks)
        with await self.open() as file, disk_delays():
            small = self.content is not None and size_bytes <= _ON_THE_LOOP_BYTES
            digest, pieces = self._take(file) if small else await asyncio.to_thread(self._take, file)

        async def chunks() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return Hashed(digest=digest, size_bytes=self.size_bytes, chunks=chunks)

    def _take(self, file: BinaryIO) -> tuple[Digest, Sequence[bytes]]:
        pieces = self._pieces(file)
        if self.package.seal is None:
            return self.package.digest, pieces
        digest = sha256()
        for piece in pieces:
            digest.update(piece)
        return Digest(digest.hexdigest()), pieces

    def _pieces(self, file: BinaryIO) -> Sequence[bytes]:
        """Read the whole as it leaves, and copy none of what stands behind the seal."""
        # Of a size that is told, for what is read to the end is copied; one more, to find what is too long.
        seal, at, size_bytes = self.package.seal, self.package.seal_at or 0, self.package.size_bytes + 1
        return (file.read(at) + seal, file.read(size_bytes - at)) if seal else (file.read(size_bytes),)

    async def _hash_large(self) -> Digest:
        if self.package.seal is None:
            return self.package.digest
        with await self.open() as file, disk_delays():
            return await asyncio.to_thread(self._hash, file)

    def _hash(self, file: BinaryIO) -> Digest:
        digest, seal_at = sha256(), self.package.seal_at or 0
        while seal_at and (piece := file.read(min(seal_at, _PIECE_BYTES))):
            digest.update(piece)
            seal_at -= len(piece)
        digest.update(self.package.seal or b"")
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
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
    forms: Forms

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
        known = self.forms.find(leaving.package.digest)
        if known is not None:
            return sign_form(known, seal)
        with await leaving.open() as source:

            def sign() -> bytes:
                # It was read and judged when it came.
                outline = scan_package(source, limits=self.limits, digest=leaving.package.digest)
                return sign_package(outline, parse_outline(outline), source, seal)

            small = leaving.package.size_bytes <= _ON_THE_LOOP_BYTES
            return sign() if small else await asyncio.to_thread(sign)
