"""Large packages in an object store: brought before they are named, never removed while they are."""

import asyncio
import contextlib
import hashlib
import io
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest

from gateway.config import load_config
from gateway.errors import Delay, Misconfiguration
from gateway.model.identifiers import AgencyCode, Digest
from gateway.office import shelves_of
from gateway.settings import Role
from gateway.store import retention
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.bucket import Bucket
from gateway.store.database import Database, looking, open_database
from gateway.store.object_shelf import ObjectShelf, key_of
from gateway.store.ranged_file import RangedFile
from gateway.store.spool import Spool
from gateway.store.tables import Tables
from tests.databases import fresh_source
from tests.object_store import Store, rclone
from tests.walks.world import HUB, PROVINCE, prepare_node

CONTENT = b"x" * 100_000


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path) as database:
        yield database


@contextlib.asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[Database]:
    """The test's database; opened twice, as two nodes have it."""
    database = await open_database(fresh_source(tmp_path / "x.db"), linger=timedelta(0), batch_limit=8)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
def bucket(object_store: Store, tmp_path: Path) -> Bucket:
    return object_store.client(f"rooms/{tmp_path.name}")


def node_of(database: Database, bucket: Bucket, folder: Path) -> Blobs:
    """One node's store of bytes: a spool of its own, database and bucket shared."""
    folder.mkdir()
    return Blobs(
        database=database,
        spool_directory=folder,
        inline_limit=1024,
        shelves=(ObjectShelf(bucket=bucket, owner=HUB),),
    )


@pytest.fixture
def blobs(database: Database, bucket: Bucket, tmp_path: Path) -> Blobs:
    return node_of(database, bucket, tmp_path / "spool")


async def spooled(blobs: Blobs, name: str, content: bytes = CONTENT) -> Spool:
    writer = blobs.spool(name)
    for start in range(0, len(content), 1 << 20):
        await writer.add(content[start : start + (1 << 20)])
    return await writer.finish()


def keep_and_name(blobs: Blobs, spool: Spool) -> Callable[[Tables], None]:
    """What a walk's transaction does: keep the bytes, record a package that bears them."""

    def act(tables: Tables) -> None:
        blobs.keep(tables, spool)
        tables.execute(
            "INSERT INTO packages (id, submission, digest, size_bytes, direction, kind, sender, recipients,"
            " priority, grade, warnings, accepted_at)"
            " VALUES (?1, ?1, ?2, ?3, 'outbound', 'document', 'H57', '[]', 0, 'full', '[]', 1)",
            (spool.name, spool.digest, spool.size_bytes),
        )

    return act


async def erase(blobs: Blobs, spool: Spool) -> None:
    at = datetime.now(UTC)
    await blobs.database.write(lambda tables: retention.erase(tables, spool.name, spool.digest, at=at))


def keys(bucket: Bucket) -> set[str]:
    """All but the mark that says whose prefix it is."""
    return {key for key, _ in bucket.list()} - {"lienthong-owner"}


async def test_what_is_kept_is_what_came_in_one_part_or_several(blobs: Blobs) -> None:
    """Twenty mebibytes are three parts going up and several ranges coming down."""
    content = os.urandom(20 << 20)
    spool = await spooled(blobs, "a", content)
    await blobs.secure(spool)
    await blobs.database.write(lambda tables: blobs.keep(tables, spool))
    spool.discard()
    with await blobs.open(spool.digest) as file:
        assert b"".join([chunk async for chunk in read_chunks(file)]) == content
    with looking(blobs.database.source) as tables:
        found = blobs.shelves[0].find(tables, spool.digest)
        assert found is not None
        with await asyncio.to_thread(found.open) as file:
            digest = await asyncio.to_thread(hashlib.file_digest, file, "sha256")
    assert (found.size_bytes, digest.hexdigest()) == (len(content), spool.digest)


async def test_the_same_bytes_twice_are_one_object(blobs: Blobs, bucket: Bucket) -> None:
    """The second walk finds them kept and brings nothing; of two at once the later one's is swept."""
    first, second, third = [await spooled(blobs, name) for name in "abc"]
    await blobs.secure(first)
    await blobs.secure(second)
    for spool in (first, second):
        await blobs.database.write(keep_and_name(blobs, spool))
    await blobs.secure(third)
    await blobs.database.write(keep_and_name(blobs, third))
    assert keys(bucket) == {key_of(first.digest, "a"), key_of(first.digest, "b")}
    await blobs.sweep()
    assert keys(bucket) == {key_of(first.digest, "a")}


async def test_what_a_refused_or_dead_walk_brought_is_swept(
    blobs: Blobs, bucket: Bucket, database: Database
) -> None:
    """The refused one lets go itself; the dead one's spool tells the next start."""
    refused, dead = await spooled(blobs, "a"), await spooled(blobs, "b")
    await blobs.secure(refused)
    await blobs.secure(dead)
    await blobs.forget(refused)
    refused.discard()
    await blobs.clear_spool()
    await blobs.sweep()
    assert keys(bucket) == set()
    assert await database.fetch_all("SELECT * FROM objects") == []
    with pytest.raises(Delay, match="package-gone"):
        await database.write(lambda tables: blobs.keep(tables, dead))


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", range(2))
async def test_nothing_named_is_removed_whatever_two_nodes_do_at_once(
    blobs: Blobs, bucket: Bucket, tmp_path: Path, seed: int
) -> None:
    """One takes the same bytes again and again, the other erases them: what is named at the end is there."""
    async with opened(tmp_path) as others_database:
        other = node_of(others_database, bucket, tmp_path / "other")
        await _race(blobs, other, random.Random(seed))
        assert len(keys(bucket)) <= 1


async def _race(blobs: Blobs, other: Blobs, chance: random.Random) -> None:
    """Take on one node, erase and remove on the other, and look at what is left."""
    named: list[Spool] = []

    async def take(number: int) -> None:
        spool = await spooled(blobs, f"take{number}")
        await blobs.secure(spool)
        await asyncio.sleep(chance.random() / 50)
        with contextlib.suppress(Delay):  # its sender would ask again
            await blobs.database.write(keep_and_name(blobs, spool))
            named.append(spool)
        spool.discard()

    async def let_go() -> None:
        for _ in range(12):
            await asyncio.sleep(chance.random() / 50)
            while named and chance.random() < 0.7:  # and sometimes what is named is to be removed, too
                await erase(other, named.pop())
            await other.remove([Digest(hashlib.sha256(CONTENT).hexdigest())])

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(let_go())
        for number in range(8):
            tasks.create_task(take(number))
    assert await blobs.has(Digest(hashlib.sha256(CONTENT).hexdigest())) == bool(named)
    await other.sweep()
    for spool in named:
        with await blobs.open(spool.digest) as file:
            assert await asyncio.to_thread(file.read) == CONTENT


async def test_a_removal_that_comes_late_hits_nothing_that_came_after_it(
    blobs: Blobs, bucket: Bucket, database: Database
) -> None:
    """Begun for what was erased, stuck in the network, carried out when the same bytes are back."""
    before, after = await spooled(blobs, "a"), await spooled(blobs, "b")
    await blobs.secure(before)
    await database.write(keep_and_name(blobs, before))
    await erase(blobs, before)
    await blobs.remove([before.digest])
    await blobs.secure(after)
    await database.write(keep_and_name(blobs, after))
    await bucket.delete(key_of(before.digest, before.name))
    with await blobs.open(after.digest) as file:
        assert await asyncio.to_thread(file.read) == CONTENT


async def test_a_walk_that_a_removal_overtakes_asks_again(blobs: Blobs, database: Database) -> None:
    """It brought nothing, because the bytes were kept; they went; its commit does not name what is gone."""
    before, late = await spooled(blobs, "a"), await spooled(blobs, "b")
    await blobs.secure(before)
    await database.write(keep_and_name(blobs, before))
    await blobs.secure(late)
    await erase(blobs, before)
    await blobs.remove([before.digest])
    with pytest.raises(Delay, match="package-gone"):
        await database.write(keep_and_name(blobs, late))


async def test_a_removal_the_store_does_not_take_is_taken_up_again(
    blobs: Blobs, bucket: Bucket, object_store: Store, tmp_path: Path
) -> None:
    """The store is away when content is erased: nothing fails, and the next round removes it."""
    away = Store(port=1).client(f"rooms/{tmp_path.name}")
    gone = Blobs(
        database=blobs.database,
        spool_directory=tmp_path,
        inline_limit=1,
        shelves=(ObjectShelf(bucket=away, owner=HUB),),
    )
    spool = await spooled(blobs, "a")
    await blobs.secure(spool)
    await blobs.database.write(keep_and_name(blobs, spool))
    await erase(blobs, spool)
    assert await gone.remove([spool.digest])
    assert keys(bucket) == {key_of(spool.digest, "a")}
    await blobs.sweep()
    assert keys(bucket) == set()


def test_a_file_read_by_ranges_reads_like_a_file() -> None:
    """Forwards, backwards, over the end: the same bytes as from memory, in few requests."""
    content = random.Random(1).randbytes(3_000_000)
    asked: list[tuple[int, int]] = []

    def fetch(start: int, end: int) -> memoryview:
        asked.append((start, end))
        assert 0 <= start < end <= len(content)
        return memoryview(content)[start:end]

    async def later(start: int, end: int) -> memoryview:
        return fetch(start, end)

    plain = io.BytesIO(content)
    ranged = RangedFile(size_bytes=len(content), fetch=fetch, fetch_later=later)
    chance = random.Random(2)
    for _ in range(200):
        whence = chance.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
        offset = chance.randrange(-4_000_000 if whence else 0, 4_000_000)
        at = {io.SEEK_SET: 0, io.SEEK_CUR: plain.tell(), io.SEEK_END: len(content)}[whence] + offset
        if at >= 0:
            assert ranged.seek(offset, whence) == plain.seek(offset, whence)
        size = chance.choice([0, 1, 5000, 1 << 20, 2_500_000, -1])
        assert ranged.read(size) == plain.read(size)
        assert ranged.tell() == plain.tell()
    asked.clear()
    ranged.seek(0)
    assert ranged.read() == content
    assert len(asked) == 2  # a mebibyte, then the rest


async def test_a_wrong_secret_bucket_or_store_stops_the_start_and_is_named(tmp_path: Path) -> None:
    """What the store itself says stands in the message; a store that knows no ranges is found out, too."""
    with rclone(tmp_path / "served") as store:
        well = store.client("a/b")
        path = tmp_path / "large"
        path.write_bytes(os.urandom(17 << 20))
        await well.put("k", path, size_bytes=17 << 20)  # signed, in parts, and taken
        assert bytes(obstore.get(well.store, "k").bytes()) == path.read_bytes()
        for client, word in (
            (store.client("a/b", secret="wrong"), "SignatureDoesNotMatch"),
            (store.client("a/b", key_id="NOBODYKNOWN"), "InvalidAccessKeyId"),
            (store.client("a/b", bucket="another"), "NoSuchBucket"),
            (well, "RangeIgnored"),
        ):
            with pytest.raises(Misconfiguration, match=word):
                await client.claim("H57")
        with pytest.raises(Delay, match="object-store-refuses"):
            await store.client("a/b", secret="wrong").put("k2", path, size_bytes=17 << 20)


async def test_a_prefix_is_one_gateways(object_store: Store, tmp_path: Path) -> None:
    """Whoever starts first marks it; its other nodes are let in, another gateway is not."""
    prefix = f"rooms/{tmp_path.name}"
    await object_store.client(prefix).claim(HUB)
    await object_store.client(prefix).claim(HUB)
    with pytest.raises(Misconfiguration, match="objects-of-another"):
        await object_store.client(prefix).claim(PROVINCE)
    assert await object_store.client(prefix).trouble(HUB) is None
    assert "objects-of-another" in str(await object_store.client(prefix).trouble(PROVINCE))
    assert "object-store-away" in str(await Store(port=1).client(prefix).trouble(HUB))


async def test_rubbish_for_the_stores_authority_is_named(tmp_path: Path) -> None:
    """Before anything is asked of the store."""
    (tmp_path / "rubbish.pem").write_text("…")
    (tmp_path / "secret").write_text("s")
    place: dict[str, object] = {
        "blobs": "s3://goitin/h57",
        "blobs_endpoint": "https://127.0.0.1:1",
        "blobs_key_id": "k",
        "blobs_secret_file": str(tmp_path / "secret"),
        "blobs_ca_file": str(tmp_path / "rubbish.pem"),
    }
    with pytest.raises(Misconfiguration, match=r"anchors-unreadable: storage\.blobs_ca_file"):
        await prepare_node(tmp_path / "node", code=HUB, role=Role.HUB, storage=place).start()


async def test_a_place_where_nothing_of_ours_lies_is_not_taken_for_ours(
    blobs: Blobs, object_store: Store, tmp_path: Path
) -> None:
    """A prefix mistyped later: what was kept would be out of reach, and nothing would say why."""
    await blobs.check()
    spool = await spooled(blobs, "a")
    await blobs.secure(spool)
    await blobs.database.write(keep_and_name(blobs, spool))
    await blobs.check()
    mistyped = node_of(blobs.database, object_store.client(f"misspelt/{tmp_path.name}"), tmp_path / "other")
    with pytest.raises(Misconfiguration, match="objects-elsewhere"):
        await mistyped.check()
    assert "objects-elsewhere" in str(await mistyped.trouble())


def test_settings_that_do_not_go_together_are_told_at_once(tmp_path: Path) -> None:
    """A place without a key, an address without a place, a place that is none."""
    top = f'name = "x"\nagency_code = "{AgencyCode("H57")}"\nrole = "hub"\n[storage]\n'
    config = tmp_path / "config.toml"
    for table, word in (
        ('blobs = "s3://goitin/a"', "needs a key's id"),
        ('blobs_endpoint = "https://s3.example"', "not said where"),
        ('blobs = "/srv/blobs"', "must be s3://bucket/prefix"),
        ('blobs = "s3://goitin/a"\nblobs_key_id = "K"\nblobs_secret_file = "no"', "is not there"),
    ):
        config.write_text(top + table)
        with pytest.raises(Misconfiguration, match=word):
            load_config(config)


def test_without_its_client_the_extra_is_named(
    object_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator is told what to install."""
    node = tmp_path / "node"
    prepare_node(node, code=HUB, role=Role.HUB, storage=object_store.settings(node, "x"))
    for name in ("obstore", "obstore.exceptions", "obstore.store"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "gateway.store.bucket")
    monkeypatch.delitem(sys.modules, "gateway.store.object_shelf")
    with pytest.raises(Misconfiguration, match=r"pip install lienthong\[s3\]"):
        shelves_of(load_config(node / "config.toml"))
