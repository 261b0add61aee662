"""What a package does to its thread: ``TraceHeaderList/Bussiness`` → Amendment.

Source: QCVN 102:2016, 2.2; what senders really put in each kind differs, and most of it is boilerplate
when the document is new.
"""

from gateway.edxml import names
from gateway.edxml.faults import Findings
from gateway.edxml.parts import Part
from gateway.edxml.shared_parts import read_agency_code, read_document_id, read_staff
from gateway.model.code_lists import Business
from gateway.model.identifiers import DocumentId
from gateway.model.package import Amendment, ReceiverChange, Replaced

_LIST = f"{names.HEADER}/TraceHeaderList/Bussiness/ReplacementInfoList"
_BUSINESSES = {str(int(business)): business for business in Business}


def read_amendment(trace_list: Part, own_id: DocumentId | None, findings: Findings) -> Amendment | None:
    """Read the business operation; no Bussiness at all means a new document.

    Shape: own_id is the header's own DocumentId, which a recall or an update names its target by when
    it says nothing better. None comes back when the operation is none of the four.
    """
    trace_list.check_once(findings, "Bussiness")
    part = trace_list.first("Bussiness")
    part.check_once(
        findings, "BussinessDocType", "DocumentId", "BussinessDocumentInfo", "ReplacementInfoList"
    )
    business = _business(part.first("BussinessDocType"), findings)
    if business is None:
        return None
    named = read_document_id(part, findings)
    replaced = _replaced(part.first("ReplacementInfoList"), findings)
    change = part.first("BussinessDocumentInfo")
    content_changed, receivers_changed = _flag(change, "DocumentInfo"), _flag(change, "DocumentReceiver")
    if business is Business.UPDATE and not content_changed and not receivers_changed:
        findings.warn("update-undeclared", change.path)
        content_changed = True
    paper = _flag(part, "Paper") or _flag(trace_list, "Paper")
    return Amendment(
        business=business,
        reason=part.value("BussinessDocReason"),
        target=_target(business, named, replaced, own_id),
        content_changed=content_changed,
        receivers_changed=receivers_changed,
        receiver_changes=_receiver_changes(change.first("ReceiverList"), findings),
        replaced=_superseded(business, named, replaced, own_id, findings),
        staff=read_staff(part.first("StaffInfo")),
        paper=paper,
    )


def _business(part: Part, findings: Findings) -> Business | None:
    if not part.text:
        findings.warn("business-missing", part.path)
        return Business.NEW
    found = _BUSINESSES.get(part.text)
    if found is None:
        findings.fault("business-unknown", part.path)
    return found


def _target(
    business: Business, named: DocumentId | None, replaced: tuple[Replaced, ...], own_id: DocumentId | None
) -> DocumentId | None:
    """Name the document that is recalled or updated.

    On a new document the element is copied boilerplate and must not be believed.
    """
    if business not in (Business.RECALL, Business.UPDATE):
        return None
    return named or (replaced[0].document_id if replaced else own_id)


def _superseded(
    business: Business,
    named: DocumentId | None,
    replaced: tuple[Replaced, ...],
    own_id: DocumentId | None,
    findings: Findings,
) -> tuple[Replaced, ...]:
    """List what a replacement supersedes; without a list the named document, if it is another one."""
    if business is not Business.REPLACE:
        return ()
    if not replaced and named is not None and named != own_id:
        return (Replaced(document_id=named),)
    if not replaced:
        findings.warn("replacement-unlisted", _LIST)
    return replaced


def _replaced(part: Part, findings: Findings) -> tuple[Replaced, ...]:
    found: list[Replaced] = []
    for entry in part.all("ReplacementInfo"):
        document_id = read_document_id(entry, findings)
        if document_id is None:
            continue
        codes = (read_agency_code(code, findings) for code in entry.first("OrganIdList").all("OrganId"))
        found.append(Replaced(document_id=document_id, holders=tuple(code for code in codes if code)))
    return tuple(found)


def _receiver_changes(part: Part, findings: Findings) -> tuple[ReceiverChange, ...]:
    found: list[ReceiverChange] = []
    for receiver in part.all("Receiver"):
        code, kind = read_agency_code(receiver.first("OrganId"), findings), receiver.value("ReceiverType")
        if code is None or kind not in ("0", "1"):
            findings.warn("number-unreadable", f"{receiver.path}/ReceiverType")
            continue
        found.append(ReceiverChange(code=code, added=kind == "1"))
    return tuple(found)


def _flag(part: Part, name: str) -> bool:
    return (part.value(name) or "").lower() in ("1", "true")
