"""Fetch what the axis signed about our packages after it took them: consigned, opened, handed over.

Driven by worker.py. Each receipt is kept word for word in an entry of our own log, so that a sender's log
proves what happened further on, and goes on to the sender's system as a receipt of ours (mailbox.py). Only a
Liên Thông hub has such receipts; an axis that does not is not asked again for long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Connection

import structlog
from cryptography import x509

from gateway.clients.axis import Axis
from gateway.errors import Delay, LienthongError, Refusal
from gateway.evidence.receipts import keep_text, read_receipt, read_statement, verify_receipt
from gateway.exchange.notary import Notary
from gateway.model.evidence import told_evidence, told_reasons
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import receipts
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.receipts import FarReceipt, Handed
from gateway.vxp.receipts import ReceiptItem, ReceiptsRequest, Side

log = structlog.get_logger()

# Each is an entry to sign, in the transaction of them all.
_AT_ONCE = 50
_NOT_OFFERED = timedelta(hours=6)
_KEPT_EARLY = timedelta(days=30)


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
        matched = await self._keep(items, at) if items or await receipts.is_any_matched(self.database) else 0
        return _AT_ONCE in (len(items), matched)

    async def _keep(self, items: tuple[ReceiptItem, ...], at: datetime) -> int:
        """Keep what came, and tell of what is about dispatches known to be delivered; count those."""
        found = [far for item in items if (far := _read(item)) is not None]

        def act(tables: Connection) -> int:
            for far in found:
                receipts.keep_early(tables, self.axis.endpoint, far, at=at)
            if items:
                last = max(item.entry for item in items)
                receipts.keep_far_entry(tables, self.axis.endpoint, last)
                receipts.forget_early(tables, before=at - _KEPT_EARLY)
            matched = receipts.take_matched(tables, limit=_AT_ONCE)
            for handed in matched:
                if not _is_told(tables, handed):
                    append_entry(tables, self._entry(handed, at))
            return len(matched)

        count = await self.database.write(act)
        passed(Point.FAR_RECEIPTS_KEPT)
        return count

    def _entry(self, handed: Handed, at: datetime) -> LogEntry:
        receipt = read_receipt(handed.far.receipt.encode())
        facts = read_statement(receipt.statement)
        return self.notary.entry(
            LogKind.EVIDENCED,
            at=at,
            package_id=handed.package_id,
            dispatch_id=handed.dispatch_id,
            thread_id=handed.thread_id,
            far_id=handed.far.far_id,
            far_event=facts.get("event"),
            recipients=facts.get("recipients"),
            recipient=facts.get("recipient"),
            consigned=facts.get("consigned"),
            evidence=list(told_evidence(facts)),
            reasons=list(told_reasons(facts)),
            far_receipt=handed.far.receipt,
            verified=any(verify_receipt(receipt, certificate) for certificate in self.certificates),
        )


def _read(item: ReceiptItem) -> FarReceipt | None:
    """Read what a receipt is about: what was signed counts, not what the list says beside it."""
    text = keep_text(item.receipt) or ""
    try:
        far_id = read_statement(read_receipt(text.encode()).statement).get("package")
    except Refusal as refusal:
        log.warning("receipt unreadable", far_entry=item.entry, reason=refusal.code)
        return None
    return FarReceipt(entry=item.entry, far_id=far_id, receipt=text) if isinstance(far_id, str) else None


def _is_told(tables: Connection, handed: Handed) -> bool:
    """Tell whether our log holds this receipt; that of the handing over came with the axis's answer."""
    said = receipts.statements_about(tables, handed.package_id, handed.dispatch_id)
    return any(read_statement(statement).get("far_receipt") == handed.far.receipt for statement in said)
