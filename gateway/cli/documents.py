"""``lienthong document``: where a document stands with everybody, and how it came there."""

import asyncio
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, open_records
from gateway.cli.terminal import both, json_option, show, show_json

if TYPE_CHECKING:
    from gateway.exchange.directory import Snapshot
    from gateway.model.identifiers import AgencyCode
    from gateway.model.thread import RecipientState, Thread
    from gateway.store.audit_log import LogRow
    from gateway.store.dispatches import SentItem
    from gateway.store.packages import StoredPackage
    from gateway.store.threads import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything a node knows about one document."""

    thread: "Thread"
    directory: "Snapshot"
    recipients: "list[RecipientState]"
    packages: "list[StoredPackage]"
    dispatches: "list[SentItem]"
    answers: "list[Answer]"
    entries: "list[LogRow]"

    def name_of(self, code: "AgencyCode") -> str | None:
        """Name an agency as the directory does, when it knows it."""
        agency = self.directory.agencies.get(self.directory.canonical(code))
        return agency.name if agency else None

    def dispatch_to(self, code: "AgencyCode") -> "SentItem | None":
        """Return the newest dispatch of the document itself to a recipient."""
        found = None
        for dispatch in self.dispatches:
            if dispatch.kind.value == "document" and self.directory.canonical(dispatch.recipient) == code:
                found = dispatch
        return found


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
    from gateway.cli.words import status_words

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
    history = asyncio.run(_gather(folder, wanted))
    if as_json:
        show_json(_facts(history))
    else:
        from gateway.cli.history import tell_history

        show(*tell_history(history))


async def _gather(folder: Path, wanted: str) -> History:
    from gateway.errors import Refusal
    from gateway.exchange.directory import Directory
    from gateway.model.identifiers import normalise_notation
    from gateway.store.audit_log import list_thread_entries
    from gateway.store.dispatches import list_package_dispatches
    from gateway.store.packages import list_thread_packages
    from gateway.store.threads import find_thread, list_answers, list_recipients

    async with open_records(folder) as database:
        thread = await find_thread(database, wanted) or await find_thread(
            database, normalise_notation(wanted)
        )
        if thread is None:
            raise Refusal.because(
                "unknown-document",
                vi=f"không có văn bản nào mang số, ký hiệu hay mã {wanted}",
                en=f"no document has the number or id {wanted}",
            )
        packages = await list_thread_packages(database, thread.id)
        return History(
            thread=thread,
            directory=await Directory(database=database).current(certainly=True),
            recipients=await list_recipients(database, thread.id),
            packages=packages,
            dispatches=await list_package_dispatches(database, [package.id for package in packages]),
            answers=await list_answers(database, thread.id),
            entries=await list_thread_entries(database, thread.id),
        )


def _facts(history: History) -> dict[str, Any]:
    from gateway.cli.log import entry_facts

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
