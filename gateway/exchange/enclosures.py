"""The files of a package, taken out for a reader: named, counted, streamed at flat memory."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gateway.edxml.attachments import NamedFile, describe_attachment, open_attachment
from gateway.edxml.file_names import OCTETS, safe_name
from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.errors import Refusal
from gateway.model.package import Attachment
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.findable import load_attachments
from gateway.store.packages import StoredPackage

# Of larger packages the list says what the package says, without unpacking all of them for it.
_LOOKED_INTO_BYTES = 32 << 20
_SCRATCH_IN_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosures:
    """Takes files out of kept packages."""

    database: Database
    blobs: Blobs
    limits: Limits

    async def list_files(self, package: StoredPackage) -> list[NamedFile]:
        """Name a package's files, in their order.

        Errors: Refusal or Delay when its bytes cannot be had.
        """
        attachments = await self._attachments(package)
        if not attachments:
            return []
        if package.size_bytes > _LOOKED_INTO_BYTES:
            return [_as_stated(attachment) for attachment in attachments]
        with await self.blobs.open(package.digest) as source:
            return await asyncio.to_thread(_describe_all, source, attachments)

    @contextlib.asynccontextmanager
    async def opened(
        self, package: StoredPackage, place: int
    ) -> AsyncIterator[tuple[NamedFile, AsyncIterator[bytes]]]:
        """Lend one file: what it is, and its bytes.

        Shape: place counts from 1.
        Errors: Refusal ``not-found`` when there is no such file, or another when it cannot be unpacked.
        """
        attachments = await self._attachments(package)
        if not 1 <= place <= len(attachments):
            raise Refusal.because(
                "not-found", vi="Gói tin không có tệp này.", en="The package has no such file."
            )
        attachment = attachments[place - 1]
        with await self.blobs.open(package.digest) as source, _scratch() as scratch:
            named = await asyncio.to_thread(_describe, source, attachment, scratch)
            async with contextlib.aclosing(_pieces(source, attachment, scratch)) as pieces:
                yield named, pieces

    async def _attachments(self, package: StoredPackage) -> list[Attachment]:
        known = await load_attachments(self.database, package.id)
        if known:
            return known
        # From before files were noted, and not yet taken up by indexing.py; or there are none.
        with await self.blobs.open(package.digest) as source:
            read = await asyncio.to_thread(read_package, source, limits=self.limits)
        return [] if read.package is None else list(read.package.attachments)


def _scratch() -> BinaryIO:
    return tempfile.SpooledTemporaryFile(max_size=_SCRATCH_IN_MEMORY)  # type: ignore[return-value]


def _describe(source: BinaryIO, attachment: Attachment, scratch: BinaryIO) -> NamedFile:
    return describe_attachment(source, attachment, scratch=scratch)


def _describe_all(source: BinaryIO, attachments: list[Attachment]) -> list[NamedFile]:
    named = []
    for attachment in attachments:
        with _scratch() as scratch:
            try:
                named.append(_describe(source, attachment, scratch))
            except Refusal:  # one that cannot be unpacked is listed all the same
                named.append(_as_stated(attachment))
    return named


def _as_stated(attachment: Attachment) -> NamedFile:
    return NamedFile(
        name=safe_name(attachment.name),
        media_type=OCTETS,
        size_bytes=attachment.decoded_bytes,
        digest=attachment.digest,
        wrapped=False,
    )


async def _pieces(source: BinaryIO, attachment: Attachment, scratch: BinaryIO) -> AsyncGenerator[bytes]:
    pieces: Iterator[bytes] = open_attachment(source, attachment, scratch=scratch)
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece
