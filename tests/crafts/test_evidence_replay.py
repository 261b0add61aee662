"""A whole log walked through: what was signed is found again, and whatever was done to it is named."""

import json
from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.evidence.checkpoint import Checkpoint, sign_checkpoint
from gateway.evidence.merkle import hash_leaf, root_of
from gateway.evidence.note import write_note
from gateway.evidence.receipts import (
    Receipt,
    sign_statement,
    write_entry,
    write_receipt,
    write_statement,
)
from gateway.evidence.replay import (
    FAULTS_TOLD,
    Entry,
    Expected,
    Replayed,
    content_of,
    interleave,
    read_export,
    replay,
    write_entry_line,
)
from gateway.trust.keys import Algorithm
from tests.keys import AT, FINANCE, seal

ORIGIN = "000.00.12.H57/log"
Kept = tuple[bytes, bytes | None]
"""A statement and its receipt, as the log keeps them."""


def kept(number: int, *, signed: bool) -> Kept:
    statement = write_statement({"event": "accepted", "number": number, "tên": 'Sở Y tế "\n"'})
    return statement, write_receipt(sign_statement(statement, seal())) if signed else None


LOG: list[Kept] = [kept(number, signed=number % 3 == 0) for number in range(20)]


def entries(log: Iterable[Kept]) -> list[Entry]:
    """A log as its database has it, leaves and all."""
    contents = [content_of(*one) for one in log]
    assert None not in contents
    return [Entry(seq, content, hash_leaf(content)) for seq, content in zip(count(1), contents, strict=False)]  # type: ignore[arg-type]


def note(size: int, log: list[Kept] = LOG, **words: object) -> bytes:
    """The checkpoint of the first so many entries."""
    leaves = [hash_leaf(content_of(*one) or b"") for one in log[:size]]
    fields = {"origin": ORIGIN, "root": root_of(leaves), **words}
    return write_note(sign_checkpoint(Checkpoint(size=size, at=AT, **fields), seal()))  # type: ignore[arg-type]


NOTES = [(size, note(size)) for size in (3, 8, 15)]


def judged(found: Iterable[Entry], marks: Iterable[tuple[int, bytes | Expected]] = NOTES) -> Replayed:
    return replay(interleave(found, marks), origin=ORIGIN, certificates=[seal().certificate])


def rules(replayed: Replayed) -> list[str]:
    assert replayed.faults_count == len(replayed.faults)
    return [fault.rule for fault in replayed.faults]


def test_a_log_nobody_touched_is_what_was_signed():
    """Its size, its root, every checkpoint met, and how far it is vouched for."""
    found = judged(entries(LOG))
    assert rules(found) == []
    assert (found.size, found.checkpoints_count, found.vouched) == (20, 3, 15)
    assert found.root == root_of(entry.leaf for entry in entries(LOG) if entry.leaf)


def test_an_entry_is_put_together_as_it_was_hashed():
    """The short way from the log's columns to the entry's bytes is the long way's equal."""
    for algorithm in Algorithm:
        statement = write_statement({"b": ['"\\', "đ\u2028", "\x00\x1f"], "a": 1})
        receipt = sign_statement(statement, seal(algorithm=algorithm))
        assert content_of(statement, write_receipt(receipt)) == write_entry(statement, receipt)
    assert content_of(b"{}", None) == write_entry(b"{}", None)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_any_statement_is_put_together_as_it_was_hashed(fields):
    """Whatever its texts; a signature is as good as another here."""
    try:
        statement = write_statement(fields)
    except ValueError:  # two keys that are one in NFC
        return
    receipt = Receipt(
        statement=statement,
        algorithm=Algorithm.RSA_SHA256,
        certificate_sha256=seal().fingerprint,
        signature=b"\x00\xff" * 3,
    )
    assert content_of(statement, write_receipt(receipt)) == write_entry(statement, receipt)


SIGNED = LOG[3]


@pytest.mark.parametrize(
    ("statement", "receipt"),
    [
        (SIGNED[0] + b"\n", SIGNED[1]),
        (b"{}\nRSA-SHA256 x y", None),
        (SIGNED[0], LOG[6][1]),
        (LOG[6][0], SIGNED[1]),
        (SIGNED[0], b"{}"),
        (SIGNED[0], SIGNED[1] + b" "),
        (SIGNED[0], SIGNED[1].replace(b'"form"', b'"extra":1,"form"')),
        (SIGNED[0], SIGNED[1].replace(b"-receipt-1", b"-receipt-2")),
        (SIGNED[0], SIGNED[1].replace(b":", b": ", 1)),
        (b"\xff" + SIGNED[0], SIGNED[1]),
    ],
)
def test_what_is_no_entry_is_not_made_one(statement, receipt):
    """Nothing can stand beside the statement and its receipt that the leaf does not cover."""
    assert content_of(statement, receipt) is None


@pytest.mark.parametrize("place", [0, 2, 3, 7, 14])
def test_a_changed_entry_is_named(place):
    """Its leaf is not its hash any more; with the leaf changed, too, the next checkpoint disagrees."""
    changed = [*LOG[:place], kept(99, signed=False), *LOG[place + 1 :]]
    column_only = [
        entry._replace(leaf=right.leaf) for entry, right in zip(entries(changed), entries(LOG), strict=True)
    ]
    (fault,) = judged(column_only).faults
    assert (fault.rule, f"entry {place + 1}" in fault.where) == ("entry-altered", True)
    found = judged(entries(changed))
    assert rules(found) == ["log-altered"]
    assert found.vouched == max((size for size, _ in NOTES if size <= place), default=0)


@pytest.mark.parametrize("place", [0, 7, 14])
def test_a_removed_entry_is_missed(place):
    """By its number; with the numbers mended, by the next checkpoint."""
    whole = entries(LOG)
    assert set(rules(judged(whole[:place] + whole[place + 1 :]))) == {"log-gap", "log-altered"}
    assert rules(judged(entries(LOG[:place] + LOG[place + 1 :]))) == ["log-altered"]


def test_entries_that_changed_places_are_noticed():
    """Their order is signed as well."""
    assert rules(judged(entries([*LOG[:4], LOG[5], LOG[4], *LOG[6:]]))) == ["log-altered"]


def test_an_inserted_entry_is_noticed():
    """Everything behind it has moved."""
    assert rules(judged(entries([*LOG[:4], kept(99, signed=True), *LOG[4:]]))) == ["log-altered"]


def test_a_log_cut_short_does_not_reach_its_checkpoint():
    """The last entries before a checkpoint cannot be forgotten."""
    found = judged(entries(LOG[:12]))
    assert rules(found) == ["log-altered"]
    assert (found.size, found.vouched) == (12, 8)
    assert rules(judged([])) == ["log-altered"]


def test_what_no_checkpoint_covers_is_told_apart():
    """Behind the last one anything may still be changed: it is said how far the log is vouched for."""
    found = judged(entries([*LOG[:17], kept(99, signed=False)]))
    assert (rules(found), found.vouched, found.size) == ([], 15, 18)


def test_a_log_written_anew_agrees_with_itself_but_not_with_a_checkpoint_kept_outside():
    """Whoever has the key and the database can sign a new history; the old note is out of reach."""
    forged = [kept(99, signed=False), *LOG[1:]]
    own = [(size, note(size, forged)) for size in (3, 8, 15)]
    assert rules(judged(entries(forged), own)) == []
    held = sorted([*own, (8, note(8))])
    found = judged(entries(forged), held)
    assert rules(found) == ["log-altered"]


@pytest.mark.parametrize(
    ("forged", "rule"),
    [
        (note(8)[:-1], "note-malformed"),
        (note(8).replace(b"\n8\n", b"\n08\n"), "checkpoint-malformed"),
        (note(8).replace(b"\n8\n", b"\n9\n"), "checkpoint-unsigned"),
        (note(8, origin="somebody.else/log"), "checkpoint-unsigned"),
        (
            write_note(
                sign_checkpoint(Checkpoint(origin=ORIGIN, size=8, root=bytes(32), at=AT), seal(FINANCE))
            ),
            "checkpoint-unsigned",
        ),
    ],
)
def test_a_checkpoint_that_is_not_the_logs_own_vouches_for_nothing(forged, rule):
    """Malformed, about another log, or not by its key: named, and the others still count."""
    found = judged(entries(LOG), [(3, note(3)), (8, forged)])
    assert rules(found) == [rule]
    assert found.vouched == 3


def test_a_checkpoint_signed_with_an_earlier_seal_counts_when_its_certificate_is_given():
    """Seals are renewed; the log goes on."""
    earlier = seal(algorithm=Algorithm.RSA_SHA256)
    root = root_of(entry.leaf for entry in entries(LOG)[:3] if entry.leaf)
    old = write_note(sign_checkpoint(Checkpoint(origin=ORIGIN, size=3, root=root, at=AT), earlier))
    marks = [(3, old), (8, note(8))]
    assert rules(judged(entries(LOG), marks)) == ["checkpoint-unsigned"]
    both = [earlier.certificate, seal().certificate]
    assert rules(replay(interleave(entries(LOG), marks), origin=ORIGIN, certificates=both)) == []


def test_a_tree_that_is_not_the_logs_is_told_apart_from_an_altered_log():
    """The log may be whole and what was computed from it be spoilt."""
    root = root_of(entry.leaf for entry in entries(LOG)[:16] if entry.leaf)
    assert rules(judged(entries(LOG), [*NOTES, (16, Expected(16, root))])) == []
    found = judged(entries(LOG), [*NOTES, (16, Expected(16, bytes(32)))])
    assert (rules(found), found.vouched) == (["tree-altered"], 15)


def test_a_thousand_faults_are_counted_and_some_told():
    """A log full of holes does not become a report full of memory."""
    found = judged([entry._replace(seq=7 * entry.seq, leaf=bytes(32)) for entry in entries(LOG * 60)], [])
    assert found.faults_count > 2 * FAULTS_TOLD
    assert len(found.faults) == FAULTS_TOLD


# -- in a file ------------------------------------------------------------------------------------------


def exported(log: list[Kept] = LOG, notes: list[tuple[int, bytes]] = NOTES) -> list[bytes]:
    """The log as a file: what `lienthong log --json` prints, each checkpoint behind its last entry."""
    lines = []
    for seq, (statement, receipt) in enumerate(log, start=1):
        facts = {"seq": seq, "kind": "accepted", "statement": statement.decode()}
        lines.append({**facts, "receipt": None if receipt is None else json.loads(receipt)})
        lines += [{"checkpoint": raw.decode(), "size": size} for size, raw in notes if size == seq]
    return [json.dumps(line).encode() + b"\n" for line in lines]


def test_a_log_in_a_file_is_checked_without_its_database():
    """By the same walk, to the same root."""
    found = replay(read_export([*exported(), b"\n"]), origin=ORIGIN, certificates=[seal().certificate])
    assert found == judged(entries(LOG))


def test_a_file_that_was_changed_is_noticed():
    """A word, a line less, two lines that changed places, a receipt for another."""
    lines = exported()
    for wrong in (
        [line.replace(b'\\"number\\":4', b'\\"number\\":5') for line in lines],
        lines[:4] + lines[5:],
        [*lines[:4], lines[5], lines[4], *lines[6:]],
        [lines[0].replace(b'"ECDSA-SHA256"', b'"RSA-SHA256"'), *lines[1:]],
        [lines[0].replace(b'"form"', b'"from"'), *lines[1:]],
    ):
        assert wrong != lines
        found = replay(read_export(wrong), origin=ORIGIN, certificates=[seal().certificate])
        assert rules(found)


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"1",
        b'""',
        b"{",
        b"\xff",
        b'{"seq":1}',
        b'{"seq":"x","statement":"","receipt":null}',
        b'{"seq":1,"statement":1,"receipt":null}',
        b'{"checkpoint":1}',
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_neither_is_refused_by_its_number(line):
    """Nothing in a file is passed over but empty lines."""
    with pytest.raises(Refusal) as caught:
        list(read_export([*exported()[:1], b"\n", line]))
    assert caught.value.code == "export-malformed"
    assert "line 3" in caught.value.faults[0].where


def test_an_entrys_line_is_read_as_json_is_read():
    """Our own form is taken apart without a parser: whatever stands in it, the entry is the same."""
    for number, (statement, receipt) in enumerate(LOG, start=1):
        line = write_entry_line(number, statement, receipt)
        spaced = json.dumps(json.loads(line)).encode()
        assert (
            list(read_export([line]))
            == list(read_export([spaced]))
            == [Entry(number, content_of(statement, receipt))]
        )


@pytest.mark.parametrize(
    "line",
    [
        b'{"receipt":null,"seq":1,"statement":"{}","seq":2,"statement":"[]"}',
        b'{"receipt":null,"seq":1,"statement":"\\"}',
        b'{"receipt":{"a":1},"seq":1,"statement":"a" "b"}',
    ],
)
def test_a_line_that_only_looks_like_ours_is_no_entry(line):
    """Refused as it stands: nothing is seen in it that a reader of JSON would not see."""
    with pytest.raises(Refusal, match="export-malformed"):
        list(read_export([line]))


def test_a_receipt_that_is_none_makes_no_entry():
    """However well the rest of its line looks."""
    (entry,) = read_export([b'{"receipt":{},"seq":1,"statement":"{}"},"seq":2,"statement":"{}"}'])
    assert entry == Entry(2, None)
