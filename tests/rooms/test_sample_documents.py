"""What the demo's agencies send is real: PDFs that open, packages that pass, forgeries that do not."""

import io
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.edxml.reader import ReadPackage, read_package
from gateway.edxml.validation import check_package
from gateway.errors import Refusal
from gateway.model.code_lists import Business, StatusCode
from gateway.model.signature import Grade
from gateway.sandbox.documents import (
    Letter,
    files_of,
    recall_of,
    replacement_of,
    update_of,
    write_answer,
    write_letter,
)
from gateway.sandbox.forgeries import certificates_in, forge_signature, spoil
from gateway.sandbox.lettering import Line, width_of, wrap
from gateway.sandbox.letters import letters_of
from gateway.sandbox.pdf import write_pdf
from gateway.trust.xml_signing import find_seal_place, sign_package
from gateway.trust.xml_verification import verify_package
from tests.keys import AT, HEALTH, anchors, seal

LETTERS = letters_of(AT.date())
EVERY_LETTER = [getattr(LETTERS, name) for name in LETTERS.__dataclass_fields__]
PANGRAM = "Ừ thì đẫm ướt, Ẩn số 7/QĐ–UBND: “hoẵng, khuỷu, giặt, ngưỡng, lặng, bể, kỹ, Ộ, Ỵ, Ở”"


def read(package: bytes) -> ReadPackage:
    return read_package(io.BytesIO(package))


def text_of(pdf: bytes, tmp_path: Path) -> str:
    """Read a PDF as another program does."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler is not installed")
    (tmp_path / "a.pdf").write_bytes(pdf)
    ran = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "a.pdf", "-"], capture_output=True, text=True, check=True
    )
    assert ran.stderr == ""
    return ran.stdout


def test_a_pdf_says_where_each_of_its_objects_is() -> None:
    """The table at its end names the place of every object; readers need nothing else."""
    pdf = write_pdf("Thử", [[Line(text=PANGRAM, x=50, y=700)], [Line(text="hai", x=50, y=700)]])
    table_at = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[1])  # type: ignore[index]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", pdf[table_at:])]
    assert len(places) == 8
    assert all(pdf[place:].startswith(b"%d 0 obj\n" % number) for number, place in enumerate(places, 1))


def test_vietnamese_is_read_back_from_a_pdf_as_it_was_written(tmp_path: Path) -> None:
    """Composed from a font without Vietnamese, and yet the text is the text."""
    pdf = write_pdf("Thử", [[Line(text=PANGRAM, x=50, y=700, bold=True)]])
    assert PANGRAM in text_of(pdf, tmp_path)


def test_a_letter_shows_its_number_and_subject(tmp_path: Path) -> None:
    """What stands in the envelope stands on the paper."""
    text = text_of(LETTERS.estimate.draw(), tmp_path)
    assert "845/SGDĐT-KHTC" in text
    assert "thẩm định dự toán" in text
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text


def test_lines_keep_within_their_width() -> None:
    """Wrapping loses no word and lets no line out."""
    text = " ".join(LETTERS.directive.paragraphs)
    lines = list(wrap(text, 200, 13))
    assert " ".join(lines) == text
    assert max(width_of(line, 13) for line in lines) <= 200


@pytest.mark.parametrize("letter", EVERY_LETTER, ids=lambda letter: str(letter.code))
def test_every_letter_is_a_package_nobody_finds_fault_with(letter: Letter) -> None:
    """No fault, no warning, and the files are inside, byte for byte."""
    package = check_package(read(write_letter(letter, at=AT)), today=AT.date())
    assert package.warnings == ()
    assert package.envelope is not None
    assert package.envelope.document_id == letter.document_id
    assert [a.decoded_bytes for a in package.attachments] == [len(content) for _, content in files_of(letter)]


def test_amendments_name_what_they_amend() -> None:
    """Update, recall and replacement read back as what they are."""
    old, new = LETTERS.report, LETTERS.report_anew
    cases = [
        (old, update_of(old, "Sửa"), Business.UPDATE),
        (old, recall_of(old, "Nhầm"), Business.RECALL),
        (new, replacement_of(old, "Mới"), Business.REPLACE),
    ]
    for letter, amendment, business in cases:
        package = check_package(read(write_letter(letter, at=AT, amendment=amendment)), today=AT.date())
        assert package.envelope is not None
        found = package.envelope.amendment
        assert found.business is business
        assert old.document_id in (found.target, *(item.document_id for item in found.replaced))


def test_an_answer_names_its_document() -> None:
    """A status says who, what, and about which letter."""
    letter = LETTERS.report
    content = write_answer(letter, StatusCode.DECLINED, by=letter.recipients[0], at=AT, reason="Trùng")
    report = check_package(read(content), today=AT.date()).status
    assert report is not None
    assert (report.status, report.description) == ("02", "Trùng")
    assert report.reply.document_id == letter.document_id


def test_a_signature_under_borrowed_certificates_is_found_out() -> None:
    """The certificates are genuine, the key is not: the value does not fit, and the grade says so."""
    letter = LETTERS.report
    plain = write_letter(letter, at=AT)
    opened = read(plain)
    place = find_seal_place(opened.outline, opened.element)
    assert place is not None
    own = seal(HEALTH)
    signature = sign_package(opened.outline, opened.element, io.BytesIO(plain), own)
    sealed = plain[:place] + signature + plain[place:]
    forged = forge_signature(plain, certificates_in(sealed), holder=HEALTH, at=datetime.now(UTC))
    grades = {}
    for name, package in (("sealed", sealed), ("forged", forged)):
        verdict = verify_package(read(package), io.BytesIO(package), anchors(), at=AT)
        grades[name] = (verdict.grade, verdict.fault.rule if verdict.fault else None)
    assert grades == {"sealed": (Grade.VALID, None), "forged": (Grade.INVALID, "signature-value")}


def test_a_spoilt_letter_is_refused_for_all_its_faults_at_once() -> None:
    """Three things are wrong, three are named."""
    with pytest.raises(Refusal) as refused:
        check_package(read(spoil(LETTERS.spoilt, at=AT)), today=AT.date())
    assert {fault.rule for fault in refused.value.faults} == {
        "subject-missing",
        "date-unreadable",
        "payload-unreadable",
    }
