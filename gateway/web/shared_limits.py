"""One limit for all nodes: each counts for itself, and learns within a moment what the others let in.

Counting together at every request would be a commit for every request. So what comes at once at several
nodes may be a burst at each of them; in the long run it is the one rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.exchange.roster import Roster
from gateway.store.admissions import add_admissions, count_admissions
from gateway.store.database import Database
from gateway.store.tables import Tables
from gateway.web.limits import Limits


@dataclass(slots=True, kw_only=True)
class SharedLimits:
    """Shares some limits with the other nodes. limits are by the name under which they are counted."""

    database: Database
    roster: Roster
    limits: Mapping[str, Limits]
    _totals: dict[str, int] | None = field(default=None)

    async def share(self) -> bool:
        """Tell what was let in here, and take off what was elsewhere. The next round is never at once."""
        own = {
            f"{name} {caller}": count
            for name, limits in self.limits.items()
            for caller, count in limits.take_admitted().items()
        }
        if self.roster.is_alone:
            self._totals = None  # what is counted while nobody shares is nobody's
            return False

        def act(tables: Tables) -> dict[str, int]:
            add_admissions(tables, own)
            return count_admissions(tables)

        totals = await self.database.write(act)
        if self._totals is not None:
            for key, total in totals.items():
                name, _, caller = key.partition(" ")
                if elsewhere := total - self._totals.get(key, 0) - own.get(key, 0):
                    self.limits[name].take_off(caller, elsewhere)
        self._totals = totals
        return False
