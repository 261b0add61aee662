"""The console's pages for who runs the node: what they are told of its files, settings and connections."""

from dataclasses import fields
from datetime import time, timedelta

from aiohttp import web
from cryptography import x509

from gateway.clients.axis_probe import ProbeStep
from gateway.config import Config
from gateway.exchange.alerts import Alerts
from gateway.exchange.worker import Worker
from gateway.office import Clock, Office
from gateway.section import Section
from gateway.setting_types import Size, write_duration, write_size
from gateway.web.console.agencies_pages import AgenciesPages
from gateway.web.console.alerts_pages import AlertsPages
from gateway.web.console.calendar_pages import CalendarPages
from gateway.web.console.node_pages import KeptCertificate, NodePages
from gateway.web.console.route import PageGroup
from gateway.web.console.shell import Shell
from gateway.web.console.systems_pages import SystemsPages
from gateway.wiring.axis import probe_axis
from gateway.wiring.tls import tls_certificate_files


def running_pages(
    office: Office, worker: Worker, alerts: Alerts, shell: Shell, clock: Clock
) -> list[PageGroup]:
    """Put the pages together."""
    config = office.config
    return [
        SystemsPages(
            shell=shell,
            database=office.database,
            directory=office.directory,
            registry=office.registry,
            default_policy=config.trust.default_policy,
            endpoint=lambda request: _endpoint(config, request),
            clock=clock,
        ),
        AgenciesPages(shell=shell, directory=office.directory, registry=office.registry, clock=clock),
        CalendarPages(
            shell=shell,
            database=office.database,
            working_days=office.working_days,
            wanted_within=config.alerts.calendar_missing_within,
            clock=clock,
        ),
        NodePages(
            shell=shell,
            database=office.database,
            worker=worker,
            endpoint=None if config.axis is None else config.axis.url,
            probe=None if worker.axis is None else lambda: _probe(office, worker, clock),
            certificates=lambda: kept_certificates(config),
            settings=settings_in_force(config),
            clock=clock,
        ),
        AlertsPages(
            shell=shell,
            database=office.database,
            told=(*config.alerts.mail_to, *config.alerts.webhook_urls),
            try_out=alerts.try_out,
        ),
    ]


def _endpoint(config: Config, request: web.Request) -> str:
    """Say which address systems call: the public one, or the one this page was asked at."""
    return f"{config.console.public_url or request.url.origin()}/vxp"


async def _probe(office: Office, worker: Worker, clock: Clock) -> list[ProbeStep]:
    assert worker.axis is not None  # noqa: S101 - asked only below an axis
    directory = await office.directory.current(certainly=True)
    return await probe_axis(office.config, worker.axis, directory, clock).test()


def kept_certificates(config: Config) -> list[KeptCertificate]:
    """Read the certificates a node holds; a file that is none is passed over, doctor names it."""
    trust = config.trust
    chain = trust.seal_chain_file
    files = [("seal", chain)]
    files += [("former", path) for path in sorted(chain.parent.glob(f"{chain.stem}*.pem")) if path != chain]
    files += [("agency", path) for path in sorted(trust.agency_seals_dir.glob("*.pem"))]
    files += [("anchor", path) for path in sorted(trust.anchors_dir.glob("*.pem"))]
    files += [("tls", path) for path in tls_certificate_files(config)]
    kept = []
    for use, path in files:
        try:
            first = x509.load_pem_x509_certificates(path.read_bytes())[0]
        except (OSError, ValueError):
            continue
        kept.append(KeptCertificate(use=use, name=path.name, certificate=first))
    return kept


def settings_in_force(config: Config) -> dict[str, dict[str, str | bool]]:
    """Write every setting as config.toml has it. Secrets are no settings, so that there is none to hide."""
    tables: dict[str, dict[str, str | bool]] = {"": {}}
    for name, value in config:
        if isinstance(value, Section):
            tables[name] = _table(value)
        elif value is not None:
            tables[""][name] = _said(value)
    return tables


def _table(section: Section) -> dict[str, str | bool]:
    sizes = {setting.name for setting in fields(section) if setting.type == Size}
    return {
        name: value if isinstance(value, bool) else write_size(value) if name in sizes else _said(value)
        for name, value in section
    }


def _said(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return "; ".join(map(_said, value)) or "–"
    if isinstance(value, Section):
        return ", ".join(f"{name} = {said}" for name, said in _table(value).items())
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return "–" if value is None or value == "" else str(value)
