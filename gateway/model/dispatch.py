"""A dispatch: one package on its way to one destination, and the life it leads."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.model.code_lists import Priority
from gateway.model.identifiers import AgencyCode, DispatchId, PackageId


class State(StrEnum):
    """Where a dispatch stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    EXPIRED = "expired"


class Event(StrEnum):
    """What moves it."""

    CLAIM = "claim"
    DELIVER = "deliver"
    DEFER = "defer"
    REFUSE = "refuse"
    EXPIRE = "expire"


# Everything that moves a dispatch, from where to where; the figure in docs/flow.md is drawn from it.
MOVES: dict[Event, tuple[State, State]] = {
    Event.CLAIM: (State.WAITING, State.CLAIMED),
    Event.EXPIRE: (State.WAITING, State.EXPIRED),
    Event.DELIVER: (State.CLAIMED, State.DELIVERED),
    Event.DEFER: (State.CLAIMED, State.WAITING),
    Event.REFUSE: (State.CLAIMED, State.REFUSED),
}


class Destination(StrEnum):
    """The two ends a dispatch can have."""

    MAILBOX = "mailbox"
    """An agency served here: its system collects."""
    AXIS = "axis"
    """Everybody else: we hand over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One package to one destination.

    Shape: recipients is the one agency of a mailbox, or all that are reached through the axis.
    unknown says that an earlier attempt ended without an answer, so that the far side must be asked
    before the next one.
    """

    id: DispatchId
    package_id: PackageId
    destination: Destination
    recipients: tuple[AgencyCode, ...]
    priority: Priority
    state: State
    attempt_count: int = 0
    unknown: bool = False
    due_at: datetime
    expires_at: datetime
