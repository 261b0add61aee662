"""The whole log, read from its first entry by whoever believes nothing that was computed before.

Plain generators, each with a connection of its own that can only read: millions of rows through an
asynchronous driver would cost more than checking them. To be run in a thread, and closed
there by whoever may stop before the end; evidence/replay.py judges.
"""

import contextlib
import heapq
import itertools
from collections.abc import Generator, Iterator

from gateway.errors import Refusal
from gateway.evidence.checkpoint import read_checkpoint
from gateway.evidence.note import read_note
from gateway.evidence.replay import Entry, content_of, write_checkpoint_line, write_entry_line
from gateway.evidence.tiles import TILE_BYTES, TILE_WIDTH, Tile, hash_together
from gateway.store.database import looking, to_micros
from gateway.store.tables import Source, Tables

_NO_END = 2**63 - 1
_TILES = "SELECT number, hashes FROM tiles"
# Tiles above a level that are made of nothing below: behind the last that is, or where there should be none.
_TILES_BEYOND = """
    SELECT level, number FROM tiles
    WHERE level = :level + 1 AND number >= :count OR level > :level + 1 AND :count = 0
    ORDER BY level, number LIMIT 1"""
# A statement is JSON in UTF-8, kept as a blob, which SQLite would take for JSON in its own binary form.
_LOG = """
    SELECT seq, statement, receipt, leaf, CASE json_valid(said) WHEN 1 THEN
        (kind, package_id, dispatch_id, system_id, at)
        IS DISTINCT FROM (said ->> 'event', said ->> 'package', said ->> 'dispatch', said ->> 'system',
                unixepoch(substr(said ->> 'at', 1, 19)) * 1000000
                + CAST(substr(said ->> 'at', 21, 6) AS BIGINT))
    ELSE TRUE END
    FROM (SELECT *, CAST(statement AS TEXT) AS said FROM log) AS entries ORDER BY seq"""


def read_log(source: Source) -> Generator[Entry]:
    """Read every entry, in order."""
    with looking(source) as connection:
        for seq, statement, receipt, leaf, mislabelled in connection.execute(_LOG):
            yield Entry(seq, content_of(statement, receipt), leaf, bool(mislabelled))


def read_notes(source: Source) -> Generator[tuple[int, bytes]]:
    """Read every checkpoint's size and note, the smallest first."""
    with looking(source) as connection:
        yield from connection.execute("SELECT size, note FROM checkpoints ORDER BY size")


def find_mislabelled_checkpoint(source: Source) -> int | None:
    """Find the first checkpoint whose size, instant or root beside its note are not those in the note."""
    with looking(source) as connection:
        for size, at, root, note in connection.execute(
            "SELECT size, at, root, note FROM checkpoints ORDER BY size"
        ):
            with contextlib.suppress(Refusal):  # a note that is none is told of where it is met
                said = read_checkpoint(read_note(note))
                if (said.size, said.at and to_micros(said.at), said.root) != (size, at, root):
                    return int(size)
    return None


def read_tokens(source: Source) -> Iterator[tuple[bytes, bytes]]:
    """Read every timestamped checkpoint's note, and the token over it."""
    with looking(source) as connection:
        yield from connection.execute("SELECT note, token FROM checkpoints WHERE token IS NOT NULL")


def export_log(source: Source) -> Iterator[bytes]:
    """Write the whole log as it is at one instant, line by line, each checkpoint behind what it covers."""
    with looking(source) as connection:
        entries = (
            (row[0], write_entry_line(*row))
            for row in connection.execute("SELECT seq, statement, receipt FROM log ORDER BY seq")
        )
        for _, line in heapq.merge(
            entries, read_checkpoint_lines(connection, 1, _NO_END), key=lambda each: each[0]
        ):
            yield line


def read_checkpoint_lines(connection: Tables, first_seq: int, last_seq: int) -> Iterator[tuple[int, bytes]]:
    """Read the checkpoints of some entries as lines of an export, timestamps and witnesses with them."""
    lines = "SELECT line FROM cosignatures WHERE size = ? ORDER BY witness"
    notes = "SELECT size, note, token FROM checkpoints WHERE size BETWEEN ? AND ? ORDER BY size"
    for size, note, token in connection.execute(notes, (first_seq, last_seq)):
        cosignatures = [line for (line,) in connection.execute(lines, (size,))]
        yield size, write_checkpoint_line(note, cosignatures, token)


def find_broken_tile(source: Source) -> Tile | None:
    """Find the first tile that is not made of the tiles below it.

    When there is none, and the root over the tiles is the log's, every hash in them is the log's.
    """
    with looking(source) as connection:
        for level in itertools.count():
            above_count = 0
            rows = connection.execute(f"{_TILES} WHERE level = ? ORDER BY number", (level,))
            for number, tiles in itertools.groupby(rows, key=lambda row: row[0] // TILE_WIDTH):
                made = b"".join([hash_together(hashes) for _, hashes in tiles if len(hashes) == TILE_BYTES])
                kept = connection.execute(f"{_TILES} WHERE (level, number) = (?, ?)", (level + 1, number))
                if (kept.fetchone() or (number, b""))[1] != made:
                    return Tile(level + 1, number)
                above_count += bool(made)
            beyond = connection.execute(_TILES_BEYOND, {"level": level, "count": above_count}).fetchone()
            if beyond or not above_count:
                return Tile(*beyond) if beyond else None
    raise AssertionError("levels end")  # pragma: no cover
