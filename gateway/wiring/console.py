"""The console put together: its pages, and what they hold. A new page group is added to `_groups`."""

from collections.abc import Sequence

from aiohttp import web

from gateway.back_office import furnish_people
from gateway.exchange.enclosures import Enclosures
from gateway.exchange.lookup import Lookup
from gateway.office import Clock, Office
from gateway.web.console.account_pages import AccountPages
from gateway.web.console.app import Console
from gateway.web.console.desk_actions import DeskActions
from gateway.web.console.document import OneDocument
from gateway.web.console.document_actions import DocumentActions
from gateway.web.console.documents import Documents
from gateway.web.console.overview import Overview
from gateway.web.console.people_pages import PeoplePages
from gateway.web.console.route import PageGroup
from gateway.web.console.shell import Shell, make_shell
from gateway.web.console.wall import Wall
from gateway.web.origin import Origin
from gateway.wiring.alerts import thresholds_of
from gateway.wiring.auditing import audit_pages
from gateway.wiring.desk_pages import desk_groups
from gateway.wiring.duties import duty_pages
from gateway.wiring.files import package_limits
from gateway.wiring.holdings import Holdings
from gateway.wiring.provider import reach_provider
from gateway.wiring.running import running_pages


def build_console(office: Office, holdings: Holdings, clock: Clock) -> web.Application:
    """Build the console."""
    settings = office.config.console
    shell = make_shell(node_name=office.config.name, clock=clock)
    people = furnish_people(office)
    sso = reach_provider(office, people)
    audit = audit_pages(office, holdings.watch.vouching, shell, clock)
    console = Console(
        shell=shell,
        people=people,
        origin=Origin(public_url=settings.public_url, proxies=frozenset(settings.trusted_proxies)),
        database=office.database,
        axis_is_away=lambda: holdings.watch.worker.axis_is_away,
        groups=[
            AccountPages(shell=shell, people=people, clock=clock),
            PeoplePages(shell=shell, people=people, directory=office.directory, clock=clock),
            *_groups(office, holdings, shell, clock, audit.actions),
            *duty_pages(office, holdings.books, shell, clock),
            *running_pages(office, holdings.watch.worker, holdings.alerts, shell, clock),
            *audit.groups,
        ],
        clock=clock,
        sso=sso,
    )
    app = console.application()
    app.on_shutdown.append(audit.stop)
    if sso is not None:
        app.on_cleanup.append(lambda _: sso.provider.session.close())
    return app


def _groups(
    office: Office, holdings: Holdings, shell: Shell, clock: Clock, actions: Sequence[DocumentActions]
) -> list[PageGroup]:
    axis = office.config.axis
    enclosures = Enclosures(
        database=office.database, blobs=office.blobs, limits=package_limits(office.config)
    )
    return [
        Overview(
            shell=shell,
            database=office.database,
            directory=office.directory,
            watch=holdings.watch,
            poll_every=None if axis is None else axis.poll_every,
            seals=holdings.seals,
            thresholds=thresholds_of(office.config),
            clock=clock,
        ),
        Wall(
            shell=shell,
            database=office.database,
            directory=office.directory,
            watch=holdings.watch,
            poll_every=None if axis is None else axis.poll_every,
            clock=clock,
        ),
        Documents(
            shell=shell,
            database=office.database,
            directory=office.directory,
            lookup=Lookup(
                database=office.database, directory=office.directory, notary=office.notary, clock=clock
            ),
            clock=clock,
        ),
        OneDocument(
            shell=shell,
            database=office.database,
            directory=office.directory,
            blobs=office.blobs,
            enclosures=enclosures,
            actions=(DeskActions(), *actions),
            clock=clock,
        ),
        *desk_groups(office, holdings.desks, enclosures, shell, clock),
    ]
