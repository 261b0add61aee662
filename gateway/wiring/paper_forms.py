"""The files in which the console hands out reports and registers."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from gateway.exchange.register_lines import incoming_lines, outgoing_lines
from gateway.model.agency import Names
from gateway.model.formats import local_day
from gateway.model.people import Language
from gateway.model.register import Register
from gateway.office import Clock
from gateway.papers.forms import INCOMING, OUTGOING
from gateway.store.register import RegisterRow, Side
from gateway.web.console.report_forms import JSON_FORM, RegisterForm, RegisterHead, ReportForm
from gateway.web.console.spreadsheets import XLSX_TYPE
from gateway.wiring.late_papers import write_register_xlsx, write_report_pdf, write_report_xlsx

REPORT_FORMS: tuple[ReportForm, ...] = (
    ReportForm(
        ending="pdf",
        media_type="application/pdf",
        write=lambda told, language: write_report_pdf(told.report, language),
    ),
    ReportForm(
        ending="xlsx",
        media_type=XLSX_TYPE,
        write=lambda told, language: write_report_xlsx(told.report, language),
    ),
    JSON_FORM,
)


def register_forms(spool_dir: Path, clock: Clock) -> tuple[RegisterForm, ...]:
    """Make the forms of registers; what is long is written in the folder first."""
    write = partial(_write_register, spool_dir, clock)
    return (RegisterForm(ending="xlsx", media_type=XLSX_TYPE, write=write),)


def _write_register(
    spool_dir: Path,
    clock: Clock,
    head: RegisterHead,
    rows: Iterator[RegisterRow],
    names: Names,
    file: IO[bytes],
    language: Language,
) -> int:
    register = Register(issuer=head.issuer, over=head.over, period=head.period, made_on=local_day(clock()))
    if head.side is Side.IN:
        coming = incoming_lines(rows, names)
        return write_register_xlsx(INCOMING, register, coming, file, spool_dir=spool_dir, language=language)
    going = outgoing_lines(rows, names)
    return write_register_xlsx(OUTGOING, register, going, file, spool_dir=spool_dir, language=language)
