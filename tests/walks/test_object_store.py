"""Large packages walk through an object store as through a folder; while it is away they wait, not lost."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import obstore
import pytest

from gateway.back_office import house_of, place_of
from gateway.config import load_config
from gateway.exchange.examination import examine, mend
from gateway.office import now, open_office
from gateway.settings import Role
from gateway.store.backup import check_backup, make_backup, put_back, read_manifest
from gateway.store.bucket import Bucket
from tests.databases import on_postgresql
from tests.object_store import Road, Store
from tests.packages import Sent, document
from tests.walks.test_archive import bring_back, export
from tests.walks.test_killed_between_steps import Mortal, insist, take
from tests.walks.test_retention import YEAR, erased, wait_for
from tests.walks.world import FINANCE, HEALTH, HUB, Node, collect_all, prepare_node, until

LARGE = b"x" * 200_000


async def found_node(folder: Path, store: Store, **storage: object) -> Node:
    """A hub with two departments on it, whose large packages go to a prefix named after its folder."""
    settings = store.settings(folder, f"walks/{folder.parent.name}", **storage)
    rules = {"every": "50ms", "patience": "0s", "documents": "10y"}
    node = prepare_node(folder, code=HUB, role=Role.HUB, storage=settings, retention=rules)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    return node


@pytest.fixture
async def node(tmp_path: Path, object_store: Store) -> AsyncIterator[Node]:
    node = await found_node(tmp_path / "node", object_store)
    await node.start()
    yield node
    await node.stop()


@pytest.fixture
def bucket(tmp_path: Path, object_store: Store) -> Bucket:
    return object_store.client(f"walks/{tmp_path.name}")


def keys(bucket: Bucket) -> list[str]:
    return [key for key, _ in bucket.list() if "/" in key]


def carries(package: bytes) -> bool:
    """Whether the large file is in it, whole."""
    return base64.b64encode(LARGE) in package


def package_of(number: str) -> bytes:
    return document(Sent(sender=HEALTH, number=number), [FINANCE], attachment=LARGE)


def found(node: Node) -> dict[str, tuple[str, ...]]:
    """What the doctor finds, an hour from now: by then nothing is young any more."""
    house = house_of(load_config(node.directory / "config.toml"))
    findings = examine(house, at=now() + timedelta(hours=1))
    return {each.code: each.examples for each in findings if each.code != "file-exposed"}


async def test_a_large_package_walks_through_and_a_small_one_stays_a_row(node: Node, bucket: Bucket) -> None:
    """Sent, sent again, collected, its file taken out at flat memory; nothing of it on the node's disk."""
    large = package_of("1")
    small = document(Sent(sender=HEALTH, number="2"), [FINANCE])
    answers = [await node.dms("SYT").send(package, sender=HEALTH) for package in (large, small, large)]
    assert all(answer.ok for answer in answers)
    assert answers[0].doc_id == answers[2].doc_id
    digest = hashlib.sha256(large).hexdigest()
    assert [key.split("/")[2].split(".")[0] for key in keys(bucket)] == [digest]
    collected = await collect_all(node.dms("STC"), count=2)  # sealed: longer than they came
    assert sorted(carries(package) for package in collected) == [False, True]
    assert [path for path in (node.directory / "blobs").rglob("*") if path.is_file()] == []
    assert list((node.directory / "spool").rglob("*.part")) == []
    assert found(node) == {}


async def test_while_the_store_is_away_large_packages_wait_and_small_ones_walk(
    tmp_path: Path, object_store: Store
) -> None:
    """Put off with the reason, told by readiness; once it is back everything goes on by itself."""
    road = Road(store=object_store)
    node = await found_node(tmp_path / "node", Store(port=road.port))
    await node.start()  # away at start, too: that is no reason not to serve
    first, second = package_of("1"), package_of("2")
    try:
        put_off = await node.dms("SYT").send(first, sender=HEALTH)
        assert "object-store-away" in put_off.words
        small = document(Sent(sender=HEALTH, number="3"), [FINANCE])
        assert (await node.dms("SYT").send(small, sender=HEALTH)).ok
        await road.mend()
        assert (await node.dms("SYT").send(first, sender=HEALTH)).ok
        assert (await node.dms("SYT").send(second, sender=HEALTH)).ok
        await road.cut()
        items = (await node.dms("STC").received()).items
        async with aiohttp.ClientSession() as session, session.get(f"{node.url}/readyz") as answer:
            told = await answer.json()
        assert (answer.status, "object-store-away" in told["remarks"]["large packages"]) == (200, True)
        ids = {item["docId"] for item in items}
        answers = [await node.dms("STC").get(doc_id) for doc_id in ids]
        assert sorted(answer.ok for answer in answers) == [False, False, True]
        assert all(answer.ok or "object-store-away" in answer.words for answer in answers)
        await road.mend()
        async with aiohttp.ClientSession() as session, session.get(f"{node.url}/readyz") as answer:
            assert (await answer.json())["remarks"] == {}
        for doc_id in ids:
            await until(lambda doc_id=doc_id: node.dms("STC").get(doc_id), lambda answer: answer.ok)
    finally:
        await node.stop()
        await road.cut()


@pytest.mark.parametrize("point", ["OBJECT_ANNOUNCED", "OBJECT_BROUGHT", "BYTES_SAFE"])
async def test_a_node_killed_between_the_store_and_the_commit_leaves_nothing_broken(
    tmp_path: Path, object_store: Store, bucket: Bucket, point: str
) -> None:
    """The sender asks again and is served; what the dead one brought for nobody is swept."""
    mortal = Mortal(await found_node(tmp_path / "node", object_store))
    await mortal.start(point)
    package = package_of("1")
    sending = asyncio.create_task(insist_anew(mortal.node, package))
    assert await mortal.died()
    await mortal.start()
    await sending
    assert [carries(each) for each in await take(mortal.node, "STC")] == [True]
    await wait_for(lambda: len(mortal.node.rows("SELECT 1 FROM objects")) == 1)
    await mortal.stop()
    assert len(keys(bucket)) == 1
    assert found(mortal.node) == {}


async def insist_anew(node: Node, package: bytes) -> None:
    await insist(node.dms("SYT"), package, HEALTH)


@pytest.mark.parametrize("point", ["OBJECTS_SET_ASIDE", "OBJECTS_REMOVED"])
async def test_an_erasure_cut_short_in_the_store_is_finished_by_the_next_process(
    tmp_path: Path, object_store: Store, bucket: Bucket, point: str
) -> None:
    """Killed before the object is gone, or before that is written down: nothing is wrong, nothing is left."""
    node = await found_node(tmp_path / "node", object_store)
    await node.start()
    assert (await node.dms("SYT").send(package_of("1"), sender=HEALTH)).ok
    await collect_all(node.dms("STC"))
    await node.stop()
    mortal, days = Mortal(node), str((11 * YEAR).days)
    await mortal.start(point, days)
    assert await mortal.died()
    assert "bytes-missing" not in found(node)
    await mortal.start("", days)
    await wait_for(lambda: keys(bucket) == [] and node.rows("SELECT 1 FROM objects") == [])
    await wait_for(lambda: node.rows("SELECT 1 FROM files_to_remove") == [])
    await mortal.stop()


async def test_the_doctor_finds_what_is_missing_damaged_and_nobodys_in_the_store(
    node: Node, bucket: Bucket
) -> None:
    """And says so when the store cannot be asked; --mend removes what is nobody's, and nothing else."""
    for number in "123":
        assert (await node.dms("SYT").send(package_of(number), sender=HEALTH)).ok
    missing, damaged, whole = sorted(keys(bucket))
    obstore.delete(bucket.store, missing)
    content = bytearray(obstore.get(bucket.store, damaged).bytes())
    content[1000] ^= 1
    obstore.put(bucket.store, damaged, bytes(content))
    stray = f"ab/cd/{'ab' * 32}.left"
    obstore.put(bucket.store, stray, b"?")
    obstore.put(bucket.store, "not/ours", b"?")
    digests = [key.split("/")[2].split(".")[0] for key in (missing, damaged)]
    assert found(node) == {
        "bytes-missing": (digests[0],),
        "bytes-damaged": (digests[1],),
        "file-astray": (stray,),
    }
    house = house_of(load_config(node.directory / "config.toml"))
    assert mend(house, at=now() + timedelta(hours=1)) == [stray]
    assert sorted(keys(bucket)) == sorted([damaged, whole, "not/ours"])
    config = node.directory / "config.toml"
    config.write_text(
        config.read_text().replace("blobs_endpoint = ", 'blobs_endpoint = "http://127.0.0.1:1" # ')
    )
    assert set(found(node)) == {"shelf-unreachable"}


async def test_a_backup_leaves_objects_where_they_are_and_a_restored_node_finds_them(
    node: Node, bucket: Bucket, tmp_path: Path
) -> None:
    """It says how many; erased since, they are missed, unless the store kept versions."""
    if on_postgresql():
        pytest.skip("that server makes its own backups")
    package = package_of("1")
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    config = load_config(node.directory / "config.toml")
    manifest = make_backup(
        place_of(config, node.directory), tmp_path / "copy", at=now(), program="x", with_keys=True
    )
    assert (manifest.objects_count, [name for name in manifest.files if "blobs" in name]) == (1, [])
    check_backup(tmp_path / "copy", read_manifest(tmp_path / "copy"))
    put_back(tmp_path / "copy", read_manifest(tmp_path / "copy"), tmp_path / "restored")
    restored = Node(directory=tmp_path / "restored")
    assert found(restored) == {}
    for key in keys(bucket):
        obstore.delete(bucket.store, key)
    assert set(found(restored)) == {"bytes-missing"}


async def test_an_archive_takes_objects_and_gives_them_back(
    node: Node, bucket: Bucket, tmp_path: Path
) -> None:
    """Archived, erased, brought back: the same bytes, collected from the store again."""
    package = package_of("1")
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    await collect_all(node.dms("STC"))
    made = await export(node, tmp_path / "archive.zip")
    assert made.package_count >= 1
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: keys(bucket) == [])
    assert erased(node)
    assert await bring_back(node, tmp_path / "archive.zip") >= 1
    async with open_office(load_config(node.directory / "config.toml")) as office:
        digest = hashlib.sha256(package).hexdigest()
        with await office.blobs.open(digest) as file:  # type: ignore[arg-type]
            assert await asyncio.to_thread(file.read) == package


async def test_what_lies_in_the_folder_stays_there_and_is_read_when_a_node_moves_to_a_store(
    tmp_path: Path, object_store: Store, bucket: Bucket
) -> None:
    """Switched on, both are served; switched off again, the start says what is out of reach."""
    node = await found_node(tmp_path / "node", object_store)
    config = node.directory / "config.toml"
    with_store = config.read_text()
    config.write_text("\n".join(line for line in with_store.splitlines() if not line.startswith("blobs")))
    before, after = package_of("1"), package_of("2")
    await node.start()
    assert (await node.dms("SYT").send(before, sender=HEALTH)).ok
    await node.stop()
    config.write_text(with_store)
    await node.start()
    assert (await node.dms("SYT").send(after, sender=HEALTH)).ok
    assert len(keys(bucket)) == 1
    assert [carries(each) for each in await collect_all(node.dms("STC"), count=2)] == [True, True]
    await node.stop()
    assert found(node) == {}
    config.write_text("\n".join(line for line in with_store.splitlines() if not line.startswith("blobs")))
    with pytest.raises(Exception, match="objects-out-of-reach"):
        await node.start()
