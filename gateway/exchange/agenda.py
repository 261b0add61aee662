"""What is due to be told today, to whom, and by which ways. Looks and changes nothing.

`lienthong remind --dry-run` shows it; reminding.py tells it.
"""

from collections.abc import Awaitable, Callable, Collection, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.reminders import (
    Audience,
    Digest,
    Reminder,
    ReminderRules,
    last_due_day,
    last_escalated_day,
    position_of,
    remind,
)
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.own_documents import can_write_to
from gateway.model.identifiers import AgencyCode, is_mail_address
from gateway.store.database import Database
from gateway.store.reminders import Told, count_overdue, list_audience, stream_due

Calendar = Callable[[], Awaitable[WorkingCalendar]]
"""Tells the working days as they are known now."""

# More nobody reads in a day; what is left over comes the next, the oldest first.
_REMINDED_AT_MOST = 500


class Way(StrEnum):
    """How an agency is reminded."""

    DOCUMENT = "document"
    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Finds what is due to be told.

    Shape: ways are those that are switched on and set up; everybody tells whether agencies are reminded that
    collect at another node; own is the node's own agency.
    """

    database: Database
    directory: Directory
    calendar: Calendar
    rules: ReminderRules
    ways: Set[Way]
    everybody: bool
    own: AgencyCode
    axis_is_open: bool

    def ways_to(self, code: AgencyCode, directory: Snapshot) -> tuple[Way, ...]:
        """Tell how an agency is reached; nothing when it is not ours to remind."""
        if not self.everybody and not directory.is_at_home(code):
            return ()
        return tuple(way for way in Way if way in self.ways and self._is_open(way, code, directory))

    def _is_open(self, way: Way, code: AgencyCode, directory: Snapshot) -> bool:
        match way:
            case Way.DOCUMENT:
                return can_write_to(code, directory, own=self.own, axis_is_open=self.axis_is_open)
            case Way.MAIL:
                return mail_address(code, directory) is not None
            case Way.WEBHOOK:
                return True

    async def agencies(self, today: date) -> dict[AgencyCode, frozenset[AgencyCode]]:
        """List who may have to be reminded on a working day, each with the codes under which it owes.

        Shape: whoever an agency was merged into answers for it.
        """
        calendar, directory = await self.calendar(), await self.directory.current()
        found: dict[AgencyCode, set[AgencyCode]] = {}
        for audience, due_until in self._horizons(today, calendar):
            for code in await list_audience(self.database, audience, due_until=due_until):
                found.setdefault(directory.successor(code), set()).add(code)
        return {
            code: frozenset(codes) for code, codes in sorted(found.items()) if self.ways_to(code, directory)
        }

    async def digest(self, agency: AgencyCode, codes: Collection[AgencyCode], today: date) -> Digest | None:
        """Tell what an agency is to be reminded of on a working day; None when of nothing."""
        calendar = await self.calendar()
        reminders: list[Reminder] = []
        for audience, due_until in self._horizons(today, calendar):
            reminders += await self._due(audience, codes, due_until, today, calendar)
        if not reminders:
            return None
        return Digest(
            agency=agency,
            day=today,
            reminders=tuple(reminders),
            overdue_count=await count_overdue(self.database, codes, self.rules.kinds, today=today),
        )

    async def digest_again(self, agency: AgencyCode, told: Collection[Told], today: date) -> Digest:
        """Tell anew what an agency was told before, as it stands on another day."""
        calendar = await self.calendar()
        reminders = {
            (each.obligation.id, each.audience): Reminder(
                obligation=each.obligation,
                audience=each.audience,
                stage=each.stage,
                position=position_of(each.due_on, today, calendar),
            )
            for each in told
        }
        codes = {agency, *(each.obligation.agency for each in told if each.audience is Audience.OWING)}
        return Digest(
            agency=agency,
            day=today,
            reminders=tuple(reminders.values()),
            overdue_count=await count_overdue(self.database, codes, self.rules.kinds, today=today),
        )

    def _horizons(self, today: date, calendar: WorkingCalendar) -> list[tuple[Audience, date]]:
        horizons = [(Audience.OWING, last_due_day(today, calendar, self.rules))]
        if (escalated := last_escalated_day(today, calendar, self.rules)) is not None:
            horizons.append((Audience.ASSIGNING, escalated))
        return horizons

    async def _due(
        self,
        audience: Audience,
        codes: Collection[AgencyCode],
        due_until: date,
        today: date,
        calendar: WorkingCalendar,
    ) -> list[Reminder]:
        found: list[Reminder] = []
        async for page in stream_due(self.database, codes, audience, self.rules.kinds, due_until=due_until):
            due = (
                remind(each, audience, told=told, today=today, calendar=calendar, rules=self.rules)
                for each, told in page
            )
            found += [each for each in due if each is not None]
            if len(found) >= _REMINDED_AT_MOST:
                break
        return found[:_REMINDED_AT_MOST]


def mail_address(code: AgencyCode, directory: Snapshot) -> str | None:
    """Tell an agency's mail address, when the directory has one that can be used."""
    agency = directory.agencies.get(directory.canonical(code))
    mail = None if agency is None or agency.mail is None else agency.mail.strip()
    return mail if mail and is_mail_address(mail) else None
