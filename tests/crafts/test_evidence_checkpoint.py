"""Checkpoints: a signed note each, by the log and by whoever watches it; and the proofs that lead to one."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.evidence.checkpoint import (
    Checkpoint,
    Verdict,
    compare,
    cosign_checkpoint,
    read_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
    write_checkpoint,
)
from gateway.evidence.merkle import (
    EMPTY_ROOT,
    carry_out,
    hash_leaf,
    plan_consistency,
    plan_inclusion,
    root_of,
)
from gateway.evidence.note import (
    Note,
    Signature,
    key_id_of,
    read_note,
    read_signature,
    sign_text,
    verify_note,
    write_note,
    write_signature,
)
from gateway.evidence.proof import Proof, read_proof, verify_proof, write_proof
from gateway.evidence.receipts import sign_statement, write_entry, write_statement
from gateway.trust.keys import Algorithm
from tests.keys import AT, FINANCE, HEALTH, ISSUED_AT, seal

ORIGIN = "000.00.12.H57/log"
WITNESS = "000.00.08.H57/log"
BOTH = pytest.mark.parametrize("algorithm", list(Algorithm))

# Checkpoints signed by two real logs, with their keys, and what a third calls an RSA key.
# Source: github.com/transparency-dev/formats, note/note_verifier_test.go (the logs of Sigstore and of
# Google's Pixel phones); github.com/sigstore/rekor-tiles, pkg/note/note_test.go.
REAL_LOGS = [
    (
        "rekor.sigstore.dev",
        "c0d23d6a",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/iy55G"
        "hWP/9A/bY2LhC30M9+RYtw==",
        "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n"
        "— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet"
        "7MCoTURUCRdxwWBHHufk=\n",
    ),
    (
        "pixel6_transparency_log",
        "91c16e30",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE37jHQmTXJPC8sUj0Dg0N0ZlxfRqJZV1YzlclXLQzhVYPcC/JblDoez0DSZwOSlSh"
        "iCf4oo83MULQfec3erolDw==",
        "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n"
        "— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYd"
        "gBCepB06/+g5O1FmYjXl06owL4\n",
    ),
]
RSA_NAME, RSA_KEY_ID = "testkey", "adf42d0b"
RSA_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs7ieTaJ8PAkzCks++ubDNW4Nc4hi7+/JUmSvqq6pIWAfjGrVXI/Z6ROUOnNg"
    "vjkW6pOP/KkO1YQfuLtP86X5LD43aIsfH/3VQ0L8X4W64x/JgmA9TWQa+w4OeXaFdGw+lEnGy2rlAL3kIYn/BAbmoAZhyWXQFkPYg6vl"
    "ypN0H6qQH8hct0SXn7y6casIk7GB7TQt/+OqkkQ55ojM91cXUq6YYsvAjBjQwEvGGXqLvwOhtbD+eMc2fpw7GlAgiiQpq4khzWrtuZJ0"
    "Hd/BFZNpHH+UAddQ4Jvv7dbXDinavVzEbvJssQAN9nB39UPHpUQn9mojAuh/qg+vDNyEH3liIQIDAQAB"
)


def certificate_over(key: str) -> x509.Certificate:
    """A certificate that says whose key it is, though not that of our authority."""
    nobody = x509.Name([])
    return (
        x509.CertificateBuilder(nobody, nobody)
        .public_key(load_der_public_key(base64.b64decode(key)))  # type: ignore[arg-type]
        .serial_number(1)
        .not_valid_before(ISSUED_AT)
        .not_valid_after(ISSUED_AT + timedelta(days=1))
        .sign(seal().key, SHA256())
    )


def checkpoint(size: int = 5, *, origin: str = ORIGIN, root: bytes | None = None) -> Checkpoint:
    return Checkpoint(origin=origin, size=size, root=root or root_of(LEAVES[:size]), at=AT)


LEAVES = [hash_leaf(b"%d" % number) for number in range(40)]


def proof_between(old: int, new: int) -> tuple[bytes, ...]:
    return carry_out(
        plan_consistency(old, new),
        lambda node: root_of(LEAVES[node.number << node.level :][: 1 << node.level]),
    )


# -- notes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "key_id", "key", "raw"), REAL_LOGS)
def test_checkpoints_of_real_logs_are_read_and_verified(name, key_id, key, raw):
    """Their key ids are what we make of their keys, their signatures are right, one bit off is wrong."""
    note, certificate = read_note(raw.encode()), certificate_over(key)
    assert write_note(note) == raw.encode()
    assert key_id_of(name, certificate).hex() == key_id == note.signatures[0].key_id.hex()
    assert verify_note(note, name, certificate)
    assert not verify_note(replace(note, text=note.text.replace("0", "1", 1)), name, certificate)
    assert not verify_note(note, "somebody.else", certificate)


def test_an_rsa_key_is_called_what_sigstores_logs_call_it():
    """The id is bound to the name, by type 0xff and their words for the algorithm."""
    certificate = certificate_over(RSA_KEY)
    assert key_id_of(RSA_NAME, certificate).hex() == RSA_KEY_ID
    assert key_id_of("otherkey", certificate).hex() != RSA_KEY_ID


@BOTH
def test_a_note_of_ours_reads_as_it_was_written(algorithm):
    """The text, an empty line, and a line for each signature."""
    own = seal(algorithm=algorithm)
    note = Note(text="một dòng\n\nvà một dòng nữa\n", signatures=(sign_text("x\n", "a.b/c", own),))
    raw = write_note(note)
    assert raw.startswith("một dòng\n\nvà một dòng nữa\n\n— a.b/c ".encode())
    assert read_note(raw) == note
    assert read_signature(write_signature(note.signatures[0])) == note.signatures[0]


@BOTH
def test_only_the_named_key_under_its_name_vouches_for_a_note(algorithm):
    """Neither another key, nor the right one under another name, nor lines nobody knows."""
    own, other = seal(algorithm=algorithm), seal(FINANCE)
    text = "text\n"
    stranger = Signature(name=ORIGIN, key_id=b"abcd", value=b"anything")
    note = Note(text=text, signatures=(stranger, sign_text(text, ORIGIN, own)))
    assert verify_note(note, ORIGIN, own.certificate)
    assert not verify_note(note, WITNESS, own.certificate)
    assert not verify_note(note, ORIGIN, other.certificate)
    assert not verify_note(replace(note, signatures=(stranger,)), ORIGIN, own.certificate)
    assert not verify_note(replace(note, text="other\n"), ORIGIN, own.certificate)


def test_a_wrong_signature_beside_a_right_one_of_the_same_key_spoils_the_note():
    """Who puts a forgery under a note is not believed for the rest of it."""
    own = seal()
    right, wrong = sign_text("text\n", ORIGIN, own), sign_text("other\n", ORIGIN, own)
    assert verify_note(Note(text="text\n", signatures=(right, right)), ORIGIN, own.certificate)
    assert not verify_note(Note(text="text\n", signatures=(right, wrong)), ORIGIN, own.certificate)


LINE = "— a YWJjZHZ2dg==\n".encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"text\n",
        b"text\n\n",
        b"\n\n" + LINE,
        b"text\n" + LINE,
        b"text\n\n" + LINE[:-1],
        b"text\r\n\r\n" + LINE,
        b"text\n\n" + LINE + b"\n",
        b"text\n\n" + LINE + b"more\n",
        b"text\n\n" + LINE.replace("—".encode(), b"-"),
        b"text\n\n" + LINE.replace(b" a ", b"  "),
        b"text\n\n" + LINE.replace(b" a ", b" a  "),
        b"text\n\n" + LINE.replace(b" a ", b" a+b "),
        b"text\n\n" + LINE.replace(b" a ", " a\u00a0b ".encode()),
        b"text\n\n" + LINE.replace(b"=\n", b"\n"),
        b"text\n\n" + LINE.replace(b"\n", b"=\n"),
        b"text\n\n" + "— a AAAA\n".encode(),
        b"text\n\n" + "— a AAAAAAB=\n".encode(),
        b"te\x00xt\n\n" + LINE,
        b"te\txt\n\n" + LINE,
        b"te\xffxt\n\n" + LINE,
        b"text\n\n" + 65 * LINE,
        (256 << 10) * b"t" + b"\n\n" + LINE,
    ],
)
def test_what_is_not_exactly_a_note_is_refused(raw):
    """One way to write each, and nothing that a screen or a parser could be fooled with."""
    with pytest.raises(Refusal) as caught:
        read_note(raw)
    assert caught.value.code == "note-malformed"


def test_sixteen_post_quantum_signatures_are_not_too_many():
    """The least that the form asks every reader for."""
    lines = tuple(Signature(name=f"w{number}", key_id=b"abcd", value=bytes(5000)) for number in range(16))
    note = Note(text="text\n", signatures=lines)
    assert read_note(write_note(note)) == note


# -- checkpoints ----------------------------------------------------------------------------------------


@BOTH
def test_a_checkpoint_is_a_note_any_transparency_log_would_understand(algorithm):
    """Origin, size, root; the instant in a line of its own; the log's signature under it."""
    note = sign_checkpoint(checkpoint(), seal(algorithm=algorithm))
    root = base64.b64encode(root_of(LEAVES[:5])).decode()
    assert note.text == f"{ORIGIN}\n5\n{root}\ntime 2026-04-12T03:00:00.000000Z\n"
    assert [line.name for line in note.signatures] == [ORIGIN]
    assert (
        verify_checkpoint(read_note(write_note(note)), seal(algorithm=algorithm).certificate) == checkpoint()
    )
    assert verify_checkpoint(note, seal(FINANCE).certificate) is None


def test_an_instant_is_told_in_utc_to_the_microsecond():
    """From whatever zone it came."""
    at = datetime(2026, 4, 12, 10, 0, 0, 7, tzinfo=timezone(timedelta(hours=7)))
    text = write_checkpoint(replace(checkpoint(), at=at))
    assert text.endswith("time 2026-04-12T03:00:00.000007Z\n")
    assert read_checkpoint(Note(text=text, signatures=())).at == at


def test_witnesses_sign_the_same_text_each_on_a_line_of_its_own():
    """The log's own signature stays what it was; each line is told by its name and key."""
    own, witness = seal(HEALTH), seal(FINANCE, algorithm=Algorithm.RSA_SHA256)
    note = sign_checkpoint(checkpoint(), own)
    both = note.with_signature(cosign_checkpoint(note, WITNESS, witness))
    assert write_note(both) == write_note(note) + write_signature(both.signatures[1]).encode()
    assert verify_checkpoint(both, own.certificate) == checkpoint()
    assert verify_note(both, WITNESS, witness.certificate)
    assert verify_checkpoint(both, witness.certificate) is None
    assert not verify_note(note, WITNESS, witness.certificate)


def test_a_witness_signs_nothing_but_checkpoints():
    """Its seal also signs receipts: no note may be one in disguise."""
    statement = write_statement({"event": "accepted"}).decode()
    root = base64.b64encode(EMPTY_ROOT).decode()
    for text in (f"{statement}\n", f"{statement}\n5\n{root}\n", f"<a/>\n5\n{root}\n"):
        with pytest.raises(Refusal):
            cosign_checkpoint(Note(text=text, signatures=()), WITNESS, seal(FINANCE))


def test_lines_that_others_add_are_passed_over_and_stay_signed():
    """A checkpoint of another make is read; its time, when it is not told our way, is none."""
    text = f"{ORIGIN}\n0\n{base64.b64encode(EMPTY_ROOT).decode()}\nTimestamp: 1688058656037355364\n"
    note = Note(text=text, signatures=(sign_text(text, ORIGIN, seal()),))
    assert verify_checkpoint(note, seal().certificate) == Checkpoint(
        origin=ORIGIN, size=0, root=EMPTY_ROOT, at=None
    )


ROOT = base64.b64encode(EMPTY_ROOT).decode()


@pytest.mark.parametrize(
    "text",
    [
        "a\n5\n",
        f"\n5\n{ROOT}\n",
        f"a b\n5\n{ROOT}\n",
        f"a+b\n5\n{ROOT}\n",
        f"{{a\n5\n{ROOT}\n",
        f"a\n05\n{ROOT}\n",
        f"a\n-5\n{ROOT}\n",
        f"a\n 5\n{ROOT}\n",
        f"a\n٥\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n1{'0' * 18}\n{ROOT}\n",
        f"a\n5\n{ROOT[:-1]}\n",
        f"a\n5\n{ROOT[:-4]}\n",
        f"a\n5\n{ROOT[:-2]}V=\n",
        f"a\n5\n{ROOT}\n\n",
        f"a\n5\n{ROOT}\nother\n\ntime 2026-04-12T03:00:00.000000Z\n",
        f"a\n5\n{ROOT}\ntime 2026-04-12T03:00:00Z\n",
        f"a\n5\n{ROOT}\ntime 2026-04-12T03:00:00.1Z\n",
        f"a\n5\n{ROOT}\ntime 2026-02-30T03:00:00.000000Z\n",
        f"a\n5\n{ROOT}\ntime 2026-04-12T03:00:00.000000Z\ntime 2026-04-12T03:00:00.000000Z\n",
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_refused(text):
    """However well it is signed."""
    with pytest.raises(Refusal) as caught:
        verify_checkpoint(Note(text=text, signatures=(sign_text(text, "a", seal()),)), seal().certificate)
    assert caught.value.code == "checkpoint-malformed"


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "ignore")))
def test_rubbish_is_refused_and_never_more_than_that(raw):
    """No reader lets another error out."""
    for read in (read_note, read_proof, lambda raw: read_checkpoint(Note(text=repr(raw), signatures=()))):
        with pytest.raises(Refusal):
            read(raw)
    signed = sign_checkpoint(checkpoint(), seal())
    for spoilt in (write_note(signed) + raw, raw + write_note(signed)):
        try:
            read = verify_checkpoint(read_note(spoilt), seal().certificate)
        except Refusal:
            continue
        assert read in (None, checkpoint())


# -- one log, seen twice --------------------------------------------------------------------------------


def test_a_log_that_only_grew_is_found_to_have_grown():
    """Between every two sizes, with the log's own proof; the same twice is the same."""
    for old in range(1, 40):
        assert compare(checkpoint(old), checkpoint(old), ()) is Verdict.SAME
        for new in range(old + 1, 41):
            assert compare(checkpoint(old), checkpoint(new), proof_between(old, new)) is Verdict.EXTENDS


def test_a_log_with_two_pasts_is_a_fork():
    """Another root at the same size; or a larger one that does not contain what was seen."""
    forged = checkpoint(5, root=root_of([*LEAVES[:4], LEAVES[9]]))
    assert compare(checkpoint(5), forged, ()) is Verdict.FORK
    assert compare(forged, checkpoint(8), proof_between(5, 8)) is Verdict.FORK
    assert compare(checkpoint(5), checkpoint(8), ()) is Verdict.FORK
    assert compare(checkpoint(5), checkpoint(8), proof_between(6, 8)) is Verdict.FORK


def test_a_log_that_became_shorter_is_a_rollback():
    """Even when what is left is a true beginning of it."""
    assert compare(checkpoint(8), checkpoint(5), proof_between(5, 8)) is Verdict.ROLLBACK


def test_two_logs_are_not_compared():
    """That one is not the other's past is no contradiction."""
    with pytest.raises(ValueError, match="two logs"):
        compare(checkpoint(5), checkpoint(5, origin=WITNESS), ())


# -- proofs in a file -----------------------------------------------------------------------------------

ENTRY = write_entry(statement := write_statement({"event": "accepted"}), sign_statement(statement, seal()))


def proof_of(index: int, size: int) -> Proof:
    """A proof that ENTRY stands at an index of a log."""
    leaves = [*LEAVES[:index], hash_leaf(ENTRY), *LEAVES[index + 1 : size]]
    hashes = carry_out(
        plan_inclusion(index, size),
        lambda node: root_of(leaves[node.number << node.level :][: 1 << node.level]),
    )
    return Proof(
        entry=ENTRY,
        index=index,
        hashes=hashes,
        note=sign_checkpoint(checkpoint(size, root=root_of(leaves)), seal()),
    )


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 40), (25, 40), (39, 40)])
def test_a_proof_in_a_file_is_all_a_stranger_needs(index, size):
    """Entry, way up, checkpoint: read back, and found right with the log's certificate."""
    proof = proof_of(index, size)
    raw = write_proof(proof)
    assert raw.startswith(
        b"c2sp.org/tlog-proof@v1\nextra " + base64.b64encode(ENTRY) + b"\nindex %d\n" % index
    )
    assert raw.endswith(b"\n\n" + write_note(proof.note))
    assert read_proof(raw) == proof
    found = verify_proof(read_proof(raw), seal().certificate)
    assert found is not None
    assert (found.origin, found.size) == (ORIGIN, size)


def test_a_proof_of_something_else_proves_nothing():
    """Another entry, another place, another checkpoint, another key."""
    proof, certificate = proof_of(25, 40), seal().certificate
    entry = write_entry(write_statement({"event": "refused"}), None)
    assert verify_proof(proof, certificate)
    assert verify_proof(replace(proof, entry=entry), certificate) is None
    assert verify_proof(replace(proof, index=24), certificate) is None
    assert verify_proof(replace(proof, hashes=proof.hashes[:-1]), certificate) is None
    assert verify_proof(replace(proof, note=sign_checkpoint(checkpoint(40), seal())), certificate) is None
    assert verify_proof(proof, seal(FINANCE).certificate) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@v1", b"@v2"),
        (b"extra ", b"extra  "),
        (b"extra ", b"Extra "),
        (b"extra ", b"extra A"),
        (b"index 25", b"index 025"),
        (b"index 25", b"index -1"),
        (b"index 25\n", b"index 25\nAAAA\n"),
        (b"index 25\n", b"index 25\n" + 64 * (ROOT.encode() + b"\n")),
        (b"index 25\n", b"index 25\n\n"),
        (b"\n\n", b"\n"),
        (b"\n\n", b"\r\n\r\n"),
        ("—".encode(), b"-"),
    ],
)
def test_what_is_not_exactly_a_proof_is_refused(old, new):
    """One way to write it; nothing is passed over."""
    raw = write_proof(proof_of(25, 40))
    assert old in raw
    with pytest.raises(Refusal):
        read_proof(raw.replace(old, new, 1))
