"""The canonical form of a package hashed while it comes, before anybody knows how it ends.

What stands before a payload has its canonical form as soon as it has come: nothing that follows changes it.
A signature is left out of it, for the form is what the signature was made over. All this is taken for true
only until the whole is there: whoever asks for the digest shows what stands between the payloads.
"""

import hashlib
from collections.abc import Sequence

from lxml import etree

from gateway.edxml.hardened import parse, write_canonical, write_canonical_without
from gateway.edxml.names import DS
from gateway.errors import Refusal

_SIGNATURE = f"{{{DS}}}Signature"
# The form is written anew for each payload. What has more, or more around them, is hashed when it is there.
_MOST_PAYLOADS = 16
_MOST_BYTES = 256 << 10
# In no name of XML: behind the last one the form has only end tags.
_HERE = b"~"


class Ahead:
    """Hashes one package: `begin` each payload, `take` its text, and see in the end whether it holds."""

    __slots__ = ("_befores", "_has_given_up", "_hash")

    def __init__(self) -> None:
        self._befores: list[bytes] = []
        self._hash = hashlib.sha256()
        self._has_given_up = False

    def begin(self, text: bytes | bytearray) -> None:
        """Begin a payload; text is all that stands before it, payloads cut out."""
        if self._has_given_up:
            return
        known = b"".join(self._befores)
        form = _write_begun(bytes(text)) if self._is_small(text) else b""
        if not form.startswith(known) or not form:
            self.give_up()
            return
        before = form[len(known) :]
        self._befores.append(before)
        self._hash.update(before)

    def take(self, text: bytes) -> None:
        """Take a payload's text, which is its own canonical form."""
        if not self._has_given_up:
            self._hash.update(text)

    def give_up(self) -> None:
        """Hash no more: something is not as it was taken to be."""
        self._has_given_up = True

    def digest(self, befores: Sequence[bytes], rest: bytes) -> bytes | None:
        """End the form and return its digest; None when what was hashed is not what stands there."""
        if self._has_given_up or self._befores != befores:
            return None
        whole = self._hash.copy()
        whole.update(rest)
        return whole.digest()

    def _is_small(self, text: bytes | bytearray) -> bool:
        return len(text) <= _MOST_BYTES and len(self._befores) < _MOST_PAYLOADS


def _write_begun(text: bytes) -> bytes:
    """Write the canonical form of a document's beginning, a signature left out; nothing if it has none."""
    try:
        root = parse(text + _HERE, is_whole=False)
        signature = next(root.iter(_SIGNATURE), None)
        form = write_canonical(root) if signature is None else write_canonical_without(signature)
    except (Refusal, etree.C14NError):
        return b""
    return form.rpartition(_HERE)[0]
