"""Agencies an operator wants written: checked against the directory before anything is, one or thousands.

Pure: what is found wrong comes back as faults, all at once.
"""

from collections.abc import Iterable, Iterator, Sequence
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
from gateway.model.lists import Row, read_rows
from gateway.model.text import one_line

COLUMNS = ("code", "name", "aliases", "parent", "mail", "served_by")


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
            name=one_line(name),
            aliases=tuple(dict.fromkeys(normalise_code(alias) for alias in aliases if alias.strip())),
            parent=normalise_code(parent) if parent and parent.strip() else None,
            mail=mail.strip() or None if mail else None,
        ),
        served_by=SystemId(served_by.strip()) if served_by and served_by.strip() else None,
        where=where,
    )


def read_entries(text: bytes) -> tuple[list[Entry], list[Fault]]:
    """Read a list of agencies, and everything that is wrong with the form of it.

    Shape: as `read_rows` has it, with the columns of COLUMNS; aliases are separated by ``|``.
    """
    rows, faults = read_rows(text, columns=COLUMNS, needed=("code", "name"))
    return [_entry(row) for row in rows], faults


def _entry(row: Row) -> Entry:
    return make_entry(
        row.cell("code"),
        row.cell("name"),
        aliases=row.cell("aliases").split("|"),
        parent=row.cell("parent"),
        mail=row.cell("mail"),
        served_by=row.cell("served_by"),
        where=row.place(),
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


def _place_in(entry: Entry, column: str) -> str:
    return f"{entry.where}, {column}" if entry.where else column


def _fault(rule: str, where: str, vi: str, en: str) -> Fault:
    return Fault(rule=rule, where=where, vi=vi, en=en)
