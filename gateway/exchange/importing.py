"""Lists of obligations taken in: everything is checked first, then a part at a time is written.

Whoever is interrupted imports the same list again: what is written already changes nothing.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import IO

from gateway.errors import Fault, Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.duties import instant_of, obligation_of, too_early
from gateway.exchange.duty_list import Key, Line, read_lines
from gateway.exchange.obligations import IMPORTED, Cause, Obligations
from gateway.model.formats import local_day
from gateway.model.log import LogEntry, LogKind
from gateway.model.obligation import NEXT, Act, Obligation, Standing
from gateway.model.text import one_line
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.obligations import Found, find_called, load_called
from gateway.store.tables import Tables

_LINES_AT_ONCE = 250


@dataclass(slots=True, kw_only=True)
class Brought:
    """What a list brings. Shape: differing are the lines that say other than what stays as it is."""

    lines: int = 0
    given: int = 0
    extended: int = 0
    finished: int = 0
    differing: list[int] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Count what is written."""
        return self.given + self.extended + self.finished


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What one line leads to."""

    line: Line
    found: Found | None
    acts: tuple[Act, ...]
    differs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """Takes lists in."""

    database: Database
    directory: Directory
    obligations: Obligations
    clock: Callable[[], datetime]

    async def look(self, file: IO[bytes]) -> Brought:
        """Tell what a list would bring, and write nothing.

        Errors: Refusal ``list-wrong`` with all faults, each with its line.
        """
        directory = await self.directory.current(certainly=True)
        brought, faults = Brought(), list[Fault]()
        lines = read_lines(file, faults, directory, today=local_day(self.clock()))
        while part := list(islice(lines, _LINES_AT_ONCE)):
            found = _by_key(await load_called(self.database, [line.key[2] for line in part]))
            for line in part:
                _count(brought, _plan(line, found, faults))
        if faults:
            raise Refusal("list-wrong", faults)
        return brought

    async def take(self, file: IO[bytes], *, by: str) -> Brought:
        """Take a list in: what is new is given, another day extends, a done day finishes.

        Errors: Refusal ``list-wrong`` with all faults, before anything is written.
        """
        brought = await self.look(file)
        if not brought.changes:
            return brought
        at, directory = self.clock(), await self.directory.current()
        brought, faults = Brought(), list[Fault]()
        lines = read_lines(file, faults, directory, today=local_day(at))
        while part := list(islice(lines, _LINES_AT_ONCE)):
            plans, found = await self.database.write(self._writing(part, directory, by=by, at=at))
            passed(Point.DUTIES_IMPORTED)
            faults += found
            for plan in plans:
                _count(brought, plan)
        if faults:  # somebody moved what the list is about while it was taken in: those lines are left out
            raise Refusal("list-wrong", faults)
        await self._record(file, brought, by=by, at=at)
        return brought

    def _writing(
        self, part: Sequence[Line], directory: Snapshot, *, by: str, at: datetime
    ) -> Callable[[Tables], tuple[list[_Plan], list[Fault]]]:
        def act(tables: Tables) -> tuple[list[_Plan], list[Fault]]:
            found, faults = _by_key(find_called(tables, [line.key[2] for line in part])), list[Fault]()
            plans = [_plan(line, found, faults) for line in part]
            for plan in plans:
                self._carry_out(tables, plan, directory, by=by, at=at)
            return plans, faults

        return act

    def _carry_out(self, tables: Tables, plan: _Plan, directory: Snapshot, *, by: str, at: datetime) -> None:
        line, held = plan.line, None if plan.found is None else plan.found.obligation
        # Of something that is done a new day counts from when it was done, for it cannot count later.
        ended_at = at if line.done_on is None else instant_of(line.done_on, at)
        for act in plan.acts:
            if act is Act.OPEN:
                wanted = obligation_of(line.given, directory, new_id=self.obligations.new_id(at), at=at)
                held = self.obligations.open(tables, wanted, _cause(wanted.assigned_at, at, by))
            elif held is not None:
                due_on = line.given.due_on if act is Act.EXTEND else None
                held = self.obligations.move(tables, held, act, _cause(ended_at, at, by), due_on=due_on)

    async def _record(self, file: IO[bytes], brought: Brought, *, by: str, at: datetime) -> None:
        file.seek(0)
        entry = self._entry(
            "obligations-imported",
            by=by,
            at=at,
            list=hashlib.file_digest(file, "sha256").hexdigest(),  # type: ignore[arg-type]  # any file will do
            given=brought.given,
            extended=brought.extended,
            finished=brought.finished,
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.IMPORT_RECORDED)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        notary = self.obligations.notary
        return notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)


def _by_key(found: Iterable[Found]) -> dict[Key, list[Found]]:
    by_key: dict[Key, list[Found]] = {}
    for each in found:
        key = each.obligation.kind, each.obligation.agency, each.called
        by_key.setdefault(key, []).append(each)
    return by_key


def _plan(line: Line, found: dict[Key, list[Found]], faults: list[Fault]) -> _Plan:
    """Decide what a line leads to.

    What a document imposed is known by its name and year: a list may hold it as well, and it is owed once.
    """
    known = found.get(line.key, [])
    same_year = [each for each in known if each.obligation.assigned_on.year == line.assigned_on.year]
    for each in known:
        if each.obligation.thread_id is not None:
            continue
        if each in same_year:
            return _plan_for_known(line, each, faults)
        faults.append(_name_taken(line, each.obligation.assigned_on))
        return _Plan(line=line, found=each, acts=())
    if same_year:
        return _plan_for_known(line, same_year[0], faults)
    return _Plan(line=line, found=None, acts=(Act.OPEN, *_end(line)))


def _plan_for_known(line: Line, found: Found, faults: list[Fault]) -> _Plan:
    held = found.obligation
    extend = () if line.given.due_on in (None, held.due_on) else (Act.EXTEND,)
    if held.standing is not Standing.OPEN:
        same_end = (held.standing, held.ended_on) == (NEXT[Standing.OPEN][line.ends_by], line.done_on)
        return _Plan(
            line=line, found=found, acts=(), differs=bool(extend) or not same_end or _differs(line, held)
        )
    last_on = local_day(found.moved_at)
    if line.done_on is not None and line.done_on < last_on:
        faults.append(too_early(last_on, where=line.row.place("done_on")))
        return _Plan(line=line, found=found, acts=())
    return _Plan(line=line, found=found, acts=(*extend, *_end(line)), differs=_differs(line, held))


def _end(line: Line) -> tuple[Act, ...]:
    return () if line.done_on is None else (line.ends_by,)


def _differs(line: Line, held: Obligation) -> bool:
    """Tell whether a list says other of what cannot be changed; what a document says is its own affair."""
    said = one_line(line.given.subject), line.assigned_on, line.given.assigned_by or held.assigned_by
    return held.thread_id is None and said != (held.subject, held.assigned_on, held.assigned_by)


def _count(brought: Brought, plan: _Plan) -> None:
    brought.lines += 1
    brought.given += Act.OPEN in plan.acts
    brought.extended += Act.EXTEND in plan.acts
    brought.finished += plan.line.ends_by in plan.acts
    if plan.differs:
        brought.differing.append(plan.line.row.line)


def _cause(counts_at: datetime, at: datetime, by: str) -> Cause:
    return Cause(at=counts_at, recorded_at=at, by=by, reason=IMPORTED)


def _name_taken(line: Line, day: date) -> Fault:
    return Fault(
        rule="obligation-exists",
        where=line.row.place("reference"),
        vi=f"đã có với ngày giao {day:%d/%m/%Y}; mã đánh lại từ đầu mỗi năm cần ghi cả năm, như 15/2026",
        en=f"is there, assigned on {day.isoformat()}; numbers that begin anew each year need it, as 15/2026",
    )
