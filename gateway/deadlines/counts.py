"""What obligations add up to: the five counts of tasks, rates of dossiers, what became of petitions.

A day is what counts, never an hour: what is owed by a day is in time until that day has ended in Vietnam.
Source: docs/figures.md; the formulas are those offices report by.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum

from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationKind, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days in Vietnam, both ends included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        """Tell whether a day lies in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """Looks at facts for the figures of one period on one day, so that many of them become alike.

    Figures of that period and day are the same with it and without; what counts for none of them is not seen.
    """

    period: Period
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """All that counts about an obligation: many have the same."""

    kind: ObligationKind
    agency: AgencyCode
    standing: Standing
    assigned_on: date
    due_on: date | None
    ended_on: date | None


Facts = Mapping[Fact, int]
"""How many obligations are alike."""


def fact_of(obligation: Obligation) -> Fact:
    """Tell what counts about an obligation."""
    return Fact(
        kind=obligation.kind,
        agency=obligation.agency,
        standing=obligation.standing,
        assigned_on=obligation.assigned_on,
        due_on=obligation.due_on,
        ended_on=obligation.ended_on,
    )


class Place(Enum):
    """Where an obligation is counted: exactly one place for each that was not cancelled."""

    DONE_IN_TIME = "done-in-time"
    DONE_LATE = "done-late"
    OPEN_IN_TIME = "open-in-time"
    OPEN_OVERDUE = "open-overdue"


def place_of(fact: Fact, today: date) -> Place:
    """Tell where a fact is counted on a day. What was passed on or guided is done, for who did it."""
    last = fact.ended_on or today
    in_time = fact.due_on is None or last <= fact.due_on
    if fact.standing is Standing.OPEN:
        return Place.OPEN_IN_TIME if in_time else Place.OPEN_OVERDUE
    return Place.DONE_IN_TIME if in_time else Place.DONE_LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The five counts. assigned is their sum, by what they are."""

    done_in_time: int = 0
    done_late: int = 0
    open_in_time: int = 0
    open_overdue: int = 0

    @property
    def assigned(self) -> int:
        """Count all."""
        return self.done + self.open

    @property
    def done(self) -> int:
        """Count what has ended."""
        return self.done_in_time + self.done_late

    @property
    def open(self) -> int:
        """Count what has not."""
        return self.open_in_time + self.open_overdue

    def __add__(self, other: "Counts") -> "Counts":
        """Count both together."""
        return Counts(
            done_in_time=self.done_in_time + other.done_in_time,
            done_late=self.done_late + other.done_late,
            open_in_time=self.open_in_time + other.open_in_time,
            open_overdue=self.open_overdue + other.open_overdue,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one agency owed in a period: what was assigned in it, and what was still open from before."""

    assigned: Counts = Counts()
    carried_over: Counts = Counts()


def count_obligations(
    facts: Facts, kind: ObligationKind, *, period: Period, today: date
) -> dict[AgencyCode, Account]:
    """Count for each agency what was assigned in a period, and apart what it brought along into it."""
    assigned: dict[AgencyCode, Counter[Place]] = {}
    carried: dict[AgencyCode, Counter[Place]] = {}
    for fact, count in facts.items():
        if fact.kind is not kind or fact.standing is Standing.CANCELLED or fact.assigned_on > period.last:
            continue
        if fact.assigned_on in period:
            assigned.setdefault(fact.agency, Counter())[place_of(fact, today)] += count
        elif fact.ended_on is None or fact.ended_on >= period.first:
            carried.setdefault(fact.agency, Counter())[place_of(fact, today)] += count
    return {
        agency: Account(
            assigned=_counts(assigned.get(agency, Counter())),
            carried_over=_counts(carried.get(agency, Counter())),
        )
        for agency in assigned.keys() | carried.keys()
    }


def _counts(places: Counter[Place]) -> Counts:
    return Counts(
        done_in_time=places[Place.DONE_IN_TIME],
        done_late=places[Place.DONE_LATE],
        open_in_time=places[Place.OPEN_IN_TIME],
        open_overdue=places[Place.OPEN_OVERDUE],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """How dossiers were resolved in a period: by the day they were resolved, not by the day they came.

    Shape: early, on_the_day and late add up to all that were resolved; the open ones are those of today.
    """

    received: int = 0
    early: int = 0
    on_the_day: int = 0
    late: int = 0
    open_in_time: int = 0
    open_overdue: int = 0

    @property
    def in_time(self) -> int:
        """Count what was resolved by its day."""
        return self.early + self.on_the_day

    @property
    def resolved(self) -> int:
        """Count what was resolved."""
        return self.in_time + self.late

    @property
    def on_time_rate(self) -> Decimal | None:
        """Tell the share of all resolved that was in time, in per cent; None when nothing was resolved."""
        return share(self.in_time, self.resolved)

    @property
    def strict_rate(self) -> Decimal | None:
        """Tell the same where what is open and overdue counts as late."""
        return share(self.in_time, self.resolved + self.open_overdue)

    def __add__(self, other: "Resolved") -> "Resolved":
        """Count both together."""
        return Resolved(
            received=self.received + other.received,
            early=self.early + other.early,
            on_the_day=self.on_the_day + other.on_the_day,
            late=self.late + other.late,
            open_in_time=self.open_in_time + other.open_in_time,
            open_overdue=self.open_overdue + other.open_overdue,
        )


def count_resolved(
    facts: Facts, kind: ObligationKind, *, period: Period, today: date
) -> dict[AgencyCode, Resolved]:
    """Count for each agency what it received and resolved in a period, and what is open on a day."""
    found: dict[AgencyCode, Counter[str]] = {}
    for fact, count in facts.items():
        if fact.kind is not kind or fact.standing is Standing.CANCELLED or fact.assigned_on > period.last:
            continue
        tally = found.setdefault(fact.agency, Counter())
        if fact.assigned_on in period:
            tally["received"] += count
        if fact.standing is Standing.OPEN:
            tally["open_overdue" if place_of(fact, today) is Place.OPEN_OVERDUE else "open_in_time"] += count
        elif fact.ended_on is not None and fact.ended_on in period:
            tally[_punctuality(fact.ended_on, fact.due_on)] += count
    return {agency: Resolved(**tally) for agency, tally in found.items()}


def _punctuality(ended_on: date, due_on: date | None) -> str:
    if due_on is None or ended_on < due_on:
        return "early"
    return "on_the_day" if ended_on == due_on else "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """What became of petitions received in a period. received is their sum."""

    resolved: int = 0
    passed_on: int = 0
    guided: int = 0
    open: int = 0

    @property
    def received(self) -> int:
        """Count all."""
        return self.resolved + self.passed_on + self.guided + self.open

    def __add__(self, other: "Became") -> "Became":
        """Count both together."""
        return Became(
            resolved=self.resolved + other.resolved,
            passed_on=self.passed_on + other.passed_on,
            guided=self.guided + other.guided,
            open=self.open + other.open,
        )


_BECAME = {
    Standing.DONE: "resolved",
    Standing.PASSED_ON: "passed_on",
    Standing.GUIDED: "guided",
    Standing.OPEN: "open",
}


def count_fates(facts: Facts, kind: ObligationKind, *, period: Period) -> dict[AgencyCode, Became]:
    """Count for each agency what became of what it received in a period."""
    found: dict[AgencyCode, Counter[str]] = {}
    for fact, count in facts.items():
        if fact.kind is kind and fact.assigned_on in period and fact.standing is not Standing.CANCELLED:
            found.setdefault(fact.agency, Counter())[_BECAME[fact.standing]] += count
    return {agency: Became(**tally) for agency, tally in found.items()}


def share(part: int, whole: int) -> Decimal | None:
    """Tell a share in per cent, rounded half up to two places; None of nothing.

    Source: of nothing there is no share: neither 0 nor 100 would be true.
    """
    if whole == 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.01"), ROUND_HALF_UP)
