"""The one form we write: accepted by its schema, and read back as it was meant."""

import base64
import hashlib
import io
import re
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.edxml.attachments import describe_attachment
from gateway.edxml.document_types import resolve_type
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_strict
from gateway.edxml.writer import File, write_document, write_status
from gateway.errors import Refusal
from gateway.model.code_lists import Business, Priority, StatusCode
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.model.package import (
    Amendment,
    DocumentCode,
    DocumentType,
    Envelope,
    Hop,
    Organization,
    ReceiverChange,
    Replaced,
    Reply,
    Signer,
    Staff,
    StatusReport,
)
from tests.crafts.reading_kit import read_checked

AT = datetime(2026, 4, 12, 2, 15, 30, tzinfo=UTC)
HEALTH = Organization(
    code=AgencyCode("000.00.12.H57"),
    name="Sở Y tế tỉnh Thử Nghiệm",
    in_charge="UBND tỉnh Thử Nghiệm",
    address="1 đường Mẫu",
    email="syt@thunghiem.example",
    telephone="0200 000 000",
    fax="0200 000 001",
    website="https://syt.thunghiem.example/?a=1&b=2",
)
FINANCE = Organization(code=AgencyCode("000.00.13.H57"), name="Sở Tài chính")
HOME = Organization(code=AgencyCode("H57.14"))
OWN_ID = DocumentId("000.00.12.H57,2026/04/12,412/SYT-VP")
PLAIN = Envelope(
    sender=HEALTH,
    recipients=(FINANCE,),
    document_id=OWN_ID,
    code=DocumentCode(number="412", notation="SYT-VP"),
    promulgated_on=date(2026, 4, 12),
    subject="V/v kinh phí <quý I> & quý II",
)
FULL = replace(
    PLAIN,
    recipients=(FINANCE, HOME),
    place="Thử Nghiệm",
    document_type=DocumentType(group=2, detail=14, name="Báo cáo"),
    content="Dòng một\nDòng hai\r\n\tDòng ba ]]>",
    signer=Signer(competence="KT. GIÁM ĐỐC", position="Phó Giám đốc", full_name="Trần Văn Thử"),
    due_on=date(2026, 5, 1),
    to_places=("Như trên", "Lưu: VT"),
    priority=Priority.EXPRESS,
    sphere="Y tế",
    typist="TVC",
    copies_count=10,
    pages_count=2,
    appendixes=("Phụ lục I", "Phụ lục II"),
    replies=(Reply(organ=FINANCE.code, code="33/STC", promulgated_on=date(2026, 3, 1)), Reply(code="34")),
    steering=1,
    task_codes=("NV-1", "NV-2"),
    application_type="MCDT_DT",
    amendment=Amendment(
        reason="Văn bản mới",
        staff=Staff(department="Văn phòng", name="Lê Thị Mẫu", mobile="0900", email="m@x.example"),
        paper=True,
    ),
)


def amended(**amendment: object) -> Envelope:
    """Return the plain envelope with a business operation."""
    return replace(PLAIN, amendment=Amendment(reason="Lý do", **amendment))  # type: ignore[arg-type]


ENVELOPES = {
    "plain": PLAIN,
    "full": FULL,
    "recall": amended(business=Business.RECALL, target=OWN_ID),
    "update": amended(
        business=Business.UPDATE,
        target=OWN_ID,
        content_changed=True,
        receivers_changed=True,
        receiver_changes=(
            ReceiverChange(code=FINANCE.code, added=False),
            ReceiverChange(code=HOME.code, added=True),
        ),
    ),
    "replacement": amended(
        business=Business.REPLACE,
        replaced=(
            Replaced(document_id=DocumentId("000.00.12.H57,2026/03/01,398/SYT-VP"), holders=(FINANCE.code,)),
            Replaced(document_id=DocumentId("cũ")),
        ),
    ),
}
REPORT = StatusReport(
    sender=FINANCE,
    reply=Reply(organ=HEALTH.code, code="412/SYT-VP", promulgated_on=date(2026, 4, 12), document_id=OWN_ID),
    status=StatusCode.RECEIVED,
    description="Đã vào sổ số 1021",
    staff=Staff(department="Văn phòng", name="Lê Thị Mẫu"),
    at=AT,
)


def file(name: str, content: bytes, media_type: str | None = None) -> File:
    """Make a file to attach."""
    return File(name=name, open=lambda: io.BytesIO(content), media_type=media_type)


FILES = (
    file("412_SYT-VP.pdf", b"%PDF-1.4 mot trang"),
    file("Phụ lục & số liệu.xlsx", b"PK\x03\x04" + bytes(1000)),
    file("ghi chú.txt", "Ghi chú".encode()),
)


def write(envelope: Envelope, *files: File) -> bytes:
    """Write a document package whole."""
    return b"".join(write_document(envelope, files, at=AT))


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_what_is_written_is_valid_against_the_schema(envelope):
    """Schema and writer say the same thing twice, so that neither drifts."""
    assert check_strict(write(envelope, *FILES)) == ()
    assert check_strict(write(envelope)) == ()


@pytest.mark.parametrize("envelope", ENVELOPES.values(), ids=ENVELOPES)
def test_what_is_written_is_read_back(envelope):
    """Nothing is lost on the way, and our own reader finds nothing odd."""
    package = read_checked(write(envelope, *FILES))
    read = package.envelope
    assert package.warnings == ()
    assert read == replace(
        envelope,
        content=envelope.content or envelope.subject,
        document_type=resolve_type(envelope.document_type, envelope.code.notation),
        steering=envelope.steering or 0,
        trace=(Hop(code=HEALTH.code, at=AT),),
        amendment=replace(
            envelope.amendment,
            reason=envelope.amendment.reason or envelope.amendment.business.vi.capitalize(),
        ),
    )


def test_files_are_written_and_read_back():
    """Raw where the axis's library leaves them raw, zipped alone in an archive otherwise."""
    content = write(PLAIN, *FILES)
    attachments = read_checked(content).attachments
    named = [describe_attachment(io.BytesIO(content), one, scratch=io.BytesIO()) for one in attachments]
    assert [one.name for one in named] == [one.name for one in FILES]
    assert [one.wrapped for one in named] == [False, True, True]
    assert [one.digest for one in named] == [hashlib.sha256(one.open().read()).hexdigest() for one in FILES]
    assert [one.declared_type for one in attachments] == ["application/pdf", *["application/zip"] * 2]


def test_the_same_document_is_written_as_the_same_bytes():
    """Identifiers and archives are derived, not drawn: what was sent can be made again."""
    assert write(FULL, *FILES) == write(FULL, *FILES)


def test_identifiers_of_files_differ_and_stand_in_both_places():
    """Reference and Attachment bear the same cid."""
    found = re.findall(r"<(?:edXML:)?ContentId>(cid:[^<]+)<", write(PLAIN, *FILES).decode())
    assert len(found) == 6
    assert found[:3] == found[3:]
    assert len(set(found)) == 3


def test_a_name_without_extension_gets_its_types():
    """AttachmentName bears the true extension."""
    (attachment,) = read_checked(write(PLAIN, file("Công văn 412", b"%PDF-", "application/pdf"))).attachments
    assert attachment.name == "Công văn 412.pdf"
    assert attachment.declared_type == "application/pdf"


def test_the_zips_entry_is_no_path():
    """Whatever a file is called, its entry is named after the identifier."""
    content = write(PLAIN, file("../../a/b.xlsx", b"x"))
    archive = base64.b64decode(content.split(b'2016">')[-1].split(b"<")[0])
    (entry,) = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert re.fullmatch(r"[0-9a-f-]{36}\.xlsx", entry)


def test_a_status_is_valid_and_read_back():
    """Two digits, document, code and date; nothing odd."""
    content = write_status(REPORT, at=AT + timedelta(hours=1))
    package = read_checked(content)
    assert check_strict(content) == ()
    assert package.status == REPORT
    assert package.warnings == ()


def test_a_status_without_an_instant_says_when_it_is_written():
    """The instant is an argument."""
    assert read_checked(write_status(replace(REPORT, at=None), at=AT)).status == REPORT


def test_elements_stand_in_the_axis_own_order():
    """The order the axis carries most."""
    text = (
        write(FULL, *FILES)
        .decode()
        .partition("<edXML:MessageHeader>")[2]
        .partition("</edXML:edXMLHeader>")[0]
    )
    outer = re.findall(r"^        <edXML:(\w+)>", text, re.MULTILINE)
    assert outer == [
        *("From", "To", "To", "DocumentId", "Code", "PromulgationInfo", "DocumentType", "Subject"),
        *("Content", "SignerInfo", "DueDate", "OtherInfo", "ResponseFor", "ResponseFor", "SteeringType"),
        *("ResponseForTask", "ApplicationType", "ToPlaces", "TraceHeader", "Bussiness"),
    ]


def refused(envelope: Envelope) -> list[str]:
    """Return the rules for which an envelope is not written, before its first byte."""
    with pytest.raises(Refusal) as caught:
        write_document(envelope, [], at=AT)
    return [fault.rule for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("envelope", "rules"),
    [
        (replace(PLAIN, recipients=()), ["recipient-missing"]),
        (replace(PLAIN, recipients=(FINANCE, FINANCE)), ["recipient-repeated"]),
        (replace(PLAIN, sender=replace(HEALTH, code=AgencyCode("h57"))), ["agency-code-invalid"]),
        (replace(PLAIN, code=DocumentCode(number="412", notation="")), ["envelope-incomplete"]),
        (replace(PLAIN, subject="", document_id=DocumentId("")), ["envelope-incomplete"] * 2),
        (replace(PLAIN, subject="một\x00hai"), ["content-not-xml"]),
        (replace(PLAIN, place="\ud800"), ["content-not-xml"]),
        (amended(business=Business.RECALL), ["envelope-incomplete"]),
        (amended(business=Business.RECALL, target=DocumentId("khác")), ["recall-not-of-target"]),
        (amended(business=Business.UPDATE), ["envelope-incomplete"]),
        (amended(business=Business.REPLACE), ["envelope-incomplete"]),
    ],
)
def test_what_a_careful_receiver_would_refuse_is_not_written(envelope, rules):
    """All faults at once."""
    assert refused(envelope) == rules


@pytest.mark.parametrize(
    ("report", "rule"),
    [
        (replace(REPORT, status="6"), "status-not-numeric"),
        (replace(REPORT, status=StatusCode.DECLINED, description=None), "envelope-incomplete"),
        (replace(REPORT, reply=replace(REPORT.reply, document_id=None)), "envelope-incomplete"),
        (replace(REPORT, reply=replace(REPORT.reply, organ=None)), "agency-code-invalid"),
        (replace(REPORT, sender=replace(FINANCE, code=AgencyCode("??"))), "agency-code-invalid"),
    ],
)
def test_a_status_nobody_could_match_is_not_written(report, rule):
    """It would be an answer to nothing."""
    with pytest.raises(Refusal) as caught:
        write_status(report, at=AT)
    assert [fault.rule for fault in caught.value.faults] == [rule]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<edXML:Priority>0<", b"<edXML:Priority>9<"),
        (b"Bussiness>", b"Business>"),
        (b"2026/04/12<", b"12/04/2026<"),
        (b"<edXML:Subject>", b"<edXML:Extra/><edXML:Subject>"),
        (b"000.00.13.H57", b"000.00.13"),
        (b'version="1.0">', b">"),
        (b"<ContentId>cid:", b"<ContentId>"),
    ],
)
def test_the_schema_refuses_every_dialect(old, new):
    """What is only read is not our form; the fault names the place and quotes nothing."""
    content = write(PLAIN, *FILES)
    assert old in content
    faults = check_strict(content.replace(old, new))
    assert {fault.rule for fault in faults} == {"schema"}
    assert all(fault.where.startswith("edXML") for fault in faults)


def test_a_broken_payload_is_told_beside_the_schemas_faults():
    """The schema never sees the payload; the scan does."""
    content = write(PLAIN, FILES[0]).replace(b">JVBE", b">%%BE")
    assert [fault.rule for fault in check_strict(content)] == ["payload-unreadable"]


def test_a_large_file_is_written_at_flat_memory():
    """16 MiB go out, raw and zipped, within a few MiB."""

    class Zeros(io.RawIOBase):
        left = 16 << 20

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    files = [File(name=name, open=Zeros) for name in ("a.pdf", "b.tif")]
    tracemalloc.start()
    size_bytes = sum(len(piece) for piece in write_document(PLAIN, files, at=AT))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size_bytes > 21 << 20
    assert peak_bytes < 6 << 20


@pytest.mark.parametrize(
    ("stated", "notation", "resolved"),
    [
        (DocumentType(name="CÔNG VĂN"), "SYT-VP", (2, 18, "Công văn")),
        (DocumentType(name="quyet dinh"), "QĐ-UBND", (2, 2, "Quyết định")),
        (DocumentType(group=1, name="Quyết định"), "2026/QĐ-UBND", (1, 8, "Quyết định")),
        (DocumentType(name="Nghị định"), "", (1, 7, "Nghị định")),
        (DocumentType(), "TTr-SYT", (2, 16, "Tờ trình")),
        (DocumentType(), "2026/NQ-HĐND", (2, 1, "Nghị quyết")),
        (DocumentType(group=1, detail=0), "SYT-VP", (2, 18, "Công văn")),
        (DocumentType(name="Phiếu báo"), "PB-SYT", (2, 0, "Phiếu báo")),
    ],
)
def test_a_type_is_told_by_its_name_then_by_the_notation(stated, notation, resolved):
    """Numbers mean different things to different producers."""
    found = resolve_type(stated, notation)
    assert (found.group, found.detail, found.name) == resolved


def test_a_sealed_place_is_where_a_signature_fits():
    """A real signature's namespace is the one thing the schema lets into the header."""
    content = write(PLAIN, *FILES)
    at = read_package(io.BytesIO(content)).outline.seal_at
    signature = b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'
    assert check_strict(content[:at] + signature + content[at:]) == ()
