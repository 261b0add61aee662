"""Lists of what agencies owe, as other software writes them: dossiers, petitions on paper, last year's tasks.

Pure: a file is read line by line, and what is wrong with it told. importing.py takes what is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO

from gateway.errors import Fault
from gateway.exchange.directory import Snapshot
from gateway.exchange.duties import Given, missing
from gateway.exchange.duty_reading import PARTS, read_day, read_given
from gateway.model.identifiers import normalise_notation
from gateway.model.lists import Row, stream_rows
from gateway.model.obligation import PASSED_ON_KINDS, Act, ObligationKind
from gateway.model.text import fold

COLUMNS = (*PARTS, "done_on", "outcome")
NEEDED = ("kind", "agency", "reference", "subject", "assigned_on")
# As `model.text.fold` writes them.
VIETNAMESE = {
    "loai": "kind",
    "co quan": "agency",
    "ma co quan": "agency",
    "ma": "reference",
    "so": "reference",
    "so ho so": "reference",
    "ma nhiem vu": "reference",
    "so ky hieu": "reference",
    "noi dung": "subject",
    "trich yeu": "subject",
    "co quan giao": "assigned_by",
    "ngay giao": "assigned_on",
    "ngay tiep nhan": "assigned_on",
    "han": "due_on",
    "han xu ly": "due_on",
    "ngay hen tra": "due_on",
    "ngay hoan thanh": "done_on",
    "ngay tra": "done_on",
    "ket qua": "outcome",
}
_OUTCOMES = {
    **dict.fromkeys(("", "done", "resolved", "hoan thanh", "da giai quyet"), Act.FINISH),
    **dict.fromkeys(("passed-on", "passed on", "chuyen", "da chuyen"), Act.PASS_ON),
    **dict.fromkeys(("guided", "huong dan", "da huong dan"), Act.GUIDE),
}

Key = tuple[ObligationKind, str, str]
"""What tells one obligation of a list from another: kind, agency and what people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list. Shape: done_on is the day it ended, ends_by how."""

    row: Row
    key: Key
    given: Given
    assigned_on: date
    done_on: date | None
    ends_by: Act


def read_lines(file: IO[bytes], faults: list[Fault], directory: Snapshot, *, today: date) -> Iterator[Line]:
    """Read a list line by line; what is wrong is added to faults, all of it by the end.

    Shape: as `model.lists.read_rows` has it, the columns COLUMNS, in English or Vietnamese; days are
    2026-04-30 or 30/4/2026. Lines that are wrong are left out.
    """
    met: dict[Key, int] = {}
    for row in stream_rows(file, faults, columns=COLUMNS, needed=NEEDED, also_called=VIETNAMESE):
        line, wrong = _read_line(row, directory, today=today)
        if line is not None and (first := met.setdefault(line.key, row.line)) != row.line:
            wrong.append(_repeated(row, first))
        faults += wrong
        if line is not None and not wrong:
            yield line


def _read_line(row: Row, directory: Snapshot, *, today: date) -> tuple[Line | None, list[Fault]]:
    given, faults = read_given(row.cells, directory, today=today, place=row.place)
    where = row.place("done_on")
    done_on = read_day(row.cell("done_on"), where, faults)
    ends_by = _OUTCOMES.get(fold(row.cell("outcome")))
    if ends_by is None:
        faults.append(_outcome_unknown(row))
    elif ends_by is not Act.FINISH and given.kind not in PASSED_ON_KINDS:
        faults.append(_outcome_impossible(row))
    if not row.cell("assigned_on").strip():
        faults.append(missing(row.place("assigned_on")))
    if given.assigned_on is None:
        return None, faults
    if done_on is not None and not given.assigned_on <= done_on <= today:
        vi, en = "Hoàn thành trước ngày giao, hoặc ngày chưa đến.", "Before it was assigned, or not yet come."
        faults.append(Fault(rule="day-impossible", where=where, vi=vi, en=en))
    line = Line(
        row=row,
        key=(given.kind, given.agency, normalise_notation(given.reference)),
        given=given,
        assigned_on=given.assigned_on,
        done_on=done_on,
        ends_by=ends_by or Act.FINISH,
    )
    return line, faults


def _outcome_unknown(row: Row) -> Fault:
    return Fault(
        rule="outcome-unknown",
        where=row.place("outcome"),
        vi="Kết quả phải là: hoàn thành, chuyển, hướng dẫn.",
        en="An outcome is done, passed-on or guided.",
    )


def _outcome_impossible(row: Row) -> Fault:
    return Fault(
        rule="outcome-impossible",
        where=row.place("outcome"),
        vi="Chỉ đơn thư, phản ánh hiện trường mới được chuyển hoặc hướng dẫn.",
        en="Only a petition or a field report is passed on or guided.",
    )


def _repeated(row: Row, first: int) -> Fault:
    return Fault(
        rule="line-repeated",
        where=row.place(),
        vi=f"đã có ở dòng {first}: cùng loại, cơ quan và mã",
        en=f"stands at line {first} already: the same kind, agency and reference",
    )
