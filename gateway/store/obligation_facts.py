"""What counts about obligations: as the rows have it now, or as their steps had it at an instant."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.deadlines.counts import Fact, Facts, Lens, fact_of
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Act, Obligation, ObligationKind, Standing, Step, moved
from gateway.store.database import Database, to_micros
from gateway.store.obligations import OF_ANY_SORT, day_of, obligation_from, step_from

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Which kinds of obligations of which agencies are counted; None means all."""

    kinds: Collection[ObligationKind] | None = None
    agencies: Collection[AgencyCode] | None = None

    def condition(self) -> str:
        """Write the condition for their rows."""
        asked = {"kind": self.kinds, "agency": self.agencies}
        named = [
            f"{column} IN (SELECT value FROM json_each(:{column}))"
            for column, values in asked.items()
            if values is not None
        ]
        return " AND ".join(["1" if self.agencies is None else OF_ANY_SORT, *named])

    def parameters(self) -> dict[str, str]:
        """Return what the condition asks for."""
        asked = {"kind": self.kinds, "agency": self.agencies}
        return {column: json.dumps(list(values)) for column, values in asked.items() if values is not None}


_ALL = Whose()
# Through a lens a day is one of the period, or before it, or after it; and of a due day is told whether it
# lies before the end (or, without one, before today), on it, or after it.
_END_SEEN = "CASE WHEN ended_on < :first THEN :before WHEN ended_on > :last THEN :after ELSE :first END"
_SEEN = (
    "CASE WHEN assigned_on < :first THEN :before ELSE :first END AS assigned_on,"
    " CASE WHEN due_on < coalesce(ended_on, :today) THEN '0001-01-01'"
    f" WHEN due_on = ended_on THEN {_END_SEEN} WHEN due_on IS NOT NULL THEN '9999-12-31' END AS due_on,"
    f" CASE WHEN ended_on IS NOT NULL THEN {_END_SEEN} END AS ended_on"
)
_IS_SEEN = "assigned_on <= :last AND (assigned_on >= :first OR ended_on IS NULL OR ended_on >= :first)"


async def load_facts(
    database: Database, *, as_of: datetime | None = None, lens: Lens | None = None, whose: Whose = _ALL
) -> Facts:
    """Load all that counts, now or as it was at an instant; through a lens it is little."""
    asked: dict[str, object] = dict(whose.parameters())
    days, conditions = "assigned_on, due_on, ended_on", [whose.condition()]
    if lens is not None:
        asked, days = asked | _limits_of(lens), _SEEN
        conditions.append(_IS_SEEN)
    if as_of is not None:
        asked["as_of"] = to_micros(as_of)
        conditions.append("moved_at <= :as_of")
    rows = await database.fetch_all(
        f"SELECT kind, agency, standing, {days}, count(*) AS count FROM obligations"
        f" WHERE {' AND '.join(conditions)} GROUP BY 1, 2, 3, 4, 5, 6",
        asked,
    )
    facts = Counter({_fact_from(row): row["count"] for row in rows})
    if as_of is not None:
        facts.update(await _facts_before(database, to_micros(as_of), whose))
    return facts


def _limits_of(lens: Lens) -> dict[str, str]:
    return {
        "first": lens.period.first.isoformat(),
        "last": lens.period.last.isoformat(),
        "before": (lens.period.first - _ONE_DAY).isoformat(),
        "after": (lens.period.last + _ONE_DAY).isoformat(),
        "today": lens.today.isoformat(),
    }


async def _facts_before(database: Database, micros: int, whose: Whose) -> Counter[Fact]:
    """Fold the steps of everything that has moved since; what was opened later is left out."""
    rows = await database.fetch_all(
        "SELECT obligations.*, act, at, obligation_steps.due_on AS step_due,"
        " NULL AS reason, NULL AS package_id, NULL AS done_by FROM obligations JOIN obligation_steps"
        f" ON obligation_id = obligations.id WHERE moved_at > :as_of AND at <= :as_of AND {whose.condition()}"
        " ORDER BY obligations.id, obligation_steps.id",
        {"as_of": micros, **whose.parameters()},
    )
    return await asyncio.to_thread(_fold, rows)


def _fold(rows: Iterable[sqlite3.Row]) -> Counter[Fact]:
    then: dict[str, Obligation] = {}
    for row in rows:
        step = step_from(row, "step_due")
        if step.act is Act.OPEN:
            then[row["id"]] = opened(obligation_from(row), step)
        else:
            then[row["id"]] = moved(then[row["id"]], step)
    return Counter(map(fact_of, then.values()))


def opened(obligation: Obligation, step: Step) -> Obligation:
    """Return an obligation as it stood after its first step."""
    return Obligation(
        id=obligation.id,
        kind=obligation.kind,
        agency=obligation.agency,
        reference=obligation.reference,
        subject=obligation.subject,
        assigned_at=obligation.assigned_at,
        assigned_by=obligation.assigned_by,
        due_on=step.due_on,
        first_due_on=step.due_on,
        thread_id=obligation.thread_id,
        code=obligation.code,
    )


def _fact_from(row: sqlite3.Row) -> Fact:
    assigned_on = day_of(row["assigned_on"])
    assert assigned_on is not None  # noqa: S101 - the column is never empty
    return Fact(
        kind=ObligationKind(row["kind"]),
        agency=AgencyCode(row["agency"]),
        standing=Standing(row["standing"]),
        assigned_on=assigned_on,
        due_on=day_of(row["due_on"]),
        ended_on=day_of(row["ended_on"]),
    )
