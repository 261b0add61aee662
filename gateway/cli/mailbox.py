"""``lienthong mailbox``: list, collect, confirm, and fetch receipts, as a connected system would."""

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
    counted,
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
    from gateway.vxp.receipts import ReceiptItem, ReceiptsRequest
    from gateway.vxp.requests import Confirmation


@click.group()
def mailbox() -> None:
    """Hộp chờ nhận và biên nhận của một hệ thống: liệt kê, lấy, xác nhận.

    What waits for a connected system: list it, collect it, confirm it; and the receipts that are its own.
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
        both(f"\n  {len(items)} gói tin", counted(len(items), "package")),
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
        show(
            done("Đã báo trả lại gói tin; lời báo đầu tiên có hiệu lực", "said; the first word counts"),
            card([("Lý do", "reason", reason)]),
        )
    else:
        show(done("Đã xác nhận nhận gói tin; lời báo đầu tiên có hiệu lực", "said; the first word counts"))


async def _confirm(account: Account, doc_id: str, confirmation: "Confirmation", reason: str | None) -> None:
    async with calling(account) as axis:
        await axis.confirm(doc_id, confirmation, reason)


@mailbox.command()
@click.argument("doc_id", metavar="[DOCID]", default="")
@account_options
@click.option(
    "--side",
    type=click.Choice(["sent", "received"]),
    help="Chỉ về gói tin đã gửi, hoặc đã nhận. · Only about what was sent, or received.",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="ENTRY",
    help="Chỉ những mục sau mục này. · From behind this entry.",
)
@click.option(
    "--save",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Lưu từng biên nhận ký số vào thư mục, ENTRY.json. · Save each signed receipt.",
)
@json_option
def receipts(
    doc_id: str,
    systemid: str,
    secret_file: TextIO,
    url: str | None,
    ca_file: Path | None,
    folder: Path,
    side: str | None,
    after: int,
    target: Path | None,
    as_json: bool,
) -> None:
    """Liệt kê biên nhận: của gói tin DOCID, hoặc tất cả, theo bậc.

    List the system's signed receipts, of one package or all: which rung of the ladder each one is.
    """
    from gateway.vxp.receipts import ReceiptsRequest, Side

    account = make_account(systemid, secret_file, url, ca_file, folder)
    request = ReceiptsRequest(doc_id=doc_id or None, side=None if side is None else Side(side), after=after)
    items = asyncio.run(_receipts(account, request))
    if target is not None:
        _save_receipts(items, target)
    if as_json:
        show_json([_receipt_facts(item) for item in items])
    elif not items:
        show(both("  Không có biên nhận nào.", "no receipt"))
    else:
        _show_receipts(items)


async def _receipts(account: Account, request: "ReceiptsRequest") -> "tuple[ReceiptItem, ...]":
    async with calling(account) as axis:
        return await axis.list_receipts(request)


def _save_receipts(items: "tuple[ReceiptItem, ...]", target: Path) -> None:
    import json

    target.mkdir(parents=True, exist_ok=True)
    for item in items:
        text = json.dumps(item.receipt, ensure_ascii=False)
        (target / f"{item.entry}.json").write_text(f"{text}\n", "utf-8")


def _receipt_facts(item: "ReceiptItem") -> dict[str, object]:
    return {
        "entry": item.entry,
        "event": item.event,
        "at": item.at,
        "sender_doc_id": item.sender_doc_id,
        "receiver_doc_id": item.receiver_doc_id,
        "recipients": item.recipients,
        "evidence": item.evidence,
        "reasons": item.reasons,
        "receipt": item.receipt,
    }


def _rungs(item: "ReceiptItem") -> list[str]:
    """Name what a receipt proves and why a package stopped, or what did not come in time."""
    from gateway.evidence.receipts import read_statement
    from gateway.exchange.words import rung_words

    expected = read_statement(str(item.receipt.get("statement")).encode()).get("expected")
    missing = [f"chưa thấy: {rung_words(expected)}"] if isinstance(expected, str) else []
    return [*map(rung_words, item.evidence), *item.reasons, *missing]


def _show_receipts(items: "tuple[ReceiptItem, ...]") -> None:
    from gateway.exchange.words import EVENTS
    from gateway.model.log import LogKind

    events = {kind.value: EVENTS[kind][0] for kind in LogKind}
    show(
        grid(
            ("Mục, lúc", "entry, at", "keep"),
            ("Việc", "event", "keep"),
            ("Bậc biên nhận", "evidence"),
            ("Gói tin, nơi nhận", "docId, to"),
            rows=[
                (
                    stacked(str(item.entry), local(item.at)),
                    events.get(item.event, item.event),
                    "\n".join(_rungs(item)),
                    stacked(item.sender_doc_id or "–", ", ".join(item.recipients)),
                )
                for item in items
            ],
        ),
        both(f"\n  {len(items)} biên nhận", counted(len(items), "receipt")),
    )
