"""Webhooks are told what the log says: who was reminded, and what changed of what is owed.

Each keeps its place in the log. Told first and noted afterwards: an event may come twice, never not at all,
and in the order in which it happened. Driven by worker.py.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit

from gateway.clients.webhooks import Webhook
from gateway.errors import Delay
from gateway.evidence.receipts import JSON, read_statement
from gateway.log_lines import log
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import LogRow
from gateway.store.database import Database
from gateway.store.reminders import Told, list_told
from gateway.store.webhook_positions import (
    begin_at_the_end,
    find_position,
    keep_position,
    list_entries_after,
)

_AT_ONCE = 100
_NOT_TOLD = frozenset({"version", "event", "gateway"})


class News(StrEnum):
    """What webhooks can be told beside alerts."""

    REMINDER = "reminder"
    OBLIGATION = "obligation"


_KINDS = {News.REMINDER: LogKind.REMINDED, News.OBLIGATION: LogKind.OBLIGED}
_MEMBERS = {News.REMINDER: "reminders", News.OBLIGATION: "changes"}


@dataclass(slots=True, kw_only=True)
class Announcing:
    """Tells some webhooks some kinds of news."""

    database: Database
    webhooks: Sequence[Webhook]
    news: Set[News]
    _has_begun: bool = False

    async def begin(self) -> None:
        """Fix where those that are new begin: what happened before they were asked for is none of theirs."""
        if self._has_begun:
            return
        wanted = [(webhook.url, each.value) for webhook in self.webhooks for each in self.news]
        await self.database.write(lambda tables: begin_at_the_end(tables, wanted))
        passed(Point.NEWS_BEGUN)
        self._has_begun = True

    async def look(self) -> bool:
        """Tell each webhook some of what is new to it; tell whether there may be more."""
        await self.begin()
        told = [await self._tell(webhook, each) for webhook in self.webhooks for each in sorted(self.news)]
        return any(told)

    async def _tell(self, webhook: Webhook, news: News) -> bool:
        position = await find_position(self.database, webhook.url, news) or 0
        rows = await list_entries_after(self.database, _KINDS[news], position, limit=_AT_ONCE)
        if not rows:
            return False
        try:
            await webhook.post(news, {_MEMBERS[news]: [await self._facts(news, row) for row in rows]})
            passed(Point.NEWS_TOLD)
        except Delay as delay:
            # The others are told all the same, and each of them once.
            log.warning("webhook not told", host=urlsplit(webhook.url).hostname, reason=delay.code)
            return False
        seq = rows[-1].seq
        await self.database.write(lambda tables: keep_position(tables, webhook.url, news, seq))
        passed(Point.NEWS_NOTED)
        return len(rows) == _AT_ONCE

    async def _facts(self, news: News, row: LogRow) -> Mapping[str, object]:
        said: Mapping[str, JSON] = read_statement(row.statement)
        if news is News.OBLIGATION:
            return {"seq": row.seq, **{name: fact for name, fact in said.items() if name not in _NOT_TOLD}}
        agency, day = AgencyCode(str(said["agency"])), date.fromisoformat(str(said["day"]))
        told = await list_told(self.database, agency, day)
        return {
            "seq": row.seq,
            "at": said["at"],
            "agency": agency,
            "day": day.isoformat(),
            "items": [_item(each) for each in told],
        }


def _item(told: Told) -> Mapping[str, object]:
    owed = told.obligation
    return {
        "obligation": owed.id,
        "audience": told.audience,
        "stage": told.stage,
        "owes": owed.kind,
        "reference": owed.reference,
        "subject": owed.subject,
        "agency": owed.agency,
        "assigned_by": owed.assigned_by,
        "due_on": told.due_on.isoformat(),
        "standing": owed.standing,
    }
