"""Signed notes: a short text and under it the signatures of whoever vouches for it, one on a line.

The form is C2SP signed-note, the one that transparency logs and their witnesses speak. Our seals are RSA
and ECDSA keys, so a line's key id follows the rules for these: ECDSA is the form's own type 0x02, RSA the
one that Sigstore's logs use under 0xff. Their tools read our notes, and we read theirs.
Lines by keys we were not told to trust are kept as they are and prove nothing.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import Refusal
from gateway.trust.keys import Algorithm, Seal, algorithm_in, verify_raw

# The form asks for at least sixteen signatures, some of which may one day be post-quantum, 5 kB each.
_MAX_SIGNATURES = 64
_MAX_BYTES = 256 << 10
_KEY_ID_BYTES = 4
_DASH = "\u2014 "
_RSA_TYPE = b"\xffPKIX-RSA-PKCS#1v1.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line of a note.

    Shape: name has neither white space nor plus; key_id is 4 bytes; value is as `Seal.sign` gives it, when
    it is one of ours.
    """

    name: str
    key_id: bytes
    value: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.key_id) != _KEY_ID_BYTES or not self.value:
            raise ValueError("not a signature line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and its signatures, none of them verified.

    Shape: text ends with a line feed; the signatures are over its UTF-8 bytes.
    """

    text: str
    signatures: tuple[Signature, ...]

    def with_signature(self, signature: Signature) -> "Note":
        """Put one more signature under the note."""
        return replace(self, signatures=(*self.signatures, signature))


def is_key_name(name: str) -> bool:
    """Tell whether a name can stand in a signature line."""
    return bool(name) and not any(char.isspace() or char < " " or char == "+" for char in name)


def key_id_of(name: str, certificate: x509.Certificate) -> bytes | None:
    """Name a certificate's key under a key name, so that a line can be matched with it.

    Shape: 4 bytes; None when the key is none of ours. It is a hint: other keys may share it.
    Source: C2SP signed-note, "Signature types"; for RSA the identifier of Sigstore's rekor-tiles.
    """
    algorithm = algorithm_in(certificate)
    if algorithm is None:
        return None
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    # Type 0x02 is older than the rule that binds a key id to its name; it is over the key alone.
    bound = name.encode() + b"\n" + _RSA_TYPE if algorithm is Algorithm.RSA_SHA256 else b""
    return hashlib.sha256(bound + key).digest()[:_KEY_ID_BYTES]


def sign_text(text: str, name: str, seal: Seal) -> Signature:
    """Sign a note's text under a name.

    Shape: text ends with a line feed.
    """
    key_id = key_id_of(name, seal.certificate)
    assert key_id is not None  # noqa: S101 - a seal's key is one of ours
    return Signature(name=name, key_id=key_id, value=seal.sign(text.encode()))


def verify_note(note: Note, name: str, certificate: x509.Certificate) -> bool:
    """Tell whether a note is signed under a name with a certificate's key. The certificate is not judged.

    Every line that claims to be by this key must be right, or the note is not believed at all.
    """
    key_id = key_id_of(name, certificate)
    lines = [line for line in note.signatures if (line.name, line.key_id) == (name, key_id)]
    text = note.text.encode()
    return bool(lines) and all(verify_raw(certificate, text, line.value) for line in lines)


def write_note(note: Note) -> bytes:
    """Write a note: its text, an empty line, its signatures."""
    return (note.text + "\n" + "".join(map(write_signature, note.signatures))).encode()


def write_signature(signature: Signature) -> str:
    """Write one signature line, ended by a line feed."""
    value = base64.b64encode(signature.key_id + signature.value).decode()
    return f"{_DASH}{signature.name} {value}\n"


def read_note(raw: bytes) -> Note:
    """Read a note, insisting on its form.

    Errors: Refusal when it is not one, or larger than any that is meant well.
    """
    try:
        if len(raw) > _MAX_BYTES:
            raise ValueError("too large")
        written = raw.decode()
        if any(char < " " and char != "\n" for char in written):
            raise ValueError("control characters")
        # The text may have empty lines of its own: the last one divides.
        text, _, lines = written.rpartition("\n\n")
        signatures = tuple(map(read_signature, lines.removesuffix("\n").split("\n")))
        note = Note(text=text + "\n", signatures=signatures)
        if not text or not 1 <= len(signatures) <= _MAX_SIGNATURES or write_note(note) != raw:
            raise ValueError("not a note")
    except ValueError as error:
        raise Refusal.because(
            "note-malformed",
            vi="không đúng dạng bản ghi ký số (C2SP signed-note)",
            en="not in the form of a signed note (C2SP signed-note)",
        ) from error
    return note


def read_signature(line: str) -> Signature:
    """Read one signature line, with or without the line feed that ends it.

    Errors: ValueError when it is none.
    """
    dash, name, encoded = line.removesuffix("\n").split(" ")
    if dash != _DASH.strip():
        raise ValueError("not a signature line")
    try:
        value = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return Signature(name=name, key_id=value[:_KEY_ID_BYTES], value=value[_KEY_ID_BYTES:])
