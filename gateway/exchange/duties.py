"""Obligations as people and other programs see and move them: what begins outside the exchange, by hand.

Each act is one transaction with its entry. What documents do by themselves is in obligations.py; how words
become what is given, duty_reading.py; whole lists, importing.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.deadlines.calendar import end_of_day
from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.obligations import Cause, Obligations
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Step, cannot, may
from gateway.model.text import one_line
from gateway.points import Point, passed
from gateway.store import obligations
from gateway.store.database import Database
from gateway.store.tables import Tables

_INSTANT = timedelta(microseconds=1)
LONGEST = {"reference": 200, "subject": 500, "reason": 1000}
_MISSING = {
    "reference": ("Chưa ghi mã, số của việc.", "What it is called is missing."),
    "subject": ("Chưa ghi nội dung của việc.", "What it is about is missing."),
}
REASON_OWED = frozenset({Act.CANCEL, Act.REOPEN, Act.EXTEND})
GIVES_A_DAY = frozenset({Act.EXTEND, Act.REOPEN})


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
        """Open an obligation; the same once more finds the one that is there, whatever became of it.

        Errors: Refusal ``obligation-wrong`` with all faults; ``obligation-exists`` when it is there with
        other particulars.
        """
        at = self.clock()
        directory = await self.directory.current()
        check_given(given, today=local_day(at), directory=directory)
        wanted = obligation_of(given, directory, new_id=self.obligations.new_id(at), at=at)

        def act(tables: Tables) -> Obligation:
            for held in obligations.owed_under_name(tables, wanted.reference):
                if held.thread_id is None and (held.kind, held.agency) == (wanted.kind, wanted.agency):
                    opening = obligations.first_step(tables, held.id)
                    return _the_same(held, wanted, opening, on=given.assigned_on)
            cause = Cause(at=wanted.assigned_at, recorded_at=at, by=by)
            return self.obligations.open(tables, wanted, cause)

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
        may_repeat: bool = False,
    ) -> Obligation:
        """Move an obligation; on is the day it counts for, by default now.

        Shape: with may_repeat what was the last thing to happen, said again by the same, changes nothing;
        so speaks a program that heard no answer.
        Errors: Refusal ``obligation-unknown`` (also of what is not allowed), ``obligation-cannot``, and
        ``act-wrong`` with all faults.
        """
        at = self.clock()
        why = one_line(reason)

        def step(tables: Tables) -> Obligation:
            held = obligations.find_obligation(tables, obligation_id)
            last = obligations.last_step(tables, obligation_id)
            if held is None or last is None or not allowed(held):
                raise unknown_obligation()
            if may_repeat and _is_said_again(last, act, by=by, on=on, due_on=due_on, reason=why):
                return held
            if not may(held, act):
                raise cannot(held, act)
            faults = [*check_act(act, why, on=on, due_on=due_on, today=local_day(at))]
            if faults := [*faults, *_check_days(held, last, act, on=on, due_on=due_on)]:
                raise Refusal("act-wrong", faults)
            cause = Cause(at=instant_of(on, at), recorded_at=at, by=by, reason=why or None)
            return self.obligations.move(tables, held, act, cause, due_on=due_on)

        after = await self.database.write(step)
        passed(Point.DUTY_MOVED)
        return after


def check_given(given: Given, *, today: date, directory: Snapshot | None = None) -> None:
    """Check what somebody wants to be done; its agencies too, with a directory.

    Errors: Refusal with all faults.
    """
    if faults := list(faults_of(given, today=today, directory=directory)):
        raise Refusal("obligation-wrong", faults)


def faults_of(given: Given, *, today: date, directory: Snapshot | None = None) -> Iterator[Fault]:
    """Tell what is wrong with what somebody wants to be done, each fault at the name of its part."""
    for name in ("reference", "subject"):
        text = one_line(getattr(given, name))
        if not text:
            yield missing(name)
        elif len(text) > LONGEST[name]:
            yield _too_long(name)
    for name, code in (("agency", given.agency), ("assigned_by", given.assigned_by)):
        if directory and code is not None and directory.canonical(code) not in directory.agencies:
            vi, en = f"Không có cơ quan {code} trong danh bạ.", f"Agency {code} is not in the directory."
            yield Fault(rule="unknown-agency", where=name, vi=vi, en=en)
    if given.assigned_on is not None and given.assigned_on > today:
        yield _impossible("assigned_on", "Ngày giao chưa đến.", "The day of assignment is to come.")
    if given.due_on is not None and given.due_on < (given.assigned_on or today):
        yield _due_too_early()


def obligation_of(given: Given, directory: Snapshot, *, new_id: ObligationId, at: datetime) -> Obligation:
    """Make the obligation that somebody gives; at is now."""
    return Obligation(
        id=new_id,
        kind=given.kind,
        agency=directory.canonical(given.agency),
        reference=one_line(given.reference),
        subject=one_line(given.subject),
        assigned_at=instant_of(given.assigned_on, at),
        assigned_by=None if given.assigned_by is None else directory.canonical(given.assigned_by),
        due_on=given.due_on,
        first_due_on=given.due_on,
    )


def instant_of(day: date | None, at: datetime) -> datetime:
    """Return the last instant of a day that has passed, or now."""
    return at if day is None or day == local_day(at) else end_of_day(day) - _INSTANT


def _the_same(held: Obligation, wanted: Obligation, opening: Step | None, *, on: date | None) -> Obligation:
    due_on = held.due_on if opening is None else opening.due_on
    same = (held.subject, due_on, held.assigned_by) == (wanted.subject, wanted.due_on, wanted.assigned_by)
    if not same or on not in (None, held.assigned_on):
        raise Refusal.because(
            "obligation-exists",
            where="reference",
            vi=f"Đã có “{held.reference}” của cơ quan này với nội dung khác.",
            en=f"“{held.reference}” of this agency is there already, with other particulars.",
        )
    return held


def _is_said_again(
    last: Step, act: Act, *, by: str, on: date | None, due_on: date | None, reason: str
) -> bool:
    same = (last.act, last.by, last.due_on, last.reason or "") == (act, by, due_on, reason)
    return same and on in (None, local_day(last.at))


def check_act(act: Act, reason: str, *, on: date | None, due_on: date | None, today: date) -> Iterator[Fault]:
    """Check what somebody says about an act; reason is `clean`."""
    if act in REASON_OWED and not reason:
        yield Fault(rule="reason-missing", where="reason", vi="Phải nêu lý do.", en="A reason is owed.")
    elif len(reason) > LONGEST["reason"]:
        yield _too_long("reason")
    if act is Act.EXTEND and due_on is None:
        yield Fault(rule="day-missing", where="due_on", vi="Chưa ghi hạn mới.", en="The new day is missing.")
    if due_on is not None and act not in GIVES_A_DAY:
        vi, en = "Việc này không đổi hạn.", "This does not change the day it is due."
        yield Fault(rule="day-unexpected", where="due_on", vi=vi, en=en)
    if on is not None and on > today:
        yield _impossible("on", "Ngày này chưa đến.", "That day has not come yet.")


def _check_days(
    held: Obligation, last: Step, act: Act, *, on: date | None, due_on: date | None
) -> Iterator[Fault]:
    if act is Act.EXTEND and due_on is not None and due_on == held.due_on:
        yield _impossible("due_on", "Hạn mới trùng hạn cũ.", "That is the day it is due already.")
    if due_on is not None and due_on < held.assigned_on:
        yield _due_too_early()
    if on is not None and on < local_day(last.at):
        yield too_early(local_day(last.at), where="on")


def missing(where: str) -> Fault:
    """Make the fault of a part that is not there."""
    vi, en = _MISSING.get(where, ("Chưa ghi.", "It is missing."))
    return Fault(rule="missing", where=where, vi=vi, en=en)


def too_early(day: date, *, where: str) -> Fault:
    """Make the fault of a day that lies before the last change."""
    return _impossible(
        where,
        f"Trước lần thay đổi gần nhất, ngày {day:%d/%m/%Y}.",
        f"That is before the last change, on {day.isoformat()}.",
    )


def _impossible(where: str, vi: str, en: str) -> Fault:
    return Fault(rule="day-impossible", where=where, vi=vi, en=en)


def _too_long(where: str) -> Fault:
    vi, en = f"Dài quá {LONGEST[where]} ký tự.", f"Longer than {LONGEST[where]} characters."
    return Fault(rule="too-long", where=where, vi=vi, en=en)


def _due_too_early() -> Fault:
    return _impossible("due_on", "Hạn trước ngày giao.", "It is due before it was assigned.")


def unknown_obligation() -> Refusal:
    """Say that there is no such obligation, or none that one may see."""
    return Refusal.because(
        "obligation-unknown", where="id", vi="Không có việc này.", en="There is no such obligation."
    )
