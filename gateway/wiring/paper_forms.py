"""The files in which the console hands out reports and registers: those of papers.py, and JSON."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from gateway.exchange.reporting import Told
from gateway.model.agency import Names
from gateway.model.formats import local_day
from gateway.model.people import Language
from gateway.model.register import Register
from gateway.office import Clock
from gateway.store.register import RegisterRow
from gateway.web.console.report_forms import JSON_FORM, RegisterForm, RegisterHead, ReportForm
from gateway.web.console.spreadsheets import XLSX_TYPE
from gateway.wiring.papers import REGISTER_WRITERS, REPORT_WRITERS, RegisterWriter, ReportWriter

_MEDIA_TYPES = {".pdf": "application/pdf", ".xlsx": XLSX_TYPE}


def _write_report(writer: ReportWriter, told: Told, language: Language) -> bytes:
    return writer(told.report, language)


REPORT_FORMS: tuple[ReportForm, ...] = (
    *(
        ReportForm(ending=suffix[1:], media_type=_MEDIA_TYPES[suffix], write=partial(_write_report, writer))
        for suffix, writer in REPORT_WRITERS.items()
    ),
    JSON_FORM,
)


def register_forms(spool_dir: Path, clock: Clock) -> tuple[RegisterForm, ...]:
    """Make the forms of registers; what is long is written in the folder first."""
    return tuple(
        RegisterForm(
            ending=suffix[1:],
            media_type=_MEDIA_TYPES[suffix],
            write=partial(_write_register, writer, spool_dir, clock),
        )
        for suffix, writer in REGISTER_WRITERS.items()
    )


def _write_register(
    writer: RegisterWriter,
    spool_dir: Path,
    clock: Clock,
    head: RegisterHead,
    rows: Iterator[RegisterRow],
    names: Names,
    file: IO[bytes],
    language: Language,
) -> int:
    register = Register(issuer=head.issuer, over=head.over, period=head.period, made_on=local_day(clock()))
    return writer(register, head.side, rows, file, names=names, spool_dir=spool_dir, language=language)
