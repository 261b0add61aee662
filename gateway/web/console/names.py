"""What pages about documents share: agencies by name, whose they are, when a form was made."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from gateway.exchange.directory import Snapshot
from gateway.model.identifiers import AgencyCode
from gateway.web.console.forms import Form

# An older form is taken for one made now: its author has long gone on.
_STALE = timedelta(days=1)


def naming(directory: Snapshot) -> Callable[[AgencyCode], str]:
    """Give a template what names an agency by its code."""

    def name_of(code: AgencyCode) -> str:
        agency = directory.agencies.get(directory.canonical(code))
        return str(code) if agency is None else agency.name

    return name_of


def asked_at_of(form: Form, now: datetime) -> datetime:
    """Tell when a form was made, as it says in its field ``asked_at``: the same form is the same act."""
    try:
        at = datetime.fromisoformat(form.text("asked_at")).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return at if now - _STALE < at <= now else now
