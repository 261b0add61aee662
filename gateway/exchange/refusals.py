"""A refusal is an event too: recorded before it is spoken, with a receipt its sender can hold."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import LienthongError
from gateway.exchange.notary import Notary, tell_faults
from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode, Digest, SystemId
from gateway.model.log import LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.packages import Arrival, note_refused_arrival
from gateway.store.tables import Tables

_WINDOW = timedelta(minutes=1)
_PER_WINDOW = 20
_FAULT_KEPT = 500


@dataclass(slots=True, kw_only=True)
class Refusals:
    """Records what was turned away."""

    database: Database
    notary: Notary
    _window_started_at: datetime | None = None
    _in_window: int = 0

    async def record(
        self,
        error: LienthongError,
        *,
        system_id: SystemId,
        peer: SystemKind,
        at: datetime,
        digest: Digest | None = None,
        size_bytes: int | None = None,
        sender: AgencyCode | None = None,
        arrival: Arrival | None = None,
        operation: str | None = None,
    ) -> bytes:
        """Record that something was refused; return the signed receipt of it.

        Shape: peer is what system_id is; arrival is what the axis calls the package, so that it is not
        fetched again.
        """
        entry = self.notary.entry(
            LogKind.REFUSED,
            at=at,
            system_id=system_id,
            peer=peer.value,
            sha256=digest,
            bytes=size_bytes,
            sender=sender,
            far_id=arrival.far_id if arrival else None,
            operation=operation,
            code=error.code,
            faults=tell_faults(error),
        )

        def act(connection: Tables) -> None:
            append_entry(connection, entry)
            if arrival is not None:
                note_refused_arrival(
                    connection,
                    system_id,
                    arrival,
                    code=error.code,
                    fault=error.faults[0].vi[:_FAULT_KEPT],
                    at=at,
                )

        await self.database.write(act)
        passed(Point.REFUSED)
        return entry.receipt or b""

    async def distrust(
        self,
        error: LienthongError,
        *,
        claimed: str,
        operation: str,
        at: datetime,
        address: str | None = None,
    ) -> None:
        """Record that a caller was not who it said; at most some twenty a minute.

        Anybody can send rubbish, and the audit log must not grow at a stranger's pace. The metrics count all.
        """
        if self._window_started_at is None or at - self._window_started_at > _WINDOW:
            self._window_started_at, self._in_window = at, 0
        self._in_window += 1
        if self._in_window > _PER_WINDOW:
            return
        entry = self.notary.entry(
            LogKind.DISTRUSTED,
            at=at,
            claimed=claimed[:100],
            operation=operation,
            code=error.code,
            address=address,
        )
        await self.database.write(lambda connection: append_entry(connection, entry))
        passed(Point.DISTRUSTED)
