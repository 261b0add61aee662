"""A document inside the JSON answer of ``getEdoc``: base64 both ways, chunk by chunk, at flat memory."""

import binascii
import re
from dataclasses import dataclass

import pybase64

from gateway.vxp.answers import PERMANENT, SUCCESS_WORDS, ErrorCode, read_members, unreadable

_HEAD_LIMIT = 64 * 1024
_BLANK_LIMIT = 4 * 1024
# Inside another JSON text these quotes would be escaped, so only a member's name can look like this; that
# it is a member of the outermost object is checked at the end.
_OPENING = re.compile(rb'"data"[ \t\r\n]*:[ \t\r\n]*"')
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|([\"\\/bfnrt]))")
_PLAIN = bytes.maketrans(b"-_", b"+/")
_SPACES = b" \t\r\n\f\b"
_UNESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around the base64 text of a document.

    Shape: the answer is prefix, the base64 of size_bytes bytes, suffix: content_length bytes in all.
    """

    prefix: bytes
    suffix: bytes
    content_length: int


def frame_content(size_bytes: int) -> Frame:
    """Plan the answer of ``getEdoc`` for a document of this size."""
    envelope = f'{{"status":"OK","ErrorCode":"{ErrorCode.OK}","ErrorDesc":"{SUCCESS_WORDS}","data":"'
    prefix, suffix = envelope.encode("ascii"), b'"}'
    return Frame(
        prefix=prefix,
        suffix=suffix,
        content_length=len(prefix) + (size_bytes + 2) // 3 * 4 + len(suffix),
    )


def encode_content(held: bytes, chunk: bytes, *, last: bool = False) -> tuple[bytes, bytes]:
    """Encode one chunk, holding back what does not fill a group of three bytes.

    Feed every chunk in turn, starting with nothing held, then an empty one as the last.
    """
    joined = held + chunk
    end = len(joined) if last else len(joined) - len(joined) % 3
    return pybase64.b64encode(joined[:end]), joined[end:]


def starts_as_document(head: bytes) -> bool | None:
    """Tell whether bytes can begin a document, not an error page; None while too few have come.

    Shape: head is the first bytes, at most some kilobytes; blanks and a byte order mark may stand first.
    """
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:15].lower()
    if len(start) < 15 and len(head) < _BLANK_LIMIT and (start == b"" or start[:1] == b"<"):
        return None
    return start[:1] == b"<" and not start.startswith((b"<html", b"<!doctype html"))


class ContentReader:
    """Read the answer of ``getEdoc`` as it comes in, and give the document out as it is decoded.

    Line breaks, the URL-safe alphabet, missing padding and JSON escapes (Gson writes ``=`` as ``\\u003d``)
    are accepted. Memory stays flat: only what surrounds the document is kept.
    Errors: of `vxp.answers.read_done`.
    """

    def __init__(self, *, permanent: frozenset[str] = PERMANENT) -> None:
        self._permanent = permanent
        self._around = bytearray()
        self._held = b""
        self._state = "head"
        self._padded = False

    def feed(self, chunk: bytes) -> bytes:
        """Take the next piece of the answer and return what it adds to the document."""
        if self._state == "head":
            self._around += chunk
            found = _OPENING.search(self._around)
            if found is None:
                self._limit()
                return b""
            chunk = bytes(self._around[found.end() :])
            del self._around[found.end() :]
            self._state = "content"
        if self._state == "tail":
            self._around += chunk
            self._limit()
            return b""
        text, quote, rest = (self._held + chunk).partition(b'"')
        if not quote:
            return self._decode(text, last=False)
        self._state = "tail"
        self._around += quote + rest
        self._limit()
        return self._decode(text, last=True)

    def finish(self) -> None:
        """Check that what came was one whole answer."""
        members = read_members(bytes(self._around), permanent=self._permanent)
        if self._state != "tail" or members.get("data") != "":
            raise unreadable("data")

    def _decode(self, text: bytes, *, last: bool) -> bytes:
        # An escape may be cut in two by the end of the chunk: hold it back whole.
        cut = text.rfind(b"\\", max(len(text) - 5, 0))
        split = len(text) if last or cut < 0 or _ESCAPE.match(text, cut) else cut
        ready = _ESCAPE.sub(_unescape, text[:split]) if b"\\" in text else text
        ready = ready.translate(_PLAIN, _SPACES)
        return self._decode_ready(ready, text[split:], last=last)

    def _decode_ready(self, ready: bytes, raw: bytes, *, last: bool) -> bytes:
        bare = ready.rstrip(b"=")
        if bare and self._padded:
            raise unreadable("data")
        self._padded = self._padded or len(bare) < len(ready)
        if last or self._padded:
            end, bare = len(bare), bare + b"=" * (-len(bare) % 4)
            end = len(bare)
        else:
            end = len(bare) - len(bare) % 4
        self._held = bare[end:] + raw
        try:
            return pybase64.b64decode(bare[:end], validate=True)
        except binascii.Error as error:
            raise unreadable("data") from error

    def _limit(self) -> None:
        if len(self._around) > _HEAD_LIMIT:
            raise unreadable("")


def _unescape(found: re.Match[bytes]) -> bytes:
    if found.group(1):
        code = int(found.group(1), 16)
        return bytes([code]) if code < 128 else b"?"
    return _UNESCAPED.get(found.group(2), found.group(2))
