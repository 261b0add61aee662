"""How an official letter looks on paper: the layout of Nghị định 30/2020/NĐ-CP, as far as a demo needs it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from gateway.sandbox.agencies import Member
from gateway.sandbox.lettering import Line, width_of, wrap

# Units: points, on A4.
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 540.0, 785.0, 70.0
_LEFT_MIDDLE, _RIGHT_MIDDLE = 165.0, 412.0
_LEADING = 1.45
_ROWS_PER_PAGE = 34
_FOOT = "Văn bản mẫu do Liên Thông tạo ra để chạy thử; không có giá trị pháp lý."


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """A page being filled from the top."""

    lines: list[Line] = field(default_factory=list)
    y: float = _TOP

    def centre(self, text: str, middle: float, *, y: float, size: float = 13, bold: bool = False) -> None:
        self.lines.append(Line(text=text, x=middle - width_of(text, size) / 2, y=y, size=size, bold=bold))

    def paragraph(self, text: str, *, size: float = 14, indent: float = 36, bold: bool = False) -> None:
        # Broken as if every line were indented: the first fits, the others keep a quiet right margin.
        for number, line in enumerate(wrap(text, _RIGHT - _LEFT - indent, size)):
            x = _LEFT if number else _LEFT + indent
            self.lines.append(Line(text=line, x=x, y=self.y, size=size, bold=bold))
            self.y -= size * _LEADING
        self.y -= size * 0.35


def lay_out_letter(
    sender: Member,
    name: str,
    day: date,
    subject: str,
    recipients: Sequence[Member],
    paragraphs: Sequence[str],
) -> list[Line]:
    """Lay out a letter of one page. Shape: name is number and notation, ``412/SYT-NVY``."""
    sheet = _Sheet()
    _head(sheet, sender, name, day, subject)
    if len(recipients) == 1:
        sheet.paragraph(f"Kính gửi: {recipients[0].name}.", indent=90)
    else:
        sheet.paragraph("Kính gửi:", indent=90)
        for recipient in recipients:
            sheet.paragraph(f"– {recipient.name};", indent=120)
    sheet.y -= 6
    for paragraph in paragraphs:
        sheet.paragraph(paragraph)
    _foot(sheet, sender)
    return sheet.lines


def lay_out_annex(title: str, pages_count: int, rows: Iterator[str]) -> list[list[Line]]:
    """Lay out an annex: so many pages of rows."""
    pages = []
    for number in range(1, pages_count + 1):
        sheet = _Sheet()
        sheet.centre(title if number == 1 else f"{title} (trang {number})", 305, y=sheet.y, bold=True)
        sheet.y -= 34
        for _ in range(_ROWS_PER_PAGE):
            sheet.lines.append(Line(text=next(rows), x=_LEFT, y=sheet.y, size=12))
            sheet.y -= 19
        pages.append(sheet.lines)
    return pages


def _head(sheet: _Sheet, sender: Member, name: str, day: date, subject: str) -> None:
    left, right = _TOP, _TOP
    if sender.superior:
        for line in wrap(sender.superior.upper(), 215, 11):
            sheet.centre(line, _LEFT_MIDDLE, y=left, size=11)
            left -= 15
    for line in wrap(sender.name.upper(), 215, 11.5):
        sheet.centre(line, _LEFT_MIDDLE, y=left, size=11.5, bold=True)
        left -= 16
    sheet.centre("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", _RIGHT_MIDDLE, y=right, size=11.5, bold=True)
    sheet.centre("Độc lập – Tự do – Hạnh phúc", _RIGHT_MIDDLE, y=right - 17, size=12.5, bold=True)
    left, right = left - 12, right - 42
    sheet.centre(f"Số: {name}", _LEFT_MIDDLE, y=left, size=12.5)
    dated = f"{sender.place}, ngày {day.day:02d} tháng {day.month:02d} năm {day.year}"
    sheet.centre(dated, _RIGHT_MIDDLE, y=min(right, left), size=12.5)
    left -= 20
    for line in wrap(f"V/v {subject[:1].lower()}{subject[1:]}", 205, 11.5):
        sheet.centre(line, _LEFT_MIDDLE, y=left, size=11.5)
        left -= 15
    sheet.y = left - 26


def _foot(sheet: _Sheet, sender: Member) -> None:
    y = sheet.y - 22
    sheet.lines.append(Line(text="Nơi nhận:", x=_LEFT, y=y, size=11.5, bold=True))
    for offset, text in enumerate(("– Như trên;", f"– Lưu: VT, {sender.initials}."), 1):
        sheet.lines.append(Line(text=text, x=_LEFT, y=y - 15 * offset, size=11))
    sheet.centre("THỦ TRƯỞNG CƠ QUAN", _RIGHT_MIDDLE, y=y, size=12.5, bold=True)
    sheet.centre("(bản mẫu, không ký)", _RIGHT_MIDDLE, y=y - 60, size=11.5)
    sheet.centre(_FOOT, 305, y=_BOTTOM - 25, size=9)
