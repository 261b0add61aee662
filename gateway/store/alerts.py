"""Alerts on disk, and the questions that raise them: none costs more because a queue is longer."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.alert import Alert, AlertRule, Condition
from gateway.model.code_lists import Priority
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftMailbox:
    """What nobody collects, and since when. agency is a name where people should: at the console."""

    system: SystemId
    code: AgencyCode
    agency: str | None
    since: datetime


# Of each mailbox with something in it and each priority the head is the oldest that nobody has collected.
# A program collects for all its agencies at once; at the console each has people of its own.
_LEFT = (
    "SELECT * FROM (SELECT system_id, served_agencies.code AS code, CASE WHEN at_console = 1"
    " THEN coalesce(agencies.name, served_agencies.code) END AS agency, dispatches.created_at AS since,"
    " row_number() OVER (PARTITION BY system_id, CASE WHEN at_console = 1 THEN served_agencies.code END"
    "  ORDER BY dispatches.created_at) AS place FROM served_agencies"
    " JOIN systems ON systems.id = system_id LEFT JOIN agencies ON agencies.code = served_agencies.code"
    " CROSS JOIN queues ON queues.destination = 'mailbox' AND queues.mailbox = served_agencies.code"
    " AND open_count > 0"
    f" CROSS JOIN (VALUES {', '.join(f'({each:d})' for each in Priority)}) AS each"
    " CROSS JOIN dispatches ON dispatches.rowid = (SELECT rowid FROM dispatches"
    "  WHERE destination = 'mailbox' AND ended_at IS NULL AND mailbox = queues.mailbox"
    "  AND kind = queues.kind AND state = 'waiting' AND priority = each.column1 ORDER BY id LIMIT 1)"
    ") AS heads"
    " WHERE place = 1"
)

_RULES = frozenset(AlertRule)


def save_alert(connection: Tables, alert: Alert) -> None:
    """Write an alert as it is now: new, told, or cleared."""
    condition = alert.condition
    told = None if alert.told_at is None else to_micros(alert.told_at)
    cleared = None if alert.cleared_at is None else to_micros(alert.cleared_at)
    connection.execute(
        "INSERT INTO alerts (rule, subject, vi, en, raised_at, told_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (rule, subject) WHERE cleared_at IS NULL DO UPDATE"
        " SET vi = excluded.vi, en = excluded.en, told_at = excluded.told_at",
        (condition.rule, condition.subject, condition.vi, condition.en, to_micros(alert.raised_at), told),
    )
    if cleared is not None:
        connection.execute(
            "UPDATE alerts SET cleared_at = ? WHERE rule = ? AND subject = ? AND cleared_at IS NULL",
            (cleared, condition.rule, condition.subject),
        )


async def list_open_alerts(database: Database) -> list[Alert]:
    """List what holds now, the newest first."""
    return await _list(database, "WHERE cleared_at IS NULL ORDER BY raised_at DESC")


async def list_past_alerts(database: Database, *, limit: int) -> list[Alert]:
    """List what has ended, the newest first."""
    return await _list(database, "WHERE cleared_at IS NOT NULL ORDER BY id DESC LIMIT ?", limit)


async def _list(database: Database, which: str, *parameters: int) -> list[Alert]:
    rows = await database.fetch_all(f"SELECT * FROM alerts {which}", parameters)
    # A newer version beside us, or before us, may know more rules; what it found is its to tell and to end.
    return [_alert(row) for row in rows if row["rule"] in _RULES]


def _alert(row: Row) -> Alert:
    return Alert(
        condition=Condition(rule=AlertRule(row["rule"]), subject=row["subject"], vi=row["vi"], en=row["en"]),
        raised_at=from_micros(row["raised_at"]),
        told_at=None if row["told_at"] is None else from_micros(row["told_at"]),
        cleared_at=None if row["cleared_at"] is None else from_micros(row["cleared_at"]),
    )


async def oldest_waiting(database: Database) -> datetime | None:
    """Tell since when the dispatch that has waited longest for the axis has waited."""
    row = await database.fetch_one(
        "SELECT created_at FROM dispatches WHERE destination = 'axis' AND state = 'waiting'"
        " ORDER BY expires_at LIMIT 1"
    )
    return None if row is None else from_micros(row["created_at"])


async def count_failures(database: Database, *, since: datetime) -> int:
    """Count the dispatches that ended without delivery since an instant."""
    row = await database.fetch_one(
        "SELECT count(*) AS failed FROM log INDEXED BY log_failures"
        " WHERE kind IN ('turned-away', 'expired') AND at >= ?",
        (to_micros(since),),
    )
    return 0 if row is None else int(row["failed"])


async def list_left_mailboxes(database: Database, *, before: datetime) -> list[LeftMailbox]:
    """List the systems, and agencies at the console, whose oldest uncollected package came before then."""
    rows = await database.fetch_all(f"{_LEFT} AND since < ? ORDER BY since", (to_micros(before),))
    return [
        LeftMailbox(
            system=SystemId(row["system_id"]),
            code=AgencyCode(row["code"]),
            agency=row["agency"],
            since=from_micros(row["since"]),
        )
        for row in rows
    ]
