"""What is claimed for the axis, with all that carrying it out needs, read in the transaction that claims it.

So an attempt begins without another question, and nothing is claimed that cannot be read. The walk goes on
in delivery.py.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.model.dispatch import Dispatch
from gateway.model.identifiers import ThreadId
from gateway.store.dispatches import claim_due
from gateway.store.packages import StoredPackage, find_with_content
from gateway.store.restorations import is_any_unmatched
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One claimed dispatch about to be carried out.

    Shape: content is the whole of a small package; may_have_left tells that there are sendings of before a
    restore of which nobody knows yet whose they are; claimed_at is when, by a clock that nobody sets.
    Units: claimed_at is seconds.
    """

    dispatch: Dispatch
    thread_id: ThreadId | None
    package: StoredPackage
    content: bytes | None
    may_have_left: bool
    claimed_at: float = field(default_factory=time.monotonic)


def claim_errands(tables: Tables, *, at: datetime, lease: timedelta, limit: int, by: str) -> list[Errand]:
    """Claim what is due, as `store.dispatches.claim_due` has it."""
    claimed = claim_due(tables, at=at, lease=lease, limit=limit, by=by)
    may_have_left = bool(claimed) and is_any_unmatched(tables)
    errands = []
    for dispatch, thread_id in claimed:
        package, content = find_with_content(tables, dispatch.package_id)
        errands.append(
            Errand(
                dispatch=dispatch,
                thread_id=thread_id,
                package=package,
                content=content,
                may_have_left=may_have_left,
            )
        )
    return errands
