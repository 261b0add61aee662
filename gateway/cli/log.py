"""``lienthong log``: the audit log, as sentences or as the bytes that can be proved."""

import asyncio
import contextlib
from pathlib import Path

import click

from gateway.cli.log_audit import export_log, verify_log
from gateway.cli.log_entry import entry_facts, show_entry
from gateway.cli.log_tree import make_checkpoint, prove_entry, show_status
from gateway.cli.log_witness import witness
from gateway.cli.node import directory_option, open_records
from gateway.cli.terminal import both, json_option, show, show_json
from gateway.model.log import LogKind

_BETWEEN_LOOKS = 0.5


@click.group(invoke_without_command=True)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in LogKind]),
    metavar="KIND",
    help="Chỉ loại việc này, như accepted, refused, answered. · Only events of this kind.",
)
@click.option(
    "--last",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Số mục mới nhất. · How many of the newest.",
)
@click.option("--follow", is_flag=True, help="Chờ và in các mục mới, đến Ctrl-C. · Wait for new ones.")
@directory_option
@json_option
@click.pass_context
def log(ctx: click.Context, kind: str | None, last: int, follow: bool, folder: Path, as_json: bool) -> None:
    """Nhật ký: mọi việc đã xảy ra, chỉ thêm, chứng minh được.

    The audit log: everything that happened, never changed. With --json one entry on a line: the statement's
    exact text, its signed receipt, and its leaf in the Merkle tree.
    """
    if ctx.invoked_subcommand is None:
        # Ctrl-C is how following ends.
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_print(folder, kind, last, follow=follow, as_json=as_json))


async def _print(folder: Path, kind_name: str | None, last: int, *, follow: bool, as_json: bool) -> None:
    from gateway.cli.timeline import tell, timeline
    from gateway.store.audit_log import list_entries, list_latest

    kind = None if kind_name is None else LogKind(kind_name)
    async with open_records(folder) as database:
        newest = await list_latest(database, limit=1)
        rows = await list_latest(database, limit=last, kind=kind)
        if as_json or follow:
            for row in rows:
                show_json(entry_facts(row), lines=True) if as_json else show(tell(row), as_line=True)
        elif rows:
            show(timeline(rows), both("\n  ✓ có biên nhận ký số; chi tiết: lienthong log show MỤC", "signed"))
        else:
            show(both("  Nhật ký chưa có mục nào như vậy.", "no such entry"))
        seen = newest[-1].seq if newest else 0
        while follow:
            async for row in list_entries(database, kind=kind, after=seen):
                show_json(entry_facts(row), lines=True) if as_json else show(tell(row), as_line=True)
                seen = row.seq
            await asyncio.sleep(_BETWEEN_LOOKS)


for command in (show_entry, show_status, make_checkpoint, export_log, verify_log, prove_entry, witness):
    log.add_command(command)
