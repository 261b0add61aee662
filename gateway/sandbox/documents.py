"""Sample documents: letters with real PDFs, their updates, recalls and replacements, and answers to them.

Written by the same `edxml.writer` that the gateway uses, as a good DMS would; packages that nobody should
accept are made in forgeries.py.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from itertools import count

from gateway.edxml.document_types import abbreviation_of
from gateway.edxml.writer import File, write_document, write_status
from gateway.model.code_lists import Business, Priority, StatusCode
from gateway.model.identifiers import DocumentId
from gateway.model.package import (
    Amendment,
    DocumentCode,
    DocumentType,
    Envelope,
    Organization,
    Replaced,
    Reply,
    Signer,
    StatusReport,
)
from gateway.sandbox.agencies import Member
from gateway.sandbox.letterhead import lay_out_annex, lay_out_letter
from gateway.sandbox.pdf import write_pdf


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An official document, before it becomes a package.

    Shape: section is empty where the type stands in the notation instead of it; steering is 0 none, 1 an
    order, 2 a report on one; replies name the documents it answers.
    """

    sender: Member
    recipients: tuple[Member, ...]
    number: int
    section: str
    day: date
    subject: str
    paragraphs: tuple[str, ...]
    type_name: str = "Công văn"
    priority: Priority = Priority.NORMAL
    annex_pages_count: int = 0
    due_on: date | None = None
    steering: int = 0
    task_codes: tuple[str, ...] = ()
    application_type: str | None = None
    replies: tuple[Reply, ...] = ()

    @property
    def code(self) -> DocumentCode:
        """Return its number and notation: ``412/SYT-NVY``, without a section ``45/BC-SYT``."""
        initials = self.sender.initials
        parts = (initials, self.section) if self.section else (abbreviation_of(self.type_name), initials)
        return DocumentCode(number=str(self.number), notation="-".join(parts))

    @property
    def document_id(self) -> DocumentId:
        """Return its identifier, which stays the same through updates and recalls."""
        return DocumentId(f"{self.sender.code},{self.day:%Y/%m/%d},{self.code}")

    @property
    def reply(self) -> Reply:
        """Name it as an answer about it does."""
        return Reply(
            organ=self.sender.code,
            code=str(self.code),
            promulgated_on=self.day,
            document_id=self.document_id,
        )

    def draw(self) -> bytes:
        """Draw it as a PDF."""
        lines = lay_out_letter(
            self.sender, str(self.code), self.day, self.subject, self.recipients, self.paragraphs
        )
        return write_pdf(f"{self.type_name} số {self.code}", [lines])

    def draw_annex(self) -> bytes:
        """Draw its annex as a PDF; the same every time."""
        pages = lay_out_annex(f"PHỤ LỤC CÔNG VĂN SỐ {self.code}", self.annex_pages_count, _figures())
        return write_pdf(f"Phụ lục {self.code}", pages)


@cache
def files_of(letter: Letter) -> tuple[tuple[str, bytes], ...]:
    """Draw a letter's files, by name: itself, and its annex if it has one."""
    main = (f"{letter.type_name} {letter.number}-{letter.code.notation}.pdf", letter.draw())
    return (main, ("Phụ lục số liệu.pdf", letter.draw_annex())) if letter.annex_pages_count else (main,)


def write_letter(
    letter: Letter,
    *,
    at: datetime,
    amendment: Amendment | None = None,
    files: Sequence[tuple[str, bytes]] | None = None,
) -> bytes:
    """Write a letter as a package. Shape: files are PDFs by name, its own drawings when None."""
    enclosed = [
        File(name=name, open=partial(io.BytesIO, content), media_type="application/pdf")
        for name, content in (files_of(letter) if files is None else files)
    ]
    envelope = Envelope(
        sender=_organization(letter.sender),
        recipients=tuple(map(_organization, letter.recipients)),
        document_id=letter.document_id,
        code=letter.code,
        promulgated_on=letter.day,
        place=letter.sender.place,
        subject=letter.subject,
        content=letter.subject,
        document_type=DocumentType(name=letter.type_name),
        signer=Signer(position="Thủ trưởng cơ quan"),
        priority=letter.priority,
        due_on=letter.due_on,
        pages_count=1 + letter.annex_pages_count,
        replies=letter.replies,
        steering=letter.steering,
        task_codes=letter.task_codes,
        application_type=letter.application_type,
        amendment=amendment or Amendment(reason="Văn bản điện tử mới"),
    )
    return b"".join(write_document(envelope, enclosed, at=at))


def update_of(letter: Letter, reason: str) -> Amendment:
    """Say that a package is a new version of a letter."""
    return Amendment(business=Business.UPDATE, reason=reason, target=letter.document_id, content_changed=True)


def recall_of(letter: Letter, reason: str) -> Amendment:
    """Say that a package takes a letter back."""
    return Amendment(business=Business.RECALL, reason=reason, target=letter.document_id)


def replacement_of(letter: Letter, reason: str) -> Amendment:
    """Say that a package is a new letter in the place of an older one."""
    holders = tuple(member.code for member in letter.recipients)
    old = Replaced(document_id=letter.document_id, holders=holders)
    return Amendment(business=Business.REPLACE, reason=reason, replaced=(old,))


def write_answer(
    letter: Letter, status: StatusCode, *, by: Member, at: datetime, reason: str | None = None
) -> bytes:
    """Write what an agency says about a letter it got."""
    report = StatusReport(
        sender=_organization(by),
        reply=letter.reply,
        status=status.value,
        description=reason or status.vi.capitalize(),
        at=at,
    )
    return write_status(report, at=at)


def _organization(member: Member) -> Organization:
    return Organization(
        code=member.code,
        name=member.name,
        in_charge=member.superior,
        address=member.place,
        email=member.agency.mail,
    )


def _figures() -> Iterator[str]:
    for number in count(1):
        done = number * 7919 % 1840 + 120
        plan = done + number % 90
        yield f"{number:4d}.  Điểm tiêm chủng số {number:04d}: kế hoạch {plan} mũi, đạt {done} mũi"
