"""A development authority: certificates for demonstrations, tests and first steps.

Never the authority of a real installation: its key lies in a file beside everything else. It is also the
one place in the crafts that draws random numbers (keys and serial numbers), since a certificate without
them would be worthless; everything else, instants included, is an argument.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gateway.model.identifiers import AgencyCode
from gateway.trust.certificates import DOCUMENT_SIGNING
from gateway.trust.keys import Algorithm, PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A key and its certificate, as files hold them.

    Shape: key_pem is unencrypted PKCS #8; chain_pem is the certificate, then the intermediates above it
    (never the root, which is somebody's anchor).
    """

    key_pem: bytes = field(repr=False)
    chain_pem: bytes

    @property
    def certificate(self) -> x509.Certificate:
        """Return the certificate itself, without what is above it."""
        return x509.load_pem_x509_certificate(self.chain_pem)

    @property
    def certificate_pem(self) -> bytes:
        """Return the certificate itself as PEM: what an authority hands out as an anchor."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key(self) -> PrivateKey:
        """Return the private key."""
        key = load_pem_private_key(self.key_pem, password=None)
        assert isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey))  # noqa: S101 - we made it
        return key


def make_authority(
    name: str,
    *,
    at: datetime,
    days: int = 3650,
    algorithm: Algorithm = Algorithm.ECDSA_SHA256,
    serial: int | None = None,
    above: Issued | None = None,
) -> Issued:
    """Make an authority: a root, or an intermediate when another is above it."""
    key = _make_key(algorithm)
    builder = _start(key, _name(name), above, at=at, days=days, serial=serial)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
    return _finish(builder, key, above)


def issue_seal(
    authority: Issued,
    *,
    holder: AgencyCode,
    name: str,
    at: datetime,
    days: int = 825,
    algorithm: Algorithm = Algorithm.RSA_SHA256,
    serial: int | None = None,
) -> Issued:
    """Issue a seal for an agency: its code in the subject, good for signing documents and nothing else.

    Source: RFC 9336 (documentSigning); X.520 organizationIdentifier carries the agency code.
    """
    key = _make_key(algorithm)
    builder = _start(key, _name(name, holder), authority, at=at, days=days, serial=serial)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage("digital_signature", "content_commitment"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
    return _finish(builder, key, authority)


def _make_key(algorithm: Algorithm) -> PrivateKey:
    """Draw a new key: RSA of 2048 bits, or P-256."""
    if algorithm is Algorithm.RSA_SHA256:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _name(name: str, holder: AgencyCode | None = None) -> x509.Name:
    """Write a subject: country, name, and the agency code when there is one."""
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.COMMON_NAME, _cut(name, 64)),
    ]
    if holder is not None:
        attributes.insert(1, x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(name, 64)))
        attributes.insert(2, x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, holder))
    return x509.Name(attributes)


def _cut(text: str, size_bytes: int) -> str:
    """Cut a text to so many bytes of UTF-8, between characters.

    Source: RFC 5280 appendix A allows 64 characters; cryptography counts bytes and warns beyond.
    """
    return text.encode()[:size_bytes].decode(errors="ignore").strip()


def _start(
    key: PrivateKey,
    subject: x509.Name,
    above: Issued | None,
    *,
    at: datetime,
    days: int,
    serial: int | None,
) -> x509.CertificateBuilder:
    """Fill in what every certificate has."""
    issuer_name, issuer_key = (above.certificate.subject, above.key) if above else (subject, key)
    begin = at.replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _finish(builder: x509.CertificateBuilder, key: PrivateKey, above: Issued | None) -> Issued:
    """Sign the certificate with the key above it, or its own, and put everything into PEM."""
    certificate = builder.sign(above.key if above else key, SHA256())
    chain_pem = certificate.public_bytes(Encoding.PEM)
    if above is not None and above.certificate.issuer != above.certificate.subject:
        chain_pem += above.chain_pem
    return Issued(
        key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), chain_pem=chain_pem
    )


def _usage(*purposes: str) -> x509.KeyUsage:
    """Write a key usage that allows the named purposes and no other."""
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{purpose: purpose in purposes for purpose in every})
