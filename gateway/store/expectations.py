"""Receipts that are awaited: which are due by now and have not come.

Both questions are answered by a partial index in the order of their instants, so that what they cost does
not depend on how much is open. What was looked for once leaves the index.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import agency_codes
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A document whose receipt should be here: since when it could have come, and from whom."""

    dispatch_id: DispatchId
    package_id: PackageId
    thread_id: ThreadId | None
    recipients: tuple[AgencyCode, ...]
    since: datetime


async def list_uncollected(database: Database, *, until: datetime, limit: int) -> list[Awaited]:
    """List documents that lie in a mailbox since before an instant and were never collected, oldest first."""
    rows = await database.fetch_all(
        "SELECT *, created_at AS since FROM dispatches WHERE destination = 'mailbox' AND state = 'waiting'"
        " AND kind = 'document' AND is_awaited = 1 AND created_at <= ? ORDER BY created_at LIMIT ?",
        (to_micros(until), limit),
    )
    return [_awaited_from(row) for row in rows]


async def list_unheard(database: Database, *, until: datetime, limit: int) -> list[Awaited]:
    """List documents that the axis took before an instant and nobody looked after yet, oldest first."""
    rows = await database.fetch_all(
        "SELECT *, ended_at AS since FROM dispatches WHERE destination = 'axis' AND state = 'delivered'"
        " AND kind = 'document' AND is_awaited = 1 AND ended_at <= ? ORDER BY ended_at LIMIT ?",
        (to_micros(until), limit),
    )
    return [_awaited_from(row) for row in rows]


def take_up(connection: Tables, awaited: Awaited, state: str) -> bool:
    """Stop awaiting a receipt; False when it came a moment ago, or somebody has looked already."""
    done = connection.execute(
        "UPDATE dispatches SET is_awaited = 0 WHERE id = ? AND is_awaited = 1 AND state = ?",
        (awaited.dispatch_id, state),
    )
    return done.rowcount == 1


def silent_recipients(connection: Tables, awaited: Awaited) -> list[AgencyCode]:
    """Tell which recipients have not answered in any way about a document of ours.

    A recall or update brings no 01, and who owes a 15 or 16 to it may take their time: nobody is silent then.
    """
    rows = connection.execute(
        "SELECT told.value AS code FROM packages, json_each(?) AS told WHERE packages.id = ?"
        " AND direction = 'outbound' AND business IN (0, 3) AND NOT EXISTS (SELECT 1 FROM recipients"
        "  WHERE recipients.thread_id = packages.thread_id AND recipients.status IS NOT NULL"
        "  AND recipients.code = coalesce((SELECT code FROM agency_aliases WHERE alias = told.value),"
        "  told.value))",
        (json.dumps(awaited.recipients), awaited.package_id),
    )
    return [AgencyCode(row["code"]) for row in rows]


def _awaited_from(row: Row) -> Awaited:
    return Awaited(
        dispatch_id=DispatchId(row["id"]),
        package_id=PackageId(row["package_id"]),
        thread_id=row["thread_id"],
        recipients=agency_codes(row["recipients"]),
        since=from_micros(row["since"]),
    )
