"""Which documents somebody asks for, in the order they were opened, some at a time."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode, ThreadId
from gateway.model.thread import Thread
from gateway.store.database import Database, to_micros
from gateway.store.threads import thread_from

_AT_ONCE = 200
_SELECTED = """
    SELECT rowid, * FROM threads WHERE rowid > :after
    AND (:since IS NULL OR opened_at >= :since) AND (:until IS NULL OR opened_at < :until)
    AND (:codes IS NULL OR owner IN (SELECT value FROM json_each(:codes)) OR EXISTS (
        SELECT 1 FROM recipients WHERE thread_id = threads.id
        AND code IN (SELECT value FROM json_each(:codes))))
    ORDER BY rowid LIMIT :limit"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Documents opened in a time, that an agency sent or received.

    Shape: until is exclusive; codes are the ways in which one agency is written.
    """

    since: datetime | None = None
    until: datetime | None = None
    codes: tuple[AgencyCode, ...] = ()


async def list_selected(database: Database, selection: Selection) -> AsyncIterator[list[Thread]]:
    """Walk through the documents of a selection, some at a time."""
    after = 0
    while True:
        rows = await database.fetch_all(
            _SELECTED,
            {
                "after": after,
                "since": None if selection.since is None else to_micros(selection.since),
                "until": None if selection.until is None else to_micros(selection.until),
                "codes": json.dumps(selection.codes) if selection.codes else None,
                "limit": _AT_ONCE,
            },
        )
        if not rows:
            return
        yield [thread_from(row) for row in rows]
        after = rows[-1]["rowid"]


async def find_last_entry(database: Database, threads: Sequence[ThreadId]) -> int:
    """Find the number of the newest log entry about some documents; 0 when there is none."""
    row = await database.fetch_one(
        "WITH wanted AS (SELECT value AS id FROM json_each(?)) SELECT max("
        " coalesce((SELECT max(seq) FROM log WHERE thread_id IN (SELECT id FROM wanted)), 0),"
        " coalesce((SELECT max(seq) FROM log WHERE package_id IN"
        "  (SELECT id FROM packages WHERE thread_id IN (SELECT id FROM wanted))), 0)) AS newest",
        (json.dumps(threads),),
    )
    return 0 if row is None else int(row["newest"])
