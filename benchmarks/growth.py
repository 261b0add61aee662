"""Does a document cost the same when the log is long? Packages accepted behind more and more entries.

One node for each length, all served at once; their rounds take turns, so that whatever else the machine does
meets them all, and what counts is how each round compares with the shortest log's just before it.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.journeys import Acceptance
from benchmarks.limits import Limits
from benchmarks.log_fill import lengthen
from benchmarks.measuring import Measurement, Result, calm
from benchmarks.nodes import Cores, Node, found_hub
from benchmarks.starting import measure_start
from gateway.exchange.checkpoints import prove_entry
from gateway.store.database import open_database

_SIZE_BYTES = 10_000
_PACKAGES_COUNT, _ROUNDS = 300, 6
_PROVED = range(1, 101)


async def measure_growth(
    folder: Path, cores: Cores, limits: Limits, counts: list[int]
) -> list[dict[str, object]]:
    """Measure what an acceptance costs behind so many entries, each in a node of its own.

    Units: cost_ms is processor time for each document; ratio is to the first length's in the same turn.
    """
    async with AsyncExitStack() as left:
        lengths = []
        for count in counts:
            hub = await asyncio.to_thread(found_hub, folder / f"behind-{count}" / "hub", key="rsa")
            await lengthen(hub.folder, count)
            lengths.append(await Length.open(hub, count, cores, limits, left))
        for _ in range(_ROUNDS):
            for length in lengths:
                await length.measurement.measure_round(_PACKAGES_COUNT)
        return [await length.tell(lengths[0]) for length in lengths]


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A served node with a log of some length. started is what `measure_start` found."""

    count: int
    node: Node
    started: dict[str, object]
    file_bytes: int
    measurement: Measurement

    @classmethod
    async def open(
        cls, node: Node, count: int, cores: Cores, limits: Limits, left: AsyncExitStack
    ) -> "Length":
        """Start a node some times, then serve it until it is calm."""
        started = await asyncio.to_thread(measure_start, node)
        journey = await left.enter_async_context(Acceptance.into(node, "rsa", cores))
        await calm(node)
        return cls(
            count=count,
            node=node,
            started=started,
            file_bytes=_database_of(node).stat().st_size,
            measurement=Measurement(
                journey=journey,
                stock=journey.stock(_SIZE_BYTES),
                result=Result(journey="accept", key="rsa", size_bytes=_SIZE_BYTES),
                limits=limits,
            ),
        )

    async def tell(self, first: "Length") -> dict[str, object]:
        """Tell what was measured."""
        result = self.measurement.result
        costs = [one.cost for one in result.rounds]
        beside = [one.cost for one in first.measurement.result.rounds]
        return {
            "entries": self.count,
            "cost_ms": round(1e3 * median(costs), 2),
            "least_cost_ms": round(1e3 * min(costs), 2),
            "ratio": round(median(map(float.__truediv__, costs, beside)), 3),
            "of_signing": round(result.of_signing, 3),
            "start_seconds": self.started["seconds"],
            "idle_bytes": self.started["idle_bytes"],
            "loaded_bytes": self.node.resident_bytes(),
            "proof_ms": round(1e3 * await _proving_seconds(_database_of(self.node)), 1),
            "file_bytes": self.file_bytes,
        }


async def _proving_seconds(path: Path) -> float:
    """Tell how long it takes to prove one of the first entries: the median of some."""
    database, waits = await open_database(path, linger=timedelta(), batch_limit=1), list[float]()
    for seq in _PROVED:
        began = time.perf_counter()
        assert await prove_entry(database, seq) is not None
        waits.append(time.perf_counter() - began)
    await database.close()
    return median(waits)


def _database_of(node: Node) -> Path:
    return node.folder / "lienthong.db"
