"""Founds and serves the nodes of the nation, with the same functions that ``init`` and ``serve`` call."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from gateway.back_office import furnish_people
from gateway.cli.demo_people import add_people
from gateway.cli.founding import AxisAccess, Charter, found_node
from gateway.cli.node import CONFIG_NAME, load_node, open_node, open_records
from gateway.config import Config
from gateway.exchange.registry import Registry
from gateway.model.agency import System
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.signature import SignaturePolicy
from gateway.sandbox.agencies import Desk, NodePlan
from gateway.sandbox.dms import SampleDms
from gateway.sandbox.nation.acts import Plan
from gateway.sandbox.nation.cast import Cast
from gateway.sandbox.nation.life import Life, RunningNode
from gateway.sandbox.nation.mailroom import Mailroom
from gateway.sandbox.past import SetForward
from gateway.sandbox.visitor import Account
from gateway.serving import serving_gateway
from gateway.settings import Role
from gateway.trust.keys import Algorithm
from gateway.trust.one_time_codes import write_letters

_BY = "simulate"
_PASSWORD_BYTES = 10
_OF_THE_AXIS = 'policy = "require"\ncertificate_file = "axis.pem"\n'
# Nothing turns by itself that costs more than it brings: a gateway is told when there is something to fetch.
_SELDOM = timedelta(days=1)
_AT_ONCE = timedelta(milliseconds=500)
_BEFORE_THE_FIRST_ACT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """Founds the nation's nodes in a folder each."""

    folder: Path
    cast: Cast
    at: datetime

    def found(self) -> None:
        """Found all of them.

        Errors: Misconfiguration when one cannot be founded.
        """
        hub, *below = self.cast.nodes
        ports = _free_ports(len(self.cast.nodes))
        self._found(hub, None, port=ports[0])
        for plan, port in zip(below, ports[1:], strict=True):
            assert plan.below is not None  # noqa: S101 - only the hub is below nobody
            access = AxisAccess(
                url=f"http://127.0.0.1:{ports[0]}/vxp",
                systemid=plan.below,
                secret=_secret_file(self.folder / hub.folder, plan.below).read_text().strip(),
            )
            self._found(plan, access, port=port)

    def _found(self, plan: NodePlan, access: AxisAccess | None, *, port: int) -> None:
        place, hub_place = self.folder / plan.folder, self.folder / self.cast.nodes[0].folder
        charter = Charter(
            name=plan.owner.name,
            agency_code=plan.owner.code,
            role=Role.HUB if access is None else Role.GATEWAY,
            algorithm=Algorithm.ECDSA_SHA256,
            axis=access,
            authority=None if access is None else hub_place,
            port=port,
        )
        found_node(place, charter, at=self.at)
        if access is not None:
            (place / "axis.pem").write_bytes((hub_place / "seal.pem").read_bytes())
            config = place / CONFIG_NAME
            text = config.read_text("utf-8").replace("[axis]\n", f"[axis]\n{_OF_THE_AXIS}")
            config.write_text(text, "utf-8")
        asyncio.run(_connect(place, plan.desks, at=self.at))


async def _connect(place: Path, desks: Sequence[Desk], *, at: datetime) -> None:
    async with open_node(place) as office:
        agencies = [member.agency for desk in desks for member in desk.serves]
        await office.registry.put_agencies(agencies, served_by={}, by=_BY, at=at)
        for desk in desks:
            system = System(
                id=desk.id,
                kind=desk.kind,
                serves=frozenset(member.code for member in desk.serves),
                policy=SignaturePolicy.REQUIRE if desk.strict else SignaturePolicy.WARN,
            )
            secret = await office.registry.put_system(system, by=_BY, at=at)
            path = _secret_file(place, desk.id)
            path.touch(mode=0o600)
            path.write_text(f"{secret}\n")


def _secret_file(place: Path, system: SystemId) -> Path:
    return place / f"{system}.secret"


async def let_in(folder: Path, cast: Cast, *, at: datetime) -> dict[str, tuple[Account, ...]]:
    """Let somebody of each role in at the hub and at the office's gateway; return the accounts, by folder.

    Shape: at is by the clock on the wall, for whoever is there now; everybody has one password.
    """
    password = write_letters(secrets.token_bytes(_PASSWORD_BYTES)).lower()
    accounts = {}
    for node in cast.nodes:
        if node.below is None or any(cast.office in desk.serves for desk in node.desks):
            async with open_node(folder / node.folder) as office:
                accounts[node.folder] = await add_people(furnish_people(office), node, password, at=at)
    return accounts


def _free_ports(count: int) -> list[int]:
    """Find so many ports that are free now, no two alike."""
    with contextlib.ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]


@contextlib.asynccontextmanager
async def living(
    folder: Path, plan: Plan, nodes: Sequence[NodePlan], *, gate: Callable[[], Awaitable[None]] | None = None
) -> AsyncIterator[Life]:
    """Serve some nodes of a founded nation in this program, with the mailrooms of the agencies at them.

    Shape: where the hub is not among them it is served elsewhere, and its records are looked at.
    """
    clock = SetForward(plan.acts[0].at - _BEFORE_THE_FIRST_ACT)
    async with AsyncExitStack() as opened:
        served = {node.folder: await _serve(folder, node, clock, opened) for node in nodes}
        hub = plan.cast.nodes[0]
        if hub.folder not in served:
            records = await opened.enter_async_context(open_records(folder / hub.folder))
            served[hub.folder] = RunningNode(
                plan=hub, url="", database=records, fetch=_never, merge=_elsewhere
            )
        mailrooms: dict[AgencyCode, Mailroom] = {}
        for node in served.values():
            if node.plan.below is not None:
                mailrooms |= _open_mailrooms(folder, node, clock, opened)
        life = Life(plan=plan, nodes=served, mailrooms=mailrooms, clock=clock)
        if gate is not None:
            life.gate = gate
        yield life


async def _serve(folder: Path, node: NodePlan, clock: SetForward, opened: AsyncExitStack) -> RunningNode:
    config = _unhurried(load_node(folder / node.folder))
    served = await opened.enter_async_context(serving_gateway(config, clock=clock))
    return RunningNode(
        plan=node,
        url=served.address,
        database=served.gateway.office.database,
        fetch=served.gateway.worker.fetch,
        merge=partial(_merge, served.gateway.office.registry, clock),
    )


async def _merge(registry: Registry, clock: SetForward, agency: AgencyCode, into: AgencyCode) -> None:
    await registry.close_agency(agency, merged_into=into, by=_BY, at=clock())


def _unhurried(config: Config) -> Config:
    """Let what turns by the clock on the wall turn seldom: the clock in here is set forward."""
    return replace(
        config,
        alerts=replace(config.alerts, every=_SELDOM),
        retention=replace(config.retention, every=_SELDOM),
        delivery=replace(config.delivery, first_delay=_AT_ONCE, longest_delay=2 * _AT_ONCE),
        axis=config.axis
        and replace(config.axis, poll_every=_SELDOM, directory_every=_SELDOM, receipts_every=_SELDOM),
    )


def _open_mailrooms(
    folder: Path, node: RunningNode, clock: SetForward, opened: AsyncExitStack
) -> dict[AgencyCode, Mailroom]:
    rooms: dict[AgencyCode, Mailroom] = {}
    for desk in node.plan.desks:
        secret = _secret_file(folder / node.plan.folder, desk.id).read_text().strip()
        dms = SampleDms(f"{node.url}/vxp", desk.id, secret, made_at=clock(), keep_alive=True)
        opened.push_async_callback(dms.close)
        rooms |= {member.code: Mailroom(member=member, dms=dms, clock=clock) for member in desk.serves}
    return rooms


async def _never() -> bool:
    return False


async def _elsewhere(_agency: AgencyCode, _into: AgencyCode) -> None:
    """Write nothing: who serves the node does."""
