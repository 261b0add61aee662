"""Measures one journey: rounds at full load, then one at half the rate these gave.

Rounds of several measurements take turns, so that whatever else the machine does meanwhile meets them all.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.journeys import Journey
from benchmarks.limits import Limits
from benchmarks.load import keep_pace, saturate, watching
from benchmarks.nodes import Node, busy_seconds_of
from benchmarks.stock import Package, Stock

CONNECTIONS_COUNT = 32
_PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.02
# A node that takes less of a core than that, looked at over so long, is calm.
_CALM, _CALM_SECONDS, _CALM_LOOKS = 0.1, 2, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round at full load gave.

    Units: rate documents per second; cost seconds of the nodes' processor time for each document; busy how
    many cores they kept busy; elsewhere how much of the measured node's core went to programs that are none
    of ours; signing how many signatures per second that core made just before and just after.
    """

    rate: float
    cost: float
    busy: float
    elsewhere: float
    signing: float


@dataclass(slots=True, kw_only=True)
class Result:
    """What one journey gave for one size of package.

    Units: seconds for saturated, relaxed (delays at full and at half load) and waits (others', at full
    load). idle_bytes and peak_bytes are of the node that held most.
    """

    journey: str
    key: str
    size_bytes: int
    rounds: list[Round] = field(default_factory=list)
    saturated: list[float] = field(default_factory=list)
    relaxed: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    idle_bytes: int = 0
    peak_bytes: int = 0

    @property
    def rate(self) -> float:
        """Return documents per second: the median of the rounds."""
        return median(one.rate for one in self.rounds)

    @property
    def whole_core(self) -> float:
        """Return documents per second if the nodes had one core, whole: the median of the rounds."""
        return median(1 / one.cost for one in self.rounds)

    @property
    def of_signing(self) -> float:
        """Return that as a share of the signatures the core made in the same seconds."""
        return median(1 / one.cost / one.signing for one in self.rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One journey with one size of package, measured round by round."""

    journey: Journey
    stock: Stock
    result: Result
    limits: Limits

    async def measure_round(self, packages_count: int) -> None:
        """Send so many packages at full load."""
        result, nodes, packages = self.result, self.journey.nodes, self.stock.make(packages_count)
        core, signing_before = nodes[0].core, self.limits.measure_signing(result.key)
        self._watch_memory()
        busy, core_busy, begin = _busy_seconds(nodes), _busy_seconds_of(core), time.time()
        async with watching(nodes[0].url) as waits:
            begun_at = await saturate(self.journey.send, packages, connections=CONNECTIONS_COUNT)
            ended_at = await self._all_ended(packages)
        spent = max(ended_at.values()) - begin
        busy, core_busy = _busy_seconds(nodes) - busy, _busy_seconds_of(core) - core_busy
        result.rounds.append(
            Round(
                rate=len(packages) / spent,
                cost=busy / len(packages),
                busy=busy / spent,
                elsewhere=max(0.0, core_busy - busy) / spent,
                signing=(signing_before + self.limits.measure_signing(result.key)) / 2,
            )
        )
        result.saturated += _delays(begun_at, ended_at)
        result.waits += waits
        result.peak_bytes = max(result.peak_bytes, *(node.resident_bytes(peak=True) for node in nodes))

    async def measure_relaxed(self, packages_count: int) -> None:
        """Send so many packages at half the rate of the rounds, once what these left behind is done."""
        for node in self.journey.nodes:
            await calm(node)
        packages = self.stock.make(packages_count)
        begun_at = await keep_pace(
            self.journey.send, packages, per_second=self.result.rate / 2, connections=CONNECTIONS_COUNT
        )
        self.result.relaxed = _delays(begun_at, await self._all_ended(packages))

    def _watch_memory(self) -> None:
        if not self.result.rounds:
            self.result.idle_bytes = max(node.resident_bytes() for node in self.journey.nodes)
        for node in self.journey.nodes:
            node.forget_peak()

    async def _all_ended(self, packages: Sequence[Package]) -> Mapping[str, float]:
        """Wait until all of them have come to their end, and say when each did."""
        numbers = {package.number for package in packages}
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not numbers <= (ended_at := self.journey.ended_at()).keys():  # noqa: ASYNC110 - others end them
                await asyncio.sleep(_LOOK_SECONDS)
        return {number: ended_at[number] for number in numbers}


async def calm(node: Node) -> None:
    """Wait until a node has done what it puts off while more comes: words gathered, a tree grown."""
    for _ in range(_CALM_LOOKS):
        busy, began = node.busy_seconds(), time.monotonic()
        await asyncio.sleep(_CALM_SECONDS)
        if node.busy_seconds() - busy < _CALM * (time.monotonic() - began):
            return


def _busy_seconds(nodes: Sequence[Node]) -> float:
    return sum(node.busy_seconds() for node in nodes)


def _busy_seconds_of(core: int | None) -> float:
    return 0.0 if core is None else busy_seconds_of(core)


def _delays(begun_at: Mapping[str, float], ended_at: Mapping[str, float]) -> list[float]:
    return [at - begun_at[number] for number, at in ended_at.items()]
