"""What somebody wants to be done, read from words: of a list, of a program, of the command line. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

from gateway.errors import Fault
from gateway.exchange.directory import Snapshot
from gateway.exchange.duties import Given, faults_of, missing
from gateway.model.identifiers import normalise_code
from gateway.model.obligation import ObligationKind
from gateway.model.text import fold

PARTS = ("kind", "agency", "reference", "subject", "assigned_by", "assigned_on", "due_on")
_DAYS = ("assigned_on", "due_on")
_KINDS = {fold(name): kind for kind in ObligationKind for name in (kind.value, kind.vi, kind.en)}
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_FIRST_YEAR = 1900
_USUAL = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)


def read_given(
    words: Mapping[str, str],
    directory: Snapshot,
    *,
    today: date,
    place: Callable[[str], str] = str,
) -> tuple[Given, list[Fault]]:
    """Read what somebody wants to be done, and everything that is wrong with it.

    Shape: words are by PARTS, those that are missing are empty; place says where a part stands. What is
    given is good only where no fault is.
    """
    faults: list[Fault] = []
    kind = _KINDS.get(fold(words.get("kind", "")))
    if kind is None:
        faults.append(_kind_unknown(words.get("kind", "")))
    if not words.get("agency", "").strip():
        faults.append(missing("agency"))
    assigned_on, due_on = (read_day(words.get(name, ""), name, faults) for name in _DAYS)
    by = words.get("assigned_by", "").strip()
    given = Given(
        kind=kind or ObligationKind.TASK,
        agency=directory.canonical(normalise_code(words.get("agency", ""))),
        reference=words.get("reference", ""),
        subject=words.get("subject", ""),
        assigned_by=directory.canonical(normalise_code(by)) if by else None,
        assigned_on=assigned_on,
        due_on=due_on,
    )
    broken = {fault.where for fault in faults}
    if not broken.isdisjoint(_DAYS):
        broken.update(_DAYS)  # a day is held against another one only when both are days
    faults += [
        fault for fault in faults_of(given, today=today, directory=directory) if fault.where not in broken
    ]
    return given, [replace(fault, where=place(fault.where)) for fault in faults]


def read_day(text: str, where: str, faults: list[Fault]) -> date | None:
    """Read a day, 2026-04-30 or 30/4/2026; None when nothing is said, or with a fault."""
    text = text.strip()
    if not text:
        return None
    iso, usual = _ISO.fullmatch(text), _USUAL.fullmatch(text)
    numbers = iso.groups() if iso is not None else usual.groups()[::-1] if usual is not None else ()
    try:
        day = date(*map(int, numbers))
        if day.year >= _FIRST_YEAR:
            return day
    except (TypeError, ValueError):
        pass
    vi, en = "Ngày phải viết như 2026-04-30 hoặc 30/4/2026.", "A day is written 2026-04-30 or 30/4/2026."
    faults.append(Fault(rule="day-form", where=where, vi=vi, en=en))
    return None


def _kind_unknown(said: str) -> Fault:
    if not said.strip():
        return missing("kind")
    known = ", ".join(ObligationKind)
    named = ", ".join(kind.vi for kind in ObligationKind)
    vi, en = f"Không có loại này; các loại: {named} ({known}).", f"There is no such kind; there are {known}."
    return Fault(rule="kind-unknown", where="kind", vi=vi, en=en)
