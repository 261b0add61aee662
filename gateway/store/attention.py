"""What somebody should look at: what failed, waits too long, was declined, finds no document, was refused.

Everything is asked for the agencies somebody sees; codes is None for all of them. Each question is bounded,
and answered by an index that holds only what is in such a state.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from gateway.model.code_lists import Kind
from gateway.model.dispatch import Destination, State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.model.log import cause_in
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.dispatches import dispatch_from
from gateway.store.interventions import RefusedArrival, arrival_from
from gateway.store.packages import agency_codes
from gateway.store.tables import Row

COUNTED_AT_MOST = 1000
Codes = Collection[AgencyCode] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One dispatch that failed or waits, with what its reader wants to know of the package.

    Shape: fault is the last one in an operator's words, its code first; cause says in Vietnamese and English
    why it ended, as the log has it.
    """

    id: DispatchId
    package_id: PackageId
    thread_id: ThreadId | None
    kind: Kind
    business: int | None
    status: str | None
    sender: AgencyCode
    recipients: tuple[AgencyCode, ...]
    destination: Destination
    state: State
    attempt_count: int
    unknown: bool
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None
    fault: str | None
    cause: tuple[str, str] | None
    subject: str | None
    notation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FullMailbox:
    """A mailbox whose system has not collected for long: how much lies there, since when."""

    agency: AgencyCode
    open_count: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A document that a recipient declined, in its words."""

    thread_id: ThreadId
    subject: str
    notation: str
    owner: AgencyCode
    recipient: AgencyCode
    declined_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A status that found no document."""

    package_id: PackageId
    sender: AgencyCode
    status: str
    notation: str | None
    document_id: str | None
    recorded_at: datetime


_TROUBLE = (
    "SELECT dispatches.*, packages.subject, packages.notation, packages.business, packages.status AS said,"
    " (SELECT statement FROM log WHERE log.package_id = dispatches.package_id AND dispatch_id = dispatches.id"
    "  AND +log.kind IN ('turned-away', 'expired') ORDER BY seq DESC LIMIT 1) AS statement"
    " FROM dispatches JOIN packages ON packages.id = dispatches.package_id WHERE"
)
_OF_THEIRS = (
    "(:codes IS NULL OR dispatches.sender IN (SELECT value FROM json_each(:codes))"
    " OR mailbox IN (SELECT value FROM json_each(:codes)))"
)
_FAILED = (
    "dispatches.state IN ('refused', 'expired') AND dismissed_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM dispatches AS again WHERE again.follows = dispatches.id)"
    # What the axis refused for several goes to each alone (delivery.py): those are the failures.
    " AND NOT (dispatches.destination = 'axis' AND dispatches.state = 'refused'"
    " AND json_array_length(dispatches.recipients) > 1)"
)


async def list_failed(database: Database, codes: Codes, *, limit: int) -> list[Trouble]:
    """List what was refused or expired and was neither sent again nor dismissed, the newest first."""
    rows = await database.fetch_all(
        f"{_TROUBLE} {_FAILED} AND {_OF_THEIRS} ORDER BY ended_at DESC LIMIT :limit",
        {"codes": _asked(codes), "limit": limit},
    )
    return [_trouble_from(row) for row in rows]


async def count_failed(database: Database, codes: Codes) -> int:
    """Count what `list_failed` would list, as far as anybody counts."""
    row = await database.fetch_one(
        "SELECT count(*) AS failed FROM"
        f" (SELECT 1 FROM dispatches WHERE {_FAILED} AND {_OF_THEIRS} LIMIT :limit) AS counted",
        {"codes": _asked(codes), "limit": COUNTED_AT_MOST},
    )
    return 0 if row is None else int(row["failed"])


async def list_waiting_long(
    database: Database, codes: Codes, *, before: datetime, limit: int
) -> list[Trouble]:
    """List what has been waiting for the axis since before an instant, the longest first."""
    rows = await database.fetch_all(
        f"{_TROUBLE} destination = 'axis' AND state = 'waiting' AND created_at <= :before AND {_OF_THEIRS}"
        " ORDER BY expires_at LIMIT :limit",
        {"codes": _asked(codes), "before": to_micros(before), "limit": limit},
    )
    return [_trouble_from(row) for row in rows]


async def list_full_mailboxes(database: Database, codes: Codes, *, before: datetime) -> list[FullMailbox]:
    """List mailboxes in which something has lain since before an instant and nobody collects it."""
    rows = await database.fetch_all(
        "SELECT * FROM (SELECT mailbox, sum(open_count) AS open_count,"
        " (SELECT min(created_at) FROM dispatches AS open"
        "  WHERE open.destination = 'mailbox' AND open.mailbox = queues.mailbox AND ended_at IS NULL)"
        " AS oldest"
        " FROM queues WHERE destination = 'mailbox' AND open_count > 0"
        " AND (:codes IS NULL OR mailbox IN (SELECT value FROM json_each(:codes)))"
        " GROUP BY mailbox) AS mailboxes WHERE oldest <= :before ORDER BY oldest",
        {"codes": _asked(codes), "before": to_micros(before)},
    )
    return [
        FullMailbox(
            agency=AgencyCode(row["mailbox"]),
            open_count=row["open_count"],
            oldest_at=from_micros(row["oldest"]),
        )
        for row in rows
    ]


async def list_declined(database: Database, codes: Codes, *, since: datetime, limit: int) -> list[Declined]:
    """List what recipients of our agencies' documents declined since an instant, the newest first."""
    rows = await database.fetch_all(
        "SELECT threads.id, subject, notation, owner, code, status_at, (SELECT description FROM answers"
        "  WHERE answers.thread_id = threads.id AND recipient = code AND answers.status = '02'"
        "  ORDER BY answers.id DESC LIMIT 1) AS reason"
        " FROM recipients JOIN threads ON threads.id = recipients.thread_id"
        " WHERE recipients.status = '02' AND status_at >= :since"
        " AND (:codes IS NULL OR owner IN (SELECT value FROM json_each(:codes)))"
        " ORDER BY status_at DESC LIMIT :limit",
        {"codes": _asked(codes), "since": to_micros(since), "limit": limit},
    )
    return [
        Declined(
            thread_id=ThreadId(row["id"]),
            subject=row["subject"],
            notation=row["notation"],
            owner=AgencyCode(row["owner"]),
            recipient=AgencyCode(row["code"]),
            declined_at=from_micros(row["status_at"]),
            reason=row["reason"],
        )
        for row in rows
    ]


async def list_unmatched(database: Database, codes: Codes, *, limit: int) -> list[Unmatched]:
    """List statuses for our agencies, or of them, whose document is not known here, the newest first."""
    rows = await database.fetch_all(
        "SELECT package_id, packages.sender, answers.status, answers.notation, answers.document_id,"
        " recorded_at FROM answers JOIN packages ON packages.id = package_id WHERE answers.thread_id IS NULL"
        " AND (:codes IS NULL OR packages.sender IN (SELECT value FROM json_each(:codes))"
        " OR EXISTS (SELECT 1 FROM json_each(packages.recipients) AS one"
        "  WHERE one.value IN (SELECT value FROM json_each(:codes))))"
        " ORDER BY answers.id DESC LIMIT :limit",
        {"codes": _asked(codes), "limit": limit},
    )
    return [
        Unmatched(
            package_id=PackageId(row["package_id"]),
            sender=AgencyCode(row["sender"]),
            status=row["status"],
            notation=row["notation"],
            document_id=row["document_id"],
            recorded_at=from_micros(row["recorded_at"]),
        )
        for row in rows
    ]


async def list_refused_arrivals(database: Database, codes: Codes, *, limit: int) -> list[RefusedArrival]:
    """List deliveries of the axis that were refused, the newest first; for nobody named is for everybody."""
    rows = await database.fetch_all(
        "SELECT * FROM arrivals WHERE package_id IS NULL AND refused_at IS NOT NULL"
        " AND (:codes IS NULL OR recipient = '' OR recipient IN (SELECT value FROM json_each(:codes)))"
        " ORDER BY refused_at DESC LIMIT :limit",
        {"codes": _asked(codes), "limit": limit},
    )
    return [arrival_from(row) for row in rows]


def _asked(codes: Codes) -> str | None:
    return None if codes is None else json.dumps(sorted(codes))


def _trouble_from(row: Row) -> Trouble:
    dispatch = dispatch_from(row)
    return Trouble(
        id=dispatch.id,
        package_id=dispatch.package_id,
        thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
        kind=Kind(row["kind"]),
        business=row["business"],
        status=row["said"],
        sender=AgencyCode(row["sender"]),
        recipients=agency_codes(row["recipients"]),
        destination=dispatch.destination,
        state=dispatch.state,
        attempt_count=dispatch.attempt_count,
        unknown=dispatch.unknown,
        created_at=from_micros(row["created_at"]),
        due_at=dispatch.due_at,
        ended_at=None if row["ended_at"] is None else from_micros(row["ended_at"]),
        fault=row["last_fault"],
        cause=None if row["statement"] is None else cause_in(json.loads(row["statement"])),
        subject=row["subject"],
        notation=row["notation"],
    )
