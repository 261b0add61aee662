"""Every namespace, element name and code of the standard, misspellings and all.

The only place where the wire's spelling is kept; the readers and the writer speak in these words.
Source: QCVN 102:2016/BTTTT and its amendment SĐ1:2022; packages met in the field.
"""

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
DS = "http://www.w3.org/2000/09/xmldsig#"

# Two dialects that are recognised only to be refused by name.
GO_EDOC = "http://www.go.vn/eDoc"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

ROOT = "edXML"
ENVELOPE = "edXMLEnvelope"
HEADER = "edXMLHeader"
BODY = "edXMLBody"
MANIFEST = "edXMLManifest"
REFERENCE = "Reference"
ENCLOSURES = "AttachmentEncoded"
ATTACHMENT = "Attachment"
PAYLOAD = "ContentTransferEncoded"

# The standard's root, the spelling of some builders, and envelopes sent without it.
ROOTS = frozenset({ROOT, "EdXML", ENVELOPE, "EdXMLEnvelope"})

# The class is called MessageStatus, the element MessageHeader; some producers missed that.
MESSAGE_HEADERS = ("MessageHeader", "MessageStatus", "Status")

SIGNATURES = frozenset({"Signature", "DigitalSignature"})

# "Bussiness" is how the standard spells it. Both spellings are read; only the first is written.
BUSINESS_SPELLINGS = {
    "Business": "Bussiness",
    "BusinessDocType": "BussinessDocType",
    "BusinessDocReason": "BussinessDocReason",
    "BusinessDocumentInfo": "BussinessDocumentInfo",
}

OTHER_SPELLINGS = {"EdXML": ROOT, "EdXMLEnvelope": ENVELOPE, **BUSINESS_SPELLINGS}

ZIP_TYPE = "application/zip"

# What VNPT's library declares and leaves unwrapped; every other kind travels zipped.
RAW_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/doc",
    "docx": "application/docx",
    "zip": ZIP_TYPE,
}


def split_tag(tag: str) -> tuple[str, str]:
    """Split ``{namespace}local`` into namespace (empty when none) and local name."""
    if tag[:1] != "{":
        return "", tag
    namespace, _, local = tag[1:].partition("}")
    return namespace, local
