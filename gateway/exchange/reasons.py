"""Reasons people give, as they are kept: printable, of one line, of a length somebody will read."""

from gateway.errors import Refusal

LONGEST_REASON = 500


def said_reason(text: str | None) -> str | None:
    """Clean a reason that may be given; None when there is none."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text or "").split())
    return line[:LONGEST_REASON] or None


def owed_reason(text: str | None) -> str:
    """Clean a reason that must be given.

    Errors: Refusal ``reason-missing``.
    """
    reason = said_reason(text)
    if reason is None:
        raise Refusal.because("reason-missing", where="reason", vi="Cần nêu lý do.", en="A reason is owed.")
    return reason
