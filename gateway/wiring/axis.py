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
    context = ssl.create_default_context(cafile=config.axis.ca_file)
    if config.axis.client_certificate_file is not None:
        context.load_cert_chain(config.axis.client_certificate_file, config.axis.client_key_file)
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
    served = [agency for code, agency in directory.agencies.items() if code in directory.served_by]
    return AxisProbe(
        axis=axis,
        context=axis_tls(config),
        agencies=frozenset(agency.code for agency in served if agency.closed_at is None),
        closed=frozenset(
            agency.code for agency in served if agency.closed_at is not None and agency.merged_into is None
        ),
        clock=clock,
    )


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
