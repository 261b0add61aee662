"""What one can do with a document, offered on its page: answer it, change it, send it again, give it up."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.exchange.desk import works_here
from gateway.exchange.dossier import Dossier
from gateway.model.code_lists import Kind
from gateway.model.dispatch import Destination, State
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Permission
from gateway.store.mailboxes import SentItem
from gateway.web.console.document_actions import DocumentAction
from gateway.web.console.route import PREFIX
from gateway.web.console.visitor import Visitor

_FAILED = frozenset({State.REFUSED, State.EXPIRED})


@dataclass(frozen=True, slots=True)
class DeskActions:
    """Leads to the pages where each act asks first."""

    def offered(self, visitor: Visitor, dossier: Dossier) -> Iterable[DocumentAction]:
        """List the buttons: a clerk's for the agencies at the console, an operator's for its dispatches."""
        if visitor.may(Permission.CORRESPOND):
            yield from list(_of_a_clerk(visitor, dossier)) or _elsewhere(visitor, dossier)
        if visitor.may(Permission.OPERATE):
            yield from _of_an_operator(dossier.dispatches)


def _of_a_clerk(visitor: Visitor, dossier: Dossier) -> Iterator[DocumentAction]:
    def is_ours(code: AgencyCode) -> bool:
        theirs = any(visitor.user.sees(name) for name in dossier.directory.names_of(code))
        return theirs and works_here(code, dossier.directory)

    still_stands = dossier.thread.recalled_at is None and dossier.thread.superseded_by is None
    if still_stands and is_ours(dossier.thread.owner):
        words = "Cập nhật, thay thế, thu hồi", "Update, replace, recall"
        yield _link(f"/sent/{dossier.thread.id}", words, "pen")
    for item in dossier.dispatches:
        if item.destination is Destination.MAILBOX and item.kind is Kind.DOCUMENT and is_ours(item.recipient):
            yield _link(f"/mailbox/{item.dispatch_id}", ("Xem và trả lời", "Read and answer"), "inbox")


def _elsewhere(visitor: Visitor, dossier: Dossier) -> Iterator[DocumentAction]:
    codes = (dossier.thread.owner, *(item.recipient for item in dossier.dispatches))
    names = (name for code in codes for name in dossier.directory.names_of(code))
    if any(visitor.user.sees(name) for name in names):
        words = (
            "Thu hồi, trả lời: trong phần mềm quản lý văn bản của cơ quan.",
            "Recalls and answers: in the agency's own document system.",
        )
        yield DocumentAction(address="", words=words, icon="pen")


def _of_an_operator(dispatches: Iterable[SentItem]) -> Iterator[DocumentAction]:
    on_the_way = [item for item in dispatches if item.destination is Destination.AXIS]
    failed = [item for item in dispatches if item.state in _FAILED]
    waiting = [item for item in on_the_way if item.state is State.WAITING]
    for act, words, icon, items in (
        ("resend", ("Gửi lại", "Send again"), "moving", failed),
        ("hasten", ("Thử ngay", "Try now"), "clock", waiting),
        ("cancel", ("Hủy gửi", "Cancel"), "cross", waiting),
    ):
        if items:
            ids = list(dict.fromkeys(item.dispatch_id for item in items))
            yield _link(f"/attention/ask?{urlencode({'act': act, 'id': ids}, doseq=True)}", words, icon)


def _link(path: str, words: tuple[str, str], icon: str) -> DocumentAction:
    return DocumentAction(address=PREFIX + path, words=words, icon=icon)
