"""An operator's hand in the exchange: send again what ended, hasten or give up what waits.

A dispatch that ended never moves again (`model.dispatch.MOVES`): sent again is another dispatch for the same
package, one behind each at most, so that asking twice sends once. Cancelled is expired before its time. Who
did it, and why, is entered with the change; the way goes on in delivery.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.amendments import CHANGES
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary, tell_faults
from gateway.exchange.own_words import OwnWords, reply_to
from gateway.exchange.reasons import owed_reason, said_reason
from gateway.model.code_lists import Business, Kind, StatusCode
from gateway.model.dispatch import Destination, Dispatch, Event, State
from gateway.model.identifiers import DispatchId
from gateway.model.log import LogEntry, LogKind
from gateway.model.people import Permission, User
from gateway.points import Point, passed
from gateway.store import dispatches, interventions, threads
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.packages import StoredPackage, load_package
from gateway.store.tables import Tables

AT_ONCE = 500
_ENDED_BADLY = (State.REFUSED, State.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One dispatch with its package, as it was found."""

    dispatch: Dispatch
    package: StoredPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What an operator may do with single dispatches.

    Shape: says_arrived tells whether status 01 is this node's to say; on_leaving is called after a commit
    that made something due.
    """

    database: Database
    directory: Directory
    notary: Notary
    own_words: OwnWords
    says_arrived: bool
    on_leaving: Callable[[], None]

    async def find(self, dispatch_id: DispatchId, *, by: User) -> Case:
        """Find a dispatch among those of somebody's agencies.

        Errors: Refusal ``no-such-dispatch``, in the same words when it is another's; ``not-allowed``.
        """
        return await self._find(dispatch_id, await self.directory.current(), by)

    async def resend(
        self, wanted: Sequence[DispatchId], *, by: User, reason: str | None, at: datetime
    ) -> dict[DispatchId, DispatchId]:
        """Send again what was refused or expired: all of it or nothing; the new dispatch of each comes back.

        What was sent again before is not sent a third time: its follower comes back.
        Errors: Refusal when one is not there, or has not ended so.
        """
        _check_count(wanted)
        directory = await self.directory.current()
        cases = [await self._find(dispatch_id, directory, by) for dispatch_id in dict.fromkeys(wanted)]
        said = said_reason(reason)

        def act(tables: Tables) -> dict[DispatchId, DispatchId]:
            return {case.dispatch.id: self._again(tables, case, directory, by, said, at) for case in cases}

        followers = await self.database.write(act)
        passed(Point.SENT_AGAIN)
        self.on_leaving()
        return followers

    async def hasten(self, wanted: Sequence[DispatchId], *, by: User, at: datetime) -> None:
        """Let what waits for the axis be due now. What does not wait any more is left as it is."""
        _check_count(wanted)
        directory = await self.directory.current()
        cases = [await self._find(dispatch_id, directory, by) for dispatch_id in dict.fromkeys(wanted)]

        def act(tables: Tables) -> None:
            for case in cases:
                now = interventions.find_now(tables, case.dispatch.id)
                if now.state is State.WAITING and now.destination is Destination.AXIS and now.due_at > at:
                    interventions.make_due(tables, now.id, at=at)
                    append_entry(tables, self._entry("dispatch-hastened", case, by=by, at=at))

        await self.database.write(act)
        passed(Point.MADE_DUE)
        self.on_leaving()

    async def cancel(self, dispatch_id: DispatchId, *, by: User, reason: str, at: datetime) -> None:
        """Give up a dispatch that still waits for the axis, and tell its sender (02).

        Errors: Refusal ``being-tried`` at that very moment, ``not-waiting`` when it waits no more,
        ``outcome-unknown`` when the axis may have it already, ``reason-missing``.
        """
        why = owed_reason(reason)
        directory = await self.directory.current()
        case = await self._find(dispatch_id, directory, by)

        def act(tables: Tables) -> None:
            now = interventions.find_now(tables, dispatch_id)
            if now.state is State.EXPIRED:
                return  # cancelled before, or too late to matter
            _check_cancellable(now)
            cancelled = _cancelled()
            dispatches.end(tables, dispatch_id, Event.EXPIRE, at=at, fault=f"cancelled: {why}")
            interventions.dismiss(tables, dispatch_id, at=at)
            append_entry(tables, self._expired(case, cancelled, at))
            append_entry(tables, self._entry("dispatch-cancelled", case, by=by, at=at, reason=why))
            told = f"{cancelled.faults[0].vi} Lý do: {why}"
            self.own_words.say_undelivered(
                tables, case.package, now.recipients, told, directory=directory, at=at
            )

        await self.database.write(act)
        passed(Point.CANCELLED)
        self.on_leaving()  # what stood behind it in its line may leave

    async def dismiss(self, wanted: Sequence[DispatchId], *, by: User, reason: str, at: datetime) -> None:
        """Leave failures as they are: they need nobody's attention any more, and stay in the record.

        Errors: Refusal when one is not there or has not failed; ``reason-missing``.
        """
        _check_count(wanted)
        why = owed_reason(reason)
        directory = await self.directory.current()
        cases = [await self._find(dispatch_id, directory, by) for dispatch_id in dict.fromkeys(wanted)]

        def act(tables: Tables) -> None:
            for case in cases:
                _check_failed(interventions.find_now(tables, case.dispatch.id))
                if interventions.dismiss(tables, case.dispatch.id, at=at):
                    append_entry(tables, self._entry("failure-dismissed", case, by=by, at=at, reason=why))

        await self.database.write(act)
        passed(Point.DISMISSED)

    async def _find(self, dispatch_id: DispatchId, directory: Snapshot, by: User) -> Case:
        if not by.may(Permission.OPERATE):
            raise Refusal.because(
                "not-allowed",
                vi="Vai trò của bạn không được gửi lại hay hủy lượt chuyển.",
                en="Your role may neither resend nor cancel.",
            )
        dispatch = await interventions.find_dispatch(self.database, dispatch_id)
        if dispatch is None:
            raise _no_such_dispatch(dispatch_id)
        package = await load_package(self.database, dispatch.package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        concerned = {package.sender}
        if dispatch.destination is Destination.MAILBOX:
            concerned |= set(dispatch.recipients)
        if not any(by.sees(name) for code in concerned for name in directory.names_of(code)):
            raise _no_such_dispatch(dispatch_id)
        return Case(dispatch=dispatch, package=package)

    def _again(
        self,
        tables: Tables,
        case: Case,
        directory: Snapshot,
        by: User,
        reason: str | None,
        at: datetime,
    ) -> DispatchId:
        follower = interventions.find_follower(tables, case.dispatch.id)
        if follower is not None:
            return follower
        ended = interventions.find_now(tables, case.dispatch.id)
        _check_failed(ended)
        package = case.package
        new_id = self.own_words.posting.post_again(tables, ended, package, at=at)
        entry = self._entry("dispatch-resent", case, by=by, at=at, reason=reason, again=new_id)
        append_entry(tables, entry)
        if package.kind is Kind.DOCUMENT:
            self._expect_anew(tables, case, directory, at)
        return new_id

    def _expect_anew(self, tables: Tables, case: Case, directory: Snapshot, at: datetime) -> None:
        """Let recipients who sent the document back start from nothing; a change is owed an answer anew."""
        package, thread_id = case.package, case.package.thread_id
        if thread_id is None:
            return
        codes = [directory.canonical(code) for code in case.dispatch.recipients]
        business = Business(package.business or 0)
        if business in CHANGES:
            threads.expect_change(tables, thread_id, codes, CHANGES[business])
            return
        states = threads.recipients_of(tables, thread_id)
        sent_back = [code for code in codes if code in states and states[code].status == StatusCode.DECLINED]
        threads.start_round(tables, thread_id, sent_back, at=at)
        if self.says_arrived and case.dispatch.destination is Destination.MAILBOX:
            for code in sent_back:
                self.own_words.say_arrived(
                    tables, code, reply_to(package), thread_id=thread_id, directory=directory, at=at
                )

    def _expired(self, case: Case, cancelled: Refusal, at: datetime) -> LogEntry:
        return self.notary.entry(
            LogKind.EXPIRED,
            at=at,
            package_id=case.package.id,
            dispatch_id=case.dispatch.id,
            thread_id=case.package.thread_id,
            recipients=list(case.dispatch.recipients),
            code=cancelled.code,
            faults=tell_faults(cancelled),
        )

    def _entry(
        self, act: str, case: Case, *, by: User, at: datetime, reason: str | None = None, **facts: JSON
    ) -> LogEntry:
        told: dict[str, JSON] = {"reason": reason, **facts}
        return self.notary.entry(
            LogKind.ADMINISTERED,
            at=at,
            package_id=case.package.id,
            dispatch_id=case.dispatch.id,
            thread_id=case.package.thread_id,
            recipients=list(case.dispatch.recipients),
            act=act,
            by=by.login,
            details={name: fact for name, fact in told.items() if fact},
        )


def _check_count(wanted: Sequence[DispatchId]) -> None:
    if not 0 < len(wanted) <= AT_ONCE:
        raise Refusal.because(
            "selection-wrong",
            vi=f"Hãy chọn từ 1 đến {AT_ONCE} lượt chuyển.",
            en=f"Choose between 1 and {AT_ONCE} dispatches.",
        )


def _check_failed(dispatch: Dispatch) -> None:
    if dispatch.state not in _ENDED_BADLY:
        raise Refusal.because(
            "not-failed",
            where=dispatch.id,
            vi="Lượt chuyển này chưa thất bại: nó chưa bị từ chối, cũng chưa hết hạn.",
            en="This dispatch has not failed: it was not refused, and has not expired.",
        )
    # What the axis refused for several went on to each alone (delivery.py); those are the ones to send.
    was_split = dispatch.state is State.REFUSED and len(dispatch.recipients) > 1
    if was_split:
        raise Refusal.because(
            "sent-singly",
            where=dispatch.id,
            vi="Lượt này đã được tách gửi riêng cho từng nơi nhận; hãy chọn các lượt riêng ấy.",
            en="It was split into one dispatch for each recipient; choose among those.",
        )


def _check_cancellable(dispatch: Dispatch) -> None:
    if dispatch.state is State.CLAIMED and dispatch.destination is Destination.AXIS:
        raise Refusal.because(
            "being-tried",
            where=dispatch.id,
            vi="Lượt này đang được thử ngay lúc này; hãy hủy lại sau ít giây.",
            en="It is being tried right now; cancel it again in some seconds.",
        )
    if dispatch.state is not State.WAITING or dispatch.destination is not Destination.AXIS:
        raise Refusal.because(
            "not-waiting",
            where=dispatch.id,
            vi="Chỉ hủy được lượt còn chờ gửi lên trục; văn bản đã đi thì phải thu hồi.",
            en="Only what still waits for the axis can be cancelled; what has left must be recalled.",
        )
    if dispatch.unknown:
        raise Refusal.because(
            "outcome-unknown",
            where=dispatch.id,
            vi="Chưa rõ trục đã nhận lượt này hay chưa, nên không hủy được; nếu đã đến thì phải thu hồi.",
            en="The axis may have it already, so it cannot be cancelled; recall it if it arrived.",
        )


def _cancelled() -> Refusal:
    return Refusal.because(
        "cancelled",
        vi="Người vận hành đã hủy việc gửi lên trục.",
        en="An operator cancelled the delivery to the axis.",
    )


def _no_such_dispatch(dispatch_id: DispatchId) -> Refusal:
    return Refusal.because(
        "no-such-dispatch",
        where=dispatch_id[:100],
        vi="Không có lượt chuyển này trong các cơ quan của bạn.",
        en="There is no such dispatch among your agencies.",
    )
