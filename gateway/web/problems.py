"""The one table: error → what each API answers."""

from gateway.errors import LienthongError, Refusal
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
