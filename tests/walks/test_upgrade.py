"""Two nodes are brought to a new version one after the other, and nobody who sends notices."""

import asyncio
import itertools
import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.errors import Delay
from gateway.model.log import LogKind
from gateway.office import now
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from gateway.store.schema import newest_version
from tests.databases import fresh_address, why_no_postgresql
from tests.packages import Sent, document
from tests.walks.test_killed_between_steps import check_log, take
from tests.walks.world import HEALTH, HUB, MINISTRY, Node, prepare_node

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(why_no_postgresql() is not None, reason=str(why_no_postgresql()))

PROMISED = f"-- programs since: {newest_version():04}\n"
STEP = "ALTER TABLE threads ADD COLUMN colour TEXT;\nCREATE INDEX threads_by_colour ON threads (colour);\n"
PATIENCE_SECONDS = 60


def newer_version(folder: Path, step: str) -> Path:
    """Make the next version of the program: this one with a step more of the schema."""
    for name in ("gateway", "schemas"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    migrations = folder / "gateway" / "store" / "migrations"
    (migrations / f"{newest_version() + 1:04}_colours.sql").write_text(step)
    return folder


@dataclass(kw_only=True)
class Process:
    """A node as a process of some version of the program."""

    node: Node
    version: Path = ROOT
    running: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it; return what it says when it does not begin to serve."""
        with (self.node.directory / "log").open("a") as log:
            self.running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "serve", str(self.node.directory)),
                cwd=self.version,
                env=os.environ | {"PYTHONPATH": str(self.version), "PYTHONDONTWRITEBYTECODE": "1"},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.running.stdout is not None
        line = (await asyncio.wait_for(self.running.stdout.readline(), PATIENCE_SECONDS)).decode().split()
        if line[:1] != ["ready"]:
            assert await self.running.wait() == 2
            return self.log
        self.node.url = line[1]
        return ""

    @property
    def log(self) -> str:
        """What it wrote for its operator."""
        return (self.node.directory / "log").read_text()

    async def stop(self) -> None:
        if self.running is not None and self.running.returncode is None:
            self.running.terminate()
            await asyncio.wait_for(self.running.wait(), PATIENCE_SECONDS)
            assert self.running.returncode == 0


@asynccontextmanager
async def cluster(folder: Path) -> AsyncIterator[tuple[Process, Process]]:
    """Two nodes of a hub over one database, with a ministry and a department on it."""
    storage: dict[str, object] = {"database": fresh_address(folder)}
    first = prepare_node(folder / "a", code=HUB, role=Role.HUB, storage=storage)
    await first.connect("BO", [MINISTRY])
    await first.connect("SYT", [HEALTH])
    shutil.copytree(folder / "a", folder / "b")
    second = Node(directory=folder / "b", secrets=first.secrets)
    nodes = Process(node=first), Process(node=second)
    try:
        yield nodes
    finally:
        for each in nodes:
            await each.stop()


@dataclass(kw_only=True)
class Traffic:
    """DMSs that send all the time: to the one node, and to the other when that one is not there."""

    nodes: tuple[Process, Process]
    accepted: dict[str, str] = field(default_factory=dict)
    turned_away: list[str] = field(default_factory=list)
    by_node: Counter[str] = field(default_factory=Counter)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _ends: bool = False

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send while the block lasts; what was begun is brought to its end."""
        async with asyncio.TaskGroup() as senders:
            for place in range(4):
                senders.create_task(self._send(place))
            try:
                yield
            finally:
                self._ends = True

    async def more(self, count: int, *, at: Process | None = None) -> None:
        """Wait until so many more documents were taken, by a certain node."""

        def taken() -> int:
            return len(self.accepted) if at is None else self.by_node[at.node.directory.name]

        wanted = taken() + count
        async with asyncio.timeout(PATIENCE_SECONDS):
            while taken() < wanted:  # noqa: ASYNC110 - the nodes are other processes
                await asyncio.sleep(0.02)

    async def _send(self, place: int) -> None:
        while not self._ends:
            sent = Sent(sender=MINISTRY, number=str(next(self._numbers)), notation="BTN-VP")
            package = document(sent, [HEALTH])
            for attempt in itertools.count(place):
                process = self.nodes[attempt % 2]
                node = process.node
                try:
                    dms = SampleDms(f"{node.url}/vxp", "BO", node.secrets["BO"], made_at=now())
                    answer = await dms.send(package, sender=MINISTRY)
                except Delay:
                    await asyncio.sleep(0.02)
                    continue
                if not answer.ok:
                    self.turned_away.append(answer.words)
                    await asyncio.sleep(0.02)
                    continue
                self.accepted[sent.document_id] = answer.doc_id
                self.by_node[node.directory.name] += 1
                break


async def test_a_cluster_is_upgraded_while_it_is_used(tmp_path: Path) -> None:
    """The old node goes on over the new schema; nothing is lost, nothing twice, nobody turned away."""
    new = newer_version(tmp_path / "new", PROMISED + STEP)
    async with cluster(tmp_path) as (a, b):
        assert not await a.start() + await b.start()
        traffic = Traffic(nodes=(a, b))
        async with traffic.flowing():
            await traffic.more(8, at=a)
            await traffic.more(8, at=b)
            await a.stop()
            await traffic.more(5)
            a.version = new
            assert not await a.start()
            assert f"schema step number={newest_version() + 1:04}" in a.log
            assert b.node.rows("SELECT colour FROM threads LIMIT 1")
            await traffic.more(8, at=b)
            await traffic.more(5, at=a)
            await b.stop()
            b.version = new
            assert not await b.start()
            await traffic.more(5, at=b)
        assert traffic.turned_away == []
        collected = await take(a.node, "SYT")
        assert len(collected) == len(traffic.accepted) == len(set(traffic.accepted.values()))
        told = b.node.log(LogKind.ACCEPTED)
        assert sorted(entry["document"] for entry in told) == sorted(traffic.accepted)
        check_log(a.node)


async def test_a_step_that_old_nodes_cannot_live_with_waits_until_they_are_gone(tmp_path: Path) -> None:
    """The new version does not start beside them; afterwards the old one does not start any more."""
    new = newer_version(tmp_path / "new", STEP)
    async with cluster(tmp_path) as (a, b):
        assert not await b.start()
        a.version = new
        assert "nodes-still-serve" in await a.start()
        dms = b.node.dms("BO")
        assert (await dms.send(document(Sent(sender=MINISTRY), [HEALTH]), sender=MINISTRY)).ok
        await b.stop()
        assert not await a.start()
        assert "schema-too-new" in await b.start()
        b.version = new
        assert not await b.start()
