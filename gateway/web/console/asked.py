"""When a form was made: the same form, sent twice, is the same act."""

from datetime import UTC, datetime, timedelta

from gateway.web.console.forms import Form

# An older form is taken for one made now: its author has long gone on.
_STALE = timedelta(days=1)


def asked_at_of(form: Form, now: datetime) -> datetime:
    """Tell when a form was made, as its field ``asked_at`` says."""
    try:
        at = datetime.fromisoformat(form.text("asked_at")).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return at if now - _STALE < at <= now else now
