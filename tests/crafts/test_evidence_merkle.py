"""The log's arithmetic, against published vectors and a tree written down as the definition says."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    carry_out,
    hash_leaf,
    hash_node,
    nodes_in,
    plan_consistency,
    plan_inclusion,
    plan_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from gateway.evidence.tiles import TILE_BYTES, Tile, hash_together, node_in, tile_of

# The entries of Certificate Transparency's reference test, and the root after each of them.
# Source: github.com/google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Proofs over the same entries: (index, size, hashes) and (old size, new size, hashes).
# Source: github.com/transparency-dev/merkle, proof/verify_test.go and testonly/reference_test.go.
INCLUSION = [
    (0, 1, []),
    (0, 2, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]),
    (1, 2, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
LEAVES = [hash_leaf(entry) for entry in ENTRIES]
MANY = [hash_leaf(b"%d" % number) for number in range(600)]
SIZES = st.integers(min_value=1, max_value=len(MANY))


# -- RFC 6962 as it is written, recursions and all ------------------------------------------------------


def half(leaves: list[bytes]) -> int:
    """k, the largest power of two smaller than n."""
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """Section 2.1."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = half(leaves)
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = half(leaves)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    """Section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = half(leaves)
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


# -- ours -----------------------------------------------------------------------------------------------


def kept(leaves: list[bytes]):
    """What keeps the hashes of a log's full subtrees, and nothing else."""

    def hash_of(node: Node) -> bytes:
        begin, width = node.number << node.level, 1 << node.level
        assert begin + width <= len(leaves)
        return mth(leaves[begin : begin + width])

    return hash_of


def inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    return list(carry_out(plan_inclusion(index, len(leaves)), kept(leaves)))


def consistency(old: int, leaves: list[bytes]) -> list[bytes]:
    return list(carry_out(plan_consistency(old, len(leaves)), kept(leaves)))


@pytest.mark.parametrize("count", range(9))
def test_roots_are_those_published_for_certificate_transparency(count):
    """Each root, from the empty log to the one of eight entries."""
    assert root_of(LEAVES[:count]).hex() == ROOTS[count]


@pytest.mark.parametrize(("index", "size", "hashes"), INCLUSION)
def test_inclusion_proofs_are_those_published(index, size, hashes):
    """Made as published, and found right against the published root."""
    proof = [bytes.fromhex(one) for one in hashes]
    assert inclusion(index, LEAVES[:size]) == proof
    assert verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "hashes"), CONSISTENCY)
def test_consistency_proofs_are_those_published(old, new, hashes):
    """Made as published, and found right against the published roots."""
    proof = [bytes.fromhex(one) for one in hashes]
    assert consistency(old, LEAVES[:new]) == proof
    assert verify_consistency(old, bytes.fromhex(ROOTS[old]), new, bytes.fromhex(ROOTS[new]), proof)


def test_a_root_follows_the_definition():
    """For every size, also while the log grows."""
    tree = Frontier()
    assert tree.root() == EMPTY_ROOT == mth([])
    for size in range(1, 131):
        tree.append(MANY[size - 1])
        assert tree.root() == root_of(MANY[:size]) == mth(MANY[:size])
        assert len(tree.peaks) == size.bit_count()


@given(SIZES, st.data())
def test_proofs_are_what_the_definition_says_and_are_found_right(size, data):
    """Any entry, any pair of sizes: the hashes of RFC 6962's recursions, accepted by RFC 9162's checks."""
    leaves, root = MANY[:size], mth(MANY[:size])
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, leaves)
    assert proof == path(index, leaves)
    assert verify_inclusion(leaves[index], index, size, proof, root)
    old = data.draw(SIZES.filter(lambda old: old <= size))
    proof = consistency(old, leaves)
    assert proof == subproof(old, leaves)
    assert verify_consistency(old, mth(leaves[:old]), size, root, proof)


def wrong_proofs(proof: list[bytes], *others: bytes):
    """Every way we know to spoil a proof: flipped, dropped, doubled, swapped, lengthened, cut."""
    for place, one in enumerate(proof):
        yield [*proof[:place], bytes([one[0] ^ 8]) + one[1:], *proof[place + 1 :]]
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[: place + 1], *proof[place:]]
        yield [*proof[:place], one[:-1], *proof[place + 1 :]]
        if place:
            yield [*proof[: place - 1], one, proof[place - 1], *proof[place + 1 :]]
    for other in (b"", bytes(32), *others):
        yield [*proof, other]
        yield [other, *proof]


@given(SIZES, st.data())
def test_a_spoilt_inclusion_proof_proves_nothing(size, data):
    """Nor does a right one for another leaf, another index, another size or another root."""
    leaves, root = MANY[:size], mth(MANY[:size])
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = leaves[index], inclusion(index, leaves)
    for wrong in wrong_proofs(proof, root, leaf):
        assert not verify_inclusion(leaf, index, size, wrong, root)
    for other in {index - 1, index + 1, index ^ 2, size, size + index, -1} - {index}:
        assert not verify_inclusion(leaf, other, size, proof, root)
    for other in {0, 2 * size, size // 2}:
        assert not verify_inclusion(leaf, index, other, proof, root)
    assert not verify_inclusion(bytes(32), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, EMPTY_ROOT)
    assert not verify_inclusion(leaf[:-1], index, size, proof, root)


@given(SIZES, st.data())
def test_a_spoilt_consistency_proof_proves_nothing(new, data):
    """Nor does a right one between other sizes or other roots."""
    old = data.draw(SIZES.filter(lambda old: old <= new))
    old_root, new_root = mth(MANY[:old]), mth(MANY[:new])
    proof = consistency(old, MANY[:new])
    for wrong in wrong_proofs(proof, old_root, new_root):
        assert not verify_consistency(old, old_root, new, new_root, wrong)
    assert not verify_consistency(old, bytes(32), new, new_root, proof)
    assert not verify_consistency(old, old_root, new, bytes(32), proof)
    assert not verify_consistency(old, old_root[:-1], new, new_root, proof)
    if old < new:
        assert not verify_consistency(new, new_root, old, old_root, proof)
        assert not verify_consistency(old, new_root, new, old_root, proof)
        assert not verify_consistency(old, old_root, new, new_root, [])
        for other in {old - 1, old + 1, 0} - {old, new}:
            assert not verify_consistency(other, old_root, new, new_root, proof)
        for other in {2 * new, new // 2}:
            assert not verify_consistency(old, old_root, other, new_root, proof)


def test_the_empty_log_begins_every_log_and_each_log_itself():
    """Then there is nothing to prove, and a hash would be one too many."""
    root = mth(MANY[:5])
    assert verify_consistency(0, EMPTY_ROOT, 5, root, [])
    assert verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert verify_consistency(5, root, 5, root, [])
    assert not verify_consistency(0, root, 5, root, [])
    assert not verify_consistency(0, EMPTY_ROOT, 5, root, [root])
    assert not verify_consistency(5, root, 5, EMPTY_ROOT, [])
    assert not verify_consistency(5, root, 5, root, [root])
    assert not verify_consistency(-1, EMPTY_ROOT, 5, root, [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 5), (-1, 5), (6, 5)])
def test_what_is_not_in_the_log_is_neither_proved_nor_believed(index, size):
    """An index is below the size, always."""
    with pytest.raises(ValueError, match="in the log"):
        plan_inclusion(index, size)
    assert not verify_inclusion(EMPTY_ROOT, index, size, [], EMPTY_ROOT)
    assert not verify_inclusion(MANY[0], index, size, [], MANY[0])


def test_a_log_is_not_consistent_with_a_longer_one():
    """Proofs lead from old to new."""
    with pytest.raises(ValueError, match="longer"):
        plan_consistency(6, 5)


def test_a_node_cannot_pass_for_a_leaf():
    """Two children offered as one entry hash to something else than their node."""
    left, right = hash_leaf(b"left"), hash_leaf(b"right")
    assert hash_leaf(left + right) != hash_node(left, right)
    assert hash_leaf(b"") != hashlib.sha256(b"").digest()


def test_a_proof_in_ten_million_is_at_most_24_hashes_from_a_handful_of_tiles():
    """Whatever the entry: its tiles one above the other, and the edge of the log beside them."""
    size = 10_000_000
    for index in (0, 1, 65_535, 65_536, 4_999_999, 8_388_607, 8_388_608, size - 1):
        plan = plan_inclusion(index, size)
        assert len(plan) <= 24
        assert len({tile_of(node) for node in nodes_in(plan)}) <= 6


def test_a_node_is_found_in_its_tile():
    """Hashed together from the tile's part of it, at each of the eight levels between two tiles."""
    tile = b"".join(MANY[256:512])
    for level in range(8):
        for number in (256 >> level, (512 >> level) - 1):
            node = Node(level, number)
            assert tile_of(node) == Tile(0, 1)
            assert node_in(tile, node) == kept(MANY)(node)
    assert hash_together(tile) == kept(MANY)(Node(8, 1))
    assert tile_of(Node(8, 1)) == Tile(1, 0)
    assert tile_of(Node(15, 2)) == Tile(1, 1)
    assert tile_of(Node(16, 0)) == Tile(2, 0)


def test_a_node_beyond_the_edge_is_not_guessed():
    """A tile that does not reach so far says so, rather than hash what is there."""
    tile = b"".join(MANY[:5])
    assert len(tile) < TILE_BYTES
    assert node_in(tile, Node(2, 0)) == mth(MANY[:4])
    for node in (Node(2, 1), Node(0, 5), Node(3, 0), Node(7, 1)):
        with pytest.raises(LookupError):
            node_in(tile, node)


@given(SIZES)
def test_the_root_is_planned_from_one_node_for_each_bit_of_the_size(size):
    """The full subtrees side by side, as a frontier keeps them."""
    (nodes,) = plan = plan_root(size)
    assert len(nodes) == size.bit_count()
    assert carry_out(plan, kept(MANY[:size])) == (mth(MANY[:size]),)


@pytest.mark.parametrize("width", [0, 1, 5, 64, 97])
def test_a_tree_goes_on_from_known_peaks_as_if_nothing_had_happened(width: int) -> None:
    """At every size behind it root and peaks are those of the tree that was never put down."""
    leaves = [hash_leaf(str(number).encode()) for number in range(width + 100)]
    whole = Frontier()
    for leaf in leaves[:width]:
        whole.append(leaf)
    resumed = Frontier(size=whole.size, peaks=list(whole.peaks))
    assert (resumed.size, resumed.peaks, resumed.root()) == (whole.size, whole.peaks, whole.root())
    for leaf in leaves[width:]:
        whole.append(leaf)
        resumed.append(leaf)
        assert (resumed.size, resumed.peaks, resumed.root()) == (whole.size, whole.peaks, whole.root())
