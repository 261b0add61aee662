"""Several processes serve one gateway: all deliver, and one at a time does what is done for all."""

import asyncio
import itertools
import os
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from gateway.back_office import furnish_people
from gateway.config import load_config
from gateway.errors import Delay
from gateway.exchange.patience import Count
from gateway.exchange.roster import Roster
from gateway.model.agency import SystemKind
from gateway.model.identifiers import SystemId
from gateway.model.log import LogKind
from gateway.model.node import Duty
from gateway.office import Office, now, open_office
from gateway.settings import Role
from gateway.store.nodes import list_nodes
from gateway.store.spools import Spools, own_spool
from tests.databases import on_postgresql
from tests.keys import AT
from tests.packages import Sent, document
from tests.rooms.cli_kit import found, served
from tests.walks.test_killed_between_steps import Mortal, check_log, insist, take
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    Node,
    playing,
    prepare_node,
    roster_of,
    until,
)

pytestmark = pytest.mark.both_engines

QUICK = {"gone_after": "800ms"}


async def eventually(ask: Callable[[], bool], *, seconds: float = 20) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not ask():  # noqa: ASYNC110 - processes are asked, not awaited
            await asyncio.sleep(0.05)


def duties_of(node: Node) -> dict[str, str]:
    """Tell who has which duty."""
    return {row["name"]: row["node"] for row in node.rows("SELECT name, node FROM duties")}


@asynccontextmanager
async def beside(node: Node) -> AsyncIterator[Node]:
    """Another node of the same gateway, at another port."""
    other = Node(directory=node.directory, secrets=node.secrets)
    await other.start()
    try:
        yield other
    finally:
        await other.stop()


async def test_two_nodes_share_the_work_and_one_hands_its_duties_over(tmp_path: Path) -> None:
    """Each document leaves once, whoever took it; who stops gives polling and checkpoints to the other."""
    async with playing(tmp_path, nodes=QUICK, audit={"checkpoint_every": "100ms"}) as world:
        first = world.gateway
        async with beside(first) as second:
            await eventually(lambda: len(first.rows("SELECT * FROM nodes")) == 2)
            holders = set(duties_of(first).values())
            assert len(holders) == 1
            at_both = [node.dms("SYT") for node in (first, second)]
            letters = [document(Sent(sender=HEALTH, number=str(n)), [MINISTRY]) for n in range(12)]
            sent = [at_both[n % 2].send(each, sender=HEALTH) for n, each in enumerate(letters)]
            assert all(answer.ok for answer in await asyncio.gather(*sent))
            await until(world.ministry.received, lambda answer: len(answer.items) >= len(letters))
            await eventually(lambda: len(first.log(LogKind.DELIVERED)) >= len(letters))
            delivered = [entry["dispatch"] for entry in first.log(LogKind.DELIVERED)]
            assert len(delivered) == len(set(delivered)) == len(letters)
            assert set(duties_of(first).values()) == holders

            await first.stop()
            await eventually(lambda: set(duties_of(second)) == set(Duty))
            assert not holders & set(duties_of(second).values())
            letter = document(Sent(sender=MINISTRY, number="7", notation="BTN-VP"), [HEALTH])
            assert (await world.ministry.send(letter, sender=MINISTRY)).ok
            await until(second.dms("SYT").received, lambda answer: len(answer.items) == 1)
            sizes = [row["size"] for row in second.rows("SELECT size FROM checkpoints ORDER BY at, size")]
            assert sizes == sorted(set(sizes))


async def remark_of(node: Node) -> str:
    """What a node says of where it keeps large packages."""
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}/readyz") as answer:
        remarks: dict[str, str] = (await answer.json())["remarks"]
    return remarks.get("large packages", "")


async def test_nodes_that_keep_large_packages_apart_are_told_so(tmp_path: Path) -> None:
    """One database, and a folder for each: what one took the other could not hand out."""
    async with playing(tmp_path, nodes=QUICK) as world:
        first, folder = world.gateway, tmp_path / "elsewhere"
        shutil.copytree(first.directory, folder, ignore=shutil.ignore_patterns("*.db*", "spool", "blobs"))
        if not on_postgresql():
            with (folder / "config.toml").open("a") as config:
                config.write(f'\n[storage]\ndatabase_file = "{first.directory / "lienthong.db"}"\n')
        async with beside(first) as third, beside(Node(directory=folder)) as second:
            for node, others_count in (first, 1), (third, 1), (second, 2):
                async with asyncio.timeout(10):
                    while len((await remark_of(node)).partition(":")[0].split()) != 3 + others_count:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)


@asynccontextmanager
async def one_dying_one_living(folder: Path, point: str) -> AsyncIterator[tuple[Mortal, Mortal, Node]]:
    """The hub; a node that dies at a point as `tests.walks.dying` has it; another node of that gateway."""
    hub = Mortal(prepare_node(folder / "hub", code=HUB, role=Role.HUB))
    await hub.node.connect("BO", [MINISTRY])
    secret = await hub.node.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    below = (hub.node.url, "TINH", secret)
    node = prepare_node(folder / "gateway", code=PROVINCE, below=below, nodes=QUICK)
    await node.connect("SYT", [HEALTH])
    dying, living = Mortal(node), Node(directory=node.directory, secrets=node.secrets)
    try:
        await dying.start(point)
        config = node.directory / "config.toml"
        config.write_text(config.read_text().replace(node.url.rsplit(":", 1)[1], "0"))
        await living.start()
        await eventually(lambda: len(node.rows("SELECT * FROM nodes")) == 2)
        yield hub, dying, living
    finally:
        await dying.stop()
        await living.stop()
        await hub.stop()


async def test_what_a_killed_node_was_delivering_another_finishes_once(tmp_path: Path) -> None:
    """It had handed over and not recorded it: the other asks the axis, and polls it from now on."""
    async with one_dying_one_living(tmp_path, "HANDED_OVER") as (hub, dying, living):
        node = dying.node
        sending = asyncio.create_task(_send_on(node))
        assert await dying.died()
        sending.cancel()
        sent_count = len(node.log(LogKind.ACCEPTED))
        assert len(await take(hub.node, "BO")) == sent_count
        await eventually(lambda: len(node.log(LogKind.DELIVERED)) == sent_count)
        assert {entry["code"] for entry in node.log(LogKind.DEFERRED)} == {"claim-lost"}
        assert len(hub.node.log(LogKind.ACCEPTED)) == sent_count

        letter = document(Sent(sender=MINISTRY, number="7", notation="BTN-VP"), [HEALTH])
        assert (await hub.node.dms("BO").send(letter, sender=MINISTRY)).ok
        assert len(await take(living, "SYT")) == 1
        check_log(node)


async def test_a_node_that_stood_still_sends_nothing_that_another_sent_meanwhile(tmp_path: Path) -> None:
    """It had claimed and sealed, and was taken for gone: awake again it asks before it hands over."""
    async with one_dying_one_living(tmp_path, "SEALED then HANDED_OVER") as (hub, dying, _):
        node = dying.node
        for number in itertools.count(1):  # what the other node happens to claim first, it delivers
            letter = document(Sent(sender=HEALTH, number=f"{number}"), [MINISTRY])
            await insist(node.dms("SYT"), letter, HEALTH)
            await eventually(lambda n=number: dying.stands_still() or len(node.log(LogKind.DELIVERED)) == n)
            if dying.stands_still():
                break
        await eventually(lambda: len(node.rows("SELECT * FROM nodes")) == 1, seconds=40)
        await eventually(lambda: len(node.log(LogKind.DELIVERED)) == number)

        dying.wake()
        await eventually(lambda: len(node.rows("SELECT * FROM nodes")) == 2)
        assert dying.lives()
        assert len(hub.node.log(LogKind.ACCEPTED)) == number
        check_log(node)


async def _send_on(node: Node) -> None:
    """Send until nobody is there: what the other node happens to claim first, it delivers."""
    for number in itertools.count(1):
        await insist(node.dms("SYT"), document(Sent(sender=HEALTH, number=f"{number}"), [MINISTRY]), HEALTH)
        await asyncio.sleep(0.2)


@pytest.fixture
async def two_offices(tmp_path: Path) -> AsyncIterator[tuple[Office, Office]]:
    """One data directory, opened as two processes open it."""
    prepare_node(tmp_path / "node", code=HUB, role=Role.HUB)
    config = load_config(tmp_path / "node" / "config.toml")
    async with open_office(config) as one, open_office(config) as other:
        yield one, other


def named(office: Office, name: str, spools: Spools) -> Roster:
    """A node's place on the roster, at an instant that stays."""
    return roster_of(office, name, spools, clock=lambda: AT)


async def test_who_is_missed_is_taken_off_and_writes_nothing_more_in_his_term(
    two_offices: tuple[Office, Office],
) -> None:
    """A node that stood still for a while wakes up: what it was about to write for all is refused."""
    root = two_offices[0].config.storage.spool_dir
    with own_spool(root, "a") as one, own_spool(root, "b") as two:
        asleep, awake = named(two_offices[0], "a", one), named(two_offices[1], "b", two)
        await asleep.beat()
        await awake.beat()
        assert [seen.duties for seen in await list_nodes(two_offices[0].database)] == [
            tuple(sorted(Duty)),
            (),
        ]
        with asleep.on_duty(Duty.LOG) as term:
            assert term is not None
            await two_offices[0].database.write(lambda tables: None)
            assert [await awake.beat() for _ in range(4)] == [False, False, False, True]
            with pytest.raises(Delay) as caught:
                await two_offices[0].database.write(lambda tables: None)
        assert caught.value.code == "duty-lost"
        await two_offices[0].database.write(lambda tables: None)  # what is no duty goes on
        await asleep.beat()
        with asleep.on_duty(Duty.LOG) as term:
            assert term is None


async def test_a_living_nodes_spool_is_left_alone_and_a_dead_ones_cleared(
    two_offices: tuple[Office, Office],
) -> None:
    """The lock on its folder tells, at once and without a clock."""
    root = two_offices[0].config.storage.spool_dir
    with own_spool(root, "living") as theirs, own_spool(root, "ours") as ours:
        (theirs.own / "half.part").write_bytes(b"x")
        (root / "dead").mkdir()
        (root / "dead" / "half.part").write_bytes(b"x")
        assert ours.abandoned() == ["dead"]
        await named(two_offices[0], "ours", ours).beat()
        assert sorted(path.name for path in root.iterdir()) == ["living", "ours"]
        assert (theirs.own / "half.part").exists()


async def test_failed_sign_ins_count_at_all_nodes(two_offices: tuple[Office, Office]) -> None:
    """Whoever guesses at one and then at the other waits as if there were one."""
    keys = [(Count.HERE, "lan 192.0.2.1")]
    for number in range(5):
        await furnish_people(two_offices[number % 2]).patience.begin(keys, at=AT)
    with pytest.raises(Delay) as caught:
        await furnish_people(two_offices[1]).patience.begin(keys, at=AT)
    assert caught.value.code == "locked-out"


async def test_a_limit_counts_at_all_nodes_and_a_disabled_system_is_refused_at_all(tmp_path: Path) -> None:
    """What was used up at one is soon used up at the other; who is put out is out everywhere at once."""
    node = prepare_node(
        tmp_path / "hub",
        code=HUB,
        role=Role.HUB,
        nodes=QUICK,
        http={"requests_per_second": 0.1, "burst": 12},
    )
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.start()
    try:
        async with beside(node) as other:
            await eventually(lambda: len(node.rows("SELECT * FROM nodes")) == 2)
            await asyncio.sleep(1.5)  # both have seen each other, and begun to share
            here, there = node.dms("SYT"), other.dms("SYT")
            assert all([(await here.received()).ok for _ in range(10)])
            await eventually(lambda: bool(node.rows("SELECT * FROM admissions WHERE count >= 10")))
            await asyncio.sleep(1)
            answers = [await there.received() for _ in range(5)]
            assert not all(answer.ok for answer in answers)

            assert (await other.dms("STC").received()).ok
            async with open_office(load_config(node.directory / "config.toml")) as office:
                await office.registry.disable_system(SystemId("STC"), by="test", at=now())
            assert not (await node.dms("STC").received()).ok
            assert not (await other.dms("STC").received()).ok
    finally:
        await node.stop()


def test_a_parent_looks_after_its_workers(tmp_path: Path) -> None:
    """One that is killed is there again; told to stop, all drain and end well, and nothing is left behind."""
    folder = found(tmp_path / "hub")
    with served(folder, "--workers", "2") as server:
        database = f"file:{folder}/lienthong.db?mode=ro"

        def pids() -> set[int]:
            with closing(sqlite3.connect(database, uri=True)) as connection:
                return {pid for (pid,) in connection.execute("SELECT pid FROM nodes")}

        asyncio.run(eventually(lambda: len(pids()) == 2))
        killed = min(pids())
        os.kill(killed, signal.SIGKILL)
        asyncio.run(eventually(lambda: len(pids() - {killed}) == 2, seconds=60))
        code, _, log = server.stop()
        assert code == 0, log
        assert pids() == set()
        assert "worker died" in log
        assert list((folder / "spool").iterdir()) == []
