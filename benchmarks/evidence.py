"""What evidence costs: ``python -m benchmarks.evidence [--documents 10000]``.

A hub takes documents of some 10 KB and hands them over; everything is exported as one bundle, the bundle is
verified. Memory is the process's peak, before and after. docs/evidence.md has the figures.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

import structlog

from gateway.config import load_config
from gateway.evidence.verifier.audit import verify
from gateway.exchange.export import Wish
from gateway.office import now, open_office
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from tests.bundles import walk_of
from tests.keys import authority
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

_AT_ONCE = 32
_BEFORE_COLLECTING = 1000


async def fill(node: Node, count: int) -> None:
    """Let one agency write to another, which collects and confirms."""
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.start()
    health, finance = node.dms("SYT"), node.dms("STC")
    places = asyncio.Semaphore(_AT_ONCE)

    async def send(number: int) -> None:
        async with places:
            package = document(Sent(sender=HEALTH, number=str(number)), [FINANCE], attachment=bytes(6000))
            assert (await health.send(package, sender=HEALTH)).ok

    for first in range(0, count, _BEFORE_COLLECTING):
        await asyncio.gather(*map(send, range(first, min(first + _BEFORE_COLLECTING, count))))
        await _collect_all(finance, places)
    await node.stop()


async def _collect_all(dms: SampleDms, places: asyncio.Semaphore) -> None:
    async def collect(doc_id: str) -> None:
        async with places:
            await dms.get(doc_id)
            await dms.confirm(doc_id)

    while items := (await dms.received("edoc")).items:
        await asyncio.gather(*(collect(item["docId"]) for item in items))


async def export(node: Node, path: Path) -> None:
    """Export everything, and tell what it took."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        walk, before, began, spent = await walk_of(office), _peak(), time.perf_counter(), time.process_time()
        made = await walk.write(Wish(told={"since": "2026-01-01"}), path, at=now())
        took, spent = time.perf_counter() - began, time.process_time() - spent
    print(
        f"exported {made.documents_count} documents, {made.parts_count} parts, {made.size_bytes >> 20} MiB:"
    )
    print(f"  {took:.1f} s ({spent:.1f} s of processor time), {made.documents_count / took:.0f} documents/s")
    print(f"  peak memory {before} -> {_peak()} MiB")


def check(path: Path) -> None:
    """Verify the bundle, and tell what it took."""
    before, began = _peak(), time.perf_counter()
    with path.open("rb") as file:
        findings = verify(file, [authority().certificate])
    took = time.perf_counter() - began
    print(f"verified (exit code {findings.exit_code}) {findings.counts['entries']} entries:")
    print(f"  {took:.1f} s, {findings.counts['documents'] / took:.0f} documents/s")
    print(f"  peak memory {before} -> {_peak()} MiB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=10_000)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with tempfile.TemporaryDirectory() as folder:
        node = prepare_node(Path(folder) / "node", code=PROVINCE, role=Role.HUB)
        asyncio.run(fill(node, asked.documents))
        asyncio.run(export(node, Path(folder) / "all.asice"))
        check(Path(folder) / "all.asice")


if __name__ == "__main__":
    main()
