"""Asks the index: which documents, in which order, how many. Written in findable.py.

Whoever asks gets only documents of his agencies: that is one more word that each must have, so that nobody
else's is even looked at. Pages are cut by key: what comes in between two pages moves nothing.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import and_
from typing import Any

from gateway.model.identifiers import AgencyCode
from gateway.model.question import OPEN_STANDINGS, Order, Question
from gateway.store.database import Database
from gateway.store.findable import ids_between
from gateway.store.search_terms import match_of, spelled_out, tiers_of

COUNTED_AT_MOST = 10_000
# So few are gathered first; of more, enough come by while the words are gone through.
_FEW = 20_000
_LEAST, _GREATEST = 0, (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A question ready to be asked.

    Shape: scope are the codes that the agencies of whoever asks go by, None for somebody who sees all;
    accepted is a stretch of time, aware; today is the day by which something is overdue.
    """

    question: Question
    scope: frozenset[AgencyCode] | None
    accepted: tuple[datetime, datetime] | None
    today: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A document's place in a list; the next page begins behind it. rank is a tier, or a number."""

    rank: int
    id: int


@dataclass(frozen=True, slots=True)
class _Clause:
    sql: str
    parameters: tuple[Any, ...] = ()

    def __and__(self, other: "_Clause") -> "_Clause":
        return _Clause(f"{self.sql} AND {other.sql}", (*self.parameters, *other.parameters))


async def find_places(database: Database, sought: Sought, *, after: Place | None, limit: int) -> list[Place]:
    """Find the documents behind a place, as many as are wanted."""
    standing = await _standing_clause(database, sought)
    if sought.question.order is Order.NUMBER:
        return await _find_by_number(database, sought, standing, after, limit)
    if sought.question.order is Order.RELEVANCE:
        tiers = tiers_of(sought.question, sought.scope)
    else:
        tiers = [match_of(sought.question, sought.scope)]
    places: list[Place] = []
    for rank in range(after.rank if after else 0, len(tiers)):
        below = after.id if after is not None and after.rank == rank else None
        ids = _select(tiers[rank], _in_range(sought, below) & standing)
        rows = await database.fetch_all(
            f"{ids.sql} ORDER BY 1 DESC LIMIT ?", (*ids.parameters, limit - len(places))
        )
        places += [Place(rank=rank, id=row[0]) for row in rows]
        if len(places) == limit:
            break
    return places


async def count_found(database: Database, sought: Sought, *, at_most: int | None = COUNTED_AT_MOST) -> int:
    """Count what is found, one beyond `at_most` when it is more."""
    standing = await _standing_clause(database, sought)
    ids = _select(match_of(sought.question, sought.scope), _in_range(sought) & standing)
    row = await database.fetch_one(
        f"SELECT count(*) FROM ({ids.sql} LIMIT ?) AS found",
        (*ids.parameters, _GREATEST if at_most is None else at_most + 1),
    )
    return 0 if row is None else int(row[0])


async def _find_by_number(
    database: Database, sought: Sought, standing: _Clause, after: Place | None, limit: int
) -> list[Place]:
    match = match_of(sought.question, sought.scope)
    wanted = _in_range(sought) & standing
    # Said by name: else the range of ids looks better to the database, and everything is sorted.
    walk = " INDEXED BY documents_by_number"
    if match is not None and await count_found(database, sought) > COUNTED_AT_MOST:
        # So many that one of the next numbers is likely among them: go from number to number.
        condition, parameters = spelled_out(sought.question, sought.scope)
        wanted &= _Clause(
            f"EXISTS (SELECT 1 FROM document_words WHERE document_words.id = documents.id AND {condition})",
            parameters,
        )
    elif match is not None:
        walk = ""
        ids = _select(match, wanted)
        wanted = _Clause(f"documents.id IN ({ids.sql})", ids.parameters)
    if after is not None:
        wanted &= _Clause(
            "documents.number >= ? AND (documents.number > ? OR documents.id < ?)",
            (after.rank, after.rank, after.id),
        )
    rows = await database.fetch_all(
        f"SELECT number, id FROM documents{walk} WHERE {wanted.sql.format(id='documents.id')}"
        " ORDER BY number, id DESC LIMIT ?",
        (*wanted.parameters, limit),
    )
    return [Place(rank=row["number"], id=row["id"]) for row in rows]


def _select(match: str | None, wanted: _Clause) -> _Clause:
    """Select the ids of documents that match; ``{id}`` in a clause is whichever column holds them."""
    if match is None:
        return _Clause(
            f"SELECT id FROM documents WHERE {wanted.sql.format(id='documents.id')}", wanted.parameters
        )
    return _Clause(
        "SELECT rowid FROM word_index WHERE word_index MATCH ?"
        f" AND {wanted.sql.format(id='word_index.rowid')}",
        (match, *wanted.parameters),
    )


def _in_range(sought: Sought, below: int | None = None) -> _Clause:
    low, high = ids_between(*sought.accepted) if sought.accepted else (_LEAST, _GREATEST)
    return _Clause("{id} BETWEEN ? AND ?", (low, high if below is None else min(high, below - 1)))


async def _standing_clause(database: Database, sought: Sought) -> _Clause:
    """Ask for a recipient with whom the document stands so: one of the agency sought, one the asker may know.

    Who sent a document knows of all its recipients, who got it of himself.
    """
    clause = _recipient_clause(sought)
    if clause is None:
        return _Clause("TRUE")
    known = clause
    for codes in (sought.scope, sought.question.agencies or None):
        if codes is not None:
            listed = json.dumps(sorted(codes))
            known &= _Clause(
                "(recipients.code IN (SELECT value FROM json_each(?))"
                " OR EXISTS (SELECT 1 FROM documents AS own WHERE own.id = recipients.document"
                " AND own.owner IN (SELECT value FROM json_each(?))))",
                (listed, listed),
            )
    row = await database.fetch_one(
        f"SELECT count(*) FROM (SELECT 1 FROM recipients WHERE {clause.sql} LIMIT ?) AS few",
        (*clause.parameters, _FEW + 1),
    )
    if row is not None and row[0] <= _FEW:
        # The sign keeps the index of words from being asked for each of them alone.
        return _Clause(f"+{{id}} IN (SELECT document FROM recipients WHERE {known.sql})", known.parameters)
    return _Clause(
        f"EXISTS (SELECT 1 FROM recipients WHERE document = {{id}} AND {known.sql})", known.parameters
    )


def _recipient_clause(sought: Sought) -> _Clause | None:
    """Say how the recipient stands, in the words of the partial indexes."""
    question = sought.question
    parts = []
    if question.standing is not None:
        parts.append(_Clause(f"recipients.standing = '{question.standing.value}'"))
    if question.overdue:
        unfinished = ", ".join(f"'{standing.value}'" for standing in OPEN_STANDINGS)
        parts.append(
            _Clause(
                f"recipients.due_on IS NOT NULL AND recipients.due_on < ?"
                f" AND recipients.standing IN ({unfinished})",
                (sought.today.isoformat(),),
            )
        )
    return reduce(and_, parts) if parts else None
