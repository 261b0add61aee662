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
    # store/spool.py, store/folder.py, store/database.py: the disk
    SPILLED = "first bytes of a large package on disk"
    BYTES_NAMED = "bytes under their digest, name not yet durable"
    BEFORE_COMMIT = "all acts done, not committed"
    COMMITTED = "committed, nobody told"
    # store/moving.py, exchange/moving_bytes.py
    OBSTACLES_SET_ASIDE = "indexes, references, triggers set aside, no row moved"
    ROWS_MOVED = "some rows of a table moved"
    BYTES_MOVED = "a large package on its new shelf"
    OBSTACLES_RESTORED = "everything in its place, nothing checked"
    # store/object_shelf.py: the object store
    OBJECT_ANNOUNCED = "object announced, nothing brought"
    OBJECT_BROUGHT = "object brought, not named by any package"
    OBJECTS_SET_ASIDE = "objects let go, still there"
    OBJECTS_REMOVED = "objects gone, still listed"
    OBJECTS_FORGOTTEN = "objects gone and off the list"
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
    CLAIM_STANDS = "late, and still ours to send, not handed over"
    HANDED_OVER = "handed over, not recorded"
    DELIVERED = "delivery recorded"
    DEFERRED = "deferral recorded"
    ENDED = "end without delivery recorded"
    RELEASED = "lost claims released"
    HASTENED = "what a wrong clock put off made due"
    RENEWED = "claims under way renewed"
    OVERDUE_FOUND = "overdue dispatches found, not ended"
    LOST_SENDING_MATCHED = "found to have left before a restore, not recorded"
    # exchange/roster.py
    NODE_SEEN = "beat noted, duties taken"
    DUTIES_GIVEN_BACK = "duties given back"
    NODE_LEFT = "node taken off the roster"
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
    # exchange/intervention.py, exchange/asking_again.py
    SENT_AGAIN = "new dispatches recorded for those that had failed"
    MADE_DUE = "what waited made due"
    CANCELLED = "cancellation recorded"
    DISMISSED = "failures dismissed"
    ASKED_AGAIN = "asking again recorded, the axis not asked"
    # exchange/composing.py
    DRAFT_KEPT = "draft begun"
    DRAFT_CHANGED = "draft changed"
    FILE_KEPT = "file of a draft on disk, not yet in the draft"
    FILE_ATTACHED = "file attached to a draft"
    FILE_DETACHED = "file taken out of a draft"
    DRAFT_DISCARDED = "draft thrown away"
    SENDING_BEGUN = "instant of a draft's sending fixed, no package made"
    SENDING_STOPPED = "draft refused, open again"
    DRAFT_SENT = "draft marked as sent, its author not told"
    OLD_DRAFTS_GONE = "old drafts thrown away, their files still there"
    # exchange/evidencing.py, exchange/expectations.py
    FAR_RECEIPTS_LISTED = "axis's receipts read, nothing kept"
    FAR_RECEIPTS_KEPT = "axis's receipts kept"
    RECEIPTS_TOLD = "axis told of ours, not noted"
    TELLING_NOTED = "noted that the axis was told"
    TESTIMONY_KEPT = "what a gateway told kept, not yet said"
    OVERDUE_RECORDED = "missing receipts recorded"
    # exchange/matching.py, exchange/registry.py
    # exchange/matching.py, exchange/registry.py, exchange/indexing.py
    MATCHED = "late match recorded"
    INDEXED = "an old document made findable"
    # exchange/lookup.py
    EXPORT_RECORDED = "who takes which list recorded, nothing said yet"
    # web/console/documents.py
    SEARCH_SAVED = "a search kept, nobody told"
    SEARCH_FORGOTTEN = "a search forgotten, nobody told"
    DIRECTORY_READ = "axis's directory read, nothing taken over"
    REGISTERED_ABOVE = "agency registered with the axis, not here"
    DELETED_ABOVE = "agency deleted with the axis, not here"
    ENROLLED = "agency registered with the axis by an operator, not on record"
    WITHDRAWN = "agency deleted from the axis by an operator, not on record"
    ENROLMENT_RECORDED = "what an operator told the axis of an agency recorded"
    DIRECTORY_CHANGED = "directory change recorded"
    # exchange/working_days.py
    CALENDAR_REPLACED = "years of the calendar replaced"
    # exchange/checkpoints.py, exchange/witness.py
    TREE_GROWN = "some tiles added, more to come"
    CHECKPOINT_RECORDED = "checkpoint recorded, nobody has seen it"
    COSIGNATURE_KEPT = "witness's signature kept"
    CHECKPOINT_SEEN = "another log's checkpoint judged and kept"
    # exchange/alerts.py
    ALERTS_NOTED = "operators alerted, and that noted"
    # exchange/own_documents.py, exchange/reminding.py, exchange/reminder_mail.py, exchange/announcing.py,
    # exchange/scheduled_reports.py
    OWN_BYTES_SAFE = "bytes of a document of our own safe, nothing recorded"
    REMINDED = "an agency reminded, and that noted; no mail sent"
    DAY_REMINDED = "noted that all of a day's reminders are out"
    REMINDER_MAILED = "mail with a reminder taken, not noted"
    MAIL_NOTED = "noted what became of a mail"
    NEWS_BEGUN = "place in the log kept from which a webhook is told"
    NEWS_TOLD = "webhook told, not noted"
    NEWS_NOTED = "noted what a webhook was told"
    REPORT_RECORDED = "document with a report sent, and that noted"
    REPORT_MAILED = "mail with a report taken or refused, not noted"
    REPORT_NOTED = "noted what became of a mail with a report"
    # exchange/sessions.py, exchange/sign_in.py
    SESSION_SEEN = "use of a session noted"
    PEOPLE_CHANGED = "change of people or their sessions recorded, not yet said"
    SIGNED_IN = "session opened, its secret not yet said"
    # exchange/patience.py
    TRY_COUNTED = "a try to sign in counted, nothing looked at"
    TRY_FORGIVEN = "a try taken back"
    FAILURES_FORGOTTEN = "failures of who signed in forgotten"
    # exchange/own_account.py
    LANGUAGE_SET = "language remembered"
    FORGOTTEN = "what was seen of another log forgotten"
    # exchange/stamping.py, exchange/watching.py
    STAMP_FETCHED = "timestamp granted, not kept"
    STAMP_KEPT = "timestamp kept"
    COSIGNATURE_GIVEN = "our signature given to the log it is for"
    # exchange/duties.py
    DUTY_GIVEN = "obligation recorded, not yet said"
    DUTY_MOVED = "change of an obligation recorded, not yet said"
    # exchange/importing.py
    DUTIES_IMPORTED = "some obligations of a list recorded, more to come"
    IMPORT_RECORDED = "what a list brought recorded, not yet said"
    # exchange/tokens.py
    TOKENS_CHANGED = "change of programs' tokens recorded, not yet said"
    DAY_OF_USE_NOTED = "day of a token's use noted"
    # exchange/reporting.py
    REPORT_TAKEN = "who takes which report or register recorded, nothing said yet"
    # exchange/retention.py, store/folder.py
    STANDING_KEPT = "rules and clock noted, nothing looked at"
    REVISED = "some packages to be looked at anew, more to come"
    CONTENT_ERASED = "erasures recorded, files still there"
    FILES_SET_ASIDE = "erased files out of the way, not yet gone"
    FILES_REMOVED = "erased files gone, still listed"
    FILES_FORGOTTEN = "erased files gone and off the list"
    # exchange/verifying.py, exchange/bundling.py
    VERIFICATION_RECORDED = "outcome of a verification recorded, nobody told"
    EVIDENCE_RECORDED = "a bundle made and recorded, not yet handed out"
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
