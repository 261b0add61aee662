"""Writes the container of a bundle: ASiC-E with one XAdES signature over everything in it.

Parts stream through to the file; only what is said of each is kept, in a spool that the caller gives, until
the lists and the signature are written from it. Parts are stored, not compressed: the bytes of the evidence
stand in the file as they are, and no bit of it is one that a decompressor would pass over.
Source: ETSI EN 319 162-1 (ASiC-E with XAdES); the texts' one form is in verifier/forms.py.
"""

import contextlib
import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.evidence.receipts import JSON
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
# So many parts that a list of them could be larger than what zip can say in 32 bits.
_VERY_MANY = 2_000_000


class ContainerWriter:
    """A container being written; a context manager.

    Shape: file is empty and can be sought in; spool is empty and can be read back; at is the one time of
    every part, to two seconds, in UTC.
    """

    def __init__(self, file: BinaryIO, spool: BinaryIO, *, at: datetime) -> None:
        self.at = at.astimezone(UTC)
        self._spool = spool
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._parts_count = 0
        self._write(MIMETYPE, [CONTAINER_TYPE])

    def __enter__(self) -> "ContainerWriter":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file, finished or not, while it is open."""
        self._zip.close()

    def add(self, name: str, content: bytes) -> None:
        """Add a small part whole."""
        with self.adding(name, len(content)) as write:
            write(content)

    @contextlib.contextmanager
    def adding(self, name: str, size_bytes: int) -> Iterator[Callable[[bytes], object]]:
        """Add a part piece by piece; size_bytes is what will come."""
        if not NAMES.fullmatch(name):
            raise ValueError(f"a bundle has no part called {name}")
        hashed, count = hashlib.sha256(), 0
        with self._zip.open(self._entry(name, size_bytes), "w") as part:

            def write(chunk: bytes) -> None:
                nonlocal count
                count += len(chunk)
                hashed.update(chunk)
                part.write(chunk)

            yield write
        self._spool.write(f"{hashed.hexdigest()} {count} {name}\n".encode())
        self._parts_count += 1

    def finish(self, head: Mapping[str, JSON], seal: Seal) -> int:
        """Write the lists and the signature; return how many parts are signed."""
        parts = _Listed(self._spool)
        index = _Counting(write_index(head, parts))
        self._write(INDEX, index)
        self._spool.seek(0, 2)
        self._spool.write(f"{index.hashed.hexdigest()} {index.size_bytes} {INDEX}\n".encode())
        self._write(MANIFEST, write_manifest(parts))
        signature = write_signatures(
            parts,
            algorithm=seal.algorithm,
            at=f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            chain=[each.public_bytes(Encoding.DER) for each in (seal.certificate, *seal.chain)],
            value_of=lambda digest: b64(seal.sign_digest_for_xml(digest)),
        )
        self._write(SIGNATURES, signature)
        self._zip.close()  # here, so that whoever finished has the whole file
        return self._parts_count + 1

    def _write(self, name: str, pieces: Iterable[str]) -> None:
        with self._zip.open(self._entry(name, 0), "w", force_zip64=self._parts_count > _VERY_MANY) as part:
            waiting = bytearray()
            for piece in pieces:
                waiting += piece.encode()
                if len(waiting) > _WRITTEN_AT_ONCE:
                    part.write(waiting)
                    waiting.clear()
            part.write(waiting)

    def _entry(self, name: str, size_bytes: int) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self.at.timetuple()[:6])
        entry.create_system, entry.external_attr, entry.file_size = 3, 0o644 << 16, size_bytes
        return entry


class _Listed:
    """The parts so far, read from the spool as often as they are needed."""

    def __init__(self, spool: BinaryIO) -> None:
        self._spool = spool

    def __iter__(self) -> Iterator[Part]:
        self._spool.seek(0)
        for line in self._spool:
            sha256, size, name = line.decode().split()
            yield Part(name, 0, int(size), sha256)


class _Counting:
    """Pieces of a text, hashed and counted as they go by."""

    def __init__(self, pieces: Iterable[str]) -> None:
        self._pieces, self.hashed, self.size_bytes = pieces, hashlib.sha256(), 0

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            raw = piece.encode()
            self.hashed.update(raw)
            self.size_bytes += len(raw)
            yield piece
