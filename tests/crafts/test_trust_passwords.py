"""Passwords: which are good enough, how they are kept, and that a hash can be checked by others."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.trust.passwords import (
    LONGEST,
    SALT_BYTES,
    SHORTEST,
    check_password,
    hash_password,
    is_outgrown,
    verify_password,
)

SALT = bytes(SALT_BYTES)
KNOWN = ("lan.vt", "Trần Thị Lan", "lan@soyte.example", "Liên Thông")
GOOD = "con mèo trèo cây cau"


def rules(password: str) -> list[str]:
    return [fault.rule for fault in check_password(password, known=KNOWN)]


def test_a_hash_opens_for_its_password_and_no_other() -> None:
    """And says with how much effort it was made, in the form other programs read."""
    kept = hash_password(GOOD, salt=SALT)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_password(GOOD, kept)
    assert not verify_password(GOOD + " ", kept)


def test_one_password_is_one_however_the_keyboard_writes_it() -> None:
    """Marks as signs of their own, as a phone sends them, or in one sign with their letter."""
    composed, apart = "mật khẩu dài của tôi", "mâ\u0323t khâ\u0309u dài của tôi"
    assert composed != apart
    assert verify_password(apart, hash_password(composed, salt=SALT))


def test_a_published_hash_is_verified() -> None:
    """From the tests of the reference implementation: phc-winner-argon2, src/test.c."""
    published = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
    assert verify_password("password", published)
    assert not verify_password("Password", published)


def test_a_hash_made_with_less_effort_is_outgrown() -> None:
    """It is made anew when its owner signs in next."""
    ours = hash_password("x", salt=SALT)
    assert not is_outgrown(ours)
    assert is_outgrown(ours.replace("m=19456", "m=9216"))
    assert is_outgrown(ours.replace("t=2", "t=1"))
    assert is_outgrown("$2b$12$abcdefghijklmnopqrstuv")


def test_what_is_too_long_never_fits_and_costs_no_more() -> None:
    """A megabyte of password is cut before it is hashed, and then it is not the password."""
    longest = "ơ" * LONGEST
    kept = hash_password(longest + "x", salt=SALT)
    began = time.perf_counter()
    assert not verify_password("ơ" * 1_000_000, kept)
    assert time.perf_counter() - began < 2
    assert verify_password(longest, hash_password(longest, salt=SALT))


@pytest.mark.parametrize(
    "password",
    [GOOD, "correct horse battery staple", "Xe đạp ơi 7 tuổi", "tràng an 36 phố phường", "x7kQ9vTm2wRz"],
)
def test_a_long_password_of_ones_own_is_taken(password: str) -> None:
    """Nobody is asked for a capital letter, a digit or a sign."""
    assert rules(password) == []


@pytest.mark.parametrize(
    "password",
    [
        "matkhau123456",
        "MatKhau@2026!!",
        "Password12345",
        "p@ssw0rd12345",
        "123456789012",
        "aaaaaaaaaaaaaa",
        "qwertyuiop[]123",
        "lienthong2026",
        "Trần Thị Lan 1990",
        "lan.vt@soyte1",
        "abcabcabcabc",
        "987654321987",
    ],
)
def test_what_strangers_would_try_first_is_refused(password: str) -> None:
    """Common words, runs, years, and what everybody knows of the owner, put together in any way."""
    assert rules(password) == ["password-guessable"]


def test_all_faults_are_told_at_once() -> None:
    """Short and guessable is said together; eleven signs of one's own are only short."""
    assert rules("matkhau1") == ["password-too-short", "password-guessable"]
    assert rules("x7kQ9vTm2wR") == ["password-too-short"]
    assert len("x7kQ9vTm2wR") == SHORTEST - 1
    assert rules("x" * (LONGEST + 1)) == ["password-too-long"]
    assert rules("") == ["password-too-short", "password-guessable"]


@given(st.text(max_size=300), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_judged(password: str, name: str) -> None:
    """Whatever is typed, lone surrogates of a broken client included, there is an answer and no error."""
    faults = check_password(password, known=(name,))
    assert len(password) >= SHORTEST or faults[0].rule == "password-too-short"


def test_a_lone_surrogate_can_be_hashed() -> None:
    """A broken client's password is a password."""
    assert verify_password("\ud800" * 12, hash_password("\ud800" * 12, salt=SALT))
