"""What is attached, in the end: wrapped or not, named, typed, and never trusted."""

import base64
import hashlib
import io
import zipfile

import pytest

from gateway.edxml.attachments import NamedFile, UnwrapLimits, describe_attachment, open_attachment
from gateway.edxml.file_names import extension_of, safe_name
from gateway.errors import Refusal
from gateway.model.identifiers import Digest
from gateway.model.package import Attachment

PDF = b"%PDF-1.4 mot trang"
OFFICE = (("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<document/>"))


def zip_up(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make an archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as writer:
        for name, content in entries:
            writer.writestr(name, content)
    return archive.getvalue()


def attached(
    content: bytes, name: str | None, declared_type: str | None = None
) -> tuple[io.BytesIO, Attachment]:
    """Put content into a file as base64, and say where it stands."""
    text = base64.b64encode(content)
    attachment = Attachment(
        content_id="a1",
        name=name,
        declared_type=declared_type,
        start=5,
        end=5 + len(text),
        decoded_bytes=len(content),
        digest=Digest(hashlib.sha256(content).hexdigest()),
    )
    return io.BytesIO(b"<xml>" + text + b"</xml>"), attachment


def describe(content: bytes, name: str | None, declared_type: str | None = None) -> NamedFile:
    """Describe an attachment, and check that opening it gives what was described."""
    source, attachment = attached(content, name, declared_type)
    named = describe_attachment(source, attachment, scratch=io.BytesIO())
    final = b"".join(open_attachment(source, attachment, scratch=io.BytesIO()))
    assert (len(final), hashlib.sha256(final).hexdigest()) == (named.size_bytes, named.digest)
    return named


@pytest.mark.parametrize(
    ("name", "declared_type", "wrapped_as"),
    [
        ("bảng.xlsx", "application/zip", "6f0a.xlsx"),
        ("bảng.xls", "application/zip", "6f0a.tmp"),
        ("bảng.xlsx", "application/vnd.ms-excel", "bảng.xlsx"),
        ("412.pdf", "application/pdf", "tmp.edxml"),
        ("412.pdf", None, "a/../../b.pdf"),
        ("412", "application/zip", "x.pdf"),
        ("412", "application/pdf", "x"),
    ],
)
def test_a_wrapped_file_is_unwrapped(name, declared_type, wrapped_as):
    """VNPT's library wraps what it does not know; others wrap everything and keep the real type."""
    named = describe(zip_up((wrapped_as, PDF)), name, declared_type)
    assert named.wrapped
    assert named.size_bytes == len(PDF)
    assert named.media_type == "application/pdf"


@pytest.mark.parametrize(
    ("content", "name", "declared_type"),
    [
        (zip_up(("mot.txt", b"1")), "hồ sơ.zip", "application/zip"),
        (zip_up(("mot.txt", b"1")), "hồ sơ.zip", "application/octet-stream"),
        (zip_up(*OFFICE), "412.docx", "application/docx"),
        (zip_up(*OFFICE), "412.docx", "application/zip"),
        (zip_up(("mimetype", b"x")), "412.odt", "application/vnd.oasis.opendocument.text"),
        (zip_up(("mot.txt", b"1")), "hồ sơ", None),
        (PDF, "412.pdf", "application/zip"),
        (PDF, "412.pdf", "application/pdf"),
        (b"", "412.pdf", "application/pdf"),
    ],
)
def test_what_is_a_file_itself_stays_as_it_is(content, name, declared_type):
    """Real archives, office files, and files merely declared as zip."""
    named = describe(content, name, declared_type)
    assert not named.wrapped
    assert named.size_bytes == len(content)


@pytest.mark.parametrize(
    "content",
    [
        zip_up(("1.pdf", PDF), ("2.pdf", PDF)),
        zip_up(("thư mục/", b"")),
        zip_up(("1.pdf", PDF), method=zipfile.ZIP_LZMA),
        zip_up(("1.pdf", PDF))[:-10],
        zip_up(("1.pdf", PDF))[:40],
        b"PK\x03\x04 rac",
    ],
    ids=["two files", "a folder", "another method", "cut at its end", "cut short", "rubbish"],
)
def test_an_archive_that_is_no_wrapping_is_called_an_archive(content):
    """Two entries, none, a method nobody uses, or broken: its reader must see what it is."""
    named = describe(content, "412.pdf", "application/zip")
    assert named.name == "412.pdf.zip"
    assert named.media_type == "application/zip"
    assert not named.wrapped


def _encrypted() -> bytes:
    archive = bytearray(zip_up(("1.pdf", PDF)))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(archive)


def test_an_encrypted_archive_stays_an_archive():
    """There is nobody to ask for the password."""
    assert describe(_encrypted(), "412.pdf").name == "412.pdf.zip"


def test_a_wrapped_file_that_is_damaged_is_refused():
    """It was announced as a file; half of it is none."""
    archive = bytearray(zip_up(("1.pdf", PDF * 50), method=zipfile.ZIP_STORED))
    archive[archive.index(b"%PDF") + 2] ^= 1
    source, attachment = attached(bytes(archive), "412.pdf")
    with pytest.raises(Refusal, match="zip-unreadable"):
        describe_attachment(source, attachment, scratch=io.BytesIO())


@pytest.mark.parametrize(
    "limits",
    [UnwrapLimits(unpacked_bytes=1 << 20), UnwrapLimits(ratio=100, free_bytes=1 << 20)],
    ids=["size", "ratio"],
)
def test_an_archive_that_swells_is_refused(limits):
    """What comes out is counted, whatever the archive says."""
    source, attachment = attached(zip_up(("1.txt", bytes(8 << 20))), "1.txt")
    with pytest.raises(Refusal, match="zip-unsafe"):
        describe_attachment(source, attachment, scratch=io.BytesIO(), limits=limits)


def test_an_archive_of_very_many_entries_is_not_listed():
    """Its directory alone could fill the memory."""
    content = zip_up(*((f"{'x' * 200}{number}", b"") for number in range(6000)))
    assert describe(content, "412.pdf").name == "412.pdf.zip"


def test_a_blank_page_packs_well_and_is_no_attack():
    """The ratio counts only beyond a free allowance."""
    assert describe(zip_up(("1.txt", bytes(8 << 20))), "1.txt").size_bytes == 8 << 20


@pytest.mark.parametrize(
    ("content", "name", "declared_type", "final"),
    [
        (PDF, "Công văn 412", "application/octet-stream", "Công văn 412.pdf"),
        (PDF, "Công văn 412.2026", None, "Công văn 412.2026.pdf"),
        (PDF, None, None, "tep-dinh-kem.pdf"),
        (zip_up(*OFFICE), "412", "application/docx", "412.docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "412", "application/vnd.ms-excel", "412.xls"),
        (b"chu", "412", "text/plain", "412.txt"),
        (b"\x01\x02", "412", None, "412"),
    ],
)
def test_a_name_without_extension_gets_one_from_the_content(content, name, declared_type, final):
    """The bytes speak first, then the declared type."""
    assert describe(content, name, declared_type).name == final


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PDF, "412.exe", "application/pdf"),
        (b"MZ\x90", "412.pdf", "application/octet-stream"),
        (b"<script>", "412.html", "application/octet-stream"),
        (b"<svg/>", "412.svg", "application/octet-stream"),
        (b"mot", "412.txt", "text/plain"),
        (b"\xff\xd8\xff\xe0", "ảnh.JPG", "image/jpeg"),
    ],
)
def test_the_bytes_tell_the_type(content, name, media_type):
    """A name promises nothing, and what a browser might run is only octets."""
    assert describe(content, name, "text/html").media_type == media_type


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Công văn\\412.pdf", "412.pdf"),
        (" Công  văn\t412.pdf ", "Công văn412.pdf"),
        ("báo cáo\u202efdp.exe", "báo cáofdp.exe"),
        ("a\x00b\x1f\x7f.pdf", "ab.pdf"),
        ('<412>:"|?*.pdf', "_412______.pdf"),
        ("...", "tep-dinh-kem"),
        (".htaccess", "htaccess"),
        ("CON.pdf", "tep-dinh-kem-CON.pdf"),
        ("Lpt1", "tep-dinh-kem-Lpt1"),
        ("contract.pdf", "contract.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        (None, "tep-dinh-kem"),
    ],
)
def test_a_name_is_only_a_name(raw, name):
    """No folders, no signs that cannot be seen; diacritics stay."""
    assert safe_name(raw) == name


def test_a_long_name_is_shortened_and_keeps_its_extension():
    """240 bytes of UTF-8, never cut within a letter."""
    name = safe_name("đ" * 300 + ".pdf")
    assert len(name.encode()) <= 240
    assert extension_of(name) == "pdf"
    assert set(name.removesuffix(".pdf")) == {"đ"}
