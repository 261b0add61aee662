"""Receipts go over the axis, too: a gateway tells what it signed, and fetches what was signed further on.

Driven by worker.py. What is fetched is kept word for word in an entry of our own log, so that a sender's log
proves what happened to its document behind the axis, and goes on to the sender's system as a receipt of ours
(mailbox.py). What is told the hub keeps in the same way (mailbox.py, there). All this is about documents: a
status is an answer already. Only a Liên Thông hub knows of receipts; another axis is left in peace for long.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cryptography import x509

from gateway.clients.axis import Axis
from gateway.errors import Delay, LienthongError
from gateway.evidence.receipts import verify_receipt
from gateway.exchange.notary import Notary
from gateway.exchange.testimony import (
    Subject,
    Testimony,
    is_on_record,
    put_on_record,
    read_testimony,
    receipt_item,
)
from gateway.log_lines import log
from gateway.model.code_lists import Kind
from gateway.points import Point, passed
from gateway.store import receipts
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.receipts import FarReceipt, KeptReceipt, Progress
from gateway.store.tables import Tables
from gateway.vxp.operations import Operation
from gateway.vxp.receipts import ReceiptItem, ReceiptsRequest, Side

# Each is an entry to sign, in the transaction of them all.
_AT_ONCE = 50
_NOT_OFFERED = timedelta(hours=6)
_KEPT_EARLY = timedelta(days=30)


@dataclass(slots=True, kw_only=True)
class Evidencing:
    """Exchanges receipts with one axis.

    Shape: certificates are those its seal is known by; without them receipts are kept unverified.
    """

    database: Database
    notary: Notary
    axis: Axis
    certificates: tuple[x509.Certificate, ...]
    clock: Callable[[], datetime]
    _offered: set[Operation] = field(default_factory=set)
    _again_at: dict[Operation, datetime] = field(default_factory=dict)

    async def fetch(self) -> bool:
        """Fetch some receipts; tell whether there may be more. Errors: as `_ask`."""
        return await self._ask(Operation.LIST_RECEIPTS, self._fetch)

    async def tell(self) -> bool:
        """Tell of some receipts of ours; tell whether there may be more. Errors: as `_ask`."""
        return await self._ask(Operation.TELL_RECEIPTS, self._tell)

    async def _ask(self, operation: Operation, step: Callable[[Progress, datetime], Awaitable[bool]]) -> bool:
        """Take a step, unless the axis was found not to know the operation.

        Errors: Delay while an axis that is away, or has answered before, does not answer.
        """
        at = self.clock()
        if at < self._again_at.get(operation, at):
            return False
        progress = await receipts.load_progress(self.database, self.axis.endpoint)
        try:
            more = await step(progress, at)
        except LienthongError as error:
            is_known = operation in self._offered or progress != Progress()
            if error.code == "axis-away" or (is_known and isinstance(error, Delay)):
                raise
            self._again_at[operation] = at + _NOT_OFFERED
            log.info("axis knows no receipts", operation=operation.value, reason=error.code)
            return False
        self._offered.add(operation)
        return more

    async def _fetch(self, progress: Progress, at: datetime) -> bool:
        items = await self.axis.list_receipts(
            ReceiptsRequest(kind=Kind.DOCUMENT, side=Side.SENT, after=progress.fetched, limit=_AT_ONCE)
        )
        passed(Point.FAR_RECEIPTS_LISTED)
        matched = await self._keep(items, at) if items or await receipts.is_any_matched(self.database) else 0
        # One that repeats itself is not asked again at once.
        is_new = any(item.entry > progress.fetched for item in items)
        return matched == _AT_ONCE or (len(items) == _AT_ONCE and is_new)

    async def _keep(self, items: tuple[ReceiptItem, ...], at: datetime) -> int:
        """Keep what came, and tell of what is about dispatches known to be delivered; count those."""
        found = [far for item in items if (far := _far_receipt(item)) is not None]

        def act(tables: Tables) -> int:
            for far in found:
                receipts.keep_early(tables, self.axis.endpoint, far, at=at)
            if items:
                last = max(item.entry for item in items)
                receipts.keep_fetched(tables, self.axis.endpoint, last)
                receipts.forget_early(tables, before=at - _KEPT_EARLY)
            matched = receipts.take_matched(tables, limit=_AT_ONCE)
            for handed in matched:
                subject = Subject(
                    package_id=handed.package_id, dispatch_id=handed.dispatch_id, thread_id=handed.thread_id
                )
                testimony = read_testimony(handed.far.receipt)
                if testimony is not None and not is_on_record(tables, subject, testimony):
                    verified = self._is_verified(testimony)
                    append_entry(
                        tables, put_on_record(self.notary, subject, testimony, at=at, verified=verified)
                    )
            return len(matched)

        count = await self.database.write(act)
        passed(Point.FAR_RECEIPTS_KEPT)
        return count

    def _is_verified(self, testimony: Testimony) -> bool:
        return any(verify_receipt(testimony.receipt, certificate) for certificate in self.certificates)

    async def _tell(self, progress: Progress, at: datetime) -> bool:
        """Tell what became of packages that the axis brought, under its own names for them."""
        pages = receipts.list_receipts(
            self.database,
            receipts.THE_AXIS,
            side=None,
            kind=Kind.DOCUMENT,
            since=None,
            until=None,
            after=progress.told,
            limit=_AT_ONCE,
        )
        kept = [one async for page in pages for one in page]
        if not kept:
            return False
        items = [item for one in kept for item in await self._under_names_above(one)]
        if items:
            await self.axis.tell_receipts(items)
            passed(Point.RECEIPTS_TOLD)
        told = kept[-1].seq
        await self.database.write(lambda tables: receipts.keep_told(tables, self.axis.endpoint, told))
        passed(Point.TELLING_NOTED)
        return len(kept) == _AT_ONCE

    async def _under_names_above(self, kept: KeptReceipt) -> list[ReceiptItem]:
        assert kept.package_id is not None  # noqa: S101 - what is the axis's is about a package
        names = await receipts.names_above(self.database, kept.package_id)
        return [replace(receipt_item(kept), receiver_doc_id=name) for name in names]


def _far_receipt(item: ReceiptItem) -> FarReceipt | None:
    testimony = read_testimony(item.receipt)
    if testimony is None or testimony.far_id is None:
        return None
    return FarReceipt(entry=item.entry, far_id=testimony.far_id, receipt=testimony.text)
