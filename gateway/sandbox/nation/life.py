"""Lives through a plan: at each moment everybody acts, and the clock moves on when all has come that must.

Gateways below the hub are told to fetch when the hub has something for them, instead of asking it all the
time; everything else goes over HTTP as between strangers.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Delay
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode
from gateway.sandbox.agencies import NodePlan
from gateway.sandbox.nation.acts import Act, Merging, Plan, Saying, Sending
from gateway.sandbox.nation.cast import HUB_FOLDER
from gateway.sandbox.nation.ledger import Arrival, Ledger
from gateway.sandbox.nation.mailroom import Mailroom
from gateway.sandbox.past import SetForward
from gateway.store.database import Database
from gateway.store.statistics import list_fullest

_BETWEEN_LOOKS_SECONDS = 0.02
_PATIENCE_SECONDS = 60.0
_EVERYBODY = 1000
_NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningNode:
    """One node that is served.

    Shape: fetch fetches from the hub what waits there; the hub's own is never called. merge lets an operator
    write into its directory that an agency was merged into another.
    """

    plan: NodePlan
    url: str
    database: Database
    fetch: Callable[[], Awaitable[bool]]
    merge: Callable[[AgencyCode, AgencyCode], Coroutine[Any, Any, None]]

    @property
    def serves(self) -> list[AgencyCode]:
        """List the agencies whose mailboxes are here."""
        return [member.code for desk in self.plan.desks for member in desk.serves]

    async def waiting(self) -> set[tuple[AgencyCode, Kind]]:
        """Tell in whose mailboxes something is."""
        found: set[tuple[AgencyCode, Kind]] = set()
        for kind in Kind:
            listed = await list_fullest(self.database, limit=_EVERYBODY, kind=kind)
            found |= {(code, kind) for code, _ in listed}
        return found


async def _nobody_else() -> None:
    """Wait for nobody: all of the nation lives here."""


@dataclass(slots=True, kw_only=True)
class Life:
    """The nation, or the part of it that lives in this program.

    Shape: nodes by folder, the hub always among them; mailrooms are those of agencies here; ledger is what
    should be true by now, everywhere; surplus is what came and should not have. gate is passed after each
    moment, when the other parts are as far.
    """

    plan: Plan
    nodes: Mapping[str, RunningNode]
    mailrooms: Mapping[AgencyCode, Mailroom]
    clock: SetForward
    gate: Callable[[], Awaitable[None]] = _nobody_else
    ledger: Ledger = field(default_factory=Ledger)
    surplus: Counter[Arrival] = field(default_factory=Counter)
    _missing: Counter[Arrival] = field(default_factory=Counter)
    _at_work: set[str] = field(default_factory=set)
    _came_at: float = 0.0

    async def live(self, tell: Callable[[list[Act]], None]) -> None:
        """Live through the whole plan; tell is called with the acts of every moment when all of it came.

        Errors: Delay ``not-seen`` when something does not come; LienthongError when it is refused or spoilt.
        """
        for at, acts in self.plan.moments():
            self.clock.forward(at)
            for act in acts:
                arrivals = self.ledger.enter(act)
                self._missing.update(one for one in arrivals if one.to in self.mailrooms)
            for act in acts:
                if isinstance(act, Merging):
                    codes = act.agency.code, act.by.code
                    await _together(node.merge(*codes) for node in self.nodes.values())
            ours = [act for act in acts if not isinstance(act, Merging) and act.by.code in self.mailrooms]
            await _together(self._act(those) for those in _by_agency(ours))
            await self._settle()
            await self.gate()
            tell(acts)
        await _together(map(self._sweep, self.gateways))

    @property
    def _hub(self) -> RunningNode:
        return self.nodes[HUB_FOLDER]

    @property
    def gateways(self) -> list[RunningNode]:
        """List the nodes below the hub."""
        return [node for node in self.nodes.values() if node.plan.below is not None]

    async def _act(self, acts: list[Sending | Saying]) -> None:
        mailroom = self.mailrooms[acts[0].by.code]
        for act in acts:
            await mailroom.carry_out(act)

    async def _settle(self) -> None:
        """Wait until everything that was sent lies with whom it is for.

        Errors: Delay ``not-seen``.
        """
        self._came_at = time.monotonic()
        try:
            async with asyncio.TaskGroup() as rounds:
                while self._missing:
                    for node, fetches in await self._due():
                        self._at_work.add(node.plan.folder)
                        rounds.create_task(self._make_round(node, fetches=fetches))
                    if time.monotonic() > self._came_at + _PATIENCE_SECONDS:
                        raise self._not_seen()
                    await asyncio.sleep(_BETWEEN_LOOKS_SECONDS)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _due(self) -> list[tuple[RunningNode, bool]]:
        """Tell which gateways should look into their mailboxes now, and whether they must fetch before."""
        at_the_hub = {code for code, _ in await self._hub.waiting()}
        expecting = {arrival.to for arrival in self._missing}
        due = []
        for node in self.gateways:
            if node.plan.folder in self._at_work or expecting.isdisjoint(node.serves):
                continue
            fetches = not at_the_hub.isdisjoint(node.serves)
            # Only where several are served does anything come that was not fetched.
            if fetches or len(node.serves) > 1:
                due.append((node, fetches))
        return due

    async def _make_round(self, node: RunningNode, *, fetches: bool) -> None:
        try:
            if fetches:
                await node.fetch()
            await _together(self._collect(code, kind) for code, kind in await node.waiting())
        finally:
            self._at_work.discard(node.plan.folder)

    async def _sweep(self, node: RunningNode) -> None:
        """Look once more into every mailbox: nothing may be there."""
        await node.fetch()
        await _together(self._collect(code, kind) for code in node.serves for kind in Kind)

    async def _collect(self, code: AgencyCode, kind: Kind) -> None:
        for arrival in await self.mailrooms[code].collect(kind):
            self._came_at = time.monotonic()
            if arrival not in self._missing:
                self.surplus[arrival] += 1
                continue
            self._missing[arrival] -= 1
            if not self._missing[arrival]:
                del self._missing[arrival]

    def _not_seen(self) -> Delay:
        named = [f"{one.document_id} ({one.says}) → {one.to}" for one in self._missing]
        told = "; ".join(named[:_NAMED_AT_MOST]) + ("; …" if len(named) > _NAMED_AT_MOST else "")
        return Delay.because(
            "not-seen",
            where=f"{len(named)}",
            vi=f"chờ {_PATIENCE_SECONDS:g} giây vẫn chưa thấy {told}",
            en=f"nothing seen of it for {_PATIENCE_SECONDS:g} seconds",
        )


def _by_agency(acts: Iterable[Sending | Saying]) -> list[list[Sending | Saying]]:
    found: defaultdict[AgencyCode, list[Sending | Saying]] = defaultdict(list)
    for act in acts:
        found[act.by.code].append(act)
    return list(found.values())


async def _together(acts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do several things at once; the first that fails ends the others and is the error."""
    try:
        async with asyncio.TaskGroup() as group:
            for act in acts:
                group.create_task(act)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
