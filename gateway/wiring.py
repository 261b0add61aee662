"""Builds a Gateway on top of an Office. The only room that has met everybody.

serving.py runs what is built here.
"""

import ssl
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from aiohttp import web

from gateway.clients.axis import Axis, AxisLimits
from gateway.config import Config
from gateway.edxml.outline import Limits as PackageLimits
from gateway.errors import Misconfiguration
from gateway.exchange.acceptance import Tools
from gateway.exchange.admission import Admission
from gateway.exchange.delivery import Delivery
from gateway.exchange.ids import Mint
from gateway.exchange.inbound import Inbound
from gateway.exchange.judge import Judge
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.matching import Matching
from gateway.exchange.outbound import Outbound
from gateway.exchange.own_words import OwnWords
from gateway.exchange.passing_on import Sealing
from gateway.exchange.posting import Posting
from gateway.exchange.refusals import Refusals
from gateway.exchange.registry import Registry
from gateway.exchange.restoration import Restoration
from gateway.exchange.road import Road
from gateway.exchange.worker import Rhythm, Worker
from gateway.model.agency import System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId, normalise_code, structural_alias
from gateway.model.package import Organization
from gateway.office import Clock, Office, now
from gateway.store.dispatches import newest_id
from gateway.trust.certificates import Anchors, load_anchors
from gateway.trust.keys import Seal, load_seal
from gateway.web.app import make_app
from gateway.web.authentication import Authentication
from gateway.web.limits import Limits
from gateway.web.operations import Operations, Watch
from gateway.web.vxp_api import VxpApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A whole gateway, not yet listening."""

    office: Office
    app: web.Application
    worker: Worker
    session: aiohttp.ClientSession | None


def _load_agency_seals(folder: Path) -> dict[AgencyCode, Seal]:
    """Load the seals of agencies that entrusted theirs to us: ``CODE.key`` beside ``CODE.pem``."""
    seals: dict[AgencyCode, Seal] = {}
    for key_file in sorted(folder.glob("*.key")):
        code = normalise_code(key_file.stem)
        chain_file = key_file.with_suffix(".pem")
        if not chain_file.is_file():
            raise Misconfiguration.because(
                "file-missing",
                where=f"trust.agency_seals_dir, {chain_file.name}",
                vi="thiếu chứng thư số đi cùng khóa của cơ quan",
                en="the certificate that goes with the agency's key is missing",
            )
        seal = load_seal(key_file.read_bytes(), chain_file.read_bytes(), holder=code)
        seals |= {code: seal, structural_alias(code) or code: seal}
    return seals


def load_trust(folder: Path) -> Anchors:
    """Load every anchor of a folder, ``*.pem`` and ``*.crt``."""
    files = sorted(path for pattern in ("*.pem", "*.crt") for path in folder.glob(pattern))
    return load_anchors(*(path.read_bytes() for path in files))


def package_limits(config: Config) -> PackageLimits:
    """Tell what a package may ask of us."""
    return PackageLimits(
        header_bytes=config.limits.header_bytes,
        depth=config.limits.depth,
        attachments_count=config.limits.attachments_count,
    )


async def build_gateway(office: Office, *, clock: Clock = now) -> Gateway:
    """Build a whole server."""
    session = _open_session(office.config)
    road = _lay_road(office.config)
    axis = None if session is None else _reach_axis(office.config, session, road, clock)
    mint = Mint.after(await newest_id(office.database))
    builder = _Builder(office=office, axis=axis, road=road, clock=clock, mint=mint)
    return builder.build(session)


def _open_session(config: Config) -> aiohttp.ClientSession | None:
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


def _lay_road(config: Config) -> Road:
    return Road(
        first_delay=config.delivery.first_delay,
        longest_delay=config.delivery.longest_delay,
        jitter=config.delivery.jitter,
        patience=config.delivery.concurrency,
    )


def _reach_axis(config: Config, session: aiohttp.ClientSession, road: Road, clock: Clock) -> Axis:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    """Puts the walks together; each method makes one of them."""

    office: Office
    axis: Axis | None
    road: Road
    clock: Clock
    mint: Mint

    def build(self, session: aiohttp.ClientSession | None) -> Gateway:
        office, config = self.office, self.office.config
        posting = Posting(blobs=office.blobs, mint=self.mint, give_up_after=config.delivery.give_up_after)
        own_words = OwnWords(
            notary=office.notary,
            posting=posting,
            gateway=Organization(code=config.agency_code, name=config.name),
            axis_is_open=self.axis is not None,
        )
        tools = Tools(
            notary=office.notary,
            posting=posting,
            own_words=own_words if config.answers.arrived_by_itself else None,
        )
        seals = _load_agency_seals(config.trust.agency_seals_dir)
        sealing = Sealing(
            database=office.database,
            blobs=office.blobs,
            seal_of=lambda code: seals.get(code, office.seal),
            own_seal=office.seal,
            limits=package_limits(config),
        )
        refusals = Refusals(database=office.database, notary=office.notary)
        inbound = self._inbound(tools, refusals)
        worker = self._worker(sealing, own_words, inbound)
        outbound = self._outbound(tools, refusals, worker)
        vxp = self._vxp(refusals, outbound, inbound, sealing, own_words)
        return Gateway(
            office=office, app=make_app(vxp, self._operations(worker)), worker=worker, session=session
        )

    def _judge(self) -> Judge:
        config = self.office.config
        return Judge(
            limits=package_limits(config),
            anchors=load_trust(config.trust.anchors_dir),
            vouchers=frozenset(config.trust.vouchers),
        )

    def _outbound(self, tools: Tools, refusals: Refusals, worker: Worker) -> Outbound:
        return Outbound(
            database=self.office.database,
            blobs=self.office.blobs,
            directory=self.office.directory,
            judge=self._judge(),
            tools=tools,
            refusals=refusals,
            admission=self._admission(),
            axis_is_open=self.axis is not None,
            on_leaving=worker.wake,
        )

    def _inbound(self, tools: Tools, refusals: Refusals) -> Inbound | None:
        settings = self.office.config.axis
        if settings is None:
            return None
        peer = System(
            id=SystemId("axis"),
            kind=SystemKind.AXIS,
            serves=frozenset(),
            policy=settings.policy,
        )
        return Inbound(
            database=self.office.database,
            blobs=self.office.blobs,
            directory=self.office.directory,
            judge=self._judge(),
            tools=tools,
            refusals=refusals,
            mint=self.mint,
            peer=peer,
        )

    def _worker(self, sealing: Sealing, own_words: OwnWords, inbound: Inbound | None) -> Worker:
        office, config = self.office, self.office.config
        matching = Matching(
            database=office.database,
            blobs=office.blobs,
            directory=office.directory,
            notary=office.notary,
            limits=package_limits(config),
        )
        delivery = None if self.axis is None else self._delivery(self.axis, sealing, own_words)
        poll_every = config.axis.poll_every if config.axis else config.delivery.longest_delay
        directory_every = config.axis.directory_every if config.axis else config.delivery.longest_delay
        return Worker(
            matching=matching,
            admission=self._admission(),
            rhythm=Rhythm(
                poll_every=poll_every,
                directory_every=directory_every,
                lease=config.delivery.lease,
                concurrency=config.delivery.concurrency,
            ),
            clock=self.clock,
            axis=self.axis,
            delivery=delivery,
            inbound=inbound,
            registry=self._registry(),
            restoration=self._restoration(inbound),
        )

    def _restoration(self, inbound: Inbound | None) -> Restoration | None:
        if self.axis is None or inbound is None:
            return None
        return Restoration(
            database=self.office.database,
            notary=self.office.notary,
            axis=self.axis,
            inbound=inbound,
            concurrency=self.office.config.delivery.concurrency,
            clock=self.clock,
        )

    def _delivery(self, axis: Axis, sealing: Sealing, own_words: OwnWords) -> Delivery:
        return Delivery(
            database=self.office.database,
            directory=self.office.directory,
            sealing=sealing,
            notary=self.office.notary,
            own_words=own_words,
            axis=axis,
            road=self.road,
            clock=self.clock,
        )

    def _admission(self) -> Admission:
        return Admission(
            database=self.office.database,
            blobs=self.office.blobs,
            free_space_floor_bytes=self.office.config.storage.free_space_floor,
            queue_limit=self.office.config.http.queue_limit,
        )

    def _registry(self) -> Registry:
        return replace(self.office.registry, axis=self.axis)

    def _vxp(
        self,
        refusals: Refusals,
        outbound: Outbound,
        inbound: Inbound | None,
        sealing: Sealing,
        own_words: OwnWords,
    ) -> VxpApi:
        office, config = self.office, self.office.config
        authentication = Authentication(
            directory=office.directory,
            refusals=refusals,
            secrets_key=office.secrets_key,
            clock=self.clock,
        )
        return VxpApi(
            authentication=authentication,
            limits=Limits(
                requests_per_second=config.http.requests_per_second,
                burst=config.http.burst,
                uploads_count=config.http.max_concurrent_uploads,
            ),
            admission=self._admission(),
            outbound=outbound,
            inbound=inbound,
            mailbox=Mailbox(
                database=office.database,
                directory=office.directory,
                sealing=sealing,
                notary=office.notary,
                own_words=own_words,
            ),
            registry=self._registry(),
            directory=office.directory,
            blobs=office.blobs,
            mint=self.mint,
            clock=self.clock,
            body_limit=config.http.body_limit,
            upload_timeout=config.http.upload_timeout,
            on_axis_call=self.road.was_answered,
        )

    def _operations(self, worker: Worker) -> Operations:
        return Operations(
            watch=Watch(
                database=self.office.database,
                blobs=self.office.blobs,
                seal=self.office.seal,
                worker=worker,
                free_space_floor_bytes=self.office.config.storage.free_space_floor,
                clock=self.clock,
            )
        )
