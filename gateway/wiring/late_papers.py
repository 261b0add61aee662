"""Papers whose libraries come with the first of them: most processes never make one, and they take 10 MB."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO

from gateway.model.people import Language
from gateway.model.register import Register
from gateway.model.report import Report
from gateway.papers.forms import Form, Line


def write_report_pdf(report: Report, language: Language = Language.VIETNAMESE) -> bytes:
    """Write a report as PDF."""
    from gateway.papers import pdf

    return pdf.write_report_pdf(report, language)


def write_report_xlsx(report: Report, language: Language = Language.VIETNAMESE) -> bytes:
    """Write a report as XLSX."""
    from gateway.papers import workbook

    return workbook.write_report_xlsx(report, language)


def write_register_xlsx(
    form: Form[Line],
    head: Register,
    lines: Iterable[Line],
    file: IO[bytes],
    *,
    spool_dir: Path,
    language: Language = Language.VIETNAMESE,
) -> int:
    """Write a register into a file, and tell how many lines it has."""
    from gateway.papers import register

    return register.write_register_xlsx(form, head, lines, file, spool_dir=spool_dir, language=language)
