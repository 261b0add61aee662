"""Seal a package: one enveloped XML signature over the whole document, nothing else changed.

The signature is a piece of text to be inserted at one byte offset, so sealing a gigabyte costs no more
memory than sealing a page. `trust.xml_verification` is the other half, and the only other place that
knows the profile.
"""

import base64
from collections.abc import Iterable
from typing import BinaryIO

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.edxml.names import DS
from gateway.edxml.xml import Outline, hash_canonical
from gateway.errors import Refusal
from gateway.trust.keys import Algorithm, Seal
from gateway.trust.xml_names import ENVELOPED, EXCLUSIVE_C14N, SHA256, SIGNATURE, SIGNATURE_METHODS

# Written in its own canonical form: declared namespace, no empty-element tags, double quotes. So the
# bytes that are signed are the very bytes that stand in the file, and no canonicaliser has to run.
_SIGNED_PART = (
    f'<ds:SignedInfo xmlns:ds="{DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>'
    '<ds:Reference URI="">'
    "<ds:Transforms>"
    f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
    f'<ds:Transform Algorithm="{EXCLUSIVE_C14N}"></ds:Transform>'
    "</ds:Transforms>"
    f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
    "<ds:DigestValue>%s</ds:DigestValue>"
    "</ds:Reference>"
    "</ds:SignedInfo>"
)

_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DS}">%s'
    "<ds:SignatureValue>%s</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data>%s</ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>"
)


def find_seal_place(outline: Outline, root: etree._Element) -> int | None:
    """Return the byte offset at which a seal may be inserted; None when there is no such place.

    A package that bears a signature of its own keeps it untouched: another one beside it would break it,
    and our own profile allows one.
    """
    signed = next(root.iter(SIGNATURE), None) is not None
    return None if signed or not outline.seal_at else outline.seal_at


def sign_package(outline: Outline, root: etree._Element, source: BinaryIO, seal: Seal) -> bytes:
    """Sign a whole package.

    Shape: root is the outline's tree. What comes back is the signature element, to be inserted at
    `find_seal_place`, nothing else changed.
    Errors: Refusal when the package already bears a signature, has no header to put one into, or has
    no canonical form.
    Source: XML Signature 1.1; Exclusive XML Canonicalization 1.0.
    """
    if find_seal_place(outline, root) is None:
        raise Refusal.because(
            "seal-no-place",
            vi="gói tin đã có chữ ký hoặc không có edXMLHeader để đặt chữ ký",
            en="the package already bears a signature or has no edXMLHeader to put one into",
        )
    return sign_form(hash_form(outline, root, source), seal)


def hash_form(outline: Outline, root: etree._Element, source: BinaryIO) -> bytes:
    """Hash what a seal signs of a package that bears none, all but the key's own work.

    Errors: Refusal when it has no canonical form.
    """
    # The document before the signature is put in is the document after it is taken out: what the
    # enveloped-signature transform will see.
    try:
        return hash_canonical(outline, source, root=root)
    except etree.C14NError as error:
        raise Refusal.because(
            "seal-no-canonical-form",
            vi="gói tin dùng không gian tên tương đối nên không có dạng chuẩn tắc để ký",
            en="the package uses a relative namespace name, so it has no canonical form to sign",
        ) from error


def sign_form(digest: bytes, seal: Seal) -> bytes:
    """Sign a whole package by what `hash_form` gave of it; what comes back is as `sign_package` has it."""
    return write_signature(write_signed_part(seal.algorithm, digest), seal)


def write_signed_part(algorithm: Algorithm, digest: bytes) -> bytes:
    """Write SignedInfo, in its exclusive canonical form, for the digest of a whole document."""
    return (_SIGNED_PART % (SIGNATURE_METHODS[algorithm], _base64(digest))).encode()


def write_signature(signed_part: bytes, seal: Seal) -> bytes:
    """Write the signature element around a SignedInfo, with the certificates to check it by."""
    certificates = (certificate.public_bytes(Encoding.DER) for certificate in (seal.certificate, *seal.chain))
    value = _base64(seal.sign_for_xml(signed_part))
    return (_SIGNATURE % (signed_part.decode(), value, _write_certificates(certificates))).encode()


def _write_certificates(ders: Iterable[bytes]) -> str:
    """Write certificates, the seal's own first."""
    return "".join(f"<ds:X509Certificate>{_base64(der)}</ds:X509Certificate>" for der in ders)


def _base64(value: bytes) -> str:
    """Write bytes as base64 on one line."""
    return base64.b64encode(value).decode()
