"""A package scanned, and the canonical form of its whole: the only way XML enters this house.

A file is scanned once (`scan_package`); what lxml ever parses is the small outline that is left. The
canonical form of the whole document is rebuilt from the outline's, with each payload streamed from
the file into the place of its token, so that a signature costs no memory either. Where a package was
scanned while it came, that has been done on the way (ahead.py).
"""

import hashlib
from collections.abc import Iterable
from typing import BinaryIO

from lxml import etree

from gateway.edxml.faults import refusal
from gateway.edxml.hardened import parse, write_canonical, write_canonical_without
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


def parse_outline(outline: Outline) -> etree._Element:
    """Parse an outline into a tree and return its root; errors as `hardened.parse`."""
    return parse(outline.text)


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
    The source is read again only where it was not hashed ahead.
    Errors: Refusal when a payload would be left out with the element.
    Source: Exclusive XML Canonicalization 1.0, without comments; XMLDSig 1.1, section 6.6.4.
    """
    if without is not None:
        form = write_canonical_without(without)
    else:
        form = write_canonical(parse_outline(outline) if root is None else root)
    befores, rest = _cut_at_tokens(form, outline.payloads)
    if outline.ahead is not None and (known := outline.ahead.digest(befores, rest)) is not None:
        return known
    digest = hashlib.sha256()
    for before, payload in zip(befores, outline.payloads, strict=True):
        digest.update(before)
        for text in read_text(source, payload):
            digest.update(text if payload.plain else _escape(text))
    digest.update(rest)
    return digest.digest()


def _cut_at_tokens(form: bytes, payloads: Iterable[Payload]) -> tuple[list[bytes], bytes]:
    """Cut an outline's canonical form into what stands before each payload, and the rest."""
    befores = []
    for payload in payloads:
        before, found, form = form.partition(payload.token.encode())
        # A signature that swallowed a payload would vouch for a document without that file.
        if not found:
            raise refusal("payload-markup")
        befores.append(before)
    return befores, form


def _escape(text: bytes) -> bytes:
    """Write text as the canonical form does."""
    text = text.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    return text.replace(b">", b"&gt;").replace(b"\r", b"&#xD;")
