"""A package without its payloads: what is left is small, whatever the files weigh.

Every payload's text is replaced by a token, so that the rest can be parsed into a tree while the files
stay where they are, named by their byte offsets.
"""

from dataclasses import dataclass, field

from gateway.edxml.ahead import Ahead
from gateway.errors import Fault
from gateway.model.identifiers import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a package may ask of us before it is refused.

    Shape: header_bytes bounds everything but the payloads; token_bytes one tag or comment; marks_count
    the ``<`` and ``=`` that elements and attributes are made with, and so the memory they cost; depth
    the nesting of elements.
    """

    header_bytes: int = 4 << 20
    depth: int = 64
    marks_count: int = 100_000
    token_bytes: int = 64 << 10
    attachments_count: int = 500


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """The base64 text of one attachment, where it stands.

    Shape: start and end are byte offsets in the file; plain says that the raw bytes are already their
    own canonical XML text (no carriage return, reference or CDATA section); decoded_bytes and digest
    describe what it decodes to; fault is set when it is no base64, and then they are those of nothing.
    """

    token: str
    start: int
    end: int
    plain: bool
    decoded_bytes: int
    digest: Digest
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A package scanned: its text with a token for each payload, and its payloads.

    Shape: text is UTF-8 XML without byte order mark and trailing white space; payloads stand in
    document order, empty ones left out; seal_at is the byte offset in the file of ``</edXMLHeader>``,
    0 when there is none; digest and size_bytes are of the whole file; ahead has hashed its canonical form
    so far, where it was read while it came.
    """

    text: bytes
    payloads: tuple[Payload, ...]
    seal_at: int
    digest: Digest
    size_bytes: int
    ahead: Ahead | None = field(default=None, compare=False, repr=False)
