"""What stands around figures (letterhead, title, recipients, signature), and figures as readers write them.

Source: Nghị định 30/2020/NĐ-CP, phụ lục I, phần I, mục II.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from gateway.model.formats import VIETNAM, localise, write_day
from gateway.model.people import Language
from gateway.model.report import Cell, Report, Unit, Words
from gateway.model.text import normalise, visible

BLANK = "\u00a0" * 8
"""Room for what is written by hand."""
NO_FIGURE = "–"

_COUNTRY = ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "SOCIALIST REPUBLIC OF VIET NAM")
_MOTTO = ("Độc lập - Tự do - Hạnh phúc", "Independence - Freedom - Happiness")
_RECIPIENTS = ("Nơi nhận:", "Recipients:")
_NOTES = ("Ghi chú:", "Notes:")
_NO_ROWS = ("Không có số liệu", "No data")
_NO_TEXT = ("không có số liệu", "no data")
_NO_FIGURE_NOTE = (f"Dấu “{NO_FIGURE}” là không có số liệu.", f"“{NO_FIGURE}” means no data.")
_REPORT = ("Báo cáo", "Report")
_TABLE = ("Biểu", "Table")
_KIND = "báo cáo"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """All that is written on a report's paper but its tables.

    Shape: kind is in capitals; subject is empty where the title is one line; authority is in capitals.
    """

    country: str
    motto: str
    over: str
    issuer: str
    number: str
    place_and_day: str
    kind: str
    subject: str
    period: str
    as_of: str
    summary: tuple[str, ...]
    sheet_name: str
    recipients_title: str
    notes_title: str
    no_rows: str
    recipients: tuple[str, ...]
    authority: tuple[str, ...]
    signer: str


def word_report(report: Report, language: Language) -> Wording:
    """Say what is written on a report's paper."""
    kind, subject = _title(choose(report.title, language), language)
    return Wording(
        country=choose(_COUNTRY, language),
        motto=choose(_MOTTO, language),
        over=clean(report.over).upper(),
        issuer=clean(report.issuer).upper(),
        number=_number(report, language),
        place_and_day=_place_and_day(report.place, report.made_on, language),
        kind=kind,
        subject=subject,
        period=choose(report.period, language),
        as_of=_as_of(report, language),
        summary=tuple(choose(sentence, language) for sentence in report.summary),
        sheet_name=choose(_REPORT, language),
        recipients_title=choose(_RECIPIENTS, language),
        notes_title=choose(_NOTES, language),
        no_rows=choose(_NO_ROWS, language),
        recipients=_recipients(report.recipients),
        authority=tuple(clean(line).upper() for line in (report.competence, report.position) if line),
        signer=clean(report.signer),
    )


def choose(words: Words, language: Language) -> str:
    """Take what is said in a language."""
    return clean(words[0] if language is Language.VIETNAMESE else words[1])


def clean(text: str) -> str:
    """Leave out what nobody sees: it would stand in a file as a box, or turn the rest of a line around."""
    return visible(normalise(text))


def word_table_title(number: int, title: Words, language: Language) -> str:
    """Write “Biểu 1. Title”."""
    return f"{choose(_TABLE, language)} {number}. {choose(title, language)}"


def word_sheet_name(number: int, language: Language) -> str:
    """Write “Biểu 1”."""
    return f"{choose(_TABLE, language)} {number}"


def word_elsewhere(names: Sequence[str], language: Language) -> str:
    """Say on which sheets the figures are."""
    if not names:
        return ""
    return choose(("Số liệu ở trang tính: ", "Figures on sheet: "), language) + ", ".join(names)


def word_notes(notes: tuple[Words, ...], language: Language, *, lacks_figures: bool) -> tuple[str, ...]:
    """Write what stands under a table, with what the dash means where one stands in it."""
    return tuple(choose(note, language) for note in (*notes, *[_NO_FIGURE_NOTE] * lacks_figures))


def write_cell(cell: Cell, unit: Unit, language: Language) -> str:
    """Write what stands in a table, as its readers write it: 44.375, 95,70 %, 26/11/2026."""
    match cell:
        case None:
            return choose(_NO_TEXT, language) if unit is Unit.TEXT else NO_FIGURE
        case tuple():
            return choose(cell, language)
        case date():
            return write_day(cell, language)
        case int() | Decimal() if unit is Unit.SHARE:
            return f"{localise(f'{cell:,.2f}', language)}\u00a0%"
        case int() | Decimal():
            return localise(f"{cell:,}", language)
    return clean(cell)


def _title(title: str, language: Language) -> tuple[str, str]:
    """Part “Báo cáo tình hình …” into the kind of document, in capitals, and what it is about."""
    kind, subject = title[: len(_KIND)], title[len(_KIND) :]
    if language is Language.VIETNAMESE and kind.lower() == _KIND and subject.startswith(" "):
        subject = subject.strip()
        return kind.upper(), subject[:1].upper() + subject[1:]
    return title.upper(), ""


def _number(report: Report, language: Language) -> str:
    number = clean(report.number)
    # A number below ten is written with a zero before it.
    number = number.zfill(2) if number.isdecimal() else number or BLANK
    return f"{choose(('Số', 'No.'), language)}: {number}/{clean(report.notation)}"


def _place_and_day(place: str, day: date, language: Language) -> str:
    place = clean(place) or "…………"
    if language is Language.ENGLISH:
        return f"{place}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    # Days below ten and the first two months have a zero before them, so that nobody adds a one.
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return f"{place}, ngày {day.day:02} tháng {month} năm {day.year}"


def _as_of(report: Report, language: Language) -> str:
    at = report.as_of.astimezone(VIETNAM)
    day = write_day(at, language)
    return choose(
        (f"(Số liệu tính đến {at:%H:%M} ngày {day})", f"(Figures as of {at:%H:%M}, {day})"), language
    )


def _recipients(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Write each as “- …;”, the last with a full stop."""
    bare = [text for line in lines if (text := clean(line).strip().lstrip("-– ").rstrip(";. "))]
    return tuple(f"- {line}{';' if n < len(bare) else '.'}" for n, line in enumerate(bare, 1))
