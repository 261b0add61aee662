"""Puts a package on its way: one dispatch for each mailbox here, one for all beyond the axis."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.exchange.ids import Mint
from gateway.exchange.routing import Route
from gateway.model.dispatch import Destination, Dispatch, State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, milliseconds_of
from gateway.store.blobs import Blobs
from gateway.store.dispatches import has_dispatch
from gateway.store.lines import insert_dispatch
from gateway.store.packages import StoredPackage
from gateway.store.sheets import PACKAGES
from gateway.store.tables import Tables

# What lies in a mailbox waits until it is collected: an official document does not evaporate.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_CLOCKS_APART = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Writes the dispatches of a route, inside the transaction that accepts the package.

    Shape: give_up_after is how long delivery to the axis is tried.
    """

    blobs: Blobs
    mint: Mint
    give_up_after: timedelta

    def name_package(self, tables: Tables, at: datetime) -> PackageId:
        """Name a package that is recorded now: the versions of a document go in the order of these names."""
        return PackageId(self.mint.new(at, behind=tables.greatest(PACKAGES)))

    def post(
        self,
        connection: Tables,
        route: Route,
        package: StoredPackage,
        *,
        at: datetime,
        far_id: str | None = None,
        is_alone: bool = False,
    ) -> None:
        """Leave the dispatches waiting.

        Shape: far_id is what the axis calls its delivery to the one mailbox of the route; is_alone tells
        that nothing of the document can be under way yet.
        """
        named = far_id if len(route.mailboxes) == 1 and not route.beyond else None
        ends: list[tuple[Destination, tuple[AgencyCode, ...]]] = [
            (Destination.MAILBOX, (code,)) for code in route.mailboxes
        ]
        if route.beyond:
            ends.append((Destination.AXIS, route.beyond))
        for destination, recipients in ends:
            dispatch = Dispatch(
                id=self._name(connection, named, at),
                package_id=package.id,
                destination=destination,
                recipients=recipients,
                priority=package.priority,
                state=State.WAITING,
                due_at=at,
                expires_at=self._end_of(destination, at),
            )
            insert_dispatch(connection, dispatch, package, is_alone=is_alone)

    def post_again(
        self, connection: Tables, ended: Dispatch, package: StoredPackage, *, at: datetime
    ) -> DispatchId:
        """Leave a new dispatch waiting in the place of one that ended.

        What was ever left without an answer stays so: the axis is asked before anything is sent again.
        """
        dispatch_id = DispatchId(self.mint.new(at))
        again = replace(
            ended,
            id=dispatch_id,
            state=State.WAITING,
            attempt_count=0,
            due_at=at,
            expires_at=self._end_of(ended.destination, at),
        )
        insert_dispatch(connection, again, package, follows=ended.id)
        return dispatch_id

    def _end_of(self, destination: Destination, at: datetime) -> datetime:
        return at + self.give_up_after if destination is Destination.AXIS else _NEVER

    def _name(self, connection: Tables, far_id: str | None, at: datetime) -> DispatchId:
        # Fetched again after a restore, a delivery has the name it had: a DMS that took it knows it.
        made = None if far_id is None else milliseconds_of(far_id)
        # Not one from the future: ours go on behind the greatest there is.
        if far_id is None or made is None or made > (at + _CLOCKS_APART).timestamp() * 1000:
            return DispatchId(self.mint.new(at))
        if not has_dispatch(connection, far_id):
            return DispatchId(far_id)
        return DispatchId(self.mint.new(at))
