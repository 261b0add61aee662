"""Looking a package up among what the axis says it had from us."""

from datetime import datetime, timedelta

from gateway.clients.axis import Axis
from gateway.model.dispatch import Dispatch
from gateway.model.identifiers import Digest, normalise_notation
from gateway.points import Point, passed
from gateway.store import dispatches
from gateway.store.database import Database
from gateway.store.packages import StoredPackage
from gateway.vxp.items import SentItem

# How far the axis's clock may be off ours when we look for what we sent.
_CLOCKS_APART = timedelta(hours=1)


async def find_sent(
    axis: Axis,
    database: Database,
    dispatch: Dispatch,
    package: StoredPackage,
    digest: Digest,
    *,
    at: datetime,
) -> str | None:
    """Look a package up in the axis's sent list; return what the axis calls it.

    By digest where the axis tells one; else by sender, recipients and number, sent since we had it.
    Errors: Delay or Refusal as the axis gives them.
    """
    items = await axis.list_sent(package.accepted_at - _CLOCKS_APART, at + _CLOCKS_APART, kind=package.kind)
    passed(Point.SENT_LIST_READ)
    reached = {}
    for item in items:
        if item.sender_doc_id is None or not _is_ours(item, package, digest):
            continue
        # Without a digest an earlier version or status looks the same; that one we have on record.
        if item.package_sha256 or not await dispatches.is_known_to_us(database, item.sender_doc_id):
            reached[item.to_code] = item.sender_doc_id
    # All of them, or the axis is asked again: it recognises what it has.
    return reached[dispatch.recipients[0]] if set(dispatch.recipients) <= set(reached) else None


def _is_ours(item: SentItem, package: StoredPackage, digest: Digest) -> bool:
    if item.package_sha256 is not None:
        return item.package_sha256 == digest
    if package.notation is None or item.notation is None or item.from_code != package.sender:
        return False
    return normalise_notation(item.notation) == normalise_notation(package.notation)
