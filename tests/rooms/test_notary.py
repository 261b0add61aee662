"""What the notary writes into the log."""

from datetime import UTC, datetime

from gateway.exchange.notary import write_instant
from gateway.model.formats import VIETNAM


def test_an_instant_of_another_zone_is_written_as_the_same_instant_in_utc() -> None:
    """14:05 in Vietnam is 07:05 Z, and never 14:05 Z."""
    at = datetime(2026, 11, 26, 14, 5, 7, 890, tzinfo=VIETNAM)
    assert write_instant(at) == write_instant(at.astimezone(UTC)) == "2026-11-26T07:05:07.000890Z"
