"""What a seal signs of a package, remembered from its judgement until it leaves: mostly seconds.

Here only, and of the last some thousand: what is forgotten, or was judged by another node, is read again.
"""

from dataclasses import dataclass, field

from gateway.model.identifiers import Digest

_AT_MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """The digests of canonical forms, by those of the packages. Used on the loop alone."""

    _known: dict[Digest, bytes] = field(default_factory=dict)

    def remember(self, package: Digest, form: bytes) -> None:
        """Remember what is to be signed of a package."""
        self._known[package] = form
        if len(self._known) > _AT_MOST:
            del self._known[next(iter(self._known))]

    def find(self, package: Digest) -> bytes | None:
        """Return what is to be signed of a package, where it is known."""
        return self._known.get(package)
