"""Reminders (nhắc việc): once on a working day each agency is told what it owes, in one digest.

The digest is noted, logged and sent as a document by one transaction, so that it is told at most once. Mail
follows and is noted afterwards: a mail may come twice, never not at all. Webhooks read the log
(announcing.py). What is due is found by agenda.py.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from sqlite3 import Connection

import structlog

from gateway.clients.mail import Mail, MailServer
from gateway.deadlines.digest import report_of, title_of
from gateway.deadlines.reminders import Audience, Digest, is_time
from gateway.errors import Delay, Refusal
from gateway.exchange.agenda import Agenda, Way, mail_address, namer
from gateway.exchange.directory import Snapshot
from gateway.exchange.notary import Notary
from gateway.exchange.own_documents import OwnDocuments, OwnLetter, Written
from gateway.exchange.plain_report import write_text
from gateway.model.code_lists import Priority
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.log import LogKind
from gateway.model.paper import Paper
from gateway.model.report import Report
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.reminders import (
    MailState,
    has_digest,
    list_unmailed,
    next_digest_id,
    next_to_mail,
    note_digest,
    note_mail,
    note_reminded_day,
    reminded_day,
)

log = structlog.get_logger()

TYPE_NAME, NOTATION = "Thông báo", "TB-LT"


@dataclass(slots=True, kw_only=True)
class Reminding:
    """Reminds the agencies of one node.

    Shape: node is what people call it; print_report makes the file that a document carries.
    """

    database: Database
    agenda: Agenda
    notary: Notary
    documents: OwnDocuments
    mail_server: MailServer
    print_report: Callable[[Report], Paper]
    node: str
    clock: Callable[[], datetime]
    _day: date | None = None
    _left: deque[tuple[AgencyCode, frozenset[AgencyCode]]] = field(default_factory=deque)
    _mailed_last: AgencyCode | None = None

    async def look(self) -> bool:
        """Remind one agency, or send one mail that waits; tell whether there may be more to do."""
        at = self.clock()
        if not is_time(at, await self.agenda.calendar(), self.agenda.rules):
            return False
        today = local_day(at)
        if self._day != today:
            await self._begin(today)
        if self._left:
            await self._remind_next(today, at)
            return True
        return await self._mail_next(today, at)

    async def _begin(self, today: date) -> None:
        """Find who is to be reminded today, unless all were."""
        is_over = await reminded_day(self.database) == today
        self._left = deque(() if is_over else (await self.agenda.agencies(today)).items())
        self._day = today

    async def _remind_next(self, today: date, at: datetime) -> None:
        agency, codes = self._left.popleft()
        try:
            await self._remind(agency, codes, today, at)
        except BaseException:
            self._left.append((agency, codes))  # the others need not wait for it
            raise
        if not self._left:
            await self.database.write(lambda tables: note_reminded_day(tables, today))
            passed(Point.DAY_REMINDED)

    async def _remind(
        self, agency: AgencyCode, codes: Collection[AgencyCode], today: date, at: datetime
    ) -> None:
        if await has_digest(self.database, agency, today):
            return
        digest = await self.agenda.digest(agency, codes, today)
        if digest is None:
            return
        directory = await self.agenda.directory.current()
        ways = self.agenda.ways_to(agency, directory)
        number = await next_digest_id(self.database)
        async with AsyncExitStack() as lent:
            written = None
            if Way.DOCUMENT in ways:
                letter = await self._letter(digest, number, directory, at)
                written = await lent.enter_async_context(self.documents.writing(letter, directory, at))

            def act(tables: Connection) -> None:
                self._note(tables, digest, number, ways, written, at)

            await self.database.write(act)
            passed(Point.REMINDED)
        log.info("reminded", agency=agency, count=len(digest.reminders), ways=",".join(ways))

    async def _letter(self, digest: Digest, number: int, directory: Snapshot, at: datetime) -> OwnLetter:
        report = report_of(digest, issuer=self.node, names=namer(directory), as_of=at)
        return OwnLetter(
            number=str(number),
            notation=NOTATION,
            type_name=TYPE_NAME,
            subject=title_of(digest)[0],
            recipients=(digest.agency,),
            papers=[await asyncio.to_thread(self.print_report, report)],
            priority=Priority.URGENT if digest.overdue or digest.escalated else Priority.NORMAL,
        )

    def _note(
        self,
        tables: Connection,
        digest: Digest,
        number: int,
        ways: Collection[Way],
        written: Written | None,
        at: datetime,
    ) -> None:
        package_id: PackageId | None = None
        thread_id: ThreadId | None = None
        if written is not None:
            package_id, thread_id = self.documents.record(tables, written, at=at)
        note_digest(
            tables,
            number,
            digest.agency,
            digest.day,
            digest.reminders,
            package_id=package_id,
            mail=MailState.WAITING if Way.MAIL in ways else MailState.NONE,
            at=at,
        )
        entry = self.notary.entry(
            LogKind.REMINDED,
            at=at,
            package_id=package_id,
            thread_id=thread_id,
            agency=digest.agency,
            day=digest.day.isoformat(),
            ways=[way.value for way in ways],
            obligations=[each.obligation.id for each in digest.reminders if each.audience is Audience.OWING],
            escalated=[each.obligation.id for each in digest.escalated],
        )
        append_entry(tables, entry)

    async def _mail_next(self, today: date, at: datetime) -> bool:
        """Send the next mail that waits. After one that was not taken the next comes in another round."""
        agency = await next_to_mail(self.database, after=self._mailed_last)
        self._mailed_last = agency
        if agency is None:
            return False
        try:
            state = await self._mail(agency, today, at)
        except Delay as delay:
            log.warning("reminder not mailed", agency=agency, reason=delay.code)
            return False
        await self.database.write(lambda tables: note_mail(tables, agency, state))
        passed(Point.MAIL_NOTED)
        return True

    async def _mail(self, agency: AgencyCode, today: date, at: datetime) -> MailState:
        """Mail what an agency was told and has not done since, in one mail however many days it waited."""
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
