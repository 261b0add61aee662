"""Asks which documents, in which order, how many. Written in findable.py and blocks.py.

A question is answered from bits (block_search.py), and row by row where bits do not know: of documents that
are in no block yet, of long phrases, of where a document stands with somebody of certain agencies. Whoever
asks gets only documents of his agencies: that is one more term each must have. Pages are cut by key: what
comes in between two pages moves nothing.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import and_

from gateway.model.identifiers import AgencyCode
from gateway.model.question import OPEN_STANDINGS, Order, Question
from gateway.store.bits import BLOCK_SIZE
from gateway.store.block_search import (
    FURTHEST,
    Bits,
    Blocks,
    Digits,
    Memory,
    count_of,
    load_blocks,
    state_of_blocks,
    without,
)
from gateway.store.database import Database
from gateway.store.findable import ids_between
from gateway.store.search_terms import ALWAYS, Clause, Wanted, standing_needs, tiers_of, wanted_by
from gateway.store.spelling import Spelling, spelling_of
from gateway.store.tables import Row

# So few are each looked at, whatever is doubtful; of more, as many are a sample when they are counted.
_LOOKED_AT = 1_000
_DOUBTED_AT_ONCE, _AT_ONCE_AT_MOST = 250, 4_000
_LEAST, _GREATEST = 0, FURTHEST - 1


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

    @property
    def key(self) -> tuple[int, int]:
        """Return what places are in order by."""
        return self.rank, -self.id


_BEGIN = Place(rank=0, id=FURTHEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many there are; when that is not exact, about so many, in two figures and zeros."""

    number: int
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class _Tier:
    """Documents that have the words in one way; doubts are asked of each row."""

    bits: Bits
    doubts: tuple[Clause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One question, asked: its pages and its count, of what there was when it was. Made by `seek`."""

    blocks: Blocks
    order: Order
    rows: Sequence[Place]
    tiers: Sequence[Wanted]
    all: _Tier
    digits: Digits

    async def page(self, *, after: Place | None, limit: int) -> list[Place]:
        """List the documents behind a place, as many as are wanted."""
        rows = [place for place in self.rows if after is None or place.key > after.key][:limit]
        found: list[Place] = []
        if self.order is Order.NUMBER:
            found = await self._walk(self.all, after or _BEGIN, limit)
        else:
            rank = 0
            async for tier in self._divide():
                if after is None or after.rank <= rank:
                    is_begun = after is not None and after.rank == rank
                    begin = after if after and is_begun else Place(rank=rank, id=FURTHEST)
                    found += await self._walk(tier, begin, limit - len(found))
                if len(found) == limit:
                    break
                rank += 1
        return sorted((*rows, *found), key=lambda place: place.key)[:limit]

    async def count(self, *, exactly: bool = False) -> Counted:
        """Count all of them; beyond a thousand that bits do not know, estimate, unless told not to."""
        bits, doubts = self.all.bits, self.all.doubts
        candidates, certain = count_of(bits), len(self.rows)
        if not doubts or not candidates:
            return Counted(number=certain + candidates)
        if exactly:
            return Counted(number=certain + await self._count_each())
        ids = await self.blocks.sample(bits, _LOOKED_AT)
        right = len(await self._look_at(ids, doubts))
        about = certain + candidates * right // len(ids)
        return Counted(number=round(about, 2 - len(str(about))), is_exact=False)

    async def is_overtaken(self) -> bool:
        """Tell whether what was asked is not there any more: blocks became others, or documents left them."""
        return await state_of_blocks(self.blocks.database) != self.blocks.state

    async def _count_each(self) -> int:
        count, before = 0, FURTHEST
        while ids := await self.blocks.newest(self.all.bits, before, _AT_ONCE_AT_MOST):
            count += len(await self._look_at(ids, self.all.doubts))
            before = ids[-1]
        return count

    async def _divide(self) -> AsyncIterator[_Tier]:
        """Give each document to the first tier that it fits; each is made when the one before is through."""
        bits = self.all.bits
        for tier in self.tiers if bits else ():
            chosen = await self.blocks.with_terms(tier.needs, bits)
            yield _Tier(chosen, self.all.doubts)
            bits = without(bits, chosen)

    async def _walk(self, tier: _Tier, after: Place, limit: int) -> list[Place]:
        found: list[Place] = []
        at_once = max(limit, _DOUBTED_AT_ONCE) if tier.doubts else limit
        while len(found) < limit and tier.bits:
            some = await self._next(tier.bits, after, at_once)
            kept = await self._look_at([place.id for place in some], tier.doubts)
            found += (place for place in some if place.id in kept)
            if len(some) < at_once:
                break
            after, at_once = some[-1], min(4 * at_once, _AT_ONCE_AT_MOST)
        return found[:limit]

    async def _next(self, bits: Bits, after: Place, count: int) -> list[Place]:
        if self.order is Order.NUMBER:
            behind = after.rank, after.id
            pairs = await self.blocks.least_numbers(bits, self.digits, behind, count)
            return [Place(rank=number, id=id_) for number, id_ in pairs]
        ids = await self.blocks.newest(bits, after.id, count)
        return [Place(rank=after.rank, id=id_) for id_ in ids]

    async def _look_at(self, ids: Sequence[int], doubts: Sequence[Clause]) -> set[int]:
        """Keep those of whose rows everything doubtful is true."""
        if not doubts or not ids:
            return set(ids)
        wanted = reduce(and_, doubts)
        # All have words: joined so, either engine leaves them out when nothing is asked of them.
        rows = await self.blocks.database.fetch_all(
            "SELECT documents.id FROM documents LEFT JOIN document_words ON document_words.id = documents.id"
            f" WHERE {self.blocks.spelling.is_number_of('documents.id')} AND {wanted.sql}",
            (json.dumps(ids), *wanted.parameters),
        )
        return {row["id"] for row in rows}


async def seek(database: Database, sought: Sought, memory: Memory | None = None) -> Search:
    """Ask a question; what took long to read is left in a memory for the next."""
    memory = memory or Memory()
    spelling = spelling_of(database)
    question = sought.question
    span = ids_between(*sought.accepted) if sought.accepted else (_LEAST, _GREATEST)
    wanted = wanted_by(question, sought.scope) & _standing_wanted(sought, spelling)
    tiers = tiers_of(question) if question.order is Order.RELEVANCE else [Wanted()]
    while True:
        blocks = await load_blocks(database, spelling, memory)
        rows = await _rows(database, wanted.row, tiers, question, span)
        # What was gathered in between would be in neither.
        if await state_of_blocks(database) == blocks.state:
            break
    bits = await blocks.between(without(blocks.everything, _elsewhere(rows)), *span)
    bits = await blocks.with_terms(wanted.needs, bits)
    if question.overdue:
        bits = await blocks.due_before(bits, sought.today)
    fitting = [row for row in rows if row["fits"]]
    if count_of(bits) <= _LOOKED_AT:
        fitting += await _rows_of(blocks, bits, wanted, _rank(tiers, question.order))
        bits = {}
    places = (Place(rank=row["place"], id=row["id"]) for row in fitting)
    return Search(
        blocks=blocks,
        order=question.order,
        rows=sorted(places, key=lambda place: place.key),
        tiers=tiers,
        all=_Tier(bits, wanted.doubts),
        digits=await blocks.number_digits(bits) if question.order is Order.NUMBER else (),
    )


async def _rows_of(blocks: Blocks, few: Bits, wanted: Wanted, rank: Clause) -> Sequence[Row]:
    known = reduce(and_, wanted.doubts, ALWAYS)
    ids = json.dumps(await blocks.newest(few, FURTHEST, _LOOKED_AT))
    return await blocks.database.fetch_all(
        f"SELECT documents.id, {rank.sql} AS place FROM documents"
        " LEFT JOIN document_words ON document_words.id = documents.id"
        f" WHERE {blocks.spelling.is_number_of('documents.id')} AND {known.sql}",
        (*rank.parameters, ids, *known.parameters),
    )


def _rank(tiers: Sequence[Wanted], order: Order) -> Clause:
    """Say which rank a row has in an order."""
    if len(tiers) == 1:
        return Clause("documents.number" if order is Order.NUMBER else "0")
    cases = " ".join(f"WHEN {tier.row.sql} THEN {place}" for place, tier in enumerate(tiers[:-1]))
    known = tuple(value for tier in tiers[:-1] for value in tier.row.parameters)
    return Clause(f"CASE {cases} ELSE {len(tiers) - 1} END", known)


async def _rows(
    database: Database, wanted: Clause, tiers: Sequence[Wanted], question: Question, span: tuple[int, int]
) -> Sequence[Row]:
    """Look at what blocks do not know: whether each fits, and its place; and its bit, if it has one."""
    rank = _rank(tiers, question.order)
    unknown, fits, asked = "SELECT id FROM loose_documents", Clause("1"), wanted
    if standing_needs(question):
        # These have a bit, whether they fit now or not.
        unknown += " UNION SELECT id FROM restood_documents"
        fits, asked = Clause(f"CASE WHEN {wanted.sql} THEN 1 ELSE 0 END", wanted.parameters), ALWAYS
    # The sign keeps a time from being walked through for the few that are meant.
    return await database.fetch_all(
        f"SELECT documents.id, {rank.sql} AS place, spot, {fits.sql} AS fits FROM documents"
        " JOIN document_words ON document_words.id = documents.id"
        " LEFT JOIN gathered_documents ON gathered_documents.id = documents.id"
        f" WHERE documents.id IN ({unknown}) AND +documents.id BETWEEN ? AND ? AND {asked.sql}",
        (*rank.parameters, *fits.parameters, *span, *asked.parameters),
    )


def _elsewhere(rows: Iterable[Row]) -> Bits:
    """Name the bits of what was looked at itself."""
    bits: dict[int, int] = {}
    for row in rows:
        if row["spot"] is not None:
            block, place = divmod(row["spot"], BLOCK_SIZE)
            bits[block] = bits.get(block, 0) | 1 << place
    return bits


def _standing_wanted(sought: Sought, spelling: Spelling) -> Wanted:
    """Want a recipient with whom the document stands so: one of the agency sought, one the asker may know.

    Who sent a document knows of all its recipients, who got it of himself.
    """
    stands = _recipient_clause(sought)
    if stands is None:
        return Wanted()
    known = Clause("recipients.thread_id = documents.thread_id") & stands
    is_exact = sought.question.standing is None or not sought.question.overdue
    for codes in (sought.scope, sought.question.agencies or None):
        if codes is not None:
            is_exact = False
            listed = json.dumps(sorted(codes))
            known &= Clause(
                f"({spelling.is_word_of('recipients.code')} OR {spelling.is_word_of('documents.owner')})",
                (listed, listed),
            )
    row = Clause(f"EXISTS (SELECT 1 FROM recipients WHERE {known.sql})", known.parameters)
    return Wanted(standing_needs(sought.question), () if is_exact else (row,), row)


def _recipient_clause(sought: Sought) -> Clause | None:
    """Say how the recipient stands, in the words of the partial indexes."""
    question = sought.question
    parts = []
    if question.standing is not None:
        parts.append(Clause(f"recipients.standing = '{question.standing.value}'"))
    if question.overdue:
        unfinished = ", ".join(f"'{standing.value}'" for standing in OPEN_STANDINGS)
        parts.append(
            Clause(
                "recipients.due_on IS NOT NULL AND recipients.due_on < ?"
                f" AND recipients.standing IN ({unfinished})",
                (sought.today.isoformat(),),
            )
        )
    return reduce(and_, parts) if parts else None
