"""The points between the steps of the walks: where a process may die.

Each is named here once and passed at one place in the code. Nobody watches them in service, and passing
one costs a comparison. The campaign watches: at any of them it kills the process, and then demands that
nothing is lost and nothing happens twice (docs/reliability.md).
"""

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """Every point, in the order in which a document comes by. tests/test_points.py finds each passed."""

    # web/vxp_api.py: a system calls
    BODY_RECEIVED = "body received, nothing judged"
    ANSWER_READY = "answer ready, not yet said"
    CONTENT_LEAVING = "first bytes of a collected package said"
    # store/blobs.py, store/database.py: the disk
    SPILLED = "first bytes of a large package on disk"
    BYTES_NAMED = "bytes under their digest, name not yet durable"
    BEFORE_COMMIT = "all acts done, not committed"
    COMMITTED = "committed, nobody told"
    # exchange/outbound.py
    JUDGED = "judged, bytes not yet safe"
    BYTES_SAFE = "bytes safe, nothing recorded"
    ACCEPTED = "accepted, not yet answered"
    REFUSED = "refusal recorded, not yet spoken"
    DISTRUSTED = "distrust recorded, not yet spoken"
    # exchange/delivery.py, exchange/passing_on.py
    CLAIMED = "claimed, nothing tried"
    SENT_LIST_READ = "sent list read, nothing concluded"
    SIGNED = "signed, seal not kept"
    SEALED = "seal kept, not handed over"
    HANDED_OVER = "handed over, not recorded"
    DELIVERED = "delivery recorded"
    DEFERRED = "deferral recorded"
    ENDED = "end without delivery recorded"
    RELEASED = "lost claims released"
    HASTENED = "what a wrong clock put off made due"
    RENEWED = "claims under way renewed"
    OVERDUE_FOUND = "overdue dispatches found, not ended"
    CLAIMED_TO_END = "claimed to record what had arrived after all"
    LOST_SENDING_MATCHED = "found to have left before a restore, not recorded"
    # exchange/restoration.py
    RESTORE_NOTED = "restore recorded, its note still there"
    SENT_SINCE_LISTED = "sent list since the backup read, nothing kept"
    SENDINGS_FOUND = "what had been sent since the backup kept"
    RESTORATION_SETTLED = "everything since the backup found out"
    # exchange/inbound.py
    WAITING_LISTED = "axis's list read, nothing fetched"
    DOWNLOADED = "downloaded, not judged"
    ARRIVAL_JUDGED = "arrival judged, bytes not yet safe"
    ARRIVAL_BYTES_SAFE = "arrival's bytes safe, nothing recorded"
    ARRIVAL_ACCEPTED = "arrival accepted, axis not told"
    CONFIRMED_TO_AXIS = "axis told"
    # exchange/mailbox.py
    COLLECTED = "collection recorded, not yet said"
    CONFIRMED = "confirmation recorded, not yet said"
    # exchange/matching.py, exchange/registry.py
    MATCHED = "late match recorded"
    DIRECTORY_READ = "axis's directory read, nothing taken over"
    REGISTERED_ABOVE = "agency registered with the axis, not here"
    DELETED_ABOVE = "agency deleted with the axis, not here"
    DIRECTORY_CHANGED = "directory change recorded"
    # exchange/checkpoints.py, exchange/witness.py
    TREE_GROWN = "some tiles added, more to come"
    CHECKPOINT_RECORDED = "checkpoint recorded, nobody has seen it"
    COSIGNATURE_KEPT = "witness's signature kept"
    CHECKPOINT_SEEN = "another log's checkpoint judged and kept"
    # exchange/retention.py, store/blobs.py
    STANDING_KEPT = "rules and clock noted, nothing looked at"
    REVISED = "some packages to be looked at anew, more to come"
    CONTENT_ERASED = "erasures recorded, files still there"
    FILES_SET_ASIDE = "erased files out of the way, not yet gone"
    FILES_REMOVED = "erased files gone, still listed"
    FILES_FORGOTTEN = "erased files gone and off the list"
    # exchange/holding.py, exchange/archiving.py, exchange/archive_return.py
    HOLD_PLACED = "hold placed"
    HOLD_RELEASED = "hold released"
    ARCHIVE_VOUCHED = "checkpoint for an archive recorded, nothing written"
    ARCHIVE_NAMED = "archive complete under its name, not recorded"
    ARCHIVED_NOTED = "some packages noted as archived, more to come"
    ARCHIVE_RECORDED = "archive recorded"
    RETURNING_SAFE = "bytes from an archive safe, not yet kept"
    CONTENT_RETURNED = "some content back from an archive, more to come"


_watcher: Callable[[Point], None] | None = None


def passed(point: Point) -> None:
    """Say that a walk came by."""
    if _watcher is not None:
        _watcher(point)


def watch(watcher: Callable[[Point], None] | None) -> None:
    """Let a watcher see every point passed in this process, on whichever thread; None ends it."""
    global _watcher
    _watcher = watcher
