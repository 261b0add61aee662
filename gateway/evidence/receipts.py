"""Receipts: a machine's signed statement of an event, and the log entry that keeps it.

Four forms, each with exactly one way to be written, so that equal content is equal bytes: the statement
(what happened), the receipt (the statement, signed), the log entry (both, as the log's leaf hashes them),
and the receipt as a file to hand out. A stranger needs the receipt, the certificate and nothing of ours.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cryptography import x509

from gateway.errors import Refusal
from gateway.model.identifiers import Digest
from gateway.model.text import normalise
from gateway.trust.keys import Algorithm, Seal, algorithm_in, fingerprint_of, verify_raw

JSON: TypeAlias = "bool | int | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What a statement is made of. No floats: their text differs between languages."""

# Beyond this, readers that keep numbers as IEEE 754 doubles would see another number.
_MAX_INTEGER = 2**53 - 1
_FORM = "lienthong-receipt-1"
_HEX_DIGEST = re.compile("[0-9a-f]{64}")
_WRITER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A signed statement.

    Shape: statement is what `write_statement` gave; signature is PKCS #1 v1.5 or DER, over those bytes.
    """

    statement: bytes
    algorithm: Algorithm
    certificate_sha256: Digest
    signature: bytes


def write_statement(fields: Mapping[str, JSON]) -> bytes:
    """Write a statement in its one form.

    Shape: UTF-8 JSON on one line: no white space between tokens, keys in code point order, texts in NFC,
    integers within ±(2⁵³−1). Nothing else fits: TypeError or ValueError, since only we make statements.
    """
    return _write_json(_settle(fields)).encode()


def read_statement(statement: bytes) -> dict[str, JSON]:
    """Read a statement, insisting on its one form.

    Errors: Refusal when the bytes are not exactly what `write_statement` would write.
    """
    try:
        fields = json.loads(statement)
        if not isinstance(fields, dict) or write_statement(fields) != statement:
            raise ValueError("not canonical")
    except (ValueError, TypeError, RecursionError) as error:
        raise _malformed("statement-malformed", "lời xác nhận", "the statement") from error
    return fields


def sign_statement(statement: bytes, seal: Seal) -> Receipt:
    """Sign a statement: the receipt of an event."""
    # The same key also signs XML, but never the same bytes: a statement begins with a brace.
    return Receipt(
        statement=statement,
        algorithm=seal.algorithm,
        certificate_sha256=seal.fingerprint,
        signature=seal.sign(statement),
    )


def verify_receipt(receipt: Receipt, certificate: x509.Certificate) -> bool:
    """Tell whether a receipt was signed with a certificate's key. The certificate itself is not judged."""
    return (
        receipt.certificate_sha256 == fingerprint_of(certificate)
        and receipt.algorithm is algorithm_in(certificate)
        and verify_raw(certificate, receipt.statement, receipt.signature)
    )


def write_entry(statement: bytes, receipt: Receipt | None) -> bytes:
    """Write a log entry: the bytes that become a leaf.

    Shape: two lines, each ended by LF: the statement; then algorithm, certificate and base64 signature
    with one space between, or nothing for an event that promises nothing.
    """
    if b"\n" in statement or (receipt is not None and receipt.statement != statement):
        raise ValueError("an entry holds one statement on one line, and the receipt of that statement")
    seal_line = ""
    if receipt is not None:
        signature = base64.b64encode(receipt.signature).decode()
        seal_line = f"{receipt.algorithm} {receipt.certificate_sha256} {signature}"
    return b"%b\n%b\n" % (statement, seal_line.encode())


def read_entry(entry: bytes) -> tuple[bytes, Receipt | None]:
    """Read a log entry back into its statement and receipt.

    Errors: Refusal when the bytes are not exactly what `write_entry` would write.
    """
    try:
        statement, seal_line, rest = entry.split(b"\n")
        receipt = None
        if seal_line:
            algorithm, certificate, signature = seal_line.decode("ascii").split(" ")
            receipt = _receipt(statement, algorithm, certificate, signature)
        if rest or write_entry(statement, receipt) != entry:
            raise ValueError("not canonical")
    except ValueError as error:
        raise _malformed("entry-malformed", "mục nhật ký", "the log entry") from error
    return statement, receipt


def write_receipt(receipt: Receipt) -> bytes:
    """Write a receipt as a file to hand out.

    Shape: a JSON object on one line; the statement is a string in it, so that its bytes survive.
    """
    # Not through write_statement: NFC over a text that is itself JSON could join the n of an escaped
    # line feed with a combining mark behind it, and the signature would be over other bytes.
    return _write_json(
        {
            "algorithm": receipt.algorithm,
            "certificate_sha256": receipt.certificate_sha256,
            "form": _FORM,
            "signature": base64.b64encode(receipt.signature).decode(),
            "statement": receipt.statement.decode(),
        }
    ).encode()


def read_receipt(text: bytes) -> Receipt:
    """Read a receipt from a file, white space around its tokens allowed.

    Errors: Refusal when it is not a receipt of the form we know.
    """
    try:
        fields = json.loads(text)
        form, statement = fields.pop("form"), fields.pop("statement").encode()
        receipt = _receipt(
            statement, fields.pop("algorithm"), fields.pop("certificate_sha256"), fields.pop("signature")
        )
        if form != _FORM or fields:
            raise ValueError("not a receipt of this form")
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _malformed("receipt-malformed", "biên nhận", "the receipt") from error
    read_statement(statement)
    return receipt


def keep_text(receipt: Mapping[str, object] | None) -> str | None:
    """Write a far side's receipt as it is kept: compact JSON, whatever it holds."""
    return None if receipt is None else json.dumps(receipt, ensure_ascii=False, separators=(",", ":"))


def _settle(value: JSON) -> JSON:
    """Bring a value to the one form it has in a statement, refusing what has none."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return normalise(value)
    if isinstance(value, int):
        if abs(value) > _MAX_INTEGER:
            raise ValueError("an integer in a statement stays within ±(2^53-1)")
        return value
    if isinstance(value, Mapping):
        settled = {_settle_key(key): _settle(part) for key, part in value.items()}
        if len(settled) != len(value):
            raise ValueError("two keys of a statement are one in NFC")
        return settled
    if isinstance(value, (list, tuple)):
        return [_settle(part) for part in value]
    raise TypeError(f"a statement cannot hold {type(value).__name__}")


def _settle_key(key: object) -> str:
    """Bring a key to the one form it has in a statement."""
    if not isinstance(key, str):
        raise TypeError("a key in a statement is text")
    return normalise(key)


def _write_json(value: JSON) -> str:
    """Write JSON compactly, keys sorted, characters as they are."""
    return _WRITER.encode(value)


def _receipt(statement: bytes, algorithm: str, certificate: str, signature: str) -> Receipt:
    """Put a receipt together from its written parts, checking each."""
    if not _HEX_DIGEST.fullmatch(certificate):
        raise ValueError("not a SHA-256 in hex")
    try:
        value = base64.b64decode(signature, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return Receipt(
        statement=statement,
        algorithm=Algorithm(algorithm),
        certificate_sha256=Digest(certificate),
        signature=value,
    )


def _malformed(code: str, vi: str, en: str) -> Refusal:
    """Refuse bytes that are not in the form they must have."""
    return Refusal.because(code, vi=f"{vi} không đúng dạng chuẩn", en=f"{en} is not in its one written form")
