"""What writes reports and registers as files: one table, by the suffix of a file, for all ways they leave."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Protocol

from gateway.errors import Refusal
from gateway.exchange.register_lines import incoming_lines, outgoing_lines
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Language
from gateway.model.register import Register
from gateway.model.report import Report
from gateway.papers.forms import INCOMING, OUTGOING
from gateway.store.register import RegisterRow, Side
from gateway.wiring.late_papers import write_register_xlsx, write_report_pdf, write_report_xlsx

_VIETNAMESE = Language.VIETNAMESE


class ReportWriter(Protocol):
    """Writes a report as a file."""

    def __call__(self, report: Report, language: Language = _VIETNAMESE, /) -> bytes:
        """Write it."""


class RegisterWriter(Protocol):
    """Writes a register (sổ đăng ký văn bản) into a file and tells how many lines it has.

    Shape: rows come as they are read, so that a year needs no more memory than a day; names says what
    agencies are called; spool_dir has room for the rows.
    """

    def __call__(
        self,
        head: Register,
        side: Side,
        rows: Iterable[RegisterRow],
        file: IO[bytes],
        *,
        names: Callable[[AgencyCode], str],
        spool_dir: Path,
        language: Language = _VIETNAMESE,
    ) -> int:
        """Write it."""


def _write_xlsx(
    head: Register,
    side: Side,
    rows: Iterable[RegisterRow],
    file: IO[bytes],
    *,
    names: Callable[[AgencyCode], str],
    spool_dir: Path,
    language: Language = _VIETNAMESE,
) -> int:
    if side is Side.IN:
        coming = incoming_lines(rows, names)
        return write_register_xlsx(INCOMING, head, coming, file, spool_dir=spool_dir, language=language)
    going = outgoing_lines(rows, names)
    return write_register_xlsx(OUTGOING, head, going, file, spool_dir=spool_dir, language=language)


REPORT_WRITERS: Mapping[str, ReportWriter] = {".pdf": write_report_pdf, ".xlsx": write_report_xlsx}
REGISTER_WRITERS: Mapping[str, RegisterWriter] = {".xlsx": _write_xlsx}


def no_such_form(suffix: str, known: Iterable[str]) -> Refusal:
    """Say that files of a form cannot be written here."""
    there = ", ".join(known)
    return Refusal.because(
        "format-not-here",
        where=suffix,
        vi=f"Không ghi được dạng tệp này; các dạng có: {there}.",
        en=f"Files of this form cannot be written; there are: {there}.",
    )
