"""Base64 as it streams past, from a file or from a parser, at flat memory."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO
from xml.parsers import expat

import pybase64

from gateway.edxml.faults import refusal
from gateway.edxml.outline import Payload

# Large enough to cost little each, small enough to stay in the cache and out of the kernel.
CHUNK_BYTES = 64 << 10
WHITE_SPACE = b" \t\r\n"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


class Base64Decoder:
    """Decode standard base64 piece by piece; white space between the characters is passed over.

    Shape: spaced tells whether there was white space in the last piece, and so whether it can hold line ends.
    Errors: ValueError from both methods at anything that is not standard, padded base64; a piece that
    could not be decoded has left no trace.
    """

    __slots__ = ("_padded", "_rest", "spaced")

    def __init__(self) -> None:
        self._rest = b""
        self._padded = False
        self.spaced = False

    def decode(self, text: bytes) -> list[bytes]:
        """Decode as far as whole groups of four go, in one or two pieces; keep the rest for the next."""
        solid = text.strip(WHITE_SPACE)
        try:
            decoded = self._decode_solid(solid)
        except ValueError:
            # Most payloads are one line, so white space is looked for only when it got in the way.
            solid = text.translate(None, WHITE_SPACE)
            decoded = self._decode_solid(solid)
        self.spaced = len(solid) < len(text)
        return decoded

    def finish(self) -> None:
        """Check that nothing is left over."""
        if self._rest:
            raise ValueError("base64 ends within a group of four characters")

    def _decode_solid(self, text: bytes) -> list[bytes]:
        if self._padded and text:
            raise ValueError("base64 goes on after its padding")
        # A group across the border is decoded alone: copying the piece would cost more than decoding it.
        begun = self._rest + text[: -len(self._rest) % 4]
        start = len(begun) - len(self._rest)
        stop = start + (len(text) - start & ~3)
        whole = len(begun) & ~3
        rest = begun[whole:] + text[stop:]
        if rest.strip(_ALPHABET):
            raise ValueError("a character that is not of base64")
        groups = [part for part in (begun[:whole], memoryview(text)[start:stop]) if len(part)]
        padded = [part[-1:] == b"=" for part in groups]
        if any(padded[:-1]):
            raise ValueError("base64 goes on after its padding")
        decoded = [_decode_groups(part) for part in groups]
        self._rest, self._padded = rest, any(padded)
        return decoded


def _decode_groups(groups: bytes | memoryview) -> bytes:
    if b"=" in bytes(groups[-4:-2]):  # which some decoders let pass when a whole group is padding
        raise ValueError("base64 has more padding than a group can")
    return pybase64.b64decode(groups, validate=True)


def read_range(source: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Read the file's bytes from start to end, in pieces."""
    while start < end:
        source.seek(start)
        piece = source.read(min(CHUNK_BYTES, end - start))
        if not piece:
            raise refusal("cut-short", at=start)
        start += len(piece)
        yield piece


def read_text(source: BinaryIO, payload: Payload) -> Iterator[bytes]:
    """Read a payload's text as XML sees it: references resolved, line ends made one.

    Shape: pieces of UTF-8.
    """
    pieces = read_range(source, payload.start, payload.end)
    return pieces if payload.plain else _parsed(pieces)


def read_payload(source: BinaryIO, payload: Payload) -> Iterator[bytes]:
    """Decode a payload, streamed; what is attached, before any zip wrapping is removed.

    Errors: Refusal when the text is not base64.
    """
    return _decoded(read_text(source, payload))


def decode_range(source: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """Decode the base64 text that stands between two byte offsets, streamed.

    Errors: Refusal when the text is not base64.
    """
    # What is not plain is rare, so looking first costs less than always asking a parser.
    if any(b"&" in piece or b"<" in piece for piece in read_range(source, start, end)):
        return _decoded(_parsed(read_range(source, start, end)))
    return _decoded(read_range(source, start, end))


def _decoded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = Base64Decoder()
    try:
        for piece in pieces:
            yield from decoder.decode(piece)
        decoder.finish()
    except ValueError as error:
        raise refusal("base64") from error


def _parsed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    texts: list[str] = []
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.buffer_size = CHUNK_BYTES
    parser.CharacterDataHandler = texts.append
    try:
        for piece in chain((b"<text>",), pieces, (b"</text>",)):
            parser.Parse(piece, False)
            if texts:
                yield "".join(texts).encode()
                texts.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise refusal("payload-markup") from error
