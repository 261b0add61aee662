"""Runs the campaign: ``python -m tests.campaign [--kills N] [--seed S] [--mutations] [--report FILE]``."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.campaign.kills import Outcome, Plan, play
from tests.campaign.mutations import DISK_MUTATIONS, MUTATIONS


def main() -> int:
    """Play the scenes, tell what was found, and return 0 when nothing was (or, mutated, when all were)."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--kills", type=int, default=300, help="how many kills (10,000 is the full run)")
    parser.add_argument("--seconds", type=float, default=20, help="length of the scene without kills")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true", help="leave the roads alone")
    parser.add_argument("--disk", action="store_true", help="break the disks instead of killing")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="plant one fault first")
    parser.add_argument("--mutations", action="store_true", help="plant every fault, one after the other")
    parser.add_argument("--keep", type=Path, help="an empty folder for the town; it stays behind")
    parser.add_argument("--report", type=Path, help="write the figures there, as JSON")
    chosen = parser.parse_args()
    if chosen.mutations:
        return _try_mutations(chosen.seed, chosen.kills)
    plan = Plan(
        seed=chosen.seed,
        kills=0 if chosen.disk else chosen.kills,
        seconds=chosen.seconds,
        network=not (chosen.calm or chosen.disk),
        disk=chosen.disk,
        mutation=chosen.mutation,
    )
    outcome = _run(plan, chosen.keep)
    _tell(outcome)
    if chosen.report is not None:
        chosen.report.write_text(json.dumps(asdict(outcome), ensure_ascii=False, indent=1) + "\n")
    return 1 if outcome.breaches else 0


def _run(plan: Plan, keep: Path | None = None) -> Outcome:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        return asyncio.run(play(keep, plan))
    with tempfile.TemporaryDirectory(prefix="lienthong-campaign-") as directory:
        return asyncio.run(play(Path(directory), plan))


def _try_mutations(seed: int, kills: int) -> int:
    missed = []
    for name, mutation in MUTATIONS.items():
        began = time.monotonic()
        of_disk = name in DISK_MUTATIONS
        plan = Plan(
            seed=seed, kills=0 if of_disk else kills, disk=of_disk, network=not of_disk, mutation=name
        )
        outcome = _run(plan)
        found = outcome.breaches
        missed += [] if found else [name]
        print(f"{name}: {mutation.words}: ", end="")
        print(
            f"{len(found)} breaches in {time.monotonic() - began:.0f} s: {found[0][:160]}"
            if found
            else "MISSED"
        )
    return 1 if missed else 0


def _tell(outcome: Outcome) -> None:
    plan, kills = outcome.plan, sum(outcome.kills.values())
    print(f"seed {plan.seed}: {kills} kills in {outcome.seconds:.0f} s: {outcome.kills}")
    print(f"at any instant: {outcome.at_random}; ", end="")
    never = [name for name, count in outcome.passings.items() if not count]
    print(f"at points: {dict(sorted(outcome.at_points.items()))}")
    print(f"points never passed: {', '.join(never) or 'none'}")
    print(f"faults on the roads: {dict(sorted(outcome.faults.items()))}")
    print(f"faults of the disks: {dict(sorted(outcome.disk_faults.items()))}")
    print(
        f"{outcome.sendings} packages, {outcome.promises} promises, {outcome.refused} refused,"
        f" {outcome.deliveries} deliveries; settled in {outcome.settled_in:.1f} s"
    )
    for finding in outcome.findings:
        print(f"{'ok ' if not finding.breaches else 'BAD'} {finding.checked:>7}  {finding.sentence}")
        for breach in finding.breaches[:8]:
            print(f"             {breach}")


if __name__ == "__main__":
    sys.exit(main())
