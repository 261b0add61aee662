"""``lienthong document``: where a document stands with everybody, and how it came there."""

import asyncio
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, open_records
from gateway.cli.terminal import both, json_option, show, show_json

if TYPE_CHECKING:
    from gateway.exchange.dossier import Dossier
    from gateway.model.thread import RecipientState, Thread
    from gateway.store.packages import StoredPackage


@click.group()
def document() -> None:
    """Văn bản đã đi qua nút.

    The documents that passed through the node.
    """


@document.command("list")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    metavar="N",
    help="Số văn bản mới nhất. · How many of the newest.",
)
@directory_option
@json_option
def list_documents(last: int, folder: Path, as_json: bool) -> None:
    """Liệt kê văn bản, mới nhất trước.

    List documents, newest first, and how far their recipients have come.
    """
    found = asyncio.run(_list(folder, last))
    if as_json:
        show_json([{**asdict(thread), "recipients": [asdict(r) for r in who]} for thread, who in found])
    elif not found:
        show(both("  Chưa có văn bản nào.", "no document yet"))
    else:
        _show_list(found)


async def _list(folder: Path, last: int) -> "list[tuple[Thread, list[RecipientState]]]":
    from gateway.store.threads import list_recipients, list_threads

    async with open_records(folder) as database:
        threads = await list_threads(database, limit=last)
        return [(thread, await list_recipients(database, thread.id)) for thread in threads]


def _show_list(found: "list[tuple[Thread, list[RecipientState]]]") -> None:
    from gateway.cli.terminal import grid, local, words

    show(
        grid(
            ("Số, ký hiệu", "number", "keep"),
            ("Trích yếu", "subject"),
            ("Bên gửi", "from"),
            ("Nơi nhận", "to"),
            rows=[
                (
                    words((thread.notation, "bold"), (f"\n{local(thread.opened_at)[:16]}", "dim")),
                    words(thread.subject, (_mark(thread), "red")),
                    thread.owner,
                    _progress(recipients),
                )
                for thread, recipients in found
            ],
        ),
        both("\n  Chi tiết: lienthong document show SỐ/KÝ-HIỆU", "details"),
    )


def _mark(thread: "Thread") -> str:
    if thread.recalled_at is not None:
        return " (thu hồi)"
    return " (đã thay thế)" if thread.superseded_by is not None else ""


def _progress(recipients: "list[RecipientState]") -> str:
    from gateway.exchange.words import status_words

    counts = Counter(status_words(r.status)[0] if r.status else "chưa có tin" for r in recipients)
    return "\n".join(f"{count} {word}" for word, count in counts.items())


@document.command("show")
@click.argument("wanted", metavar="ID")
@directory_option
@json_option
def show_document(wanted: str, folder: Path, as_json: bool) -> None:
    """Xem một văn bản: các lần gửi, đường đi, trả lời, diễn biến.

    Show one document: its versions, where each went, what was answered, and the timeline from the log. ID is
    a number and notation (412/SYT-VP), a document id, a DocId or a docId.
    """
    from gateway.cli.history import gather, tell_history

    history = asyncio.run(gather(folder, wanted))
    if as_json:
        show_json(_facts(history))
    else:
        show(*tell_history(history))


def _facts(history: "Dossier") -> dict[str, Any]:
    from gateway.cli.log_entry import entry_facts

    return {
        "document": asdict(history.thread),
        "recipients": [asdict(recipient) for recipient in history.recipients],
        "packages": [_package_facts(package) for package in history.packages],
        "dispatches": [asdict(dispatch) for dispatch in history.dispatches],
        "answers": [asdict(answer) for answer in history.answers],
        "log": [entry_facts(entry) for entry in history.entries],
    }


def _package_facts(package: "StoredPackage") -> dict[str, Any]:
    """Leave out what is the node's own: the seal's bytes and where it stands."""
    facts = asdict(package)
    return {name: fact for name, fact in facts.items() if name not in ("seal", "seal_at", "submission")}
