"""What the gateway says by itself: a document has arrived (01), a package will not arrive (02).

Both are ordinary status packages, so that every DMS understands them. They are written inside the
transaction of what they tell of, and travel as ordinary dispatches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.edxml.writer import write_status
from gateway.errors import Refusal
from gateway.exchange.books import Books
from gateway.exchange.directory import Snapshot
from gateway.exchange.notary import Notary
from gateway.exchange.posting import Posting
from gateway.exchange.routing import Route, plan_route
from gateway.log_lines import log
from gateway.model.code_lists import Kind, Priority, StatusCode
from gateway.model.identifiers import AgencyCode, Digest, DocumentId, PackageId, ThreadId
from gateway.model.log import LogKind
from gateway.model.package import Organization, Reply, StatusReport
from gateway.model.signature import Grade
from gateway.store import threads
from gateway.store.audit_log import append_entry
from gateway.store.packages import Direction, StoredPackage, insert_package
from gateway.store.spool import Spool
from gateway.store.tables import Tables

_HEADER_END = b"</edXML:edXMLHeader>"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWords:
    """Writes the gateway's own status packages.

    Shape: gateway is the organisation in whose name failures are reported; axis_is_open says whether
    there is an axis to send through.
    """

    notary: Notary
    posting: Posting
    books: Books
    gateway: Organization
    axis_is_open: bool

    def say_arrived(
        self,
        connection: Tables,
        recipient: AgencyCode,
        reply: Reply,
        *,
        thread_id: ThreadId,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Tell the sender that its document lies in a recipient's mailbox (01)."""
        agency = directory.agencies.get(recipient)
        speaker = Organization(code=recipient, name=agency.name if agency else str(recipient))
        report = StatusReport(sender=speaker, reply=reply, status=StatusCode.ARRIVED, at=at)
        if self._say(connection, report, thread_id=thread_id, directory=directory, at=at, about=recipient):
            threads.set_status(connection, thread_id, recipient, StatusCode.ARRIVED, at=at)

    def say_undelivered(
        self,
        connection: Tables,
        package: StoredPackage,
        recipients: Sequence[AgencyCode],
        reason: str,
        *,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Tell a document's sender, in the gateway's name, that it will not reach these recipients (02)."""
        if package.direction is not Direction.OUTBOUND or package.kind is not Kind.DOCUMENT:
            return  # lost statuses show in the sent list; a notice about a notice would go round for ever
        report = StatusReport(
            sender=self.gateway,
            reply=reply_to(package),
            status=StatusCode.DECLINED,
            description=f"{', '.join(recipients)}: {reason}",
            at=at,
        )
        self._say(connection, report, thread_id=package.thread_id, directory=directory, at=at, about=None)
        self.books.enter_failure(
            connection, package.thread_id, recipients, package_id=package.id, directory=directory, at=at
        )

    def say_turned_away(
        self,
        connection: Tables,
        by: AgencyCode,
        reply: Reply,
        reason: str,
        *,
        is_change: bool,
        thread_id: ThreadId | None,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Tell the sender, in a recipient's name, that it turned away a document (02) or a change (16)."""
        status = StatusCode.CHANGE_DECLINED if is_change else StatusCode.DECLINED
        if thread_id is not None and is_change:
            threads.expect_change(connection, thread_id, [by], None)
        elif thread_id is not None:
            threads.set_status(connection, thread_id, by, status, at=at)
        agency = directory.agencies.get(by)
        speaker = Organization(code=by, name=agency.name if agency else str(by))
        report = StatusReport(sender=speaker, reply=reply, status=status, description=reason, at=at)
        self._say(connection, report, thread_id=thread_id, directory=directory, at=at, about=by)
        if thread_id is not None:
            self.books.enter_answer(
                connection,
                report,
                thread_id=thread_id,
                recipient=directory.canonical(by),
                before=None,
                was_asked_back=is_change,
                package_id=None,
                directory=directory,
                at=at,
            )

    def _say(
        self,
        connection: Tables,
        report: StatusReport,
        *,
        thread_id: ThreadId | None,
        directory: Snapshot,
        at: datetime,
        about: AgencyCode | None,
    ) -> bool:
        try:
            content = write_status(report, at=at)
        except Refusal:
            # The document came with a code or number that the strict form cannot repeat.
            log.warning("not said", status=report.status, document=report.reply.document_id)
            return False
        route = self._route(report, directory)
        package = self._package(connection, report, content, route, thread_id, at)
        spool = Spool(digest=package.digest, size_bytes=package.size_bytes, content=content)
        self.posting.blobs.keep(connection, spool)
        insert_package(connection, package)
        if thread_id is not None and about is not None:
            threads.insert_answer(connection, _answer(report, package.id, thread_id, about, at))
        self.posting.post(connection, route, package, at=at)
        entry = self.notary.entry(
            LogKind.ANSWERED,
            at=at,
            package_id=package.id,
            thread_id=thread_id,
            sha256=package.digest,
            status=report.status,
            document=report.reply.document_id,
            sender=report.sender.code,
            recipients=list(route.recipients),
        )
        append_entry(connection, entry)
        return True

    def _package(
        self,
        tables: Tables,
        report: StatusReport,
        content: bytes,
        route: Route,
        thread_id: ThreadId | None,
        at: datetime,
    ) -> StoredPackage:
        package_id = self.posting.name_package(tables, at)
        return StoredPackage(
            id=package_id,
            direction=Direction.OWN,
            system_id=None,
            submission=f"own|{package_id}",
            kind=Kind.STATUS,
            business=None,
            status=report.status,
            digest=Digest(sha256(content).hexdigest()),
            size_bytes=len(content),
            seal_at=content.rindex(_HEADER_END),
            thread_id=thread_id,
            sender=report.sender.code,
            recipients=route.recipients,
            document_id=report.reply.document_id,
            notation=report.reply.code,
            promulgated_on=report.reply.promulgated_on,
            subject=None,
            priority=Priority.NORMAL,
            grade=Grade.ABSENT,
            warnings=(),
            accepted_at=at,
        )

    def _route(self, report: StatusReport, directory: Snapshot) -> Route:
        # A sender that cannot be reached any more loses its notice, never the record of it.
        try:
            organs = [report.reply.organ] if report.reply.organ else []
            return plan_route(organs, directory, axis_is_open=self.axis_is_open, is_answer=True)
        except Refusal:
            return Route()


def _answer(
    report: StatusReport, package_id: PackageId, thread_id: ThreadId, about: AgencyCode, at: datetime
) -> threads.Answer:
    return threads.Answer(
        thread_id=thread_id,
        package_id=package_id,
        recipient=about,
        status=report.status,
        description=report.description,
        said_at=at,
        recorded_at=at,
    )


def reply_to(package: StoredPackage) -> Reply:
    """Name a package's document as an answer about it names it."""
    document_id = None if package.document_id is None else DocumentId(package.document_id)
    return Reply(
        organ=package.sender,
        code=package.notation,
        promulgated_on=package.promulgated_on,
        document_id=document_id,
    )
