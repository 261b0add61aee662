"""Who is late by the timers T2, T3, T5 and T7, as the pages and the alerts tell it: one line for a document.

T1 and T4 are counted by the register, T6 by the figures; T8 is what waits for the axis for long (sensors.py).
"""

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.timers import (
    TimerRules,
    answer_recall_by,
    assign_by,
    send_urgent_by,
    tell_arrival_by,
)
from gateway.exchange.directory import Directory
from gateway.model.alert import AlertRule, Condition
from gateway.model.formats import counted
from gateway.model.identifiers import AgencyCode
from gateway.model.report import Words
from gateway.store.database import Database
from gateway.store.late import (
    Waited,
    list_recalls_unanswered,
    list_untold_arrivals,
    list_urgent_unseen,
    list_urgent_waiting,
)

_NEWS = timedelta(days=30)
# Later than that it is not the machine's delay any more: `[receipts]` tells of it.
_ARRIVALS_WITHIN = timedelta(days=1)


class Timer(StrEnum):
    """What is waited for too long."""

    SEND_URGENT = "T2"
    TELL_ARRIVAL = "T3"
    ASSIGN_URGENT = "T5"
    ANSWER_RECALL = "T7"

    @property
    def words(self) -> Words:
        """Say what did not happen in time."""
        return _WORDS[self]


_WORDS: dict[Timer, Words] = {
    Timer.SEND_URGENT: ("Văn bản khẩn chưa gửi đi", "urgent, and has not left"),
    Timer.TELL_ARRIVAL: ("Chưa có báo đã đến", "nobody told of its arrival"),
    Timer.ASSIGN_URGENT: ("Văn bản khẩn chưa phân công", "urgent, and not assigned"),
    Timer.ANSWER_RECALL: ("Chưa trả lời thu hồi", "its recall is not answered"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A document that somebody is late with. recipients are who is waited for, or does not have it."""

    timer: Timer
    document: Waited
    recipients: tuple[AgencyCode, ...]
    limit: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lateness:
    """Looks for what is late."""

    database: Database
    directory: Directory
    calendar: Callable[[], Awaitable[WorkingCalendar]]
    rules: TimerRules

    async def look(self, codes: Collection[AgencyCode] | None, *, at: datetime) -> list[Late]:
        """List what is late for agencies, or for all, the oldest limit first."""
        calendar, directory = await self.calendar(), await self.directory.current()
        news = at - _NEWS
        # Where an agency's own system collects, and not at every node in between.
        at_home = filter(directory.is_at_home, directory.served_by if codes is None else codes)
        named = frozenset(name for code in at_home for name in directory.names_of(code))
        unseen = await list_urgent_unseen(self.database, named, after=news, before=at)
        recalls = await list_recalls_unanswered(self.database, codes, after=news, before=at)
        found = [
            *await self._look_at_urgent(codes, at),
            *await self._look_at_arrivals(codes, at),
            *_late(
                Timer.ASSIGN_URGENT,
                unseen,
                lambda since: assign_by(since, calendar, self.rules, urgent=True),
                at,
            ),
            *_late(
                Timer.ANSWER_RECALL,
                recalls,
                lambda since: answer_recall_by(since, calendar, self.rules),
                at,
            ),
        ]
        return sorted(found, key=lambda each: each.limit)

    async def warn(self, at: datetime) -> list[Condition]:
        """List what is for the operator: urgent documents that do not leave, arrivals untold for long."""
        urgent, stuck_after = await self._look_at_urgent(None, at), self.rules.stuck_after
        # An arrival that is told a little late is nothing to be woken for.
        untold = await self._look_at_arrivals(None, at, before=at - stuck_after) if stuck_after else []
        found = []
        if urgent:
            found.append(
                Condition(
                    rule=AlertRule.URGENT_LATE,
                    vi=f"{len(urgent)} văn bản khẩn chưa gửi được lên trục trong thời hạn.",
                    en=f"Not left for the axis in time: {counted(len(urgent), 'urgent document')}.",
                )
            )
        if untold:
            found.append(
                Condition(
                    rule=AlertRule.ARRIVALS_UNTOLD,
                    vi=f"{len(untold)} văn bản trục đã nhận từ lâu mà chưa có báo đã đến (01).",
                    en=f"Long with the axis, arrival (01) untold: {counted(len(untold), 'document')}.",
                )
            )
        return found

    async def _look_at_urgent(self, codes: Collection[AgencyCode] | None, at: datetime) -> list[Late]:
        waiting = await list_urgent_waiting(self.database, codes, after=at - _NEWS, before=at)
        return _late(Timer.SEND_URGENT, waiting, lambda since: send_urgent_by(since, self.rules), at)

    async def _look_at_arrivals(
        self, codes: Collection[AgencyCode] | None, at: datetime, *, before: datetime | None = None
    ) -> list[Late]:
        before = before or at
        untold = await list_untold_arrivals(
            self.database, codes, after=before - _ARRIVALS_WITHIN, before=before
        )
        return _late(Timer.TELL_ARRIVAL, untold, lambda since: tell_arrival_by(since, self.rules), at)


def _late(
    timer: Timer, waited: Iterable[Waited], limit_of: Callable[[datetime], datetime], at: datetime
) -> list[Late]:
    """Put what is beyond its limit together, each document once."""
    by_document: dict[str, list[Waited]] = {}
    for each in waited:
        if limit_of(each.since) <= at:
            by_document.setdefault(each.thread_id, []).append(each)
    return [
        Late(
            timer=timer,
            document=first,
            recipients=tuple(dict.fromkeys(each.recipient for each in (first, *others))),
            limit=limit_of(first.since),
        )
        for first, *others in by_document.values()
    ]
