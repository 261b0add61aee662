"""Timestamps, by a real authority: right ones are understood, none that is wrong in any way is believed."""

import hashlib
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.evidence.timestamp import read_answer, verify_token, write_request
from gateway.trust.certificates import check_stamping_chain, load_anchors
from tests.keys import anchors as other_anchors
from tests.stamping_authority import PURPOSES, StampingAuthority, certify

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

CONTENT = b"000.00.12.H57/log\n5\n"
DIGEST = hashlib.sha256(CONTENT).digest()
NONCE = 2**63 + 7
Stamped = tuple[StampingAuthority, bytes]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> StampingAuthority:
    return StampingAuthority(folder=tmp_path_factory.mktemp("tsa") / "a")


@pytest.fixture(scope="module")
def token(authority: StampingAuthority) -> bytes:
    return read_answer(authority.answer(write_request(DIGEST, NONCE)))


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value.faults[0].rule


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "sha384"),
        (rsa.generate_private_key(65537, 2048), "sha256"),
        (rsa.generate_private_key(65537, 2048), "sha512"),
    ],
    ids=["P-256", "P-384", "RSA", "RSA-SHA512"],
)
def test_a_timestamp_says_when_and_who(tmp_path: Path, key: ec.EllipticCurvePrivateKey, digest: str) -> None:
    """Each kind of key that authorities have; and openssl agrees with what we keep."""
    authority = StampingAuthority(folder=tmp_path / "a", key=key, digest=digest)
    token = read_answer(authority.answer(write_request(DIGEST, NONCE)))
    stamp = verify_token(token, DIGEST, authority.anchors, nonce=NONCE)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert (stamp.authority, stamp.serial) == ("CN=TSA", 2)
    assert verify_token(token, DIGEST, authority.anchors) == stamp
    assert authority.agrees(CONTENT, token)


def test_a_timestamp_is_for_one_content_and_one_request(authority: StampingAuthority, token: bytes) -> None:
    """Over other bytes, or for another request, it is none."""
    other = hashlib.sha256(CONTENT + b"x").digest()
    assert code_of(lambda: verify_token(token, other, authority.anchors, nonce=NONCE)) == "timestamp-wrong"
    assert code_of(lambda: verify_token(token, DIGEST, authority.anchors, nonce=8)) == "timestamp-wrong"
    assert not authority.agrees(CONTENT + b"x", token)


def test_every_flipped_bit_is_found(authority: StampingAuthority, token: bytes) -> None:
    """In each byte, whatever it is for: content, attributes, signature, certificates, and what holds them."""
    for at in range(len(token)):
        altered = bytearray(token)
        altered[at] ^= 1 << at % 8
        with pytest.raises(Refusal):
            verify_token(bytes(altered), DIGEST, authority.anchors, nonce=NONCE)


def test_whatever_is_cut_off_or_put_behind_is_found(authority: StampingAuthority, token: bytes) -> None:
    """A token is one whole value."""
    for spoilt in (*(token[:end] for end in range(0, len(token), 7)), token + b"\x00"):
        assert code_of(lambda spoilt=spoilt: verify_token(spoilt, DIGEST, authority.anchors)) == (
            "timestamp-malformed"
        )


@given(st.binary(max_size=200))
def test_rubbish_is_refused_in_our_words(raw: bytes) -> None:
    """As an answer and as a token: nothing else ever comes out."""
    anchors = other_anchors()
    with pytest.raises(Refusal):
        verify_token(raw, DIGEST, anchors)
    with pytest.raises(Refusal):
        read_answer(raw)


def test_a_root_nobody_trusts_stamps_nothing(token: bytes) -> None:
    """Nor does one when there are no anchors at all."""
    for anchors in (other_anchors(), load_anchors()):
        assert (
            code_of(lambda anchors=anchors: verify_token(token, DIGEST, anchors)) == "certificate-untrusted"
        )


@pytest.mark.parametrize(
    ("days", "rule"), [((-10, -1), "certificate-expired"), ((1, 10), "certificate-not-yet-valid")]
)
def test_an_authority_past_its_time_stamps_nothing(tmp_path: Path, days: tuple[int, int], rule: str) -> None:
    """Its certificate must hold at the instant it names."""
    authority = StampingAuthority(folder=tmp_path / "a", days=days)
    token = read_answer(authority.answer(write_request(DIGEST, NONCE)))
    assert code_of(lambda: verify_token(token, DIGEST, authority.anchors)) == rule


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [
        ((PURPOSES.TIME_STAMPING,), False),
        ((PURPOSES.TIME_STAMPING, PURPOSES.CODE_SIGNING), True),
        ((PURPOSES.CODE_SIGNING,), True),
    ],
)
def test_a_certificate_for_something_else_stamps_nothing(
    purposes: tuple[object, ...], critical: bool
) -> None:
    """openssl would not even make such a token; so the certificate is judged alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    root = certify("Gốc", key, days=(-20, 20))
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = certify("TSA", leaf_key, (root, key), purposes=purposes, critical=critical)  # type: ignore[arg-type]
    anchors = load_anchors(root.public_bytes(Encoding.PEM))
    fault = check_stamping_chain(leaf, [], anchors, at=datetime.now(UTC))
    assert fault is not None
    assert fault.rule == "certificate-usage"
    right = certify("TSA", leaf_key, (root, key), purposes=(PURPOSES.TIME_STAMPING,))
    assert check_stamping_chain(right, [], anchors, at=datetime.now(UTC)) is None


def test_a_refusal_of_the_authority_is_told(authority: StampingAuthority) -> None:
    """Such as for a digest of a kind it does not take."""
    request = write_request(DIGEST, NONCE).replace(
        bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040202")
    )
    assert code_of(lambda: read_answer(authority.answer(request))) == "timestamp-refused"
