"""An archive as a file: a zip that any tool opens, written and read as a stream.

Its parts: ``entries.jsonl``, ``certificates/*.pem``, the packages in ``packages/NNNNNN.tar``, each named by
its digest, ``absent.txt`` and, last, ``manifest.json``. Packages stand in tars, since of a zip's own files
each takes a line in memory, and there may be millions. Everything here blocks: to be run in a thread.
"""

import contextlib
import hashlib
import itertools
import os
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

from gateway.errors import Misconfiguration, Refusal
from gateway.model.identifiers import Digest
from gateway.store.tables import Statements

MANIFEST, LOG, ABSENT = "manifest.json", "entries.jsonl", "absent.txt"
CERTIFICATES, PACKAGES = "certificates/", "packages/"
_TAR_COUNT, _TAR_BYTES = 1000, 256 << 20
_READ_BYTES = 1 << 20
_MANIFEST_BYTES = 64 << 20
_LINE_BYTES = 16 << 20


@dataclass(slots=True)
class _Hashing:
    """A file of the archive that hashes what passes through it, one way or the other."""

    name: str
    file: IO[bytes]
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size_bytes: int = 0

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        self.size_bytes += len(content)
        return self.file.write(content)

    def read(self, size: int = -1) -> bytes:
        with _damage(self.name):
            content = self.file.read(size)
        self.digest.update(content)
        return content


@dataclass(slots=True)
class ArchiveWriter:
    """Writes an archive part by part; made by `writing_archive`. files has each part's digest so far."""

    archive: zipfile.ZipFile
    at: datetime
    files: dict[str, Digest] = field(default_factory=dict)

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[_Hashing]:
        """Write a part; its digest is noted when it is whole."""
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self.archive.open(entry, "w", force_zip64=True) as file:
            hashing = _Hashing(name, file)
            yield hashing
        self.files[name] = Digest(hashing.digest.hexdigest())

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a whole part."""
        with self.part(name) as file:
            for chunk in chunks:
                file.write(chunk)

    def write_packages(self, packages: Iterable[tuple[Digest, int, BinaryIO]]) -> int:
        """Write packages: the digest, the size and the open bytes of each; return how many there were."""
        count, waiting = 0, iter(packages)
        head = next(waiting, None)
        for number in itertools.count(1):
            if head is None:
                break
            with self.part(f"{PACKAGES}{number:06d}.tar") as tar:
                here = 0
                while head is not None and here < _TAR_COUNT and tar.size_bytes < _TAR_BYTES:
                    _write_member(tar, *head)
                    here += 1
                    head = next(waiting, None)
                tar.write(bytes(2 * tarfile.BLOCKSIZE))
            count += here
        return count


def _write_member(tar: _Hashing, digest: Digest, size_bytes: int, content: BinaryIO) -> None:
    member = tarfile.TarInfo(digest)
    member.size = size_bytes
    tar.write(member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict"))
    begin, found = tar.size_bytes, hashlib.sha256()
    while chunk := content.read(_READ_BYTES):
        found.update(chunk)
        tar.write(chunk)
    if tar.size_bytes - begin != size_bytes or found.hexdigest() != digest:
        # What is archived may be erased here: nothing is archived that is not what came.
        raise Refusal.because(
            "bytes-damaged",
            where=digest,
            vi="nội dung gói tin đã hỏng: chạy lienthong doctor",
            en="a package's bytes are damaged: run lienthong doctor",
        )
    tar.write(bytes(-size_bytes % tarfile.BLOCKSIZE))


@contextlib.contextmanager
def writing_archive(target: Path, *, at: datetime) -> Iterator[ArchiveWriter]:
    """Write an archive that is there whole, or not at all.

    Errors: Misconfiguration when the target is there; OSError when the disk does not take it, and nothing is
    left behind then.
    """
    if target.exists():
        raise Misconfiguration.because(
            "archive-there", where=str(target), vi="tệp đích đã tồn tại", en="the target is there already"
        )
    making = target.with_name(target.name + ".part")
    try:
        with open(making, "wb", opener=_for_its_owner) as file:
            with zipfile.ZipFile(file, "w", compresslevel=1) as archive:
                yield ArchiveWriter(archive, at)
            file.flush()
            os.fsync(file.fileno())
        making.rename(target)
        folder = os.open(target.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException as error:
        making.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(target)  # what a full disk leaves out
        raise


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@dataclass(slots=True)
class Member:
    """The bytes of one package in an archive, to be read once."""

    file: _Hashing
    left_bytes: int

    def read(self, size: int = _READ_BYTES) -> bytes:
        """Read some more; nothing at the end."""
        content = self.file.read(min(size, self.left_bytes))
        if not content and self.left_bytes:
            raise _damaged(self.file.name)
        self.left_bytes -= len(content)
        return content

    def pass_over(self) -> None:
        """Read what nobody has read."""
        while self.read():
            pass


@dataclass(slots=True)
class ArchiveReader:
    """Reads an archive part by part; made by `reading_archive`. found has the digest of each part read."""

    archive: zipfile.ZipFile
    found: dict[str, Digest] = field(default_factory=dict)

    def names(self) -> list[str]:
        """List the parts, in the order they were written."""
        return self.archive.namelist()

    def read_small(self, name: str) -> bytes:
        """Read a part that fits into memory, as the manifest does.

        Errors: Refusal when there is none, or it is not small.
        """
        with _damage(name), self.archive.open(name) as file:
            content = file.read(_MANIFEST_BYTES + 1)
        if len(content) > _MANIFEST_BYTES:
            raise _damaged(name)
        return content

    @contextlib.contextmanager
    def _part(self, name: str) -> Iterator[_Hashing]:
        """Read a part to its end, whatever the reader takes of it, and note its digest."""
        with self.archive.open(name) as file:
            hashing = _Hashing(name, file)
            yield hashing
            while hashing.read(_READ_BYTES):
                pass
        self.found[name] = Digest(hashing.digest.hexdigest())

    def lines(self, name: str) -> Iterator[bytes]:
        """Read a part line by line."""
        with _damage(name), self._part(name) as file:
            rest = b""
            while chunk := file.read(_READ_BYTES):
                *whole, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LINE_BYTES:
                    raise _damaged(name)
                yield from whole
            if rest:
                yield rest

    def packages(self) -> Iterator[tuple[str, "Member"]]:
        """Read every package: its name, which should be its digest, and its bytes until the next one."""
        for name in self.names():
            if not name.startswith(PACKAGES):
                continue
            with _damage(name), self._part(name) as file:
                while (header := file.read(tarfile.BLOCKSIZE)) not in (b"", bytes(tarfile.BLOCKSIZE)):
                    # Only what we write, a header of one block: others can ask for any amount of memory.
                    member = tarfile.TarInfo.frombuf(header, "ascii", "strict")
                    if member.size < 0:
                        raise _damaged(name)
                    content = Member(file, member.size)
                    yield member.name, content
                    content.pass_over()
                    file.read(-member.size % tarfile.BLOCKSIZE)

    def read_rest(self) -> None:
        """Read the parts that nobody asked for, for their digests."""
        for name in self.names():
            if name not in self.found and name != MANIFEST:
                with _damage(name), self._part(name):
                    pass


@contextlib.contextmanager
def reading_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive for reading.

    Errors: Refusal when it is none; damage that shows later, too.
    """
    with _damage(path.name):
        archive = zipfile.ZipFile(path)
    with archive:
        yield ArchiveReader(archive)


@contextlib.contextmanager
def _damage(where: str) -> Iterator[None]:
    """Turn what zip and tar can say about bytes that are not theirs into a Refusal."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        KeyError,
        NotImplementedError,
    ) as error:
        raise _damaged(where) from error
    except (ValueError, RuntimeError) as error:  # a name or a number that cannot be; a password asked for
        raise _damaged(where) from error


def _damaged(where: str) -> Refusal:
    return Refusal.because(
        "archive-damaged",
        where=where,
        vi="không phải bản lưu trữ, hoặc đã hỏng",
        en="not an archive, or damaged",
    )


@dataclass(slots=True)
class Ledger:
    """Digests that are expected and those that were met, on disk, so that millions take no memory."""

    _tables: Statements

    @classmethod
    @contextlib.contextmanager
    def new(cls) -> Iterator["Ledger"]:
        """Lend a new one, thrown away at the end."""
        with contextlib.closing(sqlite3.connect("", isolation_level=None)) as tables:
            tables.execute("CREATE TABLE digests (digest TEXT PRIMARY KEY, expected, met) WITHOUT ROWID")
            tables.execute("BEGIN")
            yield cls(tables)

    def expect(self, digest: str) -> bool:
        """Note a digest as expected; tell whether it is new."""
        return self._note(digest, "expected")

    def meet(self, digest: str) -> bool:
        """Note a digest as met; tell whether that is new."""
        return self._note(digest, "met")

    def _note(self, digest: str, column: str) -> bool:
        sql = f"INSERT INTO digests (digest, {column}) VALUES (?, 1) ON CONFLICT DO UPDATE SET {column} = 1"
        return self._tables.execute(f"{sql} WHERE {column} IS NULL", (digest,)).rowcount == 1

    def missing(self) -> Iterator[str]:
        """List what is expected and was not met."""
        yield from (row[0] for row in self._tables.execute("SELECT digest FROM digests WHERE met IS NULL"))

    def unexpected(self) -> Iterator[str]:
        """List what was met and is not expected."""
        sql = "SELECT digest FROM digests WHERE expected IS NULL"
        yield from (row[0] for row in self._tables.execute(sql))

    def count_missing(self) -> int:
        """Count what is expected and was not met."""
        return int(self._tables.execute("SELECT count(*) FROM digests WHERE met IS NULL").fetchone()[0])
