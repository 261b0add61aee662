"""What a document package does to its thread: opens it, recalls it, updates it, replaces it.

One document with all its versions is one thread. Runs inside the transaction that accepts the package;
statuses are in answers.py; the walk goes on in acceptance.py.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.errors import Refusal
from gateway.exchange.directory import Snapshot
from gateway.model.code_lists import Business, StatusCode
from gateway.model.identifiers import (
    AgencyCode,
    Digest,
    DocumentId,
    ThreadId,
    is_agency_code,
    normalise_code,
    normalise_notation,
)
from gateway.model.package import Envelope
from gateway.model.thread import RecipientState, Thread
from gateway.store import threads
from gateway.store.dispatches import reached_by
from gateway.store.tables import Tables

CHANGES = {Business.RECALL: "recall", Business.UPDATE: "update"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a document package did to its thread.

    Shape: holding are recipients who have exactly this already and get nothing; newcomers are those
    for whom it is the first version; remarks are stable codes of what was odd; is_first tells that
    nothing was ever known of the document: its recipients are written when it is made findable.
    """

    thread_id: ThreadId
    holding: frozenset[AgencyCode] = frozenset()
    newcomers: frozenset[AgencyCode] = frozenset()
    remarks: tuple[str, ...] = ()
    is_first: bool = False

    @property
    def begins_for(self) -> frozenset[AgencyCode] | None:
        """Return the recipients of a document of which nothing was known."""
        return self.newcomers if self.is_first else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """One document package about to touch its thread; owner and recipients are canonical codes."""

    envelope: Envelope
    digest: Digest
    owner: AgencyCode
    recipients: tuple[AgencyCode, ...]
    new_thread_id: ThreadId
    directory: Snapshot
    at: datetime

    def apply(self, connection: Tables) -> Effect:
        """Open or amend the thread.

        Errors: Refusal when the document belongs to somebody else.
        """
        business = self.envelope.amendment.business
        if business in (Business.RECALL, Business.UPDATE):
            return self._change(connection, CHANGES[business])
        effect = self._send(connection)
        if business is Business.REPLACE:
            return self._supersede(connection, effect)
        return effect

    def _send(self, connection: Tables) -> Effect:
        """A new document, or an old one that comes again."""
        thread = self._find(connection, [self.envelope.document_id])
        if thread is None:  # and so nobody has, waits for or sent back anything of it
            thread = self._open(connection, self.envelope.document_id)
            return Effect(thread_id=thread.id, newcomers=frozenset(self.recipients), is_first=True)
        known = threads.recipients_of(connection, thread.id)
        recalled = {code for code, state in known.items() if _recalled_unseen(state)} & set(self.recipients)
        sent_back = {code for code, state in known.items() if _sent_back(state)}
        wanting = set(self.recipients) - sent_back - recalled
        holding = self._reached(connection, thread, self.digest) & wanting
        # The same number with other content: who has the first version must decide about this one.
        deciding = (self._reached(connection, thread, None) & wanting) - holding
        newcomers = set(self.recipients) - holding - deciding
        threads.start_round(connection, thread.id, newcomers, at=self.at)
        threads.expect_change(connection, thread.id, deciding, "update")
        threads.expect_change(connection, thread.id, recalled, "recall")
        remarks = [
            *(["recalled-before-it-came"] if recalled else []),
            *(["same-document-other-content"] if deciding else []),
        ]
        return Effect(
            thread_id=thread.id,
            holding=frozenset(holding),
            newcomers=frozenset(newcomers),
            remarks=tuple(remarks),
        )

    def _reached(self, connection: Tables, thread: Thread, digest: Digest | None) -> set[AgencyCode]:
        return {self.directory.canonical(code) for code in reached_by(connection, thread.id, digest)}

    def _change(self, connection: Tables, change: str) -> Effect:
        """A recall or an update of something sent before."""
        amendment = self.envelope.amendment
        targets = [
            amendment.target,
            *(item.document_id for item in amendment.replaced),
            self.envelope.document_id,
        ]
        thread = self._find(connection, [target for target in targets if target is not None])
        remarks: tuple[str, ...] = ()
        if thread is None:
            # It may come before what it is about, or from before this gateway's time.
            thread = self._open(connection, amendment.target or self.envelope.document_id)
            remarks = (f"{change}-of-unknown-document",)
        known = threads.recipients_of(connection, thread.id)
        newcomers = (self._holders(known) if change == "recall" else set(self.recipients)) - set(known)
        again = {code for code in self.recipients if code in known and _sent_back(known[code])}
        threads.start_round(
            connection, thread.id, newcomers | (again if change == "update" else set()), at=self.at
        )
        owing = self._holders(known) if change == "recall" else set(self.recipients) - newcomers
        threads.expect_change(connection, thread.id, owing, change)
        if change == "recall":
            threads.mark_recalled(connection, thread.id, at=self.at)
            newcomers = set()
        for changed in amendment.receiver_changes:
            if not changed.added:
                code = self.directory.canonical(changed.code)
                threads.remove_recipient(connection, thread.id, code, at=self.at)
        return Effect(thread_id=thread.id, newcomers=frozenset(newcomers), remarks=remarks)

    def _holders(self, known: Collection[AgencyCode]) -> set[AgencyCode]:
        """Name those from whom something is asked back: who has it for a recipient, else the recipient."""
        holders: set[AgencyCode] = set()
        for recipient in self.recipients:
            holders.update(
                [code for code in known if self.directory.speaks_for(recipient, code)] or [recipient]
            )
        return holders

    def _supersede(self, connection: Tables, effect: Effect) -> Effect:
        """A replacement: a new document that ends the life of others by the same sender."""
        amendment = self.envelope.amendment
        named = [item.document_id for item in amendment.replaced]
        if not named and amendment.target not in (None, self.envelope.document_id):
            named = [target for target in (amendment.target,) if target is not None]
        remarks = list(effect.remarks)
        for document_id in named:
            replaced = [
                thread
                for thread in threads.find_threads_by_document(connection, document_id)
                if self._is_own(thread) and thread.id != effect.thread_id
            ]
            for thread in replaced:
                threads.mark_superseded(connection, thread.id, by=effect.thread_id)
            if not replaced:
                remarks.append("replaced-document-unknown")
        return replace(effect, remarks=tuple(remarks))

    def _find(self, connection: Tables, document_ids: Iterable[DocumentId]) -> Thread | None:
        """Find the sender's own thread under the first identifier that names one, else by its number."""
        for document_id in document_ids:
            found = threads.find_threads_by_document(connection, document_id)
            for thread in found:
                if self._is_own(thread):
                    return thread
            if found and self._names_another(document_id):
                raise _not_yours()
        if self.envelope.amendment.business in (Business.RECALL, Business.UPDATE):
            by_number = self._threads_by_number(connection)
            return by_number[0] if len(by_number) == 1 else None
        return None

    def _threads_by_number(self, connection: Tables) -> list[Thread]:
        notation = normalise_notation(str(self.envelope.code))
        found = threads.find_threads_by_notation(connection, notation, self.envelope.promulgated_on)
        return [thread for thread in found if self._is_own(thread)]

    def _is_own(self, thread: Thread) -> bool:
        # Compared as the directory has it now: an alias may have become known since the thread was opened.
        return self.directory.canonical(thread.owner) == self.owner

    def _names_another(self, document_id: DocumentId) -> bool:
        # Bare numbers (123456) are counted by each DMS for itself and meet by chance.
        prefix, comma, _ = document_id.partition(",")
        code = normalise_code(prefix)
        return bool(comma) and is_agency_code(code) and self.directory.canonical(code) != self.owner

    def _open(self, connection: Tables, document_id: DocumentId) -> Thread:
        promulgated_on: date = self.envelope.promulgated_on
        thread = Thread(
            id=self.new_thread_id,
            owner=self.owner,
            document_id=document_id,
            notation=normalise_notation(str(self.envelope.code)),
            promulgated_on=promulgated_on,
            subject=self.envelope.subject,
            opened_at=self.at,
        )
        threads.insert_thread(connection, thread)
        return thread


def _sent_back(state: RecipientState) -> bool:
    """Tell whether a recipient had the document and has it no longer."""
    given_back = state.removed_at is not None or state.recalled_at is not None
    return given_back or state.status == StatusCode.DECLINED


def _recalled_unseen(state: RecipientState) -> bool:
    """Tell whether a recall overtook the document on its way to a recipient."""
    return state.pending_change == "recall" and state.status is None


def _not_yours() -> Refusal:
    return Refusal.because(
        "not-your-document",
        where="MessageHeader/DocumentId",
        vi="Mã văn bản này thuộc về một cơ quan khác.",
        en="This document identifier belongs to another agency.",
    )
