"""What a document says about obligations: which it imposes, and which it answers.

The standard has no field that says "this is owed". What is read out of those it has is practice, differs
between houses, and is therefore a setting: `Practice`.
Source: docs/figures.md.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum

from gateway.model.obligation import ObligationKind
from gateway.model.package import Envelope
from gateway.model.text import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """How documents are read here.

    Shape: steering and report codes are values of ``SteeringType``; the applications are values of
    ``ApplicationType``, the types names of document types, all folded by `model.text.fold`.
    """

    steering_codes: Set[int] = frozenset({1})
    report_codes: Set[int] = frozenset({2})
    dossier_applications: Set[str] = frozenset({"mcdt_dt"})
    petition_applications: Set[str] = frozenset({"don_thu"})
    field_report_applications: Set[str] = frozenset({"paht"})
    report_types: Set[str] = frozenset({"bao cao"})
    passing_types: Set[str] = frozenset({"phieu chuyen"})
    guiding_types: Set[str] = frozenset({"huong dan"})


class Said(Enum):
    """What a reply says about what it replies to."""

    REPORT = "report"
    PASSED_ON = "passed-on"
    GUIDED = "guided"


def owed_by(envelope: Envelope, practice: Practice) -> ObligationKind | None:
    """Tell what a document imposes on each of its recipients; None when nothing.

    A task is a steering document with a day to be done by, or one that gives the task a code.
    """
    application = fold(envelope.application_type or "")
    if application in practice.dossier_applications:
        return ObligationKind.DOSSIER
    if application in practice.petition_applications:
        return ObligationKind.PETITION
    if application in practice.field_report_applications:
        return ObligationKind.FIELD_REPORT
    is_steering = envelope.steering in practice.steering_codes
    if is_steering and (envelope.due_on is not None or envelope.task_codes):
        return ObligationKind.TASK
    return None


def said_by(envelope: Envelope, type_name: str, practice: Practice) -> Said | None:
    """Tell what a document says about what it replies to; None when it is only about it."""
    folded = fold(type_name)
    if folded in practice.passing_types:
        return Said.PASSED_ON
    if folded in practice.guiding_types:
        return Said.GUIDED
    if envelope.steering in practice.report_codes or folded in practice.report_types:
        return Said.REPORT
    return None
