"""Carry out one dispatch to the axis: reconcile, seal, hand over, record.

Steps 12 to 14 of the walk. worker.py claims what is due and calls `carry_out`. Between the axis's answer
and our record of it cancellation waits, and what was not recorded counts as unknown: before the next
attempt the axis is asked whether it has the package already.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clients.axis import Axis
from gateway.errors import Delay, LienthongError, Refusal
from gateway.evidence.receipts import keep_text
from gateway.exchange.claiming import Errand, claim_errands
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary, tell_faults
from gateway.exchange.own_words import OwnWords
from gateway.exchange.passing_on import Leaving, Sealing
from gateway.exchange.restoration import find_lost
from gateway.exchange.road import Road
from gateway.exchange.routing import Route
from gateway.exchange.sent_list import find_sent
from gateway.log_lines import log
from gateway.model.dispatch import Dispatch, Event, State
from gateway.model.identifiers import Digest, DispatchId, ThreadId
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import dispatches
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.nodes import is_present
from gateway.store.packages import StoredPackage, load_package
from gateway.store.tables import Tables
from gateway.vxp.answers import SendAnswer

# Far below `nodes.gone_after`, 10 s if nothing else is said: nobody can have taken us for gone sooner.
_SURELY_OURS_SECONDS = 0.5

_EXPIRED_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the axis took: the bytes as they left, and its promise for them."""

    digest: Digest
    answer: SendAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Hands packages over to the axis, over the road that it and the worker share. node is who claims."""

    database: Database
    directory: Directory
    sealing: Sealing
    notary: Notary
    own_words: OwnWords
    axis: Axis
    road: Road
    node: str
    clock: Callable[[], datetime]

    async def claim(self, *, lease: timedelta, limit: int) -> list[Errand]:
        """Claim what is due now; whoever claims carries out."""
        at = self.clock()
        places = self.road.places(limit, at=at)
        if not places:
            return []
        reopened = self.road.take_reopening()

        def act(tables: Tables) -> list[Errand] | None:
            if not is_present(tables, self.node):
                return None  # taken for gone: what is claimed now would be nobody's
            if reopened:
                dispatches.forget_back_off(tables)
            return claim_errands(tables, at=at, lease=lease, limit=places, by=self.node)

        claimed = None
        try:
            claimed = await self.database.write(act)
        finally:
            if reopened and claimed is None:
                self.road.keep_reopening()
        passed(Point.CLAIMED)
        for errand in claimed or ():
            self.road.set_out(errand.dispatch.id)
        return claimed or []

    async def release_lost(self, *, dropped: frozenset[DispatchId] = frozenset()) -> int:
        """Give back the claims nobody holds any more, here or where a node is gone, their outcome unknown."""
        at = self.clock()

        def act(tables: Tables) -> int:
            lost = dispatches.release_lost_claims(tables, by=self.node, at=at, dropped=dropped)
            for dispatch in lost:
                append_entry(tables, self._deferral(dispatch, "claim-lost", None, at))
            return len(lost)

        lost_count = await self.database.write(act)
        passed(Point.RELEASED)
        return lost_count

    async def hasten(self) -> None:
        """Let nothing wait for an instant of a clock that ran ahead and was set back."""
        at, pause = self.clock(), self.road.longest_pause
        await self.database.write(lambda tables: dispatches.hasten(tables, at=at, latest=at + pause))
        passed(Point.HASTENED)

    async def renew(self, held: Iterable[DispatchId], *, lease: timedelta) -> None:
        """Keep the claims of attempts under way, however long a large package takes."""
        until = self.clock() + lease
        await self.database.write(
            lambda tables: dispatches.renew_leases(tables, held, until=until, by=self.node)
        )
        passed(Point.RENEWED)

    def _deferral(self, dispatch: Dispatch, code: str, thread_id: ThreadId | None, at: datetime) -> LogEntry:
        return self.notary.entry(
            LogKind.DEFERRED,
            at=at,
            package_id=dispatch.package_id,
            dispatch_id=dispatch.id,
            thread_id=thread_id,
            code=code,
            attempt=dispatch.attempt_count + 1,
        )

    async def carry_out(self, errand: Errand) -> None:
        """Make one attempt and record how it ended."""
        dispatch, thread_id, package = errand.dispatch, errand.thread_id, errand.package
        try:
            taken = (
                await self._reconcile(dispatch, package)
                or await self._find_lost(errand)
                or await self._hand_over(errand)
            )
        except Refusal as refusal:
            self.road.was_not_taken(dispatch.id, refusal, at=self.clock())
            await self._end(dispatch, package, thread_id, refusal, Event.REFUSE)
        except Delay as delay:
            self.road.was_not_taken(dispatch.id, delay, at=self.clock())
            await self._defer(dispatch, thread_id, delay)
        else:
            self.road.was_taken()
            await asyncio.shield(self._record_delivery(dispatch, thread_id, taken))

    async def _reconcile(self, dispatch: Dispatch, package: StoredPackage) -> "Taken | None":
        """Ask the axis whether an attempt without an answer reached it after all.

        Asked about the bytes as they left then, under a seal that may have run out since.
        """
        if not dispatch.unknown:
            return None
        left = await Leaving(blobs=self.sealing.blobs, package=package).hashed()
        known = await find_sent(self.axis, self.database, dispatch, package, left.digest, at=self.clock())
        return None if known is None else Taken(digest=left.digest, answer=SendAnswer(doc_id=known))

    async def _find_lost(self, errand: Errand) -> "Taken | None":
        """Look among what the axis had from us before a restore (restoration.py)."""
        dispatch, package = errand.dispatch, errand.package
        # Asking the axis took a while, and more may have been found meanwhile.
        if not (errand.may_have_left or dispatch.unknown):
            return None
        far_id = await self.database.write(lambda tables: find_lost(tables, dispatch, package))
        passed(Point.LOST_SENDING_MATCHED)
        return None if far_id is None else Taken(digest=package.digest, answer=SendAnswer(doc_id=far_id))

    async def _hand_over(self, errand: Errand) -> "Taken":
        dispatch, package = errand.dispatch, errand.package
        leaving = await (await self.sealing.prepare(package, errand.content, at=self.clock())).hashed()
        if time.monotonic() - errand.claimed_at > _SURELY_OURS_SECONDS:
            # We may have stood still, been taken for gone, and another node sent it meanwhile.
            await self.database.write(lambda tables: self._expect_claim(tables, dispatch))
            passed(Point.CLAIM_STANDS)
        answer = await self.axis.hand_over(
            leaving.chunks,
            size_bytes=leaving.size_bytes,
            digest=leaving.digest,
            sender=package.sender,
            recipients=dispatch.recipients,
            kind=package.kind,
        )
        passed(Point.HANDED_OVER)
        return Taken(digest=leaving.digest, answer=answer)

    async def _record_delivery(
        self, dispatch: Dispatch, thread_id: ThreadId | None, taken: "Taken", *, unclaimed: bool = False
    ) -> None:
        at, far_id = self.clock(), taken.answer.doc_id
        entry = self.notary.entry(
            LogKind.DELIVERED,
            at=at,
            package_id=dispatch.package_id,
            dispatch_id=dispatch.id,
            thread_id=thread_id,
            recipients=list(dispatch.recipients),
            sha256=taken.digest,
            far_id=far_id,
            far_receipt=keep_text(taken.answer.receipt),
            attempt=dispatch.attempt_count + 1,
        )

        def act(tables: Tables) -> None:
            if unclaimed and dispatches.state_of(tables, dispatch.id) is State.WAITING:
                dispatches.claim(tables, dispatch.id, until=at, by=self.node)
            self._expect_claim(tables, dispatch)
            dispatches.end(tables, dispatch.id, Event.DELIVER, at=at, far_id=far_id)
            append_entry(tables, entry)

        await self.database.write(act)
        passed(Point.DELIVERED)
        log.info(
            "delivered", dispatch=dispatch.id, to="axis", attempt=dispatch.attempt_count + 1, far_id=far_id
        )

    async def _defer(self, dispatch: Dispatch, thread_id: ThreadId | None, delay: Delay) -> None:
        at = self.clock()
        unknown = dispatch.unknown or delay.code == "outcome-unknown"
        # Where nobody was met the road says when to go again; the dispatch keeps its place.
        away = delay.code == "axis-away"
        due_at = dispatch.due_at if away else at + self.road.pause(dispatch.attempt_count)
        entry = self._deferral(dispatch, delay.code, thread_id, at)

        def act(tables: Tables) -> None:
            self._expect_claim(tables, dispatch)
            dispatches.defer(tables, dispatch.id, due_at=due_at, unknown=unknown, fault=_kept(delay))
            append_entry(tables, entry)

        await self.database.write(act)
        passed(Point.DEFERRED)
        log.warning("deferred", dispatch=dispatch.id, attempt=dispatch.attempt_count + 1, reason=delay.code)

    async def expire_overdue(self) -> bool:
        """Give up some of what could not be delivered in its time; tell whether there may be more."""
        overdue = await dispatches.list_expired(self.database, at=self.clock(), limit=_EXPIRED_AT_ONCE)
        passed(Point.OVERDUE_FOUND)
        for end in await asyncio.gather(*map(self._expire, overdue), return_exceptions=True):
            if isinstance(end, BaseException):
                raise end
        return len(overdue) == _EXPIRED_AT_ONCE

    async def _expire(self, dispatch: Dispatch) -> None:
        package = await load_package(self.database, dispatch.package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        if dispatch.unknown and await self._arrived_after_all(dispatch, package):
            return
        expiry = Refusal.because(
            "delivery-expired",
            vi="Không gửi được lên trục trong thời hạn cho phép.",
            en="The axis could not be reached in the time allowed.",
        )
        await self._end(dispatch, package, package.thread_id, expiry, Event.EXPIRE)

    async def _arrived_after_all(self, dispatch: Dispatch, package: StoredPackage) -> bool:
        """Ask one last time about an attempt without an answer, before its sender is told that it failed."""
        try:
            taken = await self._reconcile(dispatch, package)
        except (Delay, Refusal):
            return False
        if taken is None:
            return False
        await self._record_delivery(dispatch, package.thread_id, taken, unclaimed=True)
        return True

    async def _end(
        self,
        dispatch: Dispatch,
        package: StoredPackage,
        thread_id: ThreadId | None,
        error: LienthongError,
        event: Event,
    ) -> None:
        """Stop trying, and tell the sender."""
        at = self.clock()
        directory = await self.directory.current()
        kind = LogKind.EXPIRED if event is Event.EXPIRE else LogKind.TURNED_AWAY
        entry = self.notary.entry(
            kind,
            at=at,
            package_id=dispatch.package_id,
            dispatch_id=dispatch.id,
            thread_id=thread_id,
            recipients=list(dispatch.recipients),
            code=error.code,
            faults=tell_faults(error),
        )

        def act(tables: Tables) -> None:
            if event is Event.EXPIRE and dispatches.state_of(tables, dispatch.id) is not State.WAITING:
                return  # claimed since it was found overdue: that attempt decides
            if event is not Event.EXPIRE:
                self._expect_claim(tables, dispatch)
            dispatches.end(tables, dispatch.id, event, at=at, fault=_kept(error))
            append_entry(tables, entry)
            if event is Event.REFUSE and len(dispatch.recipients) > 1:
                self._try_each(tables, package, dispatch, at)
            else:
                self.own_words.say_undelivered(
                    tables, package, dispatch.recipients, error.faults[0].vi, directory=directory, at=at
                )

        await self.database.write(act)
        passed(Point.ENDED)
        log.error(kind.value, dispatch=dispatch.id, package=package.id, reason=error.code)

    def _expect_claim(self, tables: Tables, dispatch: Dispatch) -> None:
        """Insist that the attempt is still ours: to other nodes we may have been gone for a while.

        Errors: Delay ``claim-lost``; who carries it out now asks the axis what became of this one.
        """
        if not dispatches.holds(tables, dispatch.id, by=self.node, attempt=dispatch.attempt_count + 1):
            raise Delay.because(
                "claim-lost",
                vi="Lượt chuyển này đã do lần thử khác nhận.",
                en="This dispatch is carried out by another attempt by now.",
            )

    def _try_each(self, tables: Tables, package: StoredPackage, dispatch: Dispatch, at: datetime) -> None:
        """Send to each recipient alone: one the axis does not know must not keep it from the others."""
        for recipient in dispatch.recipients:
            self.own_words.posting.post(
                tables,
                Route(beyond=(recipient,)),
                package,
                at=at,
            )


def _kept(error: LienthongError) -> str:
    """Say an error to those who look at the dispatch: its code, by which pages know it, and its words."""
    return f"{error.code}: {'; '.join(fault.vi for fault in error.faults)}"
