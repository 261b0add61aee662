"""``lienthong check``: every package explained, with the verdict a gateway would give."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.edxml.reader import read_package
from gateway.trust.xml_signing import sign_package
from tests.keys import authority, seal
from tests.packages import Sent, document
from tests.rooms.cli_kit import CASES, FINANCE, HEALTH, ROOT, codes, facts, run

PLAIN = CASES / "01-plain" / "package.edxml"
AT = ("--at", "2026-05-01T08:00:00")
EXPECTED = {
    path.parent.name: json.loads(path.read_text("utf-8")) for path in sorted(CASES.glob("*/expected.json"))
}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A package sealed by its sender, and the anchor to believe it by."""
    path = tmp_path / "sealed.edxml"
    path.write_bytes(document(Sent(sender=HEALTH), [FINANCE]))
    with path.open("rb") as source:
        read = read_package(source)
        signature = sign_package(read.outline, read.element, source, seal())
    text, at = path.read_bytes(), read.outline.seal_at
    path.write_bytes(text[:at] + signature + text[at:])
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "root.crt").write_bytes(authority().certificate_pem)
    return path


@pytest.mark.parametrize("case", EXPECTED)
def test_every_numbered_case_is_explained_with_its_verdict(case: str) -> None:
    """Whatever the package is, it is told in words, and the exit code says what a gateway would do."""
    refused = "refused" in EXPECTED[case]
    ran = run("check", CASES / case / "package.edxml", *AT, code=1 if refused else 0)
    assert ("Không chấp nhận · refused" in ran.stdout) == refused
    for fault in EXPECTED[case].get("faults", EXPECTED[case].get("warnings")):
        assert fault.split()[0] in ran.stdout


def test_a_document_is_told_in_words(tmp_path: Path) -> None:
    """Who to whom, what, when, how urgent, and what is attached with its digest."""
    shown = run("check", PLAIN, *AT).stdout
    for said in (
        "Chấp nhận, có cảnh báo",
        "Văn bản mới số 412/SYT-VP ngày 12/04/2026",
        "Sở Y tế tỉnh Thử Nghiệm (000.00.12.H57)",
        "Sở Tài chính tỉnh Thử Nghiệm (000.00.13.H57)",
        "khẩn",
        "412_SYT-VP.pdf",
        "application/pdf",
        "cfa3181c1ee36e8bce5e39f84959f4558ea7ba32c0e4539a8ab3c8ce8c716ec6",
        "gói tin không có chữ ký số",
        "the package bears no signature",
    ):
        assert said in shown


def test_a_status_is_told_in_words() -> None:
    """Which status, about which document, with which words."""
    shown = run("check", CASES / "31-status-received" / "package.edxml", *AT).stdout
    for said in ("Trạng thái 03: đã tiếp nhận", "412/SYT-VP", "Đã vào sổ số 1021"):
        assert said in shown


def test_programs_get_the_same_as_people() -> None:
    """One JSON object: outcome, envelope, files, signature, findings, and what stood in the header."""
    told = facts("check", PLAIN, *AT)
    assert (told["outcome"], told["kind"]) == ("accepted-with-warnings", "document")
    assert told["envelope"]["code"] == {"number": "412", "notation": "SYT-VP"}
    assert told["envelope"]["promulgated_on"] == "2026-04-12"
    assert codes(told["attachments"], "declared_name") == ["412_SYT-VP.pdf"]
    assert told["attachments"][0]["file"]["media_type"] == "application/pdf"
    assert (told["signature"]["grade"], codes(told["warnings"], "rule")) == ("absent", ["signature-absent"])
    assert told["raw"]["edXMLHeader/MessageHeader/Subject"] == [told["envelope"]["subject"]]


def test_what_can_be_read_of_a_hopeless_package_is_shown() -> None:
    """All faults, and beneath them what stood where."""
    shown = run("check", CASES / "63-everything-missing" / "package.edxml", code=1).stdout
    assert "Những gì đọc được" in shown
    assert "edXMLHeader/MessageHeader/From/OrganName" in shown
    assert "Lỗi (6)" in shown


def test_a_sealed_package_is_accepted_without_a_warning(sealed: Path) -> None:
    """All eight checks hold with the right anchor."""
    shown = run("check", sealed, *AT, "--anchors", sealed.parent / "certs").stdout
    assert "✓ Chấp nhận · accepted" in shown
    assert "✓ cả 8 bước" in shown


def test_a_sealed_package_without_anchors_says_what_is_missing(sealed: Path) -> None:
    """The signature is right; who made it is not known here."""
    shown = run("check", sealed, *AT).stdout
    assert "✓ 1 2 3 4 5 6  ✗ 7 chứng thư dẫn đến gốc tin cậy" in shown
    assert "--anchors DIR" in shown


def test_a_changed_package_is_refused_whatever_the_policy(sealed: Path) -> None:
    """One word less, and check 5 does not hold."""
    sealed.write_bytes(sealed.read_bytes().replace("tiêm chủng".encode(), "tiêm".encode()))
    told = facts_refused("check", sealed, *AT, "--policy", "off")
    assert (told["signature"]["grade"], told["signature"]["step"]) == ("invalid", 5)
    assert codes(told["faults"], "rule") == ["signature-digest"]


def facts_refused(*arguments: str | Path) -> dict:
    return json.loads(run(*arguments, "--json", code=1).stdout)


def test_a_policy_that_demands_a_signature_refuses_what_has_none() -> None:
    """The same package a gateway that only warns would take."""
    assert codes(facts_refused("check", PLAIN, *AT, "--policy", "require")["faults"], "rule") == [
        "signature-absent"
    ]


def test_the_instant_decides_about_dates_and_certificates(sealed: Path) -> None:
    """Judged a year before, the document is not yet promulgated and the certificate not yet valid."""
    told = facts_refused("check", sealed, "--at", "2025-05-01", "--anchors", sealed.parent / "certs")
    assert codes(told["faults"], "rule") == ["date-in-future"]
    assert codes(told["warnings"], "rule") == ["certificate-not-yet-valid"]


def test_an_archive_that_cannot_be_unpacked_is_a_warning(tmp_path: Path) -> None:
    """The gateway carries it; its reader had better know."""
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.pdf", bytes(100_000))
    broken = bytearray(archive.getvalue())
    broken[40:60] = bytes(20)
    path = tmp_path / "p.edxml"
    path.write_bytes(document(Sent(sender=HEALTH), [FINANCE], attachment=bytes(broken), name="a.pdf"))
    told = facts("check", path, *AT)
    assert "zip-unreadable" in codes(told["warnings"], "rule")
    assert told["attachments"][0]["file"] is None
    assert "không giải nén được" in run("check", path, *AT).stdout


@pytest.mark.parametrize("arguments", [["/nowhere.edxml"], ["."], [str(PLAIN), "--at", "hôm qua"]])
def test_a_file_that_cannot_be_read_is_exit_code_2(arguments: list[str]) -> None:
    """Neither accepted nor refused: nothing was judged."""
    run("check", *arguments, code=2)


def test_a_large_package_is_checked_at_flat_memory(tmp_path: Path) -> None:
    """Eighty mebibytes of package cost a few."""
    import base64
    import os

    small = PLAIN.read_bytes()
    payload = re.search(rb"<[^/>]*ContentTransferEncoded[^>]*>([^<]*)<", small)
    assert payload is not None
    large = tmp_path / "large.edxml"
    with large.open("wb") as file:
        file.write(small[: payload.start(1)])
        for _ in range(20):
            file.write(base64.b64encode(os.urandom(3 << 20)))
        file.write(small[payload.end(1) :])
    code = (
        "import resource, sys; from gateway.cli.root import lienthong\n"
        "try: lienthong(['check', *sys.argv[1:]])\n"
        "except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for path in (PLAIN, large):
        command = [sys.executable, "-c", code, str(path), *AT]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert "Chấp nhận" in ran.stdout
        peaks.append(int(ran.stdout.splitlines()[-1]))
    assert peaks[1] - peaks[0] < 20 * 1024, f"KiB: {peaks}"
