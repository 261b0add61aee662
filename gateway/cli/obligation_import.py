"""``lienthong obligation import``: whole lists of what agencies owe."""

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gateway.cli.node import directory_option, open_node, operator_name
from gateway.cli.terminal import both, card, done, json_option, number, show, show_json

if TYPE_CHECKING:
    from gateway.exchange.importing import Brought

_LINES_TOLD = 20


@click.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.csv")
@click.option("--dry-run", is_flag=True, help="Chỉ xem sẽ thay đổi gì. · Only tell what would change.")
@directory_option
@json_option
def import_list(file: BinaryIO, dry_run: bool, folder: Path, as_json: bool) -> None:
    """Nhập danh sách việc phải làm từ tệp CSV. Hồ sơ một cửa, đơn thư nhận giấy, nhiệm vụ năm trước.

    Take in a list: CSV in UTF-8 with the columns kind, agency, reference, subject, assigned_on and, as
    wanted, assigned_by, due_on, done_on, outcome. With any fault nothing is written, and all are told. The
    same list again changes nothing; another day extends, a done day finishes.
    """
    brought = asyncio.run(_take(folder, file, dry_run=dry_run))
    if as_json:
        show_json(_brought_facts(brought, dry_run=dry_run))
        return
    verb = ("Sẽ thay đổi", "would change") if dry_run else ("Đã nhập", "taken in")
    show(
        done(f"{verb[0]}: {number(brought.lines)} dòng", verb[1]),
        card(
            [
                ("Giao mới", "given", number(brought.given)),
                ("Gia hạn", "extended", number(brought.extended)),
                ("Hoàn thành", "finished", number(brought.finished)),
            ]
        ),
    )
    if brought.differing:
        told = ", ".join(map(str, brought.differing[:_LINES_TOLD]))
        more = " …" if len(brought.differing) > _LINES_TOLD else ""
        vi = (
            f"  {number(len(brought.differing))} dòng ghi khác với số liệu đang giữ; giữ nguyên: {told}{more}"
        )
        show(both(vi, "these lines say other than what is kept, which stays as it is", "yellow"))


async def _take(folder: Path, file: BinaryIO, *, dry_run: bool) -> "Brought":
    from gateway.back_office import furnish_importing
    from gateway.exchange.ids import Mint

    async with open_node(folder) as office:
        importing = furnish_importing(office, Mint())
        with TemporaryFile() as copy:
            if not file.seekable():  # a list is read twice, and a pipe is not
                shutil.copyfileobj(file, copy)
                file = copy
            return await (importing.look(file) if dry_run else importing.take(file, by=operator_name()))


def _brought_facts(brought: "Brought", *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "lines": brought.lines,
        "given": brought.given,
        "extended": brought.extended,
        "finished": brought.finished,
        "differing": brought.differing,
    }
