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

from gateway.edxml.early import EarlyScan
from gateway.errors import Delay
from gateway.model.identifiers import Digest
from gateway.points import Point, passed

READ_BYTES = 1 << 20
# Little enough to stay in the cache between being written, hashed and read, enough to be worth two threads.
_SPILL_BYTES = 512 << 10
# Chunks that together are not more become one: copying them costs less than many of them do.
_SMALL_BYTES = 16 << 10
# So often the disk is told to begin.
_FLUSH_BYTES = 8 << 20
# Of smaller packages waking a second thread costs more than it saves.
_SIDE_BY_SIDE_BYTES = 4 << 20


class _Hash(Protocol):
    def update(self, chunk: bytes | memoryview, /) -> None: ...
    def copy(self) -> "_Hash": ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """A whole package as it came, in memory when small, else in a file of its own.

    Shape: scan is that of a large one, where it was scanned while it came.
    """

    digest: Digest
    size_bytes: int
    path: Path | None = None
    content: bytes = b""
    scan: EarlyScan | None = None

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

    Bytes stay in memory while there are few, then go to path; scan, where there is one, sees them, too.
    The last chunk is held back, two bytes at least, since the SDK appends a line break of its own to every
    package.
    """

    path: Path
    inline_limit: int
    scan: EarlyScan | None = None
    size_bytes: int = 0
    _held: list[bytes] = field(default_factory=list)
    _held_bytes: int = 0
    _file: BinaryIO | None = None
    _flushed_bytes: int = 0
    _hash: _Hash = field(default_factory=hashlib.sha256)
    _digests: dict[int, Digest] = field(default_factory=dict)
    _spilling: "tuple[asyncio.Future[None], ...]" = ()
    _is_abandoned: bool = False
    _is_hashed: bool = False

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes; the disk is touched off the loop and half a mebibyte at a time."""
        self.size_bytes += len(chunk)
        self._held_bytes += len(chunk)
        self._digests.clear()
        if self._held and (len(chunk) < 2 or len(self._held[-1]) + len(chunk) <= _SMALL_BYTES):
            self._held[-1] += chunk
        else:
            self._held.append(chunk)
        # The last one stays: alone it would wake a thread for nothing.
        if self._held_bytes > max(self.inline_limit, _SPILL_BYTES) and len(self._held) > 1:
            await self._settle()
            self._spill(self._held[:-1])
            self._held = self._held[-1:]
            self._held_bytes = len(self._held[-1])

    def _spill(self, ready: list[bytes]) -> None:
        # Writing and reading take about as long: a core for each, where there are two.
        threads = asyncio.get_running_loop().run_in_executor
        if self.scan is not None and self.size_bytes > _SIDE_BY_SIDE_BYTES:
            self._spilling = (threads(None, self._write, ready), threads(None, self._look, ready))
        else:
            self._spilling = (threads(None, self._write_and_look, ready),)

    def _write_and_look(self, ready: list[bytes]) -> None:
        self._write(ready)
        self._look(ready)

    def _write(self, ready: list[bytes]) -> None:
        with disk_delays():
            if self._file is None:
                self._file = self.path.open("xb")
                if self._is_abandoned:  # while it was being made
                    self._remove_file()
                    return
            for chunk in ready:
                self._file.write(chunk)
            self._file.flush()
            self._hasten_disk(self._file)
        passed(Point.SPILLED)
        if not self._is_hashed:
            for chunk in ready:
                self._hash.update(chunk)

    def _hasten_disk(self, file: BinaryIO) -> None:
        # Advised that pages are not needed, the kernel begins to write those that are dirty, and drops none
        # before it has. Else all of them would be left for the end.
        at = file.tell()
        if at - self._flushed_bytes >= _FLUSH_BYTES and hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):  # it was advice
                os.posix_fadvise(file.fileno(), self._flushed_bytes, 0, os.POSIX_FADV_DONTNEED)
            self._flushed_bytes = at

    def _look(self, ready: list[bytes]) -> None:
        if self.scan is not None:
            for chunk in ready:
                self.scan.feed(chunk)

    async def _settle(self) -> None:
        """Wait until what was given to the threads is done; meanwhile half a mebibyte may come."""
        spilling, self._spilling = self._spilling, ()
        for each in spilling:
            await each

    async def digest_without_line_break(self) -> Digest | None:
        """Digest of all bytes but a trailing CR LF; None when there is none."""
        await self._settle()
        return self._digest(dropped_bytes=2) if self._held and self._held[-1].endswith(b"\r\n") else None

    async def digest(self) -> Digest:
        """Digest of all bytes."""
        await self._settle()
        return self._digest(dropped_bytes=0)

    def _digest(self, *, dropped_bytes: int) -> Digest:
        """Digest of what was spilled and is held, less the last bytes; asked twice, it is computed once."""
        size_bytes = self.size_bytes - dropped_bytes
        if size_bytes not in self._digests:
            digest = self._hash.copy()
            for chunk in self._held[:-1]:
                digest.update(chunk)
            for last in self._held[-1:]:
                digest.update(memoryview(last)[: len(last) - dropped_bytes])
            self._digests[size_bytes] = Digest(digest.hexdigest())
        return self._digests[size_bytes]

    async def finish(self, *, drop_line_break: bool = False) -> Spool:
        """End the package, with or without its last two bytes."""
        if drop_line_break:
            self._held[-1] = self._held[-1][:-2]
            self.size_bytes -= 2
        digest = await self.digest()
        if self._file is None and self.size_bytes <= self.inline_limit:
            return Spool(digest=digest, size_bytes=self.size_bytes, content=b"".join(self._held))
        self._is_hashed = True
        self._spill(self._held)
        await self._settle()
        if self._file is not None:
            with disk_delays():
                self._file.close()  # nothing is left to be written
        return Spool(digest=digest, size_bytes=self.size_bytes, path=self.path, scan=self.scan)

    def abandon(self) -> None:
        """Forget everything."""
        self._is_abandoned = True
        for each in self._spilling:
            each.cancel()  # what it writes goes with the file, and what it says to nobody
        if self._file is not None:
            self._remove_file()

    def _remove_file(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # a disk that does not take the rest of it
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
