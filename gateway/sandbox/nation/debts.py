"""How every obligation of a plan stands, told from its acts by the rules in docs/simulator.md alone.

Written anew on purpose: what this and the gateway agree on is not one mistake made twice.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.model.obligation import ObligationKind
from gateway.sandbox.documents import Letter
from gateway.sandbox.nation.acts import Act, Merging, Saying, Sending

_BY_APPLICATION = {
    "MCDT_DT": ObligationKind.DOSSIER,
    "DON_THU": ObligationKind.PETITION,
    "PAHT": ObligationKind.FIELD_REPORT,
}


class End(StrEnum):
    """How an obligation has ended."""

    DONE = "done"
    PASSED_ON = "passed-on"
    GUIDED = "guided"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class Debt:
    """What one agency owes for one document, or for one task code in it. end None: it is open."""

    kind: ObligationKind
    agency: AgencyCode
    assigned_by: AgencyCode
    document_id: DocumentId
    code: str
    assigned_on: date
    due_on: date | None
    end: End | None = None
    ended_on: date | None = None

    def stop(self, end: End, day: date) -> None:
        """End it, if it is open."""
        if self.end is None:
            self.end, self.ended_on = end, day

    def resume(self, after: End) -> None:
        """Open it again, if it ended so."""
        if self.end is after:
            self.end = self.ended_on = None

    def is_late(self, today: date) -> bool:
        """Tell whether it ended after its day, or has not ended and its day is over."""
        return self.due_on is not None and (self.ended_on or today) > self.due_on


class Figure(StrEnum):
    """Where an obligation is counted by the last day."""

    DONE_IN_TIME = "done-in-time"
    DONE_LATE = "done-late"
    OPEN_IN_TIME = "open-in-time"
    OPEN_OVERDUE = "open-overdue"
    PASSED_ON = "passed-on"
    GUIDED = "guided"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class Debts:
    """Every obligation so far."""

    by_document: dict[DocumentId, list[Debt]] = field(default_factory=dict)
    by_code: dict[str, list[Debt]] = field(default_factory=dict)
    _successors: dict[AgencyCode, AgencyCode] = field(default_factory=dict)

    def answering(self, code: AgencyCode) -> AgencyCode:
        """Tell who answers for an agency by now: itself, or whom it was merged into."""
        return self._successors.get(code, code)

    def enter(self, act: Act) -> None:
        """Enter one act."""
        day = local_day(act.at)
        if isinstance(act, Merging):
            self._successors[act.agency.code] = act.by.code
        elif isinstance(act, Saying):
            self._hear(act, day)
        elif act.business is Business.UPDATE:
            self._extend(act)
        elif act.business is Business.RECALL:
            for debt in self._of(act.letter.document_id):
                debt.stop(End.CANCELLED, day)
        else:
            self._close(act.letter, day)
            self._open(act.letter, day)

    def count(self, today: date) -> dict[AgencyCode, Counter[tuple[ObligationKind, Figure]]]:
        """Count how everything stands on a day, for each agency with what those merged into it owed."""
        found: dict[AgencyCode, Counter[tuple[ObligationKind, Figure]]] = {}
        for debt in self._all():
            found.setdefault(self.answering(debt.agency), Counter())[debt.kind, figure_of(debt, today)] += 1
        return found

    def _all(self) -> Iterator[Debt]:
        for debts in self.by_document.values():
            yield from debts

    def _of(self, document_id: DocumentId, agency: AgencyCode | None = None) -> Iterable[Debt]:
        debts = self.by_document.get(document_id, [])
        return [debt for debt in debts if agency is None or self._speaks(agency, debt.agency)]

    def _speaks(self, speaker: AgencyCode, agency: AgencyCode) -> bool:
        return speaker in (agency, self.answering(agency))

    def _open(self, letter: Letter, day: date) -> None:
        kind = _kind_of(letter)
        if kind is None:
            return
        document_id = letter.document_id
        for agency in dict.fromkeys(self.answering(each.code) for each in letter.recipients):
            for code in letter.task_codes or ("",):
                debt = Debt(
                    kind=kind,
                    agency=agency,
                    assigned_by=letter.sender.code,
                    document_id=document_id,
                    code=code,
                    assigned_on=day,
                    due_on=letter.due_on,
                )
                self.by_document.setdefault(document_id, []).append(debt)
                if code:
                    self.by_code.setdefault(code, []).append(debt)

    def _close(self, letter: Letter, day: date) -> None:
        """Let a document end what its sender owes to somebody it is sent to."""
        recipients = {self.answering(recipient.code) for recipient in letter.recipients}
        for debt in self._answered(letter):
            assigner = self.answering(debt.assigned_by)
            to_assigner = assigner in recipients
            petition = debt.kind is ObligationKind.PETITION
            if to_assigner and (letter.steering == 2 or letter.type_name == "Báo cáo"):
                debt.stop(End.DONE, day)
            elif to_assigner and petition and letter.type_name == "Hướng dẫn":
                debt.stop(End.GUIDED, day)
            elif petition and letter.type_name == "Phiếu chuyển" and recipients - {assigner}:
                debt.stop(End.PASSED_ON, day)

    def _answered(self, letter: Letter) -> Iterator[Debt]:
        for reply in letter.replies:
            if reply.document_id is not None:
                yield from self._of(reply.document_id, letter.sender.code)
        if letter.steering != 1:
            for code in letter.task_codes:
                debts = self.by_code.get(code, [])
                yield from (debt for debt in debts if self._speaks(letter.sender.code, debt.agency))

    def _extend(self, act: Sending) -> None:
        if act.letter.due_on is not None:
            for recipient in act.letter.recipients:
                for debt in self._of(act.letter.document_id, self.answering(recipient.code)):
                    if debt.end is None:
                        debt.due_on = act.letter.due_on

    def _hear(self, act: Saying, day: date) -> None:
        for debt in self._of(act.letter.document_id, act.by.code):
            if act.status is StatusCode.COMPLETED:
                debt.stop(End.DONE, day)
            elif act.status is StatusCode.DECLINED:
                debt.stop(End.CANCELLED, day)
            elif act.status is StatusCode.PROCESSING:
                debt.resume(End.DONE)
            elif act.status is StatusCode.CHANGE_DECLINED:
                debt.resume(End.CANCELLED)


def _kind_of(letter: Letter) -> ObligationKind | None:
    """Tell what a new document makes its recipients owe."""
    if letter.application_type in _BY_APPLICATION:
        return _BY_APPLICATION[letter.application_type]
    is_order = letter.steering == 1 and (letter.due_on is not None or bool(letter.task_codes))
    return ObligationKind.TASK if is_order else None


def figure_of(debt: Debt, today: date) -> Figure:
    """Tell where an obligation is counted on a day."""
    if debt.end in (End.PASSED_ON, End.GUIDED, End.CANCELLED):
        return Figure(debt.end)
    if debt.end is End.DONE:
        return Figure.DONE_LATE if debt.is_late(today) else Figure.DONE_IN_TIME
    return Figure.OPEN_OVERDUE if debt.is_late(today) else Figure.OPEN_IN_TIME
