"""Package bytes: spooled as they come, kept under their digest, opened again by it.

Small packages live in the database and commit with their walk (docs/decisions/0004); large ones stand on a
shelf, a folder or an object store, made durable before the walk's commit names them (shelf.py). A name is
always a digest, or one of ours, never anything a sender wrote.
"""

import asyncio
import io
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gateway.edxml.early import EarlyScan
from gateway.errors import Delay
from gateway.model.identifiers import Digest
from gateway.store.database import Database
from gateway.store.folder import Folder
from gateway.store.ranged_file import RangedFile
from gateway.store.sheets import BLOBS
from gateway.store.shelf import Shelf, has_objects
from gateway.store.spool import READ_BYTES, Spool, SpoolWriter, disk_delays
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """The store of package bytes of one data directory.

    Shape: the first shelf takes what comes; on the others stands what came before there was that one.
    """

    database: Database
    spool_directory: Path
    inline_limit: int
    shelves: tuple[Shelf, ...]

    @property
    def is_in_folder(self) -> bool:
        """Tell whether large packages go to a folder, which another machine does not have."""
        return isinstance(self.shelves[0], Folder)

    async def check(self) -> None:
        """Find out at start whether the shelves can be used, by this gateway.

        Errors: Misconfiguration when it is certain that one cannot; Delay when that is not certain.
        """
        for shelf in self.shelves:
            await shelf.check(is_new=not await has_objects(self.database))

    async def trouble(self) -> str | None:
        """Say what is wrong with where large packages stand, in few words; None when nothing is."""
        is_new = not await has_objects(self.database)
        return next(filter(None, [await shelf.trouble(is_new=is_new) for shelf in self.shelves]), None)

    def spool(self, name: str, *, scan: EarlyScan | None = None) -> SpoolWriter:
        """Begin a spool, scanned on the way where it is to be judged; name is unique and ours."""
        path = self.spool_directory / f"{name}.part"
        return SpoolWriter(path=path, inline_limit=self.inline_limit, scan=scan)

    async def take(self, name: str, chunks: Iterable[bytes], *, scan: EarlyScan | None = None) -> Spool:
        """Spool a package that is written here, off the loop, as `spool` does."""
        writer, pieces = self.spool(name, scan=scan), iter(chunks)
        try:
            while (chunk := await asyncio.to_thread(next, pieces, None)) is not None:
                await writer.add(chunk)
            return await writer.finish()
        except BaseException:
            writer.abandon()
            raise

    async def clear_spool(self) -> None:
        """Remove what a process that died left here: half received, or safe but promised to nobody."""
        for part in sorted(self.spool_directory.glob("*.part")):
            for shelf in self.shelves:
                await shelf.clear(self.database, part)
            part.unlink(missing_ok=True)

    async def sweep(self) -> None:
        """Finish the removals that were begun."""
        for shelf in self.shelves:
            await shelf.sweep(self.database)

    async def forget(self, spool: Spool) -> None:
        """Remove what was made durable for a walk that keeps nothing, unless a package bears these bytes."""
        if spool.path is not None:
            await self.shelves[0].forget(self.database, spool)

    async def remove(self, digests: Sequence[Digest]) -> bool:
        """Remove large packages that nobody keeps any more, for good; False while a backup reads them.

        What a package came to bear again meanwhile stays.
        """
        return all([await shelf.remove(self.database, digests) for shelf in self.shelves])

    async def secure(self, spool: Spool) -> None:
        """Make a large package durable under its digest; small ones wait for `keep`.

        Errors: Delay when the disk or the object store does not take it.
        """
        if spool.path is not None:
            await self.shelves[0].secure(self.database, spool)

    def keep(self, connection: Tables, spool: Spool) -> None:
        """Keep a package's bytes in the walk's own transaction; a large one must be secured by now.

        Errors: Delay when a refused walk with the same bytes has just removed them.
        """
        if spool.path is None:
            connection.add(BLOBS, (spool.digest, spool.content))
        elif not self.shelves[0].keep(connection, spool):
            raise Delay.because(
                "package-gone",
                vi="Tệp gói tin vừa bị dọn cùng một lần gửi bị từ chối; hãy gửi lại.",
                en="The package's file was just removed with a refused sending; send it again.",
            )

    async def load_inline(self, digest: Digest) -> bytes | None:
        """Load a small package; None when it is a large one."""
        # One, and so, where there are partitions, not looked for behind the year that has it.
        row = await self.database.fetch_one("SELECT bytes FROM blobs WHERE digest = ? LIMIT 1", (digest,))
        return None if row is None else row["bytes"]

    async def open(self, digest: Digest, *, size_bytes: int = 0) -> BinaryIO:
        """Open a kept package for reading; the caller closes.

        Shape: size_bytes, where it is known, tells where to look first.
        Errors: Delay when it is not there: nobody who asks for it is at fault.
        """
        opened = await self._find(digest, size_bytes)
        if opened is None:
            raise Delay.because(
                "bytes-missing",
                vi="Không tìm thấy nội dung gói tin; người vận hành cần xem.",
                en="The package's bytes are not to be found; the operator must look.",
            )
        return opened

    async def has(self, digest: Digest) -> bool:
        """Tell whether the bytes of a package are kept."""
        opened = await self._find(digest, 0)
        if opened is not None:
            opened.close()
        return opened is not None

    async def _find(self, digest: Digest, size_bytes: int) -> BinaryIO | None:
        places = (self._open_inline, self._open_on_shelf)
        # The other place is looked at, too: the limit may have been another one when the package came.
        for find in places if size_bytes <= self.inline_limit else reversed(places):
            opened = await find(digest)
            if opened is not None:
                return opened
        return None

    async def _open_inline(self, digest: Digest) -> BinaryIO | None:
        content = await self.load_inline(digest)
        return None if content is None else io.BytesIO(content)

    async def _open_on_shelf(self, digest: Digest) -> BinaryIO | None:
        for shelf in self.shelves:
            opened = await shelf.open(self.database, digest)
            if opened is not None:
                return opened
        return None

    def free_bytes(self) -> int:
        """Tell how much room this node's disk has left; what an object store has, nobody can say."""
        return shutil.disk_usage(self.spool_directory).free


async def read_chunks(
    file: BinaryIO, *, size_bytes: int = READ_BYTES, first_bytes: int | None = None
) -> AsyncIterator[bytes]:
    """Read an open blob to its end, or its first bytes, off the loop unless it is in memory or far away."""
    left = sys.maxsize if first_bytes is None else first_bytes
    while left and (chunk := await _read(file, min(size_bytes, left))):
        left -= len(chunk)
        yield chunk


async def _read(file: BinaryIO, size_bytes: int) -> bytes:
    if isinstance(file, RangedFile):
        return await file.read_later(size_bytes)
    with disk_delays():
        if isinstance(file, io.BytesIO):
            return file.read(size_bytes)
        return await asyncio.to_thread(file.read, size_bytes)
