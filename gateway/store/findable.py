"""What a document is found by: written in the transaction of what it tells of. Asked in search.py."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, Digest, PackageId, ThreadId
from gateway.model.marks import only_once
from gateway.model.package import Attachment
from gateway.model.signature import Grade
from gateway.store.blocks import loosen
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import Direction
from gateway.store.sheets import ATTACHMENTS, DOCUMENT_WORDS, DOCUMENTS, LOOSE_DOCUMENTS, PARTICULARS
from gateway.store.tables import Tables
from gateway.store.threads import add_recipients

# Words beyond these are those of somebody who wants to be found by everything.
_MOST_REST = 60_000
_IDS_IN_A_MILLISECOND = 256
_COLUMNS = ("number", "subject", "rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findable:
    """One document package as it is looked for and listed.

    Shape: number, subject and rest are folded words; marks are `model.marks`. notation is as its sender
    wrote it. begins_for are the recipients of a thread that was opened for it, at opened_at, in this very
    transaction; they are written with it.
    """

    thread_id: ThreadId
    package_id: PackageId
    owner: AgencyCode
    notation: str
    title: str
    promulgated_on: date
    type: str
    urgency: Priority
    business: Business
    grade: Grade
    due_on: date | None
    direction: Direction
    attachment_count: int
    number: tuple[str, ...]
    subject: tuple[str, ...]
    rest: tuple[str, ...]
    marks: tuple[str, ...]
    begins_for: frozenset[AgencyCode] | None = None
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What a package's header says beyond its row: words for people."""

    type: str
    signer_name: str | None = None
    signer_position: str | None = None
    place: str | None = None
    due_on: date | None = None
    steering: int | None = None
    page_count: int | None = None
    replies_to: str | None = None
    reason: str | None = None


def index_document(connection: Tables, document: Findable) -> None:
    """Let a document be found, by what it says now and by what it said before."""
    if document.begins_for is not None and document.opened_at is not None:
        # And so nobody ever said anything of it, or to whom it goes.
        id_ = _begin(connection, document, document.opened_at)
        connection.add(LOOSE_DOCUMENTS, (id_, 0))
        add_recipients(
            connection,
            document.thread_id,
            sorted(document.begins_for),
            at=document.opened_at,
            document=id_,
            due_on=document.due_on,
        )
        return
    row = connection.execute("SELECT id FROM documents WHERE thread_id = ?", (document.thread_id,)).fetchone()
    if row is None:
        (opened_at,) = connection.execute(
            "SELECT opened_at FROM threads WHERE id = ?", (document.thread_id,)
        ).fetchone()
        id_ = _begin(connection, document, from_micros(opened_at))
        loosen(connection, id_)
        _mark_recipients(connection, document, id_)
    else:
        _continue(connection, document, row["id"])


def _begin(connection: Tables, document: Findable, opened_at: datetime) -> int:
    id_ = _free_id(connection, opened_at)
    connection.add(
        DOCUMENTS,
        (
            id_,
            document.thread_id,
            document.package_id,
            document.owner,
            document.notation,
            _number_in(document),
            document.title,
            document.promulgated_on.isoformat(),
            document.type,
            document.urgency,
            document.business,
            document.grade,
            None if document.due_on is None else document.due_on.isoformat(),
            document.direction,
            document.attachment_count,
            to_micros(opened_at),
        ),
    )
    connection.add(
        DOCUMENT_WORDS,
        (
            id_,
            " ".join(document.number),
            " ".join(document.subject),
            " ".join(document.rest)[:_MOST_REST],
            only_once(document.marks),
        ),
    )
    return id_


def _continue(connection: Tables, document: Findable, id_: int) -> None:
    """A later version: listed as it is now; what the earlier ones said still finds it."""
    connection.execute(
        "UPDATE documents SET package_id = ?, notation = ?, number = ?, subject = ?, promulgated_on = ?,"
        " type = ?, urgency = ?, business = ?, grade = ?, due_on = coalesce(?, due_on), attachment_count = ?"
        " WHERE id = ?",
        (
            document.package_id,
            document.notation,
            _number_in(document),
            document.title,
            document.promulgated_on.isoformat(),
            document.type,
            document.urgency,
            document.business,
            document.grade,
            None if document.due_on is None else document.due_on.isoformat(),
            document.attachment_count,
            id_,
        ),
    )
    old = connection.execute("SELECT * FROM document_words WHERE id = ?", (id_,)).fetchone()
    words = {name: " ".join(getattr(document, name)) for name in _COLUMNS}
    kept = [old[name] for name in _COLUMNS if old[name] and f" {old[name]} " not in f" {words[name]} "]
    connection.execute(
        "UPDATE document_words SET number = ?, subject = ?, rest = ?, marks = ? WHERE id = ?",
        (
            words["number"],
            words["subject"],
            " ".join((words["rest"], *kept))[:_MOST_REST],
            only_once((*old["marks"].split(), *document.marks)),
            id_,
        ),
    )
    loosen(connection, id_)
    _mark_recipients(connection, document, id_)


def _mark_recipients(connection: Tables, document: Findable, id_: int) -> None:
    due_on = None if document.due_on is None else document.due_on.isoformat()
    connection.execute(
        "UPDATE recipients SET document = ?, due_on = coalesce(?, due_on)"
        " WHERE thread_id = ? AND (document IS NULL OR due_on IS DISTINCT FROM coalesce(?, due_on))",
        (id_, due_on, document.thread_id, due_on),
    )


def _free_id(connection: Tables, accepted_at: datetime) -> int:
    """Return the first free number at an instant; see the migration."""
    first, _ = ids_between(accepted_at, accepted_at)
    while (connection.greatest(DOCUMENTS) or 0) >= first:
        end = first + _IDS_IN_A_MILLISECOND
        (written,) = connection.execute_beside(
            "SELECT max(id) FROM documents WHERE id BETWEEN ? AND ?", (first, end - 1)
        ).fetchone()
        waiting = (line[0] for line in connection.waiting(DOCUMENTS) if first <= line[0] < end)
        last = max(written or 0, *waiting, first - 1)
        if last < end - 1:
            return int(last) + 1
        first = end
    return first


def ids_between(first: datetime, last: datetime) -> tuple[int, int]:
    """Tell the least and the greatest number that documents of a time may have."""
    milliseconds = to_micros(first) // 1000, to_micros(last) // 1000
    return milliseconds[0] * _IDS_IN_A_MILLISECOND, (milliseconds[1] + 1) * _IDS_IN_A_MILLISECOND - 1


def _number_in(document: Findable) -> int:
    first = next((word for word in document.number if word.isdecimal()), "0")
    return int(first[:18])


def keep_particulars(
    connection: Tables,
    package_id: PackageId,
    particulars: Particulars,
    attachments: Iterable[Attachment],
) -> None:
    """Keep what a package's header says and where its files stand. Kept twice, it is kept once."""
    connection.add(
        PARTICULARS,
        (
            package_id,
            particulars.type,
            particulars.signer_name,
            particulars.signer_position,
            particulars.place,
            None if particulars.due_on is None else particulars.due_on.isoformat(),
            particulars.steering,
            particulars.page_count,
            particulars.replies_to,
            particulars.reason,
        ),
    )
    connection.add(
        ATTACHMENTS,
        *(
            (
                package_id,
                place,
                attachment.content_id,
                attachment.name,
                attachment.declared_type,
                attachment.description,
                attachment.start,
                attachment.end,
                attachment.decoded_bytes,
                attachment.digest,
            )
            for place, attachment in enumerate(attachments, 1)
        ),
    )


async def load_particulars(database: Database, thread_id: ThreadId) -> dict[PackageId, Particulars]:
    """Load what the packages of a document say beyond their rows."""
    rows = await database.fetch_all(
        "SELECT particulars.* FROM packages JOIN particulars ON package_id = packages.id WHERE thread_id = ?",
        (thread_id,),
    )
    return {
        PackageId(row["package_id"]): Particulars(
            type=row["type"],
            signer_name=row["signer_name"],
            signer_position=row["signer_position"],
            place=row["place"],
            due_on=None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
            steering=row["steering"],
            page_count=row["page_count"],
            replies_to=row["replies_to"],
            reason=row["reason"],
        )
        for row in rows
    }


async def load_attachments(database: Database, package_id: PackageId) -> list[Attachment]:
    """Load where a package's files stand in it, in their order."""
    rows = await database.fetch_all(
        "SELECT * FROM attachments WHERE package_id = ? ORDER BY place", (package_id,)
    )
    return [
        Attachment(
            content_id=row["content_id"],
            name=row["name"],
            declared_type=row["declared_type"],
            description=row["description"],
            start=row["start_at"],
            end=row["end_at"],
            decoded_bytes=row["decoded_bytes"],
            digest=Digest(row["digest"]),
        )
        for row in rows
    ]


async def next_unindexed(database: Database) -> ThreadId | None:
    """Find the newest thread that no search finds yet, from before there was a search."""
    row = await database.fetch_one(
        "SELECT id FROM threads WHERE id < (SELECT below FROM unindexed) ORDER BY id DESC LIMIT 1"
    )
    return None if row is None else ThreadId(row["id"])


def step_below(connection: Tables, thread_id: ThreadId) -> None:
    """Note that a thread and all newer ones are found."""
    connection.execute("UPDATE unindexed SET below = ?", (thread_id,))


def recount_deliveries(connection: Tables, thread_id: ThreadId) -> None:
    """Let every recipient of a thread know again how far its newest dispatch has come."""
    # Their trigger copies a dispatch's state to its recipients whenever it is written, be it the same.
    rows = connection.execute(
        "SELECT id FROM dispatches WHERE kind = 'document' AND package_id IN"
        " (SELECT id FROM packages WHERE thread_id = ? AND kind = 'document') ORDER BY id",
        (thread_id,),
    ).fetchall()
    connection.executemany("UPDATE dispatches SET state = state WHERE id = ?", [(row["id"],) for row in rows])
