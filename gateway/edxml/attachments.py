"""What is attached, in the end: unwrapped, named, typed, counted and hashed.

Producers wrap files in zip archives of one entry, and say so wrongly in both directions. What is inside
decides; no name, type or size that a package states is ever trusted, and no entry's name is a path.
"""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from gateway.edxml import names
from gateway.edxml.faults import refusal
from gateway.edxml.file_names import (
    EXTENSION_OF,
    HEAD_BYTES,
    ZIP_CONTAINERS,
    extension_of,
    name_extension,
    safe_name,
    tell_media_type,
)
from gateway.edxml.payloads import CHUNK_BYTES, decode_range
from gateway.model.identifiers import Digest
from gateway.model.package import Attachment

_ZIP_MARK = b"PK\x03\x04"
_DIRECTORY_MARK = b"PK\x05\x06"
_DIRECTORY_TAIL_BYTES = 22 + 0xFFFF
_DIRECTORY_BYTES = 1 << 20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Everything the standard library lets out when an archive is rubbish.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(ValueError, IndexError, OverflowError, RuntimeError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrapLimits:
    """What unpacking an archive may cost.

    Shape: ratio is unpacked bytes per packed byte, and counts only beyond free_bytes, since an almost
    blank page packs well.
    """

    unpacked_bytes: int = 1 << 30
    ratio: int = 200
    free_bytes: int = 16 << 20


DEFAULT_UNWRAP_LIMITS = UnwrapLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file as its reader gets it.

    Shape: name is safe to use as a file's name; media_type is one of a closed list; size_bytes and
    digest are of the final content; wrapped says that it travelled inside a zip.
    """

    name: str
    media_type: str
    size_bytes: int
    digest: Digest
    wrapped: bool


def describe_attachment(
    source: BinaryIO,
    attachment: Attachment,
    *,
    scratch: BinaryIO,
    limits: UnwrapLimits = DEFAULT_UNWRAP_LIMITS,
) -> NamedFile:
    """Name, type, count and hash an attachment's final content.

    Shape: source is the whole package; scratch is an empty, seekable file that takes the archive, if
    there is one.
    Errors: Refusal when a wrapped file cannot be unpacked within the limits.
    """
    wrapped = _find_wrapped(source, attachment, scratch)
    if wrapped is None:
        head, _ = _peek(decode_range(source, attachment.start, attachment.end))
        size_bytes, digest = attachment.decoded_bytes, attachment.digest
    else:
        head, size_bytes, digest = _measure(wrapped.unwrap(limits))
    name = _name_file(attachment, wrapped, head)
    return NamedFile(
        name=name,
        media_type=tell_media_type(head, extension_of(name)),
        size_bytes=size_bytes,
        digest=digest,
        wrapped=wrapped is not None,
    )


def open_attachment(
    source: BinaryIO,
    attachment: Attachment,
    *,
    scratch: BinaryIO,
    limits: UnwrapLimits = DEFAULT_UNWRAP_LIMITS,
) -> Iterator[bytes]:
    """Yield an attachment's final content, streamed.

    Shape: as `describe_attachment`; scratch must stay open until the last piece.
    Errors: Refusal when a wrapped file cannot be unpacked within the limits.
    """
    wrapped = _find_wrapped(source, attachment, scratch)
    if wrapped is None:
        return decode_range(source, attachment.start, attachment.end)
    return wrapped.unwrap(limits)


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """The one entry of an archive that wraps a file; the archive lies in scratch."""

    entry: zipfile.ZipInfo
    scratch: BinaryIO
    packed_bytes: int

    def unwrap(self, limits: UnwrapLimits) -> Iterator[bytes]:
        """Unpack, counting what comes out, whatever the archive says about it."""
        allowed = min(limits.unpacked_bytes, limits.free_bytes + limits.ratio * self.packed_bytes)
        unpacked_bytes = 0
        try:
            with zipfile.ZipFile(self.scratch) as archive, archive.open(self.entry) as member:
                while piece := member.read(CHUNK_BYTES):
                    unpacked_bytes += len(piece)
                    if unpacked_bytes > allowed:
                        raise refusal("zip-unsafe")
                    yield piece
        except _ZIP_ERRORS as error:
            raise refusal("zip-unreadable") from error


def _find_wrapped(source: BinaryIO, attachment: Attachment, scratch: BinaryIO) -> _Wrapped | None:
    """Return the archive's one entry when the attachment is a wrapped file."""
    extension = extension_of(safe_name(attachment.name)) or _declared_extension(attachment)
    head, pieces = _peek(decode_range(source, attachment.start, attachment.end))
    if extension == "zip" or not head.startswith(_ZIP_MARK):
        return None
    scratch.seek(0)
    scratch.truncate()
    for piece in pieces:
        scratch.write(piece)
    entries = _list_entries(scratch)
    if len(entries) != 1 or not _is_wrapping(
        entries[0], extension, declared_zip=_is_declared_zip(attachment)
    ):
        return None
    return _Wrapped(entries[0], scratch, attachment.decoded_bytes)


def _is_wrapping(entry: zipfile.ZipInfo, extension: str, *, declared_zip: bool) -> bool:
    """Tell whether an archive of one entry wraps a file, rather than being the file.

    A word-processing file is an archive itself, but one of many entries; when a single entry has the
    same extension, somebody wrapped it. Without any extension only a declared zip is taken apart: a
    real archive may well have one entry.
    """
    if entry.filename.endswith("/") or entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        return False
    if extension in ZIP_CONTAINERS and not declared_zip:
        return extension_of(entry.filename) == extension
    return bool(extension) or declared_zip


def _is_declared_zip(attachment: Attachment) -> bool:
    return (attachment.declared_type or "").lower() == names.ZIP_TYPE


def _declared_extension(attachment: Attachment) -> str:
    """Return the extension the declared type speaks for; a declared zip speaks for none."""
    if _is_declared_zip(attachment):
        return ""
    return EXTENSION_OF.get((attachment.declared_type or "").lower(), "")


def _list_entries(scratch: BinaryIO) -> list[zipfile.ZipInfo]:
    """List an archive's entries; none when it is broken or its list is too long to be one file's."""
    size_bytes = scratch.seek(0, 2)
    scratch.seek(max(0, size_bytes - _DIRECTORY_TAIL_BYTES))
    tail = scratch.read()
    at = tail.rfind(_DIRECTORY_MARK)
    if at < 0 or int.from_bytes(tail[at + 12 : at + 16], "little") > _DIRECTORY_BYTES:
        return []
    try:
        with zipfile.ZipFile(scratch) as archive:
            return archive.infolist()
    except _ZIP_ERRORS:
        return []


def _peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Look at the first bytes, which tell a format; all the pieces come back with them."""
    seen = b""
    for piece in pieces:
        seen += piece
        if len(seen) >= HEAD_BYTES:
            break
    return seen[:HEAD_BYTES], chain((seen,), pieces)


def _measure(pieces: Iterator[bytes]) -> tuple[bytes, int, Digest]:
    head, pieces = _peek(pieces)
    size_bytes, digest = 0, hashlib.sha256()
    for piece in pieces:
        size_bytes += len(piece)
        digest.update(piece)
    return head, size_bytes, Digest(digest.hexdigest())


def _name_file(attachment: Attachment, wrapped: _Wrapped | None, head: bytes) -> str:
    """Name the final content: the attachment's own name, with an extension when it has none."""
    name = safe_name(attachment.name)
    extension = extension_of(name)
    if extension:
        # Left as an archive though its name says otherwise: the reader must see what it is.
        is_archive = wrapped is None and head.startswith(_ZIP_MARK) and extension not in ZIP_CONTAINERS
        return f"{name}.zip" if is_archive else name
    inside = extension_of(wrapped.entry.filename) if wrapped else ""
    # An entry is often a temporary file, whose extension says nothing about its content.
    stated = _declared_extension(attachment) if inside in ("", "edxml", "tmp") else inside
    found = name_extension(head, stated)
    return f"{name}.{found}" if found else name
