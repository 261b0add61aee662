"""What vouches for the log beside the exchange: checkpoints made, stamped, and peers' logs watched.

Each is a round of the worker. Nothing of the exchange waits for any of them, and what does not go well is a
trouble to be told, never a reason to take or deliver less.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.errors import Refusal
from gateway.exchange.checkpoints import Checkpoints
from gateway.exchange.stamping import Stamping
from gateway.exchange.standing import Standing, read_standing
from gateway.exchange.troubles import Troubles
from gateway.exchange.watching import Watching
from gateway.log_lines import log

ALTERED = "log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """Keeps one gateway's log vouched for. Without an authority or peers it does without."""

    checkpoints: Checkpoints
    stamping: Stamping | None
    watching: Watching | None
    troubles: Troubles
    clock: Callable[[], datetime]

    async def make_checkpoint(self) -> bool:
        """Make a round: a checkpoint of whatever has come. Never asks for another at once."""
        try:
            await self.checkpoints.make(at=self.clock())
        except Refusal as refusal:
            # The log is no longer what was signed. It is said in every round, until somebody has looked.
            log.error("log altered", reason=refusal.code)
            self.troubles.begin(ALTERED, refusal, at=self.clock())
        else:
            self.troubles.end(ALTERED, at=self.clock())
        return False

    async def standing(self) -> Standing:
        """Read how the log stands."""
        return await read_standing(self.checkpoints.database)

    def unstamped_for(self, standing: Standing) -> timedelta:
        """Tell how long no timestamp has covered the log; nothing where nobody gives any."""
        return timedelta() if self.stamping is None else standing.exposed_for(self.clock())

    async def remarks(self) -> Mapping[str, str]:
        """Say what an operator should know; empty when there is nothing."""
        remarks = {
            about: f"{trouble.error.code} {_since(trouble.since)}"
            for about, trouble in self.troubles.open.items()
        }
        standing = await self.standing()
        if self.stamping is not None and standing.exposed_since is not None:
            seconds = int(self.unstamped_for(standing).total_seconds())
            remarks["unstamped"] = f"{seconds} s, {_since(standing.exposed_since)}"
        for alarm in standing.alarms:
            remarks[f"contradiction {alarm.origin}"] = f"{alarm.verdict} {_since(alarm.shown_at)}"
        return remarks


def _since(at: datetime) -> str:
    return f"since {at:%Y-%m-%dT%H:%M:%SZ}"
