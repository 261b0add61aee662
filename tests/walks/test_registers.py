"""Registers of documents as files, from a node that runs."""

import asyncio
import sys
from pathlib import Path

import openpyxl

from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.office import now
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World


async def test_the_registers_are_files_that_offices_keep(world: World, tmp_path: Path) -> None:
    """What went out with its recipients by name; what came in numbered, what was declined with a note."""
    day = local_day(now())
    told = document(Sent(sender=HEALTH, day=day), [FINANCE, MINISTRY], type_name="Kế hoạch")
    assert (await world.health.send(told, sender=HEALTH)).ok
    again = Sent(sender=HEALTH, number="8", notation="SYT-VP", day=day)
    assert (await world.health.send(document(again, [FINANCE]), sender=HEALTH)).ok
    said = status(again, "02", by=FINANCE, description="Không thuộc thẩm quyền")
    assert (await world.finance.send(said, sender=FINANCE, kind="status")).ok

    async def register(side: str, code: AgencyCode) -> list[tuple[object, ...]]:
        out = tmp_path / f"{side}.xlsx"
        command = ("register", side, str(day.year), "--agency", code, "--out", str(out))
        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *command, "-d", str(world.gateway.directory))
        )
        assert await ran.wait() == 0
        return list(openpyxl.load_workbook(out).active.iter_rows(values_only=True))

    rows = await register("out", HEALTH)
    assert [row[0] for row in rows[-2:]] == ["412/SYT-VP", "8/SYT-VP"]
    assert rows[-2][2] == "Kế hoạch: Về việc báo cáo công tác tiêm chủng"
    assert str(rows[-2][4]).startswith("Sở Tài chính tỉnh Thử Nghiệm; ")
    rows = await register("in", FINANCE)
    assert [(row[1], row[2], row[3]) for row in rows[-2:]] == [
        (1, "Sở Y tế tỉnh Thử Nghiệm", "412/SYT-VP"),
        (2, "Sở Y tế tỉnh Thử Nghiệm", "8/SYT-VP"),
    ]
    assert f"Từ chối tiếp nhận ngày {local_day(now()):%d/%m/%Y}" in rows[-1]
