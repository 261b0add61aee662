"""A proof to hand out: one log entry, its way up the tree, and the checkpoint it leads to, in one file.

The form is C2SP tlog-proof. Whoever has the file and the log's certificate needs nothing else of ours and
no connection to us: the entry is in the log whose size and root the certificate's key has signed.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.checkpoint import Checkpoint, read_checkpoint, verify_checkpoint
from gateway.evidence.merkle import HASH_BYTES, hash_leaf, verify_inclusion
from gateway.evidence.note import Note, read_note, write_note

_FORM = "c2sp.org/tlog-proof@v1"
_HEAD = re.compile(r"index (0|[1-9][0-9]{0,17})")
# A tree of 2**63 entries: no log is larger, no proof longer.
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An entry and the evidence that it is in a log.

    Shape: entry is what `receipts.write_entry` gave; index counts from 0: the entry's seq less one; hashes
    go from the leaf's neighbour up.
    """

    entry: bytes
    index: int
    hashes: tuple[bytes, ...]
    note: Note


def verify_proof(proof: Proof, certificate: x509.Certificate) -> Checkpoint | None:
    """Return the checkpoint that vouches for a proof's entry; None when nothing does.

    The certificate itself is not judged, nor the receipt within the entry.
    Errors: Refusal when the note in it is no checkpoint; `read_proof` gives none such.
    """
    checkpoint = verify_checkpoint(proof.note, certificate)
    if checkpoint is None:
        return None
    leaf = hash_leaf(proof.entry)
    proved = verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return checkpoint if proved else None


def write_proof(proof: Proof) -> bytes:
    """Write a proof as a file, the entry itself as its extra line.

    Source: C2SP tlog-proof, "Format".
    """
    head = [_FORM, f"extra {_encode(proof.entry)}", f"index {proof.index}", *map(_encode, proof.hashes), ""]
    return "".join(f"{line}\n" for line in head).encode() + write_note(proof.note)


def read_proof(raw: bytes) -> Proof:
    """Read a proof from a file.

    Errors: Refusal when it is not one, or has no entry in it.
    """
    head, divided, note = raw.partition(b"\n\n")
    try:
        form, extra, index, *hashes = head.decode("ascii").split("\n")
        found = _HEAD.fullmatch(index)
        if form != _FORM or not extra.startswith("extra ") or not divided or found is None:
            raise ValueError("not a proof")
        proof = Proof(
            entry=_decode(extra.removeprefix("extra ")),
            index=int(found[1]),
            hashes=tuple(map(_decode, hashes)),
            note=read_note(note),
        )
        if len(hashes) > _MAX_HASHES or any(len(one) != HASH_BYTES for one in proof.hashes):
            raise ValueError("not hashes")
        read_checkpoint(proof.note)
    except (ValueError, binascii.Error) as error:
        raise Refusal.because(
            "proof-malformed",
            vi="không đúng dạng bằng chứng nhật ký (C2SP tlog-proof), hoặc thiếu mục cần chứng minh",
            en="not in the form of a log proof (C2SP tlog-proof), or without the entry it proves",
        ) from error
    return proof


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decode(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if _encode(value) != text:
        raise ValueError("not the one way to write it")
    return value
