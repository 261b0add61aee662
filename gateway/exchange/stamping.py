"""Checkpoints timestamped: an authority outside says since when the log has been what it is.

Stamped is the SHA-256 of the note as first published. A timestamp over the newest checkpoint vouches for all
before it, so the newest goes first and an absence is made good by the first answer. The older ones follow,
one after another, until each has its own: whoever holds an old checkpoint, or a proof under it, needs no
newer one. Nobody waits for any of this.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clients.timestamping import TimestampAuthority
from gateway.errors import Delay, Refusal
from gateway.exchange.troubles import Troubles
from gateway.points import Point, passed
from gateway.store.checkpoints import find_unstamped, keep_token
from gateway.store.database import Database

ABOUT = "timestamp"
# Of two clocks that differ by more, one is wrong, and a timestamp is kept for ever.
_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """Fetches the timestamps of one gateway's checkpoints. nonce gives a number never given before."""

    database: Database
    authority: TimestampAuthority
    clock: Callable[[], datetime]
    nonce: Callable[[], int]
    troubles: Troubles

    async def make_round(self) -> bool:
        """Stamp one checkpoint; tell whether the next can follow at once."""
        try:
            stamped = await self.stamp_next()
        except (Delay, Refusal) as error:
            self.troubles.begin(ABOUT, error, at=self.clock())
            return False
        self.troubles.end(ABOUT, at=self.clock())
        return stamped

    async def stamp_next(self) -> bool:
        """Stamp the newest checkpoint that has no timestamp; tell whether there was one.

        Errors: Delay or Refusal when no timestamp was to be had that can be believed.
        """
        kept = await find_unstamped(self.database)
        if kept is None:
            return False
        digest = hashlib.sha256(kept.note).digest()
        token, stamp = await self.authority.stamp(digest, nonce=self.nonce())
        passed(Point.STAMP_FETCHED)
        if abs(stamp.at - self.clock()) > _CLOCKS_APART:
            raise Refusal.because(
                "timestamp-clock",
                vi=f"dấu thời gian ghi {stamp.at:%Y-%m-%d %H:%M:%S}Z, lệch quá 5 phút so với đồng hồ máy này",
                en=f"the timestamp says {stamp.at:%Y-%m-%d %H:%M:%S}Z, more than 5 minutes from our clock",
            )
        await self.database.write(lambda tables: keep_token(tables, kept.size, token, at=stamp.at))
        passed(Point.STAMP_KEPT)
        return True
