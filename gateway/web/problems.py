"""The one table: error → what each API answers."""

from gateway.errors import Delay, LienthongError, Refusal
from gateway.vxp.answers import REFUSALS, ErrorCode

_WORDS_LIMIT = 2000

# What the VXP wire answers for a Refusal; one that is not here is about the package (4).
# Everything that is no Refusal is answered with 99: ask again later.
VXP_CODES: dict[str, ErrorCode] = {
    **REFUSALS,
    "not-authenticated": ErrorCode.CALLER,
    "operation-not-for-axis": ErrorCode.CALLER,
    "not-a-gateway": ErrorCode.CALLER,
    "hash-mismatch": ErrorCode.HASH,
    "sender-not-served": ErrorCode.SENDER,
    "sender-mismatch": ErrorCode.SENDER,
    "sender-served-here": ErrorCode.SENDER,
    "not-your-document": ErrorCode.SENDER,
    "agency-not-yours": ErrorCode.SENDER,
    "unknown-agency": ErrorCode.RECIPIENT,
    "recipient-not-in-package": ErrorCode.RECIPIENT,
    "misrouted": ErrorCode.RECIPIENT,
    "not-in-mailbox": ErrorCode.DOCUMENT,
    "content-erased": ErrorCode.DOCUMENT,
    "status-out-of-order": ErrorCode.STATUS,
    "reason-missing": ErrorCode.STATUS,
    "package-too-large": ErrorCode.SIZE,
}


# What programs are answered over HTTP; a Refusal that is not here is about what they said (400).
API_STATUSES: dict[str, int] = {
    "not-authenticated": 401,
    "not-permitted": 403,
    "not-found": 404,
    "obligation-unknown": 404,
    "format-not-here": 404,
    "method-unknown": 405,
    "obligation-cannot": 409,
    "obligation-exists": 409,
    "package-too-large": 413,
    "media-type-unknown": 415,
    "too-many-requests": 429,
    "too-many-streams": 429,
}


def api_status(error: LienthongError) -> int:
    """Return the HTTP status a program is answered for an error."""
    return API_STATUSES.get(error.code, 503 if isinstance(error, Delay) else 400)


def vxp_code(error: LienthongError) -> ErrorCode:
    """Return the number the VXP wire answers for an error."""
    if not isinstance(error, Refusal):
        return ErrorCode.INTERNAL
    return VXP_CODES.get(error.code, ErrorCode.PACKAGE)


def vxp_words(error: LienthongError) -> str:
    """Say an error in one line, every fault with its rule and place, in Vietnamese and English."""
    faults = (
        f"[{fault.rule}]{' ' + fault.where if fault.where else ''} {fault.vi} / {fault.en}"
        for fault in error.faults
    )
    return " | ".join(faults)[:_WORDS_LIMIT]
