"""Documents that were found, as they are listed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.question import Standing
from gateway.model.signature import Grade
from gateway.store.database import Database, from_micros
from gateway.store.packages import Direction, agency_codes
from gateway.store.search import Place
from gateway.store.tables import Row

_NAMED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One document that was found.

    Shape: recipients are a few of recipient_count, those of whoever asks first; standings count those of
    them whose standing he may know.
    """

    place: Place
    thread_id: ThreadId
    package_id: PackageId
    owner: AgencyCode
    notation: str
    subject: str
    promulgated_on: date
    type: str
    urgency: Priority
    business: Business
    grade: Grade
    due_on: date | None
    direction: Direction
    attachment_count: int
    accepted_at: datetime
    recipient_count: int
    recipients: tuple[AgencyCode, ...]
    standings: tuple[tuple[Standing, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a document has come with all of its recipients; recipients are a few of recipient_count."""

    recipient_count: int
    recipients: tuple[AgencyCode, ...]
    standings: tuple[tuple[Standing, int], ...]


_LISTED = """
SELECT found.*,
    (SELECT count(*) FROM recipients WHERE thread_id = found.thread_id) AS recipient_count,
    (SELECT json_group_array(code) FROM (
        SELECT code FROM recipients WHERE thread_id = found.thread_id
        ORDER BY code IN (SELECT value FROM json_each(:scope)) DESC, code LIMIT :named) AS first) AS some,
    (SELECT json_group_object(standing, count) FROM (
        SELECT standing, count(*) AS count FROM recipients WHERE thread_id = found.thread_id
        AND (:all = 1 OR found.owner IN (SELECT value FROM json_each(:scope))
             OR code IN (SELECT value FROM json_each(:scope)))
        GROUP BY standing) AS each) AS standings
FROM documents AS found WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))
"""

# Of a document of somebody else's, the newest version that came to the asker, where that is not the newest.
_SEEN = """
SELECT found.id, version.id AS package_id, coalesce(version.notation, found.notation) AS notation,
    coalesce(version.subject, '') AS subject,
    coalesce(version.promulgated_on, found.promulgated_on) AS promulgated_on, version.business,
    version.priority, version.grade, coalesce(said.type, found.type) AS type, said.due_on,
    (SELECT count(*) FROM attachments WHERE attachments.package_id = version.id) AS attachment_count
FROM documents AS found
JOIN packages AS version ON version.id = (
    SELECT id FROM packages WHERE thread_id = found.thread_id AND kind = 'document'
    AND EXISTS (SELECT 1 FROM json_each(packages.recipients)
                WHERE value IN (SELECT value FROM json_each(:scope)))
    ORDER BY accepted_at DESC, id DESC LIMIT 1)
LEFT JOIN particulars AS said ON said.package_id = version.id
WHERE found.id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids)) AND version.id <> found.package_id
    AND found.owner NOT IN (SELECT value FROM json_each(:scope))
"""


async def load_hits(
    database: Database, places: Sequence[Place], scope: frozenset[AgencyCode] | None
) -> list[Hit]:
    """Load what is listed of documents, in the order of their places."""
    asked = {
        "ids": json.dumps([place.id for place in places]),
        "scope": json.dumps(sorted(scope or ())),
    }
    rows = await database.fetch_all(_LISTED, {**asked, "all": scope is None, "named": _NAMED})
    by_id = {row["id"]: row for row in rows}
    seen = {} if scope is None else {row["id"]: row for row in await database.fetch_all(_SEEN, asked)}
    hits = [_hit_from(by_id[place.id], place) for place in places if place.id in by_id]
    return [_as_seen(hit, seen[hit.place.id]) if hit.place.id in seen else hit for hit in hits]


def _as_seen(hit: Hit, row: Row) -> Hit:
    """List a document as the version that came to whoever asks: a later one was for others."""
    return replace(
        hit,
        package_id=PackageId(row["package_id"]),
        notation=row["notation"],
        subject=row["subject"],
        promulgated_on=date.fromisoformat(row["promulgated_on"]),
        type=row["type"],
        urgency=Priority(row["priority"]),
        business=Business(row["business"] or 0),
        grade=Grade(row["grade"]),
        due_on=None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
        attachment_count=row["attachment_count"],
    )


def _hit_from(row: Row, place: Place) -> Hit:
    return Hit(
        place=place,
        thread_id=ThreadId(row["thread_id"]),
        package_id=PackageId(row["package_id"]),
        owner=AgencyCode(row["owner"]),
        notation=row["notation"],
        subject=row["subject"],
        promulgated_on=date.fromisoformat(row["promulgated_on"]),
        type=row["type"],
        urgency=Priority(row["urgency"]),
        business=Business(row["business"]),
        grade=Grade(row["grade"]),
        due_on=None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
        direction=Direction(row["direction"]),
        attachment_count=row["attachment_count"],
        accepted_at=from_micros(row["accepted_at"]),
        recipient_count=row["recipient_count"],
        recipients=agency_codes(row["some"]),
        standings=_in_order(json.loads(row["standings"])),
    )


async def load_reaches(database: Database, threads: Sequence[ThreadId]) -> dict[ThreadId, Reach]:
    """Tell how far documents have come with everybody: for their senders, who may know all of it."""
    rows = await database.fetch_all(
        "SELECT value AS thread_id,"
        " (SELECT count(*) FROM recipients WHERE thread_id = value) AS recipient_count,"
        " (SELECT json_group_array(code) FROM"
        "  (SELECT code FROM recipients WHERE thread_id = value ORDER BY code LIMIT :named) AS first)"
        " AS some,"
        " (SELECT json_group_object(standing, count) FROM (SELECT standing, count(*) AS count"
        "  FROM recipients WHERE thread_id = value GROUP BY standing) AS each) AS standings"
        " FROM json_each(:threads)",
        {"threads": json.dumps(threads), "named": _NAMED},
    )
    return {
        ThreadId(row["thread_id"]): Reach(
            recipient_count=row["recipient_count"],
            recipients=agency_codes(row["some"]),
            standings=_in_order(json.loads(row["standings"])),
        )
        for row in rows
    }


def _in_order(standings: dict[str, int]) -> tuple[tuple[Standing, int], ...]:
    return tuple((standing, standings[standing]) for standing in Standing if standing.value in standings)


async def load_standings(
    database: Database, thread_id: ThreadId
) -> dict[AgencyCode, tuple[Standing, date | None]]:
    """Tell where a document stands with each of its recipients, and by when it should be done."""
    rows = await database.fetch_all(
        "SELECT code, standing, due_on FROM recipients WHERE thread_id = ?", (thread_id,)
    )
    return {
        AgencyCode(row["code"]): (
            Standing(row["standing"]),
            None if row["due_on"] is None else date.fromisoformat(row["due_on"]),
        )
        for row in rows
    }
