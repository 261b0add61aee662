"""The watch over other logs: each new checkpoint of theirs is held against the last one seen.

A log can show one history to us and another to somebody else only as long as nobody compares. What fits
what we saw gets our signature under it; what contradicts it is kept, both notes, with a signed entry in our
own log, and is for people to act on. Fetching checkpoints and proofs is watching.py's.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.checkpoint import (
    ALARMING,
    Checkpoint,
    Verdict,
    compare,
    cosign_checkpoint,
    verify_checkpoint,
)
from gateway.evidence.note import read_note, write_signature
from gateway.evidence.receipts import JSON
from gateway.exchange.notary import Notary
from gateway.model.log import LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.checkpoints import Seen, find_seen, forget_seen, record_contradiction, record_seen
from gateway.store.database import Database
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a shown checkpoint is to the last one seen.

    Shape: verdict is None when the proof begins elsewhere than at seen_size, the size of the last one seen:
    nothing is judged then, and the log is to be asked for the right proof. line is our signature under the
    checkpoint, unless the verdict alarms.
    """

    verdict: Verdict | None
    seen_size: int
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Watches other logs for one gateway, and signs under its own log's name with the notary's seal."""

    database: Database
    notary: Notary
    name: str

    async def see(
        self,
        raw: bytes,
        *,
        origin: str,
        certificate: x509.Certificate,
        old: int,
        proof: Sequence[bytes],
        at: datetime,
    ) -> Sighting:
        """Hold a checkpoint against the last one seen of its log, and remember it when it fits.

        Shape: proof is the log's consistency proof from size old, 0 at first sight: the first checkpoint
        of a log that comes with the right signature is believed.
        Errors: Refusal when it is no checkpoint of that log, signed with that certificate's key.
        """
        note = read_note(raw)
        shown = verify_checkpoint(note, certificate)
        if shown is None or shown.origin != origin:
            raise Refusal.because(
                "checkpoint-unsigned",
                vi=f"không phải điểm chốt do nhật ký {origin} ký",
                en=f"not a checkpoint signed by the log {origin}",
            )
        # Compared and remembered in one act: two checkpoints seen at once must not both pass for the next.
        sighting = await self.database.write(lambda tables: self._see(tables, shown, raw, old, proof, at))
        passed(Point.CHECKPOINT_SEEN)
        if sighting.verdict is None or sighting.verdict in ALARMING:
            return sighting
        line = await asyncio.to_thread(cosign_checkpoint, note, self.name, self.notary.seal)
        return Sighting(verdict=sighting.verdict, seen_size=sighting.seen_size, line=write_signature(line))

    def _see(
        self,
        tables: Tables,
        shown: Checkpoint,
        raw: bytes,
        old: int,
        proof: Sequence[bytes],
        at: datetime,
    ) -> Sighting:
        seen = find_seen(tables, shown.origin)
        seen_size = 0 if seen is None else seen.size
        if seen is None:
            verdict = Verdict.EXTENDS
        elif old != seen_size and shown.size >= seen_size:
            return Sighting(verdict=None, seen_size=seen_size)
        else:
            last = Checkpoint(origin=seen.origin, size=seen.size, root=seen.root, at=None)
            verdict = compare(last, shown, proof)
            if verdict in ALARMING:
                self._raise_alarm(tables, seen, shown, raw, verdict, at)
                return Sighting(verdict=verdict, seen_size=seen_size)
        record_seen(tables, shown, raw, at=at)
        return Sighting(verdict=verdict, seen_size=seen_size)

    def _raise_alarm(
        self,
        tables: Tables,
        seen: Seen,
        shown: Checkpoint,
        raw: bytes,
        verdict: Verdict,
        at: datetime,
    ) -> None:
        if not record_contradiction(tables, seen, raw, verdict, at=at):
            return
        entry = self.notary.entry(
            LogKind.CONTRADICTED,
            at=at,
            log=seen.origin,
            verdict=verdict.value,
            seen_size=seen.size,
            seen_sha256=hashlib.sha256(seen.note).hexdigest(),
            shown_size=shown.size,
            shown_sha256=hashlib.sha256(raw).hexdigest(),
        )
        append_entry(tables, entry)

    async def forget(self, origin: str, *, by: str, at: datetime) -> None:
        """Begin again with a log whose keeper has said why it contradicts itself; the notes stay.

        Errors: Refusal when nothing was seen of it.
        """
        await self.database.write(lambda tables: self._forget(tables, origin, by, at))
        passed(Point.FORGOTTEN)

    def _forget(self, tables: Tables, origin: str, by: str, at: datetime) -> None:
        seen = find_seen(tables, origin)
        if seen is None:
            raise Refusal.because(
                "log-not-seen",
                vi=f"nút này chưa thấy điểm chốt nào của nhật ký {origin}",
                en=f"this node has seen no checkpoint of the log {origin}",
            )
        forget_seen(tables, origin, at=at)
        details: JSON = {"log": origin, "size": seen.size, "sha256": hashlib.sha256(seen.note).hexdigest()}
        act = "witness-forgot"
        append_entry(tables, self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=details))
