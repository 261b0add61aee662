"""The nation in a box: small, whole, and held against its plan."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from gateway.cli.simulate_nodes import Founding, living
from gateway.model.code_lists import StatusCode
from gateway.model.identifiers import DocumentId
from gateway.sandbox.nation.acts import Sending
from gateway.sandbox.nation.checks import check_everything
from gateway.sandbox.nation.ledger import Arrival
from gateway.sandbox.nation.scenario import Scenario
from gateway.sandbox.world import own_environment
from tests.recount.__main__ import recount

SMALL = Scenario(dedicated_count=2, shared_count=2, last=date(2026, 11, 20), days_count=2, seed=3)


def simulate(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "gateway", "simulate", "--json", "--until", "2026-11-20", *arguments]
    ran = subprocess.run(command, env=own_environment(), capture_output=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def test_six_agencies_live_through_some_days_as_planned(tmp_path: Path) -> None:
    """One real command: all is as planned, the nodes are kept, and raw packages add up to what they count."""
    told = simulate("--dedicated", "2", "--shared", "4", "--days", "4", "--folder", str(tmp_path / "nation"))
    assert told["differences"] == []
    assert (told["agencies"], told["taking_part"]) == (6, 6)
    assert told["documents"] > 10
    assert all(figure["planned"] == figure["found"] > 0 for figure in told["figures"])
    gateways = [tmp_path / "nation" / name for name in ("cong-01", "cong-02", "cong-chung")]
    counted = [recount(gateway, date(2026, 11, 18), date(2026, 11, 20)) for gateway in gateways]
    assert sum(count for count, _ in counted) > 300
    assert [differences for _, differences in counted] == [[], [], []]
    with closing(sqlite3.connect(gateways[0] / "lienthong.db")) as tables, tables:
        tables.execute("UPDATE register_figures SET documents = documents + 1 WHERE side = 'out'")
    _, differences = recount(gateways[0], date(2026, 11, 18), date(2026, 11, 20))
    assert any("documents/outgoing" in difference for difference in differences)
    nodes = sorted(path.parent.name for path in (tmp_path / "nation").glob("*/config.toml"))
    assert nodes == ["cong-01", "cong-02", "cong-chung", "truc"]


def test_a_nation_in_two_programs_comes_out_the_same() -> None:
    """They meet at every moment; between them they have seen everybody."""
    told = simulate("--dedicated", "3", "--shared", "1", "--days", "3", "--parts", "2")
    assert told["differences"] == []
    assert (told["agencies"], told["taking_part"]) == (4, 4)


async def test_every_figure_that_is_not_as_planned_is_named(tmp_path: Path) -> None:
    """As planned there is nothing to say; of a plan that says a little more each check says where."""
    plan = SMALL.plan()
    await asyncio.to_thread(Founding(folder=tmp_path, cast=plan.cast, at=SMALL.founded_at).found)
    async with living(tmp_path, plan, plan.cast.nodes) as life:
        await life.live(lambda _: None)
        assert await check_everything(life) == []
        office = plan.cast.office.code
        tally = life.ledger.tallies[office]
        tally.arrived["Thư công", plan.last] += 1
        tally.handed_over[StatusCode.TAKE_BACK, plan.last] += 1
        tally.got["3", plan.last] += 1
        tally.sent["Thư công", plan.last] += 1
        task = replace(
            next(act for act in plan.acts if isinstance(act, Sending)).letter,
            recipients=(plan.cast.office,),
            number=9999,
            steering=1,
            due_on=plan.last,
        )
        life.ledger.debts.enter(Sending(at=SMALL.founded_at, letter=task))
        life.surplus[Arrival(office, office, DocumentId("1"), "0")] += 1
        differences = await check_everything(life)
    assert {one.figure[1] for one in differences} == {
        "documents in (Thư công)",
        "packages in (3)",
        "came and should not have",
        "the node's own count (came)",
        "the node's own count (went)",
        "documents in, by the register (Thư công)",
        "documents out, by the register (Thư công)",
        "task (open-in-time)",
        "packages out, by the log (13)",
        "documents in, by the log (3)",
    }
    assert all(office in one.where for one in differences)
