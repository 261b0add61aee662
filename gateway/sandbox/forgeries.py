"""Packages that nobody should accept: one whose signature is forged, one that breaks the rules of the form.

Made so that the demo and the tests can see them refused, and read why.
"""

import base64
import io
import re
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.edxml.reader import read_package
from gateway.model.identifiers import AgencyCode
from gateway.sandbox.documents import Letter, write_letter
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, load_seal
from gateway.trust.xml_signing import find_seal_place, sign_package

_CERTIFICATES = re.compile(rb"(?<=<ds:X509Data>).*(?=</ds:X509Data>)", re.DOTALL)


def certificates_in(package: bytes) -> bytes:
    """Return the certificates that stand in a package's signature, as they stand there.

    Errors: ValueError when it bears none.
    """
    found = _CERTIFICATES.search(package)
    if found is None:
        raise ValueError("the package bears no signature")
    return found[0]


def forge_signature(package: bytes, certificates: bytes, *, holder: AgencyCode, at: datetime) -> bytes:
    """Sign a package with a key of our own, under the certificates of somebody else.

    Certificates are public: whoever got one signed package has them. Only the key is missing.
    """
    authority = make_authority("Gốc giả mạo", at=at)
    issued = issue_seal(authority, holder=holder, name="Kẻ giả mạo", at=at, algorithm=Algorithm.ECDSA_SHA256)
    seal = load_seal(issued.key_pem, issued.chain_pem)
    source = io.BytesIO(package)
    read = read_package(source)
    place = find_seal_place(read.outline, read.element)
    if place is None:
        raise ValueError("the package has no place for a signature")
    signature = sign_package(read.outline, read.element, source, seal)
    own = base64.b64encode(seal.certificate.public_bytes(Encoding.DER))
    if own not in signature:
        raise ValueError("the signature does not name its certificate")
    return package[:place] + _CERTIFICATES.sub(certificates, signature) + package[place:]


def spoil(letter: Letter, *, at: datetime) -> bytes:
    """Write a letter wrongly in three places: no subject, no day, an attachment that is no base64."""
    package = write_letter(letter, at=at)
    for name, wrong in ((b"Subject", b""), (b"PromulgationDate", "chưa rõ".encode())):
        package = re.sub(rb"(<edXML:%b>)[^<]*" % name, rb"\1" + wrong, package, count=1)
    return package.replace(b">JVBERi0", b">JVB*Ri0", 1)
