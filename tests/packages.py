"""Packages as the tests' DMSs write them, in the manner of the most used SDK. Text, not our writer."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What identifies a document: its sender, number and day."""

    sender: str
    number: str = "412"
    notation: str = "SYT-VP"
    day: date = date(2026, 4, 10)

    @property
    def document_id(self) -> str:
        return f"{self.sender},{self.day:%Y/%m/%d},{self.number}/{self.notation}"


def document(
    sent: Sent,
    recipients: Sequence[str],
    *,
    subject: str = "Về việc báo cáo công tác tiêm chủng",
    business: int = 0,
    target: str | None = None,
    replaced: Sequence[str] = (),
    priority: int = 0,
    type_name: str = "Công văn",
    due: date | None = None,
    steering: int | None = None,
    application: str | None = None,
    replies: Sequence[Sent] = (),
    tasks: Sequence[str] = (),
    removed: Sequence[str] = (),
    attachment: bytes = b"%PDF-1.4 thu nghiem",
    name: str = "Cong van.pdf",
) -> bytes:
    """Write a document package."""
    to = "".join(f"<edXML:To><edXML:OrganId>{code}</edXML:OrganId></edXML:To>" for code in recipients)
    aim = f"<edXML:DocumentId>{target}</edXML:DocumentId>" if target else ""
    old = "".join(
        f"<edXML:ReplacementInfo><edXML:DocumentId>{document_id}</edXML:DocumentId></edXML:ReplacementInfo>"
        for document_id in replaced
    )
    gone = "".join(
        f"<edXML:Receiver><edXML:OrganId>{code}</edXML:OrganId><edXML:ReceiverType>0</edXML:ReceiverType></edXML:Receiver>"
        for code in removed
    )
    changed = (
        "<edXML:BussinessDocumentInfo><edXML:DocumentReceiver>1</edXML:DocumentReceiver><edXML:ReceiverList>"
        f"{gone}</edXML:ReceiverList></edXML:BussinessDocumentInfo>"
        if removed
        else ""
    )
    replacing = f"<edXML:ReplacementInfoList>{old}</edXML:ReplacementInfoList>" if replaced else ""
    due_date = f"<edXML:DueDate>{due:%Y/%m/%d}</edXML:DueDate>" if due else ""
    answered = "".join(_response_for(reply) for reply in replies)
    steers = "" if steering is None else f"<edXML:SteeringType>{steering}</edXML:SteeringType>"
    codes = "".join(f"<edXML:TaskCode>{code}</edXML:TaskCode>" for code in tasks)
    for_tasks = f"<edXML:ResponseForTask>{codes}</edXML:ResponseForTask>" if codes else ""
    applied = f"<edXML:ApplicationType>{application}</edXML:ApplicationType>" if application else ""
    encoded = base64.b64encode(attachment).decode()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NAMESPACE}"><edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}"><edXML:edXMLHeader>
<edXML:MessageHeader>
<edXML:From><edXML:OrganId>{sent.sender}</edXML:OrganId><edXML:OrganName>Sở Y tế tỉnh Thử Nghiệm</edXML:OrganName></edXML:From>
{to}<edXML:DocumentId>{sent.document_id}</edXML:DocumentId>
<edXML:Code><edXML:CodeNumber>{sent.number}</edXML:CodeNumber><edXML:CodeNotation>{sent.notation}</edXML:CodeNotation></edXML:Code>
<edXML:PromulgationInfo><edXML:Place>Thử Nghiệm</edXML:Place><edXML:PromulgationDate>{sent.day:%Y/%m/%d}</edXML:PromulgationDate></edXML:PromulgationInfo>
<edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeName>{type_name}</edXML:TypeName></edXML:DocumentType>
<edXML:Subject>{subject}</edXML:Subject><edXML:Content>{subject}</edXML:Content>{due_date}
<edXML:OtherInfo><edXML:Priority>{priority}</edXML:Priority></edXML:OtherInfo>{answered}{steers}{for_tasks}{applied}
</edXML:MessageHeader>
<edXML:TraceHeaderList><edXML:TraceHeader><edXML:OrganId>{sent.sender}</edXML:OrganId><edXML:Timestamp>2026/04/10 08:30:00</edXML:Timestamp></edXML:TraceHeader>
<edXML:Bussiness>{aim}<edXML:BussinessDocType>{business}</edXML:BussinessDocType><edXML:BussinessDocReason>Thử nghiệm</edXML:BussinessDocReason>{changed}{replacing}</edXML:Bussiness></edXML:TraceHeaderList>
</edXML:edXMLHeader><edXML:edXMLBody><edXML:edXMLManifest version="1.0"><edXML:Reference><edXML:ContentId>cid:1</edXML:ContentId><edXML:ContentType>application/pdf</edXML:ContentType><edXML:AttachmentName>{name}</edXML:AttachmentName></edXML:Reference></edXML:edXMLManifest></edXML:edXMLBody></edXML:edXMLEnvelope>
<AttachmentEncoded><Attachment><ContentId>cid:1</ContentId><AttachmentName>{name}</AttachmentName><ContentType>application/pdf</ContentType><edXML:ContentTransferEncoded xmlns:edXML="{NAMESPACE}">{encoded}</edXML:ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>
""".encode()  # noqa: E501


def _response_for(sent: Sent) -> str:
    return (
        f"<edXML:ResponseFor><edXML:OrganId>{sent.sender}</edXML:OrganId>"
        f"<edXML:Code>{sent.number}/{sent.notation}</edXML:Code>"
        f"<edXML:PromulgationDate>{sent.day:%Y/%m/%d}</edXML:PromulgationDate>"
        f"<edXML:DocumentId>{sent.document_id}</edXML:DocumentId></edXML:ResponseFor>"
    )


def status(
    sent: Sent, code: str, *, by: str, organ: str | None = None, description: str = "", at: str = "09:00:00"
) -> bytes:
    """Write a status package about a document."""
    words = f"<edXML:Description>{description}</edXML:Description>" if description else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NAMESPACE}"><edXML:edXMLEnvelope xmlns:edXML="{NAMESPACE}"><edXML:edXMLHeader><edXML:MessageHeader>
<edXML:From><edXML:OrganId>{by}</edXML:OrganId><edXML:OrganName>Đơn vị {by}</edXML:OrganName></edXML:From>
<edXML:ResponseFor><edXML:OrganId>{organ or sent.sender}</edXML:OrganId><edXML:Code>{sent.number}/{sent.notation}</edXML:Code><edXML:PromulgationDate>{sent.day:%Y/%m/%d}</edXML:PromulgationDate><edXML:DocumentId>{sent.document_id}</edXML:DocumentId></edXML:ResponseFor>
<edXML:StatusCode>{code}</edXML:StatusCode>{words}<edXML:Timestamp>2026/04/12 {at}</edXML:Timestamp>
</edXML:MessageHeader></edXML:edXMLHeader></edXML:edXMLEnvelope></edXML>
""".encode()  # noqa: E501
