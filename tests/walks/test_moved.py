"""A node's records moved to another engine: nothing is lost on the way, wherever it stops."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.databases import fresh_address, rows_of, source_in, why_no_postgresql
from tests.packages import Sent, document
from tests.rooms.cli_kit import ROOT, facts, rules, run
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all, until

if TYPE_CHECKING:
    from tests.object_store import Store

pytestmark = [
    pytest.mark.sqlite_only,  # where they all begin
    pytest.mark.skipif(why_no_postgresql() is not None, reason=why_no_postgresql() or ""),
]

LARGE = b"x" * 200_000
# The keys of these nodes are anybody's.
REMARKS = {"file-exposed"}


async def busy(world: World) -> None:
    """Let documents go up and come down, one of them large, one still waiting."""
    for number in range(3):
        sent = Sent(sender=HEALTH, number=str(number))
        letter = document(sent, [MINISTRY], attachment=LARGE if number else b"x")
        assert (await world.health.send(letter, sender=HEALTH)).ok
    await collect_all(world.ministry, count=3)
    come = document(Sent(sender=MINISTRY, number="7"), [HEALTH, FINANCE])
    assert (await world.ministry.send(come, sender=MINISTRY)).ok
    await until(world.health.received, lambda told: len(told.items) == 1)
    await world.gateway.stop()


async def test_a_node_goes_on_where_its_records_were_moved_to(world: World, tmp_path: Path) -> None:
    """To PostgreSQL and back: one log, good receipts, what waited is collected, what is sent walks."""
    await busy(world)
    folder, before = world.gateway.directory, world.gateway.log()
    address = fresh_address(tmp_path / "moved")
    there = await asyncio.to_thread(facts, "move", f"database={address}", "--write-config", "-d", folder)
    assert set(there["findings"]) <= REMARKS
    assert (folder / "lienthong.db").exists()
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    letter = document(Sent(sender=HEALTH, number="9"), [MINISTRY])
    assert (await health.send(letter, sender=HEALTH)).ok
    assert len(await collect_all(world.ministry, count=1)) == 1
    assert len(await collect_all(health, count=1)) == 1
    await world.gateway.stop()
    assert world.gateway.log()[: len(before)] == before
    assert [entry["event"] for entry in world.gateway.log()[len(before) :]].count("accepted") == 1

    back = await asyncio.to_thread(run, "move", "database=", "database_file=back.db", "-d", folder)
    assert "Bỏ khỏi config.toml, dưới [storage]: database" in back.stdout
    config = folder / "config.toml"
    kept = [line for line in config.read_text("utf-8").splitlines() if not line.startswith("database = ")]
    (line,) = [line.strip() for line in back.stdout.splitlines() if "database_file = " in line]
    config.write_text("\n".join([*kept, line]), "utf-8")
    found = await asyncio.to_thread(facts, "doctor", "-d", folder)
    assert {each["code"] for each in found} <= REMARKS
    await asyncio.to_thread(run, "log", "verify", "-d", folder)
    await world.gateway.start()
    assert (await world.gateway.dms("SYT").send(letter, sender=HEALTH)).ok
    assert (await world.ministry.received()).items == []


def move_and_die(folder: Path, point: str, *settings: str, times: int = 1) -> None:
    """Call the command in a process that kills itself where it is told to."""
    program = (
        "import os, signal, sys; from gateway.points import Point, watch; from gateway.cli.root import main\n"
        f"left = [{times}]\n"
        "def come(point):\n"
        f"    if point is Point.{point}:\n"
        "        left[0] -= 1\n"
        "        left[0] or os.kill(os.getpid(), signal.SIGKILL)\n"
        "watch(come); main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "move", *settings, "-d", folder],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
    )
    assert ran.returncode == -signal.SIGKILL, ran.stderr


async def test_a_move_that_was_killed_goes_on_and_ends_the_same(world: World, tmp_path: Path) -> None:
    """Killed four times; before the last the node was served in its old place, so that rows differ again."""
    await busy(world)
    folder, address = world.gateway.directory, fresh_address(tmp_path / "moved")
    there = f"database={address}"
    await asyncio.to_thread(move_and_die, folder, "OBSTACLES_SET_ASIDE", there)
    await asyncio.to_thread(partial(move_and_die, folder, "ROWS_MOVED", there, times=9))
    config = folder / "config.toml"
    kept = config.read_text()
    config.write_text(f'{kept}\n[storage]\ndatabase = "{address}"\n')
    assert rules(await asyncio.to_thread(run, "agency", "list", "-d", folder, code=2)) == [
        "database-half-moved"
    ]
    config.write_text(kept)
    await asyncio.to_thread(move_and_die, folder, "OBSTACLES_RESTORED", there)
    await world.gateway.start()
    letter = document(Sent(sender=HEALTH, number="9"), [MINISTRY])
    assert (await world.gateway.dms("SYT").send(letter, sender=HEALTH)).ok
    await collect_all(world.ministry, count=1)
    await world.gateway.stop()
    await asyncio.to_thread(partial(move_and_die, folder, "ROWS_MOVED", there, times=2))

    log = world.gateway.log()
    moved = await asyncio.to_thread(facts, "move", f"database={address}", "--write-config", "-d", folder)
    assert set(moved["findings"]) <= REMARKS
    assert world.gateway.log() == log
    triggers = "SELECT 1 FROM pg_trigger WHERE tgenabled = 'D'"
    assert rows_of(source_in(folder), triggers) == []
    again = await asyncio.to_thread(run, "move", f"database={address}", "-d", folder, code=2)
    assert rules(again) == ["moves-nowhere"]


async def test_a_database_that_holds_something_is_no_target(world: World, tmp_path: Path) -> None:
    """Somebody else's tables, another node's rows, a node that is served: each refused in its own words."""
    folder, address = world.gateway.directory, fresh_address(tmp_path / "moved")
    served = await asyncio.to_thread(run, "move", f"database={address}", "-d", folder, code=2)
    assert rules(served) == ["already-served"]
    await world.gateway.stop()
    await asyncio.to_thread(move_and_die, folder, "ROWS_MOVED", f"database={address}")
    await world.hub.stop()
    other = await asyncio.to_thread(run, "move", f"database={address}", "-d", world.hub.directory, code=2)
    assert rules(other) == ["target-of-another"]
    await asyncio.to_thread(run, "move", f"database={address}", "-d", folder)
    full = await asyncio.to_thread(run, "move", f"database={address}", "-d", world.hub.directory, code=2)
    assert rules(full) == ["target-not-empty"]


async def test_large_packages_move_into_an_object_store_and_back(
    world: World, tmp_path: Path, object_store: "Store"
) -> None:
    """Killed with one of two brought, it brings the other; the node goes on there, and again on its disk."""
    await busy(world)
    folder = world.gateway.directory
    address, bucket = fresh_address(tmp_path / "moved"), object_store.client("moved")
    settings = object_store.settings(folder, "moved") | {"database": address}
    wanted = [f"{key}={value}" for key, value in settings.items()]
    await asyncio.to_thread(move_and_die, folder, "BYTES_MOVED", *wanted)
    moved = await asyncio.to_thread(facts, "move", *wanted, "--write-config", "-d", folder)
    assert moved["large"]["brought"] < moved["large"]["count"] == 2
    kept = {row["digest"] for row in world.gateway.rows("SELECT digest FROM objects WHERE standing = 'kept'")}
    assert len(kept) == 2
    assert kept <= {key.split("/")[2].split(".")[0] for key, _ in bucket.list() if "/" in key}
    await world.gateway.start()
    letter = document(Sent(sender=HEALTH, number="9"), [FINANCE], attachment=LARGE)
    assert (await world.gateway.dms("SYT").send(letter, sender=HEALTH)).ok
    await collect_all(world.gateway.dms("STC"), count=2)
    await world.gateway.stop()

    back = await asyncio.to_thread(
        facts, "move", "database=", "database_file=back.db", "blobs=", "--write-config", "-d", folder
    )
    assert (back["large"]["count"], back["large"]["brought"]) == (3, 1)
    shutil.rmtree(folder / "spool")
    await world.gateway.start()
    assert (await world.gateway.dms("SYT").send(letter, sender=HEALTH)).ok
