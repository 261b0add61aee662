"""A report as plain text, for mails and for who has nothing to open a file with. Pure."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from gateway.model.formats import write_day
from gateway.model.people import Language
from gateway.model.report import Cell, Report, Table

_RULE = "-" * 72


def write_text(report: Report) -> str:
    """Write a report in Vietnamese, then in English."""
    return f"\n{_RULE}\n\n".join("\n".join(_lines(report, language)) + "\n" for language in Language)


def _lines(report: Report, language: Language) -> Iterator[str]:
    place = list(Language).index(language)
    yield report.title[place]
    yield report.period[place]
    yield report.issuer
    yield ""
    yield from (words[place] for words in report.summary)
    for table in report.tables:
        yield ""
        yield table.title[place]
        yield from _rows(table, language, place)


def _rows(table: Table, language: Language, place: int) -> Iterator[str]:
    for number, row in enumerate(table.rows, 1):
        first, *rest = row
        yield f"{number}. {_say(first, language)}"
        for column, cell in zip(table.columns[1:], rest, strict=True):
            yield f"   {column.title[place]}: {_say(cell, language)}"


def _say(cell: Cell, language: Language) -> str:
    if isinstance(cell, date):
        return write_day(cell, language)
    if isinstance(cell, Decimal):
        return f"{cell} %"
    return " ".join(str("" if cell is None else cell).split())
