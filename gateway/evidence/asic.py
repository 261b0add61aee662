"""Writes the container of a bundle: ASiC-E with one XAdES signature over everything in it.

Parts stream through to the file; only what is said of each is kept, in a spool that the caller gives, until
the lists and the signature are written from it. Parts are stored, not compressed: the bytes of the evidence
stand in the file as they are, and no bit of it is one that a decompressor would pass over.
Source: ETSI EN 319 162-1 (ASiC-E with XAdES); the one form of every text and header is in verifier/.
"""

import contextlib
import hashlib
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.evidence.receipts import JSON
from gateway.evidence.verifier.container import stamp_of, write_central, write_end, write_local
from gateway.evidence.verifier.forms import (
    CONTAINER_TYPE,
    INDEX,
    MANIFEST,
    MIMETYPE,
    NAMES,
    SIGNATURES,
    Part,
    b64,
    write_index,
    write_manifest,
    write_signatures,
)
from gateway.trust.keys import Seal

_WRITTEN_AT_ONCE = 1 << 16
# So many parts that a list of them may be larger than zip can say in 32 bits.
_VERY_MANY = 2_000_000
_NARROW = 2**31 - 1


class _Written(NamedTuple):
    """What is kept of a part."""

    name: str
    size_bytes: int
    sha256: str
    crc: int
    at: int
    is_wide: bool


class ContainerWriter:
    """A container being written.

    Shape: file is empty and can be sought in; spool is empty and can be read back; at is the one time of
    every part, to two seconds, in UTC.
    """

    def __init__(self, file: BinaryIO, spool: BinaryIO, *, at: datetime) -> None:
        self.at = at.astimezone(UTC)
        self._stamp = stamp_of(self.at)
        self._file, self._spool = file, spool
        self._parts_count = 0
        self._ends = [self._write(MIMETYPE, [CONTAINER_TYPE])]

    def add(self, name: str, content: bytes) -> None:
        """Add a small part whole."""
        _check_name(name)
        at, size, crc = self._file.tell(), len(content), zlib.crc32(content)
        self._file.write(write_local(name, self._stamp, size, crc, is_wide=False) + content)
        self._note(_Written(name, size, hashlib.sha256(content).hexdigest(), crc, at, False))

    @contextlib.contextmanager
    def adding(self, name: str, size_bytes: int) -> Iterator[Callable[[bytes], object]]:
        """Add a part piece by piece; size_bytes is what will come."""
        _check_name(name)
        with self._adding(name, is_wide=size_bytes > _NARROW) as part:
            yield part.write
        self._note(part.written())

    def finish(self, head: Mapping[str, JSON], seal: Seal) -> int:
        """Write the lists, the signature and the directory; return how many parts are signed."""
        parts = _Listed(self._spool)
        self._note(self._write(INDEX, write_index(head, parts)))
        self._ends.append(self._write(MANIFEST, write_manifest(parts)))
        signature = write_signatures(
            parts,
            algorithm=seal.algorithm,
            at=f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            chain=[each.public_bytes(Encoding.DER) for each in (seal.certificate, *seal.chain)],
            value_of=lambda digest: b64(seal.sign_digest_for_xml(digest)),
        )
        self._ends.append(self._write(SIGNATURES, signature))
        self._write_directory()
        return self._parts_count

    def _note(self, written: _Written) -> None:
        self._spool.seek(0, 2)
        self._spool.write((json.dumps(written) + "\n").encode())
        self._parts_count += 1

    def _write(self, name: str, pieces: Iterable[str]) -> _Written:
        with self._adding(name, is_wide=self._parts_count > _VERY_MANY) as part:
            waiting = bytearray()
            for piece in pieces:
                waiting += piece.encode()
                if len(waiting) > _WRITTEN_AT_ONCE:
                    part.write(bytes(waiting))
                    waiting.clear()
            part.write(bytes(waiting))
        return part.written()

    @contextlib.contextmanager
    def _adding(self, name: str, *, is_wide: bool) -> Iterator["_PartWriter"]:
        """Write a header with nothing in it, the part, and then the header."""
        part = _PartWriter(self._file, name, at=self._file.tell(), is_wide=is_wide)
        self._file.write(write_local(name, self._stamp, 0, 0, is_wide=is_wide))
        yield part
        self._file.seek(part.at)
        self._file.write(write_local(name, self._stamp, part.size_bytes, part.crc, is_wide=is_wide))
        self._file.seek(0, 2)

    def _write_directory(self) -> None:
        begin, count = self._file.tell(), 0
        first, *last = self._ends
        for each in itertools.chain([first], _read_spool(self._spool), last):
            where = (each.size_bytes, each.crc, each.at)
            self._file.write(write_central(each.name, self._stamp, *where, is_wide=each.is_wide))
            count += 1
        self._file.write(write_end(count, self._file.tell() - begin, begin))


def _check_name(name: str) -> None:
    if not NAMES.fullmatch(name):
        raise ValueError(f"a bundle has no part called {name}")


class _PartWriter:
    """One part on its way into the file."""

    def __init__(self, file: BinaryIO, name: str, *, at: int, is_wide: bool) -> None:
        self._file, self._name, self._is_wide = file, name, is_wide
        self._hashed = hashlib.sha256()
        self.at, self.size_bytes, self.crc = at, 0, 0

    def write(self, chunk: bytes) -> None:
        self._hashed.update(chunk)
        self.crc = zlib.crc32(chunk, self.crc)
        self.size_bytes += len(chunk)
        self._file.write(chunk)

    def written(self) -> _Written:
        digest = self._hashed.hexdigest()
        return _Written(self._name, self.size_bytes, digest, self.crc, self.at, self._is_wide)


class _Listed:
    """The parts so far, read from the spool as often as they are needed."""

    def __init__(self, spool: BinaryIO) -> None:
        self._spool = spool

    def __iter__(self) -> Iterator[Part]:
        return (Part(each.name, each.at, each.size_bytes, each.sha256) for each in _read_spool(self._spool))


def _read_spool(spool: BinaryIO) -> Iterator[_Written]:
    spool.seek(0)
    return (_Written(*json.loads(line)) for line in spool)
