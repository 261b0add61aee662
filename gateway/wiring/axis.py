"""The way to the axis above: the session, the road, the client."""

import ssl

import aiohttp

from gateway.clients.axis import Axis
from gateway.clients.axis_probe import AxisProbe
from gateway.clients.limits import AxisLimits
from gateway.config import Config
from gateway.exchange.directory import Snapshot
from gateway.exchange.road import Road
from gateway.office import Clock
from gateway.wiring.tls import believing, show


def open_session(config: Config) -> aiohttp.ClientSession | None:
    """Open what every call to the axis goes through; None on a hub."""
    if config.axis is None:
        return None
    context = axis_tls(config)
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),  # the SDK keeps none either, and whatever is kept would grow
        connector=aiohttp.TCPConnector(
            ssl=True if context is None else context, limit=4 * config.delivery.concurrency
        ),
    )


def axis_tls(config: Config) -> ssl.SSLContext | None:
    """Say whom we believe to be the axis, and who we are to it; None where nothing is encrypted."""
    if config.axis is None or not config.axis.url.startswith("https:"):
        return None
    chain_file, key_file = config.axis.client_certificate_file, config.axis.client_key_file
    context = believing(config.axis.ca_file, where="axis.ca_file")
    if chain_file is not None and key_file is not None:
        show(context, chain_file, key_file, where="axis.client_certificate_file, axis.client_key_file")
    return context


def lay_road(config: Config) -> Road:
    """Lay the road that deliveries and the worker share."""
    return Road(
        first_delay=config.delivery.first_delay,
        longest_delay=config.delivery.longest_delay,
        jitter=config.delivery.jitter,
        patience=config.delivery.concurrency,
    )


def probe_axis(config: Config, axis: Axis, directory: Snapshot, clock: Clock) -> AxisProbe:
    """Put the test of the way to the axis together."""
    served, heard = [], []
    for code, agency in directory.agencies.items():
        if code in directory.served_by:
            served.append(agency)
        elif agency.from_axis and agency.closed_at is None:
            heard.append(agency)
    return AxisProbe(axis=axis, context=axis_tls(config), served=served, heard=heard, clock=clock)


def reach_axis(config: Config, session: aiohttp.ClientSession, road: Road, clock: Clock) -> Axis:
    """Put the axis's client together."""
    assert config.axis is not None  # noqa: S101 - a session is opened only for an axis
    return Axis(
        session=session,
        endpoint=config.axis.url,
        system=config.axis.systemid,
        secret=config.axis.secret_file.read_bytes().strip(),
        clock=clock,
        limits=AxisLimits(
            connect=config.axis.connect_timeout,
            answer=config.axis.answer_timeout,
            download_bytes=config.http.body_limit,
        ),
        permanent=frozenset(config.axis.permanent_codes),
        on_answer=road.was_answered,
    )
