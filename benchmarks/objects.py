"""What an object store costs: ``python -m benchmarks.objects [--megabytes 300 1000]``.

A large package is brought to a store on this machine and read back as a download reads it, in a process of
its own whose memory is watched from here. Two stores, since neither is all: rclone checks signatures and
writes to the disk, but answers no range; moto answers everything, in Python, from memory. Both share this
machine's cores with what is measured, so that the figures are a floor.
"""

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import open_database
from gateway.store.folder import Folder
from gateway.store.object_shelf import ObjectShelf
from gateway.store.shelf import Shelf
from tests.object_store import Store, moto, rclone

_WARM_BYTES = 20 << 20
_LOOK_SECONDS = 0.02


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.objects", description="What does an object store cost?")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--carry", nargs=3, metavar=("FOLDER", "PORT", "MEGABYTES"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.carry:
        folder, port, megabytes = asked.carry
        asyncio.run(_carry(Path(folder), int(port), int(megabytes)))
        return
    for megabytes in asked.megabytes:
        for name in ("folder", "rclone", "moto"):
            _measure(name, megabytes)


def _measure(name: str, megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if name == "folder":
            _watch(name, root, 0, megabytes)
            return
        serving: AbstractContextManager[Store] = moto() if name == "moto" else rclone(root / "served")
        with serving as store:
            _watch(name, root, store.port, megabytes)


def _watch(name: str, root: Path, port: int, megabytes: int) -> None:
    """Let a process carry, and look at its memory from outside, from when it is warm."""
    command = [sys.executable, "-m", "benchmarks.objects", "--carry", str(root), str(port), str(megabytes)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "warm\n"
    before = peak = _resident_bytes(child.pid)
    while child.poll() is None:
        peak = max(peak, _resident_bytes(child.pid))
        time.sleep(_LOOK_SECONDS)
    told = json.loads(child.stdout.read())
    get = "no ranges" if told["get"] is None else f"{megabytes / told['get']:6.0f} MB/s"
    print(
        f"{name:8} {megabytes:6} MB   put {megabytes / told['put']:6.0f} MB/s   get {get}"
        f"   memory +{(peak - before) / 1e6:.0f} MB",
        flush=True,
    )


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _carry(root: Path, port: int, megabytes: int) -> None:
    for name in ("blobs", "spool"):
        (root / name).mkdir()
    database = await open_database(root / "x.db", linger=timedelta(0), batch_limit=8)
    shelf: Shelf = Folder(directory=root / "blobs", spool_directory=root / "spool")
    if port:
        shelf = ObjectShelf(bucket=Store(port=port).client("bench"))
    blobs = Blobs(database=database, spool_directory=root / "spool", inline_limit=1 << 16, shelves=(shelf,))
    reads = not (root / "served").exists()
    await _there_and_back(blobs, "warm", _WARM_BYTES, reads=reads)
    print("warm", flush=True)
    put, get = await _there_and_back(blobs, "package", megabytes * 1_000_000, reads=reads)
    print(json.dumps({"put": put, "get": get}), flush=True)
    await database.close()


async def _there_and_back(
    blobs: Blobs, name: str, size_bytes: int, *, reads: bool
) -> tuple[float, float | None]:
    writer = blobs.spool(name)
    for start in range(0, size_bytes, 1 << 20):
        await writer.add(os.urandom(min(1 << 20, size_bytes - start)))
    spool = await writer.finish()
    began = time.perf_counter()
    await blobs.secure(spool)
    put = time.perf_counter() - began
    await blobs.database.write(lambda tables: blobs.keep(tables, spool))
    spool.discard()
    if not reads:
        return put, None
    began, digest = time.perf_counter(), hashlib.sha256()
    with await blobs.open(spool.digest) as file:
        async for chunk in read_chunks(file):
            digest.update(chunk)
    assert digest.hexdigest() == spool.digest
    return put, time.perf_counter() - began


if __name__ == "__main__":
    main()
