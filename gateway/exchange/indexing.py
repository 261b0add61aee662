"""Lets documents be found: each when it is accepted, those from before there was a search step by step.

What is written here can be made anew from the packages at any time; what is asked of it is in lookup.py.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.edxml.document_types import resolve_type
from gateway.edxml.file_names import safe_name
from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.errors import LienthongError
from gateway.exchange.directory import Directory, Snapshot
from gateway.log_lines import log
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, ThreadId
from gateway.model.marks import (
    agency_mark,
    business_mark,
    day_marks,
    grade_mark,
    type_mark,
    urgency_mark,
    way_mark,
)
from gateway.model.package import Attachment, Envelope, Package
from gateway.model.question import Side, Way
from gateway.model.signature import Grade
from gateway.model.text import words_of
from gateway.points import Point, passed
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.findable import (
    Findable,
    Particulars,
    index_document,
    keep_particulars,
    next_unindexed,
    recount_deliveries,
    step_below,
)
from gateway.store.packages import Direction, StoredPackage, list_thread_packages
from gateway.store.tables import Tables

# Each is a few packages to open and parse; then others may write.
_THREADS_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a document package is found by, whichever its names will be.

    Shape: number, subject and rest are folded words; marks are `model.marks`.
    """

    envelope: Envelope
    owner: AgencyCode
    grade: Grade
    number: tuple[str, ...]
    subject: tuple[str, ...]
    rest: tuple[str, ...]
    marks: tuple[str, ...]
    particulars: Particulars
    attachments: Sequence[Attachment]


def describe(
    package: Package,
    envelope: Envelope,
    *,
    recipients: Iterable[AgencyCode],
    direction: Direction,
    grade: Grade,
    directory: Snapshot,
) -> Description:
    """Describe a document package, whose envelope it is."""
    type_name = resolve_type(envelope.document_type, str(envelope.code)).name or ""
    owner = directory.canonical(envelope.sender.code)
    return Description(
        envelope=envelope,
        owner=owner,
        grade=grade,
        number=tuple(words_of(str(envelope.code))),
        subject=tuple(words_of(envelope.subject)),
        rest=tuple(_words_beside(envelope, (one.name for one in package.attachments), directory)),
        marks=(
            *_agency_marks(owner, {directory.canonical(code) for code in recipients}, direction, directory),
            type_mark(type_name),
            business_mark(envelope.amendment.business),
            urgency_mark(envelope.priority),
            grade_mark(grade),
            *day_marks(envelope.promulgated_on),
        ),
        particulars=_particulars(envelope, type_name),
        attachments=package.attachments,
    )


def describe_kept(row: StoredPackage, package: Package, directory: Snapshot) -> Description | None:
    """Describe a package by its row; None when it bears no document."""
    if package.envelope is None:
        return None
    return describe(
        package,
        package.envelope,
        recipients=row.recipients,
        direction=row.direction,
        grade=Grade(row.grade),
        directory=directory,
    )


def make_findable(
    connection: Tables,
    description: Description,
    row: StoredPackage,
    thread_id: ThreadId,
    *,
    begins_for: frozenset[AgencyCode] | None = None,
) -> None:
    """Let a document be found by its package, whose row and thread stand.

    Shape: begins_for are the recipients of a thread that was opened for it, just now.
    """
    envelope = description.envelope
    index_document(
        connection,
        Findable(
            thread_id=thread_id,
            package_id=row.id,
            owner=description.owner,
            notation=str(envelope.code),
            title=envelope.subject,
            promulgated_on=envelope.promulgated_on,
            type=description.particulars.type,
            urgency=envelope.priority,
            business=envelope.amendment.business,
            grade=description.grade,
            due_on=envelope.due_on,
            direction=row.direction,
            attachment_count=len(description.attachments),
            number=description.number,
            subject=description.subject,
            rest=description.rest,
            marks=description.marks,
            begins_for=begins_for,
            opened_at=row.accepted_at,
        ),
    )
    keep_particulars(connection, row.id, description.particulars, description.attachments)


def _words_beside(envelope: Envelope, file_names: Iterable[str | None], directory: Snapshot) -> Iterator[str]:
    """Give the words that find a document beside its number and title."""
    texts: dict[str | None, None] = {}
    for organization in (envelope.sender, *envelope.recipients):
        agency = directory.agencies.get(directory.canonical(organization.code))
        texts |= dict.fromkeys((organization.name, agency.name if agency else None))
        texts |= dict.fromkeys(sorted(directory.names_of(organization.code)))
    texts |= dict.fromkeys((envelope.document_id, envelope.amendment.target))
    texts |= dict.fromkeys(safe_name(name) for name in file_names if name)
    staff = envelope.amendment.staff
    texts |= dict.fromkeys((envelope.signer.full_name, envelope.signer.position))
    texts |= dict.fromkeys((staff.name if staff else None, envelope.sender.in_charge))
    for text in texts:
        yield from words_of(text or "")


def _agency_marks(
    owner: AgencyCode, recipients: Collection[AgencyCode], direction: Direction, directory: Snapshot
) -> Iterator[str]:
    yield from (agency_mark(owner), agency_mark(owner, Side.SENDER))
    for code in sorted(recipients):
        yield from (agency_mark(code), agency_mark(code, Side.RECIPIENT))
    if direction is Direction.OUTBOUND:
        yield way_mark(Way.OUT)
    if any(directory.has_mailbox(code) for code in recipients):
        yield way_mark(Way.IN)


def _particulars(envelope: Envelope, type_name: str) -> Particulars:
    replies = (reply.code or reply.document_id or "" for reply in envelope.replies)
    return Particulars(
        type=type_name,
        signer_name=envelope.signer.full_name,
        signer_position=envelope.signer.position or envelope.signer.competence,
        place=envelope.place,
        due_on=envelope.due_on,
        steering=envelope.steering,
        page_count=envelope.pages_count,
        replies_to=", ".join(reply for reply in replies if reply) or None,
        reason=envelope.amendment.reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexing:
    """Takes up what was accepted before there was a search, the newest first, some at a time."""

    database: Database
    blobs: Blobs
    directory: Directory
    limits: Limits

    async def catch_up(self) -> bool:
        """Take one step; tell whether there is more to do."""
        for _ in range(_THREADS_AT_ONCE):
            thread_id = await next_unindexed(self.database)
            if thread_id is None:
                return False
            await self._take_up(thread_id)
        return True

    async def _take_up(self, thread_id: ThreadId) -> None:
        directory = await self.directory.current()
        described = [
            (row, describe_kept(row, package, directory))
            for row in await list_thread_packages(self.database, thread_id)
            if row.kind is Kind.DOCUMENT and (package := await self._read(row)) is not None
        ]

        def act(tables: Tables) -> None:
            for row, description in described:
                if description is not None:
                    make_findable(tables, description, row, thread_id)
            recount_deliveries(tables, thread_id)
            step_below(tables, thread_id)

        await self.database.write(act)
        passed(Point.INDEXED)

    async def _read(self, row: StoredPackage) -> Package | None:
        """Read a kept package; one that cannot be read any more is not found by search, and said so."""
        try:
            with await self.blobs.open(row.digest) as source:
                return (await asyncio.to_thread(read_package, source, limits=self.limits)).package
        except LienthongError as error:
            log.warning("not indexed", package=row.id, reason=error.code)
            return None
