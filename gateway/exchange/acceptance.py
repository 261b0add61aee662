"""Step 9 of the walk, the one transaction: package, thread, dispatches and log entry, or nothing.

Outbound and inbound both end here. Runs in the database's writer; everything that could be computed
beforehand was.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.amendments import Amending, Effect
from gateway.exchange.answers import Answering
from gateway.exchange.books import Books
from gateway.exchange.directory import Snapshot
from gateway.exchange.indexing import make_findable
from gateway.exchange.notary import Notary
from gateway.exchange.own_words import OwnWords
from gateway.exchange.posting import Posting
from gateway.exchange.routing import Route, misrouted
from gateway.model.agency import SystemKind
from gateway.model.code_lists import Business, Priority, StatusCode
from gateway.model.identifiers import PackageId, SystemId, ThreadId
from gateway.model.log import LogKind
from gateway.model.package import Envelope, Package, Reply
from gateway.model.signature import VerifiedPackage
from gateway.store import threads
from gateway.store.audit_log import append_entry, find_receipt
from gateway.store.dispatches import has_failed
from gateway.store.packages import (
    Arrival,
    Direction,
    StoredPackage,
    find_submission,
    free_submission,
    insert_package,
    is_own_document,
    note_arrival,
    thread_of,
)
from gateway.store.spool import Spool
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
class Acceptance:
    """One judged package about to be recorded.

    Shape: peer is what system_id is; strict holds its statuses to the table of allowed moves; arrival is
    what the axis calls it; by is the login of who sent it in the console.
    """

    verified: VerifiedPackage
    spool: Spool
    direction: Direction
    system_id: SystemId
    peer: SystemKind
    route: Route
    directory: Snapshot
    strict: bool
    arrival: Arrival | None = None
    at: datetime
    by: str | None = None

    def record(self, connection: Tables, tools: Tools) -> Promise:
        """Record the package and everything it causes; the same submission again finds its promise.

        Errors: Refusal when the thread does not allow it; nothing of it remains then.
        """
        known = find_submission(connection, self._submission())
        again = known is not None and self._may_come_again(connection, known)
        if known is not None and not again:
            return self._repeat(connection, known, tools)
        package_id = tools.posting.name_package(connection, self.at)
        tools.posting.blobs.keep(connection, self.spool)
        if self.verified.package.envelope is not None:
            promise = self._record_document(connection, self.verified.package.envelope, package_id, tools)
        else:
            promise = self._record_status(connection, package_id, tools, again=again)
        self._note_arrival(connection, package_id)
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

    def _submission(self) -> str:
        return f"{self.system_id}|{self.spool.digest}|{','.join(sorted(self.route.recipients))}"

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
        self, connection: Tables, envelope: Envelope, package_id: PackageId, tools: Tools
    ) -> Promise:
        owner = self.directory.canonical(envelope.sender.code)
        amending = Amending(
            envelope=envelope,
            digest=self.spool.digest,
            owner=owner,
            recipients=tuple(self.directory.canonical(code) for code in self.route.recipients),
            new_thread_id=ThreadId(tools.posting.mint.new(self.at)),
            directory=self.directory,
            at=self.at,
        )
        effect = amending.apply(connection)
        route = self.route.without(
            code for code in self.route.recipients if self.directory.canonical(code) in effect.holding
        )
        promise = self._finish(connection, package_id, effect.thread_id, route, tools, effect)
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

    def _record_status(
        self, connection: Tables, package_id: PackageId, tools: Tools, *, again: bool
    ) -> Promise:
        report = self.verified.package.status
        assert report is not None  # noqa: S101 - the reader sets one of the two
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
        effect: Effect | None = None,
    ) -> Promise:
        """Write the package, its dispatches and the entry with the receipt."""
        package = self.verified.package
        priority = package.envelope.priority if package.envelope else Priority.NORMAL
        warnings = (*(fault.rule for fault in package.warnings), *(effect.remarks if effect else ()))
        row = self._row(package, package_id, thread_id, priority, warnings)
        insert_package(connection, row)
        if effect is not None:
            make_findable(
                connection, package, row, effect.thread_id, self.directory, is_first=effect.is_first
            )
        tools.posting.post(
            connection,
            route,
            package_id,
            thread_id=thread_id,
            priority=priority,
            at=self.at,
            far_id=self.arrival.far_id if self.arrival else None,
        )
        entry = tools.notary.entry(
            LogKind.ACCEPTED,
            at=self.at,
            package_id=package_id,
            thread_id=thread_id,
            system_id=self.system_id,
            peer=self.peer.value,
            direction=self.direction.value,
            carries=package.kind.value,
            business=None if package.envelope is None else int(package.envelope.amendment.business),
            status=None if package.status is None else package.status.status,
            sha256=self.spool.digest,
            bytes=self.spool.size_bytes,
            document=_document_id(package),
            signature=self.verified.verdict.grade.value,
            warnings=list(dict.fromkeys(warnings)),
            far_id=self.arrival.far_id if self.arrival else None,
            by=self.by,
            sender=package.sender.code,
            recipients=list(self.route.recipients),
            consigned=[code for code in route.mailboxes if self.directory.is_at_home(code)],
        )
        append_entry(connection, entry)
        return Promise(package_id=package_id, receipt=entry.receipt or b"", leaves_here=bool(route.beyond))

    def _row(
        self,
        package: Package,
        package_id: PackageId,
        thread_id: ThreadId | None,
        priority: Priority,
        warnings: tuple[str, ...],
    ) -> StoredPackage:
        envelope, status = package.envelope, package.status
        return StoredPackage(
            id=package_id,
            direction=self.direction,
            system_id=self.system_id,
            submission=self._submission(),
            kind=package.kind,
            business=None if envelope is None else int(envelope.amendment.business),
            status=None if status is None else status.status,
            digest=self.spool.digest,
            size_bytes=self.spool.size_bytes,
            seal_at=self.verified.seal_at,
            thread_id=thread_id,
            sender=package.sender.code,
            recipients=self.route.recipients,
            document_id=_document_id(package),
            notation=str(envelope.code) if envelope else status.reply.code if status else None,
            promulgated_on=(
                envelope.promulgated_on if envelope else status.reply.promulgated_on if status else None
            ),
            subject=None if envelope is None else envelope.subject,
            priority=priority,
            grade=self.verified.verdict.grade.value,
            warnings=warnings,
            accepted_at=self.at,
        )

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


def _document_id(package: Package) -> str | None:
    if package.envelope is not None:
        return package.envelope.document_id
    return package.status.reply.document_id if package.status else None
