"""Obligations: what an agency owes by a day, because a document, a citizen or an operator asked it to.

A task, a dossier, a petition and a field report are one notion. What moves an obligation is the table below;
what its standing counts for is in `deadlines`; who moves it, exchange/obligations.py.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from gateway.errors import Refusal
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId

ObligationId = NewType("ObligationId", str)
"""Our id of an obligation; sorts by the instant it was recorded."""


class ObligationKind(StrEnum):
    """What is owed."""

    TASK = "task"
    DOSSIER = "dossier"
    PETITION = "petition"
    FIELD_REPORT = "field-report"

    @property
    def vi(self) -> str:
        """Name it for a Vietnamese reader."""
        return OBLIGATION_NAMES[self][0]

    @property
    def en(self) -> str:
        """Name it for an English reader."""
        return OBLIGATION_NAMES[self][1]


OBLIGATION_NAMES: dict[ObligationKind, tuple[str, str]] = {
    ObligationKind.TASK: ("nhiệm vụ", "task"),
    ObligationKind.DOSSIER: ("hồ sơ", "dossier"),
    ObligationKind.PETITION: ("đơn thư", "petition"),
    ObligationKind.FIELD_REPORT: ("phản ánh hiện trường", "field report"),
}


class Standing(StrEnum):
    """Where an obligation stands. All but OPEN are ends, though not for ever."""

    OPEN = "open"
    DONE = "done"
    PASSED_ON = "passed-on"
    GUIDED = "guided"
    CANCELLED = "cancelled"


STANDING_NAMES: dict[Standing, tuple[str, str]] = {
    Standing.OPEN: ("đang thực hiện", "in progress"),
    Standing.DONE: ("hoàn thành", "done"),
    Standing.PASSED_ON: ("đã chuyển", "passed on"),
    Standing.GUIDED: ("đã hướng dẫn", "guided"),
    Standing.CANCELLED: ("đã hủy", "cancelled"),
}


class Act(StrEnum):
    """What can happen to an obligation."""

    OPEN = "open"
    EXTEND = "extend"
    FINISH = "finish"
    PASS_ON = "pass-on"  # noqa: S105 - no secret
    GUIDE = "guide"
    REOPEN = "reopen"
    CANCEL = "cancel"


ACT_NAMES: dict[Act, tuple[str, str]] = {
    Act.OPEN: ("giao", "give"),
    Act.EXTEND: ("gia hạn", "extend"),
    Act.FINISH: ("hoàn thành", "finish"),
    Act.PASS_ON: ("chuyển", "pass on"),
    Act.GUIDE: ("hướng dẫn", "guide"),
    Act.REOPEN: ("mở lại", "reopen"),
    Act.CANCEL: ("hủy", "cancel"),
}

# Only what a citizen wrote can be for somebody else, or be answered by saying who it is for.
PASSED_ON_KINDS = frozenset({ObligationKind.PETITION, ObligationKind.FIELD_REPORT})


# Everything that moves an obligation is in this table. What was cancelled by mistake, or declined and sent
# again, is opened again; what was done stays done when its document is recalled later.
NEXT: dict[Standing | None, dict[Act, Standing]] = {
    None: {Act.OPEN: Standing.OPEN},
    Standing.OPEN: {
        Act.EXTEND: Standing.OPEN,
        Act.FINISH: Standing.DONE,
        Act.PASS_ON: Standing.PASSED_ON,
        Act.GUIDE: Standing.GUIDED,
        Act.CANCEL: Standing.CANCELLED,
    },
    Standing.DONE: {Act.REOPEN: Standing.OPEN},
    Standing.PASSED_ON: {Act.REOPEN: Standing.OPEN},
    Standing.GUIDED: {Act.REOPEN: Standing.OPEN},
    Standing.CANCELLED: {Act.REOPEN: Standing.OPEN},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What one agency owes, as it stands.

    Shape: reference is what people call it (task code, dossier number, number and notation); assigned_by is
    None when a citizen asked; due_on None means no day was set, first_due_on is the day before any extension;
    ended_at is set in every standing but OPEN; code tells several tasks of one document apart.
    """

    id: ObligationId
    kind: ObligationKind
    agency: AgencyCode
    reference: str
    subject: str
    assigned_at: datetime
    assigned_by: AgencyCode | None = None
    due_on: date | None = None
    first_due_on: date | None = None
    standing: Standing = Standing.OPEN
    ended_at: datetime | None = None
    thread_id: ThreadId | None = None
    code: str = ""

    @property
    def assigned_on(self) -> date:
        """Tell on which day it was assigned, in Vietnam."""
        return local_day(self.assigned_at)

    @property
    def ended_on(self) -> date | None:
        """Tell on which day it ended, in Vietnam."""
        return None if self.ended_at is None else local_day(self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to an obligation.

    Shape: due_on is the new day of an OPEN, EXTEND or REOPEN, None where it stays; package_id is what caused
    it; by is the login of a person or the name of a program; reason is said by whoever did it.
    """

    act: Act
    at: datetime
    due_on: date | None = None
    reason: str | None = None
    package_id: PackageId | None = None
    by: str | None = None


def may(obligation: Obligation, act: Act) -> bool:
    """Tell whether something can happen to an obligation of its kind as it stands."""
    return act in acts_of(obligation)


def acts_of(obligation: Obligation) -> list[Act]:
    """List what can happen to an obligation of its kind as it stands."""
    is_passed_on = obligation.kind in PASSED_ON_KINDS
    return [act for act in NEXT[obligation.standing] if is_passed_on or act not in (Act.PASS_ON, Act.GUIDE)]


def moved(obligation: Obligation, step: Step) -> Obligation:
    """Return an obligation after a step.

    Errors: Refusal ``obligation-cannot`` when the table does not allow it.
    """
    following = NEXT[obligation.standing].get(step.act)
    if following is None:
        raise cannot(obligation, step.act)
    return replace(
        obligation,
        standing=following,
        ended_at=None if following is Standing.OPEN else step.at,
        due_on=step.due_on or obligation.due_on,
        first_due_on=obligation.first_due_on or step.due_on,
    )


def cannot(obligation: Obligation, act: Act) -> Refusal:
    """Say that something cannot happen to an obligation as it stands."""
    stands, wanted = STANDING_NAMES[obligation.standing], ACT_NAMES[act]
    return Refusal.because(
        "obligation-cannot",
        where=obligation.reference,
        vi=f"Không thể {wanted[0]} một {obligation.kind.vi} ở trạng thái “{stands[0]}”.",
        en=f"A {obligation.kind.en} that is {stands[1]} cannot: {wanted[1]}.",
    )
