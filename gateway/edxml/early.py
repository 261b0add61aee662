"""A package scanned while it comes, by whoever takes it; the judge asks in the end what was found."""

from gateway.edxml.ahead import Ahead
from gateway.edxml.outline import Limits, Outline
from gateway.edxml.scanner import Scan
from gateway.errors import Refusal
from gateway.model.identifiers import Digest

# What a parser holds of that many elements is held for as long as its package takes to come, of many at once.
_MARKS_AT_MOST = 5_000


class EarlyScan:
    """The scan of a package that is still coming; what is wrong with it is said when it has come.

    Whoever sends it learns of every fault at once, and has a receipt for all that was sent. One that is
    nearly all elements is given up, to be scanned when it is there, by one of the few who judge.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._scan: Scan | None = None
        self._refusal: Refusal | None = None
        self.is_given_up = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; of what must be refused the rest is passed over."""
        if self._refusal is not None or self.is_given_up:
            return
        if self._scan is None:
            self._scan = Scan(self._limits, ahead=Ahead())
        try:
            self._scan.feed(chunk)
        except Refusal as refusal:
            self._scan, self._refusal = None, refusal
            return
        if self._scan.marks_count > _MARKS_AT_MOST:
            self._scan, self.is_given_up = None, True

    def finish(self, digest: Digest) -> Outline:
        """Say what was found, once the whole has been fed; asked once.

        Errors: the Refusal that `scan` gives.
        """
        if self._refusal is not None:
            raise self._refusal
        return (self._scan or Scan(self._limits)).finish(digest)
