"""Gathers documents into blocks, in which words are looked for: behind the traffic, never in its way.

A document is found from the transaction on that accepts it: until it is gathered it is loose, and search.py
looks at it row by row. A block never changes; a document that does leaves it and is loose again.
"""

import asyncio
import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from gateway.store.bits import BLOCK_SIZE, pack, places_of, spot_of, unpack, write_ids
from gateway.store.database import Database
from gateway.store.search_terms import STANDING_TERMS, standing_terms, terms_of
from gateway.store.tables import Row, Tables

YOUNG_SIZE = 1 << 10
"""Loose documents that make a first, small block. As many of these as fit a whole one are made one."""

# Each is read or written in a few milliseconds, and a whole block completed in some eighty; then others may.
_READ_AT_ONCE = 1024
_WRITTEN_AT_ONCE = 1000
# held is what a document must still be held by when its block is complete.
_ROWS = """
    SELECT source.id, source.held, documents.number AS figure, documents.due_on, document_words.number,
        document_words.subject, rest, marks
    FROM ({source}) AS source JOIN document_words ON document_words.id = source.id
    JOIN documents ON documents.id = source.id
    WHERE source.id > ? ORDER BY source.id LIMIT ?"""
_BLOCK = f"spot / {BLOCK_SIZE}"
_STANDINGS = """
    SELECT DISTINCT documents.id, recipients.standing, recipients.due_on
    FROM documents JOIN recipients ON recipients.thread_id = documents.thread_id
    WHERE documents.id BETWEEN ? AND ?"""


def loosen(tables: Tables, id_: int) -> None:
    """Note that a document is new or has changed: it is looked at itself until it is gathered."""
    tables.execute(
        "INSERT INTO loose_documents VALUES (?, 0)"
        " ON CONFLICT (id) DO UPDATE SET turn = loose_documents.turn + 1",
        (id_,),
    )
    left = tables.execute("DELETE FROM gathered_documents WHERE id = ? RETURNING spot", (id_,))
    for (spot,) in left.fetchall():
        block, place = divmod(spot, BLOCK_SIZE)
        _let_go(tables, block, 1 << place)


def _let_go(tables: Tables, block: int, gone: int) -> None:
    (before,) = tables.execute("SELECT gone FROM blocks WHERE id = ?", (block,)).fetchone()
    written = pack(places_of(unpack(before) | gone))
    tables.execute("UPDATE blocks SET gone = ?, turn = turn + 1 WHERE id = ?", (written, block))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where documents are taken from for a block.

    Shape: rows is a query of id and held, table and held where one of them is deleted; steady are the turns
    of the blocks that must not have changed, by their ids.
    """

    rows: str
    table: str
    held: str
    after: int = -1
    steady: Mapping[int, int] = field(default_factory=dict)


LOOSE = Source(rows="SELECT id, turn AS held FROM loose_documents", table="loose_documents", held="turn")


async def gather_block(database: Database, *, young: int = YOUNG_SIZE, size: int = BLOCK_SIZE) -> bool:
    """Make a block of the oldest loose documents, or of young blocks; tell whether there may be another."""
    await _clear(database)
    if await _gather(database, LOOSE, size) or await _gather(database, LOOSE, young):
        return True
    rows = await database.fetch_all(
        "SELECT id, turn + stood AS turn, first_id FROM blocks"
        " WHERE is_complete = 1 AND length(ids) <= ? ORDER BY id LIMIT ?",
        (8 * young, size // young),
    )
    if len(rows) < size // young:
        return False
    blocks = ", ".join(str(row["id"]) for row in rows)
    source = Source(
        rows=f"SELECT id, {_BLOCK} AS held FROM gathered_documents WHERE {_BLOCK} IN ({blocks})",
        table="gathered_documents",
        held=_BLOCK,
        after=min(row["first_id"] for row in rows) - 1,
        steady={row["id"]: row["turn"] for row in rows},
    )
    return await _gather(database, source, size)


async def _gather(database: Database, source: Source, size: int) -> bool:
    held: dict[int, int] = {}
    places: dict[str, array[int]] = defaultdict(lambda: array("H"))
    if not source.steady:
        row = await database.fetch_one(
            "SELECT count(*) FROM (SELECT id FROM loose_documents LIMIT ?) AS few", (size,)
        )
        if row is None or row[0] < size:
            return False
    query = _ROWS.format(source=source.rows)
    while rows := await database.fetch_all(
        query, (next(reversed(held), source.after), min(_READ_AT_ONCE, size - len(held)))
    ):
        span = rows[0]["id"], rows[-1]["id"]
        standings = await database.fetch_all(_STANDINGS, span)
        await asyncio.to_thread(note, rows, standings, held, places)
    if held:
        await _write(database, source, held, places)
    return bool(held)


def note(
    rows: Iterable[Row], standings: Iterable[Row], held: dict[int, int], places: dict[str, "array[int]"]
) -> None:
    """Note the terms of documents at the places they get in their block."""
    stands: dict[int, set[str]] = defaultdict(set)
    for row in standings:
        stands[row["id"]].update(standing_terms(row["standing"], is_due=row["due_on"] is not None))
    for row in rows:
        place = len(held)
        held[row["id"]] = row["held"]
        for term in terms_of(row) | stands[row["id"]]:
            places[term].append(place)


async def _write(
    database: Database, source: Source, held: dict[int, int], places: dict[str, "array[int]"]
) -> None:
    block = await database.write(lambda tables: begin(tables, list(held)))
    words = iter(sorted(places))
    while some := list(islice(words, _WRITTEN_AT_ONCE)):
        rows = await asyncio.to_thread(_pack, block, {word: places[word] for word in some})
        await database.write(partial(_add, rows=rows))
    # Overtaken, it is left incomplete, and cleared away with the next.
    with suppress(_Overtaken):
        await database.write(lambda tables: complete(tables, block, source, held))


def _pack(block: int, places: Mapping[str, "array[int]"]) -> list[tuple[int, str, bytes]]:
    return [(block, word, pack(some)) for word, some in places.items()]


def _add(tables: Tables, rows: Iterable[tuple[int, str, bytes]]) -> None:
    tables.executemany("INSERT INTO block_words VALUES (?, ?, ?)", rows)


def begin(tables: Tables, ids: Sequence[int]) -> int:
    """Begin a block: nobody asks it yet."""
    (block,) = tables.execute(
        "INSERT INTO blocks (is_complete, turn, stood, first_id, last_id, gone, ids)"
        " VALUES (0, 0, 0, ?, ?, ?, ?)"
        " RETURNING id",
        (ids[0], ids[-1], pack(()), write_ids(ids)),
    ).fetchone()
    return int(block)


def complete(tables: Tables, block: int, source: Source, held: Mapping[int, int]) -> None:
    """Let a block be asked instead of what it was made of; what changed meanwhile stays where it is.

    Only one node gathers at a time (the duty is behind a fence): a document that was gathered and is loose
    again counts its turns from 0, and a second gatherer could take it for the one it read.
    """
    for former, turn in source.steady.items():
        done = tables.execute(
            "UPDATE blocks SET is_complete = 0 WHERE id = ? AND turn + stood = ? AND is_complete = 1",
            (former, turn),
        )
        if not done.rowcount:
            raise _Overtaken
    # In three statements, however many there are: on PostgreSQL all nodes wait for this one's end.
    ids = list(held)
    found = tables.execute(
        f"SELECT id, {source.held} AS held FROM {source.table} WHERE id BETWEEN ? AND ?", (ids[0], ids[-1])
    ).fetchall()
    steady = {row["id"] for row in found if held.get(row["id"]) == row["held"]}
    if not steady:
        raise _Overtaken
    listed = json.dumps([f"{place:05}{id_}" for place, id_ in enumerate(ids) if id_ in steady])
    tables.execute(
        f"DELETE FROM {source.table} WHERE id IN (SELECT CAST(substr(value, 6) AS BIGINT) FROM json_each(?))",
        (listed,),
    )
    tables.execute(
        "INSERT INTO gathered_documents SELECT CAST(substr(value, 6) AS BIGINT),"
        " ? + CAST(substr(value, 1, 5) AS BIGINT) FROM json_each(?)",
        (spot_of(block, 0), listed),
    )
    gone = sum(1 << place for place, id_ in enumerate(ids) if id_ not in steady)
    done = tables.execute("UPDATE blocks SET is_complete = 1 WHERE id = ?", (block,))
    if not done.rowcount:
        raise _Overtaken
    if gone:
        _let_go(tables, block, gone)


class _Overtaken(Exception):
    """A change was quicker: what was written is nobody's."""


async def _clear(database: Database) -> None:
    """Drop what is not asked any more, and what was begun and never completed."""
    rows = await database.fetch_all(
        "SELECT id FROM blocks WHERE is_complete = 0"
        " AND id < (SELECT max(id) FROM blocks WHERE is_complete = 1)"
    )
    for row in rows:
        await database.write(partial(_drop, block=row["id"]))


def _drop(tables: Tables, block: int) -> None:
    tables.execute("DELETE FROM block_words WHERE block = ?", (block,))
    tables.execute("DELETE FROM blocks WHERE id = ?", (block,))


async def note_standings(database: Database) -> bool:
    """Let one block know how its documents stand with their recipients now; tell whether there was one."""
    row = await database.fetch_one(
        f"SELECT {_BLOCK} AS block FROM restood_documents JOIN gathered_documents"
        " ON gathered_documents.id = restood_documents.id LIMIT 1"
    )
    if row is not None:
        await database.write(partial(_note_standings, block=row["block"]))
    return row is not None


def _note_standings(tables: Tables, block: int) -> None:
    # Deleted first: whoever changes a standing meanwhile waits, and says so anew.
    changed = tables.execute(
        "DELETE FROM restood_documents WHERE id IN (SELECT restood_documents.id FROM restood_documents"
        f" JOIN gathered_documents ON gathered_documents.id = restood_documents.id WHERE {_BLOCK} = ?"
        " LIMIT ?) RETURNING id",
        (block, _READ_AT_ONCE),
    ).fetchall()
    cleared, stands = 0, dict.fromkeys(STANDING_TERMS, 0)
    for (id_,) in changed:
        (spot,) = tables.execute("SELECT spot FROM gathered_documents WHERE id = ?", (id_,)).fetchone()
        place = spot % BLOCK_SIZE
        cleared |= 1 << place
        for row in tables.execute(_STANDINGS, (id_, id_)).fetchall():
            for term in standing_terms(row["standing"], is_due=row["due_on"] is not None):
                stands[term] |= 1 << place
    for term, bits in stands.items():
        row = tables.execute(
            "SELECT bits FROM block_words WHERE block = ? AND word = ?", (block, term)
        ).fetchone()
        before = 0 if row is None else unpack(row["bits"])
        after = before & ~cleared | bits
        if after != before:
            tables.execute(
                "INSERT INTO block_words VALUES (?, ?, ?)"
                " ON CONFLICT (block, word) DO UPDATE SET bits = excluded.bits",
                (block, term, pack(places_of(after))),
            )
    tables.execute("UPDATE blocks SET stood = stood + 1 WHERE id = ?", (block,))
