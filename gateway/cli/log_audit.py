"""``lienthong log export`` and ``verify``: the whole log for an auditor, and the whole log checked by one."""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.log_tree import output_option
from gateway.cli.node import directory_option, is_node, load_node, meant_folder, open_records
from gateway.cli.terminal import (
    done,
    json_option,
    local,
    number,
    show,
    show_faults,
    show_json,
    words,
)
from gateway.errors import Fault, Misconfiguration

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from gateway.evidence.replay import Replayed
    from gateway.exchange.auditing import StampsFound
    from gateway.trust.certificates import Anchors

file_argument = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("export")
@output_option
@directory_option
@click.pass_context
def export_log(ctx: click.Context, output: Path | None, folder: Path) -> None:
    """Xuất toàn bộ nhật ký cho kiểm toán. Mỗi dòng một mục hoặc điểm chốt, dạng JSON.

    Write the whole log for an auditor, as it is now: JSON, one entry or checkpoint a line, timestamps and
    witnesses' signatures with it. `lienthong log verify FILE` reads it. A server may be running.
    """
    from gateway.exchange.export import replacing
    from gateway.source import source_of
    from gateway.store.whole_log import export_log as lines_of

    source = source_of(load_node(meant_folder(ctx, folder)))
    if output is None:
        sys.stdout.buffer.writelines(lines_of(source))
        return
    # The half of a log verifies like a shorter one: it must not bear the name of the whole.
    with replacing(output) as file:
        file.writelines(lines_of(source))
    show(done(f"Đã xuất nhật ký vào {output}", "exported"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Audit:
    """What a log is held against."""

    origin: str
    certificates: Sequence["Certificate"]
    anchors: "Anchors | None"
    held: Sequence[bytes]


@click.command("verify")
@click.argument("export", type=file_argument, required=False, metavar="[EXPORT]")
@click.option(
    "--held",
    multiple=True,
    type=file_argument,
    metavar="NOTE",
    help="Điểm chốt do người ngoài giữ. · A checkpoint that somebody outside kept.",
)
@click.option(
    "--certificate",
    "certificate_files",
    multiple=True,
    type=file_argument,
    metavar="PEM",
    help="Chứng thư con dấu, nay và trước; mặc định của nút. · Of the seal, present and former.",
)
@click.option(
    "--anchors",
    "anchors_file",
    type=file_argument,
    metavar="PEM",
    help="Gốc của cơ quan cấp dấu thời gian. · Roots of the timestamping authority.",
)
@click.option(
    "--origin", metavar="NAME", help="Tên nhật ký, nếu khác MÃ/log. · The log's name, if not CODE/log."
)
@directory_option
@json_option
@click.pass_context
def verify_log(
    ctx: click.Context,
    export: Path | None,
    held: tuple[Path, ...],
    certificate_files: tuple[Path, ...],
    anchors_file: Path | None,
    origin: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Kiểm tra toàn bộ nhật ký từ mục đầu tiên. Của nút này hoặc trong tệp EXPORT.

    Check the whole log from its first entry: this node's, or an export, which needs no node but the seal's
    certificate. Nothing that was computed before is believed. Exit code 0 only when everything holds.
    """
    from gateway.exchange.auditing import list_faults

    folder = meant_folder(ctx, folder)
    audit = _gather(folder, held, certificate_files, anchors_file, origin)
    began = time.perf_counter()
    found = _replay_export(export, audit) if export else asyncio.run(_replay_own(folder, audit))
    seconds = time.perf_counter() - began
    stamps = _look_at_stamps(folder, export, audit)
    faults = list_faults(found, stamps)
    if as_json:
        show_json(_facts(audit, found, stamps, faults, seconds))
    else:
        _tell(audit, found, stamps, faults, seconds)
    ctx.exit(1 if faults else 0)


def _gather(
    folder: Path,
    held: Sequence[Path],
    certificate_files: Sequence[Path],
    anchors_file: Path | None,
    origin: str | None,
) -> _Audit:
    """Gather what the log is held against; what is not given is the node's own."""
    from gateway.back_office import house_of
    from gateway.exchange.checkpoints import log_name
    from gateway.trust.certificates import load_anchors
    from gateway.trust.keys import holder_of

    config = load_node(folder) if is_node(folder) or not certificate_files else None
    given = load_anchors(*(path.read_bytes() for path in certificate_files)).certificates
    certificates = given or (house_of(config).certificates if config else ())
    holder = holder_of(certificates[0]) if given else config.agency_code if config else None
    roots = anchors_file or (config.audit.timestamp_anchors_file if config else None)
    if origin is None and holder is None:
        raise Misconfiguration.because(
            "log-unnamed",
            vi="chứng thư không nêu mã cơ quan: cần --origin",
            en="the certificate names no agency: --origin is needed",
        )
    return _Audit(
        origin=origin or log_name(holder),  # type: ignore[arg-type]  # one of them is there
        certificates=certificates,
        anchors=load_anchors(roots.read_bytes()) if roots else None,
        held=[path.read_bytes() for path in held],
    )


async def _replay_own(folder: Path, audit: _Audit) -> "Replayed":
    from gateway.exchange.auditing import verify_log as verify

    async with open_records(folder) as database:
        return await verify(database, origin=audit.origin, certificates=audit.certificates, held=audit.held)


def _replay_export(export: Path, audit: _Audit) -> "Replayed":
    from gateway.exchange.auditing import verify_export

    with export.open("rb") as lines:
        return verify_export(lines, origin=audit.origin, certificates=audit.certificates, held=audit.held)


def _look_at_stamps(folder: Path, export: Path | None, audit: _Audit) -> "StampsFound | None":
    """Verify every timestamp; None when no roots were given to hold them against."""
    from gateway.evidence.replay import read_stamps
    from gateway.exchange.auditing import verify_stamps
    from gateway.source import source_of
    from gateway.store.whole_log import read_tokens

    if audit.anchors is None:
        return None
    if export is None:
        return verify_stamps(read_tokens(source_of(load_node(folder))), audit.anchors)
    with export.open("rb") as lines:
        return verify_stamps(read_stamps(lines), audit.anchors)


def _facts(
    audit: _Audit, found: "Replayed", stamps: "StampsFound | None", faults: Sequence[Fault], seconds: float
) -> dict[str, Any]:
    return {
        "log": audit.origin,
        "holds": not faults,
        "entries": found.size,
        "root": found.root.hex(),
        "vouched": found.vouched,
        "checkpoints": found.checkpoints_count,
        "timestamps": None if stamps is None else stamps.count,
        "newest_timestamp": None if stamps is None else stamps.newest_at,
        "faults": [
            {"rule": fault.rule, "where": fault.where, "vi": fault.vi, "en": fault.en} for fault in faults
        ],
        "entries_per_second": int(found.size / seconds),
    }


def _tell(
    audit: _Audit, found: "Replayed", stamps: "StampsFound | None", faults: Sequence[Fault], seconds: float
) -> None:
    from gateway.exchange.auditing import OF_ENTRIES, OF_TREE, list_faults

    rules = {fault.rule for fault in list_faults(found, None)}
    stamped = "không xét (thiếu --anchors)" if stamps is None else f"{number(stamps.count)} dấu"
    if stamps is not None and stamps.newest_at is not None:
        stamped += f", mới nhất {local(stamps.newest_at)}"
    checks = [
        (
            not rules & OF_ENTRIES,
            f"{number(found.size)} mục, số thứ tự liên tục, nội dung khớp lá băm",
            "entries, in order, each hashed again",
        ),
        (not rules & OF_TREE, "cây băm tính lại từ đầu, và đúng là cây đã lưu", "the tree computed anew"),
        (
            not rules - OF_ENTRIES - OF_TREE,
            f"{number(found.checkpoints_count)} điểm chốt (giữ ở ngoài: {len(audit.held)}), ký đúng và"
            f" khớp, đến mục {number(found.vouched)}",
            "checkpoints, signed and met",
        ),
        (None if stamps is None else not stamps.faults, f"dấu thời gian: {stamped}", "timestamps"),
    ]
    show(words("\n  Kiểm tra nhật ký ", (audit.origin, "bold"), (" · the whole log", "dim")))
    for order, (holds, vi, en) in enumerate(checks, start=1):
        mark = ("–", "dim") if holds is None else ("✓", "green") if holds else ("✗", "bold red")
        show(words(f"  {order} ", mark, f" {vi}", (f" · {en}", "dim")))
    behind = found.size - found.vouched
    rest = f"; {number(behind)} mục sau đó chưa ai ký" if behind else ""
    show(words((f"  gốc {found.root.hex()}{rest}", "dim")))
    show(words((f"  {number(int(found.size / seconds))} mục/giây · entries a second", "dim")))
    show_faults(faults)
    if found.faults_count > len(found.faults):
        show(words(f"  … và {number(found.faults_count - len(found.faults))} lỗi khác · more faults"))
