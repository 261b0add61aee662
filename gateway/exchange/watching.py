"""The peers' logs looked at, one after another: checkpoint, proof, judgement, our signature given back.

A peer that is away or slow is a trouble, told and tried again. A log that contradicts what was seen of it is
an alarm: witness.py has recorded it before anything is said here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.clients.peer_log import PeerLog
from gateway.errors import Delay, Refusal
from gateway.evidence.checkpoint import ALARMING, read_checkpoint
from gateway.evidence.note import Note, read_note, verify_note
from gateway.exchange.troubles import Troubles
from gateway.exchange.witness import Sighting, Witness
from gateway.log_lines import log
from gateway.points import Point, passed
from gateway.store.checkpoints import list_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Another log, and how to reach it. certificates are the keys it may be signed with."""

    origin: str
    certificates: tuple[x509.Certificate, ...]
    log: PeerLog

    def certificate_of(self, note: Note) -> x509.Certificate:
        """Find which certificate a note was signed with; the first when with none."""
        signed = (each for each in self.certificates if verify_note(note, self.origin, each))
        return next(signed, self.certificates[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Looks at the peers' logs for one gateway."""

    witness: Witness
    peers: Sequence[Peer]
    clock: Callable[[], datetime]
    troubles: Troubles

    async def make_round(self) -> bool:
        """Look at each peer once. Never asks for another round at once."""
        for peer in self.peers:
            about = f"peer {peer.origin}"
            try:
                await self.look_at(peer)
            except (Delay, Refusal) as error:
                self.troubles.begin(about, error, at=self.clock())
            else:
                self.troubles.end(about, at=self.clock())
        return False

    async def look_at(self, peer: Peer) -> Sighting:
        """Hold a peer's newest checkpoint against the last one seen, and sign it when it fits.

        Errors: Delay when the peer cannot be asked; Refusal when what it shows is no checkpoint of its log,
        or contradicts what was seen.
        """
        raw = await peer.log.fetch_checkpoint()
        note = read_note(raw)
        size = read_checkpoint(note).size
        sighting = await self._see(peer, raw, note, size)
        if sighting.verdict in ALARMING:
            raise _contradicted(peer.origin, sighting, size)
        signed = {signature.name for signature in note.signatures}
        if sighting.line and self.witness.name not in signed:
            await peer.log.give_cosignature(size, sighting.line)
            passed(Point.COSIGNATURE_GIVEN)
        return sighting

    async def _see(self, peer: Peer, raw: bytes, note: Note, size: int) -> Sighting:
        known = {each.origin: each.size for each in await list_seen(self.witness.database)}
        seen_size = known.get(peer.origin, 0)
        proof = await self._prove(peer, seen_size, size)
        return await self.witness.see(
            raw,
            origin=peer.origin,
            certificate=peer.certificate_of(note),
            old=seen_size,
            proof=proof,
            at=self.clock(),
        )

    async def _prove(self, peer: Peer, seen_size: int, size: int) -> tuple[bytes, ...]:
        if not 0 < seen_size < size:
            return ()
        try:
            return await peer.log.fetch_consistency(seen_size, size)
        except Refusal:
            # A log that only grew can always give a proof. One that says it cannot has none.
            return ()


def _contradicted(origin: str, sighting: Sighting, size: int) -> Refusal:
    log.error("log contradicted", log=origin, verdict=sighting.verdict, seen=sighting.seen_size, shown=size)
    return Refusal.because(
        "log-contradicted",
        vi=f"nhật ký {origin} mâu thuẫn với điểm chốt đã thấy: lienthong log witness",
        en=f"the log {origin} contradicts the checkpoint seen of it: lienthong log witness",
    )
