"""The walks put together; serving.py runs what is built here."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import aiohttp
from aiohttp import web

from gateway.clients.axis import Axis
from gateway.errors import Misconfiguration
from gateway.exchange.acceptance import Tools
from gateway.exchange.admission import Admission
from gateway.exchange.alerts import Alerts
from gateway.exchange.delivery import Delivery
from gateway.exchange.expectations import Expectations
from gateway.exchange.forms import Forms
from gateway.exchange.ids import Mint
from gateway.exchange.inbound import Inbound
from gateway.exchange.judge import Judge
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.matching import Matching
from gateway.exchange.outbound import Outbound
from gateway.exchange.own_words import OwnWords
from gateway.exchange.passing_on import Sealing
from gateway.exchange.refusals import Refusals
from gateway.exchange.registry import Registry
from gateway.exchange.restoration import Restoration
from gateway.exchange.road import Road
from gateway.exchange.roster import Roster
from gateway.exchange.vouching import Vouching
from gateway.exchange.worker import Rhythm, Round, Worker
from gateway.model.agency import System, SystemKind
from gateway.model.identifiers import SystemId
from gateway.office import Clock, Office, furnish_intervention, furnish_own_words, now
from gateway.store.ids import newest_id
from gateway.web.app import make_app
from gateway.web.authentication import Authentication
from gateway.web.figure_gauges import FigureGauges
from gateway.web.limits import Limits
from gateway.web.operations import Operations, Watch
from gateway.web.vxp_api import VxpApi
from gateway.wiring.alerts import alert_round, build_alerts
from gateway.wiring.api import build_api
from gateway.wiring.axis import lay_road, open_session, reach_axis
from gateway.wiring.desks import Desks, build_desks
from gateway.wiring.evidence import expect_receipts, receipt_rounds
from gateway.wiring.files import load_agency_seals, load_trust, package_limits
from gateway.wiring.finding import search_rounds
from gateway.wiring.holdings import Holdings
from gateway.wiring.late_console import promise_console
from gateway.wiring.limits import make_limits, sharing_rounds
from gateway.wiring.reminders import reminder_rounds
from gateway.wiring.retention import partition_round, retention_round
from gateway.wiring.vouching import open_outer_session, publish_log, rounds_of, vouch

_BETWEEN_LOOKS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A whole gateway, not yet listening."""

    office: Office
    app: web.Application
    worker: Worker
    desks: Desks
    sessions: tuple[aiohttp.ClientSession, ...]


async def build_gateway(office: Office, roster: Roster, *, clock: Clock = now) -> Gateway:
    """Build a whole node."""
    mint = Mint.after(await newest_id(office.database))
    await office.working_days.current()
    session, outer = open_session(office.config), open_outer_session(office.config)
    sessions = tuple(each for each in (session, outer) if each is not None)
    try:
        road = lay_road(office.config)
        axis = None if session is None else reach_axis(office.config, session, road, clock)
        vouching = vouch(office, outer, clock)
        alerts = build_alerts(office, road if axis else None, session=outer, clock=clock, vouching=vouching)
        builder = _Builder(
            office=office,
            roster=roster,
            axis=axis,
            road=road,
            clock=clock,
            mint=mint,
            vouching=vouching,
            alerts=alerts,
            outer=outer,
        )
        return builder.build(sessions)
    except Misconfiguration:
        for each in sessions:
            await each.close()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builder:
    """Puts the walks together; each method makes one of them."""

    office: Office
    roster: Roster
    axis: Axis | None
    road: Road
    clock: Clock
    mint: Mint
    vouching: Vouching
    alerts: Alerts
    outer: aiohttp.ClientSession | None
    forms: Forms = field(default_factory=Forms)

    def build(self, sessions: tuple[aiohttp.ClientSession, ...]) -> Gateway:
        office, config = self.office, self.office.config
        own_words = furnish_own_words(office, self.mint)
        tools = Tools(
            notary=office.notary,
            posting=own_words.posting,
            books=own_words.books,
            own_words=own_words if config.answers.arrived_by_itself else None,
        )
        seals = load_agency_seals(config.trust.agency_seals_dir)
        sealing = Sealing(
            database=office.database,
            blobs=office.blobs,
            seal_of=lambda code: seals.get(code, office.seal),
            own_seal=office.seal,
            limits=package_limits(config),
            forms=self.forms,
        )
        refusals = Refusals(database=office.database, notary=office.notary)
        inbound = self._inbound(tools, refusals)
        expectations = expect_receipts(office, self.clock)
        worker = self._worker(sealing, own_words, inbound)
        outbound = self._outbound(tools, refusals, worker)
        mailbox = Mailbox(
            database=office.database,
            directory=office.directory,
            sealing=sealing,
            notary=office.notary,
            own_words=own_words,
        )
        limits = {"systems": make_limits(config), "programs": make_limits(config)}
        vxp = self._vxp(refusals, outbound, inbound, mailbox, limits["systems"])
        desks = build_desks(
            office,
            intervention=furnish_intervention(office, own_words, on_leaving=worker.wake),
            outbound=outbound,
            mailbox=mailbox,
            inbound=inbound,
            axis=self.axis,
            mint=self.mint,
            clock=self.clock,
        )
        worker.rounds = (
            *self._rounds(own_words, expectations, desks),
            *sharing_rounds(office, self.roster, limits),
        )
        operations = self._operations(worker, expectations)
        holdings = Holdings(
            watch=operations.watch, desks=desks, books=own_words.books, alerts=self.alerts, seals=seals
        )
        console = promise_console(office, holdings, self.clock)
        api = build_api(office, self.mint, limits["programs"], self.clock)
        return Gateway(
            office=office,
            app=make_app(vxp, operations, publish_log(self.vouching, self.clock), api, console=console),
            worker=worker,
            sessions=sessions,
            desks=desks,
        )

    def _rounds(self, own_words: OwnWords, expectations: Expectations, desks: Desks) -> tuple[Round, ...]:
        office, config = self.office, self.office.config
        return (
            alert_round(self.alerts, config),
            *search_rounds(office),
            Round(every=_BETWEEN_LOOKS, make=self._know_working_days),
            *rounds_of(self.vouching, config),
            *receipt_rounds(office, self.axis, expectations, self.clock),
            retention_round(office, self.clock),
            partition_round(office),
            *reminder_rounds(office, own_words.posting, self.outer, self.clock),
            *desks.rounds,
        )

    def _judge(self) -> Judge:
        config = self.office.config
        return Judge(
            limits=package_limits(config),
            anchors=load_trust(config.trust.anchors_dir),
            vouchers=frozenset(config.trust.vouchers),
            forms=self.forms,
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
            books=own_words.books,
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
            roster=self.roster,
            clock=self.clock,
            axis=self.axis,
            delivery=delivery,
            inbound=inbound,
            registry=self._registry(),
            restoration=self._restoration(inbound),
        )

    async def _know_working_days(self) -> bool:
        await self.office.working_days.current()
        return False

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
            node=self.roster.node.name,
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
        mailbox: Mailbox,
        limits: Limits,
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
            limits=limits,
            admission=self._admission(),
            outbound=outbound,
            inbound=inbound,
            mailbox=mailbox,
            registry=self._registry(),
            directory=office.directory,
            blobs=office.blobs,
            mint=self.mint,
            clock=self.clock,
            body_limit=config.http.body_limit,
            upload_timeout=config.http.upload_timeout,
            on_axis_call=self.road.was_answered,
        )

    def _operations(self, worker: Worker, expectations: Expectations) -> Operations:
        return Operations(
            watch=Watch(
                database=self.office.database,
                blobs=self.office.blobs,
                seal=self.office.seal,
                worker=worker,
                expectations=expectations,
                vouching=self.vouching,
                free_space_floor_bytes=self.office.config.storage.free_space_floor,
                clock=self.clock,
            ),
            figures=FigureGauges(
                database=self.office.database, directory=self.office.directory, clock=self.clock
            ),
        )
