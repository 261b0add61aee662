"""Certificates and the signatures made with their keys, at the instant of each; RFC 3161 timestamps."""

from __future__ import annotations

import contextlib
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from gateway.evidence.verifier.forms import Wrong, need

Certificate = x509.Certificate

# documentSigning: as in RFC 9336, and as it was written before.
SEALING = {"1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12"}
STAMPING = {"1.3.6.1.5.5.7.3.8"}
_ORGANIZATION_IDENTIFIER = x509.ObjectIdentifier("2.5.4.97")
# What an authority's certificate may demand of its reader: constraints on names are not judged here.
_JUDGED = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.CertificatePolicies)
_DEPTH = 5
# Signatures of certificates that are looked at in all: a bundle's maker does not choose how long it takes.
_LOOKS = 5000
# The forms of agency codes (QCVN 102:2016, QĐ 20/2020, business registration); others name no agency.
_CODE = re.compile(r"((\d{3}\.)?\d{2}\.\d{2}\.)?[A-Z]\d{2}(\.[0-9A-Z]+)*|\d{10}(-?\d{3})?")
_OIDS = {
    "06092a864886f70d010903": "contentType",
    "06092a864886f70d010904": "messageDigest",
    "060b2a864886f70d0109100104": "TSTInfo",
    "060b2a864886f70d010910020c": "signingCertificate",
    "060b2a864886f70d010910022f": "signingCertificateV2",
    "0609608648016503040201": "sha256",
    "0609608648016503040202": "sha384",
    "0609608648016503040203": "sha512",
}
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def name_of(certificate: Certificate) -> str:
    """Name a certificate's holder."""
    return certificate.subject.rfc4514_string()


def fingerprint_of(certificate: Certificate) -> str:
    """Name a certificate by its SHA-256."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def algorithm_of(certificate: Certificate) -> str:
    """Name the algorithm that a certificate's key signs with, as receipts do."""
    return "RSA-SHA256" if isinstance(certificate.public_key(), rsa.RSAPublicKey) else "ECDSA-SHA256"


def signed_by(certificate: Certificate, digest: bytes, signature: bytes, algorithm: str = "sha256") -> bool:
    """Tell whether a certificate's key signed a digest: PKCS #1 v1.5, or ECDSA in DER."""
    key, how = certificate.public_key(), utils.Prehashed(_HASHES[algorithm])
    with contextlib.suppress(InvalidSignature):
        if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192:
            key.verify(signature, digest, padding.PKCS1v15(), how)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256:
            key.verify(signature, digest, ec.ECDSA(how))
            return True
    return False


class Judge:
    """Believes certificates of one purpose, at an instant, when they lead to an anchor.

    Without anchors only what a certificate says of itself is looked at, and `is_open`.
    """

    def __init__(self, purposes: set[str], anchors: Iterable[Certificate]) -> None:
        self.purposes, self.anchors = purposes, list(anchors)
        self._known: list[Certificate] = []
        self._windows: dict[Certificate, tuple[datetime, datetime]] = {}
        self._dead_ends: set[tuple[Certificate, int]] = set()
        self._looks = 0

    @property
    def is_open(self) -> bool:
        """Tell that whatever is believed here anybody could have made."""
        return not self.anchors

    def learn(self, certificates: Iterable[Certificate]) -> None:
        """Take certificates that a way up may lead over; they are not believed for being here."""
        self._known += certificates
        self._dead_ends.clear()

    def is_named(self, leaf: Certificate, holder: str) -> bool:
        """Tell whether it is shown whose a certificate is: it has the code, or the auditor gave it."""
        return leaf in self.anchors or _codes_in(leaf) == [holder]

    def believe(self, leaf: Certificate, *, at: datetime, holder: str | None = None) -> None:
        """Demand that a certificate is for this purpose, its holder's, valid at an instant, and anchored."""
        if leaf not in self._windows:
            self._windows[leaf] = self._window_of(leaf)
        begin, end = self._windows[leaf]
        need(
            begin <= at.replace(microsecond=0) <= end,
            f"{name_of(leaf)}: không có hiệu lực lúc · not valid at {at}",
        )
        need(
            not holder or _codes_in(leaf) in ([], [holder]), name_of(leaf), "không phải của · is not", holder
        )

    def believes(self, leaf: Certificate, *, at: datetime, holder: str) -> bool:
        """Tell whether a certificate is believed to be somebody's, where nothing is wrong when it is not."""
        try:
            self.believe(leaf, at=at, holder=holder)
        except (Wrong, ValueError, x509.ExtensionNotFound):
            return False
        return self.is_named(leaf, holder)

    def _window_of(self, leaf: Certificate) -> tuple[datetime, datetime]:
        extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        found = {purpose.dotted_string for purpose in extended.value}
        # A stamping key stamps and nothing else. Source: RFC 3161, section 2.3.
        stamps_only = found == STAMPING and extended.critical
        need(stamps_only if self.purposes == STAMPING else found & self.purposes, name_of(leaf), "EKU")
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        need(usage.digital_signature or usage.content_commitment, name_of(leaf), "KeyUsage")
        path = [leaf] if self.is_open else self._path([leaf])
        need(path, name_of(leaf), "không tới gốc tin cậy nào đã cho · leads to no anchor given")
        return max(c.not_valid_before_utc for c in path), min(c.not_valid_after_utc for c in path)

    def _path(self, path: list[Certificate]) -> list[Certificate]:
        """Find the way up. Source: RFC 5280, section 6, as far as seals and stamps need it."""
        if path[-1] in self.anchors:
            return path
        here = path[-1], len(path)
        if len(path) == _DEPTH or here in self._dead_ends:
            return []
        for above in [*self.anchors, *self._known]:
            if above.subject != path[-1].issuer:
                continue
            self._looks += 1
            need(self._looks <= _LOOKS, "quá nhiều chứng thư · too many certificates")
            with contextlib.suppress(Wrong, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
                path[-1].verify_directly_issued_by(above)
                limits = above.extensions.get_extension_for_class(x509.BasicConstraints).value
                need(limits.ca and (limits.path_length is None or limits.path_length >= len(path) - 1))
                need(above.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign)
                need(all(isinstance(e.value, _JUDGED) for e in above.extensions if e.critical))
                if found := self._path([*path, above]):
                    return found
        self._dead_ends.add(here)
        return []


def _codes_in(leaf: Certificate) -> list[str]:
    """Read the agency codes that a certificate names its holder by."""
    named = leaf.subject.get_attributes_for_oid(_ORGANIZATION_IDENTIFIER)
    typed = ("".join(unicodedata.normalize("NFKC", str(each.value)).split()).upper() for each in named)
    return [code for code in typed if _CODE.fullmatch(code)]


def read_token(token: bytes, stamped: bytes) -> tuple[datetime, Certificate, list[Certificate]]:
    """Verify a timestamp over some bytes: when it was made, by whom, every certificate in it.

    The certificates are not judged. Source: RFC 3161; RFC 5652, section 5; RFC 5035.
    """
    ((_, content, _),) = read_der(token)
    _, _, (_, inner, _), (_, bag, _), *_, (_, signers, _) = read_der(_inside(_inside(content, 1)))
    (_, _, kind), (_, octets, _) = read_der(inner)
    stamp = _inside(octets)
    _, _, (_, imprint, _), _, (_, moment, _), *_ = read_der(_inside(stamp))
    (_, algorithm, _), (_, hashed, _) = read_der(imprint)
    need(
        hashlib.new(_hash_in(algorithm), stamped).digest() == hashed, "không phải trên · not over these bytes"
    )

    _, _, (_, algorithm, _), (_, inner, whole), _, (_, signature, _), *_ = read_der(_inside(signers))
    said = {}
    for _, attribute, _ in read_der(inner):
        (_, _, named), (_, values, _) = read_der(attribute)
        ((_, said[_OIDS.get(named.hex())], _),) = read_der(values)[:1]
    need(_OIDS[kind.hex()] == "TSTInfo" and said["contentType"] == kind[2:], "contentType")
    need(said["messageDigest"] == hashlib.new(_hash_in(algorithm), stamp).digest(), "messageDigest")

    first = "signingCertificateV2" if "signingCertificateV2" in said else "signingCertificate"
    (tag, identifier, _), *more = read_der(_inside(_inside(said[first])))
    by_hash = "sha256" if first == "signingCertificateV2" else "sha1"
    if tag == 0x30:  # another hash than the usual one is named first
        by_hash, identifier = _hash_in(identifier), more[0][1]
    ders = [each for _, _, each in read_der(bag)]
    (signer,) = (each for each in ders if hashlib.new(by_hash, each).digest() == identifier)
    by = x509.load_der_x509_certificate(signer)
    # The attributes are signed as the SET they are, not under the tag they have here.
    digest = hashlib.new(_hash_in(algorithm), b"\x31" + whole[1:]).digest()
    need(signed_by(by, digest, signature, _hash_in(algorithm)), "chữ ký CMS sai · CMS signature")
    at = datetime.strptime(moment.decode().split(".")[0].rstrip("Z"), "%Y%m%d%H%M%S")
    return at.replace(tzinfo=timezone.utc), by, [x509.load_der_x509_certificate(each) for each in ders]


def read_der(raw: bytes) -> list[tuple[int, bytes, bytes]]:
    """Read the values that stand side by side: tag, content, and the whole."""
    found, at = [], 0
    while at < len(raw):
        length, begin = raw[at + 1], at + 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(raw[at + 2 : begin], "big")
        need(begin + length <= len(raw), "DER")
        found.append((raw[at], raw[begin : begin + length], raw[at : begin + length]))
        at = begin + length
    return found


def _inside(raw: bytes, number: int = 0) -> bytes:
    """Return the content of one of the values that stand side by side."""
    return read_der(raw)[number][1]


def _hash_in(algorithm: bytes) -> str:
    """Name the hash in an AlgorithmIdentifier's content."""
    return _OIDS[read_der(algorithm)[0][2].hex()]
