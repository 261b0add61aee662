"""What agencies are reminded of, by mail: sent after it was noted, and that noted afterwards.

A mail may come twice, after a crash in between, never not at all. While the mail server is away it waits, and
then says in one mail what is still open of all that was to be told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.clients.mail import Mail, MailServer
from gateway.deadlines.digest import report_of
from gateway.deadlines.reminders import is_time
from gateway.errors import Delay, Refusal
from gateway.exchange.agenda import Agenda, Way, mail_address
from gateway.exchange.directory import namer
from gateway.exchange.plain_report import write_text
from gateway.log_lines import log
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.points import Point, passed
from gateway.store.database import Database
from gateway.store.reminders import MailState, list_unmailed, next_to_mail, note_mail


@dataclass(slots=True, kw_only=True)
class ReminderMail:
    """Mails what waits, at the hours of reminders. node is what people call this node."""

    database: Database
    agenda: Agenda
    mail_server: MailServer
    node: str
    clock: Callable[[], datetime]
    _last: AgencyCode | None = None

    async def look(self) -> bool:
        """Send the next mail that waits; tell whether there may be more.

        After one that was not taken the next comes in another round: who cannot be reached keeps nobody
        waiting for ever, and a server that is away is asked once.
        """
        at = self.clock()
        if not is_time(at, await self.agenda.calendar(), self.agenda.rules):
            return False
        agency = await next_to_mail(self.database, after=self._last)
        self._last = agency
        if agency is None:
            return False
        try:
            state = await self._mail(agency, local_day(at), at)
        except Delay as delay:
            log.warning("reminder not mailed", agency=agency, reason=delay.code)
            return False
        await self.database.write(lambda tables: note_mail(tables, agency, state))
        passed(Point.MAIL_NOTED)
        return True

    async def _mail(self, agency: AgencyCode, today: date, at: datetime) -> MailState:
        """Mail what an agency was to be told and has not done since, however many days it waited."""
        directory = await self.agenda.directory.current()
        address = mail_address(agency, directory)
        told = await list_unmailed(self.database, agency)
        if address is None or not told or Way.MAIL not in self.agenda.ways_to(agency, directory):
            return MailState.NONE
        digest = await self.agenda.digest_again(agency, told, today)
        report = report_of(digest, issuer=self.node, names=namer(directory), as_of=at)
        mail = Mail(
            to=(address,),
            subject=f"[{self.node}] {report.title[0]}",
            text=write_text(report),
            at=at,
        )
        try:
            await self.mail_server.send(mail)
        except Refusal as refusal:
            log.warning("reminder refused by the mail server", agency=agency, reason=refusal.code)
            return MailState.REFUSED
        passed(Point.REMINDER_MAILED)
        return MailState.SENT
