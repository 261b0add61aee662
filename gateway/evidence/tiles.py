"""Where the hashes of a tree are kept: tiles of 256 neighbours, eight levels of the tree apart.

The tile at level L holds hashes of subtrees of 256**L leaves; what lies between two tiles' levels is
hashed again when it is needed. A proof touches one or two tiles a level, whatever the size of the log.
Source: C2SP tlog-tiles, "Merkle Tree"; the shape is that of the Go checksum database.
"""

import hashlib
from typing import NamedTuple

from gateway.evidence.merkle import HASH_BYTES, Node

TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS
TILE_BYTES = TILE_WIDTH * HASH_BYTES


class Tile(NamedTuple):
    """The number-th tile of a tile level, both counted from 0."""

    level: int
    number: int


def tile_of(node: Node) -> Tile:
    """Find the tile that a node's hash is in, or can be hashed from."""
    level, above = divmod(node.level, TILE_LEVELS)
    return Tile(level, (node.number << above) // TILE_WIDTH)


def node_in(hashes: bytes, node: Node) -> bytes:
    """Take a node's hash out of its tile.

    Errors: LookupError when the tile does not reach that far yet.
    """
    above = node.level % TILE_LEVELS
    place = (node.number << above) % TILE_WIDTH * HASH_BYTES
    part = hashes[place : place + (HASH_BYTES << above)]
    if len(part) != HASH_BYTES << above:
        raise LookupError("the tile does not hold this node")
    return hash_together(part)


def hash_together(hashes: bytes) -> bytes:
    """Hash a power of two of neighbouring hashes, side by side, into the one above all of them."""
    # The same as hash_node pair by pair; in place, since a log is hashed by the million.
    sha256, pair = hashlib.sha256, 2 * HASH_BYTES
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [sha256(b"\x01" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)]
        )
    return hashes
