"""A node whose disk takes nothing says so, and is itself again when the disk is."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.errors import Delay
from gateway.settings import Role
from tests.campaign.disk import EVERYWHERE, Disk, DiskFault, Place, build, preloading
from tests.campaign.nursery import Nursery
from tests.packages import Sent, document
from tests.walks.world import HUB, MINISTRY, PROVINCE, Node, prepare_node

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[tuple[Node, Disk]]:
    """A hub in a process of its own, its disk in our hand."""
    library = build(tmp_path)
    if library is None:
        pytest.skip("no C compiler here")
    node = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await node.connect("BO", [MINISTRY])
    await node.connect("TINH", [PROVINCE])
    disk = Disk(tmp_path / "hub.control")
    nursery = Nursery(environment=preloading(library))
    await nursery.open()
    try:
        life = nursery.start(0, node.directory, disk=tmp_path / "hub.control")
        await life.ready.wait()
        node.url = life.url
        yield node, disk
    finally:
        await nursery.close()


async def readiness(node: Node) -> tuple[int, str]:
    """Ask as a load balancer does."""
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}/readyz") as answer:
        return answer.status, (await answer.json())["checks"]["database"]


@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (DiskFault.FULL, EVERYWHERE),
        (DiskFault.WRITE_FAILS, Place.JOURNAL),
        (DiskFault.SYNC_FAILS, Place.JOURNAL),
    ],
)
async def test_a_disk_that_takes_nothing_is_told_and_comes_back_by_itself(
    hub: tuple[Node, Disk], fault: DiskFault, where: Place
) -> None:
    """New work is put off, health and log say why, and nobody has to start anything anew."""
    node, disk = hub
    letter = document(Sent(sender=MINISTRY, number="1"), [PROVINCE])
    assert await readiness(node) == (200, "ok")
    disk.set(fault, where)
    answer = await node.dms("BO").send(letter, sender=MINISTRY)
    assert (answer.code, answer.ok) == ("99", False)
    assert await readiness(node) == (503, "the disk takes nothing: what comes in is put off")
    assert "storage-unavailable" in (node.directory / "operating.log").read_text()
    disk.clear()
    assert await readiness(node) == (200, "ok")
    assert (await node.dms("BO").send(letter, sender=MINISTRY)).ok
    assert len((await node.dms("TINH").received()).items) == 1


async def test_a_disk_that_cannot_be_read_is_told(hub: tuple[Node, Disk]) -> None:
    """Readiness answers, and does not break on it itself."""
    node, disk = hub
    disk.set(DiskFault.READ_FAILS, Place.DATABASE | Place.JOURNAL)
    try:
        await node.dms("BO").received()
    except Delay:
        pytest.fail("a node that cannot read still answers")
    status, words = await readiness(node)
    assert (status, words) in ((200, "ok"), (503, "the database cannot be read"))
