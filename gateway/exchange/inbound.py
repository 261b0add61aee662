"""The axis's package comes in; mailboxes fill.

Pushed by the axis (web/vxp_api.py) or fetched from it (`fetch_waiting`, driven by worker.py): the same
steps as outbound, with the axis's policy and mailboxes as the only destinations. Whatever the axis
delivers twice is confirmed twice with ``done``, never ``fail``: we hold it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.clients.axis import Axis
from gateway.errors import Delay, Refusal
from gateway.exchange.acceptance import Acceptance, Promise, Tools
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.ids import Mint
from gateway.exchange.judge import Judge
from gateway.exchange.refusals import Refusals
from gateway.exchange.routing import local_route, named_agencies
from gateway.log_lines import log
from gateway.model.agency import System
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode
from gateway.model.package import Package
from gateway.points import Point, passed
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.packages import Arrival, Direction, was_taken
from gateway.store.spool import Spool
from gateway.vxp.items import ReceivedItem
from gateway.vxp.requests import Confirmation


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Takes packages from the axis. peer is the axis as a system: its name here and its policy."""

    database: Database
    blobs: Blobs
    directory: Directory
    judge: Judge
    tools: Tools
    refusals: Refusals
    mint: Mint
    peer: System

    async def accept(
        self,
        spool: Spool,
        *,
        requested: tuple[AgencyCode, ...] | None,
        arrival: Arrival | None,
        at: datetime,
    ) -> Promise:
        """Take one package into the mailboxes of its recipients here.

        Shape: requested are the recipients the axis names; arrival is what the axis calls the package.
        Errors: Refusal, recorded, when it cannot be taken; Delay when it cannot be taken now.
        """
        try:
            directory = await self.directory.current()
            verified = await self.judge.inspect(spool, directory, policy=self.peer.policy, at=at)
            _check_sender(verified.package, directory)
            # The axis knows for whom it delivers; the package may name a code that has changed since.
            recipients = requested or named_agencies(verified.package)
            is_answer = verified.package.status is not None
            own = self.tools.notary.gateway
            acceptance = Acceptance(
                verified=verified,
                spool=spool,
                direction=Direction.INBOUND,
                system_id=self.peer.id,
                peer=self.peer.kind,
                route=local_route(recipients, directory, is_answer=is_answer, own=own),
                directory=directory,
                strict=False,
                arrival=arrival,
                at=at,
            )
            passed(Point.ARRIVAL_JUDGED)
            await self.blobs.secure(spool)
            passed(Point.ARRIVAL_BYTES_SAFE)
            promise = await self.database.write(
                acceptance.recording(self.tools), foreseen=acceptance.foreseen
            )
            passed(Point.ARRIVAL_ACCEPTED)
            if promise.is_repetition:
                await self.blobs.forget(spool)  # nothing new was kept: erased content does not come back so
            return promise
        except Refusal as refusal:
            await self.blobs.forget(spool)
            refusal.receipt = await self.refusals.record(
                refusal,
                system_id=self.peer.id,
                peer=self.peer.kind,
                digest=spool.digest,
                size_bytes=spool.size_bytes,
                arrival=arrival,
                at=at,
            )
            raise

    async def fetch_waiting(
        self,
        axis: Axis,
        *,
        concurrency: int,
        clock: Callable[[], datetime],
        window: tuple[datetime, datetime] | None = None,
        anew: frozenset[str] | None = None,
    ) -> int:
        """Fetch everything the axis holds for us; return how many of them were new.

        Packages are downloaded side by side, and those of one sender accepted in the order of the
        list, so that a recall does not overtake its document. With a window what was fetched in it before
        is offered again, and fetched where it is not known. With anew, the axis's names of some packages,
        those alone are fetched, though they were refused before.
        Errors: Delay when the axis is away.
        """
        fetching = _Fetching(places=asyncio.Semaphore(concurrency), clock=clock, anew=anew)
        for kind in Kind:
            listed = await axis.list_received(kind, window)
            passed(Point.WAITING_LISTED)
            items = [item for item in listed if anew is None or item.doc_id in anew]
            async with asyncio.TaskGroup() as tasks:
                last: dict[AgencyCode | None, asyncio.Event] = {}
                for item in items:
                    accepted = asyncio.Event()
                    before = last.get(item.sender)
                    last[item.sender] = accepted
                    tasks.create_task(self._fetch(axis, item, fetching, before, accepted))
        return fetching.new_count

    async def _fetch(
        self,
        axis: Axis,
        item: ReceivedItem,
        fetching: "_Fetching",
        before: asyncio.Event | None,
        accepted: asyncio.Event,
    ) -> None:
        """Fetch one package and settle it with the axis; a delay leaves it there for the next round."""
        async with fetching.places:
            try:
                confirmation, reason = await self._take(axis, item, fetching, before)
                accepted.set()
                await axis.confirm(item.doc_id, confirmation, description=reason)
                passed(Point.CONFIRMED_TO_AXIS)
            except (Delay, Refusal) as error:
                # What the axis will not give or let us confirm stays with it; others go on.
                log.warning("not fetched", far_id=item.doc_id, reason=error.code)
            except Exception:
                # A package that brings out a fault of ours holds up no other.
                log.exception("not fetched", far_id=item.doc_id)
            finally:
                accepted.set()

    async def _take(
        self, axis: Axis, item: ReceivedItem, fetching: "_Fetching", before: asyncio.Event | None
    ) -> tuple[Confirmation, str | None]:
        at = fetching.clock()
        taken = await was_taken(self.database, self.peer.id, _arrival(item))
        if taken or (taken is False and fetching.anew is None):
            return (Confirmation.DONE, None) if taken else (Confirmation.FAIL, "refused-before")
        try:
            spool = await self._download(axis, item, at)
        except Refusal as refusal:
            await self._refuse_unread(refusal, item, at)
            return Confirmation.FAIL, refusal.code
        try:
            if before is not None:
                await before.wait()
            requested = None if item.recipient is None else (item.recipient,)
            await self.accept(spool, requested=requested, arrival=_arrival(item), at=at)
        except Refusal as refusal:
            fetching.new_count += 1
            return Confirmation.FAIL, refusal.code
        finally:
            spool.discard()
        fetching.new_count += 1
        return Confirmation.DONE, None

    async def _refuse_unread(self, refusal: Refusal, item: ReceivedItem, at: datetime) -> None:
        await self.refusals.record(
            refusal,
            system_id=self.peer.id,
            peer=self.peer.kind,
            sender=item.sender,
            arrival=_arrival(item),
            at=at,
        )

    async def _download(self, axis: Axis, item: ReceivedItem, at: datetime) -> Spool:
        writer = self.blobs.spool(self.mint.new(at), scan=self.judge.begin())
        try:
            await axis.download(item.doc_id, writer.add)
            passed(Point.DOWNLOADED)
            return await writer.finish()
        except BaseException:
            writer.abandon()
            raise


def _check_sender(package: Package, directory: Snapshot) -> None:
    """Insist that the axis brings no word of an agency served here: those speak to us directly.

    Errors: Refusal ``sender-served-here``.
    """
    if directory.has_mailbox(package.sender.code):
        raise Refusal.because(
            "sender-served-here",
            where="MessageHeader/From/OrganId",
            vi=f"Cơ quan {package.sender.code} được phục vụ tại đây, không gửi qua trục.",
            en=f"Agency {package.sender.code} is served here and does not send through the axis.",
        )


@dataclass(slots=True, kw_only=True)
class _Fetching:
    """One round of fetching."""

    places: asyncio.Semaphore
    clock: Callable[[], datetime]
    anew: frozenset[str] | None = None
    new_count: int = 0


def _arrival(item: ReceivedItem) -> Arrival:
    return Arrival(far_id=item.doc_id, recipient=item.recipient or "", sender=item.sender)
