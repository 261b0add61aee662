"""Step 9 of the walk, the one transaction: package, thread, dispatches and log entry, or nothing.

Outbound and inbound both end here. Runs in the database's writer; everything that could be computed
beforehand was.
"""

from dataclasses import dataclass

from gateway.exchange.amendments import Amending, Effect
from gateway.exchange.answers import Answering
from gateway.exchange.books import Books
from gateway.exchange.indexing import make_findable
from gateway.exchange.judged import Judged, Prepared
from gateway.exchange.notary import Notary
from gateway.exchange.own_words import OwnWords
from gateway.exchange.posting import Posting
from gateway.exchange.routing import Route, misrouted
from gateway.model.code_lists import Business, StatusCode
from gateway.model.identifiers import PackageId, ThreadId
from gateway.model.log import LogKind
from gateway.model.package import Envelope, Reply
from gateway.store import threads
from gateway.store.audit_log import append_entry, find_receipt
from gateway.store.database import Act
from gateway.store.dispatches import has_failed
from gateway.store.packages import (
    find_submission,
    free_submission,
    insert_package,
    is_own_document,
    note_arrival,
    thread_of,
)
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a sender gets: the package's id, and the signed receipt first given for it."""

    package_id: PackageId
    receipt: bytes
    is_repetition: bool = False
    leaves_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every acceptance of one gateway uses. own_words is None where 01 is another's to say."""

    notary: Notary
    posting: Posting
    books: Books
    own_words: OwnWords | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance(Judged):
    """One judged package about to be recorded.

    Shape: strict holds its statuses to the table of allowed moves.
    """

    strict: bool

    def recording(self, tools: Tools) -> Act[Promise]:
        """Prepare what can be, and return the act that records it."""
        mint = tools.posting.mint
        names = PackageId(mint.new(self.at)), ThreadId(mint.new(self.at))
        prepared = self.prepare(tools.notary, *names)
        return lambda tables: self._record(tables, tools, prepared)

    def _record(self, connection: Tables, tools: Tools, prepared: Prepared | None) -> Promise:
        """Record the package and everything it causes; the same submission again finds its promise.

        Errors: Refusal when the thread does not allow it; nothing of it remains then.
        """
        known = find_submission(connection, self.submission)
        again = known is not None and self._may_come_again(connection, known)
        if known is not None and not again:
            return self._repeat(connection, known, tools)
        tools.posting.blobs.keep(connection, self.spool)
        if prepared is not None and self.verified.package.envelope is not None:
            promise = self._record_document(connection, self.verified.package.envelope, prepared, tools)
        else:
            promise = self._record_status(connection, tools, again=again)
        self._note_arrival(connection, promise.package_id)
        return promise

    def _may_come_again(self, connection: Tables, known: PackageId) -> bool:
        """Tell whether an earlier sending came to nothing for somebody; then this one is a new round."""
        thread_id = thread_of(connection, known)
        states = {} if thread_id is None else threads.recipients_of(connection, thread_id)
        sent_back = any(
            state.status == StatusCode.DECLINED or state.recalled_at is not None
            for code in self.route.recipients
            if (state := states.get(self.directory.canonical(code)))
        )
        is_document = self.verified.package.envelope is not None
        if not has_failed(connection, known) and not (is_document and sent_back):
            return False
        free_submission(connection, known)
        return True

    def _repeat(self, connection: Tables, package_id: PackageId, tools: Tools) -> Promise:
        entry = tools.notary.entry(
            LogKind.REPEATED,
            at=self.at,
            package_id=package_id,
            system_id=self.system_id,
            sha256=self.spool.digest,
        )
        append_entry(connection, entry)
        self._note_arrival(connection, package_id)
        receipt = find_receipt(connection, package_id, LogKind.ACCEPTED) or b""
        return Promise(package_id=package_id, receipt=receipt, is_repetition=True)

    def _record_document(
        self, connection: Tables, envelope: Envelope, prepared: Prepared, tools: Tools
    ) -> Promise:
        owner = self.directory.canonical(envelope.sender.code)
        amending = Amending(
            envelope=envelope,
            digest=self.spool.digest,
            owner=owner,
            recipients=tuple(self.directory.canonical(code) for code in self.route.recipients),
            new_thread_id=prepared.thread_id,
            directory=self.directory,
            at=self.at,
        )
        effect = amending.apply(connection)
        route = self.route.without(
            code for code in self.route.recipients if self.directory.canonical(code) in effect.holding
        )
        if effect.is_first:
            package_id = prepared.package_id
        else:
            package_id = tools.posting.name_package(connection, self.at)
        promise = self._finish(connection, package_id, effect.thread_id, route, tools, (effect, prepared))
        self._tell_amendment(connection, envelope, package_id, effect, tools)
        tools.books.enter_document(
            connection,
            envelope,
            direction=self.direction,
            route=route,
            recipients=amending.recipients,
            newcomers=effect.newcomers,
            is_first=effect.is_first,
            thread_id=effect.thread_id,
            package_id=package_id,
            directory=self.directory,
            at=self.at,
        )
        self._say_arrived(connection, envelope, route, effect, tools)
        return promise

    def _record_status(self, connection: Tables, tools: Tools, *, again: bool) -> Promise:
        report = self.verified.package.status
        assert report is not None  # noqa: S101 - the reader sets one of the two
        package_id = tools.posting.name_package(connection, self.at)
        # The package must stand before its answer can point at it; the thread is known only after.
        connection.execute("PRAGMA defer_foreign_keys = ON")
        heard = Answering(
            report=report, package_id=package_id, directory=self.directory, strict=self.strict, at=self.at
        ).apply(connection)
        # What the node wrote itself no system here knows.
        is_own = heard.thread_id is not None and is_own_document(connection, heard.thread_id)
        if self.route.here and not is_own:
            raise misrouted()
        route = Route() if is_own or (heard.is_repetition and not again) else self.route
        promise = self._finish(connection, package_id, heard.thread_id, route, tools)
        kind = LogKind.ANSWERED if heard.thread_id is not None else LogKind.UNMATCHED
        entry = tools.notary.entry(
            kind,
            at=self.at,
            package_id=package_id,
            thread_id=heard.thread_id,
            system_id=self.system_id,
            status=report.status,
            document=report.reply.document_id,
            repeated=heard.is_repetition or None,
            sender=report.sender.code,
        )
        append_entry(connection, entry)
        if not heard.is_repetition:
            tools.books.enter_answer(
                connection,
                report,
                thread_id=heard.thread_id,
                recipient=heard.recipient,
                before=heard.before,
                was_asked_back=heard.was_asked_back,
                package_id=package_id,
                directory=self.directory,
                at=self.at,
            )
        return promise

    def _finish(
        self,
        connection: Tables,
        package_id: PackageId,
        thread_id: ThreadId | None,
        route: Route,
        tools: Tools,
        document: tuple[Effect, Prepared] | None = None,
    ) -> Promise:
        """Write the package, its dispatches and the entry with the receipt."""
        effect, prepared = document or (None, None)
        remarks = effect.remarks if effect else ()
        is_first = effect is not None and effect.is_first
        row = self.row(package_id, thread_id, remarks)
        insert_package(connection, row)
        if effect and prepared:
            make_findable(
                connection, prepared.description, row, effect.thread_id, begins_for=effect.begins_for
            )
        tools.posting.post(
            connection,
            route,
            row,
            at=self.at,
            far_id=self.arrival.far_id if self.arrival else None,
            is_alone=is_first,
        )
        if prepared and is_first and not remarks:
            entry = prepared.entry
        else:
            entry = self.accepted(tools.notary, package_id, thread_id, route, remarks)
        append_entry(connection, entry)
        return Promise(package_id=package_id, receipt=entry.receipt or b"", leaves_here=bool(route.beyond))

    def _tell_amendment(
        self,
        connection: Tables,
        envelope: Envelope,
        package_id: PackageId,
        effect: Effect,
        tools: Tools,
    ) -> None:
        business = envelope.amendment.business
        if business is Business.NEW:
            return
        entry = tools.notary.entry(
            LogKind.AMENDED,
            at=self.at,
            package_id=package_id,
            thread_id=effect.thread_id,
            business=int(business),
            target=envelope.amendment.target,
            replaced=[item.document_id for item in envelope.amendment.replaced],
        )
        append_entry(connection, entry)

    def _say_arrived(
        self, connection: Tables, envelope: Envelope, route: Route, effect: Effect, tools: Tools
    ) -> None:
        if tools.own_words is None:
            return
        reply = Reply(
            organ=envelope.sender.code,
            code=str(envelope.code),
            promulgated_on=envelope.promulgated_on,
            document_id=envelope.document_id,
        )
        for recipient in route.mailboxes:
            if recipient in effect.newcomers:
                tools.own_words.say_arrived(
                    connection,
                    recipient,
                    reply,
                    thread_id=effect.thread_id,
                    directory=self.directory,
                    at=self.at,
                )

    def _note_arrival(self, connection: Tables, package_id: PackageId) -> None:
        if self.arrival is not None:
            note_arrival(connection, self.system_id, self.arrival, package_id)
