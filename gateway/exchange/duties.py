"""Obligations as people and other programs see and move them: what begins outside the exchange, by hand.

Each act is one transaction with its entry. What documents do by themselves is in obligations.py.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.deadlines.calendar import end_of_day
from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.obligations import Cause, Obligations
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Step, cannot, may
from gateway.points import Point, passed
from gateway.store import obligations
from gateway.store.database import Database

_INSTANT = timedelta(microseconds=1)
LONGEST = {"reference": 200, "subject": 500, "reason": 1000}
_MISSING = {
    "reference": ("Chưa ghi mã, số của việc.", "What it is called is missing."),
    "subject": ("Chưa ghi nội dung của việc.", "What it is about is missing."),
}
REASON_OWED = frozenset({Act.CANCEL, Act.REOPEN, Act.EXTEND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Something an agency is to do, said by somebody. Shape: assigned_on None is today."""

    kind: ObligationKind
    agency: AgencyCode
    reference: str
    subject: str
    assigned_by: AgencyCode | None = None
    assigned_on: date | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """Lets people and programs give, extend and end what agencies owe."""

    database: Database
    directory: Directory
    obligations: Obligations
    clock: Callable[[], datetime]

    async def give(self, given: Given, *, by: str) -> Obligation:
        """Open an obligation; the same once more finds the one that is there.

        Errors: Refusal with all faults; ``obligation-exists`` when it is there with other particulars.
        """
        at = self.clock()
        directory = await self.directory.current()
        agency = directory.canonical(given.agency)
        check_given(given, today=local_day(at), is_known=agency in directory.agencies)
        assigned_at = _instant_of(given.assigned_on, at)
        obligation = Obligation(
            id=self.obligations.new_id(at),
            kind=given.kind,
            agency=agency,
            reference=given.reference.strip(),
            subject=given.subject.strip(),
            assigned_at=assigned_at,
            assigned_by=None if given.assigned_by is None else directory.canonical(given.assigned_by),
            due_on=given.due_on,
            first_due_on=given.due_on,
        )

        def act(tables: sqlite3.Connection) -> Obligation:
            for held in obligations.owed_under_name(tables, obligation.reference):
                if held.thread_id is None and (held.kind, held.agency) == (obligation.kind, agency):
                    return _the_same(held, obligation)
            cause = Cause(at=assigned_at, recorded_at=at, by=by)
            return self.obligations.open(tables, obligation, cause)

        written = await self.database.write(act)
        passed(Point.DUTY_GIVEN)
        return written

    async def move(
        self,
        obligation_id: ObligationId,
        act: Act,
        *,
        by: str,
        on: date | None = None,
        due_on: date | None = None,
        reason: str = "",
        allowed: Callable[[Obligation], bool] = lambda _: True,
    ) -> Obligation:
        """Move an obligation; on is the day it counts for, by default now.

        Errors: Refusal ``obligation-unknown`` (also of what is not allowed), ``obligation-cannot``,
        ``reason-missing``, ``day-missing``, ``day-impossible``.
        """
        at = self.clock()
        why = reason.strip()[: LONGEST["reason"]]

        def step(tables: sqlite3.Connection) -> Obligation:
            held = obligations.find_obligation(tables, obligation_id)
            last = obligations.last_step(tables, obligation_id)
            if held is None or last is None or not allowed(held):
                raise _unknown()
            _check_move(held, last, act, on=on, due_on=due_on, reason=why, today=local_day(at))
            counts_at = max(_instant_of(on, at), last.at)
            cause = Cause(at=counts_at, recorded_at=at, by=by, reason=why or None)
            return self.obligations.move(tables, held, act, cause, due_on=due_on)

        after = await self.database.write(step)
        passed(Point.DUTY_MOVED)
        return after


def check_given(given: Given, *, today: date, is_known: bool = True) -> None:
    """Check what somebody wants to be done; is_known tells whether the directory has the agency.

    Errors: Refusal with all faults.
    """
    faults: list[Fault] = [] if is_known else [_unknown_agency(given.agency)]
    for name in ("reference", "subject"):
        text = getattr(given, name).strip()
        if not text:
            vi, en = _MISSING[name]
            faults.append(Fault(rule="missing", where=name, vi=vi, en=en))
        elif len(text) > LONGEST[name]:
            vi, en = f"Dài quá {LONGEST[name]} ký tự.", f"Longer than {LONGEST[name]} characters."
            faults.append(Fault(rule="too-long", where=name, vi=vi, en=en))
    if given.assigned_on is not None and given.assigned_on > today:
        faults.append(_impossible("assigned_on", "Ngày giao chưa đến.", "The day of assignment is to come."))
    if given.due_on is not None and given.due_on < (given.assigned_on or today):
        faults.append(_impossible("due_on", "Hạn trước ngày giao.", "It is due before it was assigned."))
    if faults:
        raise Refusal("obligation-wrong", faults)


def _instant_of(day: date | None, at: datetime) -> datetime:
    """Return the last instant of a day that has passed, or now."""
    return at if day is None or day == local_day(at) else end_of_day(day) - _INSTANT


def _the_same(held: Obligation, wanted: Obligation) -> Obligation:
    same = (held.subject, held.due_on, held.assigned_by) == (
        wanted.subject,
        wanted.due_on,
        wanted.assigned_by,
    )
    if not same:
        raise Refusal.because(
            "obligation-exists",
            where="reference",
            vi=f"Đã có “{held.reference}” của cơ quan này với nội dung khác.",
            en=f"“{held.reference}” of this agency is there already, with other particulars.",
        )
    return held


def _check_move(
    held: Obligation, last: Step, act: Act, *, on: date | None, due_on: date | None, reason: str, today: date
) -> None:
    """Check what is said of a change: all of it, unless it cannot be in any case.

    Errors: Refusal with all faults; its code is that of the first.
    """
    if not may(held, act):
        raise cannot(held, act)
    faults = [*_faults_of_day(last, on, today)]
    if act in REASON_OWED and not reason:
        faults.append(
            Fault(rule="reason-missing", where="reason", vi="Phải nêu lý do.", en="A reason is owed.")
        )
    if act is Act.EXTEND and due_on is None:
        vi, en = "Chưa ghi hạn mới.", "The new day is missing."
        faults.append(Fault(rule="day-missing", where="due_on", vi=vi, en=en))
    if act is Act.EXTEND and due_on is not None and due_on == held.due_on:
        faults.append(_impossible("due_on", "Hạn mới trùng hạn cũ.", "That is the day it is due already."))
    if due_on is not None and due_on < held.assigned_on:
        faults.append(_impossible("due_on", "Hạn trước ngày giao.", "It is due before it was assigned."))
    if faults:
        raise Refusal(faults[0].rule, faults)


def _faults_of_day(last: Step, on: date | None, today: date) -> Iterable[Fault]:
    if on is not None and on > today:
        yield _impossible("on", "Ngày này chưa đến.", "That day has not come yet.")
    before = local_day(last.at)
    if on is not None and on < before:
        yield _impossible(
            "on",
            f"Trước lần thay đổi gần nhất, ngày {before:%d/%m/%Y}.",
            f"That is before the last change, on {before.isoformat()}.",
        )


def _impossible(where: str, vi: str, en: str) -> Fault:
    return Fault(rule="day-impossible", where=where, vi=vi, en=en)


def _unknown() -> Refusal:
    return Refusal.because(
        "obligation-unknown", where="id", vi="Không có việc này.", en="There is no such obligation."
    )


def _unknown_agency(code: AgencyCode) -> Fault:
    return Fault(
        rule="agency-unknown",
        where="agency",
        vi=f"Không có cơ quan {code} trong danh mục.",
        en=f"Agency {code} is not in the directory.",
    )
