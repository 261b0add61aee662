"""Timestamps: an authority's signed word that certain bytes existed at an instant (RFC 3161).

What is stamped is a digest; the authority never sees the bytes. The instant is the authority's, so that
it holds against whoever keeps the log, us included. Fetching one is clients/timestamping.py's.
`openssl ts -verify` reads what is kept here, and `openssl ts -reply` writes what is read here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Refusal
from gateway.evidence.der import (
    BOOLEAN,
    INTEGER,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    Element,
    read_der,
    write_der,
    write_integer,
)
from gateway.trust.certificates import Anchors, check_stamping_chain

ANSWER_MAX_BYTES = 64 << 10

_SHA256_OID = "2.16.840.1.101.3.4.2.1"
_HASHES: dict[str, HashAlgorithm] = {
    _SHA256_OID: SHA256(),
    "2.16.840.1.101.3.4.2.2": SHA384(),
    "2.16.840.1.101.3.4.2.3": SHA512(),
}
# What a signature's identifier says of its hash; None: the digest algorithm beside it says it.
_RSA: dict[str, HashAlgorithm | None] = {
    "1.2.840.113549.1.1.1": None,
    "1.2.840.113549.1.1.11": SHA256(),
    "1.2.840.113549.1.1.12": SHA384(),
    "1.2.840.113549.1.1.13": SHA512(),
}
_ECDSA: dict[str, HashAlgorithm | None] = {
    "1.2.840.10045.4.3.2": SHA256(),
    "1.2.840.10045.4.3.3": SHA384(),
    "1.2.840.10045.4.3.4": SHA512(),
}
_CMS_SIGNED = "1.2.840.113549.1.7.2"
_STAMP_TEXT = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_SHA256_ALGORITHM = bytes.fromhex("300b0609608648016503040201")
_NULL = b"\x05\x00"
_GRANTED = (0, 1)  # granted, granted with changes
_IMPLICIT_0, _IMPLICIT_1, _EXPLICIT_0, _KEY_ID_0 = 0xA0, 0xA1, 0xA0, 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a verified timestamp says: these bytes existed at that instant, says that authority."""

    at: datetime
    authority: str
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signer:
    """The one SignerInfo of a token, and what it signs."""

    content: bytes
    names: Element
    digest_algorithm: str
    attributes: bytes
    attribute_values: dict[str, Element]
    signature_algorithm: str
    signature: bytes
    certificates: tuple[x509.Certificate, ...]


def write_request(digest: bytes, nonce: int) -> bytes:
    """Ask for a timestamp over a SHA-256 digest, the authority's certificates with it.

    Shape: a TimeStampReq, DER. nonce is not negative, and no two requests have the same.
    Source: RFC 3161, section 2.4.1.
    """
    imprint = write_der(SEQUENCE, _SHA256_ALGORITHM, write_der(OCTETS, digest))
    wants_certificates = write_der(BOOLEAN, b"\xff")
    return write_der(SEQUENCE, write_integer(1), imprint, write_integer(nonce), wants_certificates)


def read_answer(raw: bytes) -> bytes:
    """Read an authority's answer (TimeStampResp) and return the token in it, not verified.

    Errors: Refusal ``timestamp-malformed``, or ``timestamp-refused`` when the authority gave none.
    """
    try:
        status, *tokens = read_der(raw).expect(SEQUENCE).children()
        code = status.expect(SEQUENCE).children()[0].integer()
        if code in _GRANTED and len(tokens) == 1:
            return tokens[0].expect(SEQUENCE).raw
    except (ValueError, IndexError) as error:
        raise _malformed() from error
    raise Refusal.because(
        "timestamp-refused",
        vi=f"cơ quan cấp dấu thời gian từ chối, trạng thái {code}",
        en=f"the authority granted no timestamp, status {code}",
    )


def verify_token(token: bytes, digest: bytes, anchors: Anchors, *, nonce: int | None = None) -> Stamp:
    """Verify a timestamp over a SHA-256 digest, and say what it says.

    Shape: nonce is the request's; None when the token was kept and the request is long gone.

    Each line must hold: (1) the token is a CMS SignedData over a TSTInfo with one signer; (2) it is about
    this digest and (3) answers this request; (4) the signed attributes name the content's type and its
    digest, and (5) the signer's certificate; (6) that is for timestamps, and its chain reaches an anchor at
    the token's own instant; (7) the signature over the attributes was made with its key.
    Errors: Refusal ``timestamp-malformed``, ``timestamp-wrong``, or ``timestamp-untrusted`` with the chain's
    own fault.
    Source: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5816.
    """
    try:
        signer = _read_token(token)  # (1)
        imprint, serial, at, said_nonce = _read_text(signer.content)
        if imprint != (_SHA256_OID, digest):  # (2)
            _refuse("dấu thời gian của nội dung khác", "a timestamp over something else")
        if nonce is not None and said_nonce != nonce:  # (3)
            _refuse("dấu thời gian trả lời yêu cầu khác", "a timestamp for another request")
        certificate = _signer_certificate(signer)
        _check_attributes(signer)  # (4)
        _check_named(signer, certificate)  # (5)
        _check_chain(signer, certificate, anchors, at)  # (6)
        if not _is_signed(signer, certificate):  # (7)
            _refuse("chữ ký của dấu thời gian sai", "the timestamp's signature is wrong")
    except (ValueError, LookupError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _malformed() from error
    return Stamp(at=at, authority=certificate.subject.rfc4514_string(), serial=serial)


def _read_token(token: bytes) -> _Signer:
    """Read ContentInfo, SignedData and the one SignerInfo."""
    kind, wrapped = read_der(token).expect(SEQUENCE).children()
    (signed,) = wrapped.expect(_EXPLICIT_0).children()
    if kind.oid() != _CMS_SIGNED:
        raise ValueError("not SignedData")
    version, algorithms, content, *rest = signed.expect(SEQUENCE).children()
    content_type, inside = content.expect(SEQUENCE).children()
    if version.integer() != 3 or content_type.oid() != _STAMP_TEXT:
        raise ValueError("not a timestamp")
    (octets,) = inside.expect(_EXPLICIT_0).children()
    (only,) = rest.pop().expect(SET).children()
    # What is left are certificates, and perhaps revocation lists, which nobody asks for here.
    held = [each for part in rest if part.tag == _IMPLICIT_0 for each in part.children()]
    form, names, digesting, attributes, algorithm, signature, *_ = only.expect(SEQUENCE).children()
    digest_algorithm = _algorithm(digesting)
    if digest_algorithm not in map(_algorithm, algorithms.expect(SET).children()):
        raise ValueError("a digest that was not announced")
    if form.integer() != (1 if names.tag == SEQUENCE else 3):
        raise ValueError("not a version we know")
    return _Signer(
        content=octets.expect(OCTETS).content,
        names=names,
        digest_algorithm=digest_algorithm,
        # Tagged for its place in the SignerInfo; the signature is over the SET that it is.
        attributes=write_der(SET, attributes.expect(_IMPLICIT_0).content),
        attribute_values=_read_attributes(attributes),
        signature_algorithm=_algorithm(algorithm),
        signature=signature.expect(OCTETS).content,
        certificates=tuple(x509.load_der_x509_certificate(each.raw) for each in held if each.tag == SEQUENCE),
    )


def _read_attributes(attributes: Element) -> dict[str, Element]:
    """Map each attribute to its one value."""
    found: dict[str, Element] = {}
    for attribute in attributes.children():
        name, values = attribute.expect(SEQUENCE).children()
        each = values.expect(SET).children()
        if name.oid() in found or len(each) != 1:
            raise ValueError("an attribute with several values")
        found[name.oid()] = each[0]
    return found


def _read_text(content: bytes) -> tuple[tuple[str, bytes], int, datetime, int | None]:
    """Read a TSTInfo: algorithm and imprint, serial number, instant, nonce."""
    version, policy, imprint, serial, at, *rest = read_der(content).expect(SEQUENCE).children()
    policy.expect(OID)
    algorithm, hashed = imprint.expect(SEQUENCE).children()
    if version.integer() != 1:
        raise ValueError("not a version we know")
    # Accuracy, order and names stand around it; the only whole number among them is the nonce.
    nonces = [each.integer() for each in rest if each.tag == INTEGER]
    for extension in (each for part in rest if part.tag == _IMPLICIT_1 for each in part.children()):
        if any(each.tag == BOOLEAN for each in extension.children()):
            raise ValueError("an extension that must be understood")
    said = (_algorithm(algorithm), hashed.expect(OCTETS).content)
    return said, serial.integer(), at.instant(), nonces[0] if nonces else None


def _algorithm(element: Element) -> str:
    """Read an AlgorithmIdentifier; none of ours has parameters."""
    name, *parameters = element.expect(SEQUENCE).children()
    if any(each.raw != _NULL for each in parameters):
        raise ValueError("parameters where there are none")
    return name.oid()


def _signer_certificate(signer: _Signer) -> x509.Certificate:
    """Find the signer's certificate among those in the token."""
    for certificate in signer.certificates:
        if signer.names.tag == SEQUENCE:
            same = signer.names.content == _issuer_and_serial(certificate)
        else:
            same = signer.names.expect(_KEY_ID_0).content == _key_id(certificate)
        if same:
            return certificate
    return _refuse("thiếu chứng thư của bên cấp dấu thời gian", "the authority's certificate is missing")


def _issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """Return both as they stand in the certificate, byte for byte."""
    fields = read_der(certificate.tbs_certificate_bytes).children()
    serial, _, issuer, *_ = fields[1:] if fields[0].tag == _EXPLICIT_0 else fields
    return issuer.raw + serial.raw


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _check_attributes(signer: _Signer) -> None:
    content_type = signer.attribute_values[_CONTENT_TYPE].oid()
    digest = signer.attribute_values[_MESSAGE_DIGEST].expect(OCTETS).content
    if content_type != _STAMP_TEXT or digest != _hash(signer.content, _HASHES[signer.digest_algorithm]):
        _refuse("nội dung dấu thời gian đã bị sửa", "the timestamp's content has been changed")


def _check_named(signer: _Signer, certificate: x509.Certificate) -> None:
    """Insist that the attributes name the certificate: else another one of the same key would do."""
    der = certificate.public_bytes(Encoding.DER)
    named = [
        # The certificate that signed stands first in each.
        (_hash(der, algorithm), hashed)
        for oid in (_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2)
        if oid in signer.attribute_values
        for algorithm, hashed in [_read_named(signer.attribute_values[oid], oid)]
    ]
    if not named or any(own != said for own, said in named):
        _refuse("dấu thời gian nêu chứng thư khác", "the timestamp names another certificate")


def _read_named(value: Element, oid: str) -> tuple[HashAlgorithm, bytes]:
    """Read the first certificate id of a SigningCertificate attribute, of either version."""
    first = value.expect(SEQUENCE).children()[0].expect(SEQUENCE).children()[0]
    parts = first.expect(SEQUENCE).children()
    if oid == _SIGNING_CERTIFICATE:
        return SHA1(), parts[0].expect(OCTETS).content  # noqa: S303 - the form's only hash; V2 has better
    if parts[0].tag == SEQUENCE:
        return _HASHES[_algorithm(parts[0])], parts[1].expect(OCTETS).content
    return SHA256(), parts[0].expect(OCTETS).content


def _check_chain(signer: _Signer, certificate: x509.Certificate, anchors: Anchors, at: datetime) -> None:
    others = [each for each in signer.certificates if each != certificate]
    fault = check_stamping_chain(certificate, others, anchors, at=at)
    if fault is not None:
        raise Refusal("timestamp-untrusted", [fault])


def _is_signed(signer: _Signer, certificate: x509.Certificate) -> bool:
    key, name = certificate.public_key(), signer.signature_algorithm
    try:
        if isinstance(key, rsa.RSAPublicKey):
            algorithm = _RSA[name] or _HASHES[signer.digest_algorithm]
            key.verify(signer.signature, signer.attributes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            algorithm = _ECDSA[name] or _HASHES[signer.digest_algorithm]
            key.verify(signer.signature, signer.attributes, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _hash(content: bytes, algorithm: HashAlgorithm) -> bytes:
    hashing = Hash(algorithm)
    hashing.update(content)
    return hashing.finalize()


def _refuse(vi: str, en: str) -> NoReturn:
    raise Refusal.because("timestamp-wrong", vi=vi, en=en)


def _malformed() -> Refusal:
    return Refusal.because(
        "timestamp-malformed",
        vi="không đúng dạng dấu thời gian (RFC 3161), hoặc dùng thuật toán không được chấp nhận",
        en="not in the form of a timestamp (RFC 3161), or with an algorithm that is not accepted",
    )
