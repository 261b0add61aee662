"""What each connected system did last, and what waits for it: for people who look after systems."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import SystemId
from gateway.store.database import Database, from_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a system did last. waiting_count is what lies in its mailboxes."""

    sent_at: datetime | None = None
    waiting_count: int = 0


# One look into an index for each system, however much it ever sent.
_TRAFFIC = (
    "SELECT id, (SELECT max(accepted_at) FROM packages WHERE packages.system_id = systems.id) AS sent_at,"
    " (SELECT coalesce(sum(open_count), 0) FROM served_agencies JOIN queues ON destination = 'mailbox'"
    "  AND mailbox = code WHERE served_agencies.system_id = systems.id) AS waiting FROM systems"
)


async def look_at_traffic(database: Database) -> dict[SystemId, Traffic]:
    """Tell of each system what it did last."""
    return {
        SystemId(row["id"]): Traffic(
            sent_at=None if row["sent_at"] is None else from_micros(row["sent_at"]),
            waiting_count=row["waiting"],
        )
        for row in await database.fetch_all(_TRAFFIC)
    }
