"""A file → its Reference and its Attachment, at flat memory.

Kinds the axis's own library declares travel as they are; every other kind travels zipped, alone in its
archive, for that is what the library's reader unwraps.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import RawIOBase
from typing import BinaryIO
from uuid import NAMESPACE_URL, uuid5

import pybase64

from gateway.edxml import names
from gateway.edxml.enclosures import bare_content_id
from gateway.edxml.file_names import EXTENSION_OF, extension_of, safe_name
from gateway.edxml.markup import escape_text, indent, kept_branch, leaf
from gateway.model.identifiers import DocumentId

# A multiple of three, so that only the last piece of base64 is padded.
_PIECE_BYTES = 192 << 10
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to attach.

    Shape: open gives its bytes from the start, each time anew; media_type supplies the extension when
    the name has none; without a content_id one is derived from the document's.
    """

    name: str
    open: Callable[[], BinaryIO]
    media_type: str | None = None
    content_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """How a file will stand in the package. reference is its manifest entry, in XML."""

    file: File
    content_id: str
    name: str
    content_type: str
    entry: str | None
    reference: str


def pack_file(file: File, document_id: DocumentId, number: int) -> Packed:
    """Decide how a file travels: its id, its type, and the archive's entry when it is zipped."""
    content_id = bare_content_id(file.content_id or str(uuid5(NAMESPACE_URL, f"{document_id}#{number}")))
    name = safe_name(file.name)
    if not extension_of(name) and file.media_type in EXTENSION_OF:
        name = f"{name}.{EXTENSION_OF[file.media_type]}"
    extension = extension_of(name)
    content_type = names.RAW_TYPES.get(extension)
    # The archive's entry is named after the id, as the library does: nobody may use it as a path.
    entry = None if content_type else content_id + (f".{extension}" if extension else "")
    return Packed(
        file=file,
        content_id=content_id,
        name=name,
        content_type=content_type or names.ZIP_TYPE,
        entry=entry,
        reference=kept_branch(
            names.REFERENCE,
            leaf("ContentId", f"cid:{content_id}"),
            leaf("ContentType", content_type or names.ZIP_TYPE),
            leaf("AttachmentName", name),
        ),
    )


def stream_packed(packed: Packed) -> Iterator[bytes]:
    """Write a file's Attachment, its content base64 on one line."""
    opening = (
        f"<{names.ATTACHMENT}>\n"
        f"  <ContentId>{escape_text(f'cid:{packed.content_id}', 'ContentId')}</ContentId>\n"
        f"  <AttachmentName>{escape_text(packed.name, 'AttachmentName')}</AttachmentName>\n"
        f"  <ContentType>{packed.content_type}</ContentType>\n"
        f'  <edXML:{names.PAYLOAD} xmlns:edXML="{names.NS}">'
    )
    yield indent(opening, 2).encode()
    with packed.file.open() as source:
        pieces = iter(lambda: source.read(_PIECE_BYTES), b"")
        yield from _encoded(pieces if packed.entry is None else _zipped(pieces, packed.entry))
    yield f"</edXML:{names.PAYLOAD}>\n    </{names.ATTACHMENT}>\n".encode()


def _encoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % 3
        yield pybase64.b64encode(rest[:whole])
        rest = rest[whole:]
    yield pybase64.b64encode(rest)


def _zipped(pieces: Iterable[bytes], entry: str) -> Iterator[bytes]:
    """Zip one file as it streams past. Its date is fixed, so that the same file gives the same bytes."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:
        details = zipfile.ZipInfo(entry, _ZIP_EPOCH)
        details.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(details, "w") as member:
            for piece in pieces:
                member.write(piece)
                yield sink.take()
    yield sink.take()


class _Sink(RawIOBase):
    """Collects what the zip module writes until it is taken."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # bytes is all zipfile writes
        self._written += piece
        return len(piece)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken
