"""What programs read and write, put together."""

from gateway.exchange.ids import Mint
from gateway.exchange.reckoning import Reckoning
from gateway.exchange.refusals import Refusals
from gateway.office import Clock, Office, furnish_duties, letterhead_of
from gateway.web.api.app import Api
from gateway.web.api.door import Door
from gateway.web.api.events import Events
from gateway.web.api.pulse import Pulse
from gateway.web.api.reading import Reading
from gateway.web.api.writing import Writing
from gateway.web.limits import Limits
from gateway.web.origin import Origin
from gateway.wiring.papers import REPORT_WRITERS


def build_api(office: Office, mint: Mint, limits: Limits, clock: Clock) -> Api:
    """Build the API of programs."""
    config, database, directory = office.config, office.database, office.directory
    origin = Origin(public_url=config.console.public_url, proxies=frozenset(config.console.trusted_proxies))
    door = Door(
        tokens=office.tokens,
        directory=directory,
        # A window of its own: noise here must not hide who knocks at the other doors.
        refusals=Refusals(database=database, notary=office.notary),
        limits=limits,
        address_of=origin.address_of,
        clock=clock,
    )
    pulse = Pulse(database=database, clock=clock)
    return Api(
        door=door,
        reading=Reading(
            door=door,
            database=database,
            reckoning=Reckoning(database=database, directory=directory),
            pulse=pulse,
            letterhead=letterhead_of(config),
            writers=REPORT_WRITERS,
            clock=clock,
        ),
        writing=Writing(door=door, duties=furnish_duties(office, mint, clock)),
        events=Events(door=door, pulse=pulse, clock=clock),
    )
