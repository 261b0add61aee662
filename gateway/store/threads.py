"""Threads on disk: documents, their recipients and what those answered."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.model.code_lists import StatusCode
from gateway.model.identifiers import AgencyCode, DocumentId, PackageId, ThreadId, normalise_notation
from gateway.model.package import Reply
from gateway.model.thread import RecipientState, Thread
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.sheets import RECIPIENTS, THREADS, Wanted
from gateway.store.tables import Row, Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One status of one recipient as it was recorded; thread_id is None while it is unmatched."""

    thread_id: ThreadId | None
    package_id: PackageId
    recipient: AgencyCode
    document_id: str | None = None
    notation: str | None = None
    status: str
    description: str | None
    said_at: datetime | None
    recorded_at: datetime


def insert_thread(connection: Tables, thread: Thread) -> None:
    """Open a thread."""
    connection.add(
        THREADS,
        (
            thread.id,
            thread.owner,
            thread.document_id,
            thread.notation,
            None if thread.promulgated_on is None else thread.promulgated_on.isoformat(),
            thread.subject,
            to_micros(thread.opened_at),
        ),
    )


def find_threads_by_document(connection: Tables, document_id: DocumentId) -> list[Thread]:
    """Find the threads under a document's identifier; bare numbers may have several owners."""
    return [thread_from(row) for row in connection.find(wanted_document(document_id))]


def wanted_document(document_id: DocumentId) -> Wanted:
    """Say what `find_threads_by_document` is going to ask for."""
    return Wanted(THREADS, "document_id", document_id)


def find_threads_by_notation(connection: Tables, notation: str, promulgated_on: date | None) -> list[Thread]:
    """Find threads by number and notation; on any date when promulgated_on is None."""
    day = None if promulgated_on is None else promulgated_on.isoformat()
    rows = connection.execute(
        "SELECT * FROM threads WHERE notation = ? AND (? IS NULL OR promulgated_on = ?)", (notation, day, day)
    ).fetchall()
    return [thread_from(row) for row in rows]


def find_by_reply(connection: Tables, reply: Reply) -> list[Thread]:
    """Find threads by the number and date that a reply gives; by the number alone when only one has it."""
    if reply.code is None:
        return []
    notation = normalise_notation(reply.code)
    if reply.promulgated_on is not None:
        return find_threads_by_notation(connection, notation, reply.promulgated_on)
    found = find_threads_by_notation(connection, notation, None)
    return found if len(found) == 1 else []


def superseded_by(connection: Tables, thread_id: ThreadId) -> list[ThreadId]:
    """Return the documents that one replaces."""
    rows = connection.execute("SELECT id FROM threads WHERE superseded_by = ?", (thread_id,)).fetchall()
    return [ThreadId(row["id"]) for row in rows]


def last_said_at(
    connection: Tables, thread_id: ThreadId | None, code: AgencyCode, status: StatusCode
) -> datetime | None:
    """Tell when, by its own clock, a recipient said a status last."""
    row = connection.execute(
        "SELECT said_at FROM answers WHERE thread_id = ? AND recipient = ? AND status = ?"
        " ORDER BY id DESC LIMIT 1",
        (thread_id, code, status),
    ).fetchone()
    return None if row is None or row["said_at"] is None else from_micros(row["said_at"])


def mark_recalled(connection: Tables, thread_id: ThreadId, *, at: datetime) -> None:
    """Note that the sender wants the document back."""
    connection.execute("UPDATE threads SET recalled_at = ? WHERE id = ?", (to_micros(at), thread_id))


def mark_superseded(connection: Tables, thread_id: ThreadId, *, by: ThreadId) -> None:
    """Note which document replaces this one."""
    connection.execute("UPDATE threads SET superseded_by = ? WHERE id = ?", (by, thread_id))


def add_recipients(
    connection: Tables,
    thread_id: ThreadId,
    codes: Iterable[AgencyCode],
    *,
    at: datetime,
    document: int,
    due_on: date | None,
) -> None:
    """Write the recipients of a thread that has none yet; document is the number it is found by."""
    due = None if due_on is None else due_on.isoformat()
    connection.add(RECIPIENTS, *((thread_id, code, to_micros(at), document, due) for code in codes))


def start_round(
    connection: Tables, thread_id: ThreadId, codes: Iterable[AgencyCode], *, at: datetime
) -> None:
    """Let recipients start from nothing with a document: new ones, and those to whom it comes again."""
    connection.executemany(
        "INSERT INTO recipients (thread_id, code, round_at) VALUES (?, ?, ?)"
        " ON CONFLICT (thread_id, code) DO UPDATE SET round_at = excluded.round_at, status = NULL,"
        " status_at = NULL, pending_change = NULL, removed_at = NULL, recalled_at = NULL",
        [(thread_id, code, to_micros(at)) for code in codes],
    )


def remove_recipient(connection: Tables, thread_id: ThreadId, code: AgencyCode, *, at: datetime) -> None:
    """Note that an update took the document away from a recipient."""
    connection.execute(
        "UPDATE recipients SET removed_at = ? WHERE thread_id = ? AND code = ?",
        (to_micros(at), thread_id, code),
    )


def expect_change(
    connection: Tables, thread_id: ThreadId, codes: Iterable[AgencyCode], change: str | None
) -> None:
    """Note that recipients owe a 15 or 16 to a ``recall`` or ``update``; None when they have answered."""
    connection.executemany(
        "UPDATE recipients SET pending_change = ? WHERE thread_id = ? AND code = ?",
        [(change, thread_id, code) for code in codes],
    )


def mark_given_back(connection: Tables, thread_id: ThreadId, code: AgencyCode, *, at: datetime) -> None:
    """Note that a recipient agreed to a recall."""
    connection.execute(
        "UPDATE recipients SET recalled_at = ? WHERE thread_id = ? AND code = ?",
        (to_micros(at), thread_id, code),
    )


def set_status(
    connection: Tables, thread_id: ThreadId, code: AgencyCode, status: str, *, at: datetime
) -> None:
    """Set how far a recipient has come with a document."""
    connection.execute(
        "UPDATE recipients SET status = ?, status_at = ? WHERE thread_id = ? AND code = ?",
        (status, to_micros(at), thread_id, code),
    )


def recipients_of(connection: Tables, thread_id: ThreadId) -> dict[AgencyCode, RecipientState]:
    """Return a thread's recipients by code."""
    rows = connection.execute("SELECT * FROM recipients WHERE thread_id = ?", (thread_id,)).fetchall()
    return {AgencyCode(row["code"]): recipient_from(row) for row in rows}


_LAST_WORD = (
    "SELECT answers.status FROM answers JOIN recipients ON recipients.thread_id = answers.thread_id"
    " AND recipients.code = answers.recipient WHERE answers.thread_id = ? AND recipient = ?"
    " AND answers.status NOT IN ('13', '15', '16') AND recorded_at >= round_at ORDER BY id DESC LIMIT 1"
)


def last_word(connection: Tables, thread_id: ThreadId, code: AgencyCode) -> str | None:
    """Return the last status a recipient gave in its present round, answers to changes aside."""
    row = connection.execute(_LAST_WORD, (thread_id, code)).fetchone()
    return None if row is None else row["status"]


async def find_last_word(database: Database, thread_id: ThreadId, code: AgencyCode) -> str | None:
    """Look up what `last_word` returns."""
    row = await database.fetch_one(_LAST_WORD, (thread_id, code))
    return None if row is None else row["status"]


def has_answered(connection: Tables, thread_id: ThreadId, code: AgencyCode, status: str) -> bool:
    """Tell whether a recipient ever said this about a document."""
    row = connection.execute(
        "SELECT 1 FROM answers WHERE thread_id = ? AND recipient = ? AND status = ?",
        (thread_id, code, status),
    ).fetchone()
    return row is not None


def insert_answer(connection: Tables, answer: Answer) -> None:
    """Record a status."""
    connection.execute(
        "INSERT INTO answers (thread_id, package_id, recipient, document_id, notation, status, description,"
        " said_at, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            answer.thread_id,
            answer.package_id,
            answer.recipient,
            answer.document_id,
            answer.notation,
            answer.status,
            answer.description,
            None if answer.said_at is None else to_micros(answer.said_at),
            to_micros(answer.recorded_at),
        ),
    )


def settle_unmatched(
    connection: Tables, package_id: PackageId, thread_id: ThreadId, recipient: AgencyCode
) -> None:
    """Attach a status to the document it was waiting for."""
    connection.execute(
        "UPDATE answers SET thread_id = ?, recipient = ? WHERE package_id = ?",
        (thread_id, recipient, package_id),
    )
    connection.execute("UPDATE packages SET thread_id = ? WHERE id = ?", (thread_id, package_id))


def thread_from(row: Row) -> Thread:
    """Turn a row of the threads table into its value."""
    return Thread(
        id=ThreadId(row["id"]),
        owner=AgencyCode(row["owner"]),
        document_id=DocumentId(row["document_id"]),
        notation=row["notation"],
        promulgated_on=None if row["promulgated_on"] is None else date.fromisoformat(row["promulgated_on"]),
        subject=row["subject"],
        opened_at=from_micros(row["opened_at"]),
        recalled_at=None if row["recalled_at"] is None else from_micros(row["recalled_at"]),
        superseded_by=None if row["superseded_by"] is None else ThreadId(row["superseded_by"]),
    )


def recipient_from(row: Row) -> RecipientState:
    """Turn a row of the recipients table into its value."""
    return RecipientState(
        code=AgencyCode(row["code"]),
        status=row["status"],
        status_at=None if row["status_at"] is None else from_micros(row["status_at"]),
        pending_change=row["pending_change"],
        recalled_at=None if row["recalled_at"] is None else from_micros(row["recalled_at"]),
        removed_at=None if row["removed_at"] is None else from_micros(row["removed_at"]),
    )


async def newest_row(database: Database) -> int:
    """Return a number that grows with every thread that is opened."""
    row = await database.fetch_one("SELECT coalesce(max(rowid), 0) AS newest FROM threads")
    return 0 if row is None else int(row["newest"])


async def next_awaited(database: Database, *, after: int, until: int) -> int | None:
    """Find the first thread, by row, that some unmatched status may be about: by identifier or number."""
    row = await database.fetch_one(
        "SELECT rowid FROM threads WHERE rowid > ? AND rowid <= ? AND ("
        "  EXISTS (SELECT 1 FROM answers WHERE thread_id IS NULL AND document_id = threads.document_id)"
        "  OR EXISTS (SELECT 1 FROM answers WHERE thread_id IS NULL AND notation = threads.notation))"
        " ORDER BY rowid LIMIT 1",
        (after, until),
    )
    return None if row is None else int(row["rowid"])


async def list_awaiting(
    database: Database, thread_row: int, *, after: int, limit: int
) -> list[tuple[int, PackageId]]:
    """List unmatched statuses that may be about a thread, by the number of their answer."""
    waiting = "SELECT id, package_id FROM answers WHERE thread_id IS NULL AND id > :after AND {key} ="
    waiting += " (SELECT {key} FROM threads WHERE rowid = :thread) ORDER BY id LIMIT :limit"
    rows = await database.fetch_all(
        f"SELECT * FROM ({waiting.format(key='document_id')}) AS one UNION"
        f" SELECT * FROM ({waiting.format(key='notation')}) AS other ORDER BY id LIMIT :limit",
        {"thread": thread_row, "after": after, "limit": limit},
    )
    return [(row["id"], PackageId(row["package_id"])) for row in rows]


async def list_threads(database: Database, *, limit: int) -> list[Thread]:
    """List the newest documents first."""
    rows = await database.fetch_all("SELECT * FROM threads ORDER BY id DESC LIMIT ?", (limit,))
    return [thread_from(row) for row in rows]


async def list_owned_threads(
    database: Database, owners: Iterable[AgencyCode], *, before: ThreadId | None = None, limit: int
) -> list[Thread]:
    """List the newest documents of some agencies first, or those older than one of them."""
    rows = await database.fetch_all(
        "SELECT * FROM threads WHERE owner IN (SELECT value FROM json_each(:owners))"
        " AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
        {"owners": json.dumps(sorted(owners)), "before": before, "limit": limit},
    )
    return [thread_from(row) for row in rows]


async def find_thread(database: Database, wanted: str) -> Thread | None:
    """Find a document by our thread id, a package's DocId, a dispatch's docId, its identifier or notation."""
    row = await database.fetch_one(
        "SELECT * FROM threads WHERE id = ?1 OR document_id = ?1 OR notation = ?1"
        " OR id IN (SELECT thread_id FROM packages WHERE id = ?1)"
        " OR id IN (SELECT thread_id FROM dispatches WHERE id = ?1) ORDER BY opened_at DESC LIMIT 1",
        (wanted,),
    )
    return None if row is None else thread_from(row)


async def list_replaced(database: Database, thread_id: ThreadId) -> list[Thread]:
    """List the documents that a document replaces."""
    rows = await database.fetch_all(
        "SELECT * FROM threads WHERE superseded_by = ? ORDER BY opened_at", (thread_id,)
    )
    return [thread_from(row) for row in rows]


async def list_recipients(database: Database, thread_id: ThreadId) -> list[RecipientState]:
    """Return where a document stands with each recipient."""
    rows = await database.fetch_all(
        "SELECT * FROM recipients WHERE thread_id = ? ORDER BY code", (thread_id,)
    )
    return [recipient_from(row) for row in rows]


async def list_answers(database: Database, thread_id: ThreadId) -> list[Answer]:
    """Return what a document's recipients said, in the order it was recorded."""
    rows = await database.fetch_all("SELECT * FROM answers WHERE thread_id = ? ORDER BY id", (thread_id,))
    return [
        Answer(
            thread_id=thread_id,
            package_id=PackageId(row["package_id"]),
            recipient=AgencyCode(row["recipient"]),
            status=row["status"],
            description=row["description"],
            said_at=None if row["said_at"] is None else from_micros(row["said_at"]),
            recorded_at=from_micros(row["recorded_at"]),
        )
        for row in rows
    ]
