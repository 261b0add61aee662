"""What follows from a verdict, as the sender's policy has it."""

from dataclasses import replace
from enum import StrEnum

from gateway.errors import Refusal
from gateway.model.package import Package
from gateway.model.signature import Grade, SignaturePolicy, Verdict, VerifiedPackage


class Consequence(StrEnum):
    """What happens to a package."""

    ACCEPT = "accept"
    WARN = "warn"
    REFUSE = "refuse"


# Today most packages bear no signature, or a copied sample: only senders who promised one are held to it.
# A signature that is there, complete and wrong is refused whoever sent it: something was changed.
CONSEQUENCES: dict[SignaturePolicy, dict[Grade, Consequence]] = {
    SignaturePolicy.REQUIRE: {
        Grade.VALID: Consequence.ACCEPT,
        Grade.UNTRUSTED: Consequence.REFUSE,
        Grade.NOT_VERIFIABLE: Consequence.REFUSE,
        Grade.ABSENT: Consequence.REFUSE,
        Grade.INVALID: Consequence.REFUSE,
    },
    SignaturePolicy.WARN: {
        Grade.VALID: Consequence.ACCEPT,
        Grade.UNTRUSTED: Consequence.WARN,
        Grade.NOT_VERIFIABLE: Consequence.WARN,
        Grade.ABSENT: Consequence.WARN,
        Grade.INVALID: Consequence.REFUSE,
    },
    SignaturePolicy.OFF: {
        Grade.VALID: Consequence.ACCEPT,
        Grade.UNTRUSTED: Consequence.ACCEPT,
        Grade.NOT_VERIFIABLE: Consequence.ACCEPT,
        Grade.ABSENT: Consequence.ACCEPT,
        Grade.INVALID: Consequence.REFUSE,
    },
}


def apply_policy(
    package: Package,
    verdict: Verdict,
    policy: SignaturePolicy,
    *,
    seal_at: int | None,
    form: bytes | None = None,
) -> VerifiedPackage:
    """Accept a package under its sender's policy, with the verdict's fault as a warning where it says so.

    Shape: seal_at and form are what `trust.xml_signing.find_seal_place` and `hash_form` gave.
    Errors: Refusal ``signature-refused`` with the verdict's fault.
    """
    consequence = CONSEQUENCES[policy][verdict.grade]
    faults = (verdict.fault,) if verdict.fault else ()
    if consequence is Consequence.REFUSE:
        raise Refusal("signature-refused", faults)
    if consequence is Consequence.WARN:
        package = replace(package, warnings=(*package.warnings, *faults))
    return VerifiedPackage(package=package, verdict=verdict, seal_at=seal_at, form=form)
