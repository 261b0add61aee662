"""Statements, receipts and log entries: one form each, and a signature over it."""

import json
import subprocess
import unicodedata
from dataclasses import replace
from shutil import which

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Refusal
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import (
    read_entry,
    read_receipt,
    read_statement,
    sign_statement,
    verify_receipt,
    write_entry,
    write_receipt,
    write_statement,
)
from gateway.trust.keys import Algorithm
from tests.keys import FINANCE, seal

FIELDS = {"kind": "accepted", "digest": "ab" * 32, "size_bytes": 8192, "from": "Sở Y tế", "to": ["H57"]}

BOTH = pytest.mark.parametrize("algorithm", list(Algorithm))


def receipt_of(fields=FIELDS, algorithm=Algorithm.ECDSA_SHA256):
    return sign_statement(write_statement(fields), seal(algorithm=algorithm))


def test_a_statement_is_one_line_of_sorted_compact_json():
    """The form is fixed to the byte, so that equal content has equal digests."""
    expected = '{"digest":"%s","from":"Sở Y tế","kind":"accepted","size_bytes":8192,"to":["H57"]}' % (
        "ab" * 32
    )
    assert write_statement(FIELDS) == expected.encode()
    assert write_statement(dict(reversed(FIELDS.items()))) == expected.encode()


def test_a_statement_is_written_in_nfc():
    """Two spellings of one name are one statement."""
    composed, decomposed = "Sở Y tế", unicodedata.normalize("NFD", "Sở Y tế")
    assert composed != decomposed
    assert write_statement({decomposed: [decomposed]}) == write_statement({composed: [composed]})


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), b"bytes", {1, 2}, {"inner": 2.0}, [1j], {1: "key"}], ids=repr
)
def test_a_statement_refuses_what_has_no_single_form(value):
    """Floats, bytes and the like have several written forms, or none."""
    with pytest.raises(TypeError):
        write_statement({"value": value})


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"\u00e9": 1, "e\u0301": 2}], ids=ascii)
def test_a_statement_refuses_values_that_others_would_read_differently(value):
    """Integers beyond a double, lone surrogates, and two keys that are one after normalisation."""
    with pytest.raises(ValueError):  # noqa: PT011 - any of its kinds will do
        write_statement({"value": value})


texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcđ"), inner),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abcđ"), json_values))
def test_what_is_written_is_read_back(fields):
    """Writing what was read gives the same bytes, and a receipt carries them unharmed."""
    statement = write_statement(fields)
    assert b"\n" not in statement
    assert write_statement(read_statement(statement)) == statement
    receipt = receipt_of(fields)
    assert read_receipt(write_receipt(receipt)) == receipt
    assert read_entry(write_entry(statement, receipt)) == (statement, receipt)


@pytest.mark.parametrize(
    "statement",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1}\n',
        b'["a"]',
        b'{"a":"\\u00e9"}',
        '{"a":"e\u0301"}'.encode(),
        '{"a":1}'.encode("utf-16"),
        b'{"a":NaN}',
        b"\xff",
        b"",
        b"[" * 100_000,
    ],
)
def test_a_statement_in_any_other_form_is_refused(statement):
    """There is one way to write a statement, so a reader accepts one."""
    with pytest.raises(Refusal) as refused:
        read_statement(statement)
    assert refused.value.code == "statement-malformed"


@BOTH
def test_a_receipt_verifies_with_its_certificate(algorithm):
    """What the seal signed, its certificate confirms."""
    receipt = receipt_of(algorithm=algorithm)
    assert verify_receipt(receipt, seal(algorithm=algorithm).certificate)


@BOTH
def test_a_changed_statement_no_longer_verifies(algorithm):
    """One changed digit of a promise breaks it."""
    receipt = receipt_of(algorithm=algorithm)
    forged = replace(receipt, statement=receipt.statement.replace(b"8192", b"8193"))
    assert not verify_receipt(forged, seal(algorithm=algorithm).certificate)


def test_a_receipt_does_not_verify_with_another_certificate():
    """Neither when it names its own, nor when it is made to name the other."""
    receipt, other = receipt_of(), seal(FINANCE)
    assert not verify_receipt(receipt, other.certificate)
    assert not verify_receipt(replace(receipt, certificate_sha256=other.fingerprint), other.certificate)


def test_a_receipt_that_names_another_algorithm_does_not_verify():
    """The algorithm is part of what is claimed, and must be true."""
    receipt = replace(receipt_of(), algorithm=Algorithm.RSA_SHA256)
    assert not verify_receipt(receipt, seal().certificate)


def test_rubbish_for_a_signature_does_not_verify():
    """Not an error, a no."""
    assert not verify_receipt(replace(receipt_of(), signature=b""), seal().certificate)
    assert not verify_receipt(replace(receipt_of(), signature=b"rubbish"), seal().certificate)


def test_signing_twice_gives_the_same_receipt():
    """Both algorithms are deterministic: a repeated package can be given its first receipt again."""
    assert receipt_of() == receipt_of()


@BOTH
def test_openssl_confirms_a_receipt(algorithm, tmp_path):
    """A stranger needs the receipt, the certificate and openssl."""
    if which("openssl") is None:
        pytest.skip("openssl is not installed")
    receipt = receipt_of(algorithm=algorithm)
    public = seal(algorithm=algorithm).certificate.public_key()
    (tmp_path / "key.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "statement").write_bytes(receipt.statement)
    (tmp_path / "signature").write_bytes(receipt.signature)
    command = "openssl dgst -sha256 -verify key.pem -signature signature statement"
    said = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "Verified OK"


def test_an_entry_is_two_lines():
    """Statement, then who signed it and how; the second line is empty when nobody had to."""
    receipt = receipt_of()
    first, second, rest = write_entry(receipt.statement, receipt).split(b"\n")
    assert (first, rest) == (receipt.statement, b"")
    assert second.startswith(b"ECDSA-SHA256 " + seal().fingerprint.encode() + b" ")
    assert write_entry(b"{}", None) == b"{}\n\n"


def test_an_entry_has_the_leaf_of_its_bytes():
    """The signature lies under the leaf too: nobody can exchange it afterwards."""
    receipt = receipt_of()
    other = replace(receipt, signature=b"another")
    leaves = {hash_leaf(write_entry(receipt.statement, kept)) for kept in (receipt, other, None)}
    assert len(leaves) == 3


def test_an_entry_holds_the_receipt_of_its_own_statement():
    """Anything else is a mistake of ours."""
    with pytest.raises(ValueError, match="one statement"):
        write_entry(b"{}", receipt_of())
    with pytest.raises(ValueError, match="one line"):
        write_entry(b"{\n}", None)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry[:-1],
        lambda entry: entry + b"\n",
        lambda entry: entry + b"x",
        lambda entry: entry.replace(b"\n", b"\r\n"),
        lambda entry: entry.replace(b" ", b"  "),
        lambda entry: entry.replace(b"ECDSA-SHA256", b"MD5"),
        lambda entry: entry[:-2] + b"\n",
        lambda entry: entry[:-2] + b"!\n",
        lambda entry: entry.replace(seal().fingerprint.encode(), seal().fingerprint.upper().encode()),
        lambda entry: b"",
        lambda entry: b"\xff\n\xff\n",
    ],
)
def test_an_entry_in_any_other_form_is_refused(change):
    """An entry's bytes are its leaf: there is one way to write them."""
    receipt = receipt_of({"kind": "accepted"})
    with pytest.raises(Refusal) as refused:
        read_entry(change(write_entry(receipt.statement, receipt)))
    assert refused.value.code == "entry-malformed"


def test_a_receipt_file_survives_being_reformatted():
    """Somebody's editor may indent the file: the statement inside is a string and stays."""
    receipt = receipt_of()
    indented = json.dumps(json.loads(write_receipt(receipt)), indent=2).encode()
    assert read_receipt(indented) == receipt


def test_a_line_feed_before_a_combining_mark_survives_the_receipt_file():
    """NFC over the statement as a text would join the n of its escaped line feed with the mark."""
    receipt = receipt_of({"note": "\n\u0303"})
    assert unicodedata.normalize("NFC", receipt.statement.decode()) != receipt.statement.decode()
    assert read_receipt(write_receipt(receipt)) == receipt


@pytest.mark.parametrize(
    "change",
    [
        {"form": "another"},
        {"extra": 1},
        {"signature": "!"},
        {"signature": None},
        {"algorithm": "MD5"},
        {"certificate_sha256": "AB" * 32},
        {"certificate_sha256": ["a"] * 64},
        {"statement": {"kind": "accepted"}},
        {"statement": '{"b":1,"a":2}'},
        {"statement": "\ud800"},
    ],
    ids=ascii,
)
def test_a_file_that_is_no_receipt_is_refused(change):
    """Each field is checked before anything is made of it."""
    fields = json.loads(write_receipt(receipt_of())) | change
    with pytest.raises(Refusal):
        read_receipt(json.dumps(fields).encode())


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b"{}", b"\xff", b'"text"', b"[" * 100_000])
def test_rubbish_is_no_receipt(text):
    """Rubbish is refused with our own error."""
    with pytest.raises(Refusal) as refused:
        read_receipt(text)
    assert refused.value.code == "receipt-malformed"
