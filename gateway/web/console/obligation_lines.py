"""An obligation in words: who owes what to whom, until when, and how it stands."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from gateway.exchange.directory import Snapshot
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import OBLIGATION_NAMES, STANDING_NAMES, Obligation, ObligationKind, Standing
from gateway.model.people import Permission
from gateway.model.report import Words
from gateway.web.console.documents import name_of
from gateway.web.console.labels import Label, begin_line
from gateway.web.console.visitor import Visitor

Codes = Collection[AgencyCode] | None

_STANDINGS: dict[Standing, tuple[str, str]] = {
    Standing.OPEN: ("note", "moving"),
    Standing.DONE: ("good", "check"),
    Standing.PASSED_ON: ("calm", "out"),
    Standing.GUIDED: ("calm", "question"),
    Standing.CANCELLED: ("calm", "cross"),
}
# Who has no more days than these is told so.
_SOON_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One obligation of a list. Shape: subject is None for who reads no documents; due None says nothing."""

    obligation: Obligation
    subject: str | None
    agency: str
    giver: Words
    standing: Label
    due: Label | None


KINDS: dict[ObligationKind, Words] = {kind: begin_line(words) for kind, words in OBLIGATION_NAMES.items()}
STANDINGS: dict[Standing, Label] = {
    standing: Label(*_STANDINGS[standing], begin_line(words)) for standing, words in STANDING_NAMES.items()
}


def tell_lines(found: Iterable[Obligation], directory: Snapshot, visitor: Visitor, today: date) -> list[Line]:
    """Tell obligations to somebody."""
    return [
        Line(
            obligation=one,
            subject=subject_for(visitor, one),
            agency=name_of(directory, one.agency),
            giver=name_giver(one, directory),
            standing=STANDINGS[one.standing],
            due=tell_due(one, today),
        )
        for one in found
    ]


def subject_for(visitor: Visitor, obligation: Obligation) -> str | None:
    """Tell what it is about; the abstract of a document only to who reads documents."""
    may_know = obligation.thread_id is None or visitor.may(Permission.READ)
    return obligation.subject if may_know else None


def name_giver(obligation: Obligation, directory: Snapshot) -> Words:
    """Name who gave it; nobody did where a citizen asked."""
    if obligation.assigned_by is None:
        return "người dân", "a citizen"
    name = name_of(directory, obligation.assigned_by)
    return name, name


def tell_due(obligation: Obligation, today: date) -> Label | None:
    """Tell how many days are left, or by how many it was late; None where that is nobody's concern."""
    due_on = obligation.due_on
    if due_on is None or obligation.standing is Standing.CANCELLED:
        return None
    left = (due_on - (obligation.ended_on or today)).days
    if left < 0:
        late = -left
        words = f"quá hạn {late} ngày", f"{late} {_days(late)} late"
        return Label("wait" if obligation.ended_on else "bad", "hourglass", words)
    if obligation.ended_on is not None:
        return Label("good", "check", ("đúng hạn", "in time"))
    if left == 0:
        return Label("wait", "clock", ("hạn hôm nay", "due today"))
    return Label(
        "wait" if left <= _SOON_DAYS else "calm", "clock", (f"còn {left} ngày", f"{left} {_days(left)} left")
    )


def _days(count: int) -> str:
    return "day" if count == 1 else "days"


def own_codes(visitor: Visitor, directory: Snapshot) -> frozenset[AgencyCode] | None:
    """Name every code for which a visitor's agencies answer; None for all there are."""
    agencies = visitor.user.agencies
    return None if agencies is None else directory.answered_for(agencies)


def sees(codes: Codes, obligation: Obligation) -> bool:
    """Tell whether an obligation is among what some agencies owe or gave."""
    return codes is None or obligation.agency in codes or obligation.assigned_by in codes


def may_move(visitor: Visitor, codes: Codes, obligation: Obligation) -> bool:
    """Tell whether a visitor may move an obligation: one that his agencies owe."""
    return visitor.may(Permission.ASSIGN) and (codes is None or obligation.agency in codes)
