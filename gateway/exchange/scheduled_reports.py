"""Reports that go out by themselves: some working days after the end of a month, a quarter, a year.

Each goes once to each addressee. A document through the exchange is noted by the transaction that sends it;
a mail is noted afterwards, so that a node that is killed in between sends that one twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from gateway.clients.mail import Mail, MailServer
from gateway.deadlines.counts import Period
from gateway.deadlines.schedule import goes_out_at, last_ended, name_span
from gateway.errors import Delay, Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.agenda import Calendar
from gateway.exchange.directory import Directory, Snapshot, namer
from gateway.exchange.notary import Notary
from gateway.exchange.own_documents import OwnDocuments, OwnLetter
from gateway.log_lines import log
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, is_mail_address
from gateway.model.log import LogEntry, LogKind
from gateway.model.paper import Paper
from gateway.model.span import Span
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.report_sendings import list_addressees, next_sending_id, note_sending
from gateway.store.tables import Tables

MakeReport = Callable[[Period, AgencyCode | None], Awaitable[Sequence[Paper]]]
"""Makes the report of a period, of one agency or of all."""

TYPE_NAME, NOTATION = "Báo cáo", "BC-LT"
# A node that is set up in December owes nobody the report of the year before.
_LATE_AT_MOST = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which report goes to whom, and when.

    Shape: agency is None for all together; to are mail addresses and agency codes; after counts working days
    behind the end of the span.
    """

    span: Span
    agency: AgencyCode | None
    to: tuple[str, ...]
    after: int
    at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A report that is due, and who has not got it yet."""

    schedule: Schedule
    period: Period
    left: tuple[str, ...]
    directory: Snapshot
    at: datetime

    @property
    def agencies(self) -> tuple[AgencyCode, ...]:
        return tuple(AgencyCode(each) for each in self.left if not is_mail_address(each))

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(each for each in self.left if is_mail_address(each))

    @property
    def subject(self) -> tuple[str, str]:
        """Say what it is: Báo cáo số liệu quý II/2026 của Sở Y tế."""
        vi, en = name_span(self.schedule.span, self.period)
        if self.schedule.agency is None:
            return f"Báo cáo số liệu {vi}", f"Report for {en}"
        agency = namer(self.directory)(self.schedule.agency)
        return f"Báo cáo số liệu {vi} của {agency}", f"Report of {agency} for {en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledReports:
    """Sends the reports of one node."""

    database: Database
    directory: Directory
    notary: Notary
    documents: OwnDocuments
    mail_server: MailServer
    make: MakeReport
    calendar: Calendar
    schedules: Sequence[Schedule]
    node: str
    clock: Callable[[], datetime]

    async def look(self) -> bool:
        """Send what is due; the next look is never at once."""
        for schedule in self.schedules:
            due = await self._due(schedule)
            if due is not None:
                papers = await self.make(due.period, schedule.agency)
                await self._send_document(due, papers)
                await self._send_mails(due, papers)
        return False

    async def _due(self, schedule: Schedule) -> _Due | None:
        at = self.clock()
        period = last_ended(schedule.span, local_day(at))
        due_at = goes_out_at(period, schedule.after, schedule.at, await self.calendar())
        if not due_at <= at < due_at + _LATE_AT_MOST:
            return None
        told = await list_addressees(self.database, schedule.span, schedule.agency, period.last)
        left = tuple(each for each in dict.fromkeys(schedule.to) if each not in told)
        directory = await self.directory.current()
        return _Due(schedule=schedule, period=period, left=left, directory=directory, at=at) if left else None

    async def _send_document(self, due: _Due, papers: Sequence[Paper]) -> None:
        reached = tuple(code for code in due.agencies if self.documents.reaches(code, due.directory))
        for code in set(due.agencies) - set(reached):
            log.warning("report not sent", agency=code, reason="unknown-agency")
        if not reached:
            return
        letter = OwnLetter(
            number=str(await next_sending_id(self.database)),
            notation=NOTATION,
            type_name=TYPE_NAME,
            subject=due.subject[0],
            recipients=reached,
            papers=papers,
        )
        try:
            async with self.documents.writing(letter, due.directory, due.at) as written:

                def act(tables: Tables) -> None:
                    package_id, _ = self.documents.record(tables, written, at=due.at)
                    for code in reached:
                        note_sending(tables, *_key(due), code, package_id=package_id, at=due.at)
                        append_entry(tables, self._sent(due, code))

                await self.database.write(act)
                passed(Point.REPORT_RECORDED)
        except Refusal as refusal:
            log.warning("report not sent", agency=",".join(reached), reason=refusal.code)

    async def _send_mails(self, due: _Due, papers: Sequence[Paper]) -> None:
        vi, en = due.subject
        for address in due.addresses:
            mail = Mail(
                to=(address,),
                subject=f"[{self.node}] {vi}",
                text=f"{self.node} gửi: {vi}, trong tệp đính kèm.\n\n{self.node} sends: {en}, attached.\n",
                at=due.at,
                papers=papers,
            )
            try:
                await self.mail_server.send(mail)
                refused = False
            except Delay as delay:
                log.warning("report not mailed", reason=delay.code)
                continue
            except Refusal as refusal:
                log.warning("report refused by the mail server", to=address, reason=refusal.code)
                refused = True
            passed(Point.REPORT_MAILED)
            await self._note_mail(due, address, refused=refused)

    async def _note_mail(self, due: _Due, address: str, *, refused: bool) -> None:
        def act(tables: Tables) -> None:
            note_sending(tables, *_key(due), address, refused=refused, at=due.at)
            if not refused:
                append_entry(tables, self._sent(due, address))

        await self.database.write(act)
        passed(Point.REPORT_NOTED)

    def _sent(self, due: _Due, addressee: str) -> LogEntry:
        return self._entry(
            "report-sent",
            by="schedule",
            at=due.at,
            span=due.schedule.span.value,
            until=due.period.last.isoformat(),
            agency=due.schedule.agency,
            addressee=addressee,
        )

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        told = {name: fact for name, fact in facts.items() if fact is not None}
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=told)


def _key(due: _Due) -> tuple[Span, AgencyCode | None, date]:
    return due.schedule.span, due.schedule.agency, due.period.last
