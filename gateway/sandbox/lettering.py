"""Vietnamese set in Times, the standard font every PDF reader has, although that font knows no Vietnamese.

A letter is set as people used to write it on French typewriters: its plain form first, its marks over and
under it. Accents are the font's own; hooks, horns and the bar of đ are drawn. What is copied or searched
is the real text, which stands beside the drawing (ActualText).
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

# Advance widths of Times-Roman, in thousandths of its size, from space to "z".
_WIDTHS = (
    *(250, 333, 408, 500, 500, 833, 778, 333, 333, 333, 500, 564, 250, 333, 250, 278),
    *(500, 500, 500, 500, 500, 500, 500, 500, 500, 500, 278, 278, 564, 564, 564, 444),
    *(921, 722, 667, 667, 722, 611, 556, 722, 722, 333, 389, 722, 611, 889, 722, 722),
    *(556, 722, 667, 556, 611, 722, 722, 944, 722, 722, 611, 333, 278, 333, 469, 500),
    *(333, 444, 500, 444, 500, 444, 333, 500, 500, 278, 278, 500, 278, 778, 500, 500),
    *(500, 500, 333, 389, 278, 500, 500, 722, 500, 500, 444),
)
# Letters of the font beyond ASCII, and marks, that get a code of their own: glyph name and width.
GLYPHS: dict[str, tuple[int, str, int]] = {
    "\u0300": (1, "grave", 333),
    "\u0301": (2, "acute", 333),
    "\u0302": (3, "circumflex", 333),
    "\u0303": (4, "tilde", 333),
    "\u0306": (5, "breve", 333),
    "Đ": (6, "Eth", 722),
    "\u0131": (7, "dotlessi", 278),
    "–": (14, "endash", 500),
    "“": (15, "quotedblleft", 444),
    "”": (16, "quotedblright", 444),
    "\u0323": (17, "period", 250),
}
_DOT_BELOW, _HOOK_ABOVE, _HORN = "\u0323", "\u0309", "\u031b"
# How far a mark rises over capitals, and over a mark that is there already.
_OVER_CAPITALS, _OVER_MARKS, _UNDER = 205, 145, -205

# Drawn marks: a curve's four points, measured from the letter's left end, or for the hook its middle.
_Curve = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
_HOOK: tuple[_Curve, ...] = (
    ((-55, 640), (-30, 690), (60, 690), (55, 635)),
    ((55, 635), (50, 590), (0, 600), (0, 540)),
)
_HORNS: dict[str, _Curve] = {
    "o": ((400, 425), (480, 430), (560, 460), (545, 545)),
    "u": ((410, 425), (500, 425), (575, 455), (560, 545)),
    "O": ((600, 600), (690, 605), (760, 640), (745, 735)),
    "U": ((640, 630), (730, 630), (790, 660), (775, 755)),
}
_BAR: _Curve = ((300, 560), (370, 560), (440, 560), (510, 560))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text on a page. Units: points, from the lower left corner; x is where it begins."""

    text: str
    x: float
    y: float
    size: float = 13
    bold: bool = False


def width_of(text: str, size: float) -> float:
    """Measure a line. Units: points."""
    return sum(_advance(_letter(char)) for char in unicodedata.normalize("NFC", text)) * size / 1000


def wrap(text: str, width: float, size: float) -> Iterator[str]:
    """Break a paragraph into lines no wider than width points."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if line and width_of(longer, size) > width:
            yield line
            longer = word
        line = longer
    yield line


def draw(line: Line) -> bytes:
    """Draw one line: the operators of a page's content."""
    text = unicodedata.normalize("NFC", line.text)
    plain, strokes = bytearray(), []
    marks: list[tuple[float, float, str]] = []
    at = 0.0
    for char in text:
        letter = _letter(char)
        plain.append(_code(letter))
        marks += [(at + x, y, mark) for x, y, mark in _marks(char, letter)]
        strokes += [_moved(curve, at) for curve in _curves(char, letter)]
        at += _advance(letter)
    said = (b"\xfe\xff" + text.encode("utf-16-be")).hex()
    parts = [f"/Span <</ActualText <{said}>>> BDC BT /F1 {line.size:g} Tf"]
    parts.append(f"2 Tr {line.size * 0.028:.3f} w" if line.bold else "0 Tr")
    parts.append(f"1 0 0 1 {line.x:.2f} {line.y:.2f} Tm <{plain.hex()}> Tj")
    scale = line.size / 1000
    for x, y, mark in marks:
        place = f"{line.x + x * scale:.2f} {line.y + y * scale:.2f}"
        parts.append(f"1 0 0 1 {place} Tm <{_code(mark):02x}> Tj")
    parts.append("ET")
    if strokes:
        pen = line.size * (0.055 if line.bold else 0.038)
        parts.append(f"q {pen:.3f} w 1 J")
        parts += [_stroke(curve, line, scale) for curve in strokes]
        parts.append("S Q")
    parts.append("EMC\n")
    return " ".join(parts).encode("ascii")


def _letter(char: str) -> str:
    """Return the plain form of a letter."""
    if char == "đ":
        return "d"
    letter = unicodedata.normalize("NFD", char)[0]
    # The dot of i gives way to a mark above it.
    return "\u0131" if letter == "i" and _above(char) else letter


def _above(char: str) -> list[str]:
    return [mark for mark in unicodedata.normalize("NFD", char)[1:] if mark not in (_DOT_BELOW, _HORN)]


def _advance(letter: str) -> int:
    if letter in GLYPHS:
        return GLYPHS[letter][2]
    return _WIDTHS[ord(letter) - 32] if " " <= letter <= "z" else 500


def _code(letter: str) -> int:
    if letter in GLYPHS:
        return GLYPHS[letter][0]
    return ord(letter) if " " <= letter <= "z" else ord("?")


def _marks(char: str, letter: str) -> Iterator[tuple[float, float, str]]:
    """List the accents of a letter that are glyphs, each with its place."""
    rise = _OVER_CAPITALS if letter.isupper() else 0
    for mark in _above(char):
        if mark in GLYPHS:
            yield (_advance(letter) - GLYPHS[mark][2]) / 2, rise, mark
        rise += _OVER_MARKS
    if _DOT_BELOW in unicodedata.normalize("NFD", char)[1:]:
        yield (_advance(letter) - GLYPHS[_DOT_BELOW][2]) / 2, _UNDER, _DOT_BELOW


def _curves(char: str, letter: str) -> Iterator[_Curve]:
    """List the marks of a letter that are drawn."""
    if char == "đ":
        yield _BAR
    rise = _OVER_CAPITALS if letter.isupper() else 0
    for mark in _above(char):
        if mark == _HOOK_ABOVE:
            yield from (_moved(curve, _advance(letter) / 2, rise) for curve in _HOOK)
        rise += _OVER_MARKS
    if _HORN in unicodedata.normalize("NFD", char)[1:]:
        yield _HORNS[letter]


def _moved(curve: _Curve, x: float, y: float = 0) -> _Curve:
    a, b, c, d = ((int(px + x), int(py + y)) for px, py in curve)
    return a, b, c, d


def _stroke(curve: _Curve, line: Line, scale: float) -> str:
    start, *rest = (f"{line.x + x * scale:.2f} {line.y + y * scale:.2f}" for x, y in curve)
    return f"{start} m {' '.join(rest)} c"
