"""Asks blocks of documents: which have every term, which are the newest of them, or have the least numbers.

Every answer is read off bits, in a time that does not depend on how many documents are found. What is loose
or must be looked at itself is not known here; search.py puts both together.
"""

import asyncio
import json
import sys
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from gateway.store.bits import below, highest, places_of, read_ids, spot_of, spread, unpack
from gateway.store.database import Database
from gateway.store.remembered import Remembered
from gateway.store.search_terms import DUE_BITS, NUMBER_BITS, Need, after_all
from gateway.store.spelling import Spelling
from gateway.store.tables import Row

Bits = Mapping[int, int]
"""A set of documents: of each block those in it; never an empty one."""

Digits = Sequence[Bits]
"""Of which documents a number has each binary digit, the highest first."""

FURTHEST = sys.maxsize
_SAMPLED_BLOCKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one search leaves to the next: which documents a whole group of agencies has, say; and numbers."""

    groups: Remembered[int] = field(default_factory=lambda: Remembered(names_at_most=24))
    numbers: Remembered[tuple[int, ...]] = field(default_factory=lambda: Remembered(names_at_most=2))


@dataclass(frozen=True, slots=True)
class _Head:
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks as they were at one moment. state tells whether they are still so."""

    database: Database
    spelling: Spelling
    heads: Mapping[int, _Head]
    everything: Bits
    state: tuple[int, ...]
    memory: Memory

    async def with_terms(self, needs: Iterable[Need], within: Bits) -> Bits:
        """Keep those that have a term of each need."""
        for need in needs:
            if not within:
                break
            within = _both(within, await self._having(need, within))
        return within

    async def _having(self, need: Need, within: Bits) -> Bits:
        if len(need.terms) == 1:
            return await asyncio.to_thread(_gathered, await self._read(need, within))
        known = self.memory.groups.of(need, self.heads.keys())
        if missing := [block for block in within if block not in known]:
            found = await asyncio.to_thread(_gathered, await self._read(need, missing))
            known |= {block: found.get(block, 0) for block in missing}
        return known

    async def _read(self, need: Need, within: Iterable[int]) -> Sequence[Row]:
        blocks = json.dumps(list(within))
        if need.beginning is not None:
            terms, wanted = "word >= ? AND word < ?", [need.beginning, after_all(need.beginning)]
        elif len(need.terms) == 1:
            terms, wanted = "word = ?", [need.terms[0]]
        else:
            terms, wanted = self.spelling.is_word_of("word"), [json.dumps(need.terms)]
        return await self.database.fetch_all(
            f"SELECT block, bits FROM block_words WHERE {self.spelling.is_number_of('block')} AND {terms}",
            (blocks, *wanted),
        )

    async def between(self, within: Bits, low: int, high: int) -> Bits:
        """Keep those whose ids are in a range, both ends included."""
        heads = self.heads
        inside = {
            block: bits
            for block, bits in within.items()
            if heads[block].first_id <= high and heads[block].last_id >= low
        }
        cut = [block for block in inside if heads[block].first_id < low or heads[block].last_id > high]
        for block, ids in (await self._ids_of(cut)).items():
            inside[block] &= below(bisect_left(ids, high + 1)) & ~below(bisect_left(ids, low))
        return _without_empty(inside)

    async def newest(self, within: Bits, before: int, count: int) -> list[int]:
        """List the greatest ids that are less than one, descending."""
        chosen: list[int] = []
        sure, lowest = 0, FURTHEST
        for block in sorted(within, key=lambda block: -self.heads[block].last_id):
            head = self.heads[block]
            if head.first_id >= before:
                continue
            if sure >= count and head.last_id < lowest:
                break
            chosen.append(block)
            lowest = min(lowest, head.first_id)
            sure += within[block].bit_count() if head.last_id < before else 0
        cut = await self._ids_of([block for block in chosen if self.heads[block].last_id >= before])
        spots: list[int] = []
        for block in chosen:
            bits = within[block]
            if block in cut:
                bits &= below(bisect_left(cut[block], before))
            spots += (spot_of(block, place) for place in highest(bits, count))
        return sorted(await self._ids_at(spots), reverse=True)[:count]

    async def least_numbers(
        self, within: Bits, digits: Digits, after: tuple[int, int], count: int
    ) -> list[tuple[int, int]]:
        """List numbers and ids in their order, behind a pair of them: numbers ascend, ids of one descend."""
        number, id_ = after
        more, equal = await asyncio.to_thread(_compare, within, digits, number)
        within = _join(more, await self.between(equal, 0, id_ - 1))
        sure, equal, missing = await asyncio.to_thread(_least, within, digits, count)
        ids = await self.newest(sure, FURTHEST, count) + await self.newest(equal, FURTHEST, missing)
        rows = await self.database.fetch_all(
            f"SELECT number, id FROM documents WHERE {self.spelling.is_number_of('id')}", (json.dumps(ids),)
        )
        pairs = ((row["number"], row["id"]) for row in rows)
        return sorted(pairs, key=lambda pair: (pair[0], -pair[1]))[:count]

    async def due_before(self, within: Bits, day: date) -> Bits:
        """Keep those that are due before a day, of such as are due at all."""
        digits = await self._digits_of(within, DUE_BITS)
        not_less = _join(*await asyncio.to_thread(_compare, within, digits, day.toordinal()))
        return without(within, not_less)

    async def number_digits(self, within: Bits) -> Digits:
        """Read the digits of the number that each document has."""
        return await self._digits_of(within, NUMBER_BITS)

    async def _digits_of(self, within: Bits, names: Sequence[str]) -> Digits:
        known = self.memory.numbers.of(names, self.heads.keys())
        known |= await self._digits([block for block in within if block not in known], names)
        return _by_digit({block: known[block] for block in within}, len(names))

    async def _digits(self, blocks: Iterable[int], names: Sequence[str]) -> dict[int, tuple[int, ...]]:
        """Read of each block the bits of each digit, the highest first."""
        blocks = list(blocks)
        if not blocks:
            return {}
        sign = names[0][0]
        rows = await self.database.fetch_all(
            "SELECT block, word, bits FROM block_words"
            f" WHERE {self.spelling.is_number_of('block')} AND word >= ? AND word < ?",
            (json.dumps(blocks), sign, after_all(sign)),
        )

        def read() -> dict[int, tuple[int, ...]]:
            found: dict[int, dict[str, int]] = {block: {} for block in blocks}
            for block, word, bits in rows:
                found[block][word] = unpack(bits)
            return {
                block: tuple(some.get(name, 0) for name in reversed(names)) for block, some in found.items()
            }

        return await asyncio.to_thread(read)

    async def sample(self, within: Bits, count: int) -> list[int]:
        """Choose so many ids, spread evenly over a few blocks that are themselves spread over all."""
        if not within:
            return []
        blocks = sorted(within)
        cumulated = 0
        ends = []
        for block in blocks:
            cumulated += within[block].bit_count()
            ends.append(cumulated)
        chosen = {blocks[bisect_left(ends, number + 1)] for number in spread(_SAMPLED_BLOCKS, cumulated)}
        spots: list[int] = []
        for block in chosen:
            places = places_of(within[block])
            spots += (spot_of(block, places[one]) for one in spread(count // len(chosen), len(places)))
        return await self._ids_at(spots)

    async def _ids_at(self, spots: Sequence[int]) -> list[int]:
        if not spots:
            return []
        rows = await self.database.fetch_all(
            f"SELECT id FROM gathered_documents WHERE {self.spelling.is_number_of('spot')}",
            (json.dumps(spots),),
        )
        return [row["id"] for row in rows]

    async def _ids_of(self, blocks: Collection[int]) -> dict[int, Sequence[int]]:
        if not blocks:
            return {}
        rows = await self.database.fetch_all(
            f"SELECT id, ids FROM blocks WHERE {self.spelling.is_number_of('id')}",
            (json.dumps(list(blocks)),),
        )
        return {row["id"]: read_ids(row["ids"]) for row in rows}


async def load_blocks(database: Database, spelling: Spelling, memory: Memory) -> Blocks:
    """Load what there is to be asked."""
    rows = await database.fetch_all(
        "SELECT id, turn, first_id, last_id, gone, length(ids) / 8 AS count FROM blocks WHERE is_complete = 1"
    )
    return Blocks(
        database=database,
        spelling=spelling,
        memory=memory,
        heads={row["id"]: _Head(row["first_id"], row["last_id"]) for row in rows},
        everything=_without_empty({row["id"]: below(row["count"]) & ~unpack(row["gone"]) for row in rows}),
        state=(len(rows), sum(row["turn"] for row in rows), max((row["id"] for row in rows), default=0)),
    )


async def state_of_blocks(database: Database) -> tuple[int, ...]:
    """Tell in which state the blocks are now."""
    (row,) = await database.fetch_all(
        "SELECT count(*), coalesce(sum(turn), 0), coalesce(max(id), 0) FROM blocks WHERE is_complete = 1"
    )
    return tuple(int(value) for value in row)


def count_of(bits: Bits) -> int:
    """Count the documents of a set."""
    return sum(one.bit_count() for one in bits.values())


def without(within: Bits, other: Bits) -> Bits:
    """Keep those that are not in another set."""
    return _without_empty({block: bits & ~other.get(block, 0) for block, bits in within.items()})


def _without_empty(bits: Bits) -> Bits:
    return {block: one for block, one in bits.items() if one}


def _join(one: Bits, other: Bits) -> Bits:
    return {block: one.get(block, 0) | other.get(block, 0) for block in {*one, *other}}


def _both(one: Bits, other: Bits) -> Bits:
    return _without_empty({block: bits & other.get(block, 0) for block, bits in one.items()})


def _gathered(rows: Iterable[Row]) -> dict[int, int]:
    found: dict[int, int] = {}
    for block, bits in rows:
        found[block] = found.get(block, 0) | unpack(bits)
    return found


def _by_digit(of_blocks: Mapping[int, Sequence[int]], count: int) -> Digits:
    return [_without_empty({block: of[place] for block, of in of_blocks.items()}) for place in range(count)]


def _compare(within: Bits, digits: Digits, number: int) -> tuple[Bits, Bits]:
    """Divide into greater numbers and the same one.

    Source: O'Neil and Quass, "Improved Query Performance with Variant Indexes" (1997), section 4.
    """
    more: Bits = {}
    for place, digit in zip(reversed(range(len(digits))), digits, strict=True):
        if number >> place & 1:
            within = _both(within, digit)
        elif digit:
            more = _join(more, _both(within, digit))
            within = without(within, digit)
    return more, within


def _least(within: Bits, digits: Digits, count: int) -> tuple[Bits, Bits, int]:
    """Divide the least numbers into those of which all are wanted, and one of which so many are."""
    sure: Bits = {}
    for digit in digits:
        if digit:
            less = without(within, digit)
            if count_of(less) >= count:
                within = less
            else:
                sure, count = _join(sure, less), count - count_of(less)
                within = _both(within, digit)
    return sure, within, count
