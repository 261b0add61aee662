"""An archive's manifest: one form, signed, and the tree that a part of a log goes on from."""

import json
from dataclasses import replace

import pytest

from gateway.errors import Refusal
from gateway.evidence.archive import Manifest, digest_told, find_signer, read_manifest, sign_manifest
from gateway.evidence.merkle import Frontier, carry_out, hash_leaf, nodes_in, plan_peaks, root_of
from gateway.evidence.receipts import sign_statement, write_entry, write_receipt, write_statement
from gateway.evidence.replay import Entry
from gateway.model.identifiers import Digest
from gateway.trust.keys import load_seal
from tests.keys import issued

HOLDER = "000.00.00.G99"
SEAL = load_seal(issued(HOLDER).key_pem, issued(HOLDER).chain_pem)
LEAVES = [hash_leaf(bytes([number])) for number in range(20)]


def manifest_from(first: int) -> Manifest:
    before = Frontier()
    for leaf in LEAVES[: first - 1]:
        before.append(leaf)
    return Manifest(
        origin=f"{HOLDER}/log",
        made_at="2026-11-26T07:00:00.000000Z",
        first_seq=first,
        last_seq=20,
        peaks=tuple(before.peaks),
        files={"entries.jsonl": Digest("ab" * 32)},
        package_count=3,
        absent_count=1,
    )


@pytest.mark.parametrize("first", [1, 2, 5, 8, 16, 20])
def test_a_manifest_comes_back_as_it_was_signed(first: int) -> None:
    """With a signature anybody can check, and a tree that grows into the whole log's root."""
    manifest, receipt = read_manifest(sign_manifest(manifest_from(first), SEAL))
    assert manifest == manifest_from(first)
    assert find_signer(receipt, [issued(HOLDER).certificate]) == issued(HOLDER).certificate
    assert find_signer(receipt, [issued("000.00.12.H57").certificate]) is None
    tree = manifest.frontier()
    for leaf in LEAVES[first - 1 :]:
        tree.append(leaf)
    assert tree.root() == root_of(LEAVES)


@pytest.mark.parametrize("size", range(20))
def test_the_planned_peaks_are_those_of_a_tree_that_grew(size: int) -> None:
    """What is read from tiles is what a frontier has."""
    tree = Frontier()
    for leaf in LEAVES[:size]:
        tree.append(leaf)
    plan = plan_peaks(size)
    hashes = {
        node: root_of(LEAVES[node.number << node.level : (node.number + 1) << node.level])
        for node in nodes_in(plan)
    }
    assert list(carry_out(plan, hashes.__getitem__)) == tree.peaks


@pytest.mark.parametrize(
    "change",
    [
        {"form": "lienthong-archive-2"},
        {"peaks": []},
        {"peaks": ["00"] * 2},
        {"first_seq": 0},
        {"last_seq": 1},
        {"files": ["entries.jsonl"]},
        {"origin": None, "files": None},
    ],
)
def test_what_cannot_be_a_manifest_is_refused(change: dict[str, object]) -> None:
    """Another form, a tree that is none, spans that end before they begin."""
    told = json.loads(json.loads(sign_manifest(manifest_from(4), SEAL))["statement"])
    forged = write_receipt(sign_statement(write_statement({**told, **change}), SEAL))
    with pytest.raises(Refusal, match="archive-malformed"):
        read_manifest(forged)


@pytest.mark.parametrize("rubbish", [b"", b"{}", b"[]", b"\xff", b"null", b'{"form":1}'])
def test_rubbish_is_refused(rubbish: bytes) -> None:
    """Nothing but our own errors comes out."""
    with pytest.raises(Refusal):
        read_manifest(rubbish)


def test_only_what_brought_a_package_in_tells_its_digest() -> None:
    """Accepted, or written by the gateway itself; a repetition or a confirmation repeats what was told."""

    def told(**facts: str) -> Digest | None:
        return digest_told(Entry(1, write_entry(write_statement(facts), None)))

    assert told(event="accepted", sha256="ab" * 32) == "ab" * 32
    assert told(event="answered", sha256="ab" * 32) == "ab" * 32
    assert told(event="answered") is None
    assert told(event="confirmed", sha256="ab" * 32) is None
    assert digest_told(Entry(1, None)) is None
    assert digest_told(Entry(1, b"not ours\n\n")) is None
    assert digest_told(b"a note") is None


def test_a_manifest_signed_anew_by_somebody_else_is_not_ours() -> None:
    """The certificate it names decides, not the words in it."""
    other = load_seal(issued("000.00.12.H57").key_pem, issued("000.00.12.H57").chain_pem)
    _, receipt = read_manifest(sign_manifest(replace(manifest_from(1), package_count=0), other))
    assert find_signer(receipt, [issued(HOLDER).certificate]) is None
