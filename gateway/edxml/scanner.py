"""One pass over one file: hash it, judge its XML, cut its payloads out.

The file is fed to expat in pieces. The start tags of payloads are found in the bytes by name and fed
alone, with handlers armed; only the parser decides whether they are tags at all. A payload's own bytes
go to the base64 decoder straight from the file; the parser sees them only when they hold what base64
alone cannot (a reference, a CDATA section, rubbish), and then judges them as XML.
"""

import hashlib
from typing import BinaryIO
from xml.parsers import expat

from gateway.edxml import names
from gateway.edxml.ahead import Ahead
from gateway.edxml.cutting import Cut
from gateway.edxml.faults import refusal
from gateway.edxml.outline import Limits, Outline
from gateway.edxml.payloads import CHUNK_BYTES, WHITE_SPACE
from gateway.errors import Refusal
from gateway.model.identifiers import Digest

_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
_FIRST_BYTES = 8  # enough to tell a byte order mark and an encoding
_SEPARATOR = " "
_TEXT_BYTES = 64 << 10
_OURS = frozenset({"", names.NS})
_OLD_DIALECTS = frozenset({names.GO_EDOC, names.SOAP})
_PAYLOAD = names.PAYLOAD.encode()
_PAYLOADS = frozenset({names.PAYLOAD, names.NS + _SEPARATOR + names.PAYLOAD})
_HEADER = names.HEADER.encode()
_UNDEFINED_ENTITY = 11
_JUNK_AFTER_ROOT = 9


def scan(source: BinaryIO, limits: Limits, digest: Digest | None = None) -> Outline:
    """Scan one file from its beginning; its digest, where it is known, is not computed again."""
    scan_, hash_ = Scan(limits), hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        if digest is None:
            hash_.update(chunk)
        scan_.feed(chunk)
    return scan_.finish(digest or Digest(hash_.hexdigest()))


class Scan:
    """The state of one pass. Used once: `feed` every chunk, then `finish`.

    Shape: ahead hashes the canonical form as the payloads go by.
    """

    def __init__(self, limits: Limits, *, ahead: Ahead | None = None) -> None:
        self._limits = limits
        self._ahead = ahead
        self._held = b""  # a tag whose end has not arrived yet
        self._at = 0  # byte offset in the file of what comes next
        self._mark_bytes = 0  # a byte order mark
        self._fed_bytes = 0  # shown to the parser: all but byte order mark and payloads
        self._hidden_lines = 0
        self._kept = bytearray()  # the outline, payloads cut out
        self._marks_count = 0
        self._landmarks_count = 0
        self._alone = False  # is the piece being parsed one tag?
        self._raw = False  # are we within a payload that the parser need not see?
        self._cuts: list[Cut] = []
        self._cut: Cut | None = None
        self._parser = self._make_parser()

    @property
    def marks_count(self) -> int:
        """Count the marks met so far: what the parser remembers grows with them."""
        return self._marks_count

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        at = 0
        while at < len(chunk):
            if self._raw:
                at = self._feed_raw(chunk, at)
            else:
                # However much came at once, the limits are looked at between pieces no larger than they are.
                self._feed_piece(chunk[at : at + CHUNK_BYTES])
                at += CHUNK_BYTES

    def _feed_piece(self, piece: bytes) -> None:
        if self._held:
            piece, self._held = self._held + piece, b""
        if not self._at and len(piece) < _FIRST_BYTES:
            self._held = piece
            return
        at = 0 if self._at else self._skip_mark(piece)
        while at < len(piece):
            at = self._feed_raw(piece, at) if self._raw else self._feed_markup(piece, at)

    def finish(self, digest: Digest) -> Outline:
        """Say what was found, once the whole file has been fed; digest is the file's."""
        if self._held:
            self._parse(self._held)
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise refusal("cut-short", at=self._at) from error
        payloads = tuple(
            cut.as_payload(f"{digest}-{number}", number) for number, cut in enumerate(self._cuts, 1)
        )
        return Outline(
            text=self._text_with([payload.token for payload in payloads]),
            payloads=payloads,
            seal_at=self._find_seal(),
            digest=digest,
            size_bytes=self._at,
            ahead=self._ahead,
        )

    # -- the file's bytes ----------------------------------------------------------------------------

    def _skip_mark(self, chunk: bytes) -> int:
        # Without any mark, expat takes a zero byte at the beginning for UTF-16, whatever it was told.
        if chunk.startswith(_OTHER_BOMS) or b"\x00" in chunk[:_FIRST_BYTES]:
            raise refusal("encoding")
        self._at = self._mark_bytes = len(_BOM) if chunk.startswith(_BOM) else 0
        return self._at

    def _feed_markup(self, chunk: bytes, at: int) -> int:
        """Show the parser what stands before the next landmark, then the landmark alone."""
        start, stop = _find_landmark(chunk, at)
        if start < 0:
            return self._feed_rest(chunk, at)
        if start > at:
            self._parse(chunk[at:start])
        self._landmarks_count += 1
        if self._landmarks_count > 2 * self._limits.attachments_count:
            raise refusal("too-many-attachments", limit=self._limits.attachments_count)
        before = self._cut
        self._arm()
        self._alone = True
        self._parse(chunk[start:stop])
        self._alone = False
        self._raw = self._cut is not None and self._cut is not before
        return stop

    def _feed_rest(self, chunk: bytes, at: int) -> int:
        """Show the parser the rest of a chunk, but hold back a tag that has not ended.

        It may be a landmark, whose name lies across the border.
        """
        last = chunk.rfind(b"<", at)
        whole = last < 0 or chunk.find(b">", last) >= 0
        stop = len(chunk) if whole else last
        self._held = chunk[stop:]
        if len(self._held) > self._limits.token_bytes:
            raise refusal("token-too-long", limit=self._limits.token_bytes)
        self._parse(chunk[at:stop])
        return len(chunk)

    def _feed_raw(self, chunk: bytes, at: int) -> int:
        """Give the decoder a stretch of payload, or the parser when it is not mere base64."""
        cut = self._cut
        assert cut is not None  # noqa: S101 - _raw says so
        stop = chunk.find(b"<", at)
        self._raw = stop < 0
        stop = len(chunk) if stop < 0 else stop
        stretch = chunk[at:stop]
        if cut.take_solid(stretch):
            if self._ahead is not None and stretch:
                if self._at == cut.start:
                    self._ahead.begin(self._kept)
                self._ahead.take(stretch)
            self._at += len(stretch)
            if cut.spaced:
                cut.plain = cut.plain and b"\r" not in stretch
                self._hidden_lines += stretch.count(b"\n")
        else:
            self._raw = False
            self._parse(stretch)
        return stop

    def _parse(self, piece: bytes) -> None:
        self._kept += piece
        self._at += len(piece)
        self._fed_bytes += len(piece)
        # Before the parser sees them: open tags and attributes are what costs it memory.
        self._marks_count += piece.count(b"<") + piece.count(b"=")
        if self._marks_count > self._limits.marks_count:
            raise refusal("too-many-marks", limit=self._limits.marks_count)
        try:
            self._parser.Parse(piece, False)
        except expat.ExpatError as error:
            raise self._translate(error) from error
        if self._cut is not None:
            self._drop_text(self._cut)
        if len(self._kept) > self._limits.header_bytes:
            raise refusal("header-too-large", limit=self._limits.header_bytes)
        if self._unread_bytes() > self._limits.token_bytes:
            raise refusal("token-too-long", limit=self._limits.token_bytes)

    def _unread_bytes(self) -> int:
        """Count the bytes that lie between where the parser stands and what it was fed."""
        return self._fed_bytes - self._parser.CurrentByteIndex

    def _drop_text(self, cut: Cut) -> None:
        """Forget the payload's text that the parser has passed."""
        del self._kept[cut.mark : len(self._kept) - self._unread_bytes()]

    def _text_with(self, tokens: list[str]) -> bytes:
        parts: list[bytes] = []
        at = 0
        for cut, token in zip(self._cuts, tokens, strict=True):
            parts += [bytes(self._kept[at : cut.mark]), token.encode()]
            at = cut.mark
        text = b"".join([*parts, bytes(self._kept[at:])]).rstrip(WHITE_SPACE)
        if text.endswith(b"-->"):
            raise refusal("trailing-bytes", at=self._at)
        return text

    def _find_seal(self) -> int:
        """Find where a seal may be inserted: the header's end tag, when it is the only one."""
        found, at = [], 0
        while (name := self._kept.find(_HEADER, at)) >= 0:
            start = self._kept.rfind(b"<", at, name)
            if self._kept.startswith(b"</", start) and self._kept.find(b">", start, name) < 0:
                found.append(start)
            at = name + len(_HEADER)
        if len(found) != 1:
            return 0
        before = sum(cut.end - cut.start for cut in self._cuts if cut.mark <= found[0])
        return self._mark_bytes + found[0] + before

    def _translate(self, error: expat.ExpatError) -> Refusal:
        at = self._at - self._fed_bytes + self._parser.ErrorByteIndex
        if error.code == _UNDEFINED_ENTITY:
            return refusal("entity", at=at)
        if error.code == _JUNK_AFTER_ROOT:
            return refusal("trailing-bytes", at=at)
        return refusal("not-well-formed", line=error.lineno + self._hidden_lines, at=at)

    # -- what the parser tells -----------------------------------------------------------------------

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("UTF-8", _SEPARATOR)
        parser.XmlDeclHandler = _check_declaration
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.ProcessingInstructionHandler = _refuse_instruction
        parser.StartElementHandler = self._root
        return parser

    def _arm(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def _disarm(self) -> None:
        self._parser.StartElementHandler = None
        self._parser.EndElementHandler = None

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(_SEPARATOR)
        if namespace in _OLD_DIALECTS or local == "Envelope":
            raise refusal("unsupported-dialect")
        if local not in names.ROOTS or namespace not in _OURS:
            raise refusal("not-edxml")
        self._disarm()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._cut is not None:
            raise refusal("payload-markup", names.PAYLOAD)
        if name not in _PAYLOADS:
            self._disarm()
            return
        # A payload begins where the piece just fed ends: that is what lets us take it from the file.
        # Only a ">" among the tag's own attributes could break this, which no producer writes.
        if not self._alone:
            raise refusal("payload-markup", names.PAYLOAD)
        if len(self._cuts) >= self._limits.attachments_count:
            raise refusal("too-many-attachments", limit=self._limits.attachments_count)
        self._cut = Cut(mark=len(self._kept), start=self._at, seen_bytes=self._fed_bytes)
        self._parser.buffer_text = True
        self._parser.buffer_size = _TEXT_BYTES
        self._parser.CharacterDataHandler = self._text

    def _text(self, text: str) -> None:
        assert self._cut is not None  # noqa: S101 - the handler is set only while a payload is open
        self._cut.take(text.encode())

    def _end(self, name: str) -> None:
        if self._cut is not None:
            self._parser.CharacterDataHandler = None
            self._drop_text(self._cut)
            self._cut.plain = self._cut.plain and self._parser.CurrentByteIndex == self._cut.seen_bytes
            self._cut.close(self._at - self._unread_bytes())
            if self._ahead is not None and not self._cut.plain:
                self._ahead.give_up()
            if self._cut.end > self._cut.start:
                self._cuts.append(self._cut)
            self._cut = None
        self._disarm()


def _find_landmark(chunk: bytes, at: int) -> tuple[int, int]:
    """Find the next thing that looks like a payload's start tag: where it starts and stops, or -1."""
    marker = chunk.find(_PAYLOAD, at)
    while marker >= 0:
        start = chunk.rfind(b"<", at, marker)
        is_tag = start >= 0 and chunk.find(b">", start, marker) < 0
        if is_tag and not chunk.startswith(b"</", start):
            stop = chunk.find(b">", marker) + 1
            return (start, stop) if stop else (-1, -1)
        at = marker + len(_PAYLOAD)
        marker = chunk.find(_PAYLOAD, at)
    return -1, -1


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    if encoding is not None and encoding.upper() != "UTF-8":
        raise refusal("encoding")
    if version != "1.0":
        raise refusal("xml-version")


def _refuse_doctype(*declaration: object) -> None:
    raise refusal("doctype")


def _refuse_instruction(target: str, content: str) -> None:
    raise refusal("instruction")
