"""The arithmetic of an append-only log: leaves, nodes and roots.

One root vouches for every entry and for their order. Source: RFC 6962, section 2.1.
"""

import hashlib
from collections.abc import Iterable


def hash_leaf(entry: bytes) -> bytes:
    """Hash one log entry as a leaf.

    Shape: entry is the entry's canonical bytes; 32 bytes come back.
    Source: RFC 6962, section 2.1.
    """
    # Leaves and nodes get different prefixes. Without them the two children of a node could be
    # offered as one leaf, and a stranger could "prove" an entry we never wrote.
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into the node above them.

    Shape: 32 bytes each; 32 bytes come back.
    Source: RFC 6962, section 2.1.
    """
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Hash a whole log into its root.

    Shape: leaves are what `hash_leaf` gave, in the log's order; 32 bytes come back.
    Source: RFC 6962, section 2.1: the left half of a node is the largest power of two below its size.
    """
    peaks: list[bytes] = []  # roots of full subtrees, left to right, each smaller than the one before
    for count, leaf in enumerate(leaves, start=1):
        peaks.append(leaf)
        # Each trailing zero of the count is a pair of full subtrees of one size: merge it.
        for _ in range((count & -count).bit_length() - 1):
            right = peaks.pop()
            peaks.append(hash_node(peaks.pop(), right))
    if not peaks:
        return hashlib.sha256(b"").digest()
    root = peaks.pop()
    while peaks:
        root = hash_node(peaks.pop(), root)
    return root
