"""A receipt that is expected and does not come in time is an event of its own, recorded once.

Two are expected: that a document is collected from its mailbox, and that of a document which the axis took
something is heard from its recipient. Driven by worker.py. What comes later undoes nothing: the entry stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.evidence.receipts import read_statement
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary, write_instant
from gateway.exchange.testimony import read_testimony
from gateway.log_lines import log
from gateway.model.dispatch import State
from gateway.model.evidence import REACHED, EvidenceType, told_evidence
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import expectations, receipts
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.expectations import Awaited
from gateway.store.tables import Tables

# Each is an entry to sign, in the transaction of them all.
_AT_ONCE = 16


@dataclass(slots=True, kw_only=True)
class Expectations:
    """Looks for receipts in vain; without a time nothing is expected.

    Shape: overdue_count counts the entries since the process began.
    """

    database: Database
    directory: Directory
    notary: Notary
    collected_within: timedelta
    arrived_within: timedelta
    clock: Callable[[], datetime]
    overdue_count: int = 0

    async def look(self) -> bool:
        """Record some of what is overdue; tell whether there may be more."""
        at = self.clock()
        uncollected, unheard = await self._uncollected(at), await self._unheard(at)
        if not uncollected and not unheard:
            return False
        directory = await self.directory.current()

        def act(tables: Tables) -> int:
            entries = [
                *(self._not_collected(tables, awaited, directory, at) for awaited in uncollected),
                *(self._not_heard(tables, awaited, directory, at) for awaited in unheard),
            ]
            told = [entry for entry in entries if entry is not None]
            for entry in told:
                append_entry(tables, entry)
            return len(told)

        count = await self.database.write(act)
        passed(Point.OVERDUE_RECORDED)
        self.overdue_count += count
        if count:
            log.warning("receipts overdue", count=count)
        return _AT_ONCE in (len(uncollected), len(unheard))

    async def _uncollected(self, at: datetime) -> list[Awaited]:
        if not self.collected_within:
            return []
        return await expectations.list_uncollected(
            self.database, until=at - self.collected_within, limit=_AT_ONCE
        )

    async def _unheard(self, at: datetime) -> list[Awaited]:
        if not self.arrived_within:
            return []
        return await expectations.list_unheard(self.database, until=at - self.arrived_within, limit=_AT_ONCE)

    def _not_collected(
        self, tables: Tables, awaited: Awaited, directory: Snapshot, at: datetime
    ) -> LogEntry | None:
        if not expectations.take_up(tables, awaited, State.WAITING):
            return None
        (recipient,) = awaited.recipients
        is_relayed = directory.has_mailbox(recipient) and not directory.is_at_home(recipient)
        expected = EvidenceType.RELAY_ACCEPTANCE if is_relayed else EvidenceType.CONTENT_ACCESS_TRACKING
        return self._entry(awaited, expected, [recipient], at)

    def _not_heard(
        self, tables: Tables, awaited: Awaited, directory: Snapshot, at: datetime
    ) -> LogEntry | None:
        if not expectations.take_up(tables, awaited, State.DELIVERED):
            return None
        reached = self._reached(tables, awaited, directory)
        silent = [
            code
            for code in expectations.silent_recipients(tables, awaited)
            if directory.canonical(code) not in reached
        ]
        return self._entry(awaited, EvidenceType.CONTENT_CONSIGNMENT, silent, at) if silent else None

    def _reached(self, tables: Tables, awaited: Awaited, directory: Snapshot) -> set[AgencyCode]:
        """Tell whom the document has reached, by the receipts the axis gave."""
        statements = receipts.statements_about(tables, awaited.package_id, awaited.dispatch_id)
        given = [read_statement(statement).get("far_receipt") for statement in statements]
        told = [read_testimony(receipt) for receipt in given if isinstance(receipt, str)]
        return {
            directory.canonical(code)
            for testimony in told
            if testimony is not None and not REACHED.isdisjoint(told_evidence(testimony.facts))
            for code in testimony.whom
        }

    def _entry(
        self, awaited: Awaited, expected: EvidenceType, recipients: list[AgencyCode], at: datetime
    ) -> LogEntry:
        return self.notary.entry(
            LogKind.OVERDUE,
            at=at,
            package_id=awaited.package_id,
            dispatch_id=awaited.dispatch_id,
            thread_id=awaited.thread_id,
            expected=expected.value,
            since=write_instant(awaited.since),
            recipients=recipients,
        )
