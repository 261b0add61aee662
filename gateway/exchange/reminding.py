"""Reminders (nhắc việc): once on a working day each agency is told what it owes, in one digest.

The digest is noted, logged and sent as a document by one transaction, so that it is told once. Mail follows
(reminder_mail.py), and webhooks read the log (announcing.py). What is due is found by agenda.py.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.deadlines.digest import report_of, title_of
from gateway.deadlines.reminders import Audience, Digest, is_time
from gateway.errors import Refusal
from gateway.exchange.agenda import Agenda, Way
from gateway.exchange.directory import Snapshot, namer
from gateway.exchange.notary import Notary
from gateway.exchange.own_documents import OwnDocuments, OwnLetter, Written
from gateway.log_lines import log
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
    next_digest_id,
    note_digest,
    note_reminded_day,
    reminded_day,
)
from gateway.store.tables import Tables

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
    print_report: Callable[[Report], Paper]
    node: str
    clock: Callable[[], datetime]
    _day: date | None = None
    _left: deque[tuple[AgencyCode, frozenset[AgencyCode]]] = field(default_factory=deque)

    async def look(self) -> bool:
        """Remind one agency; tell whether there are more."""
        at = self.clock()
        if not is_time(at, await self.agenda.calendar(), self.agenda.rules):
            return False
        today = local_day(at)
        if self._day != today:
            await self._begin(today)
        if self._left:
            await self._remind_next(today, at)
        return bool(self._left)

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
                written = await self._write(lent, digest, number, directory, at)
            if written is None:
                ways = tuple(way for way in ways if way is not Way.DOCUMENT)
            if not ways:
                return

            def act(tables: Tables) -> None:
                self._note(tables, digest, number, ways, written, at)

            await self.database.write(act)
            passed(Point.REMINDED)
        log.info("reminded", agency=agency, count=len(digest.reminders), ways=",".join(ways))

    async def _write(
        self, lent: AsyncExitStack, digest: Digest, number: int, directory: Snapshot, at: datetime
    ) -> Written | None:
        """Write the document; None when it cannot be sent, which must not keep mail from going."""
        letter = await self._letter(digest, number, directory, at)
        try:
            return await lent.enter_async_context(self.documents.writing(letter, directory, at))
        except Refusal as refusal:
            log.warning("reminder not written", agency=digest.agency, reason=refusal.code)
            return None

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
        tables: Tables,
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
