"""A document's history and what its recipients answered."""

from dataclasses import dataclass
from datetime import date, datetime

from gateway.model.identifiers import AgencyCode, DocumentId, ThreadId


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A document with all its versions: new, recall, update, replace.

    Shape: owner is the canonical code of the agency that sent it; notation is normalised for matching.
    """

    id: ThreadId
    owner: AgencyCode
    document_id: DocumentId
    notation: str
    promulgated_on: date | None
    subject: str
    opened_at: datetime
    recalled_at: datetime | None = None
    superseded_by: ThreadId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientState:
    """Where a document stands with one recipient.

    Shape: status is the furthest answer so far (two digits); pending_change is ``recall`` or
    ``update`` while the recipient owes a 15 or 16.
    """

    code: AgencyCode
    status: str | None = None
    status_at: datetime | None = None
    pending_change: str | None = None
    recalled_at: datetime | None = None
    removed_at: datetime | None = None
