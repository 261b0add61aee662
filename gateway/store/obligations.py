"""Obligations on disk: each with its steps, written in the transaction of what it hangs on."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.model.identifiers import AgencyCode, PackageId, ThreadId, normalise_notation
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Standing, Step
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables

# This keeps nothing out. With it the index of all that counts is gone into by agency, too, which has kind and
# standing before it; without it the rows of an agency are looked up one by one.
OF_ANY_SORT = " AND ".join(
    f"{column} IN ({', '.join(repr(each.value) for each in names)})"
    for column, names in (("kind", ObligationKind), ("standing", Standing))
)


def insert_obligation(connection: Tables, obligation: Obligation) -> None:
    """Write a new obligation; its first step follows."""
    connection.execute(
        f"INSERT INTO obligations VALUES (?{', ?' * 16})",
        (
            obligation.id,
            obligation.kind,
            obligation.agency,
            obligation.reference,
            normalise_notation(obligation.reference),
            obligation.subject,
            obligation.assigned_by,
            to_micros(obligation.assigned_at),
            obligation.assigned_on.isoformat(),
            _day(obligation.due_on),
            _day(obligation.first_due_on),
            obligation.standing,
            None if obligation.ended_at is None else to_micros(obligation.ended_at),
            _day(obligation.ended_on),
            obligation.thread_id,
            obligation.code,
            to_micros(obligation.assigned_at),
        ),
    )


def insert_step(connection: Tables, after: Obligation, step: Step) -> None:
    """Write one step of an obligation, and how it stands after it."""
    connection.execute(
        "INSERT INTO obligation_steps (obligation_id, act, at, due_on, reason, package_id, done_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            after.id,
            step.act,
            to_micros(step.at),
            _day(step.due_on),
            step.reason,
            step.package_id,
            step.by,
        ),
    )
    connection.execute(
        "UPDATE obligations SET standing = ?, due_on = ?, first_due_on = ?, ended_at = ?, ended_on = ?,"
        " moved_at = ? WHERE id = ?",
        (
            after.standing,
            _day(after.due_on),
            _day(after.first_due_on),
            None if after.ended_at is None else to_micros(after.ended_at),
            _day(after.ended_on),
            to_micros(step.at),
            after.id,
        ),
    )


def owed_for_thread(connection: Tables, thread_id: ThreadId) -> list[Obligation]:
    """Return everything that hangs on a document, in the order it was opened."""
    rows = connection.execute("SELECT * FROM obligations WHERE thread_id = ? ORDER BY id", (thread_id,))
    return [obligation_from(row) for row in rows]


def owed_under_name(connection: Tables, reference: str) -> list[Obligation]:
    """Return everything people call so: a task code, a dossier number, a number and notation."""
    rows = connection.execute(
        "SELECT * FROM obligations WHERE called = ? ORDER BY id", (normalise_notation(reference),)
    )
    return [obligation_from(row) for row in rows]


def find_obligation(connection: Tables, obligation_id: ObligationId) -> Obligation | None:
    """Find one by its id."""
    row = connection.execute("SELECT * FROM obligations WHERE id = ?", (obligation_id,)).fetchone()
    return None if row is None else obligation_from(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An obligation that goes by a name, and when it moved last."""

    obligation: Obligation
    called: str
    moved_at: datetime


_BY_NAME = "SELECT * FROM obligations WHERE called IN (SELECT value FROM json_each(?)) ORDER BY id"


def find_called(connection: Tables, names: Collection[str]) -> list[Found]:
    """Find everything people call by one of some names, as `normalise_notation` writes them."""
    return [_found(row) for row in connection.execute(_BY_NAME, (json.dumps(list(names)),))]


async def load_called(database: Database, names: Collection[str]) -> list[Found]:
    """Load what `find_called` finds."""
    return [_found(row) for row in await database.fetch_all(_BY_NAME, (json.dumps(list(names)),))]


def _found(row: Row) -> Found:
    return Found(obligation=obligation_from(row), called=row["called"], moved_at=from_micros(row["moved_at"]))


_STEPS = "SELECT * FROM obligation_steps WHERE obligation_id = ? ORDER BY id"


def first_step(connection: Tables, obligation_id: ObligationId) -> Step | None:
    """Return how it began."""
    row = connection.execute(f"{_STEPS} LIMIT 1", (obligation_id,)).fetchone()
    return None if row is None else step_from(row)


def last_step(connection: Tables, obligation_id: ObligationId) -> Step | None:
    """Return what happened to it last."""
    row = connection.execute(f"{_STEPS} DESC LIMIT 1", (obligation_id,)).fetchone()
    return None if row is None else step_from(row)


async def load_obligation(
    database: Database, obligation_id: ObligationId
) -> tuple[Obligation, list[Step]] | None:
    """Load one with all that happened to it; None when there is none."""
    row = await database.fetch_one("SELECT * FROM obligations WHERE id = ?", (obligation_id,))
    if row is None:
        return None
    steps = await database.fetch_all(_STEPS, (obligation_id,))
    return obligation_from(row), [step_from(step) for step in steps]


async def list_of_thread(database: Database, thread_id: ThreadId) -> list[Obligation]:
    """List what hangs on a document, in the order it was opened."""
    rows = await database.fetch_all("SELECT * FROM obligations WHERE thread_id = ? ORDER BY id", (thread_id,))
    return [obligation_from(row) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which obligations are looked for; None means all.

    Shape: due_from and due_until are both included; has_day False means those without a day.
    """

    kinds: tuple[ObligationKind, ...] | None = None
    agencies: tuple[AgencyCode, ...] | None = None
    assigned_by: tuple[AgencyCode, ...] | None = None
    standings: tuple[Standing, ...] | None = None
    due_from: date | None = None
    due_until: date | None = None
    has_day: bool | None = None
    name: str | None = None


async def list_obligations(
    database: Database,
    wanted: Wanted,
    *,
    limit: int,
    after: tuple[date | None, ObligationId] | None = None,
    latest_first: bool = False,
) -> list[Obligation]:
    """List obligations, those due first before the others; after is the last one of the page before.

    Shape: those without a day are the last, also where those due latest come first.
    """
    conditions, values = _conditions_of(wanted)
    last, then, order = ("", "<", "DESC") if latest_first else ("9999", ">", "ASC")
    key = f"coalesce(due_on, '{last}')"
    # Said of the key by itself, so that its index leads to the first one instead of past all before it.
    behind = None if after is None else _day(after[0]) or last
    for condition, value in (
        (f"{key} >= ?", _day(wanted.due_from)),
        (f"{key} <= ?", _day(wanted.due_until)),
        (f"{key} {then}= ?", behind),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if after is not None:
        conditions.append(f"({key}, id) {then} (?, ?)")
        values.extend((behind, after[1]))
    rows = await database.fetch_all(
        f"SELECT * FROM obligations WHERE {' AND '.join(conditions)}"
        f" ORDER BY {key} {order}, id {order} LIMIT ?",
        (*values, limit),
    )
    return [obligation_from(row) for row in rows]


class Due(StrEnum):
    """When something is due, seen from a day. WEEK is what is left of its week, without the day itself."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"
    LATER = "later"
    NEVER = "never"


async def count_due(
    database: Database, wanted: Wanted, *, today: date, week_until: date
) -> Counter[tuple[ObligationKind, Due]]:
    """Count obligations by kind and by when they are due."""
    conditions, values = _conditions_of(wanted)
    if wanted.agencies is not None:
        conditions.append(OF_ANY_SORT)
    rows = await database.fetch_all(
        f"SELECT kind, CASE WHEN due_on IS NULL THEN 'never' WHEN due_on < ? THEN 'overdue'"
        " WHEN due_on = ? THEN 'today' WHEN due_on <= ? THEN 'week' ELSE 'later' END AS due,"
        f" count(*) AS count FROM obligations WHERE {' AND '.join(conditions)} GROUP BY 1, 2",
        (_day(today), _day(today), _day(week_until), *values),
    )
    return Counter({(ObligationKind(row["kind"]), Due(row["due"])): row["count"] for row in rows})


async def count_overdue(database: Database, agencies: Collection[AgencyCode] | None, *, today: date) -> int:
    """Count what agencies owe and is due before a day; None is everybody."""
    codes = None if agencies is None else json.dumps(list(agencies))
    (row,) = await database.fetch_all(
        "SELECT count(*) AS count FROM obligations WHERE standing = 'open' AND due_on < ?"
        " AND (? IS NULL OR +agency IN (SELECT value FROM json_each(?)))",
        (_day(today), codes, codes),
    )
    return int(row["count"])


async def count_standings(
    database: Database, *, today: date, since: date
) -> dict[tuple[ObligationKind, bool, bool], int]:
    """Count what is open on a day, and what ended since another: by kind, whether open, whether late."""
    rows = await database.fetch_all(
        "SELECT kind, standing = 'open' AS is_open, due_on IS NOT NULL AND coalesce(ended_on, ?1) > due_on"
        " AS is_late, count(*) AS count FROM obligations WHERE standing <> 'cancelled'"
        " AND (standing = 'open' OR ended_on >= ?2) GROUP BY 1, 2, 3",
        (today.isoformat(), since.isoformat()),
    )
    return {
        (ObligationKind(row["kind"]), bool(row["is_open"]), bool(row["is_late"])): row["count"]
        for row in rows
    }


def _conditions_of(wanted: Wanted) -> tuple[list[str], list[object]]:
    conditions, values = ["TRUE"], list[object]()
    is_open = wanted.standings == (Standing.OPEN,)  # these have indexes of their own
    if is_open:
        conditions.append("standing = 'open'")
    # A plus keeps an index from being used: by kind or standing most would be read, and then sorted.
    for column, choice in (
        ("+kind", wanted.kinds),
        ("agency", wanted.agencies),
        ("assigned_by", wanted.assigned_by),
        ("+standing", None if is_open else wanted.standings),
    ):
        if choice is not None:
            conditions.append(f"{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(choice)))
    for condition, value in (
        ("due_on >= ?", _day(wanted.due_from)),
        ("due_on <= ?", _day(wanted.due_until)),
        ("CASE WHEN due_on IS NULL THEN 0 ELSE 1 END = ?", wanted.has_day),
        ("called = ?", None if wanted.name is None else normalise_notation(wanted.name)),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return conditions, values


def obligation_from(row: Row) -> Obligation:
    """Read an obligation from its row."""
    return Obligation(
        id=ObligationId(row["id"]),
        kind=ObligationKind(row["kind"]),
        agency=AgencyCode(row["agency"]),
        reference=row["reference"],
        subject=row["subject"],
        assigned_at=from_micros(row["assigned_at"]),
        assigned_by=row["assigned_by"],
        due_on=day_of(row["due_on"]),
        first_due_on=day_of(row["first_due_on"]),
        standing=Standing(row["standing"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        thread_id=row["thread_id"],
        code=row["code"],
    )


def step_from(row: Row) -> Step:
    """Read a step from its row."""
    return Step(
        act=Act(row["act"]),
        at=from_micros(row["at"]),
        due_on=day_of(row["due_on"]),
        reason=row["reason"],
        package_id=None if row["package_id"] is None else PackageId(row["package_id"]),
        by=row["done_by"],
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def day_of(text: str | None) -> date | None:
    """Read a day."""
    return None if text is None else date.fromisoformat(text)
