"""A report as PDF: its text can be searched and read aloud, its fonts are in it, archives take it.

Source: docs/decisions/0014-papers-by-two-libraries.md; ISO 19005-2 (PDF/A-2a), ISO 14289-1 (PDF/UA-1).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import typst

from gateway.errors import Refusal
from gateway.model.formats import VIETNAM
from gateway.model.people import Language
from gateway.model.report import Cell, Report
from gateway.papers.grid import Grid, breakable, fit, lay_out, sheet_for
from gateway.papers.wording import choose, clean, word_report, word_table_title, write_cell

if TYPE_CHECKING:
    from typst import PDFStandard

_Paper = dict[str, object]

_ROOM = Path(__file__).parent
_TEMPLATE = str(_ROOM / "report.typ")
_FONTS = typst.Fonts(
    include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_ROOM / "fonts")]
)
MOST_ROWS = 2_000
"""With more Typst takes more than 300 MB."""
_KEPT_COMPILATIONS = 10
_ARCHIVED: "list[PDFStandard]" = ["a-2a", "ua-1"]
# How many rows go along when the signature would stand on a page alone; fewer, where they are long.
_MOVED_ROWS = (2, 1)


def write_report_pdf(report: Report, language: Language = Language.VIETNAMESE) -> bytes:
    """Write a report as PDF; the same report gives the same bytes.

    Errors: Refusal ``report-too-long`` when its tables have more than MOST_ROWS rows.
    """
    rows_count = sum(len(table.rows) for table in report.tables)
    if rows_count > MOST_ROWS:
        raise _too_long(rows_count)
    made_at = datetime.combine(report.made_on, time(), VIETNAM)
    try:
        return _write(_with_company(_paper(report, language)), made_at)
    finally:
        _forget()


def _too_long(rows_count: int) -> Refusal:
    return Refusal.because(
        "report-too-long",
        where="pdf",
        vi=f"Báo cáo có {rows_count} dòng; tệp PDF có nhiều nhất {MOST_ROWS} dòng. Hãy lấy tệp Excel.",
        en=f"The report has {rows_count} rows, a PDF has at most {MOST_ROWS}. Take it as a spreadsheet.",
    )


def _forget() -> None:
    """Let Typst forget what it keeps of its last ten compilations, 25 MB for a report of a hundred rows."""
    for _ in range(_KEPT_COMPILATIONS + 1):
        typst.compile(b"", font_paths=_FONTS, format="svg")


def _with_company(paper: _Paper) -> _Paper:
    """Let some rows go to the signature's page, where it would stand there alone."""
    for moved in (0, *_MOVED_ROWS):
        tried = paper | {"moved_rows": moved}
        if not _is_signature_alone(tried):
            return tried
    return paper


def _write(paper: _Paper, made_at: datetime) -> bytes:
    try:
        return _compile(paper, _ARCHIVED, made_at)
    except typst.TypstError:
        # An archive takes no sign that the fonts do not have. A reader would rather see a box in its place
        # than have no report.
        return _compile(paper, [], made_at)


def _compile(paper: _Paper, standards: "list[PDFStandard]", made_at: datetime) -> bytes:
    return typst.compile(
        _TEMPLATE,
        root=str(_ROOM),
        font_paths=_FONTS,
        sys_inputs={"paper": json.dumps(paper)},
        pdf_standards=standards,
        timestamp=made_at,
    )


def _is_signature_alone(paper: _Paper) -> bool:
    found = typst.query(
        _TEMPLATE,
        "<signature>",
        field="value",
        one=True,
        root=str(_ROOM),
        font_paths=_FONTS,
        sys_inputs={"paper": json.dumps(paper)},
    )
    return json.loads(found) is True


def _paper(report: Report, language: Language) -> _Paper:
    """Gather what report.typ asks for."""
    grids = [lay_out(table, language) for table in report.tables]
    sheet = sheet_for(grids)
    day = report.made_on
    return {
        "language": language,
        "title": choose(report.title, language),
        "author": clean(report.issuer),
        "made_on": {"year": day.year, "month": day.month, "day": day.day},
        "is_lying": sheet.is_lying,
        "size": sheet.size_points,
        "moved_rows": 0,
        "words": asdict(word_report(report, language)),
        "tables": [
            {
                "title": word_table_title(number, table.title, language),
                "widths": fit(grid, sheet.width),
                "sides": grid.sides,
                "headings": [asdict(heading) for heading in grid.headings],
                "rows": [_texts(grid, row, language) for row in grid.rows],
                "total": grid.total and _texts(grid, grid.total, language),
                "notes": grid.notes,
            }
            for number, (table, grid) in enumerate(zip(report.tables, grids, strict=True), 1)
        ],
    }


def _texts(grid: Grid, row: Sequence[Cell], language: Language) -> list[str]:
    return [
        breakable(write_cell(cell, column.unit, language))
        for cell, column in zip(row, grid.columns, strict=True)
    ]
