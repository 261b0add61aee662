"""What goes on behind the auditor's pages: one verification at a time, one bundle a person, room kept."""

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.back_office import furnish_export
from gateway.config import load_config
from gateway.errors import Refusal
from gateway.exchange.bundling import Bundling
from gateway.exchange.checkpoints import Checkpoints, log_name
from gateway.exchange.export import Export, Wish
from gateway.exchange.verifying import Verifying
from gateway.office import Office, now, open_office
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

EVERYTHING = Wish(told={"since": "2026-01-01"})


@pytest.fixture
async def node(tmp_path: Path) -> Node:
    """A node that took one letter, and stands still."""
    node = prepare_node(tmp_path / "node", code=PROVINCE)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.start()
    letter = document(Sent(sender=HEALTH), [FINANCE])
    assert (await node.dms("SYT").send(letter, sender=HEALTH)).ok
    await node.stop()
    return node


@pytest.fixture
async def office(node: Node) -> AsyncIterator[Office]:
    async with open_office(load_config(node.directory / "config.toml")) as office:
        yield office


def verifying(office: Office) -> Verifying:
    return Verifying(
        database=office.database,
        notary=office.notary,
        origin=log_name(PROVINCE),
        certificates=lambda: [office.seal.certificate],
        anchors=None,
        clock=now,
    )


def bundling(office: Office, gate: "asyncio.Future[None]") -> Bundling:
    """Bundles of an office, none begun before the gate is open."""

    async def export() -> Export:
        await asyncio.shield(gate)
        return await furnish_export(office)

    numbers = iter(range(100))
    return Bundling(
        database=office.database,
        blobs=office.blobs,
        notary=office.notary,
        export=export,
        floor_bytes=0,
        clock=now,
        new_id=lambda: str(next(numbers)),
    )


def spool(office: Office) -> list[Path]:
    return list(office.blobs.spool_directory.iterdir())


async def test_one_verification_at_a_time(office: Office) -> None:
    """Asked for while one is under way it is not begun again; afterwards it is."""
    await Checkpoints(database=office.database, seal=office.seal, origin=log_name(PROVINCE)).make(at=now())
    walk = verifying(office)
    assert await walk.start(by="a")
    assert not await walk.start(by="b")
    await walk.settle(seconds=20)
    assert walk.last is not None
    assert (walk.last.by, walk.last.faults, walk.is_running) == ("a", [], False)
    assert walk.last.found is not None
    assert walk.last.speed > 0
    assert await walk.start(by="b")
    await walk.stop()


async def test_a_node_that_stops_does_not_wait_for_the_whole_log(office: Office, node: Node) -> None:
    """What was under way says nothing about the log, and nothing is recorded."""
    walk = verifying(office)
    await walk.start(by="a")
    await walk.stop()
    assert walk.last is not None
    assert (walk.last.found, walk.last.trouble) == (None, None)
    assert walk.last.ended_at is not None
    assert node.rows("SELECT 1 FROM log WHERE CAST(statement AS TEXT) LIKE '%log-verified%'") == []
    gc.collect()  # a connection that nobody closed would complain now, and fail the test


async def test_one_bundle_at_a_time_and_person(office: Office) -> None:
    """Another one is refused until the first is made; then it takes its place on the disk."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    walk = bundling(office, gate)
    first = walk.start(EVERYTHING, by="a", name="a.asice")
    with pytest.raises(Refusal, match="export-running"):
        walk.start(EVERYTHING, by="a", name="a.asice")
    other = walk.start(EVERYTHING, by="b", name="b.asice")
    gate.set_result(None)
    for bundle in (first, other):
        await walk.settle(bundle, seconds=20)
        assert bundle.made is not None
        assert bundle.path.stat().st_size == bundle.made.size_bytes
    second = walk.start(EVERYTHING, by="a", name="a.asice")
    assert not first.path.exists()
    await walk.settle(second, seconds=20)
    assert walk.of("a") is second
    await walk.stop()
    assert spool(office) == []


async def test_a_bundle_that_is_being_made_ends_with_the_node(office: Office, node: Node) -> None:
    """Nothing of it stays, and nothing says that it was handed out."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    walk = bundling(office, gate)
    bundle = walk.start(EVERYTHING, by="a", name="a.asice")
    await asyncio.sleep(0)
    await walk.stop()
    assert not bundle.is_running
    assert spool(office) == []
    assert node.rows("SELECT 1 FROM log WHERE CAST(statement AS TEXT) LIKE '%evidence-exported%'") == []


async def test_a_bundle_gives_way_when_the_disk_gets_full(office: Office) -> None:
    """It is given up in words, its bytes are gone: the room is for documents."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    walk = bundling(office, gate)
    bundle = walk.start(EVERYTHING, by="a", name="a.asice")
    walk.floor_bytes = 1 << 62
    gate.set_result(None)
    await walk.settle(bundle, seconds=20)
    assert bundle.made is None
    assert bundle.trouble is not None
    assert bundle.trouble.code == "no-room-for-evidence"
    assert spool(office) == []
