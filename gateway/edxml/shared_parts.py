"""The parts that documents and statuses have in common: agencies, dates, replies, officers."""

from datetime import date, datetime

from gateway.edxml.dates import is_strict_date, is_strict_instant, read_date, read_instant
from gateway.edxml.faults import Findings
from gateway.edxml.parts import Part, join_path
from gateway.model.identifiers import (
    AgencyCode,
    DocumentId,
    is_agency_code,
    normalise_code,
    normalise_document_id,
)
from gateway.model.package import Organization, Reply, Staff

_LONGEST_CODE = 64
_LONGEST_TEXT = 500
_CODE_SIGNS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-_")


def read_text(part: Part, name: str, findings: Findings, *, limit: int = _LONGEST_TEXT) -> str | None:
    """Read the text of a part within, None when there is none; one nobody could keep is a fault."""
    text = part.value(name)
    if text is not None and len(text) > limit:
        findings.fault("value-too-long", join_path(part.path, name), limit=limit)
        return None
    return text


def read_document_id(part: Part, findings: Findings) -> DocumentId | None:
    """Read the DocumentId within a part; None when there is none."""
    text = read_text(part, "DocumentId", findings)
    return normalise_document_id(text) if text else None


def read_agency_code(part: Part, findings: Findings) -> AgencyCode | None:
    """Read an agency's code; None when there is none. An unknown form is told, an unusable one faulted."""
    if not part.text:
        return None
    code = normalise_code(part.text)
    if len(code) > _LONGEST_CODE or not _CODE_SIGNS.issuperset(code):
        findings.fault("agency-code-unusable", part.path, limit=_LONGEST_CODE)
        return None
    if not is_agency_code(code):
        findings.warn("agency-code-form", part.path)
    return code


def read_organization(part: Part, findings: Findings) -> Organization | None:
    """Read an agency as the package names it; None when it has no code."""
    part.check_once(findings, "OrganId")
    code = read_agency_code(part.first("OrganId"), findings)
    if code is None:
        return None
    name, email = part.value("OrganName"), part.value("Email")
    if name is None and email is not None and "@" not in email:
        # VNPT's three-argument constructor puts the name where the address belongs.
        findings.warn("name-in-email", f"{part.path}/Email")
        name, email = email, None
    return Organization(
        code=code,
        name=name,
        in_charge=part.value("OrganizationInCharge"),
        address=part.value("OrganAdd"),
        email=email,
        telephone=part.value("Telephone"),
        fax=part.value("Fax"),
        website=part.value("Website"),
    )


def read_staff(part: Part) -> Staff | None:
    """Read the officer in charge; None when nothing is said."""
    staff = Staff(
        department=part.value("Department"),
        name=part.value("Staff") or part.value("StaffName"),
        mobile=part.value("Mobile"),
        email=part.value("Email"),
    )
    return None if staff == Staff() else staff


def read_reply(part: Part, findings: Findings) -> Reply:
    """Read which document is answered, whatever of it is filled in."""
    part.check_once(findings, "OrganId", "Code", "DocumentId")
    return Reply(
        organ=read_agency_code(part.first("OrganId"), findings),
        code=read_text(part, "Code", findings),
        promulgated_on=read_date_part(part.first("PromulgationDate"), findings),
        document_id=read_document_id(part, findings),
    )


def read_date_part(part: Part, findings: Findings) -> date | None:
    """Read a date that may be missing; every other form than the standard's is told."""
    if not part.text:
        return None
    day = read_date(part.text)
    if day is None:
        findings.warn("date-unreadable", part.path)
    elif not is_strict_date(part.text):
        findings.warn("date-form", part.path)
    return day


def read_instant_part(part: Part, findings: Findings) -> datetime | None:
    """Read an instant that may be missing; every other form than the standard's is told."""
    if not part.text:
        return None
    at = read_instant(part.text)
    if at is None:
        findings.warn("instant-unreadable", part.path)
    elif not is_strict_instant(part.text):
        findings.warn("instant-form", part.path)
    return at


def read_count(part: Part, findings: Findings) -> int | None:
    """Read a whole number that may be missing; anything else is told and left out."""
    if not part.text:
        return None
    if part.text.isascii() and part.text.isdigit() and len(part.text) <= 9:
        return int(part.text)
    findings.warn("number-unreadable", part.path)
    return None
