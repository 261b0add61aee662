"""Fetch what the axis signed about our packages after it took them: consigned, opened, handed over.

Driven by worker.py. Each receipt is kept word for word in an entry of our own log, so that a sender's log
proves what happened further on, and goes on to the sender's system as a receipt of ours (mailbox.py). Only a
Liên Thông hub has such receipts; an axis that does not is not asked again for long.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

import structlog
from cryptography import x509

from gateway.clients.axis import Axis
from gateway.errors import Delay, LienthongError, Refusal
from gateway.evidence.receipts import Receipt, keep_text, read_receipt, read_statement, verify_receipt
from gateway.exchange.notary import Notary
from gateway.model.evidence import told_evidence, told_reasons
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import receipts
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.vxp.receipts import ReceiptItem, ReceiptsRequest, Side

log = structlog.get_logger()

# Each is an entry to sign, in the transaction of them all.
_AT_ONCE = 50
_NOT_OFFERED = timedelta(hours=6)


@dataclass(slots=True, kw_only=True)
class Evidencing:
    """Fetches receipts from one axis.

    Shape: certificates are those its seal is known by; without them receipts are kept unverified.
    """

    database: Database
    notary: Notary
    axis: Axis
    certificates: tuple[x509.Certificate, ...]
    clock: Callable[[], datetime]
    _has_answered: bool = False
    _quiet_until: datetime | None = None

    async def fetch(self) -> bool:
        """Fetch some receipts; tell whether there may be more.

        Errors: Delay while an axis that has given receipts before does not answer.
        """
        at = self.clock()
        if self._quiet_until is not None and at < self._quiet_until:
            return False
        after = await receipts.last_far_entry(self.database, self.axis.endpoint)
        try:
            items = await self.axis.list_receipts(
                ReceiptsRequest(side=Side.SENT, after=after, limit=_AT_ONCE)
            )
            passed(Point.FAR_RECEIPTS_LISTED)
        except LienthongError as error:
            is_passing = isinstance(error, Delay) and (self._has_answered or after > 0)
            if is_passing or error.code == "axis-away":
                raise
            self._quiet_until = at + _NOT_OFFERED
            log.info("axis gives no receipts", reason=error.code)
            return False
        self._has_answered = True
        if items:
            await self._keep(items, at)
        return len(items) == _AT_ONCE

    async def _keep(self, items: tuple[ReceiptItem, ...], at: datetime) -> None:
        def act(tables: Connection) -> None:
            for item in items:
                for entry in self._entries(tables, item, at):
                    append_entry(tables, entry)
            receipts.keep_far_entry(tables, self.axis.endpoint, max(item.entry for item in items))

        await self.database.write(act)
        passed(Point.FAR_RECEIPTS_KEPT)

    def _entries(self, tables: Connection, item: ReceiptItem, at: datetime) -> Iterator[LogEntry]:
        """Tell of one receipt, for each dispatch that the axis knows by this name and that has it not yet."""
        try:
            text = keep_text(item.receipt) or ""
            receipt = read_receipt(text.encode())
        except Refusal as refusal:
            log.warning("receipt unreadable", far_entry=item.entry, reason=refusal.code)
            return
        # What was signed counts, not what the list says beside it.
        facts = read_statement(receipt.statement)
        far_id = facts.get("package")
        for handed in receipts.find_handed(tables, far_id) if isinstance(far_id, str) else ():
            known = receipts.statements_about(tables, handed.package_id, handed.dispatch_id)
            if any(read_statement(said).get("far_receipt") == text for said in known):
                continue
            yield self.notary.entry(
                LogKind.EVIDENCED,
                at=at,
                package_id=handed.package_id,
                dispatch_id=handed.dispatch_id,
                thread_id=handed.thread_id,
                far_id=far_id,
                far_event=facts.get("event"),
                recipients=facts.get("recipients"),
                recipient=facts.get("recipient"),
                consigned=facts.get("consigned"),
                evidence=list(told_evidence(facts)),
                reasons=list(told_reasons(facts)),
                far_receipt=text,
                verified=self._is_verified(receipt),
            )

    def _is_verified(self, receipt: Receipt) -> bool:
        return any(verify_receipt(receipt, certificate) for certificate in self.certificates)
