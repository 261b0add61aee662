"""The hardened parser, its limits and the canonical form: the only way XML enters this house.

A file is scanned once (`scan_package`); what lxml ever parses is the small outline that is left. The
canonical form of the whole document is rebuilt from the outline's, with each payload streamed from
the file into the place of its token, so that a signature costs no memory either.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from lxml import etree

from gateway.edxml.faults import refusal
from gateway.edxml.outline import DEFAULT_LIMITS, Limits, Outline, Payload
from gateway.edxml.payloads import read_payload, read_text
from gateway.edxml.scanner import scan
from gateway.model.identifiers import Digest

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
    "Outline",
    "Payload",
    "hash_canonical",
    "parse_outline",
    "read_payload",
    "scan_package",
]


def scan_package(
    source: BinaryIO, *, limits: Limits = DEFAULT_LIMITS, digest: Digest | None = None
) -> Outline:
    """Read a package once, at flat memory, and cut its payloads out.

    Shape: source is seekable; it is read from its beginning. digest is its own, where that is known.
    Errors: Refusal for anything that is not plain, well-formed UTF-8 edXML within the limits: its
    code is the broken rule's.
    Source: XML 1.0; QCVN 102:2016 for what the parts are called.
    """
    return scan(source, limits, digest)


_ELEMENT = re.compile(rb"<([^\s<>/!?]+)")
_QUOTE = re.compile(rb"\s*[\"']")
_LONGEST_NAME_BYTES = 128
_MOST_NAMES = 400
_MOST_NAMESPACES = 200


def _check_names(text: bytes) -> None:
    """Refuse names by the thousand or of great length.

    The parser keeps every name it ever met, in memory that all packages share and that is never freed; the
    reader joins names to paths. The standard has some hundred names, none longer than 32 bytes.
    """
    found = set(_ELEMENT.findall(text))
    # An attribute's name is the word before "="; base64 ends in that sign too, but no quote follows it.
    before, *pieces = text.split(b"=")
    for piece in pieces:
        if _QUOTE.match(piece):
            found.update(before.rsplit(None, 1)[-1:])
        before = piece
    if len(found) > _MOST_NAMES or any(len(name) > _LONGEST_NAME_BYTES for name in found):
        raise refusal("names-excessive")
    if text.count(b"xmlns") > _MOST_NAMESPACES:
        raise refusal("names-excessive")


def parse_outline(outline: Outline) -> etree._Element:
    """Parse an outline into a tree and return its root.

    Errors: Refusal when libxml2 finds a fault that expat let pass (a namespace rule, mostly).
    """
    _check_names(outline.text)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
        recover=False,
        encoding="utf-8",
    )
    try:
        return etree.fromstring(outline.text, parser)
    except etree.XMLSyntaxError as error:
        raise refusal("not-well-formed", line=error.lineno or 0, at=0) from error


def hash_canonical(
    outline: Outline,
    source: BinaryIO,
    *,
    root: etree._Element | None = None,
    without: etree._Element | None = None,
) -> bytes:
    """Hash the exclusive canonical form of the whole document, one element left out.

    Shape: root is the outline's tree, parsed here when it is not given; without is the enveloped signature,
    an element of that tree; the text behind it stays. Comments have no part in the form. 32 bytes come back.
    Errors: Refusal when a payload would be left out with the element.
    Source: Exclusive XML Canonicalization 1.0, without comments; XMLDSig 1.1, section 6.6.4.
    """
    digest = hashlib.sha256()
    for piece in _canonical_pieces(outline, source, root, without):
        digest.update(piece)
    return digest.digest()


def _canonical_pieces(
    outline: Outline, source: BinaryIO, root: etree._Element | None, without: etree._Element | None
) -> Iterator[bytes]:
    rest = _write_without(without) if without is not None else _write_canonical(root, outline)
    for payload in outline.payloads:
        before, found, rest = rest.partition(payload.token.encode())
        # A signature that swallowed a payload would vouch for a document without that file.
        if not found:
            raise refusal("payload-markup")
        yield before
        yield from (_escape(text) for text in read_text(source, payload))
    yield rest


def _write_canonical(root: etree._Element | None, outline: Outline) -> bytes:
    root = parse_outline(outline) if root is None else root
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _write_without(element: etree._Element) -> bytes:
    """Write the element's whole tree as it is without the element, which is back in its place afterwards.

    The text behind it stays. Copying the tree would cost more than writing it.
    """
    parent, before, tail = element.getparent(), element.getprevious(), element.tail
    if parent is None:
        raise refusal("payload-markup")
    place, owner, name = parent.index(element), before, "tail"
    if owner is None:
        owner, name = parent, "text"
    text = getattr(owner, name)
    parent.remove(element)  # and the text behind it
    try:
        setattr(owner, name, (text or "") + (tail or ""))
        return etree.tostring(parent.getroottree(), method="c14n", exclusive=True, with_comments=False)
    finally:
        setattr(owner, name, text)
        parent.insert(place, element)


def _escape(text: bytes) -> bytes:
    """Write text as the canonical form does. Payloads of base64 alone pass untouched."""
    if not any(sign in text for sign in (b"&", b"<", b">", b"\r")):
        return text
    text = text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return text.replace(b">", b"&gt;").replace(b"\r", b"&#xD;")
