"""Gathers documents into blocks, in which words are looked for: behind the traffic, never in its way.

A document is found from the transaction on that accepts it: until it is gathered it is loose, and search.py
looks at it row by row. A block never changes; a document that does leaves it and is loose again.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from gateway.store.bits import BLOCK_SIZE, pack, places_of, read_ids, unpack, write_ids
from gateway.store.database import Database
from gateway.store.search_terms import terms_of
from gateway.store.tables import Row, Tables

# Each is read or written in a few milliseconds; then others may.
_READ_AT_ONCE = 1024
_WRITTEN_AT_ONCE = 1000
_LOOSE = """
    SELECT loose_documents.id, turn, documents.number AS figure, document_words.number, document_words.subject,
        rest, marks
    FROM loose_documents JOIN document_words ON document_words.id = loose_documents.id
    JOIN documents ON documents.id = loose_documents.id
    WHERE loose_documents.id > ? ORDER BY loose_documents.id LIMIT ?"""


def loosen(tables: Tables, id_: int) -> None:
    """Note that a document is new or has changed: it is looked at itself until it is gathered."""
    (turn,) = tables.execute(
        "INSERT INTO loose_documents VALUES (?, 0)"
        " ON CONFLICT (id) DO UPDATE SET turn = loose_documents.turn + 1 RETURNING turn",
        (id_,),
    ).fetchone()
    if turn > 0:
        return
    for block in tables.execute(
        "SELECT id, ids, gone FROM blocks WHERE is_complete = 1 AND first_id <= ? AND last_id >= ?", (id_, id_)
    ).fetchall():
        ids = read_ids(block["ids"])
        place = bisect_left(ids, id_)
        if ids[place] == id_:
            _let_go(tables, block["id"], unpack(block["gone"]) | 1 << place)


def _let_go(tables: Tables, block: int, gone: int) -> None:
    written = pack(places_of(gone))
    tables.execute("UPDATE blocks SET gone = ?, turn = turn + 1 WHERE id = ?", (written, block))


async def gather_block(database: Database, *, size: int = BLOCK_SIZE) -> bool:
    """Make a block of the oldest loose documents, if they fill one; tell whether there may be another."""
    row = await database.fetch_one(
        "SELECT count(*) FROM (SELECT id FROM loose_documents LIMIT ?) AS some", (size,)
    )
    if row is None or row[0] < size:
        return False
    turns: dict[int, int] = {}
    places: dict[str, array[int]] = defaultdict(lambda: array("H"))
    while len(turns) < size:
        last = next(reversed(turns), -1)
        rows = await database.fetch_all(_LOOSE, (last, min(_READ_AT_ONCE, size - len(turns))))
        if not rows:
            return False
        await asyncio.to_thread(_note, rows, turns, places)
    await _write(database, turns, places)
    return True


def _note(rows: Iterable[Row], turns: dict[int, int], places: dict[str, "array[int]"]) -> None:
    for row in rows:
        place = len(turns)
        turns[row["id"]] = row["turn"]
        for term in terms_of(row):
            places[term].append(place)


async def _write(database: Database, turns: dict[int, int], places: dict[str, "array[int]"]) -> None:
    ids = list(turns)
    block = await database.write(lambda tables: _begin(tables, ids))
    words = iter(sorted(places))
    while some := list(islice(words, _WRITTEN_AT_ONCE)):
        rows = await asyncio.to_thread(lambda some=some: [(block, word, pack(places[word])) for word in some])

        def act(tables: Tables, rows: Sequence[tuple[int, str, bytes]] = rows) -> None:
            tables.executemany("INSERT INTO block_words VALUES (?, ?, ?)", rows)

        await database.write(act)
    await database.write(lambda tables: _complete(tables, block, turns))


def _begin(tables: Tables, ids: Sequence[int]) -> int:
    # What somebody began and did not complete before another did is nobody's any more.
    left = tables.execute(
        "SELECT id FROM blocks WHERE is_complete = 0"
        " AND id < (SELECT max(id) FROM blocks WHERE is_complete = 1)"
    ).fetchall()
    for (block,) in left:
        _drop(tables, block)
    (block,) = tables.execute(
        "INSERT INTO blocks (is_complete, turn, first_id, last_id, gone, ids) VALUES (0, 0, ?, ?, ?, ?)"
        " RETURNING id",
        (ids[0], ids[-1], pack(()), write_ids(ids)),
    ).fetchone()
    return int(block)


def _complete(tables: Tables, block: int, turns: dict[int, int]) -> None:
    """Let a block be asked instead of its documents; what changed meanwhile stays loose."""
    gone = 0
    for place, (id_, turn) in enumerate(turns.items()):
        done = tables.execute("DELETE FROM loose_documents WHERE id = ? AND turn = ?", (id_, turn))
        if done.rowcount == 0:
            gone |= 1 << place
    if gone.bit_count() == len(turns):
        _drop(tables, block)  # another node was quicker
        return
    tables.execute("UPDATE blocks SET is_complete = 1 WHERE id = ?", (block,))
    if gone:
        _let_go(tables, block, gone)


def _drop(tables: Tables, block: int) -> None:
    tables.execute("DELETE FROM block_words WHERE block = ?", (block,))
    tables.execute("DELETE FROM blocks WHERE id = ?", (block,))
