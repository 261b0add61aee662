"""The header of a document package → Envelope.

Source: QCVN 102:2016, message header 1.1–1.14 and trace header list 2; dialects as met in the field.
"""

import re
from datetime import date

from gateway.edxml.amendment_part import read_amendment
from gateway.edxml.dates import is_strict_date, read_date, write_date
from gateway.edxml.faults import Findings
from gateway.edxml.parts import Part
from gateway.edxml.shared_parts import (
    read_agency_code,
    read_count,
    read_date_part,
    read_document_id,
    read_instant_part,
    read_organization,
    read_reply,
    read_text,
)
from gateway.model.code_lists import Priority
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.model.package import (
    DocumentCode,
    DocumentType,
    Envelope,
    Hop,
    Organization,
    Signer,
)

_DOCUMENT_ID = re.compile(r"[0-9A-Z][0-9A-Z.]{1,34},\d{4}/\d{2}/\d{2},[^/,\s]+/[^,]+")
_LONGEST_SUBJECT = 20_000
_LONGEST_TASK_CODE = 200
# Each recipient owes each task, and all that is owed is written in one transaction, which others wait for.
_TASKS_IMPOSED = 5000
_MACHINE_NUMBER = re.compile(r"20\d{12}", re.ASCII)
_PRIORITIES = {str(int(priority)): priority for priority in Priority}
_ONCE = (
    "From",
    "Code",
    "PromulgationInfo",
    "DocumentType",
    "Subject",
    "OtherInfo",
    "DocumentId",
)


def read_document_header(header: Part, message: Part, findings: Findings) -> Envelope | None:
    """Read a document's header; None when what an envelope cannot be without is missing.

    Shape: header is edXMLHeader, message the MessageHeader within.
    """
    message.check_once(findings, *_ONCE)
    sender = read_organization(message.first("From"), findings)
    if sender is None:
        findings.fault("sender-missing", f"{message.path}/From/OrganId")
    recipients = _recipients(message, findings)
    code = _code(message.first("Code"), findings)
    promulgated_on = _promulgated_on(message.first("PromulgationInfo"), findings)
    subject = read_text(message, "Subject", findings, limit=_LONGEST_SUBJECT)
    if not message.value("Subject"):
        findings.fault("subject-missing", f"{message.path}/Subject")
    trace_list = header.first("TraceHeaderList")
    header.check_once(findings, "TraceHeaderList")
    own_id = _own_id(message, findings)
    amendment = read_amendment(trace_list, own_id, findings)
    if not (sender and recipients and code and promulgated_on and subject and amendment):
        return None
    if own_id is None:
        findings.warn("document-id-missing", f"{message.path}/DocumentId")
        own_id = DocumentId(f"{sender.code},{write_date(promulgated_on)},{code}")
    other = message.first("OtherInfo")
    return Envelope(
        sender=sender,
        recipients=recipients,
        document_id=own_id,
        code=code,
        promulgated_on=promulgated_on,
        subject=subject,
        place=message.first("PromulgationInfo").value("Place"),
        document_type=_document_type(message.first("DocumentType"), findings),
        content=message.value("Content"),
        signer=_signer(message.first("SignerInfo")),
        due_on=read_date_part(message.first("DueDate"), findings),
        to_places=message.first("ToPlaces").values("Place"),
        priority=_priority(other.first("Priority"), findings),
        sphere=other.value("SphereOfPromulgation"),
        typist=other.value("TyperNotation"),
        copies_count=read_count(other.first("PromulgationAmount"), findings),
        pages_count=read_count(other.first("PageAmount"), findings),
        appendixes=other.first("Appendixes").values("Appendix"),
        replies=tuple(read_reply(part, findings) for part in message.all("ResponseFor")),
        steering=read_count(message.first("SteeringType"), findings),
        task_codes=_task_codes(message.first("ResponseForTask"), len(recipients), findings),
        application_type=message.value("ApplicationType"),
        trace=_trace(trace_list, sender.code, findings),
        amendment=amendment,
    )


def _task_codes(part: Part, recipients_count: int, findings: Findings) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(part.values("TaskCode")))
    limit = max(1, _TASKS_IMPOSED // recipients_count)
    if len(codes) > limit:
        findings.fault("too-many-tasks", part.path, limit=limit)
    if any(len(code) > _LONGEST_TASK_CODE for code in codes):
        findings.fault("value-too-long", f"{part.path}/TaskCode", limit=_LONGEST_TASK_CODE)
    return codes


def _recipients(message: Part, findings: Findings) -> tuple[Organization, ...]:
    found: dict[AgencyCode, Organization] = {}
    for part in message.all("To"):
        recipient = read_organization(part, findings)
        if recipient is None:
            findings.warn("recipient-without-code", part.path)
        elif recipient.code in found:
            findings.warn("recipient-repeated", part.path)
        else:
            found[recipient.code] = recipient
    if not found:
        findings.fault("recipient-missing", f"{message.path}/To/OrganId")
    return tuple(found.values())


def _code(part: Part, findings: Findings) -> DocumentCode | None:
    part.check_once(findings, "CodeNumber", "CodeNotation")
    number = read_text(part, "CodeNumber", findings) or ""
    notation = read_text(part, "CodeNotation", findings) or ""
    if not number and not notation:
        findings.fault("code-missing", part.path)
        return None
    if not number or not notation:
        findings.warn("code-incomplete", part.path)
    if _MACHINE_NUMBER.fullmatch(number):
        findings.warn("code-invented", f"{part.path}/CodeNumber")
    return DocumentCode(number=number, notation=notation)


def _promulgated_on(promulgation: Part, findings: Findings) -> date | None:
    promulgation.check_once(findings, "PromulgationDate")
    part = promulgation.first("PromulgationDate")
    if not part.text:
        findings.fault("date-missing", part.path)
        return None
    day = read_date(part.text)
    if day is None:
        findings.fault("date-unreadable", part.path)
    elif not is_strict_date(part.text):
        findings.warn("date-form", part.path)
    return day


def _own_id(message: Part, findings: Findings) -> DocumentId | None:
    document_id = read_document_id(message, findings)
    if document_id is not None and not _DOCUMENT_ID.fullmatch(document_id):
        findings.warn("document-id-form", f"{message.path}/DocumentId")
    return document_id


def _document_type(part: Part, findings: Findings) -> DocumentType:
    return DocumentType(
        group=read_count(part.first("Type"), findings),
        detail=read_count(part.first("TypeDetail"), findings),
        name=part.value("TypeName"),
    )


def _signer(part: Part) -> Signer:
    return Signer(
        competence=part.value("Competence"),
        position=part.value("Position"),
        full_name=part.value("FullName"),
    )


def _priority(part: Part, findings: Findings) -> Priority:
    if part.text and part.text not in _PRIORITIES:
        findings.warn("priority-unknown", part.path)
    return _PRIORITIES.get(part.text, Priority.NORMAL)


def _trace(part: Part, sender: AgencyCode, findings: Findings) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    for hop in part.all("TraceHeader"):
        code = read_agency_code(hop.first("OrganId"), findings)
        if code is not None:
            hops.append(Hop(code=code, at=read_instant_part(hop.first("Timestamp"), findings)))
    if hops and all(hop.code != sender for hop in hops):
        findings.warn("trace-not-sender", f"{part.path}/TraceHeader/OrganId")
    return tuple(hops)
