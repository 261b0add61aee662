"""One-time codes: the published vectors, one step of patience, and each code once."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from gateway.trust.one_time_codes import enrolment_uri, hash_recovery, match_code, write_letters

SEED = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1; of the eight digits there the last six.
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


def instant(seconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_published_codes_are_taken(seconds: int, code: str) -> None:
    """Each at its instant, however it is typed."""
    step = seconds // 30
    assert match_code(SEED, code, at=instant(seconds), last=None) == step
    assert match_code(SEED, f" {code[:3]} {code[3:]} ", at=instant(seconds), last=None) == step


@pytest.mark.parametrize(("late", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(late: int, taken: bool) -> None:
    """Not two: a code that was seen a minute ago is worth nothing."""
    matched = match_code(SEED, "050471", at=instant(1111111111 + late), last=None)
    assert (matched is not None) == taken


def test_a_code_is_taken_once() -> None:
    """Nor one from before the last: who looked over a shoulder has nothing."""
    at, step = instant(1111111111), 1111111111 // 30
    assert match_code(SEED, "050471", at=at, last=step - 1) == step
    assert match_code(SEED, "050471", at=at, last=step) is None
    assert match_code(SEED, "081804", at=at, last=step) is None


@pytest.mark.parametrize("code", ["", "05047", "0504711", "०५०४७१", "050472", "\ud800", "x" * 10_000])
def test_what_is_no_code_is_none(code: str) -> None:
    """Digits of other scripts included."""
    assert match_code(SEED, code, at=instant(1111111111), last=None) is None


def test_a_phone_reads_the_seed_from_the_address() -> None:
    """Issuer and login stand in it, the seed in base32."""
    parts = urlsplit(enrolment_uri(SEED, login="lan.vt", issuer="Liên Thông H57"))
    told = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/Liên Thông H57:lan.vt")
    assert base64.b32decode(told["secret"][0]) == SEED
    assert (told["digits"], told["period"], told["issuer"]) == (["6"], ["30"], ["Liên Thông H57"])


def test_a_recovery_code_is_the_same_however_it_is_typed() -> None:
    """Small letters, without hyphens, with spaces."""
    code = write_letters(bytes(range(10)))
    assert code == "AAAQ-EAYE-AUDA-OCAJ"
    assert {hash_recovery(typed) for typed in (code, code.lower(), code.replace("-", " "))} == {
        hash_recovery(code)
    }
    assert hash_recovery("AAAQ-EAYE-AUDA-OCAK") != hash_recovery(code)
