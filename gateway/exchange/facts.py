"""Figures and obligations as programs read them: one form for the network and for ``--json``. Pure.

Names are stable. What is not known is null; days are ISO 8601, instants have Vietnam's offset.
Source: docs/figures.md, web/api/openapi.json.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.deadlines.counts import Account, Became, Counts, Period, Resolved
from gateway.deadlines.figures import Figures, Flow
from gateway.deadlines.periods import name_period
from gateway.model.agency import Names
from gateway.model.formats import VIETNAM
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, Step

Facts = dict[str, Any]

_NO_TASKS, _NO_DOSSIERS, _NO_PETITIONS, _NO_DOCUMENTS = Account(), Resolved(), Became(), Flow()


def figure_facts(figures: Figures, names: Names) -> Facts:
    """Tell all figures: the total, and each agency's."""
    codes = sorted(
        {*figures.tasks, *figures.dossiers, *figures.petitions, *figures.field_reports, *figures.by_agency}
    )
    connections = figures.connections
    return {
        "period": period_facts(figures.period),
        "as_of": instant_fact(figures.as_of),
        "total": {
            "tasks": _account(figures.all_tasks),
            "dossiers": _resolved(figures.all_dossiers),
            "petitions": _became(figures.all_petitions),
            "field_reports": _resolved(figures.all_field_reports),
            "documents": _flow(figures.all_documents),
        },
        "agencies": [_agency(figures, code, names) for code in codes],
        "types": [
            {"name": name, "is_legal": is_legal, **_flow(flow)}
            for (name, is_legal), flow in sorted(figures.by_type.items())
        ],
        "pace": {
            "hours_to_arrived": _number(figures.pace.hours_to_arrived),
            "hours_to_received": _number(figures.pace.hours_to_received),
        },
        "connections": {
            "total": connections.total,
            "connected": connections.connected,
            "on_own_server": connections.on_own_server,
            "on_shared_server": connections.on_shared_server,
        },
    }


def period_facts(period: Period) -> Facts:
    """Tell a period, and what people call it."""
    vi, en = name_period(period)
    return {"first": period.first.isoformat(), "last": period.last.isoformat(), "vi": vi, "en": en}


def _agency(figures: Figures, code: AgencyCode, names: Names) -> Facts:
    return {
        "code": code,
        "name": names(code),
        "tasks": _account(figures.tasks.get(code, _NO_TASKS)),
        "dossiers": _resolved(figures.dossiers.get(code, _NO_DOSSIERS)),
        "petitions": _became(figures.petitions.get(code, _NO_PETITIONS)),
        "field_reports": _resolved(figures.field_reports.get(code, _NO_DOSSIERS)),
        "documents": _flow(figures.by_agency.get(code, _NO_DOCUMENTS)),
    }


def _account(account: Account) -> Facts:
    return {"assigned": _counts(account.assigned), "carried_over": _counts(account.carried_over)}


def _counts(counts: Counts) -> Facts:
    return {
        "all": counts.assigned,
        "done_in_time": counts.done_in_time,
        "done_late": counts.done_late,
        "open_in_time": counts.open_in_time,
        "open_overdue": counts.open_overdue,
    }


def _resolved(resolved: Resolved) -> Facts:
    return {
        "received": resolved.received,
        "resolved": resolved.resolved,
        "early": resolved.early,
        "on_the_day": resolved.on_the_day,
        "late": resolved.late,
        "open_in_time": resolved.open_in_time,
        "open_overdue": resolved.open_overdue,
        "on_time_rate": _number(resolved.on_time_rate),
        "strict_rate": _number(resolved.strict_rate),
    }


def _became(became: Became) -> Facts:
    return {
        "received": became.received,
        "resolved": became.resolved,
        "passed_on": became.passed_on,
        "guided": became.guided,
        "open": became.open,
    }


def _flow(flow: Flow) -> Facts:
    return {
        "outgoing": flow.outgoing,
        "deliveries": flow.deliveries,
        "incoming": flow.incoming,
        "declined": flow.declined,
        "sent_in_time": _punctual(flow.sent_in_time, flow.sent_in_time_rate),
        "received_in_time": _punctual(flow.received_in_time, flow.received_in_time_rate),
    }


def _punctual(pair: tuple[int, int], rate: Decimal | None) -> Facts:
    return {"count": pair[0], "of": pair[1], "rate": _number(rate)}


def day_facts(days: Mapping[date, tuple[int, int]]) -> list[Facts]:
    """Tell how many documents came in and went out on each day."""
    return [{"day": day.isoformat(), "in": came, "out": went} for day, (came, went) in sorted(days.items())]


def obligation_facts(obligation: Obligation) -> Facts:
    """Tell one obligation as it stands."""
    return {
        "id": obligation.id,
        "kind": obligation.kind.value,
        "agency": obligation.agency,
        "reference": obligation.reference,
        "subject": obligation.subject,
        "assigned_by": obligation.assigned_by,
        "assigned_on": obligation.assigned_on.isoformat(),
        "due_on": _day(obligation.due_on),
        "first_due_on": _day(obligation.first_due_on),
        "standing": obligation.standing.value,
        "ended_on": _day(obligation.ended_on),
        "by_document": obligation.thread_id is not None,
    }


def step_facts(steps: Sequence[Step]) -> list[Facts]:
    """Tell what happened to an obligation, in order."""
    return [
        {
            "act": step.act.value,
            "at": instant_fact(step.at),
            "due_on": _day(step.due_on),
            "reason": step.reason,
            "by": step.by,
            "package": step.package_id,
        }
        for step in steps
    ]


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def instant_fact(at: datetime) -> str:
    """Tell an instant, to the second, with Vietnam's offset."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def _number(share: Decimal | None) -> float | None:
    return None if share is None else float(share)
