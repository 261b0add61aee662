"""A package read while it comes says what it says at rest, and its canonical form is hashed by then."""

import hashlib
import io
from collections.abc import Callable

import pytest

from gateway.edxml.ahead import Ahead
from gateway.edxml.early import EarlyScan
from gateway.edxml.outline import DEFAULT_LIMITS, Outline
from gateway.edxml.xml import hash_canonical, parse_outline, scan_package
from gateway.errors import Refusal
from tests.crafts.signing_kit import PLAIN, seal_package
from tests.crafts.test_cases import CASES
from tests.crafts.test_edxml_scanning import CLOSE, OPEN, TEXT, package

SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def read_as_it_comes(content: bytes, size: int = 997) -> Outline:
    """Scan a package in pieces, as a body brings it."""
    scan = EarlyScan(DEFAULT_LIMITS)
    for at in range(0, len(content), size):
        scan.feed(content[at : at + size])
    return scan.finish(hashlib.sha256(content).hexdigest())


def scan_at_rest(content: bytes) -> Outline:
    """Scan a package that is there."""
    return scan_package(io.BytesIO(content))


def outcome_of(scan: Callable[[bytes], Outline], content: bytes) -> object:
    """What a scan finds, or why it refuses."""
    try:
        return scan(content)
    except Refusal as refusal:
        return refusal.code, refusal.faults


def hash_at_rest(content: bytes) -> bytes:
    """Hash a package's canonical form from its bytes."""
    source = io.BytesIO(content)
    outline = scan_package(source)
    root = parse_outline(outline)
    return hash_canonical(outline, source, root=root, without=next(root.iter(SIGNATURE), None))


def hash_without_bytes(content: bytes) -> bytes:
    """Hash a package's canonical form from what was hashed while it came: there is nothing else to read."""
    outline = read_as_it_comes(content)
    root = parse_outline(outline)
    return hash_canonical(outline, io.BytesIO(), root=root, without=next(root.iter(SIGNATURE), None))


HASHED_AHEAD = {
    "without a seal": PLAIN,
    "sealed": seal_package(PLAIN),
    "two files, an empty one between them": package(TEXT, b"", TEXT),
    "lines of base64": package(b"\n ".join(TEXT[at : at + 76] for at in range(0, len(TEXT), 76))),
    "a tilde in the header": package(TEXT).replace(b"<MessageHeader/>", b"<MessageHeader>~</MessageHeader>"),
    "a byte order mark": b"\xef\xbb\xbf" + package(TEXT),
    "no file": package(),
}


@pytest.mark.parametrize("content", HASHED_AHEAD.values(), ids=HASHED_AHEAD)
def test_a_canonical_form_is_known_when_the_last_byte_has_come(content):
    """The file is not read again: neither to verify a signature nor to make one."""
    assert hash_without_bytes(content) == hash_at_rest(content)


HASHED_AFTERWARDS = {
    "carriage returns in the base64": package(b"\r\n".join((TEXT[:40], TEXT[40:]))),
    "a reference in the base64": package(TEXT, TEXT.replace(b"A", b"&#65;"), TEXT),
    "a comment in the base64": package(TEXT[:40] + b"<!-- -->" + TEXT[40:]),
    "more files than are hashed ahead": package(*[TEXT] * 17),
    "a signature behind the file": package(TEXT).replace(
        CLOSE, CLOSE + b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"
    ),
    "the second of two signatures behind the file": seal_package(PLAIN).replace(
        b"</AttachmentEncoded>",
        b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'>x</ds:Signature></AttachmentEncoded>",
    ),
}


@pytest.mark.parametrize("content", HASHED_AFTERWARDS.values(), ids=HASHED_AFTERWARDS)
def test_what_turns_out_otherwise_is_hashed_from_the_file(content):
    """Nothing that was taken for true is believed in the end: the same digest, for another look."""
    outline, source = read_as_it_comes(content), io.BytesIO(content)
    signature = next(parse_outline(outline).iter(SIGNATURE), None)
    assert hash_canonical(outline, source, without=signature) == hash_at_rest(content)


def test_a_digest_is_given_only_for_the_text_that_was_hashed():
    """One character more before the payload, and what was hashed is of another document."""
    ahead = Ahead()
    ahead.begin(b"<a><b>")
    ahead.take(b"AAAA")
    assert ahead.digest([b"<a><b> "], b"</b></a>") is None
    assert ahead.digest([b"<a><b>"], b"</b></a>") == hashlib.sha256(b"<a><b>AAAA</b></a>").digest()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_package_is_the_same_whether_it_comes_or_is_there(case):
    """Same outline, or the same refusal, word for word."""
    content = (case / "package.edxml").read_bytes()
    assert outcome_of(read_as_it_comes, content) == outcome_of(scan_at_rest, content)


def test_what_is_wrong_is_said_in_the_end_and_the_rest_is_passed_over():
    """A body that is refused midway still has its digest, and a receipt about it."""
    scan = EarlyScan(DEFAULT_LIMITS)
    scan.feed(package(TEXT).replace(b"<MessageHeader/>", b"<!DOCTYPE x>"))
    scan.feed(OPEN * 10_000)
    with pytest.raises(Refusal) as caught:
        scan.finish("0" * 64)
    assert caught.value.code == "not-well-formed"


def test_what_is_nearly_all_elements_is_not_held_while_it_comes():
    """What a parser knows of open elements is large, and a sender may take an hour."""
    early = EarlyScan(DEFAULT_LIMITS)
    early.feed(b"<edXML>")
    assert not early.is_given_up
    early.feed(b"<a>" * 6_000)
    assert early.is_given_up
    early.feed(b"</b>")


@pytest.mark.parametrize("mebibytes", [1, 4])
def test_a_piece_of_any_length_keeps_the_limits(mebibytes):
    """A tag longer than it may be is refused, however much of it comes at once."""
    tag = b"<MessageHeader a='" + b"x" * (mebibytes << 20) + b"'/>"
    content = package(TEXT).replace(b"<MessageHeader/>", tag)
    with pytest.raises(Refusal, match="token-too-long"):
        read_as_it_comes(content, len(content))
