"""How many documents a second: ``python -m benchmarks.exchange [--quick]``.

Three journeys over loopback, with real processes and real seals: into one node, through one gateway (each
pinned to one core, everything else on the other), and from DMS to DMS through two gateways and a hub.
Beside them, measured in the same seconds, what one core and the disk can do at all. docs/performance.md has
the figures and what they mean.
"""

import argparse
import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import report
from benchmarks.journeys import Acceptance, Chain, Journey, Passage
from benchmarks.limits import Limits
from benchmarks.measuring import Measurement, Result
from benchmarks.nodes import Cores, Ground, choose_cores, on_core

Open = Callable[[Ground, str, Cores], AbstractAsyncContextManager[Journey]]

_UNITS = {"K": 1000, "M": 1000_000}
# Each journey, and how many packages a round sends; of large ones fewer: so many bytes.
_JOURNEYS: dict[str, tuple[Open, int]] = {
    "accept": (Acceptance.open, 600),
    "gateway": (Passage.open, 240),
    "chain": (Chain.open, 100),
    # Only where asked for: it shares its cores with the load.
    "two processes": (Acceptance.open_doubled, 600),
}
# Those whose node has a core of its own.
_PINNED = frozenset({"accept", "gateway"})
_ROUND_BYTES = 60_000_000
_ROUNDS, _QUICK_ROUNDS = 5, 2
# So long packages come at half the rate.
_RELAXED_SECONDS, _QUICK_RELAXED_SECONDS = 6.0, 2.0
# About how long one may wait for the figures; a slower machine makes fewer rounds.
_SECONDS, _QUICK_SECONDS = 280.0, 35.0


def main() -> None:
    """Measure and print."""
    asked = _read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the nodes end with us, however we end
    campaign = Campaign(asked, choose_cores())
    with tempfile.TemporaryDirectory(prefix="lienthong-benchmark-") as name:
        campaign.run(Path(name))
    if asked.json:
        asked.json.write_text(report.write_json(campaign.limits, campaign.results))


class Campaign:
    """One run of the whole."""

    def __init__(self, asked: argparse.Namespace, cores: Cores) -> None:
        self._asked = asked
        self._cores = cores
        self._began = time.monotonic()
        self.results: list[Result] = []
        self.limits = Limits(cores.measured, Path())

    def run(self, folder: Path) -> None:
        """Take every journey with every kind of key; the chain with the first only."""
        self.limits.folder = folder
        grounds = {key: Ground.found(folder / key, key=key) for key in self._asked.key}
        for name in self._asked.journeys:
            keys = self._asked.key[:1] if name == "chain" else self._asked.key
            copies = {key: grounds[key].copied(folder / f"{name}-{key}") for key in keys}
            core = self._cores.others if name in _PINNED else None
            self.limits.measure()
            with on_core(core), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._take(name, copies))
        self.limits.measure()
        report.print_limits(self.limits)
        print(f"\n{time.monotonic() - self._began:.0f} s")

    async def _take(self, name: str, grounds: Mapping[str, Ground]) -> None:
        open_journey, count = _JOURNEYS[name]
        async with AsyncExitStack() as left:
            measurements = []
            for key, ground in grounds.items():
                journey = await left.enter_async_context(open_journey(ground, key, self._cores))
                for size in self._asked.sizes:
                    result = Result(journey=name, key=key, size_bytes=size)
                    stock = journey.stock(size)
                    measurements.append(
                        Measurement(journey=journey, stock=stock, result=result, limits=self.limits)
                    )
            measurements.sort(key=lambda one: one.result.size_bytes)
            for number in range(_QUICK_ROUNDS if self._asked.quick else _ROUNDS):
                if number and time.monotonic() > self._began + self._patience(name):
                    break
                for measurement in measurements:
                    await measurement.measure_round(self._fit(count, measurement))
            for measurement in measurements:
                await measurement.measure_relaxed(self._fit_relaxed(measurement.result))
                report.print_result(measurement.result)
                self.results.append(measurement.result)

    def _fit(self, count: int, measurement: Measurement) -> int:
        count = max(20, min(count, _ROUND_BYTES // measurement.result.size_bytes))
        return count // 2 if self._asked.quick else count

    def _fit_relaxed(self, result: Result) -> int:
        """Say how many make delays that one slow moment does not decide: some seconds of half the rate."""
        seconds = _QUICK_RELAXED_SECONDS if self._asked.quick else _RELAXED_SECONDS
        most = 2 * _ROUND_BYTES // result.size_bytes
        return max(20, min(int(result.rate / 2 * seconds), most))

    def _patience(self, name: str) -> float:
        """Say by when the last round of a journey may begin, so that the whole ends in its time."""
        place = list(self._asked.journeys).index(name) + 1
        return (_QUICK_SECONDS if self._asked.quick else _SECONDS) * place / len(self._asked.journeys)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.exchange", description="How many documents a second?")
    parser.add_argument("--quick", action="store_true", help="50K and RSA only, fewer packages: one minute")
    parser.add_argument("--sizes", type=read_sizes, help="sizes of packages: 10K,50K,1M")
    parser.add_argument("--key", type=one_of("rsa", "p256"), help="kinds of seals: rsa,p256")
    parser.add_argument(
        "--journeys", type=one_of(*_JOURNEYS), default=list(_JOURNEYS)[:3], help=",".join(_JOURNEYS)
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file, too")
    asked = parser.parse_args()
    asked.sizes = asked.sizes or ([50_000] if asked.quick else [10_000, 50_000, 1_000_000])
    asked.key = asked.key or (["rsa"] if asked.quick else ["rsa", "p256"])
    return asked


def read_sizes(text: str) -> list[int]:
    try:
        return [int(float(part[:-1]) * _UNITS[part[-1]]) for part in text.upper().split(",")]
    except (KeyError, IndexError, ValueError) as error:
        raise argparse.ArgumentTypeError("sizes are written 10K,50K,1M") from error


def one_of(*known: str) -> Callable[[str], Any]:
    def read(text: str) -> list[str]:
        if unknown := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
        return text.split(",")

    return read


if __name__ == "__main__":
    main()
