"""One payload while it is being cut out of the file."""

import hashlib
from dataclasses import dataclass, field

from gateway.edxml import names
from gateway.edxml.faults import make_fault
from gateway.edxml.outline import Payload
from gateway.edxml.payloads import Base64Decoder
from gateway.model.identifiers import Digest


@dataclass(slots=True)
class Cut:
    """A payload being cut out.

    Shape: mark is its place in the outline, start and end its place in the file; seen_bytes is what the
    parser had been shown when it began; broken says that it has turned out not to be base64.
    """

    mark: int
    start: int
    seen_bytes: int
    end: int = 0
    plain: bool = True
    broken: bool = False
    _decoded_bytes: int = 0
    _decoder: Base64Decoder = field(default_factory=Base64Decoder)
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def spaced(self) -> bool:
        """Tell whether the last piece had white space in it."""
        return self._decoder.spaced

    def take_solid(self, text: bytes) -> bool:
        """Decode and hash one piece as it stands in the file; False if it is not mere base64."""
        try:
            decoded = self._decoder.decode(text)
        except ValueError:
            return False
        for piece in decoded:
            self._decoded_bytes += len(piece)
            self._digest.update(piece)
        return True

    def take(self, text: bytes) -> None:
        """Decode and hash one piece as XML has it; what is not base64 now never will be."""
        self.broken = self.broken or not self.take_solid(text)

    def close(self, end: int) -> None:
        """Note where the payload ends."""
        self.end = end
        try:
            self._decoder.finish()
        except ValueError:
            self.broken = True

    def as_payload(self, token: str, number: int) -> Payload:
        """Say what was found."""
        fault = make_fault("payload-unreadable", names.PAYLOAD, number=number) if self.broken else None
        return Payload(
            token=token,
            start=self.start,
            end=self.end,
            plain=self.plain and not self.broken,
            decoded_bytes=0 if self.broken else self._decoded_bytes,
            digest=Digest((hashlib.sha256() if self.broken else self._digest).hexdigest()),
            fault=fault,
        )
