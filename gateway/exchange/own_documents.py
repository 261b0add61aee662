"""Documents that the gateway writes in its own name: reminders, and reports that go out by themselves.

They travel like any other document and can be found like any other, but are no correspondence of an agency:
they stand in no register and open no obligation. What is said in statuses is in own_words.py.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gateway.edxml.outline import Limits
from gateway.edxml.packing import File
from gateway.edxml.reader import read_package
from gateway.edxml.writer import write_document
from gateway.errors import Refusal
from gateway.exchange.amendments import Amending
from gateway.exchange.desk import organization_of
from gateway.exchange.directory import Snapshot
from gateway.exchange.indexing import describe_kept, make_findable
from gateway.exchange.notary import Notary
from gateway.exchange.posting import Posting
from gateway.exchange.routing import Route, plan_route
from gateway.model.code_lists import Business, Kind, Priority
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId, normalise_document_id
from gateway.model.log import LogKind
from gateway.model.package import DocumentCode, DocumentType, Envelope, Organization, Package, Signer
from gateway.model.paper import Paper
from gateway.model.signature import Grade
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.packages import Direction, StoredPackage, insert_package
from gateway.store.spool import Spool
from gateway.store.tables import Tables
from gateway.trust.xml_signing import find_seal_place


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLetter:
    """What a document of our own says, and to whom. Its day is that of its sending."""

    number: str
    notation: str
    type_name: str
    subject: str
    recipients: tuple[AgencyCode, ...]
    papers: Sequence[Paper]
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document of our own, safe and about to be recorded."""

    package: Package
    spool: Spool
    seal_at: int | None
    route: Route
    directory: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDocuments:
    """Writes the gateway's own documents. gateway is the organisation in whose name they go."""

    notary: Notary
    posting: Posting
    gateway: Organization
    axis_is_open: bool
    limits: Limits

    def reaches(self, code: AgencyCode, directory: Snapshot) -> bool:
        """Tell whether a document of ours can get to an agency."""
        return can_write_to(code, directory, own=self.gateway.code, axis_is_open=self.axis_is_open)

    @asynccontextmanager
    async def writing(self, letter: OwnLetter, directory: Snapshot, at: datetime) -> AsyncIterator[Written]:
        """Write a document and lend it for the transaction that records it.

        Errors: Refusal when it cannot be written or reaches nobody; Delay when the disk does not take it.
        """
        blobs = self.posting.blobs
        route = plan_route(letter.recipients, directory, axis_is_open=self.axis_is_open, is_answer=False)
        envelope = self._envelope(letter, directory, at)
        files = [
            File(name=paper.name, open=partial(io.BytesIO, paper.content), media_type=paper.media_type)
            for paper in letter.papers
        ]
        spool = await blobs.take(self.posting.mint.new(at), write_document(envelope, files, at=at))
        try:
            package, seal_at = await asyncio.to_thread(self._read, spool)
            await blobs.secure(spool)
            passed(Point.OWN_BYTES_SAFE)
            yield Written(package=package, spool=spool, seal_at=seal_at, route=route, directory=directory)
        except BaseException:
            await blobs.forget(spool)
            raise
        finally:
            spool.discard()

    def record(self, tables: Tables, written: Written, *, at: datetime) -> tuple[PackageId, ThreadId]:
        """Record a document and leave its dispatches waiting."""
        envelope, mint, directory = written.package.envelope, self.posting.mint, written.directory
        assert envelope is not None  # noqa: S101 - we wrote it
        package_id = self.posting.name_package(tables, at)
        effect = Amending(
            envelope=envelope,
            digest=written.spool.digest,
            owner=directory.canonical(envelope.sender.code),
            recipients=tuple(directory.canonical(code) for code in written.route.recipients),
            new_thread_id=ThreadId(mint.new(at)),
            directory=directory,
            at=at,
        ).apply(tables)
        self.posting.blobs.keep(tables, written.spool)
        row = _row(written, envelope, package_id, effect.thread_id, at)
        insert_package(tables, row)
        if description := describe_kept(row, written.package, directory):
            make_findable(tables, description, row, effect.thread_id, begins_for=effect.begins_for)
        self.posting.post(tables, written.route, row, at=at, is_alone=effect.is_first)
        entry = self.notary.entry(
            LogKind.ACCEPTED,
            at=at,
            package_id=package_id,
            thread_id=effect.thread_id,
            direction=Direction.OWN.value,
            carries=Kind.DOCUMENT.value,
            business=int(Business.NEW),
            sha256=written.spool.digest,
            bytes=written.spool.size_bytes,
            document=envelope.document_id,
            signature=Grade.ABSENT.value,
            sender=envelope.sender.code,
            recipients=list(written.route.recipients),
            consigned=[code for code in written.route.mailboxes if directory.is_at_home(code)],
        )
        append_entry(tables, entry)
        return package_id, effect.thread_id

    def _envelope(self, letter: OwnLetter, directory: Snapshot, at: datetime) -> Envelope:
        """Write the header. Nobody signed: a machine says in the agency's name who it is, and no more."""
        day = local_day(at)
        return Envelope(
            sender=self.gateway,
            recipients=tuple(organization_of(code, directory) for code in letter.recipients),
            document_id=normalise_document_id(
                f"{self.gateway.code},{day:%Y/%m/%d},{letter.number}/{letter.notation}"
            ),
            code=DocumentCode(number=letter.number, notation=letter.notation),
            promulgated_on=day,
            subject=letter.subject,
            document_type=DocumentType(name=letter.type_name),
            signer=Signer(full_name=self.gateway.name),
            priority=letter.priority,
        )

    def _read(self, spool: Spool) -> tuple[Package, int | None]:
        with spool.open() as source:
            read = read_package(source, limits=self.limits)
        assert read.package is not None  # noqa: S101 - the strict form has no faults
        return read.package, find_seal_place(read.outline, read.element)


def can_write_to(code: AgencyCode, directory: Snapshot, *, own: AgencyCode, axis_is_open: bool) -> bool:
    """Tell whether a document in the name of the node's own agency can get to an agency.

    To itself the node writes only where somebody collects it.
    """
    if directory.canonical(code) == directory.canonical(own):
        return directory.has_mailbox(code)
    try:
        plan_route([code], directory, axis_is_open=axis_is_open, is_answer=False)
    except Refusal:
        return False
    return True


def _row(
    written: Written, envelope: Envelope, package_id: PackageId, thread_id: ThreadId, at: datetime
) -> StoredPackage:
    return StoredPackage(
        id=package_id,
        direction=Direction.OWN,
        system_id=None,
        submission=f"own|{package_id}",
        kind=Kind.DOCUMENT,
        business=int(Business.NEW),
        status=None,
        digest=written.spool.digest,
        size_bytes=written.spool.size_bytes,
        seal_at=written.seal_at,
        thread_id=thread_id,
        sender=envelope.sender.code,
        recipients=written.route.recipients,
        document_id=envelope.document_id,
        notation=str(envelope.code),
        promulgated_on=envelope.promulgated_on,
        subject=envelope.subject,
        priority=envelope.priority,
        grade=Grade.ABSENT,
        warnings=(),
        accepted_at=at,
    )
