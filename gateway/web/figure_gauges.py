"""How all agencies together stand, for the graphs: counted when somebody looks, once for all who look."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge

from gateway.exchange.directory import Directory
from gateway.exchange.reckoning import count_connections
from gateway.model.formats import local_day
from gateway.model.obligation import ObligationKind
from gateway.store.database import Database
from gateway.store.obligations import count_standings
from gateway.store.register import Side, load_daily_register

_FRESH_SECONDS = 15.0

_GAUGES = {
    ObligationKind.TASK: ("lienthong_tasks", "Tasks open, and ended this year"),
    ObligationKind.DOSSIER: ("lienthong_dossiers", "Dossiers open, and ended this year"),
    ObligationKind.PETITION: ("lienthong_petitions", "Petitions open, and ended this year"),
    ObligationKind.FIELD_REPORT: ("lienthong_field_reports", "Field reports open, and ended this year"),
}
# By the standing, and whether it is, or was ended, after the day it was due.
STANDINGS = {
    (True, False): "open-in-time",
    (True, True): "open-overdue",
    (False, False): "done-in-time",
    (False, True): "done-late",
}


@dataclass(slots=True, kw_only=True)
class FigureGauges:
    """Counts for the graphs. Labels are ours and few: nothing is told by agency."""

    database: Database
    directory: Directory
    clock: Callable[[], datetime]
    _registry: CollectorRegistry | None = None
    _counted_at: float = float("-inf")

    async def registry(self) -> CollectorRegistry:
        """Return the gauges, as they were a quarter of a minute ago at most."""
        if self._registry is None or time.monotonic() - self._counted_at > _FRESH_SECONDS:
            self._counted_at = time.monotonic()  # whoever comes meanwhile gets the last ones
            self._registry = await self._count()
        return self._registry

    async def _count(self) -> CollectorRegistry:
        registry, today = CollectorRegistry(), local_day(self.clock())
        new_year = today.replace(month=1, day=1)
        counts = await count_standings(self.database, today=today, since=new_year)
        for kind, (name, words) in _GAUGES.items():
            told = {label: counts.get((kind, *place), 0) for place, label in STANDINGS.items()}
            _set(registry, name, words, "standing", told)
        days = await load_daily_register(self.database, first=new_year, last=today)
        of_today = {side.value: days.get((today, side), 0) for side in Side}
        of_year = {
            side.value: sum(count for (_, where), count in days.items() if where is side) for side in Side
        }
        _set(registry, "lienthong_documents_today", "Documents in and out today", "direction", of_today)
        _set(registry, "lienthong_documents_year", "Documents in and out this year", "direction", of_year)
        connections = count_connections(await self.directory.current())
        how = {"own": connections.on_own_server, "shared": connections.on_shared_server}
        _set(registry, "lienthong_agencies_connected", "Agencies connected here", "how", how)
        return registry


def _set(registry: CollectorRegistry, name: str, words: str, label: str, told: Mapping[str, int]) -> None:
    gauge = Gauge(name, words, [label], registry=registry)
    for value, count in told.items():
        gauge.labels(value).set(count)
