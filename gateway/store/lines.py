"""New dispatches, each in its line.

A line is what one sender has on its way to the axis about one document. A later version must not overtake an
earlier one, nor one answer the last. Packages are numbered in the order they came; dispatches made anew for
single recipients keep their package's place, so that they may come before what is next already.
"""

import json

from gateway.model.dispatch import Destination, Dispatch
from gateway.model.identifiers import DispatchId
from gateway.store.database import to_micros
from gateway.store.dispatches import IN_LINE
from gateway.store.packages import StoredPackage
from gateway.store.sheets import DISPATCHES
from gateway.store.tables import Tables

_EARLIER = (
    f"SELECT 1 FROM dispatches AS line WHERE {IN_LINE} AND line.thread_id = ? AND line.sender = ?"
    " AND line.package_id < ? LIMIT 1"
)
_STEP_BACK = (
    f"UPDATE dispatches AS line SET is_next = 0 FROM dispatches AS new WHERE new.id = ? AND {IN_LINE}"
    " AND line.thread_id = new.thread_id AND line.sender = new.sender"
    " AND line.package_id = (SELECT min(package_id) FROM dispatches AS line"
    f" WHERE {IN_LINE} AND line.thread_id = new.thread_id AND line.sender = new.sender"
    " AND line.package_id > new.package_id)"
)


def insert_dispatch(
    connection: Tables,
    dispatch: Dispatch,
    package: StoredPackage,
    *,
    is_alone: bool = False,
    follows: DispatchId | None = None,
) -> None:
    """Write a new dispatch of a package that stands already.

    Shape: is_alone tells that nothing of its document can be under way yet; follows is the dispatch in whose
    place it is made.
    """
    leaves = dispatch.destination is Destination.AXIS
    is_in_line = leaves and not is_alone and package.thread_id is not None
    connection.add(
        DISPATCHES,
        (
            dispatch.id,
            dispatch.package_id,
            package.thread_id,
            dispatch.destination,
            None if leaves else dispatch.recipients[0],
            json.dumps(dispatch.recipients),
            dispatch.priority,
            dispatch.state,
            dispatch.unknown,
            to_micros(dispatch.due_at),
            to_micros(dispatch.due_at),
            to_micros(dispatch.expires_at),
            follows,
            package.kind,
            package.sender,
            not (is_in_line and _has_earlier(connection, package)),
        ),
    )
    if is_in_line:
        connection.execute(_STEP_BACK, (dispatch.id,))


def _has_earlier(connection: Tables, package: StoredPackage) -> bool:
    asked = (package.thread_id, package.sender, package.id)
    return connection.execute(_EARLIER, asked).fetchone() is not None
