"""The console's pages of who writes, reads and helps along."""

from gateway.exchange.enclosures import Enclosures
from gateway.office import Clock, Office
from gateway.web.console.attention import Attention
from gateway.web.console.mailboxes import Mailboxes
from gateway.web.console.route import PageGroup
from gateway.web.console.sent import SentDocuments
from gateway.web.console.shell import Shell
from gateway.web.console.writing import Writing
from gateway.wiring.alerts import lateness_of, thresholds_of
from gateway.wiring.desks import Desks


def desk_groups(
    office: Office, desks: Desks, enclosures: Enclosures, shell: Shell, clock: Clock
) -> list[PageGroup]:
    """Make the pages on which people do these things."""
    return [
        Mailboxes(
            shell=shell,
            correspondence=desks.correspondence,
            composing=desks.composing,
            enclosures=enclosures,
            clock=clock,
        ),
        Writing(shell=shell, composing=desks.composing, clock=clock),
        SentDocuments(shell=shell, outgoing=desks.outgoing, enclosures=enclosures, clock=clock),
        Attention(
            lateness=lateness_of(office),
            shell=shell,
            database=office.database,
            directory=office.directory,
            intervention=desks.intervention,
            asking_again=desks.asking_again,
            thresholds=thresholds_of(office.config),
            clock=clock,
        ),
    ]
