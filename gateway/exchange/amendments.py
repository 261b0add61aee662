"""What a document package does to its thread: opens it, recalls it, updates it, replaces it.

One document with all its versions is one thread. Runs inside the transaction that accepts the package;
statuses are in answers.py; the walk goes on in acceptance.py.
"""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.errors import Refusal
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

_CHANGE = {Business.RECALL: "recall", Business.UPDATE: "update"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a document package did to its thread.

    Shape: holding are recipients who have exactly this already and get nothing; newcomers are those
    for whom it is the first version; remarks are stable codes of what was odd.
    """

    thread_id: ThreadId
    holding: frozenset[AgencyCode] = frozenset()
    newcomers: frozenset[AgencyCode] = frozenset()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amending:
    """One document package about to touch its thread; owner and recipients are canonical codes."""

    envelope: Envelope
    digest: Digest
    owner: AgencyCode
    recipients: tuple[AgencyCode, ...]
    new_thread_id: ThreadId
    at: datetime

    def apply(self, connection: sqlite3.Connection) -> Effect:
        """Open or amend the thread.

        Errors: Refusal when the document belongs to somebody else.
        """
        business = self.envelope.amendment.business
        if business in (Business.RECALL, Business.UPDATE):
            return self._change(connection, _CHANGE[business])
        effect = self._send(connection)
        if business is Business.REPLACE:
            return self._supersede(connection, effect)
        return effect

    def _send(self, connection: sqlite3.Connection) -> Effect:
        """A new document, or an old one that comes again."""
        thread = self._find(connection, [self.envelope.document_id])
        if thread is None:
            thread = self._open(connection, self.envelope.document_id)
        known = threads.recipients_of(connection, thread.id)
        holding = {code for code, state in known.items() if _holds(state)} & set(self.recipients)
        recalled = {code for code, state in known.items() if _recalled_unseen(state)} & set(self.recipients)
        remarks: tuple[str, ...] = ("recalled-before-it-came",) if recalled else ()
        if holding and not threads.holds_bytes(connection, thread.id, self.digest):
            # The same number with other content. Who has the first version must decide about this one.
            threads.expect_change(connection, thread.id, holding, "update")
            holding, remarks = set(), (*remarks, "same-document-other-content")
            newcomers = set(self.recipients) - set(known)
        else:
            newcomers = set(self.recipients) - holding
        threads.start_round(connection, thread.id, newcomers, at=self.at)
        threads.expect_change(connection, thread.id, recalled, "recall")
        return Effect(
            thread_id=thread.id,
            holding=frozenset(holding),
            newcomers=frozenset(newcomers),
            remarks=remarks,
        )

    def _change(self, connection: sqlite3.Connection, change: str) -> Effect:
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
        newcomers = set(self.recipients) - set(known)
        threads.start_round(connection, thread.id, newcomers, at=self.at)
        owing = set(self.recipients) if change == "recall" else set(self.recipients) - newcomers
        threads.expect_change(connection, thread.id, owing, change)
        if change == "recall":
            threads.mark_recalled(connection, thread.id, at=self.at)
            newcomers = set()
        for changed in amendment.receiver_changes:
            if not changed.added:
                threads.remove_recipient(connection, thread.id, changed.code, at=self.at)
        return Effect(thread_id=thread.id, newcomers=frozenset(newcomers), remarks=remarks)

    def _supersede(self, connection: sqlite3.Connection, effect: Effect) -> Effect:
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
                if thread.owner == self.owner and thread.id != effect.thread_id
            ]
            for thread in replaced:
                threads.mark_superseded(connection, thread.id, by=effect.thread_id)
            if not replaced:
                remarks.append("replaced-document-unknown")
        return Effect(
            thread_id=effect.thread_id,
            holding=effect.holding,
            newcomers=effect.newcomers,
            remarks=tuple(remarks),
        )

    def _find(self, connection: sqlite3.Connection, document_ids: Iterable[DocumentId]) -> Thread | None:
        """Find the sender's own thread under the first identifier that names one, else by its number."""
        for document_id in document_ids:
            found = threads.find_threads_by_document(connection, document_id)
            for thread in found:
                if thread.owner == self.owner:
                    return thread
            if found and _names_its_agency(document_id):
                raise _not_yours()
        if self.envelope.amendment.business in (Business.RECALL, Business.UPDATE):
            by_number = self._threads_by_number(connection)
            return by_number[0] if len(by_number) == 1 else None
        return None

    def _threads_by_number(self, connection: sqlite3.Connection) -> list[Thread]:
        notation = normalise_notation(str(self.envelope.code))
        return threads.find_threads_by_notation(
            connection, self.owner, notation, self.envelope.promulgated_on
        )

    def _open(self, connection: sqlite3.Connection, document_id: DocumentId) -> Thread:
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


def _holds(state: RecipientState) -> bool:
    """Tell whether a recipient has the document and has not sent it back."""
    given_back = state.removed_at is not None or state.recalled_at is not None
    return not given_back and state.status != StatusCode.DECLINED and not _recalled_unseen(state)


def _recalled_unseen(state: RecipientState) -> bool:
    """Tell whether a recall overtook the document on its way to a recipient."""
    return state.pending_change == "recall" and state.status is None


def _names_its_agency(document_id: DocumentId) -> bool:
    # Bare numbers (123456) are counted by each DMS for itself and meet by chance; full identifiers do not.
    code, comma, _ = document_id.partition(",")
    return bool(comma) and is_agency_code(normalise_code(code)) and re.search(r"\d", document_id) is not None


def _not_yours() -> Refusal:
    return Refusal.because(
        "not-your-document",
        where="MessageHeader/DocumentId",
        vi="Mã văn bản này thuộc về một cơ quan khác.",
        en="This document identifier belongs to another agency.",
    )
