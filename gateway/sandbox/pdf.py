"""A small PDF, real and whole: pages of text, nothing embedded, nothing compressed.

The same lines always make the same bytes. `lettering` sets the text; what the pages say is in documents.py.
"""

from collections.abc import Sequence

from gateway.sandbox.lettering import GLYPHS, Line, draw

_PAGE_SIZE = "0 0 595 842"  # A4, in points
_ENCODING = " ".join(f"{code} /{name}" for code, name, _ in GLYPHS.values())


def write_pdf(title: str, pages: Sequence[Sequence[Line]]) -> bytes:
    """Write a PDF.

    Shape: each page is its lines; coordinates are points from the lower left corner of an A4 sheet.
    Source: ISO 32000-1, sections 7.5 (file structure), 9.6.2.2 (standard fonts), 14.9.4 (ActualText).
    """
    numbers = range(5, 5 + 2 * len(pages), 2)
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman /Encoding << /Type /Encoding"
        b" /BaseEncoding /WinAnsiEncoding /Differences [" + _ENCODING.encode() + b"] >> >>",
        f"<< /Title <{_text(title)}> /Producer <{_text('Liên Thông')}> >>".encode(),
    ]
    for number, lines in zip(numbers, pages, strict=True):
        content = b"".join(map(draw, lines))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{_PAGE_SIZE}] /Contents {number + 1} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%bendstream" % (len(content), content))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    """Put numbered objects into a file, with the table that says where each begins."""
    written = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table_at = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\n" % (len(objects) + 1)
    written += b"startxref\n%d\n%%%%EOF\n" % table_at
    return bytes(written)


def _text(text: str) -> str:
    return (b"\xfe\xff" + text.encode("utf-16-be")).hex()
