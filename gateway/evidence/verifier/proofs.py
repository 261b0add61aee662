"""The log: what a checkpoint says, that an entry is under it, that it extends an earlier one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.evidence.verifier.certificates import Certificate, algorithm_of, signed_by
from gateway.evidence.verifier.forms import need, read_instant, read_json, unb64, write_json

_CHECKPOINT = re.compile(r"([^\s+]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/=]{44})\ntime (\S+)\n")
_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)\n")
_PROOF = "c2sp.org/tlog-proof@v1\nextra {}\nindex {}\n{}\n"


class Checkpoint(NamedTuple):
    """A log's size and root at an instant. signers: name and certificate, for each that is right."""

    origin: str
    size: int
    root: bytes
    at: datetime
    signers: list[tuple[str, Certificate]]
    unknown: int


class Entry(NamedTuple):
    """One log entry: what it says, and the receipt's parts when there is one."""

    seq: int
    said: dict[str, Any]
    statement: bytes
    algorithm: str = ""
    fingerprint: str = ""
    signature: bytes = b""


def read_checkpoint(note: bytes, certificates: list[Certificate]) -> Checkpoint:
    """Verify each signature that is by a certificate we have, and count the others.

    Source: C2SP tlog-checkpoint, signed-note.
    """
    text, _, lines = note.decode().rpartition("\n\n")
    said = _CHECKPOINT.fullmatch(text + "\n")
    need(said and _LINE.sub("", lines) == "", "không phải điểm chốt · not a checkpoint")
    assert said is not None  # noqa: S101 - it was needed
    digest, signers, unknown = hashlib.sha256(text.encode() + b"\n").digest(), [], 0
    for name, encoded in _LINE.findall(lines):
        raw = unb64(encoded)
        named = [c for c in certificates if _key_id(name, c) == raw[:4]]
        by = [c for c in named if signed_by(c, digest, raw[4:])]
        need(by or not named, "chữ ký sai · bad signature:", name)
        signers += [(name, each) for each in by]
        unknown += not by
    origin, size, root, at = said.groups()
    return Checkpoint(origin, int(size), unb64(root), read_instant(at), signers, unknown)


def read_entry(proof: bytes, note: bytes, checkpoint: Checkpoint, seq: int) -> Entry:
    """Read an entry out of its proof, which must lead to the checkpoint. Source: C2SP tlog-proof."""
    head, _, under = proof.partition(b"\n\n")
    need(under == note, "dưới điểm chốt khác · under another checkpoint")
    _, extra, index, *hashes = head.decode().split("\n")
    written = _PROOF.format(extra[len("extra ") :], seq - 1, "".join(f"{each}\n" for each in hashes))
    need(written.encode() + note == proof, "tlog-proof:", index)
    content = unb64(extra[len("extra ") :])
    leaf = hashlib.sha256(b"\x00" + content).digest()
    root = root_over(leaf, seq - 1, checkpoint.size, [unb64(each) for each in hashes])
    need(root == checkpoint.root, "không nằm trong nhật ký · is not in the log")
    statement, seal, rest = content.split(b"\n")
    said = read_json(statement)
    need(not rest and isinstance(said, dict), "mục nhật ký · entry")
    if not seal:
        return Entry(seq, said, statement)
    algorithm, fingerprint, signature = seal.decode().split(" ")
    return Entry(seq, said, statement, algorithm, fingerprint, unb64(signature))


def write_receipt(entry: Entry, signature: str) -> bytes:
    """Write the receipt of an entry, as it was handed out."""
    said = {"algorithm": entry.algorithm, "certificate_sha256": entry.fingerprint, "signature": signature}
    return write_json({**said, "form": "lienthong-receipt-1", "statement": entry.statement.decode()}).encode()


def receipt_signer(
    statement: bytes, algorithm: str, fingerprint: str, signature: bytes, known: Mapping[str, Certificate]
) -> Certificate | None:
    """Verify a receipt's signature when its certificate is here; None when it is not."""
    certificate = known.get(fingerprint)
    if certificate is not None:
        digest = hashlib.sha256(statement).digest()
        right = algorithm == algorithm_of(certificate) and signed_by(certificate, digest, signature)
        need(right, "chữ ký biên nhận sai · bad signature of the receipt")
    return certificate


def root_over(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """Fold a leaf and its inclusion proof into a root. Source: RFC 6962, section 2.1.1."""
    need(0 <= index < size and bool(proof) == (size > 1), "bằng chứng · inclusion proof")
    if size == 1:
        return leaf
    left = 1 << ((size - 1).bit_length() - 1)
    if index < left:
        return _node(root_over(leaf, index, left, proof[:-1]), proof[-1])
    return _node(proof[-1], root_over(leaf, index - left, size - left, proof[:-1]))


def roots_over(old: int, new: int, whole: bytes | None, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Fold a consistency proof into the old root and the new one. Source: RFC 6962, section 2.1.2.

    Shape: whole is the old root as long as the old log is a whole subtree.
    """
    need(0 < old <= new and len(proof) >= (whole is None or old < new), "bằng chứng · consistency proof")
    if old == new:
        need(len(proof) == (whole is None), "bằng chứng dài quá · consistency proof too long")
        return (proof[0], proof[0]) if whole is None else (whole, whole)
    left = 1 << ((new - 1).bit_length() - 1)
    if old <= left:
        first, second = roots_over(old, left, whole, proof[:-1])
        return first, _node(second, proof[-1])
    first, second = roots_over(old - left, new - left, None, proof[:-1])
    return _node(proof[-1], first), _node(proof[-1], second)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _key_id(name: str, certificate: Certificate) -> bytes:
    """Name a key as signature lines do: C2SP type 0x02 for ECDSA, the type of Sigstore's logs for RSA."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bound = name.encode() + b"\n\xffPKIX-RSA-PKCS#1v1.5"
    is_rsa = algorithm_of(certificate).startswith("RSA")
    return hashlib.sha256((bound if is_rsa else b"") + key).digest()[:4]
