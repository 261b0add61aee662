"""What vouches for the log, put together: checkpoints, the timestamping authority, the peers."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
from cryptography import x509

from gateway.clients.peer_log import PeerLog
from gateway.clients.timestamping import TimestampAuthority
from gateway.config import Config
from gateway.errors import Misconfiguration
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.exchange.stamping import Stamping
from gateway.exchange.troubles import Troubles
from gateway.exchange.vouching import Vouching
from gateway.exchange.watching import Peer, Watching
from gateway.exchange.witness import Witness
from gateway.exchange.worker import Round
from gateway.model.node import Duty
from gateway.office import Clock, Office
from gateway.trust.certificates import load_anchors
from gateway.web.log_api import LogApi
from gateway.wiring.tls import believing

# A checkpoint just made does not wait for its timestamp; an authority that is back is found soon.
_BETWEEN_STAMPINGS = timedelta(seconds=2)
_NONCE_BITS = 63


def open_outer_session(config: Config) -> aiohttp.ClientSession | None:
    """Open what calls to the authority, to peers and to webhooks go through; None where there are none."""
    if config.audit.timestamp_url is None and not config.audit.peers and not config.alerts.webhook_urls:
        return None
    context = believing(config.audit.ca_file, where="audit.ca_file")
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


def vouch(office: Office, session: aiohttp.ClientSession | None, clock: Clock) -> Vouching:
    """Put together what vouches for an office's log."""
    origin, troubles = log_name(office.config.agency_code), Troubles()
    stamping = watching = None
    authority = reach_authority(office.config, session)
    if authority is not None:
        stamping = Stamping(
            database=office.database, authority=authority, clock=clock, nonce=new_nonce, troubles=troubles
        )
    if session is not None and office.config.audit.peers:
        watching = Watching(
            witness=Witness(database=office.database, notary=office.notary, name=origin),
            peers=_reach_peers(office.config, session),
            clock=clock,
            troubles=troubles,
        )
    return Vouching(
        checkpoints=Checkpoints(database=office.database, seal=office.seal, origin=origin),
        stamping=stamping,
        watching=watching,
        troubles=troubles,
        clock=clock,
    )


def rounds_of(vouching: Vouching, config: Config) -> tuple[Round, ...]:
    """Name the worker's rounds."""
    rounds = []
    if config.audit.checkpoint_every:
        rounds.append(
            Round(every=config.audit.checkpoint_every, make=vouching.make_checkpoint, duty=Duty.LOG)
        )
    if vouching.stamping is not None:
        rounds.append(_of_the_log(_BETWEEN_STAMPINGS, vouching.stamping.make_round))
    if vouching.watching is not None:
        rounds.append(_of_the_log(config.audit.witness_every, vouching.watching.make_round))
    return tuple(rounds)


def _of_the_log(every: timedelta, make: Callable[[], Awaitable[bool]]) -> Round:
    return Round(every=every, make=make, duty=Duty.LOG, waits_outside=True)


def publish_log(vouching: Vouching, clock: Clock) -> LogApi:
    """Put together what strangers and peers may ask about the log."""
    peers = () if vouching.watching is None else vouching.watching.peers
    return LogApi(checkpoints=vouching.checkpoints, peers=peers, clock=clock)


def reach_authority(config: Config, session: aiohttp.ClientSession | None) -> TimestampAuthority | None:
    """Put the timestamping authority's client together; None where there is no authority.

    Errors: Misconfiguration when its roots cannot be read.
    """
    audit = config.audit
    if session is None or audit.timestamp_url is None or audit.timestamp_anchors_file is None:
        return None
    return TimestampAuthority(
        session=session,
        url=audit.timestamp_url,
        anchors=load_anchors(audit.timestamp_anchors_file.read_bytes(), where="audit.timestamp_anchors_file"),
        timeout=audit.timestamp_timeout,
    )


def new_nonce() -> int:
    """Draw a number that no request had before."""
    return secrets.randbits(_NONCE_BITS)


def _reach_peers(config: Config, session: aiohttp.ClientSession) -> tuple[Peer, ...]:
    return tuple(
        Peer(
            origin=peer.origin,
            certificates=_read_certificates(peer.origin, peer.certificate_file.read_bytes()),
            log=PeerLog(session=session, url=peer.url, timeout=config.audit.timestamp_timeout),
        )
        for peer in config.audit.peers
    )


def _read_certificates(origin: str, pem: bytes) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise Misconfiguration.because(
            "peer-certificate-unreadable",
            where="audit.peers.certificate_file",
            vi=f"không đọc được chứng thư con dấu của nhật ký {origin}: cần PEM",
            en=f"the certificate of the log {origin} cannot be read: PEM is expected",
        ) from error
