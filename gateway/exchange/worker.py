"""The loops: deliver what is due, fetch from the axis, keep the directory, match late answers, tidy up.

What is not about carrying packages comes as a `Round` and gets a loop, too. Each loop makes a round, then
sleeps until its time or until it is woken. What one node does for all is a duty: its loops turn everywhere,
its rounds are made by whoever has it (roster.py). Every node delivers what it claimed. A round that fails is
logged and tried again; nothing but `stop` ends a loop. How many dispatches may set out is the road's to say
(road.py). At stop claiming ends first, and deliveries under way get a grace period to finish.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.clients.axis import Axis
from gateway.errors import Delay
from gateway.exchange.admission import Admission
from gateway.exchange.claiming import Errand
from gateway.exchange.delivery import Delivery
from gateway.exchange.inbound import Inbound
from gateway.exchange.matching import Matching
from gateway.exchange.registry import Registry
from gateway.exchange.restoration import Restoration
from gateway.exchange.roster import Roster
from gateway.log_lines import log
from gateway.model.identifiers import DispatchId
from gateway.model.node import Duty

_IDLE = timedelta(seconds=1)
_AFTER_TROUBLE = timedelta(seconds=10)
_BETWEEN_TIDYINGS = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often each loop makes its round, and how much it takes on."""

    poll_every: timedelta
    directory_every: timedelta
    lease: timedelta
    concurrency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One thing to be done again and again: make tells whether the next round should follow at once.

    Shape: a round without a duty is made by every node, with one by who has it; begin is called when that
    changes, since others acted meanwhile. A round that waits_outside, for somebody who may never answer, is
    broken off at stop.
    """

    every: timedelta
    make: Callable[[], Awaitable[bool]]
    duty: Duty | None = None
    begin: Callable[[], None] = lambda: None
    waits_outside: bool = False


@dataclass(slots=True, kw_only=True)
class Worker:
    """Drives the walks of one gateway below an axis; a hub needs only `_match` and the rounds."""

    matching: Matching
    admission: Admission
    rhythm: Rhythm
    roster: Roster
    clock: Callable[[], datetime]
    axis: Axis | None = None
    delivery: Delivery | None = None
    inbound: Inbound | None = None
    registry: Registry | None = None
    restoration: Restoration | None = None
    rounds: Sequence[Round] = ()
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: set[DispatchId] = field(default_factory=set)
    _dropped: set[DispatchId] = field(default_factory=set)
    _running: bool = False
    _tidied_at: datetime | None = None

    def wake(self) -> None:
        """Say that something was left for the axis."""
        self._due.set()

    async def fetch(self) -> bool:
        """Fetch what the axis holds for us, without waiting for the next round; tell whether any was new."""
        assert self.inbound is not None  # noqa: S101 - only a gateway below an axis fetches
        assert self.axis is not None  # noqa: S101
        self.admission.check_disk()
        new = await self.inbound.fetch_waiting(
            self.axis, concurrency=self.rhythm.concurrency, clock=self.clock
        )
        self.roster.axis_asked_at = self.clock()
        if new:
            self.wake()  # status 01 of what just came in is due at once
        return new > 0

    @property
    def is_running(self) -> bool:
        """Tell whether the loops turn."""
        return self._running

    @property
    def axis_is_away(self) -> bool:
        """Tell whether only a scout may set out."""
        return self.delivery is not None and not self.delivery.road.is_open

    @property
    def axis_away_since(self) -> datetime | None:
        """Tell since when the axis is away."""
        return None if self.delivery is None else self.delivery.road.closed_at

    @property
    def fetched_at(self) -> datetime | None:
        """Tell when the axis was last asked for what has come, and answered."""
        return self.roster.axis_asked_at

    async def run(self) -> None:
        """Run every loop until `stop`."""
        self._running = True
        if self.delivery is not None:
            self.delivery.road.on_open = self.wake
        try:
            await self._run_loops()
        finally:
            self._running = False

    async def _run_loops(self) -> None:
        # Before anything is claimed: claims are believed of who is on the roster only.
        await self._every(Round(every=_IDLE, make=self._join), once=True)
        beating = asyncio.create_task(self._beat_on())
        try:
            await self._turn_loops()
        finally:
            beating.cancel()
            await _guarded(self._leave)

    async def _turn_loops(self) -> None:
        # The log is vouched for and alarms ring whatever else must wait.
        watch = [each for each in self.rounds if each.duty is Duty.LOG]
        others = [each for each in self.rounds if each.duty is not Duty.LOG]
        async with asyncio.TaskGroup() as loops:
            making = [self._begin(loops, each) for each in watch]
            # What left before a restore must be known before anything leaves again.
            if self.restoration is not None:
                await self._every(Round(every=_IDLE, make=self.restoration.find_out), once=True)
            making += [self._begin(loops, each) for each in (*self._own_rounds(), *others)]
            if self.delivery is not None:
                loops.create_task(self._deliver_what_is_due(self.delivery))
            loops.create_task(self._lay_down_after(making))

    def _begin(self, loops: asyncio.TaskGroup, each: Round) -> "asyncio.Task[None]":
        loop = loops.create_task(self._every(each))
        if each.waits_outside:
            loops.create_task(self._break_off(loop))
        return loop

    def _own_rounds(self) -> Iterator[Round]:
        yield Round(every=_BETWEEN_TIDYINGS, make=self._match, duty=Duty.UPKEEP)
        if self.delivery is not None:
            yield Round(every=_BETWEEN_TIDYINGS, make=self._tidy)
            yield Round(every=_BETWEEN_TIDYINGS, make=self.delivery.expire_overdue, duty=Duty.UPKEEP)
        if self.inbound is not None and self.axis is not None:
            yield Round(every=self.rhythm.poll_every, make=self.fetch, duty=Duty.AXIS)
        if self.registry is not None and self.axis is not None:
            yield Round(every=self.rhythm.directory_every, make=self._renew_directory, duty=Duty.AXIS)

    async def _break_off(self, loop: "asyncio.Task[None]") -> None:
        await self._stopping.wait()
        loop.cancel()

    async def _join(self) -> bool:
        await self.roster.join()
        if self.delivery is not None:
            await self.delivery.release_lost()
            await self.delivery.hasten()
        return True

    async def _beat_on(self) -> None:
        """Say that we are there until the last delivery has ended, and take over from who is not."""
        while True:
            await asyncio.sleep(self.roster.beat_every.total_seconds())
            if await _guarded(self.roster.beat) and self.delivery is not None:
                await _guarded(self._release)

    async def _lay_down_after(self, making: Sequence["asyncio.Task[None]"]) -> None:
        await asyncio.wait(making)
        await _guarded(self._lay_down)

    async def _lay_down(self) -> bool:
        await self.roster.lay_down()
        return False

    async def _leave(self) -> bool:
        await self.roster.leave()
        return False

    def stop(self) -> None:
        """Claim nothing more; `run` returns when deliveries under way have ended."""
        self._stopping.set()
        self._due.set()

    async def _every(self, each: Round, *, once: bool = False) -> None:
        """Make rounds: the next at once when a round says there is more, else after a pause.

        After a round that failed the pause is short, and while somebody else has the duty, who may end any
        moment. With once the first round that says so is the last.
        """
        last_term = None
        while not self._stopping.is_set():
            with self.roster.on_duty(each.duty) as term:
                if term != last_term:
                    each.begin()
                    last_term = term
                more = False if term is None else await _guarded(each.make)
            if more and once:
                return
            longest = _IDLE if term is None else _AFTER_TROUBLE if more is None else each.every
            pause = min(each.every, longest)
            if not more:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause.total_seconds())

    async def _deliver_what_is_due(self, delivery: Delivery) -> None:
        async with asyncio.TaskGroup() as under_way:
            while not self._stopping.is_set():
                self._due.clear()
                free = self.rhythm.concurrency - len(self._under_way)
                claimed = await self._claim(delivery, free) if free else []
                for errand in claimed:
                    self._under_way.add(errand.dispatch.id)
                    under_way.create_task(self._carry_out(delivery, errand))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._due.wait(), _IDLE.total_seconds())

    async def _claim(self, delivery: Delivery, free: int) -> list[Errand]:
        try:
            return await delivery.claim(lease=self.rhythm.lease, limit=free)
        except Delay as delay:
            log.warning("nothing claimed", reason=delay.code)
        except Exception:
            log.exception("nothing claimed")
        return []

    async def _carry_out(self, delivery: Delivery, errand: Errand) -> None:
        dispatch = errand.dispatch
        try:
            await delivery.carry_out(errand)
        except Delay as delay:
            # How it ended could not be recorded: it is given up, and the next attempt asks the axis first.
            self._dropped.add(dispatch.id)
            log.warning("attempt not recorded", dispatch=dispatch.id, reason=delay.code)
        except Exception:
            self._dropped.add(dispatch.id)
            log.exception("attempt failed", dispatch=dispatch.id)
        finally:
            delivery.road.come_back(dispatch.id)
            self._under_way.discard(dispatch.id)
            self._due.set()

    async def _renew_directory(self) -> bool:
        assert self.registry is not None  # noqa: S101 - run starts this loop only then
        changed = await self.registry.renew_from_axis(at=self.clock())
        if changed:
            log.info("directory renewed", changed=changed)
        return False

    async def _match(self) -> bool:
        return await self.matching.retry(at=self.clock())

    async def _tidy(self) -> bool:
        assert self.delivery is not None  # noqa: S101 - run starts this loop only then
        at = self.clock()
        if self._tidied_at is not None and at < self._tidied_at:
            log.warning("clock set back", by=str(self._tidied_at - at))
            await self.delivery.hasten()
        self._tidied_at = at
        await self.delivery.renew(self._under_way, lease=self.rhythm.lease)
        return await self._release()

    async def _release(self) -> bool:
        assert self.delivery is not None  # noqa: S101 - asked only then
        dropped = frozenset(self._dropped)
        lost = await self.delivery.release_lost(dropped=dropped)
        self._dropped -= dropped
        if lost:
            log.warning("claims lost", count=lost)
            self.wake()
        return False


async def _guarded(make_round: Callable[[], Awaitable[bool]]) -> bool | None:
    """Make one round; tell whether the next should follow at once, or None when it failed."""
    try:
        return await make_round()
    except Delay as delay:
        log.warning("round put off", reason=delay.code)
    except Exception:
        log.exception("round failed")
    return None
