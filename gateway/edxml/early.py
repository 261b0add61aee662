"""A package scanned while it comes, by whoever takes it; the judge asks in the end what was found."""

from gateway.edxml.ahead import Ahead
from gateway.edxml.outline import Limits, Outline
from gateway.edxml.scanner import Scan
from gateway.errors import Refusal
from gateway.model.identifiers import Digest


class EarlyScan:
    """The scan of a package that is still coming; what is wrong with it is said when it has come.

    Whoever sends it learns of every fault at once, and has a receipt for all that was sent.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._scan: Scan | None = None
        self._refusal: Refusal | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; of what must be refused the rest is passed over."""
        if self._refusal is not None:
            return
        if self._scan is None:
            self._scan = Scan(self._limits, ahead=Ahead())
        try:
            self._scan.feed(chunk)
        except Refusal as refusal:
            self._scan, self._refusal = None, refusal

    def finish(self, digest: Digest) -> Outline:
        """Say what was found, once the whole has been fed; asked once.

        Errors: the Refusal that `scan` gives.
        """
        if self._refusal is not None:
            raise self._refusal
        return (self._scan or Scan(self._limits)).finish(digest)
