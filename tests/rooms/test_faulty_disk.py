"""The faulty disk does what it says, and what the store calls safe survives a power cut at any call."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.campaign.disk import Disk, DiskFault, Place, build, preloading

pytestmark = pytest.mark.sqlite_only

LIFE = """
import asyncio, hashlib, os, sqlite3, sys
from datetime import timedelta
from pathlib import Path
from tests.campaign.disk import attach
root = Path(sys.argv[1])
attach(root.with_suffix(".control"), root)
"""
SQLITE = """
connection = sqlite3.connect(root / "lienthong.db", isolation_level=None)
connection.execute("PRAGMA synchronous = " + sys.argv[2])
for number in range(200):
    connection.execute("INSERT INTO promises VALUES (?, randomblob(3000))", (number,))
    print(number, flush=True)
    if number % 50 == 49:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
"""
BLOBS = """
from gateway.store import blobs as room, folder
from gateway.store.database import Database
if sys.argv[2] == "nothing":
    os.fsync = lambda descriptor: None
if sys.argv[2] == "no folder":
    folder.sync_directory = lambda path: None
async def keep():
    shelf = folder.Folder(directory=root / "blobs", spool_directory=root / "spool")
    database = Database(engine=None, source=root / "x", linger=timedelta(0), batch_limit=1)
    store = room.Blobs(database=database, spool_directory=root / "spool", inline_limit=100, shelves=(shelf,))
    for number in range(30):
        writer = store.spool(str(number))
        await writer.add(b"%d" % number * 3000)
        spool = await writer.finish()
        await store.secure(spool)
        print(spool.digest, flush=True)
        spool.discard()
asyncio.run(keep())
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk, built."""
    built = build(tmp_path_factory.mktemp("disk"))
    if built is None:
        pytest.skip("no C compiler here")
    return built


def prepared(tmp_path: Path, name: str) -> tuple[Path, Disk]:
    """A directory with what a node finds there when it starts, and its disk."""
    root = tmp_path / name
    for folder in (root, root / "blobs", root / "spool"):
        folder.mkdir()
    with closing(sqlite3.connect(root / "lienthong.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE promises (number INTEGER PRIMARY KEY, bytes BLOB)")
    return root, Disk(root.with_suffix(".control"))


def lived(library: Path, root: Path, life: str, habit: str) -> tuple[list[str], str, int]:
    """Live under the disk; return what was promised, the last words, and what it died of."""
    child = subprocess.run(
        [sys.executable, "-c", LIFE + life, str(root), habit],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=preloading(library) | {"PATH": ""},
        check=False,
    )
    return child.stdout.split(), child.stderr, child.returncode


def kept_rows(root: Path) -> set[str]:
    """The numbers that the database still has."""
    with closing(sqlite3.connect(root / "lienthong.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {str(number) for (number,) in connection.execute("SELECT number FROM promises")}


@pytest.mark.parametrize("after", [1, 2, 3, 7, 20, 61, 150, 400])
def test_what_was_committed_survives_a_power_cut_at_any_call(
    library: Path, tmp_path: Path, after: int
) -> None:
    """The journal is synced before the commit returns: every number that was said is there."""
    root, disk = prepared(tmp_path, "full")
    disk.set(DiskFault.POWER_CUT, after=after, times=1)
    said, words, status = lived(library, root, SQLITE, "FULL")
    assert (status, words) == (-9, "")
    assert set(said) <= kept_rows(root)


def test_without_a_sync_it_does_not(library: Path, tmp_path: Path) -> None:
    """The power cut can fail a promise: a database that does not sync loses them."""
    root, disk = prepared(tmp_path, "off")
    disk.set(DiskFault.POWER_CUT, after=150, times=1)
    said, _, status = lived(library, root, SQLITE, "OFF")
    assert status == -9
    assert said
    assert not set(said) <= kept_rows(root)


@pytest.mark.parametrize("after", [5, 9, 14, 30, 47, 80])
def test_a_large_package_called_safe_survives_a_power_cut(library: Path, tmp_path: Path, after: int) -> None:
    """Its bytes, its name and the folders above it."""
    root, disk = prepared(tmp_path, "blobs")
    disk.set(DiskFault.POWER_CUT, Place.BLOB | Place.SPOOL, after=after, times=1)
    said, words, status = lived(library, root, BLOBS, "honest")
    assert (status, words) == (-9, "")
    assert all((root / "blobs" / name[:2] / name[2:4] / name).stat().st_size for name in said)


@pytest.mark.parametrize("habit", ["nothing", "no folder"])
def test_a_large_package_without_a_sync_does_not(library: Path, tmp_path: Path, habit: str) -> None:
    """Neither the bytes alone nor the name alone is enough."""
    root, disk = prepared(tmp_path, "loose")
    disk.set(DiskFault.POWER_CUT, Place.BLOB | Place.SPOOL, after=80, times=1)
    said, _, status = lived(library, root, BLOBS, habit)
    kept = [root / "blobs" / name[:2] / name[2:4] / name for name in said]
    assert status == -9
    assert said
    assert not all(path.exists() and path.stat().st_size for path in kept)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (DiskFault.FULL, "disk-full"),
        (DiskFault.WRITE_FAILS, "storage-unavailable"),
        (DiskFault.SYNC_FAILS, "storage-unavailable"),
    ],
)
def test_a_disk_that_cannot_is_a_delay(library: Path, tmp_path: Path, fault: DiskFault, words: str) -> None:
    """Full, or broken: the sender has done nothing wrong."""
    root, disk = prepared(tmp_path, "delay")
    disk.set(fault, Place.BLOB | Place.SPOOL, after=12)
    _, said, status = lived(library, root, BLOBS, "honest")
    assert status == 1
    assert f"Delay: {words}" in said


def test_a_full_disk_voids_the_commit(library: Path, tmp_path: Path) -> None:
    """SQLite says so, and what was said before it is there."""
    root, disk = prepared(tmp_path, "void")
    disk.set(DiskFault.FULL, after=30)
    said, words, _ = lived(library, root, SQLITE, "FULL")
    assert "database or disk is full" in words
    assert set(said) == kept_rows(root)


def test_a_disk_that_cannot_be_read_says_so(library: Path, tmp_path: Path) -> None:
    """An error of input, told as one."""
    root, disk = prepared(tmp_path, "unread")
    disk.set(DiskFault.READ_FAILS, Place.DATABASE)
    _, words, _ = lived(library, root, SQLITE, "FULL")
    assert "disk I/O error" in words
