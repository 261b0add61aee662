"""One-time codes of a phone: six digits, new every thirty seconds; and the codes for when it is lost."""

import base64
import hashlib
from datetime import datetime

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SEED_BYTES = 20
RECOVERY_BYTES = 10
_STEP_SECONDS = 30
_DIGITS = 6
# A phone's clock may be a step off, and typing takes its time.
_DRIFT = (0, -1, 1)


def match_code(seed: bytes, code: str, *, at: datetime, last: int | None) -> int | None:
    """Find the step whose code this is; None when it is none of the present ones, or was used.

    Shape: last is the step of the code that was taken last: it and all before it are spent, or whoever looks
    over a shoulder could use them again.
    Source: RFC 6238, section 5.2; RFC 4226.
    """
    # SHA-1 within HMAC is sound, and the only one that every phone's program knows.
    maker = HOTP(seed, _DIGITS, SHA1())  # noqa: S303
    now = int(at.timestamp()) // _STEP_SECONDS
    typed = "".join(code.split()).encode("utf-8", "replace")
    for step in (now + drift for drift in _DRIFT):
        if constant_time.bytes_eq(maker.generate(step), typed) and (last is None or step > last):
            return step
    return None


def enrolment_uri(seed: bytes, *, login: str, issuer: str) -> str:
    """Write what a phone's program reads from the picture: ``otpauth://totp/…``.

    Source: Key URI Format of Google Authenticator, which all of them read.
    """
    return TOTP(seed, _DIGITS, SHA1(), _STEP_SECONDS).get_provisioning_uri(login, issuer)  # noqa: S303


def write_letters(secret: bytes) -> str:
    """Write random bytes so that they can be read aloud and typed: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def hash_recovery(code: str) -> bytes:
    """Hash a recovery code for keeping, however it was typed.

    80 random bits cannot be tried out, so a slow hash would add nothing.
    """
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).digest()
