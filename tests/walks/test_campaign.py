"""A short campaign on every change: what the full one does for an hour, for half a minute."""

import shutil
from pathlib import Path

import pytest

from tests.campaign.__main__ import disk_plan, loss_plan, server_plan
from tests.campaign.kills import Plan, play
from tests.databases import why_no_postgresql

pytestmark = pytest.mark.timeout(240)


async def test_everything_is_killed_again_and_again_and_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    """A hundred kills and bad roads, at the same time."""
    outcome = await play(tmp_path, Plan(seed=11, kills=100, seconds=60))
    assert sum(outcome.kills.values()) >= 30
    assert outcome.deliveries > 100
    assert outcome.breaches == []


@pytest.mark.skipif(why_no_postgresql() is not None, reason=str(why_no_postgresql()))
async def test_two_nodes_over_a_server_that_crashes_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    """Nodes are killed and stand still, connections end, the server is started anew, while all work."""
    outcome = await play(tmp_path, server_plan(11, 30, 4))
    assert sum(outcome.kills.values()) >= 3
    assert outcome.server_faults
    assert outcome.deliveries > 5
    assert outcome.breaches == []


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C compiler here")
async def test_bad_disks_and_power_cuts_lose_nothing_that_was_promised(tmp_path: Path) -> None:
    """Disks that are full, fail, tear and forget, under all three nodes."""
    outcome = await play(tmp_path, disk_plan(11, 15))
    assert sum(outcome.disk_faults.values()) > 10
    assert outcome.breaches == []


# What is restored has a file for its database, and the campaign would look elsewhere.
@pytest.mark.sqlite_only
async def test_gateways_lost_and_restored_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    """What happened since the backup is found at the axis, or sent again by the DMSs."""
    outcome = await play(tmp_path, loss_plan(11, 10))
    assert sum(outcome.losses.values()) >= 2
    assert outcome.deliveries > 20
    assert outcome.breaches == []


@pytest.mark.parametrize("mutation", ["no-dedupe-key", "confirm-before-record"])
async def test_a_planted_fault_is_found(tmp_path: Path, mutation: str) -> None:
    """The campaign can fail."""
    outcome = await play(tmp_path, Plan(seed=11, kills=40, seconds=40, mutation=mutation, settled_within=10))
    assert outcome.breaches
