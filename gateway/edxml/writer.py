"""Envelope, StatusReport → bytes, in one strict form: the one the axis carries most.

What may be written is stricter than what is read: every rule a careful receiver could hold against us is
kept. Files stream through; nothing but the header is ever whole in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from gateway.edxml import names
from gateway.edxml.dates import write_date, write_instant
from gateway.edxml.document_types import resolve_type
from gateway.edxml.faults import Findings
from gateway.edxml.markup import (
    END,
    ENVELOPE_END,
    HEAD,
    branch,
    indent,
    kept_branch,
    kept_leaf,
    leaf,
    leaves,
)
from gateway.edxml.packing import File, Packed, pack_file, stream_packed
from gateway.errors import Refusal
from gateway.model.code_lists import REASON_OWED, Business
from gateway.model.identifiers import AgencyCode, is_agency_code
from gateway.model.package import Amendment, Envelope, Organization, Reply, Staff, StatusReport

__all__ = ["File", "write_document", "write_status"]


def write_document(envelope: Envelope, files: Sequence[File], *, at: datetime) -> Iterator[bytes]:
    """Write a document package, streamed.

    Shape: files are the main document and its appendices, in this order; each is opened once, when its
    turn comes. at is the instant of sending.
    Errors: Refusal ``package-refused`` at once, before the first byte, with all faults of the envelope.
    Source: QCVN 102:2016; order of elements and content types as VNPT's library writes them.
    """
    _check_envelope(envelope)
    packed = [pack_file(file, envelope.document_id, number) for number, file in enumerate(files, 1)]
    header = _message_header(envelope) + _trace_header_list(envelope, at)
    opening = HEAD + indent(kept_branch(names.HEADER, header) + _body(packed), 2) + ENVELOPE_END
    return _stream(opening, packed)


def write_status(report: StatusReport, *, at: datetime) -> bytes:
    """Write a status package.

    Shape: at is the instant told when the report names none.
    Errors: Refusal ``package-refused`` with all faults of the report.
    Source: QCVN 102:2016; the element is called MessageHeader, whatever the class is called.
    """
    _check_report(report)
    message = kept_branch(
        names.MESSAGE_HEADERS[0],
        _organization("From", report.sender),
        _reply(report.reply),
        _staff(report.staff),
        leaf("StatusCode", report.status),
        leaf("Description", report.description),
        leaf("Timestamp", write_instant(report.at or at)),
    )
    return (HEAD + indent(kept_branch(names.HEADER, message), 2) + ENVELOPE_END + END).encode()


def _stream(opening: str, packed: list[Packed]) -> Iterator[bytes]:
    yield opening.encode()
    if packed:
        yield f"  <{names.ENCLOSURES}>\n".encode()
        for one in packed:
            yield from stream_packed(one)
        yield f"  </{names.ENCLOSURES}>\n".encode()
    yield END.encode()


def _message_header(envelope: Envelope) -> str:
    signer = envelope.signer
    return kept_branch(
        names.MESSAGE_HEADERS[0],
        _organization("From", envelope.sender),
        *(_organization("To", recipient) for recipient in envelope.recipients),
        leaf("DocumentId", envelope.document_id),
        kept_branch(
            "Code",
            leaf("CodeNumber", envelope.code.number),
            leaf("CodeNotation", envelope.code.notation),
        ),
        kept_branch(
            "PromulgationInfo",
            kept_leaf("Place", envelope.place),
            leaf("PromulgationDate", write_date(envelope.promulgated_on)),
        ),
        _document_type(envelope),
        leaf("Subject", envelope.subject),
        leaf("Content", envelope.content or envelope.subject),
        kept_branch(
            "SignerInfo",
            leaf("Competence", signer.competence),
            leaf("Position", signer.position),
            leaf("FullName", signer.full_name),
        ),
        leaf("DueDate", write_date(envelope.due_on) if envelope.due_on else None),
        _other(envelope),
        *(_reply(reply) for reply in envelope.replies),
        leaf("SteeringType", envelope.steering or 0),
        branch("ResponseForTask", leaves("TaskCode", envelope.task_codes)),
        leaf("ApplicationType", envelope.application_type),
        branch("ToPlaces", leaves("Place", envelope.to_places)),
    )


def _document_type(envelope: Envelope) -> str:
    resolved = resolve_type(envelope.document_type, envelope.code.notation)
    return kept_branch(
        "DocumentType",
        leaf("Type", resolved.group),
        leaf("TypeDetail", resolved.detail),
        leaf("TypeName", resolved.name),
    )


def _other(envelope: Envelope) -> str:
    return kept_branch(
        "OtherInfo",
        leaf("Priority", int(envelope.priority)),
        leaf("SphereOfPromulgation", envelope.sphere),
        leaf("TyperNotation", envelope.typist),
        leaf("PromulgationAmount", envelope.copies_count),
        leaf("PageAmount", envelope.pages_count),
        branch("Appendixes", leaves("Appendix", envelope.appendixes)),
    )


def _organization(name: str, organization: Organization) -> str:
    # Some readers take an absent name or address for an error and an empty one for none.
    return kept_branch(
        name,
        leaf("OrganId", organization.code),
        kept_leaf("OrganizationInCharge", organization.in_charge),
        kept_leaf("OrganName", organization.name),
        kept_leaf("OrganAdd", organization.address),
        leaf("Email", organization.email),
        leaf("Telephone", organization.telephone),
        leaf("Fax", organization.fax),
        leaf("Website", organization.website),
    )


def _reply(reply: Reply) -> str:
    return branch(
        "ResponseFor",
        leaf("OrganId", reply.organ),
        leaf("Code", reply.code),
        leaf("PromulgationDate", write_date(reply.promulgated_on) if reply.promulgated_on else None),
        leaf("DocumentId", reply.document_id),
    )


def _staff(staff: Staff | None) -> str:
    staff = staff or Staff()
    return branch(
        "StaffInfo",
        leaf("Department", staff.department),
        leaf("Staff", staff.name),
        leaf("Email", staff.email),
        leaf("Mobile", staff.mobile),
    )


def _trace_header_list(envelope: Envelope, at: datetime) -> str:
    own_hop = kept_branch(
        "TraceHeader",
        leaf("OrganId", envelope.sender.code),
        leaf("Timestamp", write_instant(at)),
    )
    return kept_branch("TraceHeaderList", own_hop, _bussiness(envelope.amendment))


def _bussiness(amendment: Amendment) -> str:
    reason = amendment.reason or amendment.business.vi.capitalize()
    return kept_branch(
        "Bussiness",
        leaf("DocumentId", amendment.target),
        leaf("BussinessDocType", int(amendment.business)),
        leaf("BussinessDocReason", reason),
        leaf("Paper", int(amendment.paper)),
        _changes(amendment) if amendment.business is Business.UPDATE else "",
        branch("ReplacementInfoList", *(_replacement(amendment))),
        _staff(amendment.staff) or kept_branch("StaffInfo"),
    )


def _changes(amendment: Amendment) -> str:
    receivers = (
        kept_branch("Receiver", leaf("OrganId", change.code), leaf("ReceiverType", int(change.added)))
        for change in amendment.receiver_changes
    )
    return kept_branch(
        "BussinessDocumentInfo",
        leaf("DocumentInfo", int(amendment.content_changed)),
        leaf("DocumentReceiver", int(amendment.receivers_changed)),
        branch("ReceiverList", *receivers),
    )


def _replacement(amendment: Amendment) -> Iterator[str]:
    for replaced in amendment.replaced:
        holders = branch("OrganIdList", leaves("OrganId", replaced.holders))
        yield kept_branch("ReplacementInfo", leaf("DocumentId", replaced.document_id), holders)


def _body(packed: Iterable[Packed]) -> str:
    references = indent("".join(one.reference for one in packed))
    manifest = f'<edXML:{names.MANIFEST} version="1.0">\n{references}</edXML:{names.MANIFEST}>\n'
    return kept_branch(names.BODY, manifest)


# -- what a careful receiver could hold against us -----------------------------------------------------


def _check_envelope(envelope: Envelope) -> None:
    findings = Findings()
    message = f"{names.HEADER}/{names.MESSAGE_HEADERS[0]}"
    bussiness = f"{names.HEADER}/TraceHeaderList/Bussiness"
    _check_code(envelope.sender.code, f"{message}/From/OrganId", findings)
    if not envelope.recipients:
        findings.fault("recipient-missing", f"{message}/To/OrganId")
    if len({recipient.code for recipient in envelope.recipients}) < len(envelope.recipients):
        findings.fault("recipient-repeated", f"{message}/To")
    for recipient in envelope.recipients:
        _check_code(recipient.code, f"{message}/To/OrganId", findings)
    _check_there(envelope.code.number, f"{message}/Code/CodeNumber", findings)
    _check_there(envelope.code.notation, f"{message}/Code/CodeNotation", findings)
    _check_there(envelope.document_id, f"{message}/DocumentId", findings)
    _check_there(envelope.subject, f"{message}/Subject", findings)
    amendment = envelope.amendment
    if amendment.business in (Business.RECALL, Business.UPDATE):
        _check_there(amendment.target, f"{bussiness}/DocumentId", findings)
    if amendment.business is Business.RECALL and amendment.target not in (None, envelope.document_id):
        findings.fault("recall-not-of-target", f"{message}/DocumentId")
    if amendment.business is Business.REPLACE:
        _check_there(amendment.replaced, f"{bussiness}/ReplacementInfoList", findings)
    _refuse_if_any(findings)


def _check_report(report: StatusReport) -> None:
    findings = Findings()
    message = f"{names.HEADER}/{names.MESSAGE_HEADERS[0]}"
    reply = report.reply
    _check_code(report.sender.code, f"{message}/From/OrganId", findings)
    _check_code(reply.organ, f"{message}/ResponseFor/OrganId", findings)
    _check_there(reply.code, f"{message}/ResponseFor/Code", findings)
    _check_there(reply.document_id, f"{message}/ResponseFor/DocumentId", findings)
    _check_there(reply.promulgated_on, f"{message}/ResponseFor/PromulgationDate", findings)
    if not (len(report.status) == 2 and report.status.isascii() and report.status.isdigit()):
        findings.fault("status-not-numeric", f"{message}/StatusCode")
    if report.status in REASON_OWED:
        _check_there(report.description, f"{message}/Description", findings)
    _refuse_if_any(findings)


def _check_code(code: AgencyCode | None, where: str, findings: Findings) -> None:
    if code is None or not is_agency_code(code):
        findings.fault("agency-code-invalid", where)


def _check_there(value: object, where: str, findings: Findings) -> None:
    if not value:
        findings.fault("envelope-incomplete", where)


def _refuse_if_any(findings: Findings) -> None:
    if findings.faults:
        raise Refusal("package-refused", findings.faults)
