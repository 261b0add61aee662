"""Seals: loading them, and refusing those that would seal nothing."""

import subprocess
from shutil import which

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.errors import Misconfiguration
from gateway.model.identifiers import AgencyCode
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import (
    Algorithm,
    algorithm_in,
    holder_of,
    key_fault,
    load_seal,
    verify_for_xml,
    verify_raw,
)
from tests.keys import AT, FINANCE, HEALTH, ISSUED_AT, authority, issued, seal

BOTH = pytest.mark.parametrize("algorithm", list(Algorithm))


def as_pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def certify(key, *attributes):
    """Issue a self-signed certificate for a key, bare but for its subject."""
    subject = x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return x509.CertificateBuilder(subject, subject, key.public_key(), 1, ISSUED_AT, AT).sign(key, digest)


CODE = (x509.NameOID.ORGANIZATION_IDENTIFIER, HEALTH)


def faults_of(key_pem, chain_pem, holder=None):
    with pytest.raises(Misconfiguration) as stopped:
        load_seal(key_pem, chain_pem, holder=holder)
    return {fault.rule for fault in stopped.value.faults}


@BOTH
def test_a_seal_is_loaded_from_its_two_files(algorithm):
    """Key and certificate chain; whose it is stands in the certificate."""
    loaded = seal(algorithm=algorithm)
    assert (loaded.holder, loaded.algorithm) == (HEALTH, algorithm)
    assert loaded.fingerprint == loaded.certificate.fingerprint(SHA256()).hex()
    assert loaded.chain == ()


@BOTH
def test_what_a_seal_signs_its_certificate_confirms(algorithm):
    """In both written forms, and only in the right one."""
    by = seal(algorithm=algorithm)
    assert verify_raw(by.certificate, b"message", by.sign(b"message"))
    assert not verify_raw(by.certificate, b"Message", by.sign(b"message"))
    assert verify_for_xml(by.certificate, b"message", by.sign_for_xml(b"message"))
    assert not verify_for_xml(by.certificate, b"Message", by.sign_for_xml(b"message"))
    assert algorithm_in(by.certificate) is algorithm


def test_an_elliptic_signature_for_xml_is_two_numbers_of_fixed_length():
    """Small numbers keep their leading zeros; the other form would lose them."""
    lengths = {len(seal().sign_for_xml(b"%d" % number)) for number in range(300)}
    assert lengths == {64}
    assert len({len(seal().sign(b"%d" % number)) for number in range(300)}) > 1


def test_the_elliptic_signature_is_the_one_of_the_rfc():
    """P-256 with SHA-256 over "sample" and "test". Source: RFC 6979, appendix A.2.5."""
    private = int("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", 16)
    key = ec.derive_private_key(private, ec.SECP256R1())
    certificate = certify(key, CODE)
    rfc = load_seal(as_pem(key), certificate.public_bytes(Encoding.PEM))
    for message, r, s in [
        (
            b"sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            b"test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ]:
        assert rfc.sign_for_xml(message) == bytes.fromhex(r + s)
        assert rfc.sign(message) == encode_dss_signature(int(r, 16), int(s, 16))


@BOTH
def test_signing_is_deterministic(algorithm):
    """The same bytes, the same signature."""
    by = seal(algorithm=algorithm)
    assert by.sign(b"message") == by.sign(b"message")


def test_a_seal_does_not_show_its_key():
    """Neither in its text form nor by comparison."""
    assert "key" not in repr(seal())
    assert "key_pem" not in repr(issued())


def test_the_intermediates_come_behind_the_seal_s_certificate():
    """The root is somebody's anchor and does not travel."""
    middle = make_authority("Trung gian", at=ISSUED_AT, above=authority())
    loaded = seal(by=middle)
    assert [certificate.subject for certificate in loaded.chain] == [middle.certificate.subject]


def test_a_key_of_another_certificate_is_refused():
    """Told at the start, not by the first receiver."""
    assert faults_of(issued(FINANCE).key_pem, issued().chain_pem) == {"seal-key-mismatch"}


def test_a_short_key_is_refused():
    """RSA below 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert faults_of(as_pem(key), certify(key, CODE).public_bytes(Encoding.PEM)) == {"weak-key"}


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256K1())], ids=["ed", "k1"]
)
def test_a_key_of_an_unknown_kind_is_refused(key):
    """XML signatures of these kinds are believed nowhere."""
    certificate = certify(key, CODE)
    assert "unknown-key" in faults_of(as_pem(key), certificate.public_bytes(Encoding.PEM))
    assert algorithm_in(certificate) is None
    assert not verify_raw(certificate, b"message", b"signature")


def test_all_that_is_wrong_is_said_at_once():
    """The operator mends everything in one go."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    nameless = certify(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM)
    assert faults_of(as_pem(key), nameless) == {"weak-key", "seal-key-mismatch", "seal-holder"}


def test_the_holder_is_named_by_the_certificate_or_by_the_settings():
    """Many authorities write no agency code: then, and only then, the settings do."""
    key = ec.generate_private_key(ec.SECP256R1())
    files = as_pem(key), certify(key).public_bytes(Encoding.PEM)
    assert load_seal(*files, holder=FINANCE).holder == FINANCE
    assert faults_of(*files) == {"seal-holder"}
    assert faults_of(issued().key_pem, issued().chain_pem, FINANCE) == {"seal-holder"}


@pytest.mark.parametrize(
    ("attributes", "holder"),
    [
        ([CODE], HEALTH),
        ([(CODE[0], " h57.1.2 ")], AgencyCode("H57.1.2")),
        ([], None),
        ([CODE, (CODE[0], FINANCE)], None),
        ([(CODE[0], "VATVN-0100109106")], None),
        ([(x509.NameOID.COMMON_NAME, HEALTH)], None),
    ],
)
def test_the_holder_is_the_one_organisation_identifier(attributes, holder):
    """One, of a known form, in its own attribute; a choice between two is not ours."""
    assert holder_of(certify(ec.generate_private_key(ec.SECP256R1()), *attributes)) == holder


@pytest.mark.parametrize(
    "pem",
    [b"", b"rubbish", issued().chain_pem, as_pem(issued().key, BestAvailableEncryption(b"x"))],
    ids=["empty", "rubbish", "certificate", "encrypted"],
)
def test_an_unreadable_key_is_refused(pem):
    """Empty, rubbish, a certificate, an encrypted key: told without quoting any of it."""
    with pytest.raises(Misconfiguration) as stopped:
        load_seal(pem, issued().chain_pem)
    assert stopped.value.code == "seal-key-unreadable"


@pytest.mark.parametrize(
    "pem",
    [b"", b"rubbish", issued().key_pem, issued().chain_pem[:200]],
    ids=["empty", "rubbish", "key", "half"],
)
def test_an_unreadable_certificate_is_refused(pem):
    """Empty, rubbish, a key, half a certificate."""
    with pytest.raises(Misconfiguration) as stopped:
        load_seal(issued().key_pem, pem)
    assert stopped.value.code == "seal-certificate-unreadable"


def test_a_key_too_large_to_be_honest_is_not_used():
    """Verifying costs the square of its size: a stranger's certificate does not choose our effort."""

    class Large(rsa.RSAPublicKey):
        key_size = 16384

    Large.__abstractmethods__ = frozenset()
    assert key_fault(Large()).rule == "weak-key"


def test_a_long_name_is_cut_between_characters():
    """Names of agencies are long, certificates give them 64 bytes."""
    name = "Văn phòng Đoàn đại biểu Quốc hội và Hội đồng nhân dân tỉnh Khánh Hòa"
    certificate = issue_seal(authority(), holder=HEALTH, name=name, at=ISSUED_AT).certificate
    found = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert name.startswith(found)
    assert len(found.encode()) <= 64


def test_openssl_believes_the_development_authority(tmp_path):
    """Root, intermediate and seal, as an independent implementation sees them."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    middle = make_authority("Trung gian", at=ISSUED_AT, above=authority())
    (tmp_path / "root.pem").write_bytes(authority().certificate_pem)
    (tmp_path / "middle.pem").write_bytes(middle.certificate_pem)
    (tmp_path / "seal.pem").write_bytes(issued(by=middle).chain_pem)
    command = f"openssl verify -x509_strict -attime {int(AT.timestamp())} -CAfile root.pem"
    command += " -untrusted middle.pem seal.pem"
    said = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "seal.pem: OK", said.stderr
