"""Runs the campaign: ``python -m tests.campaign [--kills N] [--seed S] [--scene kills] [--page FILE]``."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from tests.campaign.kills import Outcome, Plan, play
from tests.campaign.mutations import DISK_MUTATIONS, LOSS_MUTATIONS, MUTATIONS
from tests.campaign.page import write_page

_MUTATED_SECONDS = 25.0
# So that what piled up while everything died is worked off before it is hours of work.
_KILLS_IN_A_TOWN = 1000


def main() -> int:
    """Play the scenes, tell what was found, and return 0 when nothing was (or, mutated, when all were)."""
    chosen = _arguments()
    if chosen.mutations:
        return _try_mutations(chosen.seed)
    outcomes = {}
    for scene in chosen.scene or ("kills", "disks", "losses"):
        for outcome in _play(scene, chosen):
            outcomes[scene] = outcome
            _keep_figures(chosen, outcomes)
        _tell(scene, outcomes[scene])
    return 1 if any(outcome.breaches for outcome in outcomes.values()) else 0


def _keep_figures(chosen: argparse.Namespace, outcomes: dict[str, Outcome]) -> None:
    if chosen.report is not None:
        figures = {scene: asdict(outcome) for scene, outcome in outcomes.items()}
        chosen.report.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    if chosen.page is not None:
        command = ["git", "rev-parse", "--short", "HEAD"]
        commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        write_page(chosen.page, outcomes, commit=commit)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument(
        "--scene", action="append", choices=["kills", "disks", "losses"], help="only this one"
    )
    parser.add_argument("--kills", type=int, default=300, help="how many kills (10,000 is the full run)")
    parser.add_argument("--nodes", type=int, choices=[1, 2], default=1, help="how many serve each house")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seconds", type=float, help="end a scene after so many; disks and losses: 40")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true", help="leave the roads alone")
    parser.add_argument("--mutation", choices=sorted(MUTATIONS), help="plant one fault first")
    parser.add_argument("--mutations", action="store_true", help="plant every fault, one after the other")
    parser.add_argument("--keep", type=Path, help="a folder for the towns; they stay behind")
    parser.add_argument("--report", type=Path, help="write the figures there, as JSON")
    parser.add_argument("--page", type=Path, help="put the figures into this page (docs/reliability.md)")
    return parser.parse_args()


def _play(scene: str, chosen: argparse.Namespace) -> Iterator[Outcome]:
    """Play a scene, and tell after each town what was found so far.

    Many kills happen in several towns, one after the other: each must settle, and is checked.
    """
    whole: Outcome | None = None
    left = chosen.kills if scene == "kills" else 1
    while left > 0:
        plan = _plan(scene, chosen)
        plan.seed += 0 if whole is None else left
        plan.kills = min(left, _KILLS_IN_A_TOWN) if scene == "kills" else 0
        keep = chosen.keep and chosen.keep / f"{scene}-{plan.seed}"
        outcome = _run(plan, keep)
        left -= sum(outcome.kills.values()) or left
        if whole is None:
            whole = outcome
        else:
            whole.add(outcome)
        yield whole


def _plan(scene: str, chosen: argparse.Namespace) -> Plan:
    if scene == "disks":
        return disk_plan(chosen.seed, chosen.seconds or 40.0, mutation=chosen.mutation)
    if scene == "losses":
        return loss_plan(chosen.seed, chosen.seconds or 40.0, mutation=chosen.mutation)
    if chosen.engine == "postgresql":
        kills = min(chosen.kills, _KILLS_IN_A_TOWN)
        plan = server_plan(chosen.seed, kills, chosen.seconds, mutation=chosen.mutation)
        return replace(plan, nodes=chosen.nodes, network=not chosen.calm)
    return Plan(
        seed=chosen.seed,
        kills=chosen.kills,
        nodes=chosen.nodes,
        seconds=chosen.seconds or 10 + min(chosen.kills, _KILLS_IN_A_TOWN),
        network=not chosen.calm,
        mutation=chosen.mutation,
    )


def server_plan(seed: int, kills: int, seconds: float | None = None, *, mutation: str | None = None) -> Plan:
    """Plan a scene in which two nodes of each house die, or stand still, over a server that crashes."""
    return Plan(
        seed=seed,
        kills=kills,
        nodes=2,
        on_server=True,
        freezing=0.25,
        longest=3.0,  # a node takes its time to connect
        seconds=seconds or 10 + 2 * kills,
        mutation=mutation,
    )


def disk_plan(seed: int, seconds: float, *, mutation: str | None = None) -> Plan:
    """Plan a scene in which only the disks are bad."""
    return Plan(seed=seed, seconds=seconds, network=False, disk=True, mutation=mutation)


def loss_plan(seed: int, seconds: float, *, mutation: str | None = None) -> Plan:
    """Plan a scene in which gateways are lost and restored from their backups."""
    return Plan(seed=seed, seconds=seconds, network=False, losses=True, mutation=mutation)


def _run(plan: Plan, keep: Path | None = None) -> Outcome:
    if keep is not None:
        keep.mkdir(parents=True)
        return asyncio.run(play(keep, plan))
    with tempfile.TemporaryDirectory(prefix="lienthong-campaign-") as directory:
        return asyncio.run(play(Path(directory), plan))


def _try_mutations(seed: int) -> int:
    missed = 0
    for name, mutation in MUTATIONS.items():
        began = time.monotonic()
        plan = Plan(seed=seed, kills=80, seconds=2 * _MUTATED_SECONDS, mutation=name)
        if name in DISK_MUTATIONS:
            plan = disk_plan(seed, _MUTATED_SECONDS, mutation=name)
        if name in LOSS_MUTATIONS:
            plan = loss_plan(seed, _MUTATED_SECONDS, mutation=name)
        found = _run(plan).breaches
        missed += not found
        words = f"{len(found)} breaches, such as {found[0][:160]}" if found else "MISSED"
        print(f"{name} ({mutation.words}) in {time.monotonic() - began:.0f} s: {words}", flush=True)
    return 1 if missed else 0


def _tell(scene: str, outcome: Outcome) -> None:
    kills = sum(outcome.kills.values())
    print(f"{scene}, seed {outcome.plan.seed}: {kills} kills in {outcome.seconds:.0f} s {outcome.kills}")
    print(f"killed at any instant: {outcome.at_random}; at points: {outcome.at_points}")
    never = [name for name, count in outcome.passings.items() if not count]
    print(f"points never passed: {', '.join(never) or 'none'}")
    print(f"faults on the roads: {outcome.faults}")
    print(f"faults of the disks: {outcome.disk_faults}")
    print(f"faults of the server: {outcome.server_faults}")
    print(f"stood still at: {outcome.frozen_at}; ended before they listened: {outcome.stillborn}")
    print(f"lost and restored: {outcome.losses}")
    print(
        f"{outcome.sendings} packages, {outcome.promises} promises, {outcome.refused} refused,"
        f" {outcome.deliveries} deliveries; settled in {outcome.settled_in:.1f} s"
    )
    for finding in outcome.findings:
        print(f"{'ok ' if not finding.breaches else 'BAD'} {finding.checked:>7}  {finding.sentence}")
        for breach in finding.breaches[:8]:
            print(f"             {breach}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
