"""Agencies an operator wants written: checked against the directory before anything is, one or thousands.

Pure: what is found wrong comes back as faults, all at once.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Fault
from gateway.exchange.directory import Snapshot
from gateway.model.agency import Agency
from gateway.model.identifiers import (
    AgencyCode,
    SystemId,
    is_agency_code,
    normalise_code,
    structural_alias,
)
from gateway.model.text import visible

COLUMNS = ("code", "name", "aliases", "parent", "mail", "served_by")
_NEEDED = ("code", "name")
_SEPARATORS = ";,\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One agency to be written. Shape: where says which line it came from, empty for the command itself."""

    agency: Agency
    served_by: SystemId | None = None
    where: str = ""


def make_entry(
    code: str,
    name: str,
    *,
    aliases: Iterable[str] = (),
    parent: str | None = None,
    mail: str | None = None,
    served_by: str | None = None,
    where: str = "",
) -> Entry:
    """Put an entry together from what somebody typed."""
    return Entry(
        agency=Agency(
            code=normalise_code(code),
            name=" ".join(visible(name).split()),
            aliases=tuple(dict.fromkeys(normalise_code(alias) for alias in aliases if alias.strip())),
            parent=normalise_code(parent) if parent and parent.strip() else None,
            mail=mail.strip() or None if mail else None,
        ),
        served_by=SystemId(served_by.strip()) if served_by and served_by.strip() else None,
        where=where,
    )


def read_entries(text: bytes) -> tuple[list[Entry], list[Fault]]:
    """Read a list of agencies, and everything that is wrong with the form of it.

    Shape: CSV in UTF-8, with or without byte order mark, separated by ``,`` ``;`` or tab; the first line
    names the columns, see COLUMNS; aliases are separated by ``|``.
    """
    try:
        lines = io.StringIO(text.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError:
        return [], [_fault("list-not-utf8", "", "tệp phải là CSV mã hóa UTF-8", "must be CSV in UTF-8")]
    first = lines.readline()
    lines.seek(0)
    separator = max(_SEPARATORS, key=first.count)
    faults: list[Fault] = []
    records = _records(csv.reader(lines, delimiter=separator, strict=True), faults)
    names = [name.strip().lower() for name in next(records, (1, []))[1]]
    faults += _column_faults(names)
    entries = [] if faults else [_entry(line, names, cells, faults) for line, cells in records]
    if not faults and not entries:
        faults.append(_fault("list-empty", "", "danh sách không có dòng nào", "the list has no line"))
    return entries, faults


def _records(reader: Iterator[list[str]], faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """Number the records by the line they begin on; empty ones are passed over."""
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
        if any(cell.strip() for cell in cells):
            yield line, cells
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader has it


def _column_faults(names: Sequence[str]) -> Iterator[Fault]:
    known = ", ".join(COLUMNS)
    for name in _NEEDED:
        if name not in names:
            yield _fault("column-missing", _place(1), f"thiếu cột {name}", f"the column {name} is missing")
    for name in dict.fromkeys(names):
        if name not in COLUMNS:
            yield _fault(
                "column-unknown",
                _place(1),
                f"không có cột tên {name!r}; các cột: {known}",
                f"there is no column {name!r}; the columns are {known}",
            )
        elif names.count(name) > 1:
            yield _fault(
                "column-repeated", _place(1), f"cột {name} lặp lại", f"the column {name} stands twice"
            )


def _entry(line: int, names: Sequence[str], cells: Sequence[str], faults: list[Fault]) -> Entry:
    if any(cell.strip() for cell in cells[len(names) :]):
        faults.append(
            _fault(
                "cells-too-many",
                _place(line),
                f"có {len(cells)} ô nhưng chỉ có {len(names)} cột; tên chứa dấu phân cách cần ngoặc kép",
                f"{len(cells)} cells for {len(names)} columns; a separator in a name needs quotes around it",
            )
        )
    row: Mapping[str, str] = dict(zip(names, cells, strict=False))
    return make_entry(
        row.get("code", ""),
        row.get("name", ""),
        aliases=row.get("aliases", "").split("|"),
        parent=row.get("parent"),
        mail=row.get("mail"),
        served_by=row.get("served_by"),
        where=_place(line),
    )


def check_entries(entries: Sequence[Entry], directory: Snapshot, *, take_over: bool) -> list[Fault]:
    """Check entries against the directory and against each other.

    Shape: take_over allows an agency to change the system that serves it.
    """
    listed = {entry.agency.code for entry in entries}
    claims: dict[AgencyCode, tuple[AgencyCode, str]] = {}
    faults: list[Fault] = []
    for entry in entries:
        faults += _form_faults(entry)
        faults += _claim_faults(entry, claims)
        faults += _known_faults(entry, directory, listed, take_over=take_over)
    return faults


def _form_faults(entry: Entry) -> Iterator[Fault]:
    agency = entry.agency
    for column, code in [("code", agency.code), *(("aliases", alias) for alias in agency.aliases)]:
        if not is_agency_code(code):
            yield _fault(
                "agency-code-form",
                _place_in(entry, column),
                f"phải là mã định danh như H57.1.2 hoặc 000.00.12.H57; đang là {code!r}",
                f"must be an agency code such as H57.1.2 or 000.00.12.H57; found {code!r}",
            )
    if not agency.name:
        yield _fault("name-missing", _place_in(entry, "name"), "thiếu tên cơ quan", "the name is missing")
    if agency.mail is not None and "@" not in agency.mail:
        yield _fault("mail-form", _place_in(entry, "mail"), "không phải địa chỉ thư", "not a mail address")
    if agency.parent == agency.code:
        yield _fault(
            "own-parent",
            _place_in(entry, "parent"),
            "cơ quan không thể trực thuộc chính nó",
            "its own parent",
        )


def _claim_faults(entry: Entry, claims: dict[AgencyCode, tuple[AgencyCode, str]]) -> Iterator[Fault]:
    """Find codes that two entries of one list claim; each code leads to one agency only."""
    code, twin = entry.agency.code, structural_alias(entry.agency.code)
    for claimed in dict.fromkeys([code, *entry.agency.aliases, *([twin] if twin else [])]):
        owner, where = claims.setdefault(claimed, (code, entry.where))
        if where != entry.where:
            yield _fault(
                "code-repeated",
                entry.where,
                f"mã {claimed} đã có ở {where} ({owner})",
                f"the code {claimed} stands at {where} already ({owner})",
            )


def _known_faults(
    entry: Entry, directory: Snapshot, listed: set[AgencyCode], *, take_over: bool
) -> Iterator[Fault]:
    agency = entry.agency
    for column, code in [("code", agency.code), *(("aliases", alias) for alias in agency.aliases)]:
        owner = directory.canonical(code)
        if owner != agency.code and (owner != code or code in directory.agencies):
            yield _fault(
                "agency-known-otherwise",
                _place_in(entry, column),
                f"mã {code} đã là của cơ quan {owner} trong danh bạ",
                f"the code {code} already belongs to {owner} in the directory",
            )
    parent = agency.parent
    if parent is not None and parent not in listed and directory.canonical(parent) not in directory.agencies:
        yield _fault(
            "parent-unknown",
            _place_in(entry, "parent"),
            f"không có cơ quan cấp trên {parent} trong danh bạ",
            f"the parent {parent} is not in the directory",
        )
    if entry.served_by is not None:
        yield from _serving_faults(entry, entry.served_by, directory, take_over=take_over)


def _serving_faults(
    entry: Entry, system_id: SystemId, directory: Snapshot, *, take_over: bool
) -> Iterator[Fault]:
    where = _place_in(entry, "served_by")
    if system_id not in directory.systems:
        yield _fault(
            "unknown-system", where, f"không có hệ thống {system_id}", f"there is no system {system_id}"
        )
    elif not take_over:
        yield from taken_faults(entry.agency.code, system_id, directory, where=where)


def taken_faults(
    code: AgencyCode, system_id: SystemId, directory: Snapshot, *, where: str = ""
) -> Iterator[Fault]:
    """Say that an agency is served by another system: its mail would quietly go elsewhere from now on."""
    present = directory.served_by.get(directory.canonical(code))
    if present is not None and present != system_id:
        yield _fault(
            "agency-served-already",
            where,
            f"cơ quan {code} đang do hệ thống {present} phục vụ; muốn chuyển: chọn tiếp quản (--take-over)",
            f"agency {code} is served by system {present}; to move it choose to take it over (--take-over)",
        )


def _place(line: int) -> str:
    return f"dòng/line {line}"


def _place_in(entry: Entry, column: str) -> str:
    return f"{entry.where}, {column}" if entry.where else column


def _fault(rule: str, where: str, vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=where, vi=vi, en=en)
