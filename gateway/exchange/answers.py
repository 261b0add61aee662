"""Statuses: find the document an answer is about, record it, and tell whether it travels on.

Strict towards the systems connected here, tolerant towards everybody beyond: the network reorders, and
another agency's DMS is not ours to correct. Runs inside the transaction that accepts the package.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Refusal
from gateway.exchange.directory import Snapshot
from gateway.model.answer import goes_further, may_say
from gateway.model.code_lists import REASON_OWED, STATUS_NAMES, StatusCode
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId, normalise_notation
from gateway.model.package import StatusReport
from gateway.model.thread import RecipientState, Thread
from gateway.store import threads
from gateway.store.tables import Tables

_CHANGES = (StatusCode.CHANGE_ACCEPTED, StatusCode.CHANGE_DECLINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of a status: the thread it belongs to, and whether it says anything new.

    Shape: recipient is whom it speaks for, by canonical code; before is what was said last, and
    was_asked_back whether a recall was pending then.
    """

    thread_id: ThreadId | None
    recipient: AgencyCode
    is_repetition: bool = False
    before: StatusCode | None = None
    was_asked_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """One status about to be recorded."""

    report: StatusReport
    package_id: PackageId
    directory: Snapshot
    strict: bool
    at: datetime

    def apply(self, connection: Tables) -> Heard:
        """Match and record the status.

        Errors: Refusal, when strict, of a status that may not follow the last one or owes a reason.
        """
        if self.strict and self.report.status in REASON_OWED and not self.report.description:
            raise _reason_missing()
        match = find_document(connection, self.report, self.directory)
        if match is None:
            speaker = self.directory.canonical(self.report.sender.code)
            self._record(connection, None, speaker)
            return Heard(thread_id=None, recipient=speaker)
        thread, state = match
        last = known_code(threads.last_word(connection, thread.id, state.code))
        is_repetition = self._is_repetition(connection, thread, state, last)
        if self.strict and not is_repetition:
            self._check_order(last, state)
        self._record(connection, thread.id, state.code)
        if not is_repetition:
            self.move(connection, thread, state)
        return Heard(
            thread_id=thread.id,
            recipient=state.code,
            is_repetition=is_repetition,
            before=last,
            was_asked_back=state.pending_change == "recall",
        )

    def _check_order(self, last: StatusCode | None, state: RecipientState) -> None:
        following = known_code(self.report.status)
        if following is None or following is StatusCode.TAKE_BACK:
            return
        if not may_say(last, following, change_pending=state.pending_change is not None):
            raise _out_of_order(last, following)

    def _is_repetition(
        self, connection: Tables, thread: Thread, state: RecipientState, last: StatusCode | None
    ) -> bool:
        if self.report.status in _CHANGES:
            answered = threads.has_answered(connection, thread.id, state.code, self.report.status)
            return answered and state.pending_change is None
        return self.report.status == last

    def _record(self, connection: Tables, thread_id: ThreadId | None, recipient: AgencyCode) -> None:
        threads.insert_answer(
            connection,
            threads.Answer(
                thread_id=thread_id,
                package_id=self.package_id,
                recipient=recipient,
                document_id=self.report.reply.document_id,
                notation=normalise_notation(self.report.reply.code or "") or None,
                status=self.report.status,
                description=self.report.description,
                said_at=self.report.at,
                recorded_at=self.at,
            ),
        )

    def move(self, connection: Tables, thread: Thread, state: RecipientState) -> None:
        """Let the status take effect on the recipient it speaks for; a late one changes nothing."""
        status = self.report.status
        if status == StatusCode.TAKE_BACK:
            threads.expect_change(connection, thread.id, [state.code], "recall")
            threads.mark_recalled(connection, thread.id, at=self.at)
        elif status in _CHANGES:
            threads.expect_change(connection, thread.id, [state.code], None)
            if status == StatusCode.CHANGE_ACCEPTED and state.pending_change == "recall":
                threads.mark_given_back(connection, thread.id, state.code, at=self.at)
        elif goes_further(state.status, status):
            threads.set_status(connection, thread.id, state.code, status, at=self.at)


def find_document(
    connection: Tables, report: StatusReport, directory: Snapshot
) -> tuple[Thread, RecipientState] | None:
    """Find the document and recipient a status is about: by identifier, by number and date, by number.

    The reporter is a recipient and ResponseFor names the sender; for 13 it is the other way round. Nobody
    speaks for anybody else but for whom was merged into it: a sender's word about its own document is no
    answer of its recipient.
    Source: QĐ 28/2018 practice; a match counts only when it is the only one.
    """
    owner = None if report.reply.organ is None else directory.canonical(report.reply.organ)
    recipient: AgencyCode | None = directory.canonical(report.sender.code)
    if report.status == StatusCode.TAKE_BACK:
        owner, recipient = recipient, owner
    for candidates in _candidates(connection, report):
        own = [thread for thread in candidates if directory.canonical(thread.owner) == owner]
        held = [
            (thread, state)
            for thread in own
            for state in threads.recipients_of(connection, thread.id).values()
        ]
        for whose in (directory.canonical, directory.successor):
            matches = [(thread, state) for thread, state in held if whose(state.code) == recipient]
            if len(matches) == 1:
                return matches[0]
    return None


def _candidates(connection: Tables, report: StatusReport) -> list[list[Thread]]:
    ways = []
    if report.reply.document_id is not None:
        ways.append(threads.find_threads_by_document(connection, report.reply.document_id))
    if report.reply.code is not None:
        notation = normalise_notation(report.reply.code)
        if report.reply.promulgated_on is not None:
            ways.append(threads.find_threads_by_notation(connection, notation, report.reply.promulgated_on))
        ways.append(threads.find_threads_by_notation(connection, notation, None))
    return ways


def known_code(status: str | None) -> StatusCode | None:
    """Return a status as a code of the list; None for one that is in none."""
    return StatusCode(status) if status in STATUS_NAMES else None


def _out_of_order(current: StatusCode | None, following: StatusCode) -> Refusal:
    said = current.value if current else "–"
    return Refusal.because(
        "status-out-of-order",
        where="MessageHeader/StatusCode",
        vi=f"Trạng thái {following.value} ({following.vi}) không thể đi sau {said}.",
        en=f"Status {following.value} ({following.en}) cannot follow {said}.",
    )


def _reason_missing() -> Refusal:
    return Refusal.because(
        "reason-missing",
        where="MessageHeader/Description",
        vi="Từ chối phải nêu lý do.",
        en="Declining owes a reason.",
    )
