"""Everything about one document, for whoever may see it: who sent what, where it stands, what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.errors import Refusal
from gateway.evidence.receipts import read_statement
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.lookup import scope_of
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.log import ENDED_BADLY, cause_in
from gateway.model.people import User
from gateway.model.question import Standing
from gateway.model.thread import RecipientState, Thread
from gateway.store.audit_log import LogRow, list_thread_entries
from gateway.store.database import Database
from gateway.store.findable import Particulars, load_particulars
from gateway.store.findings import load_standings
from gateway.store.mailboxes import SentItem, list_package_dispatches
from gateway.store.packages import StoredPackage, list_thread_packages
from gateway.store.threads import Answer, find_thread, list_answers, list_recipients, list_replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything a node knows about one document, or as much of it as somebody may see.

    Shape: replaced are the documents that this one supersedes; standings are by recipient.
    """

    thread: Thread
    directory: Snapshot
    recipients: list[RecipientState]
    packages: list[StoredPackage]
    dispatches: list[SentItem]
    answers: list[Answer]
    entries: list[LogRow]
    replaced: list[Thread] = field(default_factory=list)
    particulars: Mapping[PackageId, Particulars] = field(default_factory=dict)
    standings: Mapping[AgencyCode, tuple[Standing, date | None]] = field(default_factory=dict)

    def name_of(self, code: AgencyCode) -> str | None:
        """Name an agency as the directory does, when it knows it."""
        agency = self.directory.agencies.get(self.directory.canonical(code))
        return agency.name if agency else None

    def dispatch_to(self, code: AgencyCode) -> SentItem | None:
        """Return the newest dispatch of the document itself to a recipient."""
        found = None
        for dispatch in self.dispatches:
            if dispatch.kind is Kind.DOCUMENT and self.directory.canonical(dispatch.recipient) == code:
                found = dispatch
        return found

    def cause_of(self, dispatch: SentItem) -> tuple[str, str] | None:
        """Tell why a dispatch ended without delivery, in Vietnamese and English."""
        for entry in reversed(self.entries):
            statement = read_statement(entry.statement)
            if entry.kind in ENDED_BADLY and statement.get("dispatch") == dispatch.dispatch_id:
                return cause_in(statement)
        return None

    def package(self, package_id: str) -> StoredPackage | None:
        """Find one of its packages."""
        return next((package for package in self.packages if package.id == package_id), None)

    def entry(self, seq: int) -> LogRow | None:
        """Find one of its log entries."""
        return next((entry for entry in self.entries if entry.seq == seq), None)

    def documents(self) -> list[StoredPackage]:
        """List the packages that are versions of the document, oldest first."""
        return [package for package in self.packages if package.kind is Kind.DOCUMENT]

    def seen_from(self, scope: frozenset[AgencyCode]) -> "Dossier | None":
        """Leave what agencies may see of it; None when it is nobody's of them.

        Who sent a document sees everything about it. Who got it sees what was sent to him, what he said and
        how he stands; of the others only that they got it, which the document says itself.
        """
        if self.thread.owner in scope:
            return self
        if not any(recipient.code in scope for recipient in self.recipients):
            return None
        packages = [one for one in self.packages if one.sender in scope or scope & set(one.recipients)]
        visible = {one.id for one in packages}
        return replace(
            self,
            recipients=[one for one in self.recipients if one.code in scope],
            packages=packages,
            dispatches=[
                one for one in self.dispatches if one.package_id in visible and one.recipient in scope
            ],
            answers=[one for one in self.answers if one.recipient in scope],
            entries=[entry for entry in self.entries if _concerns(entry, visible, scope)],
            standings={code: standing for code, standing in self.standings.items() if code in scope},
            # Another document is another's until its own page says otherwise.
            replaced=[],
        )


def _concerns(entry: LogRow, packages: set[PackageId], scope: frozenset[AgencyCode]) -> bool:
    """Tell whether an entry is about a package that may be seen, and not about how it went to others."""
    facts = read_statement(entry.statement)
    recipient = facts.get("recipient")
    return facts.get("package") in packages and (recipient is None or recipient in scope)


async def load_dossier(database: Database, thread: Thread, directory: Snapshot) -> Dossier:
    """Gather everything about a document."""
    packages = await list_thread_packages(database, thread.id)
    return Dossier(
        thread=thread,
        directory=directory,
        recipients=await list_recipients(database, thread.id),
        packages=packages,
        dispatches=await list_package_dispatches(database, [package.id for package in packages]),
        answers=await list_answers(database, thread.id),
        entries=await list_thread_entries(database, thread.id),
        replaced=await list_replaced(database, thread.id),
        particulars=await load_particulars(database, thread.id),
        standings=await load_standings(database, thread.id),
    )


async def open_dossier(database: Database, directory: Directory, thread_id: str, *, user: User) -> Dossier:
    """Gather what a user may see of a document.

    Errors: Refusal ``not-found``, the same whether there is no such document or it is not his.
    """
    known = await directory.current()
    thread = await find_thread(database, thread_id)
    if thread is None or thread.id != ThreadId(thread_id):
        raise _not_found()
    scope = scope_of(user, known)
    whole = await load_dossier(database, thread, known)
    seen = whole if scope is None else whole.seen_from(scope)
    if seen is None:
        raise _not_found()
    return seen


def _not_found() -> Refusal:
    return Refusal.because(
        "not-found",
        vi="Không có văn bản này, hoặc văn bản không thuộc cơ quan của bạn.",
        en="There is no such document, or it is not your agency's.",
    )
