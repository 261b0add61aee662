"""What breaks the town: kills at points and at random, faults on every road."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field

from gateway.points import Point
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from tests.campaign.disk import EVERYWHERE, Disk, DiskFault, Place
from tests.campaign.nursery import Life
from tests.campaign.town import House

FAULTS = [fault for fault in Fault if fault is not Fault.AWAY]
# Points that are passed all the time die at a later passing, too.
_NTH = (1, 1, 1, 2, 3, 5, 8)
# The first commits of a life are about itself.
_NTH_COMMIT = (1, 5, 10, 15, 20, 30)
# Longer than others wait for a node, and than the server lets it hold what all need.
_FROZEN_AT_MOST = 4.0
_STARTED_AGAIN_AFTER = 0.3


@dataclass(kw_only=True)
class Killer:
    """Kills one house again and again, and starts it again each time.

    Shape: freezing is the part of its lives that stand still for a while, in_batch is set when one does so
    before its commit; stillborn are those that ended before they listened, by_themselves those that ended
    later and were not killed.
    Units: longest is the longest life in seconds.
    """

    house: House
    dice: random.Random
    longest: float
    stop: asyncio.Event
    freezing: float = 0.0
    in_batch: asyncio.Event = field(default_factory=asyncio.Event)
    at_points: Counter[str] = field(default_factory=Counter)
    at_random: int = 0
    frozen_at: Counter[str] = field(default_factory=Counter)
    stillborn: int = 0
    by_themselves: int = 0

    @property
    def count(self) -> int:
        """Count the kills."""
        return self.at_points.total() + self.at_random

    async def kill_on(self) -> None:
        """Kill until told to stop; the house is left running."""
        points: list[Point] = []
        passed: dict[str, int] = {}
        while not self.stop.is_set():
            if not points:
                # Only where this house comes by: a hub delivers nothing.
                passed = await self.house.nursery.passings(self.house.number)
                points = [point for point in Point if passed[point.name]]
                self.dice.shuffle(points)
            # Every fourth life ends at no point in particular, but at any instant.
            point = None if self.dice.random() < 0.25 else points.pop()
            often = point is not None and passed[point.name] > 100
            await self._live_and_die(point, nth=self.dice.choice(_NTH) if often else 1)
        await self.house.insist()

    async def _live_and_die(self, point: Point | None, *, nth: int) -> None:
        # Clocks differ, and step at every start, forwards or back.
        self.house.nursery.set_clock(self.house.number, self.dice.uniform(-600, 600))
        freezes = self.dice.random() < self.freezing
        if freezes and self.dice.random() < 0.4:
            point, nth = Point.BEFORE_COMMIT, self.dice.choice(_NTH_COMMIT)
        life = await self.house.start(point=point, nth=nth, freezes=freezes)
        if freezes:
            await self._freeze(life, point)
            point = None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                life.dead.wait(), self.longest if point else self.dice.uniform(0, self.longest)
            )
        has_ended = life.dead.is_set()
        if not has_ended:
            life.kill()
            await life.dead.wait()
        self._count(life, point if has_ended else None)
        if not life.was_killed:
            await asyncio.sleep(_STARTED_AGAIN_AFTER)

    async def _freeze(self, life: Life, point: Point | None) -> None:
        """Let it stand still at a point, or where it is by then, for longer than anybody waits for it."""
        waited_for = life.frozen if point else life.dead
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                waited_for.wait(), self.longest if point else self.dice.uniform(0, self.longest)
            )
        if life.dead.is_set():
            return
        is_at_point = point is not None and life.frozen.is_set()
        self.frozen_at[point.name if point and is_at_point else "any instant"] += 1
        is_in_batch = is_at_point and point is Point.BEFORE_COMMIT
        if is_in_batch:
            self.in_batch.set()
        life.freeze()
        # In a batch shorter than a DMS waits for its promise.
        await asyncio.sleep(self.dice.uniform(0.2, 1.5 if is_in_batch else _FROZEN_AT_MOST))
        life.thaw()

    def _count(self, life: Life, point: Point | None) -> None:
        if not life.was_killed:
            self.by_themselves += life.ready.is_set()
            self.stillborn += not life.ready.is_set()
        elif point is not None:
            self.at_points[point.name] += 1
        else:
            self.at_random += 1


@dataclass(kw_only=True)
class Saboteur:
    """Makes the disk under one house bad again and again; a house that dies of it is started again."""

    house: House
    disk: Disk
    dice: random.Random
    stop: asyncio.Event
    done: Counter[str] = field(default_factory=Counter)

    async def sabotage_on(self) -> None:
        """Break the disk until told to stop; it is left whole, and the house running."""
        while not self.stop.is_set():
            # Often it loses power: that shows what the other faults hide.
            others = [fault for fault in DiskFault if fault is not DiskFault.NONE]
            fault = DiskFault.POWER_CUT if self.dice.random() < 0.4 else self.dice.choice(others)
            await self._break(fault)
            self.disk.clear()
            await asyncio.sleep(self.dice.uniform(0, 0.3))
        if self._is_dead():
            await self.house.start()

    async def _break(self, fault: DiskFault) -> None:
        if self._is_dead():
            await self.house.start()
            await asyncio.sleep(self.dice.uniform(0.2, 1.0))
        where = self.dice.choice([EVERYWHERE, *Place])
        deadly = fault in (DiskFault.TORN, DiskFault.POWER_CUT)
        times = 1 if deadly else self.dice.choice((0, 1, 3))
        before = self.disk.struck
        rare = where in (Place.BLOB, Place.SPOOL)
        after = self.dice.randint(1, 6 if rare else 60) if deadly else self.dice.randint(1, 3)
        self.disk.set(fault, where, after=after, times=times)
        with contextlib.suppress(TimeoutError):
            life = self.house.life
            assert life is not None
            await asyncio.wait_for(life.dead.wait(), 2.0 if deadly else self.dice.uniform(0.2, 1.5))
        self.done[fault.name.lower().replace("_", "-")] += self.disk.struck - before

    def _is_dead(self) -> bool:
        return self.house.life is None or self.house.life.dead.is_set()


@dataclass(kw_only=True)
class Vandal:
    """Makes one road bad again and again."""

    road: FaultyAxis
    dice: random.Random
    stop: asyncio.Event
    done: Counter[str] = field(default_factory=Counter)

    async def break_on(self) -> None:
        """Break the road until told to stop; it is left whole."""
        while not self.stop.is_set():
            await self._break()
            self.done.update([self.road.fault] if self.road.fault is Fault.AWAY else [])
            self.road.fault = None
            await self._sleep(self.dice.uniform(0.05, 0.6))
        self.done.update(passage.fault for passage in self.road.passages if passage.fault is not None)

    async def _break(self) -> None:
        if self.dice.random() < 0.1:
            self.road.fault = Fault.AWAY
            await self._sleep(self.dice.uniform(0.2, 2.5))
            return
        self.road.plan(self.dice.choice(FAULTS), count=self.dice.randint(1, 4))
        with contextlib.suppress(TimeoutError):
            await self.road.met(timeout=self.dice.uniform(0.3, 1.5))

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
