"""Obligations opened, extended, ended and opened again by the exchange itself.

Runs inside the transaction of the package that does it; every step is an entry of the log. What people and
other programs do to obligations is in duties.py; what a document says about them, deadlines/practice.py.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.deadlines.practice import Practice, Said, owed_by, said_by
from gateway.exchange.directory import Snapshot
from gateway.exchange.ids import Mint
from gateway.exchange.notary import Notary
from gateway.model.code_lists import Business, StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.log import LogKind
from gateway.model.obligation import (
    PASSED_ON_KINDS,
    Act,
    Obligation,
    ObligationId,
    ObligationKind,
    Standing,
    Step,
    may,
    moved,
)
from gateway.model.package import Envelope, Reply, StatusReport
from gateway.store import obligations, threads
from gateway.store.audit_log import append_entry
from gateway.store.tables import Tables

# Reasons that the exchange gives; people give theirs in words of their own.
RECALLED, REMOVED, REPLACED, DECLINED, UNDELIVERED = (
    "recalled",
    "removed",
    "replaced",
    "declined",
    "undelivered",
)
SENT_AGAIN, RECALL_DECLINED, TAKEN_UP_AGAIN = "sent-again", "recall-declined", "taken-up-again"
IMPORTED = "imported"

_SUBJECT_KEPT = 500
_ACTS = {Said.REPORT: Act.FINISH, Said.PASSED_ON: Act.PASS_ON, Said.GUIDED: Act.GUIDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a step is caused by: a package, or somebody.

    Shape: at is the instant it counts for; recorded_at is when it was said, if that was later.
    """

    at: datetime
    recorded_at: datetime | None = None
    package_id: PackageId | None = None
    by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """Keeps what is owed, in the transaction of what changes it."""

    notary: Notary
    mint: Mint
    practice: Practice

    def open(self, tables: Tables, obligation: Obligation, cause: Cause) -> Obligation:
        """Write a new obligation and its entry."""
        step = Step(
            act=Act.OPEN,
            at=cause.at,
            due_on=obligation.due_on,
            reason=cause.reason,
            package_id=cause.package_id,
            by=cause.by,
        )
        obligations.insert_obligation(tables, obligation)
        self._record(tables, obligation, step, cause)
        return obligation

    def move(
        self,
        tables: Tables,
        obligation: Obligation,
        act: Act,
        cause: Cause,
        *,
        due_on: date | None = None,
    ) -> Obligation:
        """Move an obligation and write the entry.

        Errors: Refusal ``obligation-cannot`` when the table does not allow it.
        """
        last = obligations.last_step(tables, obligation.id)
        step = Step(
            act=act,
            # Steps go forward in time, even when a clock was set back: figures as they were hang on it.
            at=cause.at if last is None else max(cause.at, last.at),
            due_on=due_on,
            reason=cause.reason,
            package_id=cause.package_id,
            by=cause.by,
        )
        after = moved(obligation, step)
        self._record(tables, after, step, cause)
        return after

    def new_id(self, at: datetime) -> ObligationId:
        """Make an id."""
        return ObligationId(self.mint.new(at))

    def _record(self, tables: Tables, after: Obligation, step: Step, cause: Cause) -> None:
        obligations.insert_step(tables, after, step)
        entry = self.notary.entry(
            LogKind.OBLIGED,
            at=cause.recorded_at or step.at,
            package_id=step.package_id,
            thread_id=after.thread_id,
            obligation=after.id,
            act=step.act.value,
            owes=after.kind.value,
            agency=after.agency,
            assigned_by=after.assigned_by,
            reference=after.reference,
            due_on=None if step.due_on is None else step.due_on.isoformat(),
            counts_on=None if cause.recorded_at is None else local_day(step.at).isoformat(),
            reason=step.reason,
            by=step.by,
        )
        append_entry(tables, entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """One document package about to change what is owed.

    Shape: owner and recipients are canonical codes; newcomers are those for whom it is the first version;
    is_first tells that nothing was ever known of the document.
    """

    obligations: Obligations
    directory: Snapshot
    envelope: Envelope
    type_name: str
    owner: AgencyCode
    recipients: tuple[AgencyCode, ...]
    newcomers: frozenset[AgencyCode]
    is_first: bool = False
    thread_id: ThreadId
    package_id: PackageId
    at: datetime

    def apply(self, tables: Tables) -> None:
        """Let the document impose, extend, cancel and answer."""
        amendment = self.envelope.amendment
        if amendment.business is Business.RECALL:
            self._cancel(tables, self.thread_id, self.recipients, RECALLED)
            return
        removed = [
            self.directory.canonical(each.code) for each in amendment.receiver_changes if not each.added
        ]
        if removed:
            self._cancel(tables, self.thread_id, removed, REMOVED)
        if amendment.business is Business.REPLACE:
            for replaced in threads.superseded_by(tables, self.thread_id):
                self._cancel(tables, replaced, None, REPLACED)
        self._impose(tables, set(removed))
        self._answer(tables)

    def _impose(self, tables: Tables, removed: set[AgencyCode]) -> None:
        kind = owed_by(self.envelope, self.obligations.practice)
        known = [] if self.is_first else obligations.owed_for_thread(tables, self.thread_id)
        codes = self.envelope.task_codes if kind is ObligationKind.TASK else ()
        for agency in self.recipients:
            if agency in removed:
                continue
            for code in codes or ("",):
                owed = [
                    each
                    for each in known
                    if each.code == code and self.directory.speaks_for(agency, each.agency)
                ]
                for held in owed:
                    self._renew(tables, held, is_new=agency in self.newcomers and kind is not None)
                if not owed and kind is not None:
                    self._open(tables, kind, agency, code)

    def _open(self, tables: Tables, kind: ObligationKind, agency: AgencyCode, code: str) -> None:
        obligation = Obligation(
            id=self.obligations.new_id(self.at),
            kind=kind,
            agency=agency,
            reference=code or str(self.envelope.code),
            subject=self.envelope.subject[:_SUBJECT_KEPT],
            assigned_at=self.at,
            assigned_by=self.owner,
            due_on=self.envelope.due_on,
            first_due_on=self.envelope.due_on,
            thread_id=self.thread_id,
            code=code,
        )
        self.obligations.open(tables, obligation, self._cause())

    def _renew(self, tables: Tables, held: Obligation, *, is_new: bool) -> None:
        """What comes again is owed again; another day is the day from now on."""
        due_on = self.envelope.due_on
        if is_new and held.standing is Standing.CANCELLED:
            self.obligations.move(tables, held, Act.REOPEN, self._cause(SENT_AGAIN), due_on=due_on)
        elif held.standing is Standing.OPEN and due_on not in (None, held.due_on):
            self.obligations.move(tables, held, Act.EXTEND, self._cause(), due_on=due_on)

    def _cancel(
        self,
        tables: Tables,
        thread_id: ThreadId,
        agencies: Collection[AgencyCode] | None,
        reason: str,
    ) -> None:
        for held in obligations.owed_for_thread(tables, thread_id):
            is_meant = agencies is None or any(
                self.directory.speaks_for(code, held.agency) for code in agencies
            )
            if held.standing is Standing.OPEN and is_meant:
                self.obligations.move(tables, held, Act.CANCEL, self._cause(reason))

    def _answer(self, tables: Tables) -> None:
        """End what its sender owed and now reports on, passes on, or gives guidance about."""
        said = said_by(self.envelope, self.type_name, self.obligations.practice)
        if said is None:
            return
        for held in self._owed_by_sender(tables):
            act = _ACTS[said]
            if may(held, act) and self._settles(held, said):
                self.obligations.move(tables, held, act, self._cause())

    def _settles(self, held: Obligation, said: Said) -> bool:
        to_assigner = held.assigned_by is None or self._is_among(held.assigned_by, self.recipients)
        if said is Said.REPORT:
            return to_assigner
        if held.kind not in PASSED_ON_KINDS:
            return False
        if said is Said.GUIDED:
            return to_assigner
        return any(not self._same(code, held.assigned_by) for code in self.recipients)

    def _owed_by_sender(self, tables: Tables) -> list[Obligation]:
        found: dict[ObligationId, Obligation] = {}
        for reply in self.envelope.replies:
            for held in owed_for_reply(tables, reply, self.directory):
                found[held.id] = held
        for code in self.envelope.task_codes:
            found |= {held.id: held for held in obligations.owed_under_name(tables, code)}
        return [
            held
            for held in found.values()
            if self._same(held.agency, self.owner) and held.thread_id != self.thread_id
        ]

    def _is_among(self, code: AgencyCode, codes: Iterable[AgencyCode]) -> bool:
        return any(self._same(code, each) for each in codes)

    def _same(self, one: AgencyCode, other: AgencyCode | None) -> bool:
        # Whoever an agency was merged into answers for it.
        return other is not None and self.directory.successor(one) == self.directory.successor(other)

    def _cause(self, reason: str | None = None) -> Cause:
        return Cause(at=self.at, package_id=self.package_id, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What an agency says about a document, about to change what it owes.

    Shape: before is its last status; was_asked_back tells that a recall was pending.
    """

    obligations: Obligations
    directory: Snapshot
    report: StatusReport
    before: StatusCode | None
    was_asked_back: bool
    package_id: PackageId | None
    at: datetime

    def apply(self, tables: Tables, thread_id: ThreadId, code: AgencyCode) -> None:
        """Let the word take effect on what one recipient of a document owes."""
        for held in obligations.owed_for_thread(tables, thread_id):
            if self.directory.speaks_for(code, held.agency):
                self._move(tables, held)

    def apply_without_document(self, tables: Tables) -> None:
        """Let "completed" end what is called as it says: a dossier by number, what a merged agency owed."""
        if self.report.status != StatusCode.COMPLETED:
            return
        speaker = self.directory.successor(self.report.sender.code)
        named = owed_for_reply(tables, self.report.reply, self.directory)
        if self.report.reply.code:
            named = [*named, *obligations.owed_under_name(tables, self.report.reply.code)]
        own = {held.id: held for held in named if self.directory.successor(held.agency) == speaker}
        open_ones = [held for held in own.values() if may(held, Act.FINISH)]
        if len(open_ones) == 1:
            self.obligations.move(tables, open_ones[0], Act.FINISH, self._cause())

    def _move(self, tables: Tables, held: Obligation) -> None:
        act, reason = self._meant(tables, held)
        if act is not None and may(held, act):
            self.obligations.move(tables, held, act, self._cause(reason))

    def _meant(self, tables: Tables, held: Obligation) -> tuple[Act | None, str | None]:
        match self.report.status:
            case StatusCode.COMPLETED:
                return Act.FINISH, None
            case StatusCode.PROCESSING if self._takes_up_again(tables, held):
                return Act.REOPEN, TAKEN_UP_AGAIN
            case StatusCode.DECLINED:
                return Act.CANCEL, DECLINED
            case StatusCode.TAKE_BACK:
                return Act.CANCEL, RECALLED
            case StatusCode.CHANGE_DECLINED if self.was_asked_back:
                last = obligations.last_step(tables, held.id)
                return (Act.REOPEN, RECALL_DECLINED) if last and last.reason == RECALLED else (None, None)
        return None, None

    def _takes_up_again(self, tables: Tables, held: Obligation) -> bool:
        """Tell whether "processing" was said after "completed", and does not only arrive after it."""
        if self.before is not StatusCode.COMPLETED or held.standing is not Standing.DONE:
            return False
        completed_at = threads.last_said_at(tables, held.thread_id, held.agency, StatusCode.COMPLETED)
        return completed_at is None or self.report.at is None or self.report.at >= completed_at

    def _cause(self, reason: str | None = None) -> Cause:
        return Cause(at=self.at, package_id=self.package_id, reason=reason)


def owed_for_reply(tables: Tables, reply: Reply, directory: Snapshot) -> list[Obligation]:
    """Return what hangs on the document that a reply names: by its identifier, else by number and sender."""
    by_id = [] if reply.document_id is None else threads.find_threads_by_document(tables, reply.document_id)
    found = by_id or threads.find_by_reply(tables, reply)
    if reply.organ is not None:
        issuer = directory.successor(reply.organ)
        own = [thread for thread in found if directory.successor(thread.owner) == issuer]
        found = own or (found if by_id else [])
    ids: Sequence[ThreadId] = [thread.id for thread in found]
    return [held for thread_id in ids for held in obligations.owed_for_thread(tables, thread_id)]
