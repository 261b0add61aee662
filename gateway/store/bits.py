"""Sets of documents as bits: the places of a block in which a word stands. Pure.

In memory a set is an int, whose operators meet, join and count sets of ten million within a millisecond; on
disk it is whichever form is short and quick to read.
"""

import struct
import sys
import zlib
from collections.abc import Sequence

BLOCK_SIZE = 1 << 14
"""Documents in a block: the bits of one word fill half a page of the database."""

# So few are listed; of more, setting each takes longer than reading all the bits.
_FEW = 64
_LISTED, _PLAIN, _DEFLATED = b"L", b"P", b"D"


def pack(places: Sequence[int]) -> bytes:
    """Write a set.

    Shape: places ascend, each below BLOCK_SIZE.
    """
    if len(places) <= _FEW:
        return _LISTED + struct.pack(f"<{len(places)}H", *places)
    plain = bytearray((places[-1] >> 3) + 1)
    for place in places:
        plain[place >> 3] |= 1 << (place & 7)
    deflated = zlib.compress(plain, 1)
    # The words that are sought most are in many documents: their bits deflate by little, and to inflate them
    # takes ten times as long as to read them plain.
    return _DEFLATED + deflated if len(deflated) < len(plain) * 3 // 8 else _PLAIN + bytes(plain)


def unpack(packed: bytes) -> int:
    """Read a set."""
    form, written = packed[:1], packed[1:]
    if form == _DEFLATED:
        return int.from_bytes(zlib.decompress(written), "little")
    if form == _PLAIN:
        return int.from_bytes(written, "little")
    plain = bytearray(BLOCK_SIZE >> 3)
    for place in struct.unpack(f"<{len(written) // 2}H", written):
        plain[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(plain, "little")


def below(place: int) -> int:
    """Return the set of all places before one."""
    return (1 << place) - 1


def highest(bits: int, count: int) -> list[int]:
    """List the highest places of a set, descending, at most so many."""
    places: list[int] = []
    while bits and len(places) < count:
        places.append(bits.bit_length() - 1)
        bits ^= 1 << places[-1]
    return places


def write_ids(ids: Sequence[int]) -> bytes:
    """Write the ids of a block's documents."""
    return struct.pack(f"<{len(ids)}q", *ids)


def read_ids(written: bytes) -> Sequence[int]:
    """Read the ids of a block's documents."""
    if sys.byteorder == "little":
        return memoryview(written).cast("q")  # none of them is made a number before it is asked for
    return struct.unpack(f"<{len(written) // 8}q", written)


def spot_of(block: int, place: int) -> int:
    """Name a place of a block by one number."""
    return block * BLOCK_SIZE + place


def spread(count: int, total: int) -> list[int]:
    """Choose so many numbers below a total, evenly; all of them when there are no more."""
    if total <= count:
        return list(range(total))
    return [place * total // count for place in range(count)]


def places_of(bits: int) -> list[int]:
    """List all places of a set, ascending."""
    return [place for place, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]
