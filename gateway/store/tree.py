"""The log's tree on disk: tiles of hashes, grown from the log's leaves, read for roots and proofs.

The leaves in the log are the truth, a tile is a memory of them that only grows. Tiles are laid out as
evidence/tiles.py says; full ones only at the lowest level, where the newest leaves are read from the log.
Whoever believes none of it goes to whole_log.py.
"""

import asyncio
from collections.abc import Collection

from gateway.evidence.merkle import HASH_BYTES, Node, Plan, carry_out, nodes_in
from gateway.evidence.tiles import TILE_BYTES, TILE_WIDTH, Tile, hash_together, node_in, tile_of
from gateway.store.database import Database
from gateway.store.tables import Tables

_COUNT_TILED = "SELECT coalesce(max(number) + 1, 0) FROM tiles WHERE level = 0"
_LEAVES = "SELECT leaf FROM log WHERE seq > ? AND seq <= ? ORDER BY seq"


async def count_entries(database: Database) -> int:
    """Count the entries of the log: the seq of the newest."""
    return await _fetch_count(database, "SELECT coalesce(max(seq), 0) FROM log")


async def count_tiled(database: Database) -> int:
    """Count the leaves that are in tiles: a multiple of 256."""
    return TILE_WIDTH * await _fetch_count(database, _COUNT_TILED)


async def read_leaves(database: Database, begin: int, end: int) -> bytes:
    """Read the leaves from one index up to another, side by side; fewer when the log has fewer."""
    rows = await database.fetch_all(_LEAVES, (begin, end))
    return b"".join([row["leaf"] for row in rows])


def grow(connection: Tables, tiled: int, leaves: bytes) -> int:
    """Add leaves behind the first so many that are in tiles; return how many are now.

    Shape: leaves fill whole tiles. Nothing is done when somebody else has added some meanwhile.
    """
    (count,) = connection.execute(_COUNT_TILED).fetchone()
    if count * TILE_WIDTH != tiled:
        return int(count) * TILE_WIDTH
    _append(connection, 0, tiled, leaves)
    return tiled + len(leaves) // HASH_BYTES


def _append(connection: Tables, level: int, index: int, hashes: bytes) -> None:
    """Append hashes to a level from an index on; what becomes full gets its hash in the level above."""
    number, place = divmod(index, TILE_WIDTH)
    if place:
        (kept,) = connection.execute(
            "SELECT hashes FROM tiles WHERE level = ? AND number = ?", (level, number)
        ).fetchone()
        hashes = kept + hashes
    tiles = [hashes[at : at + TILE_BYTES] for at in range(0, len(hashes), TILE_BYTES)]
    connection.executemany(
        "INSERT INTO tiles VALUES (?, ?, ?)"
        " ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
        [(level, each, tile) for each, tile in enumerate(tiles, start=number)],
    )
    full = [hash_together(tile) for tile in tiles if len(tile) == TILE_BYTES]
    if full:
        _append(connection, level + 1, number, b"".join(full))


async def read_hashes(database: Database, plan: Plan) -> tuple[bytes, ...]:
    """Make the hashes of a plan from what is kept.

    Errors: LookupError when the log or its tiles do not reach so far.
    """
    nodes = nodes_in(plan)
    tiles = await _read_tiles(database, {tile_of(node) for node in nodes})

    def hash_of(node: Node) -> bytes:
        return node_in(tiles[tile_of(node)], node)

    # Up to a thousand hashes: a millisecond or two.
    return await asyncio.to_thread(carry_out, plan, hash_of)


async def _read_tiles(database: Database, wanted: Collection[Tile]) -> dict[Tile, bytes]:
    """Read tiles; one of the lowest level that is not full yet is put together from the log."""
    if not wanted:
        return {}
    places = ", ".join("(?, ?)" for _ in wanted)
    # A join, in this order: for IN with pairs SQLite reads the whole table.
    rows = await database.fetch_all(
        f"WITH wanted (level, number) AS (VALUES {places})"
        " SELECT level, number, hashes FROM wanted CROSS JOIN tiles USING (level, number)",
        [part for tile in wanted for part in tile],
    )
    tiles = {Tile(row["level"], row["number"]): bytes(row["hashes"]) for row in rows}
    for tile in wanted:
        if tile not in tiles and tile.level == 0:
            first = tile.number * TILE_WIDTH
            tiles[tile] = await read_leaves(database, first, first + TILE_WIDTH)
    return tiles


async def _fetch_count(database: Database, sql: str) -> int:
    row = await database.fetch_one(sql)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return int(row[0])
