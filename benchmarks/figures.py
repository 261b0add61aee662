"""What figures cost when there are many: ``python -m benchmarks.figures [YEARS]``.

A node with so many years (three) of an office in its books: 52,398 dossiers, 398 petitions and 149 tasks
of each, 58,144 documents for 95 agencies. Told: processor time of the figures of a year now, and as they were
half a year ago, of the list of what is overdue, and of the register. docs/performance.md has the figures.
"""

import asyncio
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gateway.config import load_config
from gateway.deadlines.counts import Period
from gateway.exchange.reckoning import Reckoning
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Standing, Step, moved
from gateway.office import open_office
from gateway.store.obligations import Wanted, insert_obligation, insert_step, list_obligations
from gateway.store.register import Entered, Side, enter, load_daily_register
from tests.walks.world import PROVINCE, prepare_node

_AGENCIES = [AgencyCode(f"000.00.{number:02d}.H57") for number in range(1, 96)]
_TYPES = ("Công văn", "Quyết định", "Báo cáo", "Kế hoạch", "Thông báo", "Giấy mời", "Tờ trình")
_NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
_OWED = {ObligationKind.DOSSIER: 52_398, ObligationKind.PETITION: 398, ObligationKind.TASK: 149}
_DOCUMENTS = {Side.IN: 44_375, Side.OUT: 13_769}
_LOOKS = 5


async def main(years: int) -> None:
    """Fill, then ask."""
    with tempfile.TemporaryDirectory() as folder:
        node = prepare_node(Path(folder) / "node", code=PROVINCE)
        async with open_office(load_config(node.directory / "config.toml")) as office:
            began = time.process_time()
            count = await office.database.write(lambda tables: _fill(tables, years))
            print(f"{count} rows in {time.process_time() - began:.0f} s", flush=True)
            reckoning = Reckoning(database=office.database, directory=office.directory)
            year = Period(first=date(2026, 1, 1), last=date(2026, 12, 31))
            past = _NOW - timedelta(days=180)
            overdue = Wanted(standings=(Standing.OPEN,), due_until=date(2026, 11, 25))
            await _measure("a year now", lambda: reckoning.figures(year, at=_NOW))
            await _measure(
                "a year, one agency", lambda: reckoning.figures(year, at=_NOW, agencies=_AGENCIES[:1])
            )
            await _measure("half a year ago", lambda: reckoning.figures(year, at=_NOW, as_of=past))
            await _measure("overdue, a page", lambda: list_obligations(office.database, overdue, limit=50))
            await _measure(
                "documents by day",
                lambda: load_daily_register(office.database, first=year.first, last=year.last),
            )


async def _measure(name: str, ask: Callable[[], Awaitable[object]]) -> None:
    spans = []
    for _ in range(_LOOKS):
        began = time.process_time()
        await ask()
        spans.append(time.process_time() - began)
    print(f"{name}: {sorted(spans)[_LOOKS // 2] * 1000:.0f} ms", flush=True)


def _fill(tables: sqlite3.Connection, years: int) -> int:
    dice = random.Random(2026)
    tables.execute("PRAGMA defer_foreign_keys = ON")
    count = 0
    for year in range(years):
        for kind, wanted in _OWED.items():
            for number in range(wanted):
                _owe(tables, dice, kind, f"{kind}-{year}-{number}", year)
                count += 1
        for side, wanted in _DOCUMENTS.items():
            for _ in range(wanted):
                _register(tables, dice, side, year)
                count += 1
    # Nothing the rows hang on is there: only what is counted is.
    tables.execute("PRAGMA defer_foreign_keys = OFF")
    return count


def _owe(tables: sqlite3.Connection, dice: random.Random, kind: ObligationKind, name: str, year: int) -> None:
    at = _NOW - timedelta(days=365 * year + dice.uniform(0, 330))
    due_on = (at + timedelta(days=20)).date()
    owed = Obligation(
        id=ObligationId(name),
        kind=kind,
        agency=dice.choice(_AGENCIES),
        reference=name,
        subject="Hồ sơ cấp giấy phép",
        assigned_at=at,
        due_on=due_on,
        first_due_on=due_on,
    )
    insert_obligation(tables, owed)
    insert_step(tables, owed, Step(act=Act.OPEN, at=at, due_on=due_on))
    ended_at = at + timedelta(days=dice.triangular(1, 24, 15))
    if ended_at < _NOW:
        step = Step(act=Act.FINISH, at=ended_at)
        insert_step(tables, moved(owed, step), step)


def _register(tables: sqlite3.Connection, dice: random.Random, side: Side, year: int) -> None:
    at = _NOW - timedelta(days=365 * year + dice.uniform(0, 330))
    enter(
        tables,
        Entered(
            agency=dice.choice(_AGENCIES),
            side=side,
            thread_id=ThreadId("t"),
            package_id=PackageId("p"),
            at=at,
            day=at.date(),
            type=dice.choice(_TYPES),
            is_legal=False,
            deliveries_count=3,
            in_time=dice.random() < 0.9,
        ),
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
