"""How much one caller may ask, put together: counted here, and shared with the other nodes."""

from collections.abc import Mapping
from datetime import timedelta

from gateway.config import Config
from gateway.exchange.roster import Roster
from gateway.exchange.worker import Round
from gateway.office import Office
from gateway.web.limits import Limits
from gateway.web.shared_limits import SharedLimits

_BETWEEN_SHARINGS = timedelta(seconds=0.5)


def make_limits(config: Config) -> Limits:
    """Make the limits of one door."""
    return Limits(
        requests_per_second=config.http.requests_per_second,
        burst=config.http.burst,
        uploads_count=config.http.max_concurrent_uploads,
        downloads_count=config.http.max_concurrent_downloads,
    )


def sharing_rounds(office: Office, roster: Roster, limits: Mapping[str, Limits]) -> tuple[Round, ...]:
    """Make the round that shares limits; none where there is no limit."""
    if not office.config.http.requests_per_second:
        return ()
    shared = SharedLimits(database=office.database, roster=roster, limits=limits)
    return (Round(every=_BETWEEN_SHARINGS, make=shared.share),)
