"""What an object store costs: ``python -m benchmarks.objects [--megabytes 300 1000]``.

A large package is brought to a store on this machine and read back as a download reads it, in a process of
its own whose memory is watched from here; beside it the same with a folder. The store is rclone, which checks
signatures and writes to the disk but answers no range, so that what it wrote is read from a plain server of
files. Both share this machine's cores with what is measured: the figures are a floor.
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
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from gateway.model.identifiers import AgencyCode
from gateway.store.blobs import Blobs, read_chunks
from gateway.store.database import open_database
from gateway.store.folder import Folder
from gateway.store.object_shelf import ObjectShelf
from gateway.store.shelf import Shelf
from tests.object_store import Store, rclone

_WARM_BYTES = 20 << 20
_LOOK_SECONDS = 0.02


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.objects", description="What does an object store cost?")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--carry", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=1, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.files:
        asyncio.run(_serve_files(Path(asked.files[0])))
        return
    if asked.carry:
        folder, *numbers = asked.carry
        asyncio.run(_carry(Path(folder), *map(int, numbers)))
        return
    for megabytes in asked.megabytes:
        for name in ("folder", "rclone"):
            _measure(name, megabytes)


def _measure(name: str, megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as serving:
        root, port, reading_port = Path(folder), 0, 0
        if name == "rclone":
            port = serving.enter_context(rclone(root / "served")).port
            reading_port = serving.enter_context(_files_served(root / "served"))
        _watch(name, megabytes, "--carry", folder, str(port), str(reading_port), str(megabytes))


@contextmanager
def _files_served(folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.objects", "--files", str(folder)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait(20)


async def _serve_files(folder: Path) -> None:
    app = web.Application()
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def _watch(name: str, megabytes: int, *arguments: str) -> None:
    """Let a process carry, and look at its memory from outside, from when it is warm."""
    command = [sys.executable, "-m", "benchmarks.objects", *arguments]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "warm\n"
    before = peak = _resident_bytes(child.pid)
    while child.poll() is None:
        peak = max(peak, _resident_bytes(child.pid))
        time.sleep(_LOOK_SECONDS)
    put, get = json.loads(child.stdout.read())
    print(
        f"{name:8}{megabytes:6} MB   put {megabytes / put:6.0f} MB/s   get {megabytes / get:6.0f} MB/s"
        f"   memory +{(peak - before) / 1e6:.0f} MB",
        flush=True,
    )


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


async def _carry(root: Path, port: int, reading_port: int, megabytes: int) -> None:
    for name in ("blobs", "spool"):
        (root / name).mkdir()
    database = await open_database(root / "x.db", linger=timedelta(0), batch_limit=8)
    shelf: Shelf = Folder(directory=root / "blobs", spool_directory=root / "spool")
    reading = shelf
    if port:
        shelf = ObjectShelf(bucket=Store(port=port).client("bench"), owner=AgencyCode("H57"))
        reading = ObjectShelf(bucket=Store(port=reading_port).client("bench"), owner=AgencyCode("H57"))
    blobs = Blobs(database=database, spool_directory=root / "spool", inline_limit=1 << 16, shelves=(shelf,))
    reader = replace(blobs, shelves=(reading,))
    await _there_and_back(blobs, reader, "warm", _WARM_BYTES)
    print("warm", flush=True)
    print(json.dumps(await _there_and_back(blobs, reader, "package", megabytes * 1_000_000)), flush=True)
    await database.close()


async def _there_and_back(blobs: Blobs, reader: Blobs, name: str, size_bytes: int) -> tuple[float, float]:
    writer = blobs.spool(name)
    for start in range(0, size_bytes, 1 << 20):
        await writer.add(os.urandom(min(1 << 20, size_bytes - start)))
    spool = await writer.finish()
    began = time.perf_counter()
    await blobs.secure(spool)
    put = time.perf_counter() - began
    await blobs.database.write(lambda tables: blobs.keep(tables, spool))
    spool.discard()
    began, digest = time.perf_counter(), hashlib.sha256()
    with await reader.open(spool.digest) as file:
        async for chunk in read_chunks(file):
            digest.update(chunk)
    assert digest.hexdigest() == spool.digest
    return put, time.perf_counter() - began


if __name__ == "__main__":
    main()
