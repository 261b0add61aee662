"""What a register costs: ``python -m benchmarks.registers [--lines 50000]``.

A year's incoming documents of a busy office are written as a workbook; then reports of 10, 100 and 1,000
agencies, as PDF and as XLSX; each in a process of its own. docs/performance.md has the figures.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from gateway.model.register import IncomingLine, Register
from gateway.model.report import Column, Report, Table, Unit
from gateway.papers.forms import INCOMING
from gateway.papers.pdf import write_report_pdf
from gateway.papers.register import write_register_xlsx
from gateway.papers.workbook import write_report_xlsx

_REPORTS = (10, 100, 1000)
_DAY = date(2026, 1, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.registers", description="What does a register cost?")
    parser.add_argument("--lines", type=int, default=50_000, help="lines of the register")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        _measure(asked.only, asked.lines)
        return
    for what, count in [
        ("register", asked.lines),
        *((kind, n) for kind in ("pdf", "xlsx") for n in _REPORTS),
    ]:
        command = [sys.executable, "-m", "benchmarks.registers", "--only", what, "--lines", str(count)]
        subprocess.run(command, check=True)


def _measure(what: str, count: int) -> None:
    before, begun, busy = _peak_bytes(), time.perf_counter(), time.process_time()
    size_bytes = _write_register(count) if what == "register" else _write_report(what, count)
    seconds, busy_seconds = time.perf_counter() - begun, time.process_time() - busy
    print(
        f"{what:8} {count:7,} lines: {seconds:6.2f} s, {busy_seconds:6.2f} s of processor,"
        f" {(_peak_bytes() - before) / 1e6:5.0f} MB more, {size_bytes / 1e6:.2f} MB written",
        flush=True,
    )


def _write_register(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="lienthong-register-") as name:
        path, spool = Path(name) / "register.xlsx", Path(name) / "spool"
        spool.mkdir()
        register = Register(issuer="Sở Y tế", period=("Năm 2026", "2026"), made_on=_DAY)
        with path.open("wb") as file:
            write_register_xlsx(INCOMING, register, _lines(count), file, spool_dir=spool)
        return path.stat().st_size


def _lines(count: int) -> Iterator[IncomingLine]:
    for number in range(1, count + 1):
        day = _DAY + timedelta(days=365 * number // count)
        yield IncomingLine(
            arrived_on=day,
            arrival_number=number,
            author="Ủy ban nhân dân tỉnh Thái Nguyên",
            code=f"{number % 9000}/UBND-KGVX",
            dated=day,
            abstract=f"Công văn về việc tăng cường phòng, chống dịch bệnh trên địa bàn tỉnh, đợt {number}",
            holder="Phòng Nghiệp vụ Y",
        )


def _write_report(kind: str, count: int) -> int:
    columns = (
        Column(title=("Cơ quan, đơn vị", "Agency"), unit=Unit.TEXT),
        *(Column(title=(f"Chỉ tiêu {n}", f"Figure {n}")) for n in range(5)),
        Column(title=("Tỷ lệ đúng hạn", "On time"), unit=Unit.SHARE),
    )
    rows = tuple((f"Ủy ban nhân dân xã số {n}", *range(n, n + 5), Decimal("95.70")) for n in range(count))
    report = Report(
        title=("Báo cáo tình hình thực hiện nhiệm vụ", "Report on tasks"),
        period=("Năm 2026", "2026"),
        issuer="Sở Y tế",
        made_on=_DAY,
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
        tables=(Table(title=("Nhiệm vụ", "Tasks"), columns=columns, rows=rows, numbered=True),),
    )
    return len(write_report_pdf(report) if kind == "pdf" else write_report_xlsx(report))


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
