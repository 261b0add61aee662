"""``lienthong mailbox``: list, collect and confirm what waits, as a connected system would."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gateway.cli.terminal import (
    both,
    card,
    done,
    grid,
    json_option,
    local,
    show,
    show_json,
    size,
    stacked,
    words,
)
from gateway.cli.wire import Account, account_options, calling, make_account

if TYPE_CHECKING:
    from gateway.vxp.items import ReceivedItem
    from gateway.vxp.requests import Confirmation


@click.group()
def mailbox() -> None:
    """Hộp chờ nhận của một hệ thống: liệt kê, lấy, xác nhận.

    What waits for a connected system: list it, collect it, confirm it.
    """


@mailbox.command("list")
@account_options
@json_option
def list_waiting(
    systemid: str, secret_file: TextIO, url: str | None, ca_file: Path | None, folder: Path, as_json: bool
) -> None:
    """Liệt kê những gì đang chờ.

    List what waits, documents and statuses.
    """
    items = asyncio.run(_list(make_account(systemid, secret_file, url, ca_file, folder)))
    if as_json:
        show_json([_facts(item) for item in items])
    elif not items:
        show(both("  Không có gì chờ nhận.", "nothing waits"))
    else:
        _show_items(items)


async def _list(account: Account) -> "list[ReceivedItem]":
    from gateway.model.code_lists import Kind

    async with calling(account) as axis:
        return [*await axis.list_received(Kind.DOCUMENT), *await axis.list_received(Kind.STATUS)]


def _facts(item: "ReceivedItem") -> dict[str, object]:
    return {
        "doc_id": item.doc_id,
        "kind": item.kind,
        "from": item.sender,
        "to": item.recipient,
        "created_at": item.created_at,
        "status": item.status,
        "sha256": item.package_sha256,
        "priority": item.priority,
    }


def _show_items(items: "list[ReceivedItem]") -> None:
    from gateway.model.code_lists import Kind

    kinds = {Kind.DOCUMENT: "văn bản", Kind.STATUS: "trạng thái", None: "?"}
    show(
        grid(
            ("Mã lần chuyển, lúc", "docId, since", "keep"),
            ("Loại", "kind", "keep"),
            ("Từ → cho", "from → to", "keep"),
            ("Tình trạng", "state"),
            rows=[
                (
                    stacked(item.doc_id, local(item.created_at)),
                    words(kinds[item.kind], (_urgency(item), "bold red")),
                    f"{item.sender or '?'}\n→ {item.recipient or '?'}",
                    item.status_words or item.status,
                )
                for item in items
            ],
        ),
        both(f"\n  {len(items)} gói tin", f"{len(items)} packages"),
    )


def _urgency(item: "ReceivedItem") -> str:
    return f"\n{item.priority.vi}" if item.priority else ""


@mailbox.command()
@click.argument("doc_id", metavar="DOCID")
@account_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ghi vào tệp này; - là stdout; mặc định DOCID.edxml. · Where to write it.",
)
@json_option
def get(
    doc_id: str,
    systemid: str,
    secret_file: TextIO,
    url: str | None,
    ca_file: Path | None,
    folder: Path,
    output: Path | None,
    as_json: bool,
) -> None:
    """Lấy gói tin DOCID về tệp; nó còn trong hộp tới khi xác nhận.

    Collect one package. It stays in the mailbox until it is confirmed.
    """
    account = make_account(systemid, secret_file, url, ca_file, folder)
    target = output or Path(f"{doc_id.replace(os.sep, '_')}.edxml")
    count = asyncio.run(_collect(account, doc_id, target))
    if str(target) == "-":
        return
    if as_json:
        show_json({"doc_id": doc_id, "file": str(target), "bytes": count})
        return
    show(
        done(f"Đã lấy {target}, {size(count)}", "collected"),
        words(("  lienthong check ", "cyan"), (str(target), "cyan")),
    )


async def _collect(account: Account, doc_id: str, target: Path) -> int:
    """Write the package beside its place first: what was cut off on the way never takes it."""
    to_stdout = str(target) == "-"
    part = None if to_stdout else tempfile.NamedTemporaryFile(dir=target.absolute().parent, delete=False)  # noqa: SIM115
    file = sys.stdout.buffer if part is None else part.file
    try:

        async def sink(chunk: bytes) -> None:
            await asyncio.to_thread(file.write, chunk)

        async with calling(account) as axis:
            count = await axis.download(doc_id, sink)
        file.flush()
        if part is not None:
            part.close()
            Path(part.name).replace(target)
        return count
    finally:
        if part is not None:
            part.close()
            Path(part.name).unlink(missing_ok=True)


@mailbox.command()
@click.argument("doc_id", metavar="DOCID")
@account_options
@click.option(
    "--fail", is_flag=True, help="Không nhận được gói tin: bên gửi được báo. · It could not be taken."
)
@click.option("--reason", metavar="TEXT", help="Lý do, khi --fail. · Why, with --fail.")
@json_option
def confirm(
    doc_id: str,
    systemid: str,
    secret_file: TextIO,
    url: str | None,
    ca_file: Path | None,
    folder: Path,
    fail: bool,
    reason: str | None,
    as_json: bool,
) -> None:
    """Xác nhận đã nhận gói tin DOCID (hoặc --fail).

    Confirm that a package was taken; with --fail turn it away, and its sender is told why.
    """
    from gateway.vxp.requests import Confirmation

    if reason is not None and not fail:
        raise click.UsageError("--reason đi cùng --fail / --reason goes with --fail")
    account = make_account(systemid, secret_file, url, ca_file, folder)
    confirmation = Confirmation.FAIL if fail else Confirmation.DONE
    asyncio.run(_confirm(account, doc_id, confirmation, reason))
    if as_json:
        show_json({"doc_id": doc_id, "confirmed": confirmation.value})
    elif fail:
        show(done("Đã trả lại gói tin", "turned away"), card([("Lý do", "reason", reason)]))
    else:
        show(done("Đã xác nhận nhận gói tin", "confirmed"))


async def _confirm(account: Account, doc_id: str, confirmation: "Confirmation", reason: str | None) -> None:
    async with calling(account) as axis:
        await axis.confirm(doc_id, confirmation, reason)
