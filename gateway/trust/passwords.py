"""Passwords: which are good enough, and how they are kept.

They are kept as argon2id hashes in PHC form. What makes one good is its length and that nobody would guess
it; nobody is asked for a capital letter and a sign.
"""

import re

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.errors import Fault
from gateway.model.text import normalise
from gateway.trust.guessable import GUESSABLE

SALT_BYTES = 16
SHORTEST = 12
LONGEST = 128

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane.
_MEMORY_KIB, _PASSES, _LANES, _HASH_BYTES = 19 * 1024, 2, 1, 32
_PARAMETERS = re.compile(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$")
# What is left of a password when all that anybody would try first is taken out of it.
_OWN_SIGNS = 6
_YEAR_OR_RUN = re.compile(r"(?:19|20)\d\d|(.)\1{2,}")
_RUNS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
)


def hash_password(password: str, *, salt: bytes) -> str:
    """Hash a password for keeping. It takes tens of milliseconds and 19 MiB: off the loop.

    Shape: salt is SALT_BYTES, random, new for each; a PHC string comes back.
    Source: RFC 9106; OWASP Password Storage Cheat Sheet.
    """
    kdf = Argon2id(salt=salt, length=_HASH_BYTES, iterations=_PASSES, lanes=_LANES, memory_cost=_MEMORY_KIB)
    return kdf.derive_phc_encoded(_written(password))


def verify_password(password: str, kept: str) -> bool:
    """Tell whether a password is the one whose hash was kept; as slow as hashing, right or wrong."""
    try:
        Argon2id.verify_phc_encoded(_written(password), kept)
    except InvalidKey:
        return False
    return len(password) <= LONGEST


def is_outgrown(kept: str) -> bool:
    """Tell whether a hash was made with less effort than is made today."""
    found = _PARAMETERS.match(kept)
    return found is None or any(
        int(had) < needed for had, needed in zip(found.groups(), (_MEMORY_KIB, _PASSES, _LANES), strict=True)
    )


def _written(password: str) -> bytes:
    # One password typed on two keyboards may come in two forms; what is too long is cut: it never fits.
    return normalise(password[: LONGEST + 1], "NFKC").encode("utf-8", "surrogatepass")


def check_password(password: str, *, known: tuple[str, ...]) -> list[Fault]:
    """Say everything that is wrong with a new password.

    Shape: known is what strangers know of its owner: login, name, mail, agency.
    Source: NIST SP 800-63B, section 5.1.1.2: length, no guessable ones, no rules of composition.
    """
    faults = []
    if len(password) < SHORTEST:
        faults.append(
            Fault(
                rule="password-too-short",
                where="password",
                vi=f"mật khẩu phải có ít nhất {SHORTEST} ký tự; đang có {len(password)}",
                en=f"a password has at least {SHORTEST} characters; this one has {len(password)}",
            )
        )
    if len(password) > LONGEST:
        faults.append(
            Fault(
                rule="password-too-long",
                where="password",
                vi=f"mật khẩu dài nhất {LONGEST} ký tự",
                en=f"a password has at most {LONGEST} characters",
            )
        )
    elif _left_to_guess(password, known) < min(_OWN_SIGNS, max(1, len(password))):
        faults.append(
            Fault(
                rule="password-guessable",
                where="password",
                vi="mật khẩu này dễ đoán: chỉ gồm từ quen dùng, dãy số, năm, hoặc tên của anh/chị",
                en="this password is easily guessed: common words, runs, years, or your own name",
            )
        )
    return faults


def _left_to_guess(password: str, known: tuple[str, ...]) -> int:
    """Count the signs left when common pieces, runs and what is known of the owner are taken out."""
    folded = _fold(password)
    for piece in sorted(_pieces(known), key=len, reverse=True):
        folded = folded.replace(piece, " ")
    return sum(sign.isalnum() for sign in _without_runs(_YEAR_OR_RUN.sub(" ", folded)))


def _pieces(known: tuple[str, ...]) -> frozenset[str]:
    words = {part for text in known for part in re.split(r"[^a-z0-9]+", _fold(text))}
    joined = {re.sub(r"[^a-z0-9]+", "", _fold(text)) for text in known}
    return GUESSABLE | {word for word in words | joined if len(word) >= 3}


def _without_runs(folded: str) -> str:
    for row in _RUNS:
        for run in (row, row[::-1]):
            for length in range(len(run), 2, -1):
                for start in range(len(run) - length + 1):
                    folded = folded.replace(run[start : start + length], " ")
    return folded


def _fold(text: str) -> str:
    """Write as a lazy typist would: small letters, no marks, ``0`` for ``o`` undone."""
    plain = (
        normalise(text[: LONGEST * 2].lower().replace("đ", "d"), "NFKD").encode("ascii", "ignore").decode()
    )
    return re.sub(r"(?<=[a-z])[0@$](?=[a-z])", lambda sign: {"0": "o", "@": "a", "$": "s"}[sign[0]], plain)
