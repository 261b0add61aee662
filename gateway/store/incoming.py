"""An agency's incoming documents as its people see them: what is unread, in work, done."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.model.code_lists import Business, Priority
from gateway.model.dispatch import State
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId, ThreadId
from gateway.store.database import Database, from_micros
from gateway.store.tables import Row


class Pile(StrEnum):
    """Where a document lies on the desk."""

    UNREAD = "unread"
    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One document that came for an agency.

    Shape: status is the agency's furthest answer; pending_change is ``recall`` or ``update`` while it owes
    a 15 or 16.
    """

    id: DispatchId
    package_id: PackageId
    thread_id: ThreadId | None
    sender: AgencyCode
    recipient: AgencyCode
    subject: str | None
    notation: str | None
    promulgated_on: date | None
    due_on: date | None
    priority: Priority
    business: Business
    state: State
    came_at: datetime
    status: str | None
    pending_change: str | None
    recalled_at: datetime | None

    @property
    def is_unread(self) -> bool:
        """Tell whether nobody has opened it."""
        return self.state in (State.WAITING, State.CLAIMED)

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is left to be said about it."""
        return self.pending_change is None and (self.status in ("02", "06") or self.recalled_at is not None)


_INCOMING = (
    "SELECT dispatches.id, package_id, dispatches.thread_id, dispatches.sender, mailbox, state,"
    " dispatches.priority, created_at, subject, notation, promulgated_on, recipients.due_on, business,"
    " recipients.status, pending_change, recipients.recalled_at"
    " FROM dispatches JOIN packages ON packages.id = package_id"
    " LEFT JOIN recipients ON recipients.thread_id = dispatches.thread_id AND code = mailbox"
    " WHERE destination = 'mailbox' AND mailbox = :agency AND dispatches.kind = 'document'"
)
_IS_DONE = (
    "(pending_change IS NULL AND (coalesce(recipients.status, '') IN ('02', '06')"
    " OR recipients.recalled_at IS NOT NULL OR state = 'refused'))"
)
_PILES = {
    Pile.UNREAD: "ended_at IS NULL",
    Pile.OPEN: f"ended_at IS NOT NULL AND NOT {_IS_DONE}",
    Pile.DONE: f"ended_at IS NOT NULL AND {_IS_DONE}",
}
_ORDERS = {
    Pile.UNREAD: "dispatches.priority DESC, dispatches.id",
    # What has a term comes first, the nearest on top.
    Pile.OPEN: "recipients.due_on IS NULL, recipients.due_on, dispatches.id",
    Pile.DONE: "dispatches.id DESC",
}
# The same orders as places to compare. Where a document stands is looked up anew, so that it is found again
# even after it left the pile.
_PLACES = {
    Pile.UNREAD: "(-dispatches.priority, dispatches.id)",
    Pile.OPEN: "(recipients.due_on IS NULL, coalesce(recipients.due_on, ''), dispatches.id)",
    Pile.DONE: "(dispatches.id)",
}
_FURTHER = {Pile.UNREAD: ">", Pile.OPEN: ">", Pile.DONE: "<"}
_PLACE_OF = {
    pile: f"SELECT {place[1:-1]} FROM dispatches LEFT JOIN recipients"
    " ON recipients.thread_id = dispatches.thread_id AND code = mailbox WHERE dispatches.id = :after"
    for pile, place in _PLACES.items()
}


async def list_incoming(
    database: Database, agency: AgencyCode, pile: Pile, *, after: DispatchId | None = None, limit: int
) -> list[Incoming]:
    """List one pile of an agency's documents, in the order in which they want to be looked at.

    Shape: after is a document of an earlier page; what follows it is listed.
    """
    further = "" if after is None else f" AND {_PLACES[pile]} {_FURTHER[pile]} ({_PLACE_OF[pile]})"
    rows = await database.fetch_all(
        f"{_INCOMING} AND {_PILES[pile]}{further} ORDER BY {_ORDERS[pile]} LIMIT :limit",
        {"agency": agency, "after": after, "limit": limit},
    )
    return [_incoming_from(row) for row in rows]


async def find_incoming(database: Database, agency: AgencyCode, dispatch_id: DispatchId) -> Incoming | None:
    """Find one document that came for an agency."""
    row = await database.fetch_one(
        f"{_INCOMING} AND dispatches.id = :dispatch", {"agency": agency, "dispatch": dispatch_id}
    )
    return None if row is None else _incoming_from(row)


async def find_recipient(database: Database, dispatch_id: DispatchId) -> AgencyCode | None:
    """Tell for whom a dispatch lies in a mailbox."""
    row = await database.fetch_one("SELECT mailbox FROM dispatches WHERE id = ?", (dispatch_id,))
    return None if row is None or row["mailbox"] is None else AgencyCode(row["mailbox"])


async def count_unread(database: Database, agency: AgencyCode) -> int:
    """Count what nobody has opened."""
    row = await database.fetch_one(
        "SELECT open_count FROM queues WHERE destination = 'mailbox' AND mailbox = ? AND kind = 'document'",
        (agency,),
    )
    return 0 if row is None else int(row["open_count"])


def _incoming_from(row: Row) -> Incoming:
    return Incoming(
        id=DispatchId(row["id"]),
        package_id=PackageId(row["package_id"]),
        thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
        sender=AgencyCode(row["sender"]),
        recipient=AgencyCode(row["mailbox"]),
        subject=row["subject"],
        notation=row["notation"],
        promulgated_on=_day(row["promulgated_on"]),
        due_on=_day(row["due_on"]),
        priority=Priority(row["priority"]),
        business=Business(row["business"] or 0),
        state=State(row["state"]),
        came_at=from_micros(row["created_at"]),
        status=row["status"],
        pending_change=row["pending_change"],
        recalled_at=None if row["recalled_at"] is None else from_micros(row["recalled_at"]),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
