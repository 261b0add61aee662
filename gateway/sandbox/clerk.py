"""A clerk at a sample DMS: sends, empties the mailbox, keeps every receipt, and remembers what came.

What the demo says has arrived, it says because a clerk holds it: nothing here looks into a gateway.
"""

import asyncio
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.edxml.reader import read_package
from gateway.errors import Delay
from gateway.model.code_lists import Business, Kind, StatusCode
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.model.package import Amendment, Package
from gateway.model.signature import Grade
from gateway.sandbox.agencies import Desk, Member
from gateway.sandbox.dms import DmsAnswer, SampleDms
from gateway.sandbox.documents import Letter, write_answer, write_letter
from gateway.trust.certificates import Anchors
from gateway.trust.xml_verification import verify_package

T = TypeVar("T")

_BETWEEN_LOOKS = timedelta(milliseconds=100)
_MESSAGE_TYPES = {Kind.DOCUMENT: "edoc", Kind.STATUS: "status"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One package sent, and what the gateway answered. receipt is b"" when it gave none."""

    document_id: DocumentId
    sha256: str
    answer: DmsAnswer
    receipt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One package collected: for whom, its bytes, what it says, and how its signature was judged."""

    recipient: AgencyCode
    content: bytes
    package: Package
    grade: Grade

    @property
    def document_id(self) -> DocumentId | None:
        """Return which document it is, or is about."""
        if self.package.envelope is not None:
            return self.package.envelope.document_id
        return self.package.status.reply.document_id if self.package.status else None

    @property
    def business(self) -> Business | None:
        """Return what it does to the document; None for a status."""
        return self.package.envelope.amendment.business if self.package.envelope else None

    @property
    def replaced(self) -> tuple[DocumentId, ...]:
        """Return which documents it says it replaces."""
        envelope = self.package.envelope
        return tuple(old.document_id for old in envelope.amendment.replaced) if envelope else ()


@dataclass(slots=True, kw_only=True)
class Clerk:
    """The clerk of one DMS. anchors are the authorities the clerk believes."""

    desk: Desk
    node: str
    dms: SampleDms
    anchors: Anchors
    clock: Callable[[], datetime]
    documents: list[Arrived] = field(default_factory=list)
    words: list[Arrived] = field(default_factory=list)
    outbox: list[Sent] = field(default_factory=list)
    _at_work: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, letter: Letter, amendment: Amendment | None = None) -> Sent:
        """Write a letter and send it, new or as what the amendment says."""
        content = await asyncio.to_thread(write_letter, letter, at=self.clock(), amendment=amendment)
        return await self.send_package(content, letter)

    async def send_package(self, content: bytes, letter: Letter) -> Sent:
        """Send a package as it is, for a letter's sender and to its recipients."""
        recipients = [member.code for member in letter.recipients]
        return await self._send(content, letter, letter.sender, recipients, Kind.DOCUMENT)

    async def answer(
        self, letter: Letter, status: StatusCode, *, by: Member, reason: str | None = None
    ) -> Sent:
        """Say for one of our agencies what became of a letter."""
        content = write_answer(letter, status, by=by, at=self.clock(), reason=reason)
        return await self._send(content, letter, by, [letter.sender.code], Kind.STATUS)

    async def _send(
        self, content: bytes, letter: Letter, sender: Member, recipients: list[AgencyCode], kind: Kind
    ) -> Sent:
        async with self._at_work:
            answer = await self.dms.send(
                content, sender=sender.code, recipients=recipients, kind=_MESSAGE_TYPES[kind]
            )
        receipt = answer.members.get("Receipt")
        sent = Sent(
            document_id=letter.document_id,
            sha256=hashlib.sha256(content).hexdigest(),
            answer=answer,
            receipt=json.dumps(receipt).encode() if receipt else b"",
        )
        self.outbox.append(sent)
        return sent

    async def look(self) -> None:
        """Take everything that waits, confirm it and keep it."""
        async with self._at_work:
            for kind, filed in ((Kind.DOCUMENT, self.documents), (Kind.STATUS, self.words)):
                for item in (await self.dms.received(_MESSAGE_TYPES[kind])).items:
                    # Documents as they are, statuses inside JSON: both of the SDK's ways.
                    fetch = self.dms.download if kind is Kind.DOCUMENT else self.dms.get
                    content = (await fetch(item["docId"])).document
                    filed.append(self._read(content, AgencyCode(item["to"])))
                    await self.dms.confirm(item["docId"])

    async def until(self, found: Callable[[], T | None], what: str, *, seconds: float = 20) -> T:
        """Look again and again until something is there, and return it.

        Errors: Delay ``not-seen`` when it does not come.
        """
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.look()
                    if (it := found()) is not None:
                        return it
                    await asyncio.sleep(_BETWEEN_LOOKS.total_seconds())
        except TimeoutError as error:
            raise Delay.because(
                "not-seen",
                where=self.desk.id,
                vi=f"chờ {seconds:g} giây vẫn chưa thấy {what}",
                en=f"nothing seen of it for {seconds:g} seconds",
            ) from error

    async def until_document(
        self, letter: Letter, recipient: Member, business: Business = Business.NEW
    ) -> Arrived:
        """Wait for a letter in an agency's mailbox."""

        def found() -> Arrived | None:
            wanted = (letter.document_id, business, recipient.code)
            for arrived in self.documents:
                if (arrived.document_id, arrived.business, arrived.recipient) == wanted:
                    return arrived
            return None

        return await self.until(found, f"văn bản {letter.code} tại {recipient.short}")

    async def until_word(self, letter: Letter, status: StatusCode, by: Member) -> Arrived:
        """Wait until an agency has said something about our letter."""

        def found() -> Arrived | None:
            for arrived in self.words:
                if arrived.document_id == letter.document_id and said_by(arrived) == (by.code, status.value):
                    return arrived
            return None

        return await self.until(found, f"trạng thái {status.value} của {by.short} về {letter.code}")

    async def send_states(self, letter: Letter) -> dict[str, str]:
        """Ask what became of a letter sent: recipient → done, processing or fail, of its last package."""
        async with self._at_work:
            listed = await self.dms.sent("edoc")
        mine = {sent.answer.doc_id for sent in self.outbox if sent.document_id == letter.document_id}
        return {
            item["toCode"]: item["sendStatus"] for item in listed.items if item.get("senderDocId") in mine
        }

    def _read(self, content: bytes, recipient: AgencyCode) -> Arrived:
        source = io.BytesIO(content)
        read = read_package(source)
        if read.package is None:
            raise Delay("unreadable-package", read.faults)
        verdict = verify_package(read, source, self.anchors, at=self.clock())
        return Arrived(recipient=recipient, content=content, package=read.package, grade=verdict.grade)


def said_by(word: Arrived) -> tuple[str, str]:
    """Return who says what in a status: agency and code."""
    report = word.package.status
    return (report.sender.code, report.status) if report else ("", "")
