"""Checkpoints: a log's size and root at an instant, signed by whoever keeps the log.

A checkpoint held by somebody else is what a rewritten log cannot be brought to agree with. Its form is
C2SP tlog-checkpoint, and under the log's own signature witnesses put theirs. `compare` is what a witness
does with a checkpoint it has not seen before.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.merkle import HASH_BYTES, verify_consistency
from gateway.evidence.note import Note, Signature, is_key_name, sign_text, verify_note
from gateway.trust.keys import Seal

_TIME = "time "
_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
_INSTANT_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_SIZE_FORM = re.compile(r"0|[1-9][0-9]{0,17}")
# The seal also signs statements, which begin with a brace, and XML, which begins with a bracket.
_ORIGIN_FORM = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log was at an instant.

    Shape: origin names the log, for ever and nobody else's; it begins with a letter or digit and has
    neither white space nor plus. at is aware; None in a checkpoint of another make that tells no time.
    """

    origin: str
    size: int
    root: bytes
    at: datetime | None

    def __post_init__(self) -> None:
        if not is_origin(self.origin) or self.size < 0 or len(self.root) != HASH_BYTES:
            raise ValueError("not a checkpoint")


class Verdict(StrEnum):
    """What a log's newly shown checkpoint is to the last one that was seen of it."""

    SAME = "same"
    EXTENDS = "extends"
    FORK = "fork"
    ROLLBACK = "rollback"


ALARMING = frozenset({Verdict.FORK, Verdict.ROLLBACK})


def is_origin(text: str) -> bool:
    """Tell whether a text can name a log."""
    return is_key_name(text) and _ORIGIN_FORM.match(text) is not None


def write_checkpoint(checkpoint: Checkpoint) -> str:
    """Write the text that is signed.

    Shape: origin, size, base64 root and, as an extension line, ``time`` and the instant (UTC,
    microseconds, ``Z``); each line ended by LF.
    Source: C2SP tlog-checkpoint, "Note text".
    """
    lines = [checkpoint.origin, str(checkpoint.size), base64.b64encode(checkpoint.root).decode()]
    if checkpoint.at is not None:
        lines.append(_TIME + checkpoint.at.astimezone(UTC).strftime(_INSTANT))
    return "".join(f"{line}\n" for line in lines)


def read_checkpoint(note: Note) -> Checkpoint:
    """Read what a note says of a log, verified or not. Extension lines of others are passed over.

    Errors: Refusal when it says nothing of the kind.
    """
    try:
        origin, size, root, *extensions = note.text.removesuffix("\n").split("\n")
        times = [line.removeprefix(_TIME) for line in extensions if line.startswith(_TIME)]
        if not _SIZE_FORM.fullmatch(size) or not all(extensions) or len(times) > 1:
            raise ValueError("not a checkpoint")
        hashed = base64.b64decode(root, validate=True)
        if base64.b64encode(hashed).decode() != root:
            raise ValueError("not the one way to write it")
        at = _read_instant(times[0]) if times else None
        return Checkpoint(origin=origin, size=int(size), root=hashed, at=at)
    except (ValueError, binascii.Error) as error:
        raise Refusal.because(
            "checkpoint-malformed",
            vi="không đúng dạng điểm chốt nhật ký (C2SP tlog-checkpoint)",
            en="not in the form of a log's checkpoint (C2SP tlog-checkpoint)",
        ) from error


def sign_checkpoint(checkpoint: Checkpoint, seal: Seal) -> Note:
    """Sign a checkpoint of one's own log, under the log's name."""
    text = write_checkpoint(checkpoint)
    return Note(text=text, signatures=(sign_text(text, checkpoint.origin, seal),))


def cosign_checkpoint(note: Note, name: str, seal: Seal) -> Signature:
    """Sign another log's checkpoint as a witness, under the witness's own name.

    To be called only for a checkpoint that was verified and compared with the last one seen.
    Errors: Refusal when the note is no checkpoint: a witness signs nothing else.
    """
    read_checkpoint(note)
    return sign_text(note.text, name, seal)


def verify_checkpoint(note: Note, certificate: x509.Certificate) -> Checkpoint | None:
    """Read a checkpoint when its log's signature was made with a certificate's key; else None.

    The certificate itself is not judged.
    Errors: Refusal when the note is no checkpoint.
    """
    checkpoint = read_checkpoint(note)
    return checkpoint if verify_note(note, checkpoint.origin, certificate) else None


def compare(seen: Checkpoint, shown: Checkpoint, proof: Sequence[bytes]) -> Verdict:
    """Judge a log by two of its checkpoints, both verified.

    Shape: proof is the log's consistency proof between the two sizes.

    Two roots for one size contradict each other, and the two notes prove it to anybody. A proof that does
    not lead from one to the other counts as a fork, too: a log that only grew can always give one.
    """
    if seen.origin != shown.origin:
        raise ValueError("checkpoints of two logs cannot be compared")
    if shown.size < seen.size:
        return Verdict.ROLLBACK
    if not verify_consistency(seen.size, seen.root, shown.size, shown.root, proof):
        return Verdict.FORK
    return Verdict.EXTENDS if shown.size > seen.size else Verdict.SAME


def _read_instant(text: str) -> datetime:
    # strptime is lenient about the number of digits; the form is not.
    if not _INSTANT_FORM.fullmatch(text):
        raise ValueError("not an instant")
    return datetime.strptime(text, _INSTANT).replace(tzinfo=UTC)
