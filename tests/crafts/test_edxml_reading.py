"""Reading: what two readers could understand differently is refused, and rubbish never leaks."""

import io
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_package
from gateway.edxml.xml import hash_canonical
from gateway.errors import Refusal
from gateway.model.code_lists import Kind, Priority
from tests.crafts.reading_kit import read_checked, tell
from tests.crafts.test_cases import ACCEPTED, CASES

PLAIN = (ACCEPTED[0] / "package.edxml").read_bytes()
STATUS = next(case / "package.edxml" for case in ACCEPTED if "status" in case.name).read_bytes()
MESSAGE = "edXMLHeader/MessageHeader"
BUSSINESS = "edXMLHeader/TraceHeaderList/Bussiness"


def read(content: bytes, **limits: int):
    """Read a package held in memory."""
    return read_package(io.BytesIO(content), limits=Limits(**limits))


def rules(content: bytes) -> list[str]:
    """Return the rules a package breaks."""
    return [f"{fault.rule} {fault.where}" for fault in read(content).faults]


def put(content: bytes, old: str, new: str) -> bytes:
    """Replace one place, which must be there."""
    assert old.encode() in content
    return content.replace(old.encode(), new.encode(), 1)


def test_the_raw_values_stand_beside_the_parsed_ones():
    """What stood in the header can always be shown, trimmed but unchanged."""
    content = put(PLAIN, "2026/04/12</edXML:Prom", " 12-04-2026 </edXML:Prom")
    found = read(content)
    assert found.raw[f"{MESSAGE}/PromulgationInfo/PromulgationDate"] == ("12-04-2026",)
    assert found.raw[f"{MESSAGE}/ToPlaces/Place"] == ("Như trên", "Lưu: VT")
    assert not any("ContentTransferEncoded" in path for path in found.raw)
    assert found.package.envelope.promulgated_on == date(2026, 4, 12)


def test_a_signatures_inside_is_not_read():
    """Its elements bear names of ours; they are trust's business."""
    content = put(
        PLAIN, "</edXML:edXMLHeader>", "<Signature><Subject>khác</Subject></Signature></edXML:edXMLHeader>"
    )
    assert not any(path.startswith("edXMLHeader/Signature") for path in read(content).raw)


def test_equal_texts_in_other_unicode_forms_are_read_equal():
    """Decomposed letters are composed; the file keeps its own."""
    assert read_checked(put(PLAIN, "dịch bệnh", "dị\u0323ch bệnh".replace("ị", "i"))).envelope.subject == (
        read_checked(PLAIN).envelope.subject
    )


def test_a_comment_splits_no_value():
    """A comment inside a code would otherwise give half of it."""
    content = put(PLAIN, ">000.00.13.H57<", ">000.00.<!-- -->13.H57<")
    assert [one.code for one in read_checked(content).envelope.recipients] == ["000.00.13.H57"]


@pytest.mark.parametrize(
    ("content", "tag", "path"),
    [
        (PLAIN, "edXML:OrganId", f"{MESSAGE}/From/OrganId"),
        (PLAIN, "edXML:Subject", f"{MESSAGE}/Subject"),
        (PLAIN, "edXML:DocumentId", f"{MESSAGE}/DocumentId"),
        (PLAIN, "edXML:CodeNumber", f"{MESSAGE}/Code/CodeNumber"),
        (PLAIN, "edXML:PromulgationDate", f"{MESSAGE}/PromulgationInfo/PromulgationDate"),
        (PLAIN, "edXML:Bussiness", BUSSINESS),
        (PLAIN, "edXML:BussinessDocType", f"{BUSSINESS}/BussinessDocType"),
        (PLAIN, "edXML:TraceHeaderList", "edXMLHeader/TraceHeaderList"),
        (PLAIN, "edXML:MessageHeader", MESSAGE),
        (PLAIN, "edXML:edXMLBody", "edXMLBody"),
        (PLAIN, "AttachmentEncoded", "AttachmentEncoded"),
        (STATUS, "edXML:StatusCode", f"{MESSAGE}/StatusCode"),
        (STATUS, "edXML:ResponseFor", f"{MESSAGE}/ResponseFor"),
        (STATUS, "edXML:Code", f"{MESSAGE}/ResponseFor/Code"),
    ],
)
def test_a_part_that_stands_twice_is_refused(content, tag, path):
    """One reader takes the first, another the last, and they act on different documents."""
    assert f"repeated-part {path}" in rules(put(content, f"<{tag}>", f"<{tag}></{tag}><{tag}>"))


@pytest.mark.parametrize("tag", ["Bussiness", "BussinessDocType"])
def test_a_part_that_stands_in_both_spellings_is_refused(tag):
    """They are one element, whatever a reader of one spelling thinks."""
    twin = f"<edXML:{tag.replace('Bussiness', 'Business')}/>"
    broken = rules(put(PLAIN, f"<edXML:{tag}>", f"{twin}<edXML:{tag}>"))
    assert any(rule.startswith("repeated-part") and rule.endswith(tag) for rule in broken)


def test_two_payloads_in_one_attachment_are_refused():
    """One would be shown, the other stored."""
    content = put(
        PLAIN, "</Attachment>", "<ContentTransferEncoded>AAAA</ContentTransferEncoded></Attachment>"
    )
    assert "repeated-part AttachmentEncoded/Attachment/ContentTransferEncoded" in rules(content)


def test_a_payload_outside_any_attachment_is_told():
    """It is in the file, yet no reader would show it."""
    content = put(
        PLAIN,
        "</AttachmentEncoded>",
        "<ContentTransferEncoded>AAAA</ContentTransferEncoded></AttachmentEncoded>",
    )
    assert "payload-stray" in [warning.rule for warning in read(content).warnings]


def test_a_foreign_element_is_passed_over_and_told():
    """Extensions are welcome in their own namespace; nothing in them counts."""
    content = put(PLAIN, "<edXML:To>", '<x:To xmlns:x="urn:x"><x:OrganId>H99</x:OrganId></x:To><edXML:To>')
    package = read_checked(content)
    assert [one.code for one in package.envelope.recipients] == ["000.00.13.H57"]
    assert "foreign-namespace" in [warning.rule for warning in package.warnings]


@pytest.mark.parametrize(
    ("text", "status"), [("1", "01"), ("06", "06"), ("013", "13"), (" 2 ", "02"), ("0", "00")]
)
def test_a_status_code_has_two_digits(text, status):
    """However it is written."""
    package = read_checked(put(STATUS, ">03<", f">{text}<"))
    assert package.kind is Kind.STATUS
    assert package.status.status == status


@pytest.mark.parametrize("text", ["x", "1.0", "-1", "²", "٣", "100", "0x1"])
def test_a_status_code_is_made_of_digits(text):
    """Anything else could mean anything."""
    assert rules(put(STATUS, ">03<", f">{text}<")) == [f"status-not-numeric {MESSAGE}/StatusCode"]


def test_an_empty_status_code_makes_no_status():
    """Absent and empty mean the same; without subject and recipient there is no telling."""
    assert rules(put(STATUS, ">03<", "> <")) == [f"kind-unknown {MESSAGE}"]


@pytest.mark.parametrize(
    ("text", "priority"), [("0", 0), ("4", 4), ("", 0), ("5", 0), ("-1", 0), ("khẩn", 0)]
)
def test_a_priority_out_of_range_is_normal(text, priority):
    """Urgency is a matter of order, never of refusal."""
    package = read_checked(put(PLAIN, "<edXML:Priority>1<", f"<edXML:Priority>{text}<"))
    assert package.envelope.priority is Priority(priority)


def test_a_document_from_tomorrow_is_refused_today():
    """Read is the same; only the day makes the difference."""
    one = read(PLAIN)
    assert check_package(one, today=date(2026, 4, 12)).envelope is not None
    with pytest.raises(Refusal, match="later than today"):
        check_package(one, today=date(2026, 4, 11))


@pytest.mark.parametrize("name", ["header_bytes", "depth", "marks_count", "attachments_count"])
def test_every_limit_is_kept(name):
    """Each refuses a plain package when it is set low enough."""
    with pytest.raises(Refusal):
        read(PLAIN, **{name: 0})


@pytest.mark.parametrize("tag", ["Subject", "DocumentId", "CodeNotation"])
def test_a_value_nobody_could_keep_is_refused(tag):
    """Identifiers are keys and subjects are lines in a list."""
    broken = rules(put(PLAIN, f"<edXML:{tag}>", f"<edXML:{tag}>" + "x" * 20_001))
    assert next(rule.split()[0] for rule in broken) == "value-too-long"


@pytest.mark.parametrize(
    ("codes_count", "length", "rule"), [(5001, 1, "too-many-tasks"), (2, 201, "value-too-long")]
)
def test_task_codes_have_their_limits(codes_count, length, rule):
    """Each recipient owes each task, and all of it is written at once; the same code twice is one."""
    recipients = PLAIN.count(b"<edXML:To>")
    codes = [f"{number // recipients:0{length}d}" for number in range(codes_count * recipients)]
    tasks = "".join(f"<edXML:TaskCode>{code}</edXML:TaskCode>" for code in codes)
    part = f"<edXML:ResponseForTask>{tasks}</edXML:ResponseForTask></edXML:MessageHeader>"
    assert [fault.split()[0] for fault in rules(put(PLAIN, "</edXML:MessageHeader>", part))] == [rule]


def test_findings_do_not_grow_without_end():
    """Thousands of recipients without a code are a few hundred words, not megabytes."""
    content = put(PLAIN, "<edXML:Code>", "<edXML:To/>" * 5000 + "<edXML:Code>")
    assert len(read(content).warnings) <= 100


def test_no_fault_quotes_the_document():
    """Faults go into logs and answers; a document's words belong in neither."""
    secret = "MẬT-7731"
    content = PLAIN.replace(b"412", secret.encode()).replace(b"2026", secret.encode())
    found = read(content.replace(b"000.00.12.H57", secret.encode()))
    assert found.faults
    assert not any(
        secret in f"{fault.vi}{fault.en}{fault.where}" for fault in (*found.faults, *found.warnings)
    )


CONTENTS = [(case / "package.edxml").read_bytes() for case in CASES]
PIECES = [
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"\x00",
    b"\xff",
    b"'",
    b'"',
    b"=",
    b"/>",
]
PIECES += [
    b"</edXML>",
    b"<edXML:To>",
    b"ContentTransferEncoded",
    b"edXMLHeader>",
    b"xmlns=''",
    b"\xef\xbb\xbf",
]
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Take a case and do something to it a few times: cut, repeat, insert, flip, splice."""
    content = draw(st.sampled_from(CONTENTS))
    for _ in range(draw(st.integers(1, 4))):
        start, stop = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
        stop = min(stop, start + draw(st.integers(0, 200)))
        other = draw(st.sampled_from(CONTENTS))
        middle = draw(
            st.sampled_from([b"", content[start:stop] * 2, content[start:stop][::-1], other[start:stop]])
            | st.sampled_from(PIECES)
            | st.binary(max_size=8)
        )
        content = content[:start] + middle + content[stop:]
    return content


@QUICK
@given(damaged() | st.binary(max_size=300))
def test_rubbish_brings_a_refusal_and_nothing_else(content):
    """Whatever comes in, it is understood or refused with words; no foreign exception leaks."""
    tell(content)


@QUICK
@given(damaged())
def test_what_is_read_has_a_canonical_form(content):
    """A package we accept can always be hashed, and a payload's offsets always lie within the file."""
    try:
        outline = read(content).outline
    except Refusal:
        return
    assert len(hash_canonical(outline, io.BytesIO(content))) == 32
    assert all(0 < payload.start < payload.end < len(content) for payload in outline.payloads)


@pytest.mark.parametrize("case", ACCEPTED[:3], ids=lambda case: case.name)
def test_a_package_cut_anywhere_is_refused(case):
    """Truncation never gives half a document."""
    content = (case / "package.edxml").read_bytes().rstrip()
    for at in range(0, len(content), 37):
        with pytest.raises(Refusal):
            read(content[:at])
