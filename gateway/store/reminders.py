"""Reminders on disk: what is due to be told, what was told, and which mail still waits.

What is asked for reads an index from the agency on: what it costs does not depend on what others owe.
"""

import json
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.deadlines.reminders import Audience, Reminder
from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.obligation import Obligation, ObligationKind
from gateway.store.database import Database, to_micros
from gateway.store.obligations import obligation_from
from gateway.store.tables import Row, Tables

_ROWS_AT_ONCE = 500
_WHO = {Audience.OWING: "agency", Audience.ASSIGNING: "assigned_by"}


class MailState(StrEnum):
    """What became of a digest's mail."""

    NONE = "none"
    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


async def list_audience(database: Database, audience: Audience, *, due_until: date) -> list[AgencyCode]:
    """List the agencies that owe, or have assigned, something open that is due by a day."""
    who = _WHO[audience]
    rows = await database.fetch_all(
        f"SELECT DISTINCT {who} AS code FROM obligations"
        f" WHERE standing = 'open' AND {who} IS NOT NULL AND due_on <= ?",
        (due_until.isoformat(),),
    )
    return [AgencyCode(row["code"]) for row in rows]


async def stream_due(
    database: Database,
    codes: Collection[AgencyCode],
    audience: Audience,
    kinds: Collection[ObligationKind],
    *,
    due_until: date,
) -> AsyncIterator[list[tuple[Obligation, int | None]]]:
    """Read what is open and due by a day, the oldest first, each with the last stage told for its due day.

    Shape: codes are those of one agency; of those it assigned, its own are left out.
    """
    due_on, last_id = "", ""
    who = _WHO[audience]
    others = "" if audience is Audience.OWING else " AND agency NOT IN (SELECT value FROM json_each(?3))"
    while True:
        rows = await database.fetch_all(
            "SELECT obligations.*, (SELECT max(stage) FROM reminders WHERE obligation_id = obligations.id"
            " AND audience = ?1 AND reminders.due_on = obligations.due_on) AS told FROM obligations"
            f" WHERE standing = 'open' AND due_on <= ?2 AND {who} IN (SELECT value FROM json_each(?3))"
            f" AND kind IN (SELECT value FROM json_each(?4)){others}"
            " AND (due_on, id) > (?5, ?6) ORDER BY due_on, id LIMIT ?7",
            (
                audience,
                due_until.isoformat(),
                json.dumps(sorted(codes)),
                json.dumps(sorted(kinds)),
                due_on,
                last_id,
                _ROWS_AT_ONCE,
            ),
        )
        yield [(obligation_from(row), row["told"]) for row in rows]
        if len(rows) < _ROWS_AT_ONCE:
            return
        due_on, last_id = rows[-1]["due_on"], rows[-1]["id"]


async def count_overdue(
    database: Database,
    codes: Collection[AgencyCode],
    kinds: Collection[ObligationKind],
    *,
    today: date,
) -> int:
    """Count what an agency owes and is overdue."""
    row = await database.fetch_one(
        "SELECT count(*) AS overdue FROM obligations WHERE standing = 'open' AND due_on < ?"
        " AND agency IN (SELECT value FROM json_each(?)) AND kind IN (SELECT value FROM json_each(?))",
        (today.isoformat(), json.dumps(sorted(codes)), json.dumps(sorted(kinds))),
    )
    return 0 if row is None else int(row["overdue"])


async def next_digest_id(database: Database) -> int:
    """Tell the number of the next digest."""
    row = await database.fetch_one("SELECT coalesce(max(id), 0) + 1 AS next FROM reminder_digests")
    return 1 if row is None else int(row["next"])


async def has_digest(database: Database, agency: AgencyCode, day: date) -> bool:
    """Tell whether an agency was reminded on a day."""
    row = await database.fetch_one(
        "SELECT 1 FROM reminder_digests WHERE agency = ? AND day = ?", (agency, day.isoformat())
    )
    return row is not None


def note_digest(
    connection: Tables,
    digest_id: int,
    agency: AgencyCode,
    day: date,
    reminders: Iterable[Reminder],
    *,
    package_id: PackageId | None,
    mail: MailState,
    at: datetime,
) -> None:
    """Note what an agency is told."""
    connection.execute(
        "INSERT INTO reminder_digests (id, agency, day, at, package_id, mail) VALUES (?, ?, ?, ?, ?, ?)",
        (digest_id, agency, day.isoformat(), to_micros(at), package_id, mail),
    )
    connection.executemany(
        "INSERT INTO reminders VALUES (?, ?, ?, ?, ?)",
        [
            (
                each.obligation.id,
                each.audience,
                None if each.obligation.due_on is None else each.obligation.due_on.isoformat(),
                each.stage,
                digest_id,
            )
            for each in reminders
        ],
    )


async def reminded_day(database: Database) -> date | None:
    """Tell the working day whose reminders are all out."""
    row = await database.fetch_one("SELECT day FROM reminded_day")
    return date.fromisoformat(row["day"]) if row is not None and row["day"] else None


def note_reminded_day(connection: Tables, day: date) -> None:
    """Note that all reminders of a working day are out."""
    connection.execute("UPDATE reminded_day SET day = ?", (day.isoformat(),))


async def next_to_mail(database: Database, *, after: AgencyCode | None) -> AgencyCode | None:
    """Tell the next agency for which a mail waits."""
    row = await database.fetch_one(
        "SELECT min(agency) AS agency FROM reminder_digests WHERE mail = 'waiting' AND agency > ?",
        (after or "",),
    )
    return None if row is None or row["agency"] is None else AgencyCode(row["agency"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an agency was told of one obligation: of which stage, for which due day."""

    obligation: Obligation
    audience: Audience
    due_on: date
    stage: int


async def list_unmailed(database: Database, agency: AgencyCode) -> list[Told]:
    """List what the waiting mail of an agency is about and is still open for the same day."""
    rows = await database.fetch_all(
        "SELECT obligations.*, audience, reminders.due_on AS told_due_on, stage FROM reminder_digests"
        " JOIN reminders ON digest_id = reminder_digests.id JOIN obligations ON obligations.id ="
        " obligation_id AND obligations.due_on = reminders.due_on AND standing = 'open'"
        " WHERE mail = 'waiting' AND reminder_digests.agency = ? ORDER BY reminders.due_on, obligations.id",
        (agency,),
    )
    return [_told_from(row) for row in rows]


async def list_told(database: Database, agency: AgencyCode, day: date) -> list[Told]:
    """List what an agency was told on a day; each obligation as it stands now."""
    rows = await database.fetch_all(
        "SELECT obligations.*, audience, reminders.due_on AS told_due_on, stage FROM reminder_digests"
        " JOIN reminders ON digest_id = reminder_digests.id"
        " JOIN obligations ON obligations.id = obligation_id WHERE reminder_digests.agency = ? AND day = ?"
        " ORDER BY reminders.due_on, obligations.id",
        (agency, day.isoformat()),
    )
    return [_told_from(row) for row in rows]


def note_mail(connection: Tables, agency: AgencyCode, state: MailState) -> None:
    """Note what became of the mail that waited for an agency."""
    connection.execute(
        "UPDATE reminder_digests SET mail = ? WHERE agency = ? AND mail = 'waiting'", (state, agency)
    )


def _told_from(row: Row) -> Told:
    return Told(
        obligation=obligation_from(row),
        audience=Audience(row["audience"]),
        due_on=date.fromisoformat(row["told_due_on"]),
        stage=row["stage"],
    )
