"""What counts about obligations: as the rows have it now, or as their steps had it at an instant."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.deadlines.counts import Fact, Facts, Lens
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import NEXT, ObligationKind, Standing
from gateway.store.database import Database, to_micros
from gateway.store.obligations import OF_ANY_SORT, day_of
from gateway.store.tables import Row

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
        return " AND ".join(["TRUE" if self.agencies is None else OF_ANY_SORT, *named])

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


# Where an obligation stands after an act does not hang on where it stood before.
_AFTER = {act: standing for moves in NEXT.values() for act, standing in moves.items()}
_STANDING = " ".join(f"WHEN '{act}' THEN '{standing}'" for act, standing in _AFTER.items())
_ENDS = ", ".join(f"'{act}'" for act, standing in _AFTER.items() if standing is not Standing.OPEN)
_NOW = "SELECT kind, agency, standing, assigned_on, due_on, ended_on FROM obligations"
# What has moved since stands as its last step until then left it; what was opened later is left out.
_THEN = (
    f"SELECT kind, agency, CASE act {_STANDING} END, assigned_on, (SELECT due_on FROM obligation_steps"
    " WHERE obligation_id = obligations.id AND due_on IS NOT NULL AND id <= step.id"
    f" ORDER BY id DESC LIMIT 1), CASE WHEN act IN ({_ENDS}) THEN"
    " date(step.at / 1000000 + 25200, 'unixepoch') END FROM obligations JOIN obligation_steps AS step"
    " ON step.id = (SELECT max(id) FROM obligation_steps"
    " WHERE obligation_id = obligations.id AND at <= :as_of)"
)


async def load_facts(
    database: Database, *, as_of: datetime | None = None, lens: Lens | None = None, whose: Whose = _ALL
) -> Facts:
    """Load all that counts, now or as it was at an instant; through a lens it is little."""
    asked: dict[str, object] = dict(whose.parameters())
    rows_of, days, is_seen = f"{_NOW} WHERE {whose.condition()}", "assigned_on, due_on, ended_on", "TRUE"
    if lens is not None:
        asked, days, is_seen = asked | _limits_of(lens), _SEEN, _IS_SEEN
    if as_of is not None:
        asked["as_of"] = to_micros(as_of)
        # In one question: what moves between two would be counted twice, or not at all.
        then = f"{_THEN} WHERE {whose.condition()} AND moved_at > :as_of"
        rows_of = f"{rows_of} AND moved_at <= :as_of UNION ALL {then}"
    rows = await database.fetch_all(
        f"SELECT kind, agency, standing, {days}, count(*) AS count FROM ({rows_of}) AS rows WHERE {is_seen}"
        " GROUP BY 1, 2, 3, 4, 5, 6",
        asked,
    )
    return Counter({_fact_from(row): row["count"] for row in rows})


def _limits_of(lens: Lens) -> dict[str, str]:
    return {
        "first": lens.period.first.isoformat(),
        "last": lens.period.last.isoformat(),
        "before": (lens.period.first - _ONE_DAY).isoformat(),
        "after": (lens.period.last + _ONE_DAY).isoformat(),
        "today": lens.today.isoformat(),
    }


def _fact_from(row: Row) -> Fact:
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
