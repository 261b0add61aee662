"""The log's arithmetic, against published vectors."""

import hashlib

import pytest

from gateway.evidence.merkle import hash_leaf, hash_node, root_of

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


@pytest.mark.parametrize("count", range(9))
def test_roots_are_those_published_for_certificate_transparency(count):
    """Each root, from the empty log to the one of eight entries."""
    assert root_of(hash_leaf(entry) for entry in ENTRIES[:count]).hex() == ROOTS[count]


def test_a_root_follows_the_definition():
    """For every size the root is what the recursive definition of RFC 6962 says."""

    def defined(leaves):
        if len(leaves) == 1:
            return leaves[0]
        half = 1 << ((len(leaves) - 1).bit_length() - 1)
        return hash_node(defined(leaves[:half]), defined(leaves[half:]))

    leaves = [hash_leaf(b"%d" % number) for number in range(130)]
    assert all(root_of(leaves[:count]) == defined(leaves[:count]) for count in range(1, 131))


def test_a_node_cannot_pass_for_a_leaf():
    """Two children offered as one entry hash to something else than their node."""
    left, right = hash_leaf(b"left"), hash_leaf(b"right")
    assert hash_leaf(left + right) != hash_node(left, right)
    assert hash_leaf(b"") != hashlib.sha256(b"").digest()
