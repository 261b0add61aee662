"""Packages as they come: in memory while small, else in a file of this node's own disk, hashed on the way.

Where they go from here: blobs.py.
"""

import asyncio
import contextlib
import errno
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.errors import Delay
from gateway.model.identifiers import Digest
from gateway.points import Point, passed

READ_BYTES = 1 << 20
_SPILL_BYTES = 256 << 10  # what stays in the cache between being written and being hashed


class _Hash(Protocol):
    def update(self, chunk: bytes | memoryview, /) -> None: ...
    def copy(self) -> "_Hash": ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """A whole package as it came, in memory when small, else in a file of its own."""

    digest: Digest
    size_bytes: int
    path: Path | None = None
    content: bytes = b""

    @property
    def name(self) -> str:
        """Return what a large one was called when it was begun: unique, and ours."""
        return self.file.stem

    @property
    def file(self) -> Path:
        """Tell where a large one lies; small ones are not asked."""
        assert self.path is not None  # noqa: S101 - they go into the database
        return self.path

    def open(self) -> BinaryIO:
        """Open it for reading from the start; the caller closes."""
        return io.BytesIO(self.content) if self.path is None else self.path.open("rb")

    def discard(self) -> None:
        """Remove the spool; harmless after `Blobs.secure`, which keeps the bytes under another name."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(slots=True)
class SpoolWriter:
    """Takes a package chunk by chunk and hashes it on the way.

    Bytes stay in memory up to inline_limit, then go to path. The two last bytes are held back, since
    the SDK appends a line break of its own to every package it sends.
    """

    path: Path
    inline_limit: int
    size_bytes: int = 0
    _buffer: bytearray = field(default_factory=bytearray)
    _file: BinaryIO | None = None
    _hash: _Hash = field(default_factory=hashlib.sha256)
    _digests: dict[int, Digest] = field(default_factory=dict)
    _spilling: "asyncio.Future[None] | None" = None

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes; the disk is touched off the loop and a quarter of a mebibyte at a time."""
        self.size_bytes += len(chunk)
        self._buffer += chunk
        self._digests.clear()
        if len(self._buffer) > (self.inline_limit if self._file is None else _SPILL_BYTES):
            await self._settle()
            full, self._buffer = self._buffer, self._buffer[-2:]
            self._spilling = asyncio.get_running_loop().run_in_executor(None, self._spill, full)
            if self._file is None:
                await self._settle()  # whoever abandons this must know that there is a file

    def _spill(self, full: bytearray) -> None:
        # Looked at where it is: copying it would cost half of what hashing does.
        with memoryview(full)[:-2] as ready:
            with disk_delays():
                if self._file is None:
                    self._file = self.path.open("xb")
                self._file.write(ready)
            passed(Point.SPILLED)
            self._hash.update(ready)

    async def _settle(self) -> None:
        """Wait until what was given to the disk is there; meanwhile a quarter of a mebibyte may come."""
        spilling, self._spilling = self._spilling, None
        if spilling is not None:
            await spilling

    async def digest_without_line_break(self) -> Digest | None:
        """Digest of all bytes but a trailing CR LF; None when there is none."""
        await self._settle()
        if self._buffer[-2:] != b"\r\n":
            return None
        return self._digest(len(self._buffer) - 2)

    async def digest(self) -> Digest:
        """Digest of all bytes."""
        await self._settle()
        return self._digest(len(self._buffer))

    def _digest(self, rest_bytes: int) -> Digest:
        """Digest of what was spilled and so much of the buffer; asked twice, it is computed once."""
        if rest_bytes not in self._digests:
            digest = self._hash.copy()
            digest.update(bytes(self._buffer[:rest_bytes]))
            self._digests[rest_bytes] = Digest(digest.hexdigest())
        return self._digests[rest_bytes]

    async def finish(self, *, drop_line_break: bool = False) -> Spool:
        """End the package, with or without its last two bytes."""
        if drop_line_break:
            del self._buffer[-2:]
            self.size_bytes -= 2
        digest = await self.digest()
        if self._file is None:
            return Spool(digest=digest, size_bytes=self.size_bytes, content=bytes(self._buffer))
        await asyncio.to_thread(self._end_file)
        return Spool(digest=digest, size_bytes=self.size_bytes, path=self.path)

    def _end_file(self) -> None:
        if self._file is not None:
            with disk_delays(), self._file:
                self._file.write(self._buffer)

    def abandon(self) -> None:
        """Forget everything."""
        if self._spilling is not None:
            self._spilling.cancel()  # what it writes goes with the file, and what it says to nobody
        if self._file is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)


@contextlib.contextmanager
def disk_delays() -> Iterator[None]:
    """Turn what a disk can say into a Delay: the sender has done nothing wrong."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Delay.because(
            "disk-full" if full else "storage-unavailable",
            vi="Hết chỗ trên đĩa; hãy gửi lại sau."
            if full
            else "Đĩa không ghi hay đọc được; hãy gửi lại sau.",
            en="The disk is full; ask again later." if full else "The disk cannot be used; ask again later.",
        ) from error


def file_digest(path: Path) -> Digest:
    """Hash a file."""
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())


def sync_directory(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
