"""``lienthong doctor``: does what was done agree with what is on record and on disk?"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, load_node
from gateway.cli.terminal import both, done, json_option, show, show_json, stacked, words

if TYPE_CHECKING:
    from gateway.exchange.examination import Finding


@click.command()
@click.option(
    "--quick",
    is_flag=True,
    help="Chỉ đếm, không tính lại lá, chữ ký, mã băm. · Count only; recompute nothing.",
)
@click.option(
    "--mend",
    "wants_mending",
    is_flag=True,
    help="Dọn tệp không thuộc gói tin nào (khi không chạy). · Remove files that belong to no package.",
)
@directory_option
@json_option
@click.pass_context
def doctor(ctx: click.Context, quick: bool, wants_mending: bool, folder: Path, as_json: bool) -> None:
    """Khám thư mục dữ liệu: nhật ký, gói tin, lượt chuyển, tệp, khóa có khớp nhau không.

    Examine a data directory, served or not: log, rows, bytes and keys against each other. Changes nothing
    (but --mend). Exit code 1 when something is wrong; remarks alone are 0.
    """
    from gateway.back_office import house_of
    from gateway.exchange.examination import examine
    from gateway.office import now

    config = load_node(folder)
    house = house_of(config)
    if wants_mending:
        _mend(folder)
    findings = examine(house, at=now(), thorough=not quick)
    if as_json:
        show_json([_facts(finding) for finding in findings])
    else:
        _tell(findings)
    ctx.exit(1 if any(finding.is_error for finding in findings) else 0)


def _mend(folder: Path) -> None:
    from gateway.back_office import house_of
    from gateway.exchange.examination import mend
    from gateway.office import now
    from gateway.serving import alone

    config = load_node(folder)
    with alone(config.storage.database_file):
        for name in mend(house_of(config), at=now()):
            show(both(f"  đã dọn {name}", "removed"))


def _facts(finding: "Finding") -> dict[str, Any]:
    meaning = finding.meaning
    return {
        "code": finding.code,
        "severity": meaning.severity.value,
        "count": finding.count,
        "examples": list(finding.examples),
        "vi": meaning.vi,
        "en": meaning.en,
    }


def _tell(findings: "list[Finding]") -> None:
    if not findings:
        show(done("Không có gì bất thường.", "Everything agrees."))
    for finding in findings:
        mark = ("✗ ", "bold red") if finding.is_error else ("! ", "yellow")
        show(words("\n", mark, (finding.code, "bold"), f"  × {finding.count:,}"))
        show(stacked(f"  {finding.meaning.vi}", f"  {finding.meaning.en}"))
        more = " …" if finding.count > len(finding.examples) else ""
        show(words((f"  {', '.join(finding.examples)}{more}", "dim")))
    if findings and not any(finding.is_error for finding in findings):
        show("", done("Ngoài những điều trên, không có gì bất thường.", "But for these everything agrees."))
