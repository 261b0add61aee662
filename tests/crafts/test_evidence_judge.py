"""Whose certificates a verifier of bundles believes, and how long whoever made a bundle can keep it busy."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from gateway.evidence.bundle import certificate_name, write_chain
from gateway.evidence.checkpoint import Checkpoint, sign_checkpoint
from gateway.evidence.note import write_note
from gateway.evidence.verifier.audit import verify
from gateway.evidence.verifier.certificates import SEALING, Judge
from gateway.evidence.verifier.documents import SIGNED
from gateway.evidence.verifier.findings import CHECKS, Findings
from gateway.evidence.verifier.forms import FORM, Wrong
from gateway.model.identifiers import AgencyCode
from gateway.model.log import SIGNED_KINDS
from gateway.trust.issuing import DOCUMENT_SIGNING, issue_seal
from gateway.trust.keys import Seal, load_seal
from tests.bundles import sealed
from tests.keys import AT, HEALTH, ISSUED_AT, authority, seal

UNNAMED = AgencyCode("VATVN-0100000001")
"""A taxpayer's number, as the public authorities write it: no agency's code."""


NOTHING_THERE = {"entries", "receipts", "packages", "order", "record"}
"""All that is wrong with a bundle of no document."""


def unnamed_seal() -> Seal:
    """A certificate for signing documents that any holder may get from the same authority."""
    made = issue_seal(authority(), holder=UNNAMED, name="Nguyễn Văn Giả", at=ISSUED_AT)
    return load_seal(made.key_pem, made.chain_pem, holder=HEALTH)


def found(
    seals: list[x509.Certificate], by: Seal, *, at: datetime = AT, anchor: x509.Certificate
) -> Findings:
    """What is found in a bundle of one checkpoint, signed a day before, and nothing else."""
    names = [certificate_name("seal", each) for each in seals]
    note = sign_checkpoint(
        Checkpoint(origin=f"{HEALTH}/log", size=1, root=bytes(32), at=at - timedelta(days=1)), by
    )
    parts = {name: write_chain([each]) for name, each in zip(names, seals, strict=True)}
    head = {"form": FORM, "gateway": HEALTH, "made_at": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", "program": "thử"}
    lists = {"seals": names, "others": [], "checkpoint": 1, "checkpoints": [1], "stamped": [], "documents": 0}
    return verify(
        io.BytesIO(sealed({**parts, "checkpoints/1.txt": write_note(note)}, head | lists, by)), [anchor]
    )


def wrong_or_open(findings: Findings) -> set[str]:
    """The checks that do not hold, those with nothing to look at left out."""
    return {check for check in CHECKS if findings.verdict(check) in ("wrong", "open")}


def test_a_seal_that_names_no_agency_does_not_prove_whose_it_is() -> None:
    """Anybody gets one of the same authority, and writes any gateway's name into a bundle: not proved."""
    by = unnamed_seal()
    findings = found([by.certificate], by, anchor=authority().certificate)
    assert findings.verdict("holder") == "open"
    assert "names no agency" in findings.found["holder"][1]


def test_a_seal_the_auditor_knows_needs_no_name() -> None:
    """Given as the anchor itself it is the auditor who says whose it is."""
    by = unnamed_seal()
    assert wrong_or_open(found([by.certificate], by, anchor=by.certificate)) == NOTHING_THERE


def test_a_stranger_without_a_name_is_nobody() -> None:
    """A witness, or who signed a receipt on the other side, must be named to be believed."""
    judge = Judge(SEALING, [authority().certificate])
    assert judge.believes(seal(HEALTH).certificate, at=AT, holder=HEALTH)
    assert not judge.believes(unnamed_seal().certificate, at=AT, holder=HEALTH)


def test_a_code_is_read_as_it_is_meant() -> None:
    """Small letters and spaces in a certificate are typing, as they are for the gateway itself."""
    typed = issue_seal(authority(), holder=AgencyCode(" 000.00.12.h57"), name="Sở Y tế", at=ISSUED_AT)
    by = load_seal(typed.key_pem, typed.chain_pem)
    assert wrong_or_open(found([by.certificate], by, anchor=authority().certificate)) == NOTHING_THERE


def test_a_certificate_renewed_for_the_same_key_does_not_speak_for_what_was_before() -> None:
    """The former certificate does, though the present one comes first and has the same key."""
    by = seal(HEALTH)
    old = by.certificate
    renewed = (
        x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), 7, AT, AT + timedelta(days=9))
        .add_extension(old.extensions.get_extension_for_class(x509.KeyUsage).value, critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
        .sign(authority().key, SHA256())
    )
    now = Seal(holder=HEALTH, certificate=renewed, chain=(), algorithm=by.algorithm, key=by.key)
    assert wrong_or_open(found([renewed, old], now, anchor=authority().certificate)) == NOTHING_THERE
    alone = found([renewed], now, anchor=authority().certificate)
    assert "not valid at" in "".join(alone.faults["checkpoint"])


def test_a_mesh_of_certificates_is_given_up() -> None:
    """Each of a hundred is above each other: a hundred million ways up, and none leads to an anchor."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lưới")])
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
    )
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, ISSUED_AT, datetime(2036, 1, 1, tzinfo=UTC)
    )
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
    )
    mesh = [builder.sign(key, SHA256()) for _ in range(100)]
    judge = Judge(SEALING, [authority().certificate])
    judge.learn(mesh)
    with pytest.raises(Wrong, match="too many certificates"):
        judge.believe(mesh[0], at=AT)


def test_every_kind_that_is_signed_must_have_its_receipt() -> None:
    """The verifier knows nothing of the gateway, so its list is a second one: of the same kinds."""
    assert {kind.value for kind in SIGNED_KINDS} == SIGNED
