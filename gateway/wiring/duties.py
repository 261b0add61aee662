"""The console's pages about what agencies owe, and about what that and their documents add up to."""

from gateway.exchange.books import Books
from gateway.exchange.duties import Duties
from gateway.exchange.reporting import Reporting
from gateway.office import Clock, Office, letterhead_of
from gateway.web.console.giving import Giving
from gateway.web.console.obligation_page import OneObligation
from gateway.web.console.obligations import Obligations
from gateway.web.console.register_pages import RegisterPages
from gateway.web.console.reports import Reports
from gateway.web.console.route import PageGroup
from gateway.web.console.shell import Shell
from gateway.wiring.paper_forms import REPORT_FORMS, register_forms


def duty_pages(office: Office, books: Books, shell: Shell, clock: Clock) -> list[PageGroup]:
    """Put the pages together."""
    database, directory = office.database, office.directory
    duties = Duties(database=database, directory=directory, obligations=books.obligations, clock=clock)
    reporting = Reporting(
        database=database,
        directory=directory,
        notary=office.notary,
        own_code=office.config.agency_code,
        letterhead=letterhead_of(office.config),
        clock=clock,
    )
    return [
        Obligations(shell=shell, database=database, directory=directory, clock=clock),
        Giving(shell=shell, directory=directory, duties=duties, clock=clock),
        OneObligation(shell=shell, database=database, directory=directory, duties=duties, clock=clock),
        Reports(shell=shell, directory=directory, reporting=reporting, forms=REPORT_FORMS, clock=clock),
        RegisterPages(
            shell=shell,
            database=database,
            directory=directory,
            reporting=reporting,
            forms=register_forms(office.config.storage.spool_dir, clock),
            spool_dir=office.config.storage.spool_dir,
            clock=clock,
        ),
    ]
