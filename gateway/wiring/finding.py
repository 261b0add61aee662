"""What keeps documents findable, behind the traffic."""

from datetime import timedelta

from gateway.exchange.indexing import Indexing
from gateway.exchange.worker import Round
from gateway.model.node import Duty
from gateway.office import Office
from gateway.store.blocks import gather_block, note_standings
from gateway.wiring.files import package_limits

_EVERY = timedelta(minutes=1)


def search_rounds(office: Office) -> tuple[Round, ...]:
    """Make the rounds that take up what was accepted before there was a search, and gather what is new."""
    indexing = Indexing(
        database=office.database,
        blobs=office.blobs,
        directory=office.directory,
        limits=package_limits(office.config),
    )

    async def tend() -> bool:
        return await gather_block(office.database) or await note_standings(office.database)

    return (
        Round(every=_EVERY, make=indexing.catch_up, duty=Duty.UPKEEP),
        Round(every=_EVERY, make=tend, duty=Duty.UPKEEP),
    )
