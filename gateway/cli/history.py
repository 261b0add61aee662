"""A document's history: gathered from the records, and laid out for people."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from gateway.cli.node import open_records
from gateway.cli.terminal import both, card, grid, heading, local, local_stacked, plain, size, words
from gateway.cli.timeline import timeline
from gateway.exchange.directory import Directory
from gateway.exchange.dossier import Dossier, load_dossier
from gateway.exchange.export import find_document
from gateway.exchange.words import (
    CHANGES,
    DIRECTIONS,
    GRADE_STYLES,
    GRADES,
    STATE_STYLES,
    STATES,
    business_words,
    status_words,
)
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import Grade
from gateway.model.thread import RecipientState
from gateway.store.mailboxes import SentItem
from gateway.store.packages import StoredPackage

if TYPE_CHECKING:
    from rich.console import RenderableType


async def gather(folder: Path, wanted: str) -> Dossier:
    """Gather everything about the document that somebody names in one of its ways.

    Errors: Refusal when there is none.
    """
    async with open_records(folder) as database:
        thread = await find_document(database, wanted)
        directory = await Directory(database=database).current(certainly=True)
        return await load_dossier(database, thread, directory)


def tell_history(history: Dossier) -> "Iterator[RenderableType]":
    """Tell a document's history, part by part."""
    yield _headline(history)
    yield _facts(history)
    yield heading("Nơi nhận", "recipients")
    yield _recipients(history)
    if history.packages:
        yield heading("Các gói tin", "packages")
        yield _packages(history)
    told = [answer for answer in history.answers if answer.description]
    if told:
        yield heading("Lời kèm theo trạng thái", "words that came with answers")
        yield card([(f"{a.recipient} {a.status}", local(a.recorded_at), a.description) for a in told])
    yield heading("Diễn biến", "timeline")
    yield timeline(history.entries)


def _headline(history: Dossier) -> Panel:
    thread = history.thread
    day = f" ngày {thread.promulgated_on:%d/%m/%Y}" if thread.promulgated_on else ""
    marks = [
        ("\nđã thu hồi" + f" {local(thread.recalled_at)}" if thread.recalled_at else "", "bold red"),
        ("\nđã bị thay thế" if thread.superseded_by else "", "bold red"),
    ]
    return Panel(
        Text.assemble((plain(f"{thread.notation}{day}"), "bold"), f"\n{plain(thread.subject)}", *marks),
        padding=(0, 1),
    )


def _facts(history: Dossier) -> "RenderableType":
    thread = history.thread
    return card(
        [
            ("Bên gửi", "from", _agency(history, thread.owner)),
            ("Mã văn bản", "document id", thread.document_id),
            ("Mã chuỗi", "thread", thread.id),
            ("Thay bởi", "superseded by", thread.superseded_by),
            ("Vào sổ lúc", "opened", local(thread.opened_at)),
        ]
    )


def _agency(history: Dossier, code: AgencyCode, *, between: str = ", ") -> Text:
    """Name an agency, or give its code alone when the directory does not know it."""
    name = history.name_of(code)
    return words((name, "bold"), (between + code, "dim")) if name else words((code, "bold"))


def _recipients(history: Dossier) -> "RenderableType":
    return grid(
        ("Cơ quan", "agency"),
        ("Chuyển", "delivery"),
        ("Trạng thái", "answer"),
        ("Lúc", "since", "keep"),
        rows=[
            (
                _agency(history, recipient.code, between="\n"),
                _delivery(history.dispatch_to(recipient.code)),
                _answer(recipient),
                local_stacked(recipient.status_at),
            )
            for recipient in history.recipients
        ],
    )


def _delivery(dispatch: SentItem | None) -> Text:
    if dispatch is None:
        return Text("–", "dim")
    vi, _ = STATES[dispatch.destination, dispatch.state]
    tries = f", {dispatch.attempt_count} lần" if dispatch.attempt_count > 1 else ""
    said = words((vi, STATE_STYLES[dispatch.state]), tries)
    if dispatch.last_fault:
        said.append(f"\n{plain(dispatch.last_fault)}", "dim")
    return said


def _answer(recipient: RecipientState) -> Text:
    said = Text("–", "dim")
    if recipient.status is not None:
        said = both(
            f"{recipient.status} {status_words(recipient.status)[0]}", status_words(recipient.status)[1]
        )
    if recipient.pending_change is not None:
        said.append(f"\n{CHANGES[recipient.pending_change][0]}", "yellow")
    if recipient.recalled_at is not None:
        said.append("\nđã đồng ý trả lại", "red")
    if recipient.removed_at is not None:
        said.append("\nđã bỏ khỏi nơi nhận", "red")
    return said


def _packages(history: Dossier) -> "RenderableType":
    return grid(
        ("Lúc", "at", "keep"),
        ("Gói tin, DocId", "package", "keep"),
        ("Từ → cho", "from → to", "keep"),
        ("Chữ ký", "verdict"),
        rows=[_package_row(package) for package in history.packages],
    )


def _package_row(package: StoredPackage) -> tuple[str | Text, ...]:
    grade = Grade(package.grade)
    what = f"trạng thái {package.status}" if package.status else business_words(package.business)[0]
    direction = DIRECTIONS[package.direction][0]
    gone = f"\nđã xóa nội dung {local(package.erased_at)}" if package.erased_at else ""
    return (
        local_stacked(package.accepted_at),
        words(
            (what, "bold"),
            f", {direction}, {size(package.size_bytes)}",
            (f"\n{package.id}", "dim"),
            (gone, "yellow"),
        ),
        "\n".join([package.sender, *(f"→ {code}" for code in package.recipients)]),
        words((GRADES[grade][0], GRADE_STYLES[grade])),
    )
