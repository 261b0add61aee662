"""The way to the axis above: the session, the road, the client."""

import ssl

import aiohttp

from gateway.clients.axis import Axis
from gateway.clients.limits import AxisLimits
from gateway.config import Config
from gateway.exchange.road import Road
from gateway.office import Clock


def open_session(config: Config) -> aiohttp.ClientSession | None:
    """Open what every call to the axis goes through; None on a hub."""
    if config.axis is None:
        return None
    context: ssl.SSLContext | bool = True
    if config.axis.url.startswith("https:"):
        context = ssl.create_default_context(cafile=config.axis.ca_file)
        if config.axis.client_certificate_file is not None:
            context.load_cert_chain(config.axis.client_certificate_file, config.axis.client_key_file)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=4 * config.delivery.concurrency)
    )


def lay_road(config: Config) -> Road:
    """Lay the road that deliveries and the worker share."""
    return Road(
        first_delay=config.delivery.first_delay,
        longest_delay=config.delivery.longest_delay,
        jitter=config.delivery.jitter,
        patience=config.delivery.concurrency,
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
