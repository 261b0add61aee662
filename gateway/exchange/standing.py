"""How the log stands with those outside: what is signed, stamped and witnessed, and what alarms.

Read from the database alone, so that a command sees what the server sees.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.store.checkpoints import (
    Contradiction,
    KeptCheckpoint,
    Seen,
    find_newest,
    find_next,
    find_stamped,
    list_contradictions,
    list_seen,
)
from gateway.store.database import Database
from gateway.store.tree import count_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a log stands.

    Shape: newest is the newest checkpoint, stamped the newest with a timestamp; exposed_since is the instant
    of the first checkpoint that no timestamp covers.
    """

    size: int
    newest: KeptCheckpoint | None
    stamped: KeptCheckpoint | None
    exposed_since: datetime | None
    seen: tuple[Seen, ...]
    contradictions: tuple[Contradiction, ...]

    @property
    def alarms(self) -> tuple[Contradiction, ...]:
        """The contradictions that nobody has settled."""
        return tuple(each for each in self.contradictions if each.settled_at is None)

    def exposed_for(self, at: datetime) -> timedelta:
        """Tell how long the log has been without a timestamp that covers it."""
        return timedelta() if self.exposed_since is None else max(timedelta(), at - self.exposed_since)


async def find_exposed_since(database: Database) -> datetime | None:
    """Find the instant of the first checkpoint that no timestamp covers."""
    stamped = await find_stamped(database)
    exposed = await find_next(database, 0 if stamped is None else stamped.size)
    return None if exposed is None else exposed.at


async def read_standing(database: Database) -> Standing:
    """Read how the log stands."""
    return Standing(
        size=await count_entries(database),
        newest=await find_newest(database),
        stamped=await find_stamped(database),
        exposed_since=await find_exposed_since(database),
        seen=tuple(await list_seen(database)),
        contradictions=tuple(await list_contradictions(database)),
    )
