"""Counts again what every gateway of a kept simulation counts, from raw packages, and names what differs.

    python -m gateway simulate --days 45 --until 2026-02-27 --folder nation
    python -m tests.recount nation 2026-01-20 2026-02-27

The last day must be the simulation's: what is counted is counted as of its end. Exit code 1 when anything
differs, or when there was nothing to count.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from gateway.sandbox.world import own_environment
from tests.recount.count import Recount
from tests.recount.raw import Folder


def recount(path: Path, first: date, last: date) -> tuple[int, list[str]]:
    """Count a gateway's packages again; return how many figures were compared, and those that differ."""
    folder = Folder(path=path)
    served = folder.served()
    found = Recount(served=frozenset(served), mergers=folder.mergers())
    for raw in folder.packages():
        if raw.day <= last:
            found.enter(raw)
    told = ask(path, served, first, last)
    theirs = {
        "agencies": {
            one.pop("code"): {key: value for key, value in one.items() if key != "name"}
            for one in told["agencies"]
        },
        "types": {(one.pop("name"), one.pop("is_legal")): one for one in told["types"]},
        "pace": told["pace"],
    }
    compared = list(_compare("", found.figures(first, last), theirs))
    return len(compared), [f"{path.name}: {said}" for said in compared if said]


def ask(path: Path, served: list[str], first: date, last: date) -> dict[str, Any]:
    """Ask a gateway for its figures, as an operator does."""
    command = [sys.executable, "-m", "gateway", "figures", f"{first}..{last}", "--json", "--dir", str(path)]
    agencies = [word for code in served for word in ("--agency", code)]
    ran = subprocess.run([*command, *agencies], env=own_environment(), capture_output=True, check=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def _compare(where: str, ours: Any, theirs: Any) -> Iterator[str]:
    """Compare leaf by leaf: an empty text for each that is the same, the difference for each that is not."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in [*ours, *(key for key in theirs if key not in ours)]:
            yield from _compare(f"{where}/{key}", ours.get(key), theirs.get(key))
    else:
        yield "" if ours == theirs else f"{where}: recounted {ours}, the gateway says {theirs}"


def main(folder: Path, first: date, last: date) -> int:
    """Count all gateways of a nation again."""
    total, wrong = 0, []
    for config in sorted(folder.glob("cong-*/config.toml")):
        count, differences = recount(config.parent, first, last)
        total, wrong = total + count, wrong + differences
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{total} figures compared, {len(wrong)} differ\n")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    nation, *days = sys.argv[1:]
    raise SystemExit(main(Path(nation), *map(date.fromisoformat, days)))
