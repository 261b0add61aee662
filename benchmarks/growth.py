"""Does a document cost the same when the log is long? Packages accepted behind more and more entries."""

import asyncio
from pathlib import Path
from statistics import median

from benchmarks.journeys import Acceptance
from benchmarks.limits import Limits
from benchmarks.log import entries_of, fill, make_seal
from benchmarks.measuring import Measurement, Result, calm
from benchmarks.nodes import Cores, Ground

_SIZE_BYTES = 10_000
_PACKAGES_COUNT, _ROUNDS = 300, 3


async def measure_growth(
    ground: Ground, cores: Cores, limits: Limits, counts: list[int]
) -> list[dict[str, object]]:
    """Measure what an acceptance costs behind so many entries, each a copy of the same node.

    Units: cost_ms is processor time for each document.
    """
    found: list[dict[str, object]] = []
    for count in counts:
        copy = ground.copied(ground.hub.folder.parent / f"behind-{count}")
        await asyncio.to_thread(_lengthen, copy.hub.folder / "lienthong.db", count)
        async with Acceptance.open(copy, "rsa", cores) as journey:
            await calm(journey.nodes[0])
            result = Result(journey="accept", key="rsa", size_bytes=_SIZE_BYTES)
            measurement = Measurement(
                journey=journey, stock=journey.stock(_SIZE_BYTES), result=result, limits=limits
            )
            for _ in range(_ROUNDS):
                await measurement.measure_round(_PACKAGES_COUNT)
        costs = [one.cost for one in result.rounds]
        found.append(
            {
                "entries": count,
                "cost_ms": round(1e3 * median(costs), 2),
                "least_cost_ms": round(1e3 * min(costs), 2),
                "of_signing": round(result.of_signing, 3),
            }
        )
    return found


def _lengthen(path: Path, count: int) -> None:
    fill(path, entries_of(count, make_seal()))
