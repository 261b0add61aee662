"""What writes reports and registers as files: by suffix, as far as this program can."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import IO, Protocol

from gateway.errors import Refusal
from gateway.model.identifiers import AgencyCode
from gateway.model.report import Report, Words
from gateway.store.register import RegisterRow, Side

ReportWriter = Callable[[Report], bytes]


class RegisterWriter(Protocol):
    """Writes a register (sổ đăng ký văn bản) into a file and tells how many lines it has.

    Shape: rows come as they are read, so that a year needs no more memory than a day; names says what
    agencies are called; spool_dir has room for the rows.
    """

    def __call__(
        self,
        rows: Iterable[RegisterRow],
        file: IO[bytes],
        *,
        side: Side,
        issuer: str,
        period: Words,
        made_on: date,
        names: Callable[[AgencyCode], str],
        spool_dir: Path,
    ) -> int:
        """Write it."""


REPORT_WRITERS: Mapping[str, ReportWriter] = {}
REGISTER_WRITERS: Mapping[str, RegisterWriter] = {}


def no_such_form(suffix: str, known: Iterable[str]) -> Refusal:
    """Say that files of a form cannot be written here."""
    there = ", ".join(known) or "–"
    return Refusal.because(
        "format-not-here",
        where=suffix,
        vi=f"Chưa ghi được dạng tệp này; các dạng có: {there}.",
        en=f"Files of this form cannot be written; there are: {there}.",
    )
