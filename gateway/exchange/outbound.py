"""A system's package comes in, a receipt goes back, dispatches are left waiting.

Steps 3 to 9 of the walk. The way here leads through web/vxp_api.py; it goes on in delivery.py for what
leaves through the axis, and in mailbox.py for what stays. Nothing is promised before the commit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Refusal
from gateway.exchange.acceptance import Acceptance, Promise, Tools
from gateway.exchange.admission import Admission
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.judge import Judge
from gateway.exchange.refusals import Refusals
from gateway.exchange.routing import addressed_agencies, plan_route
from gateway.model.agency import System, SystemKind
from gateway.model.identifiers import AgencyCode
from gateway.model.package import Package
from gateway.points import Point, passed
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.packages import Direction
from gateway.store.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """Takes packages from the systems served here.

    Shape: on_leaving is called after a commit that left something for the axis.
    """

    database: Database
    blobs: Blobs
    directory: Directory
    judge: Judge
    tools: Tools
    refusals: Refusals
    admission: Admission
    axis_is_open: bool
    on_leaving: Callable[[], None]

    async def accept(
        self,
        spool: Spool,
        *,
        caller: System,
        claimed_sender: AgencyCode,
        requested: tuple[AgencyCode, ...] | None,
        at: datetime,
        by: str | None = None,
    ) -> Promise:
        """Take one package and promise its delivery; the same package again gets the same promise.

        Shape: spool is the whole package; claimed_sender is who the request says it is from; requested
        the recipients it names, when it does; by is the login of who sends it in the console.
        Errors: Refusal when the sender must change something, recorded, its receipt attached as
        ``receipt``; Delay when nothing can be promised now.
        """
        try:
            acceptance = await self._judge(spool, caller, claimed_sender, requested, at, by)
            passed(Point.JUDGED)
            await self.blobs.secure(spool)
            passed(Point.BYTES_SAFE)
            promise = await self.database.write(
                acceptance.recording(self.tools), foreseen=acceptance.foreseen
            )
            passed(Point.ACCEPTED)
            if promise.is_repetition:
                await self.blobs.forget(spool)  # nothing new was kept: erased content does not come back so
        except Refusal as refusal:
            await self.blobs.forget(spool)
            refusal.receipt = await self.refusals.record(
                refusal,
                system_id=caller.id,
                peer=caller.kind,
                sender=claimed_sender,
                digest=spool.digest,
                size_bytes=spool.size_bytes,
                at=at,
            )
            raise
        if promise.leaves_here:
            self.on_leaving()
        return promise

    async def _judge(
        self,
        spool: Spool,
        caller: System,
        claimed_sender: AgencyCode,
        requested: tuple[AgencyCode, ...] | None,
        at: datetime,
        by: str | None,
    ) -> Acceptance:
        directory = await self.directory.current()
        verified = await self.judge.inspect(spool, directory, policy=caller.policy, at=at)
        check_sender(verified.package, caller, claimed_sender, directory)
        is_answer = verified.package.status is not None
        # Only gateways deliver to some recipients themselves. A DMS's SDK repeats the recipients of its last
        # call, and what the package names must not get lost to that.
        partial = requested if caller.kind is SystemKind.GATEWAY else None
        recipients = addressed_agencies(verified.package, partial, directory) or requested or ()
        route = plan_route(
            recipients,
            directory,
            axis_is_open=self.axis_is_open,
            is_answer=is_answer,
            own=self.tools.notary.gateway,
        )
        if route.beyond:
            await self.admission.check_queue()
        return Acceptance(
            verified=verified,
            spool=spool,
            direction=Direction.OUTBOUND,
            system_id=caller.id,
            peer=caller.kind,
            route=route,
            directory=directory,
            strict=caller.kind is SystemKind.DMS,
            at=at,
            by=by,
        )


def check_sender(package: Package, caller: System, claimed: AgencyCode, directory: Snapshot) -> None:
    """Insist that a package is from an agency its system serves, and from whom the request says.

    Errors: Refusal ``sender-not-served`` or ``sender-mismatch``.
    """
    sender = package.sender.code
    if not directory.serves(caller, sender):
        raise Refusal.because(
            "sender-not-served",
            where="MessageHeader/From/OrganId",
            vi=f"Hệ thống {caller.id} không được gửi thay cho cơ quan {sender}.",
            en=f"System {caller.id} may not send for agency {sender}.",
        )
    if directory.canonical(claimed) != directory.canonical(sender):
        raise Refusal.because(
            "sender-mismatch",
            where="XroadVnpt-from",
            vi=f"Yêu cầu ghi bên gửi {claimed}, gói tin ghi {sender}.",
            en=f"The request is from {claimed}, the package from {sender}.",
        )
