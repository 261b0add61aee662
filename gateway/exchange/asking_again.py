"""Ask the axis anew for what was refused: its bytes were not kept, so only the axis can bring them again.

The axis is asked for everything of that time (`inbound.fetch_waiting` with a window). What comes is judged as
if it were new; what does not come keeps its refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.clients.axis import Axis
from gateway.errors import Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.inbound import Inbound
from gateway.exchange.notary import Notary
from gateway.exchange.reasons import said_reason
from gateway.model.log import LogKind
from gateway.model.people import Permission, User
from gateway.points import Point, passed
from gateway.store import interventions
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.interventions import RefusedArrival
from gateway.store.packages import Arrival, was_taken

# A package may lie on the axis for a while before we come for it.
_BEFORE, _AFTER = timedelta(days=2), timedelta(hours=1)


class Came(StrEnum):
    """What became of asking again."""

    TAKEN = "taken"
    REFUSED_AGAIN = "refused-again"
    NOT_OFFERED = "not-offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingAgain:
    """Asks the axis for refused deliveries anew."""

    database: Database
    directory: Directory
    notary: Notary
    axis: Axis
    inbound: Inbound
    concurrency: int
    clock: Callable[[], datetime]

    async def find(self, far_id: str, *, by: User) -> list[RefusedArrival]:
        """Find a refused delivery among those for somebody's agencies, one for each recipient.

        Errors: Refusal ``no-such-arrival``; ``not-allowed``.
        """
        if not by.may(Permission.OPERATE):
            raise Refusal.because(
                "not-allowed",
                vi="Vai trò của bạn không được yêu cầu trục gửi lại.",
                en="Your role may not ask the axis again.",
            )
        directory = await self.directory.current()
        found = await interventions.find_refused_arrivals(self.database, far_id)
        theirs = [arrival for arrival in found if _concerns(arrival, by, directory)]
        if not theirs:
            raise Refusal.because(
                "no-such-arrival",
                where=far_id[:100],
                vi="Không có gói tin bị từ chối nào như vậy cho các cơ quan của bạn.",
                en="There is no such refused package for your agencies.",
            )
        return theirs

    async def ask(self, far_id: str, *, by: User, reason: str | None, at: datetime) -> Came:
        """Fetch a refused package anew, if the axis still gives it.

        Errors: Refusal ``no-such-arrival``; Delay when the axis is away: the refusal stands as before.
        """
        arrivals = await self.find(far_id, by=by)
        entry = self.notary.entry(
            LogKind.ADMINISTERED,
            at=at,
            act="arrival-asked-again",
            by=by.login,
            details={"far_id": far_id, **({"reason": said} if (said := said_reason(reason)) else {})},
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.ASKED_AGAIN)
        refused_at = max(arrival.refused_at for arrival in arrivals)
        await self.inbound.fetch_waiting(
            self.axis,
            concurrency=self.concurrency,
            clock=self.clock,
            window=(refused_at - _BEFORE, refused_at + _AFTER),
            anew=frozenset({far_id}),
        )
        return await self._tell(arrivals)

    async def _tell(self, arrivals: list[RefusedArrival]) -> Came:
        first = arrivals[0]
        now = await interventions.find_refused_arrivals(self.database, first.far_id)
        if any(arrival.refused_at != first.refused_at for arrival in now):
            return Came.REFUSED_AGAIN
        arrival = Arrival(far_id=first.far_id, recipient=first.recipient or "")
        taken = await was_taken(self.database, first.axis_id, arrival)
        return Came.TAKEN if taken else Came.NOT_OFFERED


def _concerns(arrival: RefusedArrival, by: User, directory: Snapshot) -> bool:
    if arrival.recipient is None:
        return True
    return any(by.sees(code) for code in directory.names_of(arrival.recipient))
