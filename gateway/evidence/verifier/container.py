"""The container: a zip of stored files, every byte of which is accounted for.

Source: APPNOTE.TXT 6.3.9, sections 4.3.7, 4.3.12 to 4.3.16, 4.5.3.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

from gateway.evidence.verifier.forms import (
    CONTAINER_TYPE,
    INDEX,
    MANIFEST,
    MIMETYPE,
    NAMES,
    SIGNATURES,
    Part,
    need,
)

_CHUNK = 1 << 20
# Only packages and lists are larger, and those are not read whole. JSON takes up to 30 times as much memory.
_SMALL = 16 << 20
_ALL_ONES = 0xFFFFFFFF
# Beyond this zip writes a number with 64 bits, in an extra field.
_NARROW = 2**31 - 1
_FEW = 0xFFFF


class Container:
    """The files of a bundle, and where each stands. stamp is the one time and date of all of them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.parts: dict[str, Part] = {}
        self.stamp = (0, 0)
        self.size = 0

    def open(self) -> None:
        """Find the files. Each header is written anew from what it says, and must be the very same."""
        records, at = [], 0
        while (head := self._read_at(at, 30))[:4] == b"PK\x03\x04":
            part, crc, is_wide = self._read_local(at, head)
            self.parts[part.name] = part
            records.append(write_central(part.name, self.stamp, part.size, crc, at, is_wide=is_wide))
            at = part.at + part.size
        directory = b"".join(records)
        end = write_end(len(records), len(directory), at)
        rest = self._read_at(at, len(directory) + len(end) + 1)
        need(rest == directory + end, "mục lục zip · central directory, byte", at)
        self.size = at + len(rest)
        names = list(self.parts)
        need(names[:1] == [MIMETYPE] and self.read(MIMETYPE) == CONTAINER_TYPE.encode(), MIMETYPE)
        need(names[-3:] == [INDEX, MANIFEST, SIGNATURES], "phần cuối · last parts:", *names[-3:])

    def read(self, name: str) -> bytes:
        """Read a small part whole."""
        need(name in self.parts, "thiếu · missing:", name)
        part = self.parts[name]
        need(part.size <= _SMALL, name, "lớn quá · too large")
        return self._read_at(part.at, part.size)

    def read_start(self, name: str, size: int) -> bytes:
        """Read the first bytes of a part."""
        return self._read_at(self.parts[name].at, min(size, self.parts[name].size))

    def without(self, name: str, begin: int, end: int) -> tuple[str, bytes]:
        """Hash a part as it would be without some of its bytes; return these, too."""
        part = self.parts[name]
        need(0 < begin < end <= part.size and end - begin <= _SMALL, name, "seal_at:", begin)
        hashed = hashlib.sha256()
        for first, size in ((part.at, begin), (part.at + end, part.size - end)):
            for at in range(first, first + size, _CHUNK):
                hashed.update(self._read_at(at, min(_CHUNK, first + size - at)))
        return hashed.hexdigest(), self._read_at(part.at + begin, end - begin)

    def compare(self, name: str, pieces: Iterable[str]) -> None:
        """Demand that a part is exactly this text. A piece is asked for when all before it were read."""
        part = self.parts[name]
        at, end = part.at, part.at + part.size
        self.file.seek(at)
        for piece in pieces:
            raw = piece.encode()
            need(self._read_at(at, min(len(raw), end - at)) == raw, name, "≠", piece[:60])
            at += len(raw)
        need(at == end, name, "dài quá · too long")

    def _read_at(self, at: int, size: int) -> bytes:
        self.file.seek(at)
        return self.file.read(size)

    def _read_local(self, at: int, head: bytes) -> tuple[Part, int, bool]:
        need(len(head) == 30, "zip, byte", at)
        *_, time, day, crc, _, size, name_size, extra_size = struct.unpack("<4s5H3I2H", head)
        self.stamp = self.stamp if self.parts else (time, day)
        raw = head + self._read_at(at + 30, name_size + extra_size)
        name, extra = raw[30 : 30 + name_size].decode("ascii"), raw[30 + name_size :]
        need(NAMES.fullmatch(name) and name not in self.parts, "tên · name:", name)
        is_wide = len(extra) == 20
        size = struct.unpack("<2HQQ", extra)[2] if is_wide else size
        need(raw == write_local(name, self.stamp, size, crc, is_wide=is_wide), name, "header")
        hashed, found, begin = hashlib.sha256(), 0, at + len(raw)
        for place in range(begin, begin + size, _CHUNK):
            chunk = self._read_at(place, min(_CHUNK, begin + size - place))
            need(chunk, name, "cụt · cut short")
            hashed.update(chunk)
            found = zlib.crc32(chunk, found)
        need(found == crc, name, "CRC-32")
        return Part(name, begin, size, hashed.hexdigest()), crc, is_wide


def stamp_of(at: datetime) -> tuple[int, int]:
    """Write an instant as zip has it, time and date, to two seconds."""
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day


def write_local(name: str, stamp: tuple[int, int], size: int, crc: int, *, is_wide: bool) -> bytes:
    """Write the header before a stored file; stamp is its time and date; is_wide gives sizes 64 bits."""
    version, narrow = (45, _ALL_ONES) if is_wide else (20, size)
    extra = struct.pack("<2HQQ", 1, 16, size, size) if is_wide else b""
    fields = (version, 0, 0, *stamp, crc, narrow, narrow, len(name), len(extra))
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + name.encode() + extra


def write_central(name: str, stamp: tuple[int, int], size: int, crc: int, at: int, *, is_wide: bool) -> bytes:
    """Write the record of a file in the central directory; at is where its header stands."""
    wide = ([size, size] if size > _NARROW else []) + ([at] if at > _NARROW else [])
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = 45 if wide or is_wide else 20
    narrow, place = (_ALL_ONES if value > _NARROW else value for value in (size, at))
    head = (b"PK\x01\x02", version | 3 << 8, version, 0, 0, *stamp, crc, narrow, narrow)
    tail = (len(name), len(extra), 0, 0, 0, 0o644 << 16, place)
    return struct.pack("<4s6H3I5H2I", *head, *tail) + name.encode() + extra


def write_end(count: int, size: int, at: int) -> bytes:
    """Write what stands behind the central directory: how many records, how long it is, where it begins."""
    end = b""
    if count > _FEW or size > _NARROW or at > _NARROW:
        end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, at)
        end += struct.pack("<4sIQI", b"PK\x06\x07", 0, at + size, 1)
        count, size, at = min(count, 0xFFFF), min(size, _ALL_ONES), min(at, _ALL_ONES)
    return end + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, size, at, 0)
