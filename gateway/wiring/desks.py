"""What people do in the console, put together: the operator's hand, the desks of agencies without a DMS."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.clients.axis import Axis
from gateway.exchange.asking_again import AskingAgain
from gateway.exchange.composing import Composing
from gateway.exchange.correspondence import Correspondence
from gateway.exchange.desk import Desk
from gateway.exchange.ids import Mint
from gateway.exchange.inbound import Inbound
from gateway.exchange.intervention import Intervention
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.outbound import Outbound
from gateway.exchange.outgoing import Outgoing
from gateway.exchange.worker import Round
from gateway.model.node import Duty
from gateway.office import Clock, Office
from gateway.store.drafts import DraftFolder
from gateway.wiring.files import package_limits

_BETWEEN_WORDS = timedelta(seconds=2)
_BETWEEN_TIDYINGS = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks:
    """The walks that people start. asking_again is None on a hub: there is no axis to ask."""

    intervention: Intervention
    asking_again: AskingAgain | None
    correspondence: Correspondence
    composing: Composing
    outgoing: Outgoing
    rounds: tuple[Round, ...]


def build_desks(
    office: Office,
    *,
    intervention: Intervention,
    outbound: Outbound,
    mailbox: Mailbox,
    inbound: Inbound | None,
    axis: Axis | None,
    mint: Mint,
    clock: Clock,
) -> Desks:
    """Put them together around the walks of the systems."""
    config = office.config
    desk = Desk(
        database=office.database,
        blobs=office.blobs,
        directory=office.directory,
        outbound=outbound,
        mint=mint,
        limits=package_limits(config),
    )
    folder = DraftFolder(
        folder=config.drafts.folder,
        file_limit_bytes=config.drafts.file_limit,
        files_limit_bytes=config.drafts.files_limit,
    )
    correspondence = Correspondence(desk=desk, mailbox=mailbox, clock=clock)
    composing = Composing(desk=desk, folder=folder, keep=config.drafts.keep)
    return Desks(
        intervention=intervention,
        asking_again=None
        if axis is None or inbound is None
        else AskingAgain(
            database=office.database,
            directory=office.directory,
            notary=office.notary,
            axis=axis,
            inbound=inbound,
            concurrency=config.delivery.concurrency,
            clock=clock,
        ),
        correspondence=correspondence,
        composing=composing,
        outgoing=Outgoing(desk=desk, composing=composing),
        rounds=(
            Round(every=_BETWEEN_WORDS, make=correspondence.take_words, duty=Duty.UPKEEP),
            Round(every=_BETWEEN_TIDYINGS, make=lambda: composing.tidy(at=clock()), duty=Duty.UPKEEP),
        ),
    )
