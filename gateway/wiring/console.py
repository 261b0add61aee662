"""The console put together: its pages, and what they hold. A new page group is added to `_groups`."""

from aiohttp import web

from gateway.exchange.worker import Worker
from gateway.office import Clock, Office
from gateway.web.console.app import Console
from gateway.web.console.door import Origin
from gateway.web.console.overview import Overview
from gateway.web.console.route import PageGroup
from gateway.web.console.shell import Shell, make_shell
from gateway.wiring.desks import Desks


def build_console(office: Office, worker: Worker, desks: Desks, clock: Clock) -> web.Application | None:
    """Build the console; None when it is switched off."""
    settings = office.config.console
    if not settings.enabled:
        return None
    shell = make_shell(node_name=office.config.name, clock=clock)
    console = Console(
        shell=shell,
        people=office.people,
        origin=Origin(public_url=settings.public_url, proxies=frozenset(settings.trusted_proxies)),
        database=office.database,
        axis_is_away=lambda: worker.axis_is_away,
        groups=_groups(office, worker, desks, shell),
        clock=clock,
    )
    return console.application()


def _groups(office: Office, worker: Worker, desks: Desks, shell: Shell) -> list[PageGroup]:
    return [Overview(shell=shell)]
