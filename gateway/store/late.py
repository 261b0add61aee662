"""What may be late by the timers T2, T3, T5 and T7: each document once for each who is waited for.

Candidates only, with the instant at which their time began: which of them are late the working calendar tells
(exchange/lateness.py). Every question is bounded in time, or answered by an index of what is in such a state.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A document that somebody is waited for about. since is when the time began."""

    thread_id: ThreadId
    subject: str
    notation: str
    owner: AgencyCode
    recipient: AgencyCode
    since: datetime


_COLUMNS = "SELECT threads.id AS thread_id, threads.subject, threads.notation, threads.owner"
_OF_OWNER = "(CAST(:codes AS TEXT) IS NULL OR threads.owner IN (SELECT value FROM json_each(:codes)))"
_OF_RECIPIENT = "(CAST(:codes AS TEXT) IS NULL OR recipients.code IN (SELECT value FROM json_each(:codes)))"


async def list_urgent_waiting(
    database: Database, codes: Collection[AgencyCode] | None, *, after: datetime, before: datetime
) -> list[Waited]:
    """List urgent documents handed in between two instants that have not left for the axis (T2)."""
    return await _list(
        database,
        f"{_COLUMNS}, recipients.code AS recipient, dispatches.created_at AS since FROM dispatches"
        " JOIN threads ON threads.id = dispatches.thread_id"
        " CROSS JOIN json_each(dispatches.recipients) AS named"
        " JOIN recipients ON recipients.thread_id = threads.id AND recipients.code = named.value"
        " WHERE dispatches.priority > 0 AND destination = 'axis' AND state IN ('waiting', 'claimed')"
        f" AND created_at BETWEEN :after AND :before AND {_OF_OWNER} ORDER BY created_at LIMIT :most",
        codes,
        after=after,
        before=before,
    )


async def list_untold_arrivals(
    database: Database, codes: Collection[AgencyCode] | None, *, after: datetime, before: datetime
) -> list[Waited]:
    """List documents that the axis took between two instants and of whose arrival nobody has told (T3)."""
    return await _list(
        database,
        f"{_COLUMNS}, recipients.code AS recipient, ended_at AS since FROM dispatches"
        " JOIN packages ON packages.id = dispatches.package_id AND packages.kind = 'document'"
        "  AND packages.business <> 1"
        " JOIN threads ON threads.id = dispatches.thread_id"
        " CROSS JOIN json_each(dispatches.recipients) AS named"
        " JOIN recipients ON recipients.thread_id = threads.id AND recipients.code = named.value"
        " WHERE destination = 'axis' AND state = 'delivered' AND ended_at BETWEEN :after AND :before"
        " AND recipients.status IS NULL AND recipients.removed_at IS NULL AND recipients.recalled_at IS NULL"
        f" AND {_OF_OWNER} ORDER BY ended_at LIMIT :most",
        codes,
        after=after,
        before=before,
    )


async def list_urgent_unseen(
    database: Database, codes: Collection[AgencyCode] | None, *, after: datetime, before: datetime
) -> list[Waited]:
    """List urgent documents that came between two instants and were not assigned since (T5).

    Shape: since is when they were received, or came, while nobody received them.
    """
    return await _list(
        database,
        f"{_COLUMNS}, recipients.code AS recipient, CASE WHEN recipients.status = '03'"
        "  THEN recipients.status_at ELSE dispatches.created_at END AS since"
        " FROM dispatches"
        " JOIN packages ON packages.id = dispatches.package_id AND packages.kind = 'document'"
        "  AND packages.business <> 1"
        " JOIN threads ON threads.id = dispatches.thread_id"
        " JOIN recipients ON recipients.thread_id = threads.id AND recipients.code = dispatches.mailbox"
        " WHERE dispatches.priority > 0 AND destination = 'mailbox'"
        " AND created_at BETWEEN :after AND :before AND coalesce(recipients.status, '01') IN ('01', '03')"
        " AND recipients.removed_at IS NULL AND recipients.recalled_at IS NULL"
        f" AND {_OF_RECIPIENT} ORDER BY created_at LIMIT :most",
        codes,
        after=after,
        before=before,
    )


async def list_recalls_unanswered(
    database: Database, codes: Collection[AgencyCode] | None, *, after: datetime, before: datetime
) -> list[Waited]:
    """List recalls that came between two instants and were not answered, for both sides (T7)."""
    return await _list(
        database,
        f"{_COLUMNS}, recipients.code AS recipient, threads.recalled_at AS since FROM recipients"
        " JOIN threads ON threads.id = recipients.thread_id"
        " WHERE recipients.pending_change = 'recall' AND threads.recalled_at BETWEEN :after AND :before"
        f" AND ({_OF_OWNER} OR {_OF_RECIPIENT}) ORDER BY threads.recalled_at LIMIT :most",
        codes,
        after=after,
        before=before,
    )


async def _list(
    database: Database, query: str, codes: Collection[AgencyCode] | None, *, after: datetime, before: datetime
) -> list[Waited]:
    rows = await database.fetch_all(
        query,
        {
            "codes": None if codes is None else json.dumps(sorted(codes)),
            "after": to_micros(after),
            "before": to_micros(before),
            "most": _MOST,
        },
    )
    return [_waited_from(row) for row in rows]


def _waited_from(row: Row) -> Waited:
    return Waited(
        thread_id=ThreadId(row["thread_id"]),
        subject=row["subject"],
        notation=row["notation"],
        owner=AgencyCode(row["owner"]),
        recipient=AgencyCode(row["recipient"]),
        since=from_micros(row["since"]),
    )
