"""The campaign under load: ``python -m tests.campaign.load [--waiting N] [--seconds S] [--report FILE]``.

A gateway with N packages in one mailbox and N more for an axis that is away; then the axis comes back; then
the mailbox is emptied; then more clients come than can be served. What is measured is what others notice:
the traffic of two pairs of small agencies, memory, the order of arrival, what is turned away and how.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path

from benchmarks.nodes import Node as Process
from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from tests.campaign.arrival import Arrival, count_entries, look_at_arrival, open_count, seconds_to_the_hub
from tests.campaign.crowd import Letter, fill
from tests.campaign.onlookers import Onlooker, Spread, Traffic, looking_on
from tests.campaign.storm import Storm, storm
from tests.campaign.town import free_port
from tests.packages import Sent, document
from tests.walks.world import HEALTH, HUB, MINISTRY, NAMES, PROVINCE, Node, prepare_node

FULL = AgencyCode("000.00.20.H57")
EDUCATION, JUSTICE, CULTURE = (AgencyCode(f"000.00.{number}.H57") for number in (21, 22, 23))
PAIRS = tuple((AgencyCode(f"000.00.3{n}.H57"), AgencyCode(f"000.00.4{n}.H57")) for n in (1, 2))
STORMING = tuple(AgencyCode(f"000.00.5{n}.H57") for n in (1, 2, 3, 4))
SINK = AgencyCode("000.00.60.H57")
AGENCIES = (
    HEALTH,
    FULL,
    EDUCATION,
    JUSTICE,
    CULTURE,
    SINK,
    *STORMING,
    *(one for pair in PAIRS for one in pair),
)
NAMES |= {code: f"Sở Thử nghiệm {code}" for code in AGENCIES}

CONCURRENCY = 16
CLIENTS = 200
COLLECTORS = 8
_LOOK_SECONDS = 0.2
_GLUTTON_SECONDS = 1.0
_BYSTANDER_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the gateway's process held, in bytes: with empty queues, with long ones, and at most."""

    quiet: int
    loaded: int
    peak: int


@dataclass(frozen=True, kw_only=True)
class Lists:
    """How long the questions about long queues took, in milliseconds."""

    mailbox_head: Spread
    mailbox_count: Spread
    sent_list: Spread
    sent_lines: int


@dataclass(frozen=True, kw_only=True)
class Away:
    """What the audit log got while the axis was away."""

    seconds: float
    deferrals: int


@dataclass(frozen=True, kw_only=True)
class CatchUp:
    """How the long queue left. bystander is a small sender's document meanwhile, from promise to hub."""

    seconds: float
    arrival: Arrival
    bystander: Spread

    @property
    def per_second(self) -> float:
        """Return the rate."""
        return self.arrival.arrived / self.seconds


@dataclass(frozen=True, kw_only=True)
class Emptying:
    """How the long mailbox was emptied, in packages per second: its first tenth and its last."""

    collected: int
    first_tenth: float
    last_tenth: float


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """Every figure of one run."""

    waiting: int
    filling_seconds: float
    quiet: Traffic
    loaded: Traffic
    beside_lists: Traffic
    catching_up: Traffic
    memory: Memory
    lists: Lists
    away: Away
    catch_up: CatchUp
    emptying: Emptying
    storm: Storm
    recovery_seconds: float


@dataclass(kw_only=True)
class Scene:
    """A gateway and its hub: their directories, and their processes while they run."""

    gateway: Node
    hub: Node
    gateway_process: Process
    hub_process: Process
    dmss: list[SampleDms] = field(default_factory=list)

    def dms(self, agency: AgencyCode) -> SampleDms:
        """Connect as the one system that serves an agency."""
        dms = self.gateway_process.dms(_system(agency))
        self.dmss.append(dms)
        return dms

    def onlookers(self) -> list[Onlooker]:
        """Connect two pairs of agencies that have nothing to do with it all."""
        return [
            Onlooker(writer=writer, reader=reader, writing=self.dms(writer), reading=self.dms(reader))
            for writer, reader in PAIRS
        ]

    async def close(self) -> None:
        """Close every connection."""
        while self.dmss:
            await self.dmss.pop().close()


def _system(agency: AgencyCode) -> str:
    return f"dms-{agency}"


async def lay_out(directory: Path) -> Scene:
    """Lay out both nodes; nobody runs yet."""
    hub_port, gateway_port = free_port(), free_port()
    hub = prepare_node(directory / "hub", code=HUB, role=Role.HUB, http={"port": hub_port})
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, *AGENCIES], kind=SystemKind.GATEWAY)
    gateway = prepare_node(
        directory / "gateway",
        code=PROVINCE,
        below=(f"http://127.0.0.1:{hub_port}", "TINH", secret),
        http={"port": gateway_port, "queue_limit": 1_000_000},
        axis={"poll_every": "2s"},
        delivery={"concurrency": CONCURRENCY, "first_delay": "2s", "longest_delay": "1m"},
        log={"format": "json"},
    )
    for agency in AGENCIES:
        await gateway.connect(_system(agency), [agency])
    return Scene(
        gateway=gateway,
        hub=hub,
        gateway_process=Process(folder=gateway.directory, port=gateway_port, secrets=gateway.secrets),
        hub_process=Process(folder=hub.directory, port=hub_port, secrets=hub.secrets),
    )


def letters_for_the_mailbox(waiting: int) -> Iterator[Letter]:
    """Write what waits in one mailbox; one in a hundred is urgent."""
    for number in range(1, waiting + 1):
        yield Letter(sender=HEALTH, recipient=FULL, number=number, priority=2 if number % 100 == 0 else 0)


def letters_for_the_axis(waiting: int) -> Iterator[Letter]:
    """Write what waits for the axis: nine tenths of one sender, every tenth an update, some urgent."""
    for number in range(waiting):
        sender = {9: EDUCATION, 19: JUSTICE}.get(number % 20, HEALTH)
        letter = Letter(sender=sender, recipient=MINISTRY, number=1_000_000 + number)
        if number % 10 == 5:
            letter = replace(letter, number=letter.number - 1, version=1)
        elif number % 50 == 7:
            letter = replace(letter, priority=2)
        yield letter


async def load(directory: Path, *, waiting: int, seconds: float) -> LoadReport:
    """Play the scene in an empty directory.

    Shape: waiting is how many packages each of the two queues gets; each look at the traffic of others
    takes some seconds.
    """
    scene = await lay_out(directory)
    async with _running(scene, scene.gateway_process):
        quiet = await _look(scene, seconds)
        quiet_bytes = scene.gateway_process.resident_bytes()
    began = time.monotonic()
    letters = chain(letters_for_the_mailbox(waiting), letters_for_the_axis(waiting))
    await fill(scene.gateway.directory, letters, system_of=_system)
    filling_seconds = time.monotonic() - began
    async with _running(scene, scene.gateway_process):
        loaded, away = await _look_while_away(scene, seconds)
        beside_lists, lists = await _look_beside_lists(scene, seconds)
        loaded_bytes = scene.gateway_process.resident_bytes()
        async with _running(scene, scene.hub_process):
            catching_up, catch_up = await _catch_up(scene)
        emptying = await _empty(scene, waiting)
        stormy = await _storm(scene, seconds)
        recovery_seconds = await _recover(scene, quiet)
        peak_bytes = scene.gateway_process.resident_bytes(peak=True)
    return LoadReport(
        waiting=waiting,
        filling_seconds=filling_seconds,
        quiet=quiet,
        loaded=loaded,
        beside_lists=beside_lists,
        catching_up=catching_up,
        memory=Memory(quiet=quiet_bytes, loaded=loaded_bytes, peak=peak_bytes),
        lists=lists,
        away=away,
        catch_up=catch_up,
        emptying=emptying,
        storm=stormy,
        recovery_seconds=recovery_seconds,
    )


@asynccontextmanager
async def _running(scene: Scene, process: Process) -> AsyncIterator[None]:
    await asyncio.to_thread(process.start)
    try:
        yield
    finally:
        await scene.close()
        await asyncio.to_thread(process.stop)


async def _look(scene: Scene, seconds: float) -> Traffic:
    async with looking_on(scene.gateway_process.url, scene.onlookers()) as look:
        await asyncio.sleep(seconds)
    return look.seen


async def _look_while_away(scene: Scene, seconds: float) -> tuple[Traffic, Away]:
    """Look on while everything waits and nobody answers above."""
    before, began = count_entries(scene.gateway, LogKind.DEFERRED), time.monotonic()
    loaded = await _look(scene, seconds)
    deferrals = count_entries(scene.gateway, LogKind.DEFERRED) - before
    return loaded, Away(seconds=time.monotonic() - began, deferrals=deferrals)


async def _look_beside_lists(scene: Scene, seconds: float) -> tuple[Traffic, Lists]:
    """Look on while somebody asks for the longest lists there are, again and again."""
    began = time.monotonic()
    glutton = Glutton(mailbox=scene.dms(FULL), sent=scene.dms(HEALTH))
    async with looking_on(scene.gateway_process.url, scene.onlookers()) as look:
        while time.monotonic() - began < seconds:
            await glutton.ask()
            await asyncio.sleep(_GLUTTON_SECONDS)
    return look.seen, glutton.lists()


@dataclass(kw_only=True)
class Glutton:
    """Asks for the longest answers there are."""

    mailbox: SampleDms
    sent: SampleDms
    heads: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)
    lines: int = 0

    async def ask(self) -> None:
        """Ask all three questions."""
        for ask, took in (
            (self.mailbox.received, self.heads),
            (self.mailbox.count_documents, self.counts),
            (self.sent.sent, self.reports),
        ):
            begin = time.monotonic()
            answer = await ask()
            took.append(time.monotonic() - begin)
            assert answer.ok, answer.words
            self.lines = len(answer.items)

    def lists(self) -> Lists:
        """Sort out what was measured."""
        return Lists(
            mailbox_head=Spread.of(self.heads),
            mailbox_count=Spread.of(self.counts),
            sent_list=Spread.of(self.reports),
            sent_lines=self.lines,
        )


async def _catch_up(scene: Scene) -> tuple[Traffic, CatchUp]:
    """Look on until everything has left, with a small sender's documents among it."""
    dms, began, sent_count = scene.dms(CULTURE), time.monotonic(), 0
    async with looking_on(scene.gateway_process.url, scene.onlookers()) as look:
        while open_count(scene.gateway) or not sent_count:
            sent = Sent(sender=CULTURE, number=str(sent_count), notation="VHTT")
            assert (await dms.send(document(sent, [MINISTRY]), sender=CULTURE)).ok
            sent_count += 1
            await asyncio.sleep(_BYSTANDER_SECONDS)
    took = time.monotonic() - began
    arrival = look_at_arrival(scene.gateway, scene.hub, allowance=2 * CONCURRENCY)
    bystander = Spread.of(seconds_to_the_hub(scene.gateway, scene.hub, CULTURE))
    return look.seen, CatchUp(seconds=took, arrival=arrival, bystander=bystander)


async def _empty(scene: Scene, waiting: int) -> Emptying:
    """Collect and confirm a long mailbox as a DMS does: what is listed, then what is listed next."""
    ended_at: list[float] = [time.monotonic()]
    lister = scene.dms(FULL)

    async def take(items: list[str]) -> None:
        dms = scene.dms(FULL)
        while items:
            doc_id = items.pop()
            assert (await dms.get(doc_id)).ok
            assert (await dms.confirm(doc_id)).ok
            ended_at.append(time.monotonic())

    while items := [item["docId"] for item in reversed((await lister.received()).items)]:
        async with asyncio.TaskGroup() as group:
            for _ in range(COLLECTORS):
                group.create_task(take(items))
    collected, tenth = len(ended_at) - 1, max(1, waiting // 10)
    return Emptying(
        collected=collected,
        first_tenth=tenth / (ended_at[tenth] - ended_at[0]),
        last_tenth=tenth / (ended_at[-1] - ended_at[-1 - tenth]),
    )


async def _storm(scene: Scene, seconds: float) -> Storm:
    senders = {agency: (_system(agency), scene.gateway.secrets[_system(agency)]) for agency in STORMING}
    return await storm(scene.gateway_process.url, senders, SINK, clients=CLIENTS, seconds=seconds)


async def _recover(scene: Scene, quiet: Traffic) -> float:
    """Tell how long after the storm sending is as quick again as it was before everything."""
    began, quick_in_a_row = time.monotonic(), 0
    (onlooker, _) = scene.onlookers()
    while quick_in_a_row < 5:
        onlooker.seconds.clear()
        await onlooker.exchange()
        quick_in_a_row = quick_in_a_row + 1 if onlooker.seconds["send"][0] * 1e3 <= 2 * quiet.send.p95 else 0
    return time.monotonic() - began


def tell(report: LoadReport) -> None:
    """Print the figures."""
    print(f"{report.waiting} packages in each queue, made in {report.filling_seconds:.0f} s\n")
    looks = {
        "quiet": report.quiet,
        "long queues": report.loaded,
        "and long lists": report.beside_lists,
        "catching up": report.catching_up,
    }
    print(f"{'others, ms: p50 p95 p99':<25}" + "".join(f"{name:>21}" for name in looks))
    for call in ("send", "list", "collect", "confirm", "loop"):
        spreads = [getattr(traffic, call) for traffic in looks.values()]
        print(f"  {call:<23}" + "".join(f"{s.p50:8.1f}{s.p95:6.1f}{s.p99:7.1f}" for s in spreads))
    memory, away, catch_up, arrival = report.memory, report.away, report.catch_up, report.catch_up.arrival
    mib = [f"{size / 2**20:.0f}" for size in (memory.quiet, memory.loaded, memory.peak)]
    print(f"memory, MiB: {mib[0]} quiet, {mib[1]} with long queues, {mib[2]} at most")
    for name, spread in (
        ("head of the mailbox", report.lists.mailbox_head),
        ("its count", report.lists.mailbox_count),
        (f"{report.lists.sent_lines} lines of the sent list", report.lists.sent_list),
    ):
        print(f"{name}, ms: {spread.p50:.1f}, at most {spread.p99:.1f}")
    print(f"axis away for {away.seconds:.0f} s: {away.deferrals} entries in the log")
    print(f"catch-up: {arrival.arrived} in {catch_up.seconds:.1f} s, {catch_up.per_second:.0f}/s; {arrival}")
    print(f"a small sender's document meanwhile, ms: {catch_up.bystander}")
    emptying, stormy = report.emptying, report.storm
    print(
        f"mailbox emptied: {emptying.collected}, {emptying.first_tenth:.0f}/s at first,"
        f" {emptying.last_tenth:.0f}/s at last"
    )
    print(f"storm of {stormy.clients} clients: {stormy.share_refused:.0%} turned away, {stormy}")
    print(f"itself again after {report.recovery_seconds:.1f} s")


def main() -> None:
    """Play the scene and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.load", description=__doc__)
    parser.add_argument("--waiting", type=int, default=2_000, help="packages in each queue")
    parser.add_argument("--seconds", type=float, default=2, help="length of each look at the others")
    parser.add_argument("--report", type=Path, help="write the figures there, as JSON")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lienthong-load-") as directory:
        report = asyncio.run(load(Path(directory), waiting=chosen.waiting, seconds=chosen.seconds))
    tell(report)
    if chosen.report is not None:
        chosen.report.write_text(json.dumps(asdict(report), indent=1) + "\n")


if __name__ == "__main__":
    main()
