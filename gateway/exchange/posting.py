"""Puts a package on its way: one dispatch for each mailbox here, one for all beyond the axis."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.exchange.ids import Mint
from gateway.exchange.routing import Route
from gateway.model.code_lists import Priority
from gateway.model.dispatch import Destination, Dispatch, State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.store.blobs import Blobs
from gateway.store.dispatches import insert_dispatch

# What lies in a mailbox waits until it is collected: an official document does not evaporate.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Writes the dispatches of a route, inside the transaction that accepts the package.

    Shape: give_up_after is how long delivery to the axis is tried.
    """

    blobs: Blobs
    mint: Mint
    give_up_after: timedelta

    def post(
        self,
        connection: sqlite3.Connection,
        route: Route,
        package_id: PackageId,
        *,
        thread_id: ThreadId | None,
        priority: Priority,
        at: datetime,
    ) -> None:
        """Leave the dispatches waiting."""
        ends: list[tuple[Destination, tuple[AgencyCode, ...]]] = [
            (Destination.MAILBOX, (code,)) for code in route.mailboxes
        ]
        if route.beyond:
            ends.append((Destination.AXIS, route.beyond))
        for destination, recipients in ends:
            dispatch = Dispatch(
                id=DispatchId(self.mint.new(at)),
                package_id=package_id,
                destination=destination,
                recipients=recipients,
                priority=priority,
                state=State.WAITING,
                due_at=at,
                expires_at=at + self.give_up_after if destination is Destination.AXIS else _NEVER,
            )
            insert_dispatch(connection, dispatch, thread_id=thread_id)
