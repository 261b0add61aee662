"""Package bytes: spooled as they come, kept under their digest, opened again by it.

Small packages live in the database and commit with their walk (docs/decisions/0004); large ones are
files, made durable before the walk's commit names them. A name is always a digest, never anything
a sender wrote.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.errors import Delay
from gateway.model.identifiers import Digest
from gateway.points import Point, passed
from gateway.store.database import Database
from gateway.store.tables import Tables

_READ_BYTES = 1 << 20


def is_kept(connection: Tables, digest: Digest) -> bool:
    """Tell whether some package still needs these bytes."""
    row = connection.execute(
        "SELECT 1 FROM packages WHERE digest = ? AND erased_at IS NULL", (digest,)
    ).fetchone()
    return row is not None


class _Hash(Protocol):
    def update(self, chunk: bytes, /) -> None: ...
    def copy(self) -> "_Hash": ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """A whole package as it came, in memory when small, else in a file of its own."""

    digest: Digest
    size_bytes: int
    path: Path | None = None
    content: bytes = b""

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

    async def add(self, chunk: bytes) -> None:
        """Take the next bytes; the disk is touched off the loop and a mebibyte at a time."""
        self.size_bytes += len(chunk)
        self._buffer += chunk
        self._digests.clear()
        if len(self._buffer) > (self.inline_limit if self._file is None else _READ_BYTES):
            await asyncio.to_thread(self._spill)

    def _spill(self) -> None:
        ready = bytes(self._buffer[:-2])
        del self._buffer[:-2]
        with disk_delays():
            if self._file is None:
                self._file = self.path.open("xb")
            self._file.write(ready)
        passed(Point.SPILLED)
        self._hash.update(ready)

    def digest_without_line_break(self) -> Digest | None:
        """Digest of all bytes but a trailing CR LF; None when there is none."""
        if self._buffer[-2:] != b"\r\n":
            return None
        return self._digest(len(self._buffer) - 2)

    def digest(self) -> Digest:
        """Digest of all bytes."""
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
        digest = self.digest()
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


@contextlib.contextmanager
def files_kept(folder: Path) -> Iterator[None]:
    """Let no file of erased content be removed meanwhile: somebody is reading them, in another process."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """The store of package bytes of one data directory."""

    database: Database
    directory: Path
    spool_directory: Path
    inline_limit: int

    def spool(self, name: str) -> SpoolWriter:
        """Begin a spool; name is unique and ours."""
        return SpoolWriter(path=self.spool_directory / f"{name}.part", inline_limit=self.inline_limit)

    async def take(self, name: str, chunks: Iterable[bytes]) -> Spool:
        """Spool a package that is written here, off the loop; name is unique and ours."""
        writer, pieces = self.spool(name), iter(chunks)
        try:
            while (chunk := await asyncio.to_thread(next, pieces, None)) is not None:
                await writer.add(chunk)
            return await writer.finish()
        except BaseException:
            writer.abandon()
            raise

    async def clear_spool(self) -> None:
        """Remove what a process that died left behind: half received, or safe but promised to nobody.

        A file that was made durable still stands in the spool until its walk has ended, so that what the
        dead left is found here, without a look at everything ever kept.
        """
        for part in sorted(self.spool_directory.glob("*.part")):
            if part.stat().st_nlink > 1:
                digest = await asyncio.to_thread(file_digest, part)
                await self._unlink_unless_named(digest)
            part.unlink(missing_ok=True)

    async def forget(self, spool: Spool) -> None:
        """Remove what was made durable for a walk that keeps nothing, unless a package bears these bytes."""
        if spool.path is not None:
            await self._unlink_unless_named(spool.digest)

    async def _unlink_unless_named(self, digest: Digest) -> None:
        # In the writer: no package can be recorded between the look and the removal. A walk that has just
        # secured the same bytes finds them gone in `keep`, and its sender asks again.
        def act(connection: Tables) -> None:
            if not is_kept(connection, digest):
                self.path_of(digest).unlink(missing_ok=True)

        await self.database.write(act)

    async def remove(self, digests: Sequence[Digest]) -> bool:
        """Remove large packages that nobody keeps any more, for good; False while a backup reads them.

        What a package came to bear again meanwhile stays.
        """
        try:
            with _locked(self.directory, fcntl.LOCK_EX | fcntl.LOCK_NB):
                await self.database.write(lambda tables: self._set_aside(tables, digests))
                passed(Point.FILES_SET_ASIDE)
                await asyncio.to_thread(self._remove_set_aside, digests)
        except BlockingIOError:
            return False
        return True

    def _set_aside(self, connection: Tables, digests: Sequence[Digest]) -> None:
        # Only named anew in the writer, where no package can be recorded between the look and the removal:
        # freeing a gigabyte takes a while, and nobody is to wait for it. A start clears the spool.
        for digest in digests:
            if not is_kept(connection, digest):
                with contextlib.suppress(FileNotFoundError):
                    self.path_of(digest).rename(self._aside(digest))

    def _remove_set_aside(self, digests: Sequence[Digest]) -> None:
        with disk_delays():
            for digest in digests:
                self._aside(digest).unlink(missing_ok=True)
            for folder in sorted({self.path_of(digest).parent for digest in digests}):
                if folder.exists():
                    _sync_directory(folder)

    def _aside(self, digest: Digest) -> Path:
        return self.spool_directory / f"erased-{digest}.part"

    def path_of(self, digest: Digest) -> Path:
        """Tell where a large package stands."""
        return self.directory / digest[:2] / digest[2:4] / digest

    async def secure(self, spool: Spool) -> None:
        """Make a large package durable under its digest; small ones wait for `keep`.

        Errors: Delay when the disk does not take it.
        """
        if spool.path is not None:
            await asyncio.to_thread(self._secure_file, spool.path, self.path_of(spool.digest))

    def _secure_file(self, spooled: Path, kept: Path) -> None:
        with disk_delays():
            if not kept.parent.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                _sync_directory(kept.parent.parent)
                _sync_directory(self.directory)
            with spooled.open("rb") as file:
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # the same bytes came before
                os.link(spooled, kept)
            passed(Point.BYTES_NAMED)
            _sync_directory(kept.parent)

    def keep(self, connection: Tables, spool: Spool) -> None:
        """Keep a package's bytes in the walk's own transaction; a large one must be secured by now.

        Errors: Delay when a refused walk with the same bytes has just removed them.
        """
        if spool.path is None:
            connection.execute(
                "INSERT INTO blobs VALUES (?, ?) ON CONFLICT DO NOTHING", (spool.digest, spool.content)
            )
        elif not self.path_of(spool.digest).exists():
            raise Delay.because(
                "package-gone",
                vi="Tệp gói tin vừa bị dọn cùng một lần gửi bị từ chối; hãy gửi lại.",
                en="The package's file was just removed with a refused sending; send it again.",
            )

    async def load_inline(self, digest: Digest) -> bytes | None:
        """Load a small package; None when it is a file."""
        row = await self.database.fetch_one("SELECT bytes FROM blobs WHERE digest = ?", (digest,))
        return None if row is None else row["bytes"]

    async def open(self, digest: Digest) -> BinaryIO:
        """Open a kept package for reading; the caller closes."""
        content = await self.load_inline(digest)
        if content is not None:
            return io.BytesIO(content)
        with disk_delays():
            return await asyncio.to_thread(self.path_of(digest).open, "rb")

    def free_bytes(self) -> int:
        """Tell how much room the disk has left."""
        return shutil.disk_usage(self.directory).free


def file_digest(path: Path) -> Digest:
    """Hash a file."""
    with path.open("rb") as file:
        return Digest(hashlib.file_digest(file, "sha256").hexdigest())


async def read_chunks(file: BinaryIO, *, size_bytes: int = _READ_BYTES) -> AsyncIterator[bytes]:
    """Read an open blob to its end, off the loop unless it is in memory."""
    in_memory = isinstance(file, io.BytesIO)
    while True:
        with disk_delays():
            chunk = file.read(size_bytes) if in_memory else await asyncio.to_thread(file.read, size_bytes)
        if not chunk:
            return
        yield chunk


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
