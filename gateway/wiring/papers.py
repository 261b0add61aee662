"""The files in which the console hands out reports and registers."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

from gateway.model.formats import local_day
from gateway.model.people import Language
from gateway.model.register import IncomingLine, OutgoingLine, Register
from gateway.office import Clock
from gateway.papers.forms import INCOMING, OUTGOING
from gateway.papers.pdf import write_report_pdf
from gateway.papers.register import write_register_xlsx
from gateway.papers.workbook import write_report_xlsx
from gateway.store.register import RegisterRow, Side
from gateway.web.console.report_forms import JSON_FORM, NameOf, RegisterForm, RegisterHead, ReportForm
from gateway.web.console.spreadsheets import XLSX_TYPE

REPORT_FORMS: tuple[ReportForm, ...] = (
    ReportForm(ending="pdf", media_type="application/pdf", write=write_report_pdf),
    ReportForm(ending="xlsx", media_type=XLSX_TYPE, write=write_report_xlsx),
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
    names: NameOf,
    file: IO[bytes],
    language: Language,
) -> int:
    register = Register(issuer=head.issuer, over=head.over, period=head.period, made_on=local_day(clock()))
    if head.side is Side.IN:
        coming = (_incoming(row, names) for row in rows)
        return write_register_xlsx(INCOMING, register, coming, file, spool_dir=spool_dir, language=language)
    going = (_outgoing(row, names) for row in rows)
    return write_register_xlsx(OUTGOING, register, going, file, spool_dir=spool_dir, language=language)


def _incoming(row: RegisterRow, names: NameOf) -> IncomingLine:
    declined = row.declined_at
    return IncomingLine(
        arrived_on=row.day,
        arrival_number=row.number,
        author=names(row.sender),
        code=row.notation,
        dated=row.promulgated_on,
        abstract=row.abstract,
        note="" if declined is None else f"Từ chối tiếp nhận ngày {local_day(declined):%d/%m/%Y}",
    )


def _outgoing(row: RegisterRow, names: NameOf) -> OutgoingLine:
    return OutgoingLine(
        code=row.notation,
        dated=row.day,
        abstract=row.abstract,
        signer=row.signer or "",
        recipients="; ".join(map(names, row.recipients)),
    )
