"""One pass over a package: where everything stands, what is refused, and that memory stays flat."""

import base64
import hashlib
import io
import tracemalloc
from collections.abc import Iterator

import pytest

from gateway.edxml.names import NS
from gateway.edxml.outline import Limits
from gateway.edxml.scanner import Scan
from gateway.edxml.xml import DEFAULT_LIMITS, hash_canonical, parse_outline, read_payload, scan_package
from gateway.errors import Refusal
from tests.crafts.test_cases import ACCEPTED

HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}">
  <edXMLEnvelope>
    <edXMLHeader>
      <MessageHeader/>
    </edXMLHeader>
  </edXMLEnvelope>
  <AttachmentEncoded>
""".encode()
OPEN = b"<Attachment><ContentId>cid:1</ContentId><ContentTransferEncoded>"
CLOSE = b"</ContentTransferEncoded></Attachment>"
TAIL = b"</AttachmentEncoded>\n</edXML>\n"
CONTENT = bytes(range(256)) * 4
TEXT = base64.b64encode(CONTENT)


def package(*payloads: bytes, head: bytes = HEAD) -> bytes:
    """Write a package with these texts as payloads."""
    return head + b"".join(OPEN + payload + CLOSE for payload in payloads) + TAIL


def scan_bytes(content: bytes, limits: Limits = DEFAULT_LIMITS):
    """Scan a package held in memory."""
    return scan_package(io.BytesIO(content), limits=limits)


def refused(content: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """Return the rule for which a package is refused."""
    with pytest.raises(Refusal) as caught:
        scan_bytes(content, limits)
    assert [fault.rule for fault in caught.value.faults] == [caught.value.code]
    return caught.value.code


def test_a_payload_is_named_by_its_place_and_by_what_it_decodes_to():
    """Offsets are of the file, so that the bytes between them are the payload's text."""
    content = package(TEXT)
    outline = scan_bytes(content)
    (payload,) = outline.payloads
    assert content[payload.start : payload.end] == TEXT
    assert payload.plain
    assert payload.decoded_bytes == len(CONTENT)
    assert payload.digest == hashlib.sha256(CONTENT).hexdigest()
    assert payload.fault is None


def test_the_outline_has_a_token_in_place_of_each_payload():
    """What is left is the document with its files taken out; tokens cannot be foreseen by a sender."""
    content = package(TEXT, TEXT[:8])
    outline = scan_bytes(content)
    tokens = [payload.token.encode() for payload in outline.payloads]
    assert outline.text == package(*tokens).rstrip()
    assert all(token.startswith(outline.digest.encode()) for token in tokens)
    assert outline.digest == hashlib.sha256(content).hexdigest()
    assert outline.size_bytes == len(content)


def test_a_byte_order_mark_counts_in_every_offset():
    """The mark is left out of the outline, but the file still has it."""
    content = b"\xef\xbb\xbf" + package(TEXT)
    outline = scan_bytes(content)
    assert content[outline.payloads[0].start : outline.payloads[0].end] == TEXT
    assert content[outline.seal_at :].startswith(b"</edXMLHeader>")
    assert outline.text.startswith(b"<?xml")


def test_a_seal_has_its_place_before_the_headers_end():
    """The last child of the header is where the standard puts a signature."""
    content = package(TEXT)
    assert content[scan_bytes(content).seal_at :].startswith(b"</edXMLHeader>")


def test_a_payload_before_the_header_moves_the_place_of_the_seal():
    """The offset is the file's, not the outline's."""
    enclosures = b"<AttachmentEncoded>" + OPEN + TEXT + CLOSE + b"</AttachmentEncoded>"
    content = package(head=HEAD.replace(b"<edXMLEnvelope>", enclosures + b"<edXMLEnvelope>"))
    assert content[scan_bytes(content).seal_at :].startswith(b"</edXMLHeader>")


def test_a_header_end_in_a_comment_leaves_no_place_for_a_seal():
    """Where two places are possible none is chosen."""
    assert scan_bytes(package(TEXT).replace(b"<MessageHeader/>", b"<!-- </edXMLHeader> -->")).seal_at == 0


@pytest.mark.parametrize("size", [1, 2, 3, 7, 61, 997])
@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_borders_between_chunks_do_not_matter(case, size):
    """However the bytes arrive, the outline is the same."""
    content = (case / "package.edxml").read_bytes()
    scan = Scan(DEFAULT_LIMITS)
    for at in range(0, len(content), size):
        scan.feed(content[at : at + size])
    assert scan.finish(hashlib.sha256(content).hexdigest()) == scan_bytes(content)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (TEXT, True),
        (b"\n  " + TEXT + b"\n  ", True),
        (base64.encodebytes(CONTENT), True),
        (base64.encodebytes(CONTENT).replace(b"\n", b"\r\n"), False),
        (base64.encodebytes(CONTENT).replace(b"\n", b"&#13;\n"), False),
        (b"<![CDATA[" + TEXT + b"]]>", False),
        (TEXT[:40] + b"<!-- > -->" + TEXT[40:], False),
        (TEXT[:41] + b"<![CDATA[" + TEXT[41:] + b"]]>", False),
        (TEXT.replace(b"A", b"&#65;"), False),
    ],
)
def test_a_payload_is_read_however_it_is_written(text, plain):
    """White space, references, CDATA and comments are XML's business; the file inside is the same."""
    content = package(TEXT, text, TEXT)
    source = io.BytesIO(content)
    outline = scan_package(source)
    payload = outline.payloads[1]
    assert content[payload.start : payload.end] == text
    assert payload.plain is plain
    assert b"".join(read_payload(source, payload)) == CONTENT
    assert payload.digest == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    "text", [b"%%%%", b"AAA", b"AA=A", b"AA==AAAA", b"=AAA", b"AAAA====", "AAAÀ".encode(), b"AAAA-_-_", b"A"]
)
def test_a_payload_that_is_not_base64_is_told_and_not_thrown(text):
    """Whether it stops the package depends on the kind, which is not known yet."""
    (payload,) = scan_bytes(package(text)).payloads
    assert payload.fault is not None
    assert payload.fault.rule == "payload-unreadable"


@pytest.mark.parametrize(
    "text", [b"AAAA]]>", b"AA\x08", b"A\xff", b"AAAA]]>AAAA", b"&nbsp;AAA", b"AAA&", b"AAA\x0b"]
)
def test_a_payload_that_is_not_even_xml_is_refused(text):
    """Rubbish that the decoder stumbles over is still judged as XML, to its last byte."""
    assert refused(package(text)) in ("not-well-formed", "entity")


@pytest.mark.parametrize("text", [b"<b/>", b"AAAA<b>AAAA</b>", b"<ContentTransferEncoded/>"])
def test_elements_within_a_payload_are_refused(text):
    """A signature could cover what a reader does not see."""
    assert refused(package(text)) == "payload-markup"


@pytest.mark.parametrize("attributes", [b" a='>'", b" a='>' b='>'", b" a='\">' xmlns:x='urn:x'"])
def test_a_payload_tag_that_hides_where_it_ends_is_refused(attributes):
    """A greater-than sign in its attributes is legal XML that no producer writes."""
    tag = b"<ContentTransferEncoded" + attributes + b">"
    assert refused(package(TEXT).replace(b"<ContentTransferEncoded>", tag)) == "payload-markup"


def test_a_namesake_in_a_foreign_namespace_is_ordinary_text():
    """It stays in the outline, where the limit for headers holds."""
    content = package(TEXT).replace(b"ContentTransferEncoded>", b"x:ContentTransferEncoded>")
    outline = scan_bytes(
        content.replace(b"<x:ContentTransferEncoded", b"<x:ContentTransferEncoded xmlns:x='urn:x'")
    )
    assert outline.payloads == ()
    assert TEXT in outline.text


def test_an_empty_payload_is_no_payload():
    """Neither of the two ways to write an empty element holds a file."""
    content = package(b"").replace(TAIL, b"<Attachment><ContentTransferEncoded /></Attachment>" + TAIL)
    assert scan_bytes(content).payloads == ()


def test_a_payloads_name_in_text_cdata_and_comments_is_only_text():
    """Only the parser decides what is a tag."""
    decoys = (
        b"ContentTransferEncoded <a/> ContentTransferEncoded >"
        b"<!-- <ContentTransferEncoded> --><![CDATA[<ContentTransferEncoded>]]>"
    )
    content = package(TEXT).replace(b"<MessageHeader/>", decoys)
    content = content.replace(b"cid:1</ContentId>", b"cid:1</ContentId>ContentTransferEncoded ")
    outline = scan_bytes(content)
    assert [content[payload.start : payload.end] for payload in outline.payloads] == [TEXT]
    assert decoys in outline.text


MEGABYTE = 1 << 20
DECOY = b"<!-- ContentTransferEncoded> -->"
SMALL = Limits(header_bytes=64 << 10, token_bytes=1 << 10, marks_count=2_000, attachments_count=3)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (package(TEXT)[:-20], "cut-short"),
        (b"", "cut-short"),
        (b"\x00\x00\x00<\x00\x00\x00e", "encoding"),
        (package(TEXT).decode().encode("utf-16-be"), "encoding"),
        (package(TEXT).decode().encode("utf-16-le"), "encoding"),
        (b"\xef\xbb\xbf" + package(TEXT).decode().encode("utf-16-le"), "encoding"),
        (package(TEXT).decode().encode("utf-32"), "encoding"),
        (package(TEXT).replace(b"1.0", b"1.1", 1), "xml-version"),
        (package(TEXT) + b"<!-- behind -->", "trailing-bytes"),
        (package(TEXT) + b"\x00", "not-well-formed"),
        (package(TEXT) + package(TEXT), "trailing-bytes"),
        (package(TEXT) + b"<?late?>", "instruction"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<?x?>"), "instruction"),
        (package(TEXT).replace(b"<MessageHeader/>", b"\xff"), "not-well-formed"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<a></b>"), "not-well-formed"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<a b='1' b='2'/>"), "not-well-formed"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<x:a/>"), "not-well-formed"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<a b='" + b"x" * MEGABYTE + b"'/>"), "token-too-long"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<!--" + b"x" * MEGABYTE), "token-too-long"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<!--" + b"<>" * 900), "token-too-long"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<a/>" * 2000), "too-many-marks"),
        (package(TEXT).replace(b"<MessageHeader/>", b"<a" + b" b='1'" * 2000 + b"/>"), "too-many-marks"),
        (package(TEXT).replace(b"<MessageHeader/>", b"x" * MEGABYTE), "header-too-large"),
        (package(TEXT) + b" " * MEGABYTE, "header-too-large"),
        (package(*[TEXT] * 4), "too-many-attachments"),
        (package(TEXT).replace(b"<MessageHeader/>", DECOY * 9), "too-many-attachments"),
    ],
)  # fmt: skip
def test_what_is_hostile_is_refused_by_name(content, rule):
    """Each with its own rule, so that the sender knows what to change."""
    assert refused(content, SMALL) == rule


def test_a_fault_names_its_line_and_byte_beyond_a_payload():
    """Lines and bytes count from the file's beginning, though the parser never saw the payload."""
    content = package(base64.encodebytes(CONTENT)).replace(b"</AttachmentEncoded>", b"</wrong>")
    with pytest.raises(Refusal) as caught:
        scan_bytes(content)
    line = content[: content.index(b"</wrong>")].count(b"\n") + 1
    assert f"line {line}, byte {content.index(b'</wrong>') + 2}" in caught.value.faults[0].en


class Endless(io.RawIOBase):
    """A package of any size that exists nowhere: head, a block over and over, tail."""

    def __init__(self, block: bytes, count: int) -> None:
        self._parts = (HEAD + OPEN, block, CLOSE + TAIL)
        self._count = count
        self._at = 0

    @property
    def size_bytes(self) -> int:
        """Return how long the package is."""
        head, block, tail = self._parts
        return len(head) + len(block) * self._count + len(tail)

    def seek(self, at: int, whence: int = 0) -> int:
        """Stand somewhere; only offsets from the beginning are asked for."""
        assert whence == 0
        self._at = at
        return at

    def read(self, size: int = -1) -> bytes:
        """Read up to the next border between parts."""
        head, block, tail = self._parts
        for start, part in ((0, head), *self._blocks(len(head), block), (self.size_bytes - len(tail), tail)):
            if start <= self._at < start + len(part):
                piece = part[self._at - start :][:size]
                self._at += len(piece)
                return piece
        return b""

    def _blocks(self, start: int, block: bytes) -> Iterator[tuple[int, bytes]]:
        number = (self._at - start) // len(block)
        if 0 <= number < self._count:
            yield start + number * len(block), block


@pytest.mark.parametrize("line_end", [b"", b"&#13;\n"], ids=["plain", "with references"])
def test_a_large_package_costs_no_memory(line_end):
    """64 MiB are scanned, hashed canonically and decoded within a few MiB."""
    block = base64.b64encode(bytes(96 << 10)) + line_end
    count = (64 << 20) // len(block)
    source = Endless(block, count)
    tracemalloc.start()
    outline = scan_package(source)
    hash_canonical(outline, source)
    decoded_bytes = sum(len(piece) for piece in read_payload(source, outline.payloads[0]))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert outline.size_bytes == source.size_bytes
    assert decoded_bytes == outline.payloads[0].decoded_bytes == count * (96 << 10)
    assert peak_bytes < 8 << 20


@pytest.mark.parametrize(
    "hostile",
    [b"<a>", b"<a b=''/>", b"x", b"<!-- -->", b"&#65;", b"<![CDATA[x]]>", b"<!-- <ContentTransferEncoded> "],
)
def test_an_endless_header_costs_no_memory(hostile):
    """Whatever is repeated for ever is refused before it costs much."""
    source = Endless(hostile * 4096, 1 << 20)
    source._parts = (HEAD.replace(b"<MessageHeader/>", b""), hostile * 4096, b"")
    tracemalloc.start()
    with pytest.raises(Refusal):
        scan_package(source)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 48 << 20


def test_a_signature_that_swallows_a_payload_vouches_for_nothing():
    """Left out of the canonical form together with the signature, the file could be exchanged."""
    enclosures = b"<Signature><AttachmentEncoded>" + OPEN + TEXT + CLOSE + b"</AttachmentEncoded></Signature>"
    content = package(head=HEAD.replace(b"<MessageHeader/>", enclosures))
    source = io.BytesIO(content)
    outline = scan_package(source)
    signature = next(parse_outline(outline).iter("{*}Signature"))
    with pytest.raises(Refusal, match="payload-markup"):
        hash_canonical(outline, source, without=signature)


@pytest.mark.parametrize(
    "attributes",
    [
        b"".join(b' n%d="x"' % number for number in range(500)),
        b"".join(b" n%d = 'x'" % number for number in range(500)),
        b" " + b"x" * 500 + b'="1"',
    ],
    ids=["many", "many, with blanks", "long"],
)
def test_names_of_attributes_are_counted_and_measured(attributes: bytes):
    """The parser keeps them for ever, as it keeps those of elements."""
    outline = scan_bytes(package(TEXT, head=HEAD.replace(b"<MessageHeader/>", b"<N" + attributes + b"/>")))
    with pytest.raises(Refusal, match="names-excessive"):
        parse_outline(outline)


def test_a_long_line_of_base64_is_no_name():
    """A signature's value may stand on a line of its own, and ends in the sign that follows names."""
    value = b"<SignatureValue>\n" + base64.b64encode(bytes(256)) + b"\n</SignatureValue>"
    root = parse_outline(scan_bytes(package(TEXT, head=HEAD.replace(b"<MessageHeader/>", value))))
    assert len(root.findtext(f".//{{{NS}}}SignatureValue").strip()) == 344
