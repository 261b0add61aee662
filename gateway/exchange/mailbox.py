"""A system lists, collects and confirms what waits for the agencies it serves, and nothing else.

What became of what it sent it may ask, too, and for every receipt that is its own.

A package is collected as often as its system asks, until it confirms. A recipient's system that says
``fail`` turns the package away: its sender is told in words of the exchange (02).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from gateway.edxml.dates import VIETNAM
from gateway.errors import Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.exchange.own_words import OwnWords, reply_to
from gateway.exchange.passing_on import Leaving, Sealing
from gateway.exchange.testimony import Subject, Testimony, is_on_record, put_on_record, read_testimony
from gateway.model.agency import System, SystemKind
from gateway.model.code_lists import Business, Kind
from gateway.model.dispatch import Event, State
from gateway.model.identifiers import DispatchId
from gateway.model.log import LogKind
from gateway.points import Point, passed
from gateway.store import dispatches, mailboxes, receipts
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.mailboxes import MailboxItem, SentItem
from gateway.store.packages import load_package, load_with_content
from gateway.store.receipts import KeptReceipt
from gateway.store.tables import Tables
from gateway.vxp.receipts import ReceiptItem, ReceiptsRequest
from gateway.vxp.requests import Confirmation

LISTED_AT_MOST = 1000
_REASON_SAID = 500
# Each is an entry to sign, and the writer is everybody's.
_TOLD_AT_ONCE = 50
_FROM_THE_START = datetime(2000, 1, 1, tzinfo=UTC)
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The mailboxes of every system served here."""

    database: Database
    directory: Directory
    sealing: Sealing
    notary: Notary
    own_words: OwnWords

    async def list_waiting(
        self,
        caller: System,
        kind: Kind | None,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[MailboxItem]:
        """List what waits for a system, urgent first; of a long mailbox the head, until it is confirmed.

        A gateway that names instants has everything of that time, confirmed or not: after a restore it
        must find what it had fetched. A DMS's SDK repeats the dates of some earlier call; they mean nothing.
        """
        if caller.kind is SystemKind.GATEWAY and since is not None:
            return await mailboxes.list_window(
                self.database,
                caller.id,
                kind=kind,
                since=since,
                until=until or _FOR_EVER,
                limit=10 * LISTED_AT_MOST,
            )
        return await mailboxes.list_mailbox(self.database, caller.id, kind=kind, limit=LISTED_AT_MOST)

    async def count_waiting(self, caller: System, kind: Kind) -> int:
        """Count what waits for a system."""
        return await mailboxes.count_mailbox(self.database, caller.id, kind=kind)

    def list_sent(
        self, caller: System, kind: Kind | None, *, since: datetime | None, until: datetime | None
    ) -> AsyncIterator[list[SentItem]]:
        """Report to a system on what it sent, one line for each recipient, in pages."""
        return mailboxes.list_sent(
            self.database,
            caller.id,
            since=since or _FROM_THE_START,
            until=until or _FOR_EVER,
            kind=kind,
            limit=10 * LISTED_AT_MOST,
        )

    def list_receipts(self, caller: System, asked: ReceiptsRequest) -> AsyncIterator[list[KeptReceipt]]:
        """List a system's own receipts, in pages: about what it sent, and about what it did."""
        if asked.doc_id is not None:
            return receipts.list_receipts_of(
                self.database, caller.id, asked.doc_id, after=asked.after, limit=asked.limit
            )
        return receipts.list_receipts(
            self.database,
            caller.id,
            side=asked.side,
            kind=asked.kind,
            since=asked.from_at,
            until=asked.to_at,
            after=asked.after,
            limit=asked.limit,
        )

    async def take_receipts(self, caller: System, told: Sequence[ReceiptItem], *, at: datetime) -> None:
        """Put on record what a gateway signed about packages it collected here: each for their senders.

        What is about no dispatch of its own mailboxes, or of another recipient, is left out.
        Errors: Refusal ``not-a-gateway``: a DMS's own word is its confirmation.
        """
        if caller.kind is not SystemKind.GATEWAY:
            raise Refusal.because(
                "not-a-gateway",
                vi="Chỉ cổng liên thông mới báo biên nhận.",
                en="Only a gateway tells of receipts.",
            )
        directory = await self.directory.current()
        about = [
            (Subject(package_id=item.package_id, dispatch_id=item.id, thread_id=item.thread_id), testimony)
            for one in told
            if (testimony := read_testimony(one.receipt)) is not None
            and (item := await self._find_told(caller, one.receiver_doc_id)) is not None
            and directory.canonical(item.recipient) in map(directory.canonical, testimony.whom)
        ]

        def act(tables: Tables, some: Sequence[tuple[Subject, Testimony]]) -> None:
            for subject, testimony in some:
                if not is_on_record(tables, subject, testimony):
                    entry = put_on_record(self.notary, subject, testimony, at=at, verified=False, by=caller)
                    append_entry(tables, entry)

        for start in range(0, len(about), _TOLD_AT_ONCE):
            some = about[start : start + _TOLD_AT_ONCE]
            await self.database.write(partial(act, some=some))
            passed(Point.TESTIMONY_KEPT)

    async def _find_told(self, caller: System, doc_id: str | None) -> MailboxItem | None:
        if doc_id is None:
            return None
        return await mailboxes.find_in_mailbox(self.database, caller.id, DispatchId(doc_id))

    async def collect(
        self,
        caller: System,
        doc_id: str,
        *,
        at: datetime,
        by: str | None = None,
        make_room: Callable[[int], None] = lambda size_bytes: None,
    ) -> Leaving:
        """Open one package for its system; the collection is on record before the first byte leaves.

        Shape: by is the login of who opened it in the console; make_room is told its size before anything is
        on record, and may put it off.
        Errors: Refusal ``not-in-mailbox`` when it is not the caller's or does not exist, in the same words;
        ``content-erased`` when its time was over.
        """
        item = await self._find(caller, doc_id)
        loaded = await load_with_content(self.database, item.package_id)
        assert loaded is not None  # noqa: S101 - a foreign key holds it
        package, content = loaded
        if package.erased_at is not None:
            raise _content_erased(package.erased_at)
        make_room(package.size_bytes)
        leaving = await (await self.sealing.prepare(package, content, at=at)).found()
        entry = self.notary.entry(
            LogKind.COLLECTED,
            at=at,
            package_id=item.package_id,
            dispatch_id=item.id,
            thread_id=package.thread_id,
            system_id=caller.id,
            peer=caller.kind.value,
            recipient=item.recipient,
            by=by,
            sha256=item.digest,
        )

        def act(tables: Tables) -> None:
            dispatches.claim_for_collection(tables, item.id)
            append_entry(tables, entry)

        await self.database.write(act)
        passed(Point.COLLECTED)
        return leaving

    async def confirm(
        self,
        caller: System,
        doc_id: str,
        confirmation: Confirmation,
        reason: str | None,
        *,
        at: datetime,
        by: str | None = None,
    ) -> None:
        """Record what a system says about a collection; the first done or fail stays, however often it comes.

        Errors: Refusal ``not-in-mailbox``.
        """
        item = await self._find(caller, doc_id)
        if confirmation is Confirmation.PROCESSING:
            return
        package = await load_package(self.database, item.package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        directory = await self.directory.current()
        failed = confirmation is Confirmation.FAIL
        reason = None if reason is None else "".join(filter(str.isprintable, reason))[:_REASON_SAID]
        entry = self.notary.entry(
            LogKind.TURNED_AWAY if failed else LogKind.CONFIRMED,
            at=at,
            package_id=item.package_id,
            dispatch_id=item.id,
            thread_id=package.thread_id,
            system_id=caller.id,
            peer=caller.kind.value,
            recipient=item.recipient,
            sha256=item.digest,
            reason=reason,
            by=by,
        )

        def act(tables: Tables) -> None:
            state = dispatches.state_of(tables, item.id)
            if state not in (State.WAITING, State.CLAIMED):
                return
            dispatches.claim_for_collection(tables, item.id)
            event = Event.REFUSE if failed else Event.DELIVER
            dispatches.end(tables, item.id, event, at=at, fault=reason)
            append_entry(tables, entry)
            if failed and package.kind is Kind.DOCUMENT:
                self.own_words.say_turned_away(
                    tables,
                    item.recipient,
                    reply_to(package),
                    reason or "Hệ thống của bên nhận không nhận được gói tin.",
                    is_change=package.business in (Business.RECALL, Business.UPDATE),
                    thread_id=package.thread_id,
                    directory=directory,
                    at=at,
                )

        await self.database.write(act)
        passed(Point.CONFIRMED)

    async def _find(self, caller: System, doc_id: str) -> MailboxItem:
        item = await mailboxes.find_in_mailbox(self.database, caller.id, DispatchId(doc_id))
        if item is None:
            raise Refusal.because(
                "not-in-mailbox",
                where="docId",
                vi="Không có gói tin này trong hộp thư của hệ thống.",
                en="There is no such package in the system's mailboxes.",
            )
        return item


def _content_erased(at: datetime) -> Refusal:
    day = at.astimezone(VIETNAM)
    return Refusal.because(
        "content-erased",
        where="docId",
        vi=f"Nội dung gói tin đã hết thời hạn lưu và bị xóa ngày {day:%d/%m/%Y}; nhật ký, giá trị băm,"
        " biên nhận vẫn còn. Cần đọc lại, hỏi người quản trị về bản lưu trữ.",
        en=f"The content was erased on {day:%Y-%m-%d}, when its time was over; its entries, digest and"
        " receipts stay. To read it again, ask the administrator for the archive.",
    )
