"""Alerts: what the sensors find is told when it begins, again while it lasts, and when it has ended.

Told first and noted afterwards: an operator may hear something twice, never not at all. A disk that takes
nothing is a reason to tell, not a reason to be silent; what could not be written is kept in memory.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.errors import Delay
from gateway.exchange.sensors import Sensor
from gateway.log_lines import log
from gateway.model.alert import Alert, AlertRule, Condition
from gateway.points import Point, passed
from gateway.store.alerts import list_open_alerts, save_alert
from gateway.store.database import Database
from gateway.store.tables import Tables

_Key = tuple[AlertRule, str]


class Speaker(Protocol):
    """A way to reach an operator: mail, or a webhook."""

    async def tell(self, alerts: Sequence[Alert]) -> None:
        """Tell what is new, what still holds, and what has ended.

        Errors: Delay when nobody could be reached; they are told again later.
        """


@dataclass(slots=True, kw_only=True)
class Alerts:
    """Watches one node for its operators."""

    database: Database
    sensors: Sequence[Sensor]
    speakers: Sequence[Speaker]
    remind_every: timedelta
    clock: Callable[[], datetime]
    _open: dict[_Key, Alert] | None = None
    _untold: dict[_Key, Alert] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget what is known: others looked meanwhile, and noted what they told."""
        self._open = None
        self._untold.clear()

    async def look(self) -> bool:
        """Look once, tell what is to be told, and note it. The next look is never at once."""
        at = self.clock()
        found = {(each.rule, each.subject): each for sensor in self.sensors for each in await sensor(at)}
        if self._open is None:
            known = await list_open_alerts(self.database)
            self._open = {(each.condition.rule, each.condition.subject): each for each in known}
        changed = self._compare(self._open, found, at)
        told = await self._tell(at)
        await self._save({**changed, **told}.values())
        return False

    async def try_out(self) -> None:
        """Tell a trial alert over every speaker.

        Errors: Delay when one could not be used.
        """
        trial = Condition(
            rule=AlertRule.TRIAL,
            vi="Đây là cảnh báo thử; không có gì hỏng.",
            en="This is a trial alert; nothing is wrong.",
        )
        for speaker in self.speakers:
            await speaker.tell([Alert(condition=trial, raised_at=self.clock())])

    def _compare(
        self, known: dict[_Key, Alert], found: dict[_Key, Condition], at: datetime
    ) -> dict[_Key, Alert]:
        """Bring what is known in line with what was found; what is to be told waits in _untold."""
        changed: dict[_Key, Alert] = {}
        for key in known.keys() - found.keys():
            changed[key] = replace(known.pop(key), cleared_at=at)
        for key, condition in found.items():
            before = known.get(key)
            known[key] = alert = replace(
                before or Alert(condition=condition, raised_at=at), condition=condition
            )
            if before is None:
                changed[key] = alert
            elif before.told_at is None or at - before.told_at >= self.remind_every:
                self._untold[key] = alert
        for key, alert in changed.items():
            log.warning("alert", rule=key[0].value, subject=key[1], ended=alert.cleared_at is not None)
        self._untold |= changed
        return changed

    async def _tell(self, at: datetime) -> dict[_Key, Alert]:
        if not self._untold:
            return {}
        for speaker in self.speakers:
            try:
                await speaker.tell(list(self._untold.values()))
            except Delay as delay:
                log.warning("nobody told", reason=delay.code)
                return {}
        told = {key: replace(alert, told_at=at) for key, alert in self._untold.items()}
        self._untold.clear()
        assert self._open is not None  # noqa: S101 - look has read them
        self._open |= {key: alert for key, alert in told.items() if alert.cleared_at is None}
        return told

    async def _save(self, alerts: Iterable[Alert]) -> None:
        changed = list(alerts)
        if not changed:
            return

        def act(tables: Tables) -> None:
            for alert in changed:
                save_alert(tables, alert)

        try:
            await self.database.write(act)
        except Delay as delay:
            log.warning("alerts not noted", reason=delay.code)
        passed(Point.ALERTS_NOTED)
