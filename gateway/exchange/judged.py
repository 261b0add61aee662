"""A judged package as it is going to stand: its row, its entry in the log, the words it is found by.

All of it can be made before the package's turn to be recorded comes, on the belief that nothing is known of
its document yet; acceptance.py knows whether that was so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.directory import Snapshot
from gateway.exchange.indexing import Description, describe
from gateway.exchange.notary import Notary
from gateway.exchange.routing import Route
from gateway.model.agency import SystemKind
from gateway.model.code_lists import Priority
from gateway.model.identifiers import PackageId, SystemId, ThreadId
from gateway.model.log import LogEntry, LogKind
from gateway.model.signature import VerifiedPackage
from gateway.store.packages import Arrival, Direction, StoredPackage, wanted_submission
from gateway.store.sheets import Wanted
from gateway.store.spool import Spool
from gateway.store.threads import wanted_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was made of a document beforehand; its names and its entry hold if nothing was known of it."""

    package_id: PackageId
    thread_id: ThreadId
    entry: LogEntry
    description: Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One judged package.

    Shape: peer is what system_id is; arrival is what the axis calls it; by is the login of who sent it in the
    console.
    """

    verified: VerifiedPackage
    spool: Spool
    direction: Direction
    system_id: SystemId
    peer: SystemKind
    route: Route
    directory: Snapshot
    arrival: Arrival | None = None
    at: datetime
    by: str | None = None

    @property
    def submission(self) -> str:
        """Name the act of sending: the same again has the same name."""
        return f"{self.system_id}|{self.spool.digest}|{','.join(sorted(self.route.recipients))}"

    @property
    def foreseen(self) -> Sequence[Wanted]:
        """Say what is going to be asked when it is recorded."""
        envelope = self.verified.package.envelope
        documents = () if envelope is None else (wanted_document(envelope.document_id),)
        return (wanted_submission(self.submission), *documents)

    @property
    def priority(self) -> Priority:
        """Return how urgent it is."""
        envelope = self.verified.package.envelope
        return envelope.priority if envelope else Priority.NORMAL

    def prepare(self, notary: Notary, package_id: PackageId, thread_id: ThreadId) -> Prepared | None:
        """Make what can be made of a document; of a status nothing."""
        package = self.verified.package
        if package.envelope is None:
            return None
        return Prepared(
            package_id=package_id,
            thread_id=thread_id,
            entry=self.accepted(notary, package_id, thread_id, self.route),
            description=describe(
                package,
                package.envelope,
                recipients=self.route.recipients,
                direction=self.direction,
                grade=self.verified.verdict.grade,
                directory=self.directory,
            ),
        )

    def accepted(
        self,
        notary: Notary,
        package_id: PackageId,
        thread_id: ThreadId | None,
        route: Route,
        remarks: Sequence[str] = (),
    ) -> LogEntry:
        """Write the entry that accepts it; route is what is left to deliver."""
        package = self.verified.package
        return notary.entry(
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
            document=self._document_id,
            signature=self.verified.verdict.grade.value,
            warnings=list(dict.fromkeys(self._warnings(remarks))),
            far_id=self.arrival.far_id if self.arrival else None,
            by=self.by,
            sender=package.sender.code,
            recipients=list(self.route.recipients),
            consigned=[code for code in route.mailboxes if self.directory.is_at_home(code)],
        )

    def row(
        self, package_id: PackageId, thread_id: ThreadId | None, remarks: Sequence[str] = ()
    ) -> StoredPackage:
        """Make its row."""
        package = self.verified.package
        envelope, status = package.envelope, package.status
        return StoredPackage(
            id=package_id,
            direction=self.direction,
            system_id=self.system_id,
            submission=self.submission,
            kind=package.kind,
            business=None if envelope is None else int(envelope.amendment.business),
            status=None if status is None else status.status,
            digest=self.spool.digest,
            size_bytes=self.spool.size_bytes,
            seal_at=self.verified.seal_at,
            thread_id=thread_id,
            sender=package.sender.code,
            recipients=self.route.recipients,
            document_id=self._document_id,
            notation=str(envelope.code) if envelope else status.reply.code if status else None,
            promulgated_on=(
                envelope.promulgated_on if envelope else status.reply.promulgated_on if status else None
            ),
            subject=None if envelope is None else envelope.subject,
            priority=self.priority,
            grade=self.verified.verdict.grade.value,
            warnings=self._warnings(remarks),
            accepted_at=self.at,
        )

    def _warnings(self, remarks: Sequence[str]) -> tuple[str, ...]:
        return (*(fault.rule for fault in self.verified.package.warnings), *remarks)

    @property
    def _document_id(self) -> str | None:
        package = self.verified.package
        if package.envelope is not None:
            return package.envelope.document_id
        return package.status.reply.document_id if package.status else None
