"""Everything there is to measure about the exchange, in one run: ``python -m benchmarks [--quick]``.

What is measured where stands in the parts' own modules; beside every figure stands what the same core could
do at all in the same seconds. docs/performance.md has a run's figures and says what they mean.
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import report
from benchmarks.exchange import Campaign, one_of, read_sizes
from benchmarks.growth import measure_growth
from benchmarks.large import measure_large
from benchmarks.limits import Limits
from benchmarks.loopback import measure_loopback
from benchmarks.nodes import Ground, choose_cores, on_core
from benchmarks.peers import measure_peers
from benchmarks.starting import measure_start
from benchmarks.tables import write_markdown, write_plot

_PARTS = ("exchange", "start", "large", "growth", "peers")
_LARGE, _QUICK_LARGE = [100, 1_000, 2_000], [100]
_ENTRIES, _QUICK_ENTRIES = [1_000, 100_000, 1_000_000], [1_000, 100_000]
_PEERS_SIZES = (10_000, 50_000)
# A package of 2 GB is more than a node takes unless it is told to.
_ROOM = '[http]\nbody_limit = "3 GiB"\n'


class Run:
    """One run: what was asked for, and what has been found so far."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        self._asked = asked
        self._folder = folder
        self._cores = choose_cores()
        self._limits = Limits(self._cores.measured, folder)
        self._ground = Ground.found(folder / "ground", key="rsa")
        self.facts: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="minutes"),
            "machine": f"{os.cpu_count()} cores, CPython {platform.python_version()}",
            "parts": {},
        }

    def take(self, part: str) -> None:
        """Measure one part, and write down what has been found."""
        acts: dict[str, Callable[[], Any]] = {
            "exchange": self._exchange,
            "start": lambda: measure_start(self._copy("start").hub),
            "large": self._large,
            "growth": self._growth,
            "peers": lambda: {
                report.size_in_words(size): measure_peers(self._ground.hub.folder, size)
                for size in _PEERS_SIZES
            },
        }
        print(f"\n== {part}", flush=True)
        self.facts["parts"][part] = acts[part]()
        if part != "exchange":
            print(json.dumps(self.facts["parts"][part]), flush=True)
        if self._asked.into is not None:
            write(self.facts, self._asked.into)

    def _exchange(self) -> Any:
        self.facts["parts"]["loopback"] = self._run(measure_loopback(self._cores.measured))
        campaign = Campaign(self._asked, self._cores)
        campaign.run(self._folder / "exchange")
        return json.loads(report.write_json(campaign.limits, campaign.results))

    def _large(self) -> Any:
        self._limits.measure()
        speed = self._limits.typical("sha256_mebibyte")
        found = []
        for megabytes in self._asked.large:
            ground = self._copy(f"large-{megabytes}")
            for node in (ground.hub, ground.sender, ground.receiver):
                settings = node.folder / "config.toml"
                settings.write_text(settings.read_text().replace("[http]\n", _ROOM))
            found.append(self._run(measure_large(ground, megabytes, speed)))
        return found

    def _growth(self) -> Any:
        with on_core(self._cores.others):
            folder = self._folder / "growth"
            return self._run(measure_growth(folder, self._cores, self._limits, self._asked.entries))

    def _copy(self, name: str) -> Ground:
        return self._ground.copied(self._folder / name)

    def _run(self, act: Any) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(act)


def main() -> None:
    """Measure, or only write out once more what was measured before."""
    asked = _read_arguments()
    if asked.again:
        write(json.loads((asked.into / "benchmarks.json").read_text()), asked.into)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the nodes end with us, however we end
    with tempfile.TemporaryDirectory(prefix="lienthong-benchmark-") as name:
        run = Run(asked, Path(name))
        for part in asked.parts:
            run.take(part)
    print("\n" + write_markdown(run.facts))


def write(facts: dict[str, Any], folder: Path) -> None:
    """Write figures, tables and plot into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(json.dumps(facts, indent=1) + "\n")
    (folder / "benchmarks.md").write_text(write_markdown(facts))
    if "exchange" in facts["parts"]:
        (folder / "benchmarks.svg").write_text(write_plot(facts))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks", description="What does the exchange take, and what does it cost?"
    )
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(_PARTS)}; all of it"
    )
    parser.add_argument("--quick", action="store_true", help="few packages, small ones: some three minutes")
    parser.add_argument("--journeys", type=one_of("accept", "gateway", "chain", "two processes"))
    parser.add_argument("--sizes", type=read_sizes, help="sizes of packages: 10K,50K,1M")
    parser.add_argument("--key", type=one_of("rsa", "p256"), help="kinds of seals: rsa,p256")
    parser.add_argument("--large", type=_read_numbers, help="megabytes of the large packages: 100,1000,2000")
    parser.add_argument(
        "--entries", type=_read_numbers, help="entries before the accepted: 1000,1000000,10000000"
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="write JSON, Markdown and SVG there, too")
    parser.add_argument(
        "--again", action="store_true", help="measure nothing: write DIR's tables and plot anew"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(_PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(_PARTS)}")
    quick = asked.quick
    asked.parts = asked.parts or list(_PARTS)
    asked.journeys = asked.journeys or ["accept", "gateway", "chain"]
    asked.sizes = asked.sizes or ([10_000, 50_000] if quick else [10_000, 50_000, 1_000_000])
    asked.key = asked.key or ["rsa", "p256"]
    asked.large = asked.large or (_QUICK_LARGE if quick else _LARGE)
    asked.entries = asked.entries or (_QUICK_ENTRIES if quick else _ENTRIES)
    return asked


def _read_numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError("numbers are written 100,1000") from error


if __name__ == "__main__":
    main()
