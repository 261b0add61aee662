"""The files in which a report or a register leaves: which there are is said by wiring."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from gateway.model.identifiers import AgencyCode
from gateway.model.people import Language
from gateway.model.report import Cell, Column, Report, Table, Words
from gateway.store.register import RegisterRow, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForm:
    """A form in which a report is written.

    Shape: ending is that of the file's name, and what the form is called in addresses and in the log; write
    takes a while and is called off the loop.
    """

    ending: str
    media_type: str
    write: Callable[[Report, Language], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterHead:
    """What stands above the lines of a register."""

    side: Side
    issuer: str
    over: str
    period: Words


NameOf = Callable[[AgencyCode], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterForm:
    """A form in which a register is written into a file, line by line as they come; called off the loop."""

    ending: str
    media_type: str
    write: Callable[[RegisterHead, Iterator[RegisterRow], NameOf, IO[bytes], Language], object]


def write_report_json(report: Report, language: Language) -> bytes:
    """Write a report for programs: all that is said in both languages, whichever is asked for.

    Shape: a cell without data is null, a share a number in per cent, a day YYYY-MM-DD.
    """
    told = {
        "title": _both(report.title),
        "period": _both(report.period),
        "issuer": report.issuer,
        "made_on": report.made_on.isoformat(),
        "as_of": report.as_of.isoformat(),
        "summary": [_both(sentence) for sentence in report.summary],
        "tables": [_table(table) for table in report.tables],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode()


JSON_FORM = ReportForm(ending="json", media_type="application/json", write=write_report_json)


def _table(table: Table) -> dict[str, object]:
    return {
        "title": _both(table.title),
        "columns": [_column(column) for column in table.columns],
        "rows": [list(map(_plain, row)) for row in table.rows],
        "total": None if table.total is None else list(map(_plain, table.total)),
        "notes": [_both(note) for note in table.notes],
    }


def _column(column: Column) -> dict[str, object]:
    group = None if column.group is None else _both(column.group)
    return {"title": _both(column.title), "group": group, "unit": column.unit.value}


def _plain(cell: Cell) -> str | int | float | None:
    if isinstance(cell, Decimal):
        return float(cell)
    return cell if cell is None or isinstance(cell, (str, int)) else cell.isoformat()


def _both(words: Words) -> dict[str, str]:
    return {"vi": words[0], "en": words[1]}
