"""A document while somebody writes it in the console: nothing in it need be complete yet."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId

DraftId = NewType("DraftId", str)
"""Our id of a draft: letters, digits and ``-``."""

FileId = NewType("FileId", str)
"""Our id of a draft's file; also the name it lies under."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the author fills in.

    Shape: texts are as typed, trimmed, empty when nothing was said; steering is 0 none, 1 steering (chỉ đạo),
    2 report (báo cáo); amends is the document that an update or a replacement is about, answers the one that
    is replied to.
    """

    recipients: tuple[AgencyCode, ...] = ()
    number: str = ""
    notation: str = ""
    day: date | None = None
    place: str = ""
    type_name: str = "Công văn"
    subject: str = ""
    priority: Priority = Priority.NORMAL
    due_on: date | None = None
    steering: int = 0
    signer_competence: str = ""
    signer_position: str = ""
    signer_name: str = ""
    to_places: str = ""
    answers: ThreadId | None = None
    business: Business = Business.NEW
    amends: ThreadId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFile:
    """One file of a draft; name is safe to use as a file's name."""

    id: FileId
    name: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A letter on its way to becoming a package.

    Shape: written_by is the login of who began it; sending_at is the instant of its first sending, after
    which nothing in it changes; package_id is what it became.
    """

    id: DraftId
    agency: AgencyCode
    written_by: str
    letter: Letter
    files: tuple[DraftFile, ...]
    changed_at: datetime
    sending_at: datetime | None = None
    package_id: PackageId | None = None
