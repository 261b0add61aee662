"""How often somebody may fail to sign in: pauses that grow, and never a door that stays shut.

Three counts are kept, by all nodes together: of a login from one place, of a login from anywhere, of a place.
What a stranger does to a login from elsewhere makes nobody wait who signed in from his own place before.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from gateway.errors import Delay
from gateway.points import Point, passed
from gateway.store.database import Database
from gateway.store.sign_in_failures import (
    Failures,
    find_failures,
    forget_failures,
    keep_failures,
    take_back,
)
from gateway.store.tables import Tables

_NO_PAUSE = timedelta()
_FIRST_PAUSE = timedelta(seconds=30)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Remembers who failed lately."""

    database: Database

    async def begin(self, keys: Iterable[Key], *, at: datetime) -> None:
        """Let somebody try. It counts as a failure until it is forgiven: many tries at once are many.

        Errors: Delay ``locked-out`` while a pause lasts; the try does not count then.
        """
        keys = tuple(keys)

        def act(tables: Tables) -> None:
            before = {key: find_failures(tables, *_named(key)) for key in keys}
            rest = max((_rest(failures, at) for failures in before.values() if failures), default=_NO_PAUSE)
            if rest > _NO_PAUSE:
                raise _locked_out().again_in(rest)
            for key, failures in before.items():
                keep_failures(tables, *_named(key), _count(key[0].value, failures, at))

        await self.database.write(act)
        passed(Point.TRY_COUNTED)

    async def forgive(self, keys: Iterable[Key]) -> None:
        """Take back one failure of each: it was none."""
        keys = tuple(keys)

        def act(tables: Tables) -> None:
            for key in keys:
                take_back(tables, *_named(key))

        await self.database.write(act)
        passed(Point.TRY_FORGIVEN)

    async def begin_anew(self, keys: Iterable[Key]) -> None:
        """Forget what was counted: he was who he said. His place, where others try too, is only forgiven."""
        keys = tuple(keys)

        def act(tables: Tables) -> None:
            for key in keys:
                (take_back if key[0] is Count.PLACE else forget_failures)(tables, *_named(key))

        await self.database.write(act)
        passed(Point.FAILURES_FORGOTTEN)


def _named(key: Key) -> tuple[str, str]:
    return key[0].name.lower(), key[1]


def _rest(failures: Failures, at: datetime) -> timedelta:
    # With a clock that was set back nobody waits longer than the pause itself.
    return failures.pause - max(timedelta(), at - failures.counted_at)


def _count(rule: _Rule, before: Failures | None, at: datetime) -> Failures:
    forgiven = (at - before.counted_at) / rule.forgiven_every if before else 0.0
    count = max(0.0, before.count - max(0.0, forgiven)) + 1 if before else 1.0
    doublings = int(count) - rule.free
    # Sixteen doublings are more than any longest pause.
    pause = min(rule.longest, _FIRST_PAUSE * 2 ** min(16, doublings)) if doublings >= 0 else _NO_PAUSE
    return Failures(count=count, counted_at=at, pause=pause)


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
