"""The arithmetic of an append-only log: leaves, nodes, roots, and the two proofs.

One root vouches for every entry and for their order. An inclusion proof shows that an entry is under a
root; a consistency proof shows that one root's log begins with all of another's.

Proofs are made in two steps, so that whoever keeps the hashes can fetch them in one go: a *plan* says
which nodes each hash is folded from, and `carry_out` folds them. Where the nodes are kept is tiles.py's.
Source: RFC 6962, section 2.1; RFC 9162, section 2.1, has the same trees and spells the checks out.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """A full subtree of 2**level leaves, the number-th of its level, both counted from 0."""

    level: int
    number: int


Plan: TypeAlias = tuple[tuple[Node, ...], ...]
"""For each hash of a proof the nodes, left to right, that it is folded from."""


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


@dataclass(slots=True)
class Frontier:
    """A tree that only grows, kept as the roots of its full subtrees: one hash for each bit of its size."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Add a leaf at the right."""
        self.size += 1
        # Each trailing zero of the size is a pair of full subtrees of one size: merge it.
        pairs = self.size
        while not pairs & 1:
            leaf = hash_node(self.peaks.pop(), leaf)
            pairs >>= 1
        self.peaks.append(leaf)

    def root(self) -> bytes:
        """Hash what is there into one root. The tree may go on growing."""
        return fold(self.peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Hash a whole log into its root.

    Shape: leaves are what `hash_leaf` gave, in the log's order; 32 bytes come back.
    """
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def fold(peaks: Sequence[bytes]) -> bytes:
    """Hash neighbouring full subtrees, each smaller than the one before, into the root above them."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = hash_node(peak, root)
    return root


def plan_root(size: int) -> Plan:
    """Plan the one hash that is the root of a log."""
    return (_cover(0, size),)


def plan_peaks(size: int) -> Plan:
    """Plan what a `Frontier` of a size is made of: the log goes on from there without its past."""
    return tuple((node,) for node in _cover(0, size))


def plan_inclusion(index: int, size: int) -> Plan:
    """Plan the proof that an entry is in a log.

    Shape: index counts from 0 and is below size; the hashes go from the leaf's neighbour up.
    Source: RFC 6962, section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError("only what is in the log can be proved to be")
    begin, end, plan = 0, size, []
    while end - begin > 1:
        middle = _middle(begin, end)
        if index < middle:
            plan.append(_cover(middle, end))
            end = middle
        else:
            plan.append(_cover(begin, middle))
            begin = middle
    return tuple(reversed(plan))


def plan_consistency(old: int, new: int) -> Plan:
    """Plan the proof that a log of a new size begins with the log of an old size.

    Shape: nothing needs proving when the sizes are equal or the old log is empty: no hashes.
    Source: RFC 6962, section 2.1.2.
    """
    if not 0 <= old <= new:
        raise ValueError("a log is never consistent with a longer one")
    if old == 0:
        return ()
    begin, end, plan = 0, new, []
    while old < end:
        middle = _middle(begin, end)
        if old <= middle:
            plan.append(_cover(middle, end))
            end = middle
        else:
            plan.append(_cover(begin, middle))
            begin = middle
    # The verifier starts from the subtree in which the old log ends; it has it when that is the old log.
    if begin:
        plan.append(_cover(begin, end))
    return tuple(reversed(plan))


def nodes_in(plan: Plan) -> set[Node]:
    """Gather every node whose hash is needed to carry out a plan."""
    return {node for nodes in plan for node in nodes}


def carry_out(plan: Plan, hash_of: Callable[[Node], bytes]) -> tuple[bytes, ...]:
    """Make the hashes that were planned."""
    return tuple(fold([hash_of(node) for node in nodes]) for nodes in plan)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that a leaf stands at an index of the log with a size and a root.

    Source: RFC 9162, section 2.1.3.2, whose names these are.
    """
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):  # 1
        return False
    fn, sn, r = index, size - 1, leaf  # 2, 3
    for p in proof:  # 4
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = hash_node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hash_node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root  # 5


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether a proof shows that the log of a new size and root begins with that of the old ones.

    The empty log begins every log, and each log itself: the proof is empty then.
    Source: RFC 9162, section 2.1.4.2, whose names these are.
    """
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    if not proof:  # 1
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]  # 2
    fn, sn = old - 1, new - 1  # 3
    while fn & 1:  # 4
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]  # 5
    for c in path[1:]:  # 6
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = hash_node(c, fr), hash_node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hash_node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root  # 7


def _middle(begin: int, end: int) -> int:
    """Say where a subtree of two or more leaves divides: its left half is the largest power of two below."""
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def _cover(begin: int, end: int) -> tuple[Node, ...]:
    """Cover a subtree with full subtrees, the largest first. It begins where such a large one can."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append(Node(level, begin >> level))
        begin += 1 << level
    return tuple(nodes)


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
