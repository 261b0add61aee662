"""Figures of what came, went, waits and failed: read from counters that every transaction keeps true.

Nothing here reads more because there is more: migration 0008. agencies None is the whole node; else every
code an agency goes by is meant to be among them.
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model.code_lists import Kind
from gateway.model.dispatch import Destination
from gateway.model.identifiers import AgencyCode
from gateway.store.database import Database, to_micros

Scope = Collection[AgencyCode] | None

# More than this many is told as "more": who has so many does not count them.
LONG_WAITING_LIMIT = 10_000

_FIRST_DAY = date(1970, 1, 1)


class Happening(StrEnum):
    """What is counted by the day."""

    CAME = "came"
    WENT = "went"
    FAILED = "failed"


Figures = Counter[tuple[date, Happening]]
"""How often something happened on a day; a day without is 0."""


async def load_days(
    database: Database, *, first: date, last: date, kind: Kind = Kind.DOCUMENT, agencies: Scope = None
) -> Figures:
    """Load what happened on each day of a time, both ends included. Days are Vietnam's."""
    rows = await database.fetch_all(
        "SELECT day, event, sum(count) AS count FROM daily_figures"
        " WHERE agency IN (SELECT value FROM json_each(:agencies))"
        " AND day BETWEEN :first AND :last AND kind = :kind GROUP BY day, event",
        {
            "agencies": json.dumps([""] if agencies is None else list(agencies)),
            "first": (first - _FIRST_DAY).days,
            "last": (last - _FIRST_DAY).days,
            "kind": kind,
        },
    )
    return Counter(
        {(_FIRST_DAY + timedelta(days=row["day"]), Happening(row["event"])): row["count"] for row in rows}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much waits for the systems here, and how much for the axis."""

    in_mailboxes: int
    for_axis: int


async def count_open(database: Database, *, kind: Kind = Kind.DOCUMENT, agencies: Scope = None) -> Waiting:
    """Count what has not ended."""
    codes = None if agencies is None else json.dumps(list(agencies))
    (row,) = await database.fetch_all(
        "SELECT (SELECT coalesce(sum(open_count), 0) FROM queues"
        "  WHERE destination = 'mailbox' AND kind = :kind"
        "  AND (:codes IS NULL OR mailbox IN (SELECT value FROM json_each(:codes)))) AS here,"
        " (SELECT coalesce(sum(open_count), 0) FROM leaving WHERE kind = :kind"
        "  AND (:codes IS NULL OR sender IN (SELECT value FROM json_each(:codes)))) AS there",
        {"codes": codes, "kind": kind},
    )
    return Waiting(in_mailboxes=row["here"], for_axis=row["there"])


_WHO_HAS_OPEN = {
    Destination.MAILBOX: "(SELECT mailbox AS code FROM queues"
    " WHERE destination = 'mailbox' AND kind = :kind AND open_count > 0)",
    Destination.AXIS: "(SELECT sender AS code FROM leaving WHERE kind = :kind AND open_count > 0)",
}


async def count_long_waiting(
    database: Database,
    destination: Destination,
    *,
    since: datetime,
    kind: Kind = Kind.DOCUMENT,
    agencies: Scope = None,
) -> int:
    """Count what was there at an instant and has not ended; at most `LONG_WAITING_LIMIT`."""
    # One stretch of the index for each of whom anything is waiting.
    (row,) = await database.fetch_all(
        f"SELECT count(*) AS count FROM (SELECT 1 FROM {_WHO_HAS_OPEN[destination]} AS whose"
        " CROSS JOIN dispatches ON dispatches.destination = :destination"
        "  AND coalesce(dispatches.mailbox, dispatches.sender) = whose.code AND dispatches.kind = :kind"
        "  AND dispatches.created_at < :since AND dispatches.ended_at IS NULL"
        " WHERE :codes IS NULL OR whose.code IN (SELECT value FROM json_each(:codes)) LIMIT :limit) AS long",
        {
            "destination": destination,
            "kind": kind,
            "since": to_micros(since),
            "codes": None if agencies is None else json.dumps(list(agencies)),
            "limit": LONG_WAITING_LIMIT,
        },
    )
    return int(row["count"])


async def list_fullest(
    database: Database, *, limit: int, kind: Kind = Kind.DOCUMENT, agencies: Scope = None
) -> list[tuple[AgencyCode, int]]:
    """List the mailboxes in which most is waiting."""
    rows = await database.fetch_all(
        "SELECT mailbox, open_count FROM queues WHERE destination = 'mailbox' AND kind = :kind"
        " AND open_count > 0 AND (:codes IS NULL OR mailbox IN (SELECT value FROM json_each(:codes)))"
        " ORDER BY open_count DESC, mailbox LIMIT :limit",
        {
            "kind": kind,
            "codes": None if agencies is None else json.dumps(list(agencies)),
            "limit": limit,
        },
    )
    return [(AgencyCode(row["mailbox"]), row["open_count"]) for row in rows]
