"""Chains: which certificates reach an anchor, and when."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Misconfiguration
from gateway.trust.certificates import (
    DOCUMENT_SIGNING,
    DOCUMENT_SIGNING_BEFORE_2022,
    Anchors,
    check_chain,
    load_anchors,
    read_certificate,
)
from gateway.trust.issuing import issue_seal, make_authority
from tests.keys import AT, HEALTH, ISSUED_AT, SEAL_DAYS, anchors, authority, issued, seal

USAGES = (
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


def usage(*purposes):
    return x509.KeyUsage(**{purpose: purpose in purposes for purpose in USAGES})


def certify(*extensions, key=None, by=None, days=365):
    """Issue a certificate with exactly these extensions (each a pair with its criticality)."""
    by = by or authority()
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_IDENTIFIER, HEALTH)])
    builder = x509.CertificateBuilder(
        by.certificate.subject, subject, key.public_key(), 7, ISSUED_AT, ISSUED_AT + timedelta(days=days)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by.key, SHA256())


SIGNS = (usage("content_commitment"), True)
DOCUMENTS = (x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), False)


def rule_of(leaf, *intermediates, trusting=None, at=AT):
    fault = check_chain(leaf, intermediates, trusting or anchors(), at=at)
    return fault and fault.rule


def test_a_seal_reaches_its_anchor():
    """No fault is what trust looks like."""
    assert rule_of(seal().certificate) is None


def test_a_seal_reaches_its_anchor_through_intermediates():
    """Two authorities between; without them there is no path."""
    upper = make_authority("Trên", at=ISSUED_AT, above=authority())
    lower = make_authority("Dưới", at=ISSUED_AT, above=upper)
    leaf = issued(by=lower).certificate
    assert rule_of(leaf, lower.certificate, upper.certificate) is None
    assert rule_of(leaf, upper.certificate, lower.certificate) is None
    assert rule_of(leaf, upper.certificate) == "certificate-untrusted"
    assert rule_of(leaf) == "certificate-untrusted"


def test_an_intermediate_may_be_the_anchor():
    """Who trusts a province's authority need not trust the root above it."""
    middle = make_authority("Trung gian", at=ISSUED_AT, above=authority())
    trusting = load_anchors(middle.certificate_pem)
    assert rule_of(issued(by=middle).certificate, trusting=trusting) is None
    assert rule_of(seal().certificate, trusting=trusting) == "certificate-untrusted"


def test_a_path_that_is_too_long_is_untrusted():
    """Four issuers at most, whatever an authority allows those below it."""
    by, above = authority(), []
    for number in range(6):
        by = make_authority(f"Tầng {number}", at=ISSUED_AT, above=by)
        above.append(by.certificate)
    assert rule_of(issued(by=by).certificate, *above) == "certificate-untrusted"


@pytest.mark.parametrize(
    ("offset", "rule"),
    [
        (timedelta(seconds=-1), "certificate-not-yet-valid"),
        (timedelta(0), None),
        (timedelta(days=SEAL_DAYS), None),
        (timedelta(days=SEAL_DAYS, microseconds=999_999), None),
        (timedelta(days=SEAL_DAYS, seconds=1), "certificate-expired"),
    ],
)
def test_both_ends_of_the_validity_are_included(offset, rule):
    """To the second; and the answer is the same whether the path was remembered or not."""
    trusting = anchors()
    assert rule_of(seal().certificate, at=ISSUED_AT + offset, trusting=trusting) == rule
    assert rule_of(seal().certificate, trusting=trusting) is None
    assert rule_of(seal().certificate, at=ISSUED_AT + offset, trusting=trusting) == rule


def test_an_expired_issuer_ends_the_path():
    """The seal itself would be valid for longer; the remembered path is not."""
    middle = make_authority("Ngắn hạn", at=ISSUED_AT, days=200, above=authority())
    leaf, trusting = issued(by=middle).certificate, anchors()
    assert rule_of(leaf, middle.certificate, trusting=trusting) is None
    late = ISSUED_AT + timedelta(days=201)
    assert rule_of(leaf, middle.certificate, trusting=trusting, at=late) == "certificate-untrusted"
    assert rule_of(leaf, middle.certificate, trusting=trusting) is None


def test_paths_are_forgotten_before_they_fill_the_memory():
    """Senders are few; what strangers send must not pile up."""
    trusting = anchors()
    leaf, other = seal().certificate, issued(by=make_authority("Lạ", at=ISSUED_AT)).certificate
    for count in range(300):
        assert rule_of(leaf, *[other] * count, trusting=trusting) is None
    assert len(trusting._paths) <= 256


def test_an_unknown_authority_is_untrusted():
    """Even one of the same name."""
    stranger = make_authority("Gốc thử nghiệm", at=ISSUED_AT)
    leaf = issue_seal(stranger, holder=HEALTH, name="Sở Y tế", at=ISSUED_AT).certificate
    assert rule_of(leaf) == "certificate-untrusted"
    assert rule_of(leaf, stranger.certificate) == "certificate-untrusted"
    assert rule_of(leaf, trusting=Anchors(certificates=())) == "certificate-untrusted"


def test_a_short_leaf_key_is_refused():
    """The path verifier looks at issuers' keys only: RSA of 1024 bits is ours to refuse."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert rule_of(certify(SIGNS, DOCUMENTS, key=key)) == "weak-key"


def test_a_seal_cannot_issue():
    """A sender is no authority."""
    leaf = certify(SIGNS, DOCUMENTS, by=issued())
    assert rule_of(leaf, issued().certificate) == "certificate-untrusted"
    assert rule_of(leaf, trusting=load_anchors(issued().certificate_pem)) == "certificate-untrusted"


@pytest.mark.parametrize(
    ("extensions", "rule"),
    [
        ([SIGNS, DOCUMENTS], None),
        ([(usage("digital_signature"), False), DOCUMENTS], None),
        ([SIGNS, (x509.ExtendedKeyUsage([DOCUMENT_SIGNING_BEFORE_2022]), True)], None),
        ([], "certificate-usage"),
        ([SIGNS], "certificate-usage"),
        ([DOCUMENTS], "certificate-usage"),
        ([(usage("key_encipherment"), True), DOCUMENTS], "certificate-usage"),
        (
            [SIGNS, (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False)],
            "certificate-usage",
        ),
        (
            [SIGNS, DOCUMENTS, (x509.UnrecognizedExtension(DOCUMENT_SIGNING, b""), True)],
            "certificate-untrusted",
        ),
        ([SIGNS, DOCUMENTS, (x509.UnrecognizedExtension(DOCUMENT_SIGNING, b""), False)], None),
    ],
)
def test_a_certificate_must_be_meant_for_signing_documents(extensions, rule):
    """A web server's certificate would otherwise do; what is critical and unknown never does."""
    assert rule_of(certify(*extensions)) == rule


def test_an_authority_is_no_sender():
    """Its key signs certificates and nothing else."""
    assert rule_of(authority().certificate) == "certificate-usage"


def test_anchors_are_loaded_from_several_files_once_each():
    """The same certificate in two files is one anchor."""
    other = make_authority("Khác", at=ISSUED_AT)
    both = authority().certificate_pem + other.certificate_pem
    found = load_anchors(both, authority().certificate_pem).certificates
    assert found == (authority().certificate, other.certificate)


@pytest.mark.parametrize("pem", [b"", b"rubbish", issued().key_pem], ids=["empty", "rubbish", "key"])
def test_a_file_without_anchors_stops_the_start(pem):
    """Silence would mean that nobody is believed."""
    with pytest.raises(Misconfiguration) as stopped:
        load_anchors(authority().certificate_pem, pem)
    assert stopped.value.code == "anchors-unreadable"


def test_a_certificate_is_read_with_what_it_says_of_its_holder():
    """Parsed once, since it comes with every package."""
    der = seal().certificate.public_bytes(Encoding.DER)
    found = read_certificate(der)
    assert (found.certificate, found.fingerprint, found.holder) == (
        seal().certificate,
        seal().fingerprint,
        HEALTH,
    )
    assert read_certificate(bytes(bytearray(der))) is found


@pytest.mark.parametrize("size", [0, 1, 11, 200, -1])
def test_a_certificate_cut_short_is_not_read(size):
    """None, not an error: the verdict has a grade for it."""
    assert read_certificate(seal().certificate.public_bytes(Encoding.DER)[:size]) is None


def test_no_byte_of_a_certificate_can_be_changed_into_an_error():
    """Whatever a stranger sends is read or not read."""
    der = bytearray(seal().certificate.public_bytes(Encoding.DER))
    for at in range(len(der)):
        der[at] ^= 0x41
        found = read_certificate(bytes(der))
        if found is not None:
            assert rule_of(found.certificate) is not None
        der[at] ^= 0x41
