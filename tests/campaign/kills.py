"""The first scene: everything is killed and every road is bad, at once, while everybody works."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.points import Point
from tests.campaign.breaking import Killer, Saboteur, Vandal
from tests.campaign.desks import Clerk, Registrar
from tests.campaign.disk import Disk, build, preloading
from tests.campaign.invariants import Finding, Scene, check_all
from tests.campaign.ledger import Ledger
from tests.campaign.losses import Loser
from tests.campaign.nursery import Nursery
from tests.campaign.server import Away, Wrecker, open_server
from tests.campaign.town import House, Town, double, open_town
from tests.databases import OwnServer

_SETTLED_FOR = 1.5
_WARM_UP = 2.0
_NUMBERS = (
    *("seconds", "settled_in", "at_random", "stillborn"),
    *("sendings", "promises", "refused", "deliveries"),
)
_COUNTS = (
    *("kills", "at_points", "frozen_at", "passings", "losses"),
    *("faults", "disk_faults", "server_faults"),
)


@dataclass(kw_only=True)
class Plan:
    """What to do to the town, and for how long.

    Shape: it ends at so many kills, and after so many seconds in any case; so many nodes serve each house, on
    a PostgreSQL server that is broken, too, when on_server; freezing is the part of lives that stand
    still for a while.
    Units: seconds; longest is the longest life between two kills, and half of the longest time between two
    faults of the server, pause the mean time between two documents.
    """

    seed: int
    kills: int = 0
    nodes: int = 1
    on_server: bool = False
    freezing: float = 0.0
    seconds: float = 600.0
    network: bool = True
    disk: bool = False
    losses: bool = False
    longest: float = 1.6
    pause: float = 0.25
    mutation: str | None = None
    settled_within: float = 60.0


@dataclass(kw_only=True)
class Outcome:
    """What was done, and what was found."""

    plan: Plan
    seconds: float = 0.0
    settled_in: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    at_points: dict[str, int] = field(default_factory=dict)
    at_random: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    disk_faults: dict[str, int] = field(default_factory=dict)
    server_faults: dict[str, int] = field(default_factory=dict)
    frozen_at: dict[str, int] = field(default_factory=dict)
    stillborn: int = 0
    losses: dict[str, int] = field(default_factory=dict)
    passings: dict[str, int] = field(default_factory=dict)
    sendings: int = 0
    promises: int = 0
    refused: int = 0
    deliveries: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add what was done and found in another town."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _COUNTS:
            ours, theirs = Counter(getattr(self, name)), Counter(getattr(other, name))
            setattr(self, name, {each: ours[each] + theirs[each] for each in sorted(ours.keys() | theirs)})
        found = {finding.sentence: finding for finding in self.findings}
        for finding in other.findings:
            before = found.get(finding.sentence, Finding(sentence=finding.sentence, checked=0))
            found[finding.sentence] = Finding(
                sentence=finding.sentence,
                checked=before.checked + finding.checked,
                breaches=before.breaches + finding.breaches,
            )
        self.findings = list(found.values())

    @property
    def breaches(self) -> list[str]:
        """List everything that is wrong."""
        return [f"{finding.sentence}: {breach}" for finding in self.findings for breach in finding.breaches]


async def play(directory: Path, plan: Plan) -> Outcome:
    """Open the town, break it, let it settle, check it."""
    outcome = Outcome(plan=plan)
    nursery = Nursery(mutation=plan.mutation, environment=_environment(directory) if plan.disk else {})
    await nursery.open()
    try:
        async with _town(directory, nursery, plan) as (town, server):
            ledger = Ledger()
            disks = _disks(town) if plan.disk else []
            if plan.nodes > 1:
                double(town)
            for house in (*town.houses, *town.mates):
                await (await house.start()).ready.wait()
            began = time.monotonic()
            stop = asyncio.Event()
            async with _at_work(town, ledger, plan, stop) as (registrar, clerks):
                await (
                    _lose(town, ledger, plan, outcome, clerks)
                    if plan.losses
                    else _break(town, plan, outcome, disks, server)
                )
                stop.set()
                outcome.seconds = time.monotonic() - began
                unsettled = await _settle(town, ledger, within=plan.settled_within)
                outcome.settled_in = time.monotonic() - began - outcome.seconds
                if plan.losses:
                    await asyncio.gather(*(clerk.look() for clerk in clerks))
            lived = (*town.houses, *town.mates)
            passings = [Counter(await nursery.passings(house.number)) for house in lived]
            outcome.passings = {point.name: sum(each[point.name] for each in passings) for point in Point}
            outcome.findings += check_all(Scene(town=town, ledger=ledger, registered=registrar.wanted))
            if unsettled:
                outcome.findings.append(Finding(sentence="everything settles", checked=1, breaches=unsettled))
            _count(ledger, outcome)
    finally:
        await nursery.close()
    return outcome


@contextlib.asynccontextmanager
async def _town(
    directory: Path, nursery: Nursery, plan: Plan
) -> AsyncIterator[tuple[Town, OwnServer | None]]:
    with open_server() if plan.on_server else contextlib.nullcontext() as server:
        async with open_town(directory, nursery, server=server) as town:
            yield town, server


@contextlib.asynccontextmanager
async def _at_work(
    town: Town, ledger: Ledger, plan: Plan, stop: asyncio.Event
) -> AsyncIterator[tuple[Registrar, list[Clerk]]]:
    clerks = [
        Clerk(
            town=town,
            desk=desk,
            ledger=ledger,
            dice=random.Random(f"{plan.seed} {desk.system}"),
            pause=plan.pause,
            plain=plan.losses,
            stop=stop,
        )
        for desk in town.desks
    ]
    assert town.registrar is not None
    registrar = Registrar(desk=town.registrar, dice=random.Random(f"{plan.seed} registrar"), stop=stop)
    async with asyncio.TaskGroup() as work:
        registering = work.create_task(asyncio.sleep(0) if plan.losses else registrar.register_on())
        collecting = [work.create_task(clerk.collect_on()) for clerk in clerks]
        sending = [work.create_task(clerk.send_on()) for clerk in clerks]
        yield registrar, clerks
        await asyncio.wait([registering], timeout=plan.settled_within)
        for task in (registering, *collecting, *sending):
            task.cancel()


def _environment(directory: Path) -> dict[str, str]:
    library = build(directory)
    if library is None:
        raise SystemExit("no C compiler: the disk cannot be broken")
    return preloading(library)


def _disks(town: Town) -> list[Disk]:
    """Put a disk under every house."""
    disks = []
    for house in town.houses:
        house.disk = town.directory / f"{house.name}.disk"
        disks.append(Disk(house.disk))
    return disks


async def _break(
    town: Town, plan: Plan, outcome: Outcome, disks: list[Disk], server: OwnServer | None
) -> None:
    stop, in_batch = asyncio.Event(), asyncio.Event()
    killers = [
        Killer(
            house=house,
            dice=random.Random(f"{plan.seed} {house.name}"),
            longest=plan.longest,
            freezing=plan.freezing,
            in_batch=in_batch,
            stop=stop,
        )
        for house in (*town.houses, *town.mates)
    ]
    wreckers = [
        Wrecker(
            server=each,
            dice=random.Random(f"{plan.seed} server"),
            longest=2 * plan.longest,
            in_batch=in_batch,
            stop=stop,
        )
        for each in (server and [server]) or []
    ]
    vandals = [
        Vandal(road=road, dice=random.Random(f"{plan.seed} road {number}"), stop=stop)
        for number, road in enumerate(town.roads)
    ]
    saboteurs = [
        Saboteur(house=house, disk=disk, dice=random.Random(f"{plan.seed} disk {house.name}"), stop=stop)
        for house, disk in zip(town.houses, disks, strict=False)
    ]
    await asyncio.sleep(_WARM_UP)  # so that it is known which points each house comes by
    for house in (*town.houses, *town.mates) if plan.kills else ():
        assert house.life is not None
        house.life.kill()
        await house.life.dead.wait()
    async with asyncio.TaskGroup() as breaking:
        if plan.kills:
            for killer in killers:
                breaking.create_task(killer.kill_on())
        for saboteur in saboteurs:
            breaking.create_task(saboteur.sabotage_on())
        for wrecker in wreckers:
            breaking.create_task(wrecker.wreck_on())
        if plan.network:
            for vandal in vandals:
                breaking.create_task(vandal.break_on())
        deadline = time.monotonic() + plan.seconds
        while _is_going_on(plan, killers, deadline):  # noqa: ASYNC110 - killers count, they do not tell
            await asyncio.sleep(0.05)
        stop.set()
    outcome.kills = {killer.house.name: killer.count for killer in killers}
    outcome.at_points = _sum(killer.at_points for killer in killers)
    outcome.at_random = sum(killer.at_random for killer in killers)
    outcome.faults = _sum(vandal.done for vandal in vandals)
    outcome.disk_faults = _sum(saboteur.done for saboteur in saboteurs)
    outcome.server_faults = _sum(wrecker.done for wrecker in wreckers)
    outcome.frozen_at = _sum(killer.frozen_at for killer in killers)
    outcome.stillborn = sum(killer.stillborn for killer in killers)
    outcome.findings.append(_lived_until_killed(killers))


def _lived_until_killed(killers: list[Killer]) -> Finding:
    ended = [
        f"{killer.house.name}: {killer.by_themselves} times" for killer in killers if killer.by_themselves
    ]
    lives = sum(killer.count + killer.by_themselves for killer in killers)
    return Finding(sentence="a node that serves does not end by itself", checked=lives, breaches=ended)


async def _lose(town: Town, ledger: Ledger, plan: Plan, outcome: Outcome, clerks: list[Clerk]) -> None:
    stop = asyncio.Event()
    losers = [
        Loser(
            house=house,
            clerks=[clerk for clerk in clerks if clerk.desk.house is house],
            ledger=ledger,
            dice=random.Random(f"{plan.seed} loss {house.name}"),
            stop=stop,
            backups=town.directory,
        )
        for house in town.houses[1:]
    ]
    async with asyncio.TaskGroup() as losing:
        for loser in losers:
            losing.create_task(loser.lose_on())
        await asyncio.sleep(plan.seconds)
        stop.set()
    outcome.losses = {loser.house.name: loser.count for loser in losers}


def _sum(counters: Iterable[Counter[str]]) -> dict[str, int]:
    return dict(sorted((str(name), count) for name, count in sum(counters, Counter[str]()).items()))


def _is_going_on(plan: Plan, killers: list[Killer], deadline: float) -> bool:
    enough = plan.kills and sum(killer.count for killer in killers) >= plan.kills
    return not enough and time.monotonic() < deadline


async def _settle(town: Town, ledger: Ledger, *, within: float) -> list[str]:
    """Wait until nothing is open anywhere and nothing has changed for a while; say what is still open."""
    quiet_since, moved_at, before = time.monotonic(), time.monotonic(), None
    # What has piled up may take its time, as long as it gets less.
    while time.monotonic() - moved_at < within:
        await asyncio.sleep(0.2)
        try:
            now = ([_open_count(house) for house in town.houses], len(ledger.taken), len(ledger.confirmed))
        except Away:
            continue
        undecided = [each for each in ledger.sendings.values() if not each.promises and each.refused is None]
        if now != before:
            moved_at = time.monotonic()
        if any(now[0]) or undecided or now != before:
            before, quiet_since = now, time.monotonic()
        elif time.monotonic() - quiet_since > _SETTLED_FOR:
            return []
    return [f"{house.name}: {_open_count(house)} dispatches are open" for house in town.houses] + [
        f"{each.token} of {each.sender} has no answer" for each in undecided[:10]
    ]


def _open_count(house: House) -> int:
    ((count,),) = house.rows("SELECT count(*) FROM dispatches WHERE state IN ('waiting', 'claimed')")
    return int(count)


def _count(ledger: Ledger, outcome: Outcome) -> None:
    sendings = ledger.sendings.values()
    outcome.sendings = len(sendings)
    outcome.promises = sum(len(sending.promises) for sending in sendings)
    outcome.refused = sum(sending.refused is not None for sending in sendings)
    outcome.deliveries = sum(len(ids) for ids in ledger.offers.values())
