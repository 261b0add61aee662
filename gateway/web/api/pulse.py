"""Whether figures may have changed: told by the newest entry of the log about them, and by the day."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.formats import local_day
from gateway.model.log import LogKind
from gateway.store.audit_log import newest_of
from gateway.store.database import Database

_FRESH_SECONDS = 0.5
# Everything that figures are made of is written together with an entry of one of these kinds.
_ABOUT_FIGURES = (
    LogKind.ACCEPTED,
    LogKind.ANSWERED,
    LogKind.AMENDED,
    LogKind.ADMINISTERED,
    LogKind.OBLIGED,
)


@dataclass(slots=True, kw_only=True)
class Pulse:
    """Looks at the log, once for all who ask within a moment."""

    database: Database
    clock: Callable[[], datetime]
    _newest: int = 0
    _looked_at: float = float("-inf")

    async def beat(self) -> str:
        """Return what changes when figures do."""
        if time.monotonic() - self._looked_at > _FRESH_SECONDS:
            newest = await newest_of(self.database, _ABOUT_FIGURES)
            self._newest, self._looked_at = newest, time.monotonic()
        return f"{self._newest} {local_day(self.clock()).isoformat()}"
