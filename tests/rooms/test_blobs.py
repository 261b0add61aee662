"""Package bytes: spooled as they come, kept under their digest, byte for byte."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Delay
from gateway.model.identifiers import Digest
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import open_database
from gateway.store.folder import Folder
from gateway.store.spool import Spool, SpoolWriter


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[Blobs]:
    """A store that keeps up to a kilobyte in the database."""
    database = await open_database(tmp_path / "x.db", linger=timedelta(0), batch_limit=8)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "spool").mkdir()
    yield Blobs(
        database=database,
        spool_directory=tmp_path / "spool",
        inline_limit=1024,
        shelves=(Folder(directory=tmp_path / "blobs", spool_directory=tmp_path / "spool"),),
    )
    await database.close()


def files_of(blobs: Blobs) -> list[Path]:
    """The large packages that stand in the folder."""
    return [path for path in (blobs.spool_directory.parent / "blobs").rglob("*") if path.is_file()]


async def spool_all(writer: SpoolWriter, content: bytes, size: int = 300) -> None:
    for start in range(0, len(content), size):
        await writer.add(content[start : start + size])


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 1 << 20, (1 << 20) + 5, 3_000_000])
async def test_what_is_kept_is_what_came(blobs: Blobs, size: int) -> None:
    """Small in the database, large as a file: the same bytes under their digest."""
    content = os.urandom(size)
    writer = blobs.spool("a")
    await spool_all(writer, content, 65536)
    spool = await writer.finish()
    assert spool.digest == hashlib.sha256(content).hexdigest()
    await blobs.secure(spool)
    await blobs.database.write(lambda tables: blobs.keep(tables, spool))
    spool.discard()
    with await blobs.open(spool.digest) as file:
        assert b"".join([chunk async for chunk in read_chunks(file)]) == content
    assert list(blobs.spool_directory.iterdir()) == []


@settings(max_examples=60)
@given(
    content=st.binary(max_size=4000),
    size=st.integers(1, 1500),
    ending=st.sampled_from([b"", b"\r\n", b"\r", b"\n"]),
)
async def test_exactly_two_bytes_are_dropped_and_only_when_they_are_a_line_break(
    blobs: Blobs, content: bytes, size: int, ending: bytes
) -> None:
    """A package that itself ends in a line break keeps its own."""
    sent = content + ending
    writer = blobs.spool("b")
    await spool_all(writer, sent, size)
    without = await writer.digest_without_line_break()
    if sent.endswith(b"\r\n"):
        assert without == hashlib.sha256(sent[:-2]).hexdigest()
        spool = await writer.finish(drop_line_break=True)
        expected = sent[:-2]
    else:
        assert without is None
        spool = await writer.finish()
        expected = sent
    with spool.open() as file:
        assert file.read() == expected
    assert spool.size_bytes == len(expected)
    spool.discard()


async def test_the_same_bytes_twice_are_kept_once(blobs: Blobs) -> None:
    """Two spools, one file."""
    for name in ("a", "b"):
        writer = blobs.spool(name)
        await spool_all(writer, b"x" * 5000)
        spool = await writer.finish()
        await blobs.secure(spool)
        spool.discard()
    assert [file.name for file in files_of(blobs)] == [spool.digest]


async def test_a_spool_that_is_abandoned_leaves_nothing(blobs: Blobs) -> None:
    """Neither does one that a dead process left, once a server starts."""
    writer = blobs.spool("a")
    await spool_all(writer, b"x" * 5000)
    writer.abandon()
    (blobs.spool_directory / "dead.part").write_bytes(b"half")
    await blobs.clear_spool()
    assert list(blobs.spool_directory.iterdir()) == []


async def test_a_spool_abandoned_while_its_file_is_made_leaves_nothing_either(blobs: Blobs) -> None:
    """Whoever goes away then cannot know yet that there will be a file; the thread that makes it does."""
    for number in range(20):
        writer = blobs.spool(str(number))
        await spool_all(writer, b"x" * 600_000, 300_000)
        writer.abandon()
    async with asyncio.timeout(10):
        while any(blobs.spool_directory.iterdir()):  # noqa: ASYNC110 - the disk is asked
            await asyncio.sleep(0.02)


async def test_bytes_that_are_gone_are_a_delay_not_a_bug(blobs: Blobs) -> None:
    """A file missing from the store is the operator's trouble; no caller's, and no traceback."""
    with pytest.raises(Delay):
        await blobs.open(Digest("0" * 64))


async def test_a_full_disk_is_a_delay_with_its_name(blobs: Blobs) -> None:
    """A real full device answers ENOSPC; whoever sends is told to come again."""
    writer = blobs.spool("a")
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    (blobs.spool_directory / "a.part").unlink(missing_ok=True)
    writer._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115, PTH123, ASYNC230
    with pytest.raises(Delay) as caught:
        await spool_all(writer, b"x" * 3_000_000, 65536)
    assert caught.value.code == "disk-full"
    writer.abandon()


async def spooled(blobs: Blobs, content: bytes) -> Spool:
    """A package on disk, as a walk has it before it is recorded."""
    writer = blobs.spool("a")
    await spool_all(writer, content, 2000)
    return await writer.finish()


async def test_what_the_dead_had_made_safe_and_promised_to_nobody_is_removed(blobs: Blobs) -> None:
    """Killed between the bytes and the record: the file is nobody's, and the spool still knows it."""
    spool = await spooled(blobs, b"x" * 5000)
    await blobs.secure(spool)
    assert files_of(blobs)
    await blobs.clear_spool()
    assert not files_of(blobs)


async def test_a_refused_package_leaves_no_file_behind(blobs: Blobs) -> None:
    """Whoever is refused again and again does not fill the disk; who comes at the same time asks again."""
    spool = await spooled(blobs, b"x" * 5000)
    await blobs.secure(spool)
    await blobs.forget(spool)
    assert not files_of(blobs)
    with pytest.raises(Delay, match="package-gone"):
        await blobs.database.write(lambda tables: blobs.keep(tables, spool))
