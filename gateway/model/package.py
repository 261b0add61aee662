"""The package as a reader understands it: who to whom, which document, what is attached.

Every value here is parsed and normalised; what stood in the file, `edxml.reader.ReadPackage.raw` tells.
"""

from dataclasses import dataclass
from datetime import date, datetime

from gateway.errors import Fault
from gateway.model.code_lists import Business, Kind, Priority
from gateway.model.identifiers import AgencyCode, Digest, DocumentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An agency as a package names it. Absent and empty mean the same: None."""

    code: AgencyCode
    name: str | None = None
    in_charge: str | None = None
    address: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCode:
    """Number and notation (số, ký hiệu); in bad dialects one of them is empty."""

    number: str
    notation: str

    def __str__(self) -> str:
        return (
            f"{self.number}/{self.notation}"
            if self.number and self.notation
            else self.number or self.notation
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """Type of document. Decide by name: the numbers' meaning differs between producers."""

    group: int | None = None
    detail: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed the paper or PDF, in words; not a cryptographic fact."""

    competence: str | None = None
    position: str | None = None
    full_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """The officer in charge (cán bộ xử lý)."""

    department: str | None = None
    name: str | None = None
    mobile: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Which document this one answers (``ResponseFor``). Dialects fill any part of it."""

    organ: AgencyCode | None = None
    code: str | None = None
    promulgated_on: date | None = None
    document_id: DocumentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverChange:
    """A recipient added to or removed from a document by an update."""

    code: AgencyCode
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A document that a replacement supersedes, and who holds it."""

    document_id: DocumentId
    holders: tuple[AgencyCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One trace header: who handled the package, when (aware, UTC)."""

    code: AgencyCode
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What the package does to its thread (``Bussiness``)."""

    business: Business = Business.NEW
    reason: str | None = None
    target: DocumentId | None = None
    content_changed: bool = False
    receivers_changed: bool = False
    receiver_changes: tuple[ReceiverChange, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    staff: Staff | None = None
    paper: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The header of a document package."""

    sender: Organization
    recipients: tuple[Organization, ...]
    document_id: DocumentId
    code: DocumentCode
    promulgated_on: date
    subject: str
    place: str | None = None
    document_type: DocumentType = DocumentType()
    content: str | None = None
    signer: Signer = Signer()
    due_on: date | None = None
    to_places: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    sphere: str | None = None
    typist: str | None = None
    copies_count: int | None = None
    pages_count: int | None = None
    appendixes: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    steering: int | None = None
    task_codes: tuple[str, ...] = ()
    application_type: str | None = None
    trace: tuple[Hop, ...] = ()
    amendment: Amendment = Amendment()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """An agency's word about a document.

    Shape: status is two digits, possibly one that is in no list; at is aware, UTC.
    """

    sender: Organization
    reply: Reply
    status: str
    description: str | None = None
    staff: Staff | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file in a package, still encoded where it stands.

    Shape: start and end are byte offsets of the base64 text in the package; decoded_bytes and digest
    describe what it decodes to, before any zip wrapping is removed; declared_type is the Attachment's
    own ContentType. The final name and type come from `edxml.attachments`.
    """

    content_id: str
    name: str | None
    declared_type: str | None
    description: str | None = None
    start: int
    end: int
    decoded_bytes: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package, understood.

    Shape: exactly one of envelope and status is set, as kind says. digest and size_bytes are of the whole
    file as received.
    """

    kind: Kind
    digest: Digest
    size_bytes: int
    envelope: Envelope | None = None
    status: StatusReport | None = None
    attachments: tuple[Attachment, ...] = ()
    warnings: tuple[Fault, ...] = ()

    @property
    def sender(self) -> Organization:
        """Return the agency that speaks in this package."""
        part = self.envelope or self.status
        assert part is not None  # noqa: S101 - the reader sets one of the two
        return part.sender
