"""What the provable log costs: ``python -m benchmarks.log [--entries 1M] [--leaves 10M]``.

A log of realistic entries, four of five with a receipt, is filled, its tree grown, entries proved, everything
verified from nothing; then proofs in a larger tree of bare leaves; then appends with and without a checkpoint
every second, sixty times as often as is usual. Beside each what one core can hash at all: read the ratios.
docs/performance.md has the figures and what they mean.
"""

import argparse
import asyncio
import hashlib
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks.log_fill import entries_of, fill
from gateway.evidence.merkle import hash_leaf, nodes_in, plan_inclusion, verify_inclusion
from gateway.evidence.replay import Replayed
from gateway.evidence.tiles import TILE_WIDTH, tile_of
from gateway.exchange.auditing import verify_export, verify_log
from gateway.exchange.checkpoints import Checkpoints, extend_tree, prove_entry, root_at
from gateway.exchange.notary import Notary
from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.log import LogKind
from gateway.store.audit_log import append_entry
from gateway.store.database import Database, migrate, open_database
from gateway.store.tree import read_hashes
from gateway.store.whole_log import export_log
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, Seal, load_seal

Given = TypeVar("Given")

_UNITS = {"K": 10**3, "M": 10**6}
_HOLDER = AgencyCode("000.00.12.H57")
_ORIGIN = f"{_HOLDER}/log"
_AT = datetime(2026, 4, 12, tzinfo=UTC)
_PROOFS = 300
_NONE = (None,) * 4
_WRITERS, _ROUND_SECONDS, _ROUNDS = 64, 3.0, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an act took: seconds on the clock and of processor time, and how much more memory at most."""

    seconds: float
    busy_seconds: float
    memory_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.log", description="What does the provable log cost?")
    parser.add_argument("--entries", type=_read_count, default=10**6, help="realistic entries: 1M")
    parser.add_argument(
        "--leaves", type=_read_count, default=10**7, help="bare leaves for proofs: 10M; 0: none"
    )
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lienthong-log-") as name:
        asyncio.run(_measure(Path(name), asked.entries, asked.leaves))
    print(f"\n{time.monotonic() - began:.0f} s")


async def _measure(folder: Path, entries: int, leaves: int) -> None:
    seal = _make_seal()
    await _measure_log(folder / "log.db", entries, seal)
    (folder / "log.db").unlink()
    if leaves:
        await _measure_proofs(folder / "leaves.db", leaves)
        (folder / "leaves.db").unlink()
    await _measure_appends(folder, seal)


async def _measure_log(path: Path, count: int, seal: Seal) -> None:
    migrate(path)
    fill(path, entries_of(count, Notary(gateway=_HOLDER, seal=seal), until=_AT))
    print(f"\na log of {count:,} entries, {path.stat().st_size / count:.0f} bytes each")
    database = await _open(path)
    checkpoints = Checkpoints(database=database, seal=seal, origin=_ORIGIN)
    taken, kept = await _taking(lambda: checkpoints.make(at=_AT))
    assert kept is not None
    print(f"  extend       {_rate(count, taken)}")
    waits = [(await _taking(lambda seq=seq: prove_entry(database, seq)))[0].seconds for seq in _some(count)]
    print(f"  prove        {_waits(waits)}")
    taken, found = await _taking(
        lambda: verify_log(database, origin=_ORIGIN, certificates=[seal.certificate])
    )
    assert (found.faults, found.vouched, found.root) == ((), count, kept.root)
    print(f"  verify       {_rate(count, taken)}")
    await _measure_export(path, path.with_name("log.jsonl"), count, seal)
    taken, _ = await _taking(lambda: asyncio.to_thread(_read_and_hash, path))
    print(f"  read, hash once and do nothing else {_rate(count, taken)}")
    await database.close()


async def _measure_export(path: Path, export: Path, count: int, seal: Seal) -> None:
    def write() -> None:
        with export.open("wb") as file:
            file.writelines(export_log(path))

    def verify() -> Replayed:
        with export.open("rb") as lines:
            return verify_export(lines, origin=_ORIGIN, certificates=[seal.certificate])

    taken, _ = await _taking(lambda: asyncio.to_thread(write))
    print(f"  export       {_rate(count, taken)}")
    taken, found = await _taking(lambda: asyncio.to_thread(verify))
    assert (found.faults, found.vouched) == ((), count)
    print(f"  verify that  {_rate(count, taken)}")
    export.unlink()


def _read_and_hash(path: Path) -> None:
    """Do what nobody who verifies a log in one thread can leave out: the limit."""
    with closing(sqlite3.connect(path)) as connection:
        for statement, receipt in connection.execute("SELECT statement, receipt FROM log ORDER BY seq"):
            hash_leaf(statement + (receipt or b""))


async def _measure_proofs(path: Path, count: int) -> None:
    migrate(path)
    # The same tile's worth of leaves again and again would be hashed no faster, but made faster.
    leaves = [os.urandom(32) for _ in range(TILE_WIDTH)]
    rows = (("deferred", 0, b"{}", None, leaves[number % TILE_WIDTH], *_NONE) for number in range(count))
    fill(path, rows)
    database = await _open(path)
    taken, _ = await _taking(lambda: extend_tree(database, count))
    print(f"\na tree of {count:,} bare leaves")
    print(f"  extend       {_rate(count, taken)}")
    root = await root_at(database, count)
    waits, hashes, reads = [], 0, 0
    for seq in _some(count):
        plan = plan_inclusion(seq - 1, count)
        taken, proof = await _taking(lambda plan=plan: read_hashes(database, plan))
        assert verify_inclusion(leaves[(seq - 1) % TILE_WIDTH], seq - 1, count, proof, root)
        waits.append(taken.seconds)
        hashes = max(hashes, len(proof))
        reads = max(reads, len({tile_of(node) for node in nodes_in(plan)}))
    print(f"  prove        {_waits(waits)}, at most {hashes} hashes out of {reads} tiles")
    await database.close()


async def _measure_appends(folder: Path, seal: Seal) -> None:
    """Rounds with and without checkpoints take turns, so that whatever else the machine does meets both."""
    database = await _open(folder / "appends.db")
    checkpoints = Checkpoints(database=database, seal=seal, origin=_ORIGIN)
    rates: dict[bool, list[float]] = {False: [], True: []}
    for number in range(2 * _ROUNDS):
        vouched = bool(number % 2)
        keeping = asyncio.create_task(_keep_checkpoints(checkpoints)) if vouched else None
        rates[vouched].append(await _append_for(database, _ROUND_SECONDS))
        if keeping is not None:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
        await checkpoints.make(at=_AT)  # each round begins with a tree that is whole
    without, beside = median(rates[False]), median(rates[True])
    print(f"\nappends by {_WRITERS} writers, each waiting for its commit")
    print(f"  without      {without:,.0f}/s")
    print(f"  beside a checkpoint every second {beside:,.0f}/s = {beside / without:.2f} ×")
    await database.close()


async def _keep_checkpoints(checkpoints: Checkpoints) -> None:
    while True:
        await asyncio.sleep(1)
        await checkpoints.make(at=_AT)


async def _append_for(database: Database, seconds: float) -> float:
    notary, until = Notary(gateway=_HOLDER, seal=_make_seal()), time.monotonic() + seconds
    count = 0

    async def append() -> None:
        nonlocal count
        while time.monotonic() < until:
            entry = notary.entry(LogKind.DEFERRED, at=_AT, package_id=PackageId("p"), code="busy", attempt=1)
            await database.write(lambda tables, entry=entry: append_entry(tables, entry))
            count += 1

    began = time.monotonic()
    await asyncio.gather(*(append() for _ in range(_WRITERS)))
    return count / (time.monotonic() - began)


async def _open(path: Path) -> Database:
    return await open_database(path, linger=timedelta(milliseconds=2), batch_limit=64)


async def _taking(act: Callable[[], Awaitable[Given]]) -> tuple[Taken, Given]:
    """Say what an act took, and return what it gave."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before, busy, began = _memory("VmRSS:"), time.process_time(), time.perf_counter()
    given = await act()
    taken = Taken(
        seconds=time.perf_counter() - began,
        busy_seconds=time.process_time() - busy,
        memory_bytes=_memory("VmHWM:") - before,
    )
    return taken, given


def _memory(wanted: str) -> int:
    return int(Path("/proc/self/status").read_text().split(wanted)[1].split()[0]) * 1024


def _rate(count: int, taken: Taken) -> str:
    """Say how many a second, on the clock and of processor time, and how that compares with bare hashing."""
    of_processor = count / taken.busy_seconds
    return (
        f"{count / taken.seconds:,.0f}/s; {of_processor:,.0f} a second of processor time"
        f" = {of_processor / _hashes_a_second():.3f} × the nodes it can hash;"
        f" {taken.memory_bytes / 1e6:.0f} MB more memory at most"
    )


def _hashes_a_second() -> float:
    node, count, busy = bytes(65), 200_000, time.process_time()
    for _ in range(count):
        hashlib.sha256(node).digest()
    return count / (time.process_time() - busy)


def _waits(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"p50 {1e3 * median(ordered):.1f}, p99 {1e3 * ordered[len(ordered) * 99 // 100]:.1f} ms"


def _some(count: int) -> list[int]:
    return random.Random(1).sample(range(1, count + 1), min(count, _PROOFS))


def _make_seal() -> Seal:
    authority = make_authority("Benchmark", at=_AT)
    issued = issue_seal(
        authority, holder=_HOLDER, name="Benchmark", at=_AT, days=1, algorithm=Algorithm.ECDSA_SHA256
    )
    return load_seal(issued.key_pem, issued.chain_pem)


def _read_count(text: str) -> int:
    try:
        return int(float(text.rstrip("KMkm")) * _UNITS.get(text[-1].upper(), 1))
    except (ValueError, IndexError) as error:
        raise argparse.ArgumentTypeError("counts are written 500K, 1M") from error


if __name__ == "__main__":
    main()
