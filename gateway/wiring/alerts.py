"""Alerts put together: what is looked at, and who is told."""

import contextlib
from collections.abc import Iterator

import aiohttp
from cryptography import x509

from gateway.clients.mail import AlertMail
from gateway.clients.webhooks import Webhook
from gateway.config import Config
from gateway.exchange.alerts import Alerts, Speaker
from gateway.exchange.calendar_sensor import CalendarSensor
from gateway.exchange.lateness import Lateness
from gateway.exchange.log_sensor import LogSensor
from gateway.exchange.road import Road
from gateway.exchange.sensors import Sensors, Thresholds
from gateway.exchange.vouching import Vouching
from gateway.exchange.worker import Round
from gateway.model.node import Duty
from gateway.office import Clock, Office, timer_rules_of
from gateway.wiring.mail import reach_mail_server
from gateway.wiring.tls import tls_certificate_files


def build_alerts(
    office: Office,
    road: Road | None,
    *,
    session: aiohttp.ClientSession | None,
    clock: Clock,
    vouching: Vouching,
) -> Alerts:
    """Put the alerts of a node together. road is None on a hub."""
    thresholds = thresholds_of(office.config)
    of_the_log = LogSensor(vouching=vouching, thresholds=thresholds)
    of_the_calendar = CalendarSensor(
        database=office.database, within=office.config.alerts.calendar_missing_within
    )
    # A hub hands nothing to an axis.
    lateness = () if road is None else (lateness_of(office).warn,)
    sensors = Sensors(
        database=office.database,
        blobs=office.blobs,
        road=road,
        certificates=tuple(_own_certificates(office.config)),
        thresholds=thresholds,
    )
    return Alerts(
        database=office.database,
        sensors=(sensors.look, of_the_log.look, of_the_calendar.look, *lateness),
        speakers=(*_mail(office.config), *reach_webhooks(office.config, session, clock)),
        remind_every=office.config.alerts.remind_every,
        clock=clock,
    )


def _own_certificates(config: Config) -> Iterator[tuple[str, x509.Certificate]]:
    """Read what this node seals with and shows to others, as it is in use since this start."""
    agencies = (key.with_suffix(".pem") for key in sorted(config.trust.agency_seals_dir.glob("*.key")))
    for path in (config.trust.seal_chain_file, *agencies, *tls_certificate_files(config)):
        with contextlib.suppress(OSError, ValueError):  # whoever uses it names what is wrong
            yield path.name, x509.load_pem_x509_certificates(path.read_bytes())[0]


def lateness_of(office: Office) -> Lateness:
    """Put together who looks for what is late: for alerts, and for the page that shows it."""
    return Lateness(
        database=office.database,
        directory=office.directory,
        calendar=office.working_days.current,
        rules=timer_rules_of(office.config),
    )


def alert_round(alerts: Alerts, config: Config) -> Round:
    """Make the round that looks."""
    return Round(
        every=config.alerts.every,
        make=alerts.look,
        duty=Duty.LOG,
        begin=alerts.begin,
        waits_outside=True,
    )


def thresholds_of(config: Config) -> Thresholds:
    """Read how long what may last: for alerts, and for the pages that show the same."""
    return Thresholds(
        axis_away_after=config.alerts.axis_away_after,
        stuck_after=config.alerts.stuck_after,
        mailbox_left_after=config.alerts.mailbox_left_after,
        seal_ends_within=config.alerts.seal_ends_within,
        unstamped_after=config.alerts.unstamped_after,
        free_space_floor_bytes=config.storage.free_space_floor,
    )


def _mail(config: Config) -> tuple[Speaker, ...]:
    if not config.alerts.mail_to:
        return ()
    server = reach_mail_server(config)
    return (AlertMail(server=server, recipients=config.alerts.mail_to, node=config.name),)


def reach_webhooks(
    config: Config, session: aiohttp.ClientSession | None, clock: Clock
) -> tuple[Webhook, ...]:
    """Set up the webhooks of [alerts]; nobody is called yet."""
    secret_file = config.alerts.webhook_secret_file
    if secret_file is None or session is None:
        return ()
    secret = secret_file.read_bytes().strip()
    return tuple(
        Webhook(
            session=session,
            url=url,
            secret=secret,
            node=config.name,
            timeout=config.alerts.timeout,
            clock=clock,
        )
        for url in config.alerts.webhook_urls
    )
