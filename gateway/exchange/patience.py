"""How often somebody may fail to sign in: pauses that grow, and never a door that stays shut.

Three counts are kept, in memory: of a login from one place, of a login from anywhere, of a place. What a
stranger does to a login from elsewhere makes nobody wait who signed in from his own place before.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from gateway.errors import Delay

_NO_PAUSE = timedelta()
_FIRST_PAUSE = timedelta(seconds=30)
# Of so many logins and places the failures are remembered; beyond, the oldest are forgotten.
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """So many failures are free; one is forgiven every so often; no pause is longer than this."""

    free: int
    forgiven_every: timedelta
    longest: timedelta


class Count(Enum):
    """What is counted. A place with many desks behind one address mistypes more than one person does."""

    HERE = _Rule(free=5, forgiven_every=timedelta(hours=1), longest=timedelta(minutes=15))
    LOGIN = _Rule(free=20, forgiven_every=timedelta(minutes=15), longest=timedelta(minutes=15))
    PLACE = _Rule(free=30, forgiven_every=timedelta(seconds=20), longest=timedelta(minutes=1))


Key = tuple[Count, str]


@dataclass(slots=True)
class _Failures:
    count: float
    counted_at: datetime
    pause: timedelta

    def rest(self, at: datetime) -> timedelta:
        # With a clock that was set back nobody waits longer than the pause itself.
        return self.pause - max(timedelta(), at - self.counted_at)


@dataclass(slots=True, kw_only=True)
class Patience:
    """Remembers who failed lately."""

    _failures: OrderedDict[Key, _Failures] = field(default_factory=OrderedDict)

    def begin(self, keys: Iterable[Key], *, at: datetime) -> None:
        """Let somebody try. It counts as a failure until it is forgiven: many tries at once are many.

        Errors: Delay ``locked-out`` while a pause lasts; the try does not count then.
        """
        keys = tuple(keys)
        rest = max((self._failures[key].rest(at) for key in keys if key in self._failures), default=_NO_PAUSE)
        if rest > _NO_PAUSE:
            raise _locked_out().again_in(rest)
        for key in keys:
            self._count(key, at)

    def forgive(self, keys: Iterable[Key]) -> None:
        """Take back one failure of each: it was none."""
        for key in keys:
            if key in self._failures:
                self._failures[key].count -= 1
                self._failures[key].pause = _NO_PAUSE

    def forget(self, keys: Iterable[Key]) -> None:
        """Begin anew: he was who he said."""
        for key in keys:
            self._failures.pop(key, None)

    def _count(self, key: Key, at: datetime) -> None:
        rule: _Rule = key[0].value
        before = self._failures.pop(key, None)
        forgiven = (at - before.counted_at) / rule.forgiven_every if before else 0.0
        count = max(0.0, before.count - max(0.0, forgiven)) + 1 if before else 1.0
        doublings = int(count) - rule.free
        # Sixteen doublings are more than any longest pause.
        pause = min(rule.longest, _FIRST_PAUSE * 2 ** min(16, doublings)) if doublings >= 0 else _NO_PAUSE
        self._failures[key] = _Failures(count, at, pause)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)


def place_of(address: str) -> str:
    """Name the place of an address: who has one of IPv6 has the whole /64."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 6:
        mapped = known.ipv4_mapped
        return str(mapped or ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _locked_out() -> Delay:
    return Delay.because(
        "locked-out",
        vi="Đã thử sai quá nhiều lần; hãy đợi rồi thử lại.",
        en="Too many failed attempts; wait, then try again.",
    )
