"""The books of an office: the register of documents, and what is owed. Kept with every package accepted.

Nothing here is asked for by anybody: figures fall out of the exchange. Runs inside the transaction of what
it writes down.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.deadlines.calendar import WorkingCalendar
from gateway.deadlines.timers import TimerRules, receive_by, send_by
from gateway.edxml.document_types import LEGAL, resolve_type
from gateway.exchange.directory import Snapshot
from gateway.exchange.obligations import UNDELIVERED, Cause, Obligations, Owing, Word
from gateway.exchange.routing import Route
from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.obligation import Act, Standing
from gateway.model.package import Envelope, StatusReport
from gateway.store import obligations, register
from gateway.store.packages import Direction
from gateway.store.register import Entered, Side
from gateway.store.tables import Tables

_JUDGED = frozenset({StatusCode.DECLINED, StatusCode.RECEIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Writes down what documents and answers mean for figures and deadlines.

    Shape: calendar tells the working days as they are known now.
    """

    obligations: Obligations
    calendar: Callable[[], WorkingCalendar]
    rules: TimerRules

    def enter_document(
        self,
        tables: Tables,
        envelope: Envelope,
        *,
        direction: Direction,
        route: Route,
        recipients: Sequence[AgencyCode],
        newcomers: frozenset[AgencyCode],
        is_first: bool = False,
        thread_id: ThreadId,
        package_id: PackageId,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Enter a document that was accepted.

        Shape: route is what is left to deliver; recipients are all it is for, by canonical code; is_first
        tells that nothing was ever known of it.
        """
        owner = directory.canonical(envelope.sender.code)
        kind = resolve_type(envelope.document_type, str(envelope.code))
        Owing(
            obligations=self.obligations,
            directory=directory,
            envelope=envelope,
            type_name=kind.name or "",
            owner=owner,
            recipients=tuple(recipients),
            newcomers=newcomers,
            is_first=is_first,
            thread_id=thread_id,
            package_id=package_id,
            at=at,
        ).apply(tables)
        if envelope.amendment.business is Business.RECALL:
            return
        row = Entered(
            agency=owner,
            side=Side.OUT,
            thread_id=thread_id,
            package_id=package_id,
            at=at,
            day=envelope.promulgated_on,
            type=kind.name or "",
            is_legal=kind.group == LEGAL,
            deliveries_count=len(newcomers),
            in_time=at < send_by(envelope.promulgated_on, self.calendar()),
        )
        if direction is Direction.OUTBOUND:
            self._enter_going(tables, row, is_first=is_first)
        mailboxes = (directory.canonical(code) for code in route.mailboxes)
        self._enter_coming(tables, row, [code for code in mailboxes if code in newcomers])

    def _enter_going(self, tables: Tables, row: Entered, *, is_first: bool) -> None:
        if is_first or not register.count_more_deliveries(
            tables, row.agency, row.thread_id, row.deliveries_count
        ):
            register.enter(tables, row)

    def _enter_coming(self, tables: Tables, row: Entered, agencies: Iterable[AgencyCode]) -> None:
        for agency in agencies:
            register.enter(
                tables,
                Entered(
                    agency=agency,
                    side=Side.IN,
                    thread_id=row.thread_id,
                    package_id=row.package_id,
                    at=row.at,
                    day=local_day(row.at),
                    type=row.type,
                    is_legal=row.is_legal,
                    deliveries_count=1,
                ),
            )

    def enter_answer(
        self,
        tables: Tables,
        report: StatusReport,
        *,
        thread_id: ThreadId | None,
        recipient: AgencyCode,
        before: StatusCode | None,
        was_asked_back: bool,
        package_id: PackageId | None,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Enter what a recipient said; thread_id is None when no document was found for it."""
        word = Word(
            obligations=self.obligations,
            directory=directory,
            report=report,
            before=before,
            was_asked_back=was_asked_back,
            package_id=package_id,
            at=at,
        )
        if thread_id is None:
            word.apply_without_document(tables)
            return
        word.apply(tables, thread_id, recipient)
        if report.status in _JUDGED:
            declined = report.status == StatusCode.DECLINED
            calendar = self.calendar()
            register.answer_for(
                tables,
                recipient,
                thread_id,
                declined=declined,
                at=at,
                until=lambda arrived_at: receive_by(arrived_at, calendar, self.rules),
            )

    def enter_failure(
        self,
        tables: Tables,
        thread_id: ThreadId | None,
        recipients: Iterable[AgencyCode],
        *,
        package_id: PackageId | None,
        directory: Snapshot,
        at: datetime,
    ) -> None:
        """Enter that a document will not reach some of its recipients: they owe nothing then."""
        if thread_id is None:
            return
        codes = {directory.canonical(code) for code in recipients}
        cause = Cause(at=at, package_id=package_id, reason=UNDELIVERED)
        for held in obligations.owed_for_thread(tables, thread_id):
            if held.agency in codes and held.standing is Standing.OPEN:
                self.obligations.move(tables, held, Act.CANCEL, cause)
