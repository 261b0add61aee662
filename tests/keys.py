"""Throw-away authorities and seals for every test.

Real keys and real certificates, made once per session and shared: nothing here may be changed by a test.
"""

from datetime import UTC, datetime
from functools import cache

from gateway.model.identifiers import AgencyCode
from gateway.trust.certificates import Anchors, load_anchors
from gateway.trust.issuing import Issued, issue_seal, make_authority
from gateway.trust.keys import Algorithm, Seal, load_seal

AT = datetime(2026, 4, 12, 3, 0, tzinfo=UTC)
"""The instant at which tests take place, unless they say otherwise."""

ISSUED_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When the authorities and seals below were made."""

# Nodes under test live by the clock of whoever runs the tests, years from now too.
SEAL_DAYS, AUTHORITY_DAYS = 20 * 365, 40 * 365

PROVINCE = AgencyCode("H57")
HEALTH = AgencyCode("000.00.12.H57")
FINANCE = AgencyCode("000.00.08.H57")


@cache
def authority(name: str = "Gốc thử nghiệm") -> Issued:
    """Return the root authority of a name."""
    return make_authority(name, at=ISSUED_AT, days=AUTHORITY_DAYS)


@cache
def issued(
    holder: AgencyCode = HEALTH,
    *,
    algorithm: Algorithm = Algorithm.ECDSA_SHA256,
    by: Issued | None = None,
    days: int = SEAL_DAYS,
) -> Issued:
    """Return the key and certificate of an agency, as PEM."""
    return issue_seal(
        by or authority(),
        holder=holder,
        name=f"Cơ quan {holder}",
        at=ISSUED_AT,
        days=days,
        algorithm=algorithm,
    )


@cache
def seal(
    holder: AgencyCode = HEALTH,
    *,
    algorithm: Algorithm = Algorithm.ECDSA_SHA256,
    by: Issued | None = None,
) -> Seal:
    """Return the seal of an agency: P-256 unless said otherwise, since RSA keys take long to find."""
    found = issued(holder, algorithm=algorithm, by=by)
    return load_seal(found.key_pem, found.chain_pem)


def anchors() -> Anchors:
    """Return anchors that hold the root authority, and have not yet seen any path."""
    return load_anchors(authority().certificate_pem)
