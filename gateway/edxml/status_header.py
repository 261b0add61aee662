"""The header of a status → StatusReport.

Source: QCVN 102:2016, message status; QĐ 28/2018 for when the codes are owed.
"""

from dataclasses import replace

from gateway.edxml.faults import Findings
from gateway.edxml.parts import Part
from gateway.edxml.shared_parts import read_instant_part, read_organization, read_reply, read_staff
from gateway.model.code_lists import REASON_OWED, StatusCode
from gateway.model.identifiers import is_agency_code, normalise_code
from gateway.model.package import Reply, StatusReport


def read_status_header(message: Part, findings: Findings) -> StatusReport | None:
    """Read a status; None when what it cannot be without is missing."""
    message.check_once(findings, "From", "ResponseFor", "StatusCode")
    sender = read_organization(message.first("From"), findings)
    if sender is None:
        findings.fault("sender-missing", f"{message.path}/From/OrganId")
    status = _status(message.first("StatusCode"), findings)
    reply = _reply(message, findings)
    description = message.value("Description")
    if status in REASON_OWED and description is None:
        findings.warn("reason-missing", f"{message.path}/Description")
    if not (sender and status and reply):
        return None
    return StatusReport(
        sender=sender,
        reply=reply,
        status=status,
        description=description,
        staff=read_staff(message.first("StaffInfo")),
        at=read_instant_part(message.first("Timestamp"), findings),
    )


def _status(part: Part, findings: Findings) -> str | None:
    digits = part.text.removeprefix("0") if len(part.text) == 3 else part.text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 2):
        findings.fault("status-not-numeric" if part.text else "status-missing", part.path)
        return None
    if len(part.text) != 2:
        findings.warn("status-unpadded", part.path)
    status = digits.zfill(2)
    if status not in frozenset(StatusCode):
        findings.warn("status-unknown", part.path)
    return status


def _reply(message: Part, findings: Findings) -> Reply | None:
    if not message.all("ResponseFor"):
        findings.fault("reply-missing", f"{message.path}/ResponseFor")
        return None
    part = message.first("ResponseFor")
    if _is_swapped(part):
        # Seen in status 13 of a C# job: OrganId holds the notation, Code the receiver's code.
        findings.warn("reply-swapped", part.path)
        part = replace(part, parts={**part.parts, "OrganId": part.all("Code"), "Code": part.all("OrganId")})
    reply = read_reply(part, findings)
    if reply.document_id is None and reply.code is None:
        findings.fault("reply-empty", part.path)
        return None
    return reply


def _is_swapped(part: Part) -> bool:
    organ, code = part.first("OrganId").text, part.first("Code").text
    if not organ or not code:
        return False
    looks_wrong = "/" in organ or not is_agency_code(normalise_code(organ))
    return looks_wrong and is_agency_code(normalise_code(code))
