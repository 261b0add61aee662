"""Lists as people write them in a spreadsheet: CSV to rows, and everything that is wrong with its form.

What the cells mean is for who asked for the list.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Fault

_SEPARATORS = ";,\t"
_REMARK = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a list. Shape: line is the one it begins on, cells are by the names of their columns."""

    line: int
    cells: Mapping[str, str]

    def cell(self, column: str) -> str:
        """Return what stands in a column, empty when the list has no such column."""
        return self.cells.get(column, "")

    def place(self, column: str = "") -> str:
        """Say where something stands, for a fault."""
        return f"{_place(self.line)}, {column}" if column else _place(self.line)


def read_rows(text: bytes, *, columns: Sequence[str], needed: Sequence[str]) -> tuple[list[Row], list[Fault]]:
    """Read a list, and everything that is wrong with the form of it.

    Shape: CSV in UTF-8, with or without byte order mark, separated by ``,`` ``;`` or tab; the first row
    names the columns, some of columns and all of needed. Empty rows, and remarks that begin with ``#``, are
    passed over.
    """
    try:
        lines = io.StringIO(text.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        return [], [_fault("list-not-utf8", "", "tệp phải là CSV mã hóa UTF-8", "must be CSV in UTF-8")]
    separator = max(_SEPARATORS, key=_first_row(lines).count)
    lines.seek(0)
    faults: list[Fault] = []
    records = _records(csv.reader(lines, delimiter=separator, strict=True), faults)
    line, head = next(records, (1, []))
    names = [name.strip().lower() for name in head]
    faults += _column_faults(names, columns, needed, where=_place(line))
    rows = [] if faults else [_row(line, names, cells, faults) for line, cells in records]
    if not faults and not rows:
        faults.append(_fault("list-empty", "", "danh sách không có dòng nào", "the list has no line"))
    return rows, faults


def _first_row(lines: Iterator[str]) -> str:
    # A spreadsheet that saves a remark may have put it in quotes.
    return next((line for line in lines if line.strip() and not line.lstrip(' "').startswith(_REMARK)), "")


def _records(reader: Iterator[list[str]], faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Number the records by the line they begin on."""
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(
                _fault("list-not-csv", _place(line), f"không đúng CSV: {error}", f"not CSV: {error}")
            )
            return
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith(_REMARK):
            yield line, cells
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader has it


def _column_faults(
    names: Sequence[str], columns: Sequence[str], needed: Sequence[str], *, where: str
) -> Iterator[Fault]:
    known = ", ".join(columns)
    for name in needed:
        if name not in names:
            yield _fault("column-missing", where, f"thiếu cột {name}", f"the column {name} is missing")
    for name in dict.fromkeys(names):
        if name not in columns:
            yield _fault(
                "column-unknown",
                where,
                f"không có cột tên {name!r}; các cột: {known}",
                f"there is no column {name!r}; the columns are {known}",
            )
        elif names.count(name) > 1:
            yield _fault("column-repeated", where, f"cột {name} lặp lại", f"the column {name} stands twice")


def _row(line: int, names: Sequence[str], cells: Sequence[str], faults: list[Fault]) -> Row:
    if any(cell.strip() for cell in cells[len(names) :]):
        faults.append(
            _fault(
                "cells-too-many",
                _place(line),
                f"có {len(cells)} ô nhưng chỉ có {len(names)} cột; tên chứa dấu phân cách cần ngoặc kép",
                f"{len(cells)} cells for {len(names)} columns; a separator in a name needs quotes around it",
            )
        )
    return Row(line=line, cells=dict(zip(names, cells, strict=False)))


def _place(line: int) -> str:
    return f"dòng/line {line}"


def _fault(rule: str, where: str, vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=where, vi=vi, en=en)
