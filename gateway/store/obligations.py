"""Obligations on disk: each with its steps, written in the transaction of what it hangs on."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.deadlines.counts import Fact, Facts, fact_of
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId, normalise_notation
from gateway.model.obligation import Act, Obligation, ObligationId, ObligationKind, Standing, Step, moved
from gateway.store.database import Database, from_micros, to_micros


def insert_obligation(connection: sqlite3.Connection, obligation: Obligation) -> None:
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


def insert_step(connection: sqlite3.Connection, after: Obligation, step: Step) -> None:
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


def owed_for_thread(connection: sqlite3.Connection, thread_id: ThreadId) -> list[Obligation]:
    """Return everything that hangs on a document, in the order it was opened."""
    rows = connection.execute("SELECT * FROM obligations WHERE thread_id = ? ORDER BY id", (thread_id,))
    return [obligation_from(row) for row in rows]


def owed_under_name(connection: sqlite3.Connection, reference: str) -> list[Obligation]:
    """Return everything people call so: a task code, a dossier number, a number and notation."""
    rows = connection.execute(
        "SELECT * FROM obligations WHERE called = ? ORDER BY id", (normalise_notation(reference),)
    )
    return [obligation_from(row) for row in rows]


def find_obligation(connection: sqlite3.Connection, obligation_id: ObligationId) -> Obligation | None:
    """Find one by its id."""
    row = connection.execute("SELECT * FROM obligations WHERE id = ?", (obligation_id,)).fetchone()
    return None if row is None else obligation_from(row)


def last_step(connection: sqlite3.Connection, obligation_id: ObligationId) -> Step | None:
    """Return what happened to it last."""
    row = connection.execute(
        "SELECT * FROM obligation_steps WHERE obligation_id = ? ORDER BY id DESC LIMIT 1", (obligation_id,)
    ).fetchone()
    return None if row is None else step_from(row)


async def load_obligation(
    database: Database, obligation_id: ObligationId
) -> tuple[Obligation, list[Step]] | None:
    """Load one with all that happened to it; None when there is none."""
    row = await database.fetch_one("SELECT * FROM obligations WHERE id = ?", (obligation_id,))
    if row is None:
        return None
    steps = await database.fetch_all(
        "SELECT * FROM obligation_steps WHERE obligation_id = ? ORDER BY id", (obligation_id,)
    )
    return obligation_from(row), [step_from(step) for step in steps]


async def list_of_thread(database: Database, thread_id: ThreadId) -> list[Obligation]:
    """List what hangs on a document, in the order it was opened."""
    rows = await database.fetch_all("SELECT * FROM obligations WHERE thread_id = ? ORDER BY id", (thread_id,))
    return [obligation_from(row) for row in rows]


async def load_facts(database: Database, *, as_of: datetime | None = None) -> Facts:
    """Load all that counts, now or as it was at an instant."""
    micros = None if as_of is None else to_micros(as_of)
    rows = await database.fetch_all(
        "SELECT kind, agency, standing, assigned_on, due_on, ended_on, count(*) AS count FROM obligations"
        " WHERE ?1 IS NULL OR moved_at <= ?1 GROUP BY kind, agency, standing, assigned_on, due_on, ended_on",
        (micros,),
    )
    facts = Counter({_fact_from(row): row["count"] for row in rows})
    if micros is not None:
        facts.update(await _facts_before(database, micros))
    return facts


async def _facts_before(database: Database, micros: int) -> Counter[Fact]:
    """Fold the steps of everything that has moved since; what was opened later is left out."""
    rows = await database.fetch_all(
        "SELECT obligations.*, act, at, obligation_steps.due_on AS step_due,"
        " NULL AS reason, NULL AS package_id, NULL AS done_by FROM obligations JOIN obligation_steps"
        " ON obligation_id = obligations.id WHERE moved_at > ?1 AND at <= ?1"
        " ORDER BY obligations.id, obligation_steps.id",
        (micros,),
    )
    then: dict[str, Obligation] = {}
    for row in rows:
        step = _step_from(row, row["step_due"])
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which obligations are looked for; None means all. Shape: due_from and due_until are both included."""

    kinds: tuple[ObligationKind, ...] | None = None
    agencies: tuple[AgencyCode, ...] | None = None
    assigned_by: tuple[AgencyCode, ...] | None = None
    standings: tuple[Standing, ...] | None = None
    due_from: date | None = None
    due_until: date | None = None
    name: str | None = None


async def list_obligations(
    database: Database,
    wanted: Wanted,
    *,
    limit: int,
    after: tuple[date | None, ObligationId] | None = None,
) -> list[Obligation]:
    """List obligations, those due first before the others; after is the last one of the page before."""
    conditions, values = ["1"], list[object]()
    for column, choice in (
        ("kind", wanted.kinds),
        ("agency", wanted.agencies),
        ("assigned_by", wanted.assigned_by),
        ("standing", wanted.standings),
    ):
        if choice is not None:
            conditions.append(f"{column} IN ({_marks(choice)})")
            values.extend(choice)
    for condition, value in (
        ("due_on >= ?", _day(wanted.due_from)),
        ("due_on <= ?", _day(wanted.due_until)),
        ("called = ?", None if wanted.name is None else normalise_notation(wanted.name)),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if after is not None:
        conditions.append("(coalesce(due_on, '9999'), id) > (?, ?)")
        values.extend((_day(after[0]) or "9999", after[1]))
    rows = await database.fetch_all(
        f"SELECT * FROM obligations WHERE {' AND '.join(conditions)}"
        " ORDER BY coalesce(due_on, '9999'), id LIMIT ?",
        (*values, limit),
    )
    return [obligation_from(row) for row in rows]


def _marks(choice: Iterable[object]) -> str:
    return ", ".join("?" for _ in choice)


def obligation_from(row: sqlite3.Row) -> Obligation:
    """Read an obligation from its row."""
    return Obligation(
        id=ObligationId(row["id"]),
        kind=ObligationKind(row["kind"]),
        agency=AgencyCode(row["agency"]),
        reference=row["reference"],
        subject=row["subject"],
        assigned_at=from_micros(row["assigned_at"]),
        assigned_by=row["assigned_by"],
        due_on=_date(row["due_on"]),
        first_due_on=_date(row["first_due_on"]),
        standing=Standing(row["standing"]),
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        thread_id=row["thread_id"],
        code=row["code"],
    )


def step_from(row: sqlite3.Row) -> Step:
    """Read a step from its row."""
    return _step_from(row, row["due_on"])


def _step_from(row: sqlite3.Row, due_on: str | None) -> Step:
    return Step(
        act=Act(row["act"]),
        at=from_micros(row["at"]),
        due_on=_date(due_on),
        reason=row["reason"],
        package_id=None if row["package_id"] is None else PackageId(row["package_id"]),
        by=row["done_by"],
    )


def _fact_from(row: sqlite3.Row) -> Fact:
    assigned_on = _date(row["assigned_on"])
    assert assigned_on is not None  # noqa: S101 - the column is never empty
    return Fact(
        kind=ObligationKind(row["kind"]),
        agency=AgencyCode(row["agency"]),
        standing=Standing(row["standing"]),
        assigned_on=assigned_on,
        due_on=_date(row["due_on"]),
        ended_on=_date(row["ended_on"]),
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
