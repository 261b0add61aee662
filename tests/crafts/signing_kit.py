"""Packages to sign, and a forger's tools, for the tests of trust."""

import base64
import io
import random
from datetime import datetime

from lxml import etree

from gateway.edxml.names import DS, NS
from gateway.edxml.reader import read_package
from gateway.model.identifiers import AgencyCode
from gateway.model.signature import Verdict
from gateway.trust.certificates import Anchors
from gateway.trust.keys import Seal
from gateway.trust.xml_signing import find_seal_place, sign_package, write_signature
from gateway.trust.xml_verification import verify_package
from tests.keys import AT, HEALTH, anchors, seal

PAYLOAD = base64.b64encode(random.Random(412).randbytes(4500)).decode()


def write_plain(
    *, subject: str = "Về việc &amp; báo cáo", payload: str = PAYLOAD, sender: str = HEALTH
) -> bytes:
    """Write an unsigned document package as the axis's Java library does."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}">
  <edXML:edXMLEnvelope xmlns:edXML="{NS}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>{sender}</edXML:OrganId>
          <edXML:OrganName>Sở Y tế</edXML:OrganName>
        </edXML:From>
        <edXML:To>
          <edXML:OrganId>000.00.08.H57</edXML:OrganId>
          <edXML:OrganName>Sở Tài chính</edXML:OrganName>
        </edXML:To>
        <edXML:DocumentId>{sender},2026/04/12,412/SYT-VP</edXML:DocumentId>
        <edXML:Code>
          <edXML:CodeNumber>412</edXML:CodeNumber>
          <edXML:CodeNotation>SYT-VP</edXML:CodeNotation>
        </edXML:Code>
        <edXML:PromulgationInfo>
          <edXML:Place>Khánh Hòa</edXML:Place>
          <edXML:PromulgationDate>2026/04/12</edXML:PromulgationDate>
        </edXML:PromulgationInfo>
        <edXML:DocumentType>
          <edXML:Type>1</edXML:Type>
          <edXML:TypeName>Công văn</edXML:TypeName>
        </edXML:DocumentType>
        <edXML:Subject>{subject}</edXML:Subject>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>
        <edXML:TraceHeader>
          <edXML:OrganId>{sender}</edXML:OrganId>
          <edXML:Timestamp>2026/04/12 08:00:00</edXML:Timestamp>
        </edXML:TraceHeader>
        <edXML:Bussiness>
          <edXML:BussinessDocType>0</edXML:BussinessDocType>
        </edXML:Bussiness>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference>
          <edXML:ContentId>cid:1</edXML:ContentId>
          <edXML:ContentType>application/pdf</edXML:ContentType>
          <edXML:AttachmentName>Công văn.pdf</edXML:AttachmentName>
        </edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment>
      <ContentId>cid:1</ContentId>
      <AttachmentName>Công văn.pdf</AttachmentName>
      <ContentType>application/pdf</ContentType>
      <edXML:ContentTransferEncoded xmlns:edXML="{NS}">{payload}</edXML:ContentTransferEncoded>
    </Attachment>
  </AttachmentEncoded>
</edXML>
""".encode()


PLAIN = write_plain()
HEADER_END = b"</edXML:edXMLHeader>"
DIALECTS = {
    "prefixed": PLAIN,
    "unprefixed": PLAIN.replace(b"edXML:", b""),
    "no namespace": PLAIN.replace(b"edXML:", b"")
    .replace(f' xmlns="{NS}"'.encode(), b"")
    .replace(f' xmlns:edXML="{NS}"'.encode(), b""),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "one line": b"".join(line.strip() for line in PLAIN.splitlines()),
    "ds means something else": PLAIN.replace(b"edXML:", b"ds:").replace(b"xmlns:edXML", b"xmlns:ds"),
    "unused namespaces": PLAIN.replace(b"<edXML ", b'<edXML xmlns:xsi="urn:x" xmlns:xsd="urn:y" ', 1),
    "attributes out of order": PLAIN.replace(
        b"<edXML:TraceHeaderList>",
        b"<edXML:TraceHeaderList version='1.0' mustUnderstand=\"&lt;1&quot;&#9;\" id='a'>",
    ),
    "comments": PLAIN.replace(b"<edXML:Subject>", b"<!-- x --><edXML:Subject><!-- y -->"),
    "CDATA in a header": write_plain(subject="<![CDATA[a < b & c > d]]> &#13;&#10; &#x110;"),
    "payload on many lines": write_plain(
        payload="\n".join(PAYLOAD[at : at + 76] for at in range(0, 6000, 76))
    ),
    "payload on many CRLF lines": write_plain(
        payload="\r\n".join(PAYLOAD[at : at + 76] for at in range(0, 6000, 76))
    ),
    "payload with character references": write_plain(payload=f"{PAYLOAD[:80]}&#13;&#10;&#x41;{PAYLOAD[81:]}"),
    "payload in CDATA": write_plain(payload=f"<![CDATA[{PAYLOAD[:400]}]]>{PAYLOAD[400:]}"),
    "payload with a comment": write_plain(payload=f"{PAYLOAD[:400]}<!-- > -->{PAYLOAD[400:]}"),
    "empty payload": write_plain(payload=""),
}


def seal_package(document: bytes, by: Seal | None = None) -> bytes:
    """Put a seal into a package at the one place for it, nothing else changed."""
    source = io.BytesIO(document)
    read = read_package(source)
    place = find_seal_place(read.outline, read.element)
    assert place is not None
    signature = sign_package(read.outline, read.element, source, by or seal())
    return document[:place] + signature + document[place:]


def judge(
    document: bytes,
    *,
    at: datetime = AT,
    trusting: Anchors | None = None,
    vouchers: frozenset[AgencyCode] = frozenset(),
) -> Verdict:
    """Read a package and verify it."""
    source = io.BytesIO(document)
    read = read_package(source)
    return verify_package(read, source, trusting or anchors(), at=at, vouchers=vouchers)


def signature_in(document: bytes) -> bytes:
    """Cut the signature out of a sealed package."""
    start, end = document.index(b"<ds:Signature "), document.index(b"</ds:Signature>")
    return document[start : end + len(b"</ds:Signature>")]


def insert(document: bytes, markup: bytes) -> bytes:
    """Put some markup at the end of the header."""
    assert document.count(HEADER_END) == 1
    return document.replace(HEADER_END, markup + HEADER_END)


def sign_otherwise(signed_part: bytes, by: Seal | None = None) -> bytes:
    """Sign a SignedInfo of the forger's own making, so that only its content can be found wanting."""
    return write_signature(canonical(signed_part), by or seal())


def canonical(element: bytes | etree._Element) -> bytes:
    """Bring an element to its exclusive canonical form with lxml, the tree being whole."""
    tree = etree.fromstring(element) if isinstance(element, bytes) else element
    return etree.tostring(tree, method="c14n", exclusive=True, with_comments=False)


def canonical_less_signature(document: bytes) -> bytes:
    """Bring a whole sealed package to the form its digest is over, with nothing but lxml.

    `remove` of lxml drops the text behind the element with it; the transform keeps that text.
    """
    root = etree.fromstring(document, etree.XMLParser(huge_tree=True, resolve_entities=False))
    for signature in root.iter(f"{{{DS}}}Signature"):
        parent, before = signature.getparent(), signature.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + (signature.tail or "")
        else:
            parent.text = (parent.text or "") + (signature.tail or "")
        parent.remove(signature)
        break
    return canonical(root)
