"""kill -9 between any two steps: nothing lost, nothing twice, and the log says what happened."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import Delay
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import read_receipt, verify_receipt, write_entry
from gateway.model.agency import SystemKind
from gateway.office import now
from gateway.sandbox.dms import DmsAnswer, SampleDms
from gateway.settings import Role
from tests.keys import issued
from tests.packages import Sent, document
from tests.walks.dying import POINTS
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, PROVINCE, Node, prepare_node

ON_THE_WAY_OUT = [
    "the body is here, nothing is judged",
    "judged, its bytes not yet safe",
    "its bytes safe, nothing recorded",
    "in the transaction, before its commit",
    "recorded, not yet answered",
    "claimed, not yet sealed",
    "sealed, not yet handed over",
    "handed over, not yet recorded",
    "delivery recorded",
]
ON_THE_WAY_IN = [
    "fetched from the axis, not yet recorded",
    "recorded, not yet confirmed to the axis",
    "collected, not yet answered",
    "confirmed, not yet answered",
]

# Tried in test_ladder.py.
WITH_RECEIPTS = [
    "the axis's receipts read, not yet kept",
    "the axis's receipts kept",
    "the axis told of ours, not yet noted",
    "looked for missing receipts",
]


@dataclass
class Mortal:
    """A node as a process that can die and be started again at the same address."""

    node: Node
    running: asyncio.subprocess.Process | None = None

    async def start(self, *point: str) -> None:
        with self.log.open("ab") as log:
            self.running = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.walks.dying",
                str(self.node.directory),
                *point,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )
        assert self.running.stdout is not None
        line = (await asyncio.wait_for(self.running.stdout.readline(), 30)).decode()
        self.node.url = line.split()[1]
        config = self.node.directory / "config.toml"
        config.write_text(config.read_text().replace("port = 0", f"port = {self.node.url.rsplit(':', 1)[1]}"))

    @property
    def log(self) -> Path:
        """Where its operating log is, of all its lives."""
        return self.node.directory / "operating.log"

    async def died(self) -> bool:
        assert self.running is not None
        await asyncio.wait_for(self.running.communicate(), 20)
        return self.running.returncode == -9

    def stands_still(self) -> bool:
        """Tell whether it has stopped itself."""
        assert self.running is not None
        return Path(f"/proc/{self.running.pid}/stat").read_text().rpartition(") ")[2][0] == "T"

    def lives(self) -> bool:
        return self.running is not None and self.running.returncode is None

    def wake(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        if self.running is not None and self.lives():
            self.running.kill()
            await self.running.communicate()


@asynccontextmanager
async def mortal_world(tmp_path: Path) -> AsyncIterator[tuple[Mortal, Mortal]]:
    """A hub with a ministry on it and a province's gateway below, each a process."""
    hub = Mortal(prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB))
    await hub.node.connect("BO", [MINISTRY])
    secret = await hub.node.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = Mortal(prepare_node(tmp_path / "gateway", code=PROVINCE, below=(hub.node.url, "TINH", secret)))
    await gateway.node.connect("SYT", [HEALTH])
    try:
        yield hub, gateway
    finally:
        await gateway.stop()
        await hub.stop()


@contextmanager
def telling_why(*nodes: Mortal) -> Iterator[None]:
    """Show the last lines of the nodes' operating logs when something did not come in time."""
    try:
        yield
    except TimeoutError as error:
        for node in nodes:
            error.add_note(f"{node.log}:\n{node.log.read_text()[-4000:]}")
        raise


async def insist(dms: SampleDms, package: bytes, sender: str) -> DmsAnswer:
    """Send as a DMS that got no answer does: the same bytes again, until there is one."""
    async with asyncio.timeout(30):
        while True:
            try:
                answer = await dms.send(package, sender=sender)
                if answer.ok:
                    return answer
            except Delay:
                pass
            await asyncio.sleep(0.2)


async def take(node: Node, system: str) -> list[bytes]:
    """Collect and confirm, through the death and resurrection of the node."""
    taken: dict[str, bytes] = {}
    async with asyncio.timeout(30):
        while True:
            try:
                dms = SampleDms(f"{node.url}/vxp", system, node.secrets[system], made_at=now())
                items = (await dms.received()).items
                if taken and not items:
                    return list(taken.values())
                for item in items:
                    taken[item["docId"]] = (await dms.get(item["docId"])).document
                    await dms.confirm(item["docId"])
            except (Delay, KeyError):
                pass
            await asyncio.sleep(0.1)


def check_log(node: Node) -> None:
    """Every leaf recomputes, every receipt verifies, no number is missing."""
    rows = node.rows("SELECT * FROM log ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    certificate = issued(PROVINCE if node.directory.name == "gateway" else HUB).certificate
    for row in rows:
        receipt = None if row["receipt"] is None else read_receipt(row["receipt"])
        assert hash_leaf(write_entry(row["statement"], receipt)) == row["leaf"]
        assert receipt is None or verify_receipt(receipt, certificate)


@pytest.mark.parametrize("point", ON_THE_WAY_OUT)
async def test_a_gateway_killed_on_the_way_out_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, point: str
) -> None:
    """The DMS asks again, the gateway comes back, the ministry has the document once."""
    async with mortal_world(tmp_path) as (hub, gateway):
        await gateway.start(point)
        package = document(Sent(sender=HEALTH), [MINISTRY])
        sending = asyncio.create_task(insist(gateway.node.dms("SYT"), package, HEALTH))
        assert await gateway.died()
        await gateway.start()
        answer = await sending
        assert len(await take(hub.node, "BO")) == 1
        await asyncio.sleep(0.5)
        assert (await hub.node.dms("BO").received()).items == []
        accepted = [entry for entry in gateway.node.log() if entry["event"] == "accepted"]
        assert [entry["package"] for entry in accepted] == [answer.doc_id]
        assert len([entry for entry in hub.node.log() if entry["event"] == "accepted"]) == 1
        check_log(gateway.node)
        check_log(hub.node)


@pytest.mark.parametrize("point", ON_THE_WAY_IN)
async def test_a_gateway_killed_on_the_way_in_loses_nothing_and_delivers_nothing_twice(
    tmp_path: Path, point: str
) -> None:
    """The axis still has it, or we do: one entry in the mailbox, one 01 back, confirmed once."""
    async with mortal_world(tmp_path) as (hub, gateway):
        await gateway.start(point)
        ministry = hub.node.dms("BO")
        sent = Sent(sender=MINISTRY, number="7", notation="BTN-VP")
        assert (await ministry.send(document(sent, [HEALTH]), sender=MINISTRY)).ok
        taking = asyncio.create_task(take(gateway.node, "SYT"))
        assert await gateway.died()
        await gateway.start()
        with telling_why(hub, gateway):
            assert len(await taking) == 1
        async with asyncio.timeout(20):
            while (await ministry.count_statuses()).count == 0:  # noqa: ASYNC110 - the far side is asked
                await asyncio.sleep(0.1)
        await asyncio.sleep(0.5)
        assert (await ministry.count_statuses()).count == 1
        boxes = gateway.node.rows("SELECT state FROM dispatches WHERE mailbox = ?", HEALTH)
        assert [row["state"] for row in boxes] == ["delivered"]
        confirmed = [entry for entry in gateway.node.log() if entry["event"] == "confirmed"]
        assert len(confirmed) == 1
        check_log(gateway.node)


def test_every_point_is_visited() -> None:
    """No way to die is forgotten."""
    assert sorted(ON_THE_WAY_OUT + ON_THE_WAY_IN + WITH_RECEIPTS) == sorted(POINTS)
