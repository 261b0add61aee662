"""The table: policy, grade, consequence."""

import io
from itertools import product

import pytest

from gateway.edxml.reader import read_package
from gateway.errors import Fault, Refusal
from gateway.model.signature import Grade, SignaturePolicy, Verdict
from gateway.trust.policy import CONSEQUENCES, Consequence, apply_policy
from tests.crafts.signing_kit import PLAIN

PACKAGE = read_package(io.BytesIO(PLAIN)).package
FAULT = Fault(rule="signature-x", vi="x", en="x")


def apply(policy, grade):
    verdict = Verdict(grade=grade, fault=None if grade is Grade.VALID else FAULT)
    return apply_policy(PACKAGE, verdict, policy, seal_at=17)


def test_every_verdict_has_a_consequence_under_every_policy():
    """No combination was forgotten."""
    assert {(policy, grade) for policy in CONSEQUENCES for grade in CONSEQUENCES[policy]} == set(
        product(SignaturePolicy, Grade)
    )


@pytest.mark.parametrize("policy", list(SignaturePolicy))
def test_a_valid_signature_is_accepted_under_every_policy(policy):
    """And nothing is added to the package."""
    verified = apply(policy, Grade.VALID)
    assert verified.package is PACKAGE
    assert verified.verdict.grade is Grade.VALID
    assert verified.seal_at == 17


@pytest.mark.parametrize("policy", list(SignaturePolicy))
def test_an_invalid_signature_is_refused_under_every_policy(policy):
    """Something was changed: even a sender who need not sign is told."""
    with pytest.raises(Refusal) as refused:
        apply(policy, Grade.INVALID)
    assert refused.value.code == "signature-refused"
    assert refused.value.faults == (FAULT,)


@pytest.mark.parametrize("grade", [Grade.ABSENT, Grade.NOT_VERIFIABLE, Grade.UNTRUSTED])
def test_a_sender_who_must_sign_is_held_to_it(grade):
    """Required means valid."""
    with pytest.raises(Refusal):
        apply(SignaturePolicy.REQUIRE, grade)


@pytest.mark.parametrize("grade", [Grade.ABSENT, Grade.NOT_VERIFIABLE, Grade.UNTRUSTED])
def test_a_sender_who_should_sign_is_warned_about(grade):
    """The package travels, the fault with it, behind what the reader noticed."""
    verified = apply(SignaturePolicy.WARN, grade)
    assert verified.package.warnings == (*PACKAGE.warnings, FAULT)


@pytest.mark.parametrize("grade", [Grade.ABSENT, Grade.NOT_VERIFIABLE, Grade.UNTRUSTED])
def test_a_sender_who_need_not_sign_is_left_in_peace(grade):
    """The verdict is recorded all the same."""
    verified = apply(SignaturePolicy.OFF, grade)
    assert verified.package is PACKAGE
    assert verified.verdict.fault is FAULT


def test_only_refusals_and_warnings_and_acceptances_follow():
    """Three consequences, all in use."""
    assert {found for row in CONSEQUENCES.values() for found in row.values()} == set(Consequence)
