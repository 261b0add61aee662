"""What verification found out about a package's signature."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.errors import Fault
from gateway.model.identifiers import AgencyCode
from gateway.model.package import Package


class Grade(StrEnum):
    """How far a signature can be believed, worst news first in neither order: see the policy table."""

    ABSENT = "absent"
    """No signature element, or an empty one."""
    NOT_VERIFIABLE = "not-verifiable"
    """A copied sample, a truncated certificate, SHA-1, an algorithm or transform not on our list."""
    INVALID = "invalid"
    """Complete and on our list, but a digest, the value or the structure is wrong."""
    UNTRUSTED = "valid-untrusted"
    """Verifies, but no chain to an anchor holds at that instant, or its holder is not the sender."""
    VALID = "valid"
    """Verifies, chain and validity hold at that instant, and the holder speaks for the sender."""


class SignaturePolicy(StrEnum):
    """What a sender's packages must bear."""

    REQUIRE = "require"
    WARN = "warn"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of the numbered checks.

    Shape: step is the number of the check that decided (0 when there was nothing to check);
    holder is the agency code in the certificate, when it names one; fault says why the grade is not VALID.
    """

    grade: Grade
    step: int = 0
    holder: AgencyCode | None = None
    subject: str | None = None
    certificate_sha256: str | None = None
    verified_at: datetime | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPackage:
    """A package whose signature was judged under its sender's policy. Made by `trust.policy` only.

    Shape: seal_at is the byte offset at which a seal may be inserted; None when the package already
    bears a signature of its own, which ours would break. form is the digest of what the seal will sign; None
    where there is no place or no such form.
    """

    package: Package
    verdict: Verdict
    seal_at: int | None
    form: bytes | None = None
