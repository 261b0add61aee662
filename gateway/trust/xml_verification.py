"""Verify a package's XML signature: numbered checks, graded verdicts.

One profile is believed: one signature over the whole document. Anything looser is how signatures are
moved from what was signed to what is read, so it is graded, never stretched. What follows from a grade is
for `trust.policy` to say.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from lxml import etree

from gateway.edxml.names import HEADER, NS, ROOTS, SIGNATURES, split_tag
from gateway.edxml.reader import ReadPackage
from gateway.edxml.xml import hash_canonical
from gateway.errors import Fault
from gateway.model.identifiers import AgencyCode, is_above
from gateway.model.signature import Grade, Verdict
from gateway.trust import xml_names as xn
from gateway.trust.certificates import CHAIN_MAX_DEPTH, Anchors, Identity, check_chain, read_certificate
from gateway.trust.keys import Algorithm, algorithm_in, verify_for_xml

# Every way to fall short of VALID: the grade, the number of the check, what is said about it.
RULES: dict[str, tuple[Grade, int, str, str]] = {
    "signature-absent": (
        Grade.ABSENT,
        0,
        "gói tin không có chữ ký số",
        "the package bears no signature",
    ),
    "signature-foreign": (
        Grade.NOT_VERIFIABLE,
        1,
        "phần tử chữ ký không thuộc không gian tên XML Signature nên không kiểm tra được",
        "the signature element is not in the XML Signature namespace and cannot be checked",
    ),
    "signature-repeated": (
        Grade.INVALID,
        1,
        "gói tin phải có đúng một chữ ký số, gặp {count}",
        "a package bears exactly one signature, found {count}",
    ),
    "signature-misplaced": (
        Grade.INVALID,
        1,
        "chữ ký số phải nằm ngay trong edXMLHeader",
        "the signature must be a child of edXMLHeader",
    ),
    "signature-parts": (
        Grade.NOT_VERIFIABLE,
        2,
        "chữ ký phải gồm đúng SignedInfo, SignatureValue và KeyInfo, và giải mã được",
        "the signature must consist of SignedInfo, SignatureValue and KeyInfo, and be decodable",
    ),
    "signature-certificate": (
        Grade.NOT_VERIFIABLE,
        2,
        "chữ ký phải kèm 1–{limit} chứng thư số đọc được trong X509Data",
        "the signature must carry 1–{limit} readable certificates in X509Data",
    ),
    "signature-algorithm": (
        Grade.NOT_VERIFIABLE,
        3,
        "thuật toán không được chấp nhận: {found}; yêu cầu {expected}",
        "the algorithm is not accepted: {found}; {expected} is expected",
    ),
    "signature-coverage": (
        Grade.NOT_VERIFIABLE,
        4,
        'chữ ký phải có một Reference URI="" với enveloped-signature và exclusive C14N',
        'the signature must have one Reference URI="" with enveloped-signature and exclusive C14N',
    ),
    "signature-digest": (
        Grade.INVALID,
        5,
        "nội dung gói tin đã thay đổi sau khi ký: giá trị băm không khớp",
        "the package has changed since it was signed: the digest does not match",
    ),
    "signature-value": (
        Grade.INVALID,
        6,
        "giá trị chữ ký không khớp với khóa trong chứng thư số",
        "the signature value was not made by the key in the certificate",
    ),
    "signature-holder": (
        Grade.UNTRUSTED,
        8,
        "chứng thư số ({holder}) không phải của cơ quan gửi hay cơ quan cấp trên ({sender})",
        "the certificate ({holder}) is neither the sender's nor of an agency above it ({sender})",
    ),
}

CERTIFICATES_MAX_COUNT = CHAIN_MAX_DEPTH + 2
# The transforms of our profile, in order; the number is how many parameters each has.
_TRANSFORMS = [(xn.TRANSFORM, xn.ENVELOPED, 0), (xn.TRANSFORM, xn.EXCLUSIVE_C14N, 0)]
_WHERE = f"{HEADER}/Signature"
_OURS = ("", NS)
# Bkav's SignatureEdoc carries an access token, which is no signature either.
_LOOKALIKES = [
    f"{{{namespace}}}{name}" if namespace else name
    for namespace in _OURS
    for name in sorted(SIGNATURES | {"SignatureEdoc"})
]


class _Decided(Exception):
    """A check did not hold: that decides the grade."""

    def __init__(self, grade: Grade, step: int, fault: Fault) -> None:
        super().__init__(fault.rule)
        self.grade, self.step, self.fault = grade, step, fault


def _decided(rule: str, **found: object) -> _Decided:
    """Make the decision of a rule in the table."""
    grade, step, vi, en = RULES[rule]
    fault = Fault(rule=rule, where=_WHERE, vi=vi.format_map(found), en=en.format_map(found))
    return _Decided(grade, step, fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of a signature, found where the profile wants them, and decoded."""

    signed: etree._Element
    value: bytes
    certificates: tuple[Identity, ...]


def verify_package(
    read: ReadPackage,
    source: BinaryIO,
    anchors: Anchors,
    *,
    at: datetime,
    vouchers: frozenset[AgencyCode] = frozenset(),
) -> Verdict:
    """Check a package's signature and grade it.

    Each line must hold, and the first that does not decides:

    1. There is exactly one XML signature, and it is a child of edXMLHeader.
    2. It has the parts of our profile and no others, and its certificates can be read.
    3. Its algorithms are on our list.
    4. Its one reference is to the whole document, less the signature itself.
    5. The digest is the document's.
    6. The value was made by the key of one of its certificates.
    7. That certificate's chain reaches an anchor, valid at the instant `at`.
    8. Its holder is the sender, stands above the sender, or is one of the vouchers.

    Shape: vouchers are holders believed for any sender: the axis, when it seals what it relays.
    Source: XML Signature 1.1, section 3.2; XML Signature Best Practices, sections 2 and 3.
    """
    signer: Identity | None = None
    try:
        signature = _find_signature(read.element)  # 1
        parts = _read_parts(signature)  # 2
        algorithm = _check_algorithms(parts)  # 3
        digest = _check_reference(parts)  # 4
        _check_digest(digest, read, source, signature)  # 5
        signer = _check_value(parts, algorithm)  # 6
        _check_path(signer, parts, anchors, at)  # 7
        _check_holder(signer, read, vouchers)  # 8
    except _Decided as decided:
        return _write_verdict(decided.grade, decided.step, decided.fault, signer, at)
    return _write_verdict(Grade.VALID, 8, None, signer, at)


def _find_signature(root: etree._Element) -> etree._Element:
    """Check 1: exactly one signature, at the one place for it.

    A second one, or one elsewhere, is how a signed part is dressed up as another document.
    """
    found = list(root.iter(xn.SIGNATURE))
    if not any(map(_says_something, found)):
        lookalike = any(map(_says_something, root.iter(*_LOOKALIKES)))
        raise _decided("signature-foreign" if lookalike else "signature-absent")
    if len(found) != 1:
        raise _decided("signature-repeated", count=len(found))
    names = [split_tag(str(element.tag)) for element in found[0].iterancestors()]
    if any(namespace not in _OURS for namespace, _ in names) or not _is_place([name for _, name in names]):
        raise _decided("signature-misplaced")
    return found[0]


def _is_place(ancestors: list[str]) -> bool:
    """Tell whether these are the elements above a signature, innermost first."""
    return ancestors[:1] == [HEADER] and len(ancestors) > 1 and all(name in ROOTS for name in ancestors[1:])


def _says_something(element: etree._Element) -> bool:
    """Tell whether there is more to an element than its name: many producers write an empty signature."""
    return any(part.attrib or (part.text and part.text.strip()) for part in element.iter())


def _read_parts(signature: etree._Element) -> _Parts:
    """Check 2: the parts of our profile and no others.

    The signature is not under its own digest. Whatever else stood in it (an Object, say, with another
    body inside) would be read by somebody and signed by nobody.
    """
    if _tags(signature) != [xn.SIGNED, xn.VALUE, xn.KEY]:
        raise _decided("signature-parts")
    signed, value, key = signature
    if (
        any(not str(part.tag).startswith(xn.PREFIXES) for part in signature.iter())
        or _tags(signed)[:3] != [xn.CANONICALIZATION, xn.METHOD, xn.REFERENCE]
        or len(value)
    ):
        raise _decided("signature-parts")
    ders = [_decode(element) for element in key.iterfind(f"{xn.X509}/{xn.CERTIFICATE}")]
    if not 1 <= len(ders) <= CERTIFICATES_MAX_COUNT:
        raise _decided("signature-certificate", limit=CERTIFICATES_MAX_COUNT)
    certificates = [read_certificate(der) for der in ders]
    readable = tuple(certificate for certificate in certificates if certificate is not None)
    if len(readable) != len(ders):
        raise _decided("signature-certificate", limit=CERTIFICATES_MAX_COUNT)
    return _Parts(signed=signed, value=_decode_or_stop(value), certificates=readable)


def _check_algorithms(parts: _Parts) -> Algorithm:
    """Check 3: algorithms on our list, without parameters.

    A list, not a ban: an HMAC keyed with the public certificate verifies perfectly.
    """
    canonicalization, method, *references = parts.signed
    _check_algorithm(canonicalization, {xn.EXCLUSIVE_C14N: "exclusive C14N"})
    _check_algorithm(method, xn.ALGORITHMS)
    for reference in references:
        for digest_method in reference.iterfind(xn.DIGEST_METHOD):
            _check_algorithm(digest_method, {xn.SHA256: "SHA-256"})
    return xn.ALGORITHMS[str(method.get("Algorithm"))]


def _check_algorithm(element: etree._Element, expected: dict[str, str] | dict[str, Algorithm]) -> None:
    """Refuse an algorithm that is not expected, or one with parameters (HMACOutputLength, prefix lists)."""
    found = element.get("Algorithm", "")
    if found not in expected or len(element):
        name = xn.REFUSED_NAMES.get(found, "?")
        raise _decided("signature-algorithm", found=name, expected=" / ".join(expected.values()))


def _check_reference(parts: _Parts) -> bytes:
    """Check 4: one reference, to the whole document. Return the digest it claims.

    A valid signature over one part says nothing about the part somebody acts on.
    """
    references = parts.signed[2:]
    reference = references[0]
    if (
        len(references) != 1
        or _tags(reference) != [xn.TRANSFORMS, xn.DIGEST_METHOD, xn.DIGEST_VALUE]
        or reference.get("URI") != ""
        or [(part.tag, part.get("Algorithm"), len(part)) for part in reference[0]] != _TRANSFORMS
    ):
        raise _decided("signature-coverage")
    return _decode_or_stop(reference[2])


def _check_digest(claimed: bytes, read: ReadPackage, source: BinaryIO, signature: etree._Element) -> None:
    """Check 5: the document is the one that was signed, every character that counts."""
    try:
        found = hash_canonical(read.outline, source, without=signature)
    except etree.C14NError as error:
        # A relative namespace name has no canonical form, so nobody can have signed this document.
        raise _decided("signature-digest") from error
    if claimed != found:
        raise _decided("signature-digest")


def _check_value(parts: _Parts, algorithm: Algorithm) -> Identity:
    """Check 6: the value was made by the key of one of the certificates; return that one.

    Their order means nothing in X509Data, so each is tried: there are few, and most often the first fits.
    """
    try:
        message = etree.tostring(parts.signed, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError as error:
        raise _decided("signature-value") from error
    for identity in parts.certificates:
        certificate = identity.certificate
        if algorithm_in(certificate) is algorithm and verify_for_xml(certificate, message, parts.value):
            return identity
    raise _decided("signature-value")


def _check_path(signer: Identity, parts: _Parts, anchors: Anchors, at: datetime) -> None:
    """Check 7: the chain reaches an anchor, valid at that instant."""
    others = [other.certificate for other in parts.certificates if other is not signer]
    fault = check_chain(signer.certificate, others, anchors, at=at)
    if fault is not None:
        raise _Decided(Grade.UNTRUSTED, 7, fault)


def _check_holder(signer: Identity, read: ReadPackage, vouchers: frozenset[AgencyCode]) -> None:
    """Check 8: the holder may speak for the sender.

    Without this, any agency with a certificate could sign in the name of any other.
    """
    holder, sender = signer.holder, read.package.sender.code if read.package else None
    if holder is None or sender is None:
        raise _decided("signature-holder", holder=holder or "–", sender=sender or "–")
    if holder != sender and not is_above(holder, sender) and holder not in vouchers:
        raise _decided("signature-holder", holder=holder, sender=sender)


def _write_verdict(
    grade: Grade, step: int, fault: Fault | None, signer: Identity | None, at: datetime
) -> Verdict:
    """Put the verdict together. Nobody is named before the value has proved whose key it was."""
    return Verdict(
        grade=grade,
        step=step,
        holder=signer.holder if signer else None,
        subject=signer.subject if signer else None,
        certificate_sha256=signer.fingerprint if signer else None,
        verified_at=at,
        fault=fault,
    )


def _tags(element: etree._Element) -> list[str]:
    """Return the names of an element's children, in order."""
    return [str(child.tag) for child in element]


def _decode(element: etree._Element) -> bytes:
    """Decode an element's base64, white space anywhere in it: no bytes when there are none to be had."""
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except ValueError:
        return b""


def _decode_or_stop(element: etree._Element) -> bytes:
    """Decode an element's base64. A form nobody filled in is no signature, and not a wrong one."""
    decoded = _decode(element)
    if not decoded:
        raise _decided("signature-parts")
    return decoded
