"""Certificates: whose they are, and whether a chain reaches an anchor at a given instant.

Only anchors given by the operator count: an empty set believes nobody, and the web's authorities are
never asked. Revocation needs answers fetched beforehand and is judged elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from gateway.errors import Fault, Misconfiguration
from gateway.model.identifiers import AgencyCode, Digest
from gateway.trust.keys import fingerprint_of, holder_of, key_fault

CERTIFICATE_MAX_BYTES = 8192
CHAIN_MAX_DEPTH = 4
_REMEMBERED_PATHS = 256

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Source: RFC 9336, id-kp-documentSigning."""
DOCUMENT_SIGNING_BEFORE_2022 = x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12")
"""What authorities wrote before RFC 9336 gave the purpose a neutral number."""

TIME_STAMPING = x509.oid.ExtendedKeyUsageOID.TIME_STAMPING

_LEAF = (
    ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, None)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
)

# RFC 3161 asks for the purpose alone: not every authority writes a KeyUsage beside it.
_STAMPING_LEAF = ExtensionPolicy.permit_all().require_present(
    x509.ExtendedKeyUsage, Criticality.CRITICAL, None
)


def _check_signs_certificates(_policy: object, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    """Refuse an issuer whose key is not for signing certificates; the verifier wants an exception."""
    if not usage.key_cert_sign:
        raise ValueError("keyCertSign is missing")


# permit_all still refuses what it does not know and is marked critical, and paths too long.
_ISSUER = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _check_signs_certificates)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate and what it says about its holder."""

    certificate: x509.Certificate
    fingerprint: Digest
    subject: str
    holder: AgencyCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time during which a whole path is valid, both ends included."""

    begins_at: datetime
    ends_at: datetime

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant lies inside. Certificates know no fractions of a second."""
        return self.begins_at <= at.replace(microsecond=0) <= self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """The certificates trusted without further proof.

    Paths found once are remembered with the time they hold for. That changes no answer: signatures and
    usages in a path do not depend on the instant, and the instant is compared on every call.
    """

    certificates: tuple[x509.Certificate, ...]
    _paths: dict[tuple[x509.Certificate, ...], Window] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def recall(self, path: tuple[x509.Certificate, ...]) -> Window | None:
        """Return the time for which this leaf, with these intermediates, was found to reach an anchor."""
        return self._paths.get(path)

    def remember(self, path: tuple[x509.Certificate, ...], window: Window) -> None:
        """Keep a path, forgetting all when there are too many: senders are few, strangers may be many."""
        if len(self._paths) >= _REMEMBERED_PATHS:
            self._paths.clear()
        self._paths[path] = window


def load_anchors(*pems: bytes, where: str = "") -> Anchors:
    """Load anchors from files of PEM certificates.

    Errors: Misconfiguration, naming the setting ``where``, when a file holds no readable certificate.
    """
    found: dict[x509.Certificate, None] = {}
    for pem in pems:
        try:
            found.update(dict.fromkeys(x509.load_pem_x509_certificates(pem)))
        except ValueError as error:
            raise Misconfiguration.because(
                "anchors-unreadable",
                where=where,
                vi="không đọc được chứng thư số gốc tin cậy: cần PEM",
                en="the trusted certificates cannot be read: PEM is expected",
            ) from error
    return Anchors(certificates=tuple(found))


def read_certificate(der: bytes) -> Identity | None:
    """Read a certificate, or None when it cannot be read or is unreasonably long.

    A sender's certificate comes with each of its packages: the last few hundred are kept parsed.
    """
    # The length comes first: what is kept must not be a stranger's to make large.
    return _parse_certificate(der) if len(der) <= CERTIFICATE_MAX_BYTES else None


@lru_cache(maxsize=512)
def _parse_certificate(der: bytes) -> Identity | None:
    """Parse a certificate, translating each way it can be unreadable."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Identity(
            certificate=certificate,
            fingerprint=fingerprint_of(certificate),
            subject=certificate.subject.rfc4514_string(),
            holder=holder_of(certificate),
        )
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return None


def check_chain(
    leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], anchors: Anchors, *, at: datetime
) -> Fault | None:
    """Say why a certificate may not be believed at an instant; None when it may.

    Each line must hold: (1) the key is strong enough; (2) the certificate is valid at that instant;
    (3) it is meant for signing documents; (4) a path of issuers, each valid at that instant and allowed
    to issue, reaches an anchor.
    Source: RFC 5280 section 6; RFC 9336.
    """
    path = (leaf, *intermediates)
    window = anchors.recall(path)
    if window is not None and window.holds(at):
        return None
    return (
        _key_fault(leaf)  # (1)
        or _validity_fault(leaf, at)  # (2)
        or _usage_fault(leaf)  # (3)
        or _path_fault(path, anchors, at)  # (4)
    )


def check_stamping_chain(
    leaf: x509.Certificate, intermediates: Sequence[x509.Certificate], anchors: Anchors, *, at: datetime
) -> Fault | None:
    """Say why a timestamping authority may not be believed at an instant; None when it may.

    As `check_chain`, but (3) the certificate is meant for timestamps, for nothing else, and says so where
    it cannot be overlooked.
    Source: RFC 3161, section 2.3.
    """
    return (
        _key_fault(leaf)  # (1)
        or _validity_fault(leaf, at)  # (2)
        or _stamping_fault(leaf)  # (3)
        or (None if _find_path((leaf, *intermediates), anchors, at, _STAMPING_LEAF) else _untrusted())  # (4)
    )


def _key_fault(leaf: x509.Certificate) -> Fault | None:
    """Judge the leaf's key: the path verifier looks at the strength of issuers' keys only."""
    try:
        return key_fault(leaf.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return key_fault(None)


def _validity_fault(leaf: x509.Certificate, at: datetime) -> Fault | None:
    """Compare the instant with the leaf's own dates, to say which side it fell off."""
    second = at.replace(microsecond=0)
    if second < leaf.not_valid_before_utc:
        return Fault(
            rule="certificate-not-yet-valid",
            vi=f"chứng thư số có hiệu lực từ {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%S}Z",
            en=f"the certificate is valid from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M:%S}Z",
        )
    if second > leaf.not_valid_after_utc:
        return Fault(
            rule="certificate-expired",
            vi=f"chứng thư số hết hiệu lực lúc {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%S}Z",
            en=f"the certificate expired at {leaf.not_valid_after_utc:%Y-%m-%d %H:%M:%S}Z",
        )
    return None


def _usage_fault(leaf: x509.Certificate) -> Fault | None:
    """Demand a certificate for signing documents: a web server's would otherwise do."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        signs = False
    else:
        signs = (usage.digital_signature or usage.content_commitment) and (
            DOCUMENT_SIGNING in purposes or DOCUMENT_SIGNING_BEFORE_2022 in purposes
        )
    if signs:
        return None
    return Fault(
        rule="certificate-usage",
        vi="chứng thư số không dành cho việc ký văn bản (KeyUsage, ExtendedKeyUsage)",
        en="the certificate is not meant for signing documents (KeyUsage, ExtendedKeyUsage)",
    )


def _stamping_fault(leaf: x509.Certificate) -> Fault | None:
    """Demand a certificate for timestamps alone: whoever has it can do nothing else with it."""
    try:
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        usages = [each.value for each in leaf.extensions if isinstance(each.value, x509.KeyUsage)]
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        stamps = False
    else:
        stamps = purposes.critical and list(purposes.value) == [TIME_STAMPING]
        stamps = stamps and all(usage.digital_signature or usage.content_commitment for usage in usages)
    if stamps:
        return None
    return Fault(
        rule="certificate-usage",
        vi="chứng thư số không chỉ dành cho việc cấp dấu thời gian (ExtendedKeyUsage timeStamping, critical)",
        en="the certificate is not for timestamps alone (ExtendedKeyUsage timeStamping, critical)",
    )


def _untrusted() -> Fault:
    return Fault(
        rule="certificate-untrusted",
        vi="không có đường dẫn chứng thực hợp lệ từ chứng thư số đến một gốc tin cậy",
        en="no valid path leads from the certificate to a trusted anchor",
    )


def _path_fault(path: tuple[x509.Certificate, ...], anchors: Anchors, at: datetime) -> Fault | None:
    """Look for a path to an anchor, and remember the one found."""
    chain = _find_path(path, anchors, at, _LEAF)
    if chain is None:
        return _untrusted()
    anchors.remember(path, _window_of(chain))
    return None


def _find_path(
    path: tuple[x509.Certificate, ...], anchors: Anchors, at: datetime, leaf_policy: ExtensionPolicy
) -> Sequence[x509.Certificate] | None:
    """Find a path to an anchor, each certificate of it valid at an instant."""
    if not anchors.certificates:  # the store refuses to be empty
        return None
    builder = PolicyBuilder().store(Store(list(anchors.certificates))).time(at)
    builder = builder.extension_policies(ee_policy=leaf_policy, ca_policy=_ISSUER)
    verifier = builder.max_chain_depth(CHAIN_MAX_DEPTH).build_client_verifier()
    try:
        return verifier.verify(path[0], list(path[1:])).chain
    except (VerificationError, ValueError, UnsupportedAlgorithm):
        return None


def _window_of(chain: Sequence[x509.Certificate]) -> Window:
    """Return the time during which every certificate of a path is valid."""
    return Window(
        begins_at=max(certificate.not_valid_before_utc for certificate in chain),
        ends_at=min(certificate.not_valid_after_utc for certificate in chain),
    )
