"""Seals: a key, its certificate, and the two ways a signature is written down.

Nothing here decides whether a certificate may be believed (`trust.certificates` does) and nothing here
leaks a private key: it is in no text form and in no error. A hardware key fits where a PEM key does, as
an object that answers to cryptography's private key interfaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.errors import Fault, Misconfiguration
from gateway.model.identifiers import AgencyCode, Digest, is_agency_code, normalise_code

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

RSA_MIN_BITS = 2048
# OpenSSL's effort grows with the square of the modulus: a huge one would be a stranger's hold on our time.
RSA_MAX_BITS = 8192
CURVES = ("secp256r1", "secp384r1")

_SHA256 = SHA256()
_RSA = padding.PKCS1v15()
# Both algorithms are deterministic, so that signing the same bytes twice gives the same receipt and no
# bad random number can give the key away. Source: RFC 8017 section 8.2, RFC 6979.
_ECDSA = ec.ECDSA(_SHA256, deterministic_signing=True)


class Algorithm(StrEnum):
    """The signature algorithms on our list."""

    RSA_SHA256 = "RSA-SHA256"
    ECDSA_SHA256 = "ECDSA-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """An organisation's signature made by a machine.

    Shape: certificate is the holder's own; chain holds the intermediates above it, without the anchor.
    """

    holder: AgencyCode
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    algorithm: Algorithm
    key: PrivateKey = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """Sign a message as everything but XML expects it.

        Shape: RSA PKCS #1 v1.5, or an ECDSA signature in DER.
        """
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, _RSA, _SHA256)
        return self.key.sign(message, _ECDSA)

    def sign_for_xml(self, message: bytes) -> bytes:
        """Sign a message as XML signatures expect it.

        Shape: as `sign`, but ECDSA is r and s side by side, each as long as the curve's order.
        Source: XML Signature 1.1, section 6.4.3.
        """
        return self._for_xml(self.sign(message))

    def sign_digest_for_xml(self, digest: bytes) -> bytes:
        """Sign a message too large to hold, by its SHA-256, as `sign_for_xml` does."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(digest, _RSA, Prehashed(_SHA256))
        return self._for_xml(self.key.sign(digest, ec.ECDSA(Prehashed(_SHA256), deterministic_signing=True)))

    def _for_xml(self, signature: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return signature
        length = _number_bytes(self.key.curve)
        return b"".join(number.to_bytes(length, "big") for number in decode_dss_signature(signature))

    @property
    def fingerprint(self) -> Digest:
        """Name the certificate by the SHA-256 of its DER form."""
        return fingerprint_of(self.certificate)


@lru_cache(maxsize=64)
def fingerprint_of(certificate: x509.Certificate) -> Digest:
    """Name a certificate by the SHA-256 of its DER form."""
    return Digest(certificate.fingerprint(_SHA256).hex())


def holder_of(certificate: x509.Certificate) -> AgencyCode | None:
    """Read the agency code of a certificate's holder.

    Shape: the one organizationIdentifier of the subject, when it is an agency code; None otherwise, also
    when there are several and it would be for us to choose.
    Source: X.520, attribute 2.5.4.97. Names are not unique, codes are what the directory knows.
    """
    try:
        named = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_IDENTIFIER)
    except ValueError:
        return None
    if len(named) != 1 or not isinstance(named[0].value, str):
        return None
    code = normalise_code(named[0].value)
    return code if is_agency_code(code) else None


def key_fault(key: object) -> Fault | None:
    """Say what is wrong with a public or private key's kind or strength."""
    if isinstance(key, (rsa.RSAPublicKey, rsa.RSAPrivateKey)):
        if RSA_MIN_BITS <= key.key_size <= RSA_MAX_BITS:
            return None
        return Fault(
            rule="weak-key",
            vi=f"khóa RSA dài {key.key_size} bit; yêu cầu từ {RSA_MIN_BITS} đến {RSA_MAX_BITS} bit",
            en=f"the RSA key has {key.key_size} bits; {RSA_MIN_BITS} to {RSA_MAX_BITS} are expected",
        )
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)) and key.curve.name in CURVES:
        return None
    return Fault(
        rule="unknown-key",
        vi="loại khóa không được chấp nhận; yêu cầu RSA, ECDSA P-256 hoặc P-384",
        en="this kind of key is not accepted; RSA, ECDSA P-256 or P-384 is expected",
    )


def algorithm_in(certificate: x509.Certificate) -> Algorithm | None:
    """Name the algorithm a certificate's key signs with, when it is on our list."""
    key = _public_key(certificate)
    if key is None:
        return None
    return Algorithm.RSA_SHA256 if isinstance(key, rsa.RSAPublicKey) else Algorithm.ECDSA_SHA256


def verify_raw(certificate: x509.Certificate, message: bytes, signature: bytes) -> bool:
    """Tell whether a certificate's key made a signature of the form `Seal.sign` gives.

    The certificate itself is not judged.
    """
    return _verify(_public_key(certificate), message, signature)


def verify_for_xml(certificate: x509.Certificate, message: bytes, signature: bytes) -> bool:
    """Tell whether a certificate's key made a signature of the form `Seal.sign_for_xml` gives.

    The certificate itself is not judged.
    """
    key = _public_key(certificate)
    if isinstance(key, ec.EllipticCurvePublicKey):
        length = _number_bytes(key.curve)
        if len(signature) != 2 * length:
            return False
        r, s = int.from_bytes(signature[:length], "big"), int.from_bytes(signature[length:], "big")
        signature = encode_dss_signature(r, s)
    return _verify(key, message, signature)


def load_seal(key_pem: bytes, chain_pem: bytes, *, holder: AgencyCode | None = None) -> Seal:
    """Load a seal: an unencrypted private key, and its certificate followed by the intermediates.

    Shape: holder is needed only when the certificate names none.
    Errors: Misconfiguration with everything that is wrong with the key or the certificates.
    """
    key, certificates = _read_key(key_pem), _read_chain(chain_pem)
    leaf = certificates[0]
    named = holder_of(leaf)
    faults = [fault for fault in (key_fault(key), _mismatch(key, leaf), _unnamed(named, holder)) if fault]
    algorithm, owner = algorithm_in(leaf), named or holder
    if faults or algorithm is None or owner is None:
        raise Misconfiguration("seal-unusable", faults)
    assert isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))  # noqa: S101 - key_fault said so
    return Seal(holder=owner, certificate=leaf, chain=tuple(certificates[1:]), algorithm=algorithm, key=key)


def _read_key(key_pem: bytes) -> object:
    """Read a private key, translating each way it can be unreadable."""
    try:
        return load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Misconfiguration.because(
            "seal-key-unreadable",
            vi="không đọc được khóa riêng của dấu: cần PEM, không mã hóa",
            en="the seal's private key cannot be read: unencrypted PEM is expected",
        ) from error


def _read_chain(chain_pem: bytes) -> Sequence[x509.Certificate]:
    """Read the certificates of a seal, its own first."""
    try:
        return x509.load_pem_x509_certificates(chain_pem)
    except ValueError as error:
        raise Misconfiguration.because(
            "seal-certificate-unreadable",
            vi="không đọc được chứng thư số của dấu: cần PEM, chứng thư của dấu đứng đầu",
            en="the seal's certificates cannot be read: PEM is expected, the seal's own first",
        ) from error


def _mismatch(key: object, certificate: x509.Certificate) -> Fault | None:
    """Say that the key is not the one in the certificate."""
    public = _public_key(certificate)
    if public is not None and getattr(key, "public_key", lambda: None)() == public:
        return None
    return Fault(
        rule="seal-key-mismatch",
        vi="khóa riêng không khớp với chứng thư số của dấu",
        en="the private key does not belong to the seal's certificate",
    )


def _unnamed(named: AgencyCode | None, given: AgencyCode | None) -> Fault | None:
    """Say that nobody tells whose seal it is, or that two voices differ."""
    if (named or given) and (named is None or given is None or named == given):
        return None
    found = f"{named}, {given}" if named else "–"
    return Fault(
        rule="seal-holder",
        vi=f"cần đúng một mã định danh cơ quan cho dấu, trong chứng thư số hoặc cấu hình; có: {found}",
        en=f"one agency code is expected for the seal, in its certificate or the settings; found: {found}",
    )


def _public_key(certificate: x509.Certificate) -> PublicKey | None:
    """Return the key of a certificate when it is of a kind we use."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, rsa.RSAPublicKey):
        return key if key.key_size <= RSA_MAX_BITS else None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES else None


def _verify(key: PublicKey | None, message: bytes, signature: bytes) -> bool:
    """Tell whether a key made a signature: PKCS #1 v1.5, or ECDSA in DER."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _RSA, _SHA256)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, _ECDSA)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _number_bytes(curve: ec.EllipticCurve) -> int:
    """Return how long r and s are for a curve."""
    return (curve.key_size + 7) // 8
