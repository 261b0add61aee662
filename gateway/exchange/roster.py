"""The roster: who serves this gateway together with us, and who of us does what one does for all.

Every node says in short intervals that it is there, and looks at the others meanwhile. Who is missed in
several looks is gone, by no clock at all: a disk that stood still for everybody is nobody's end. On one
machine a lock tells at once (store/spools.py). Who finds one gone takes it off, with its duties and claims.

A round of a duty walks behind a fence (store/fences.py): what it writes is written in our term or not at all.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.errors import Delay
from gateway.log_lines import log
from gateway.model.node import Duty, Node, SeenNode
from gateway.points import Point, passed
from gateway.store import nodes
from gateway.store.blobs import Blobs
from gateway.store.database import Database, to_micros
from gateway.store.fences import fenced
from gateway.store.spools import Spools
from gateway.store.tables import Tables

_MISSES = 4


@dataclass(slots=True, kw_only=True)
class Roster:
    """Keeps one node among those that serve.

    Shape: new_term gives a name that no term had before; axis_asked_at is when the axis last answered whoever
    of us asks it for what has come.
    """

    database: Database
    blobs: Blobs
    spools: Spools
    node: Node
    gone_after: timedelta
    clock: Callable[[], datetime]
    new_term: Callable[[], str]
    axis_asked_at: datetime | None = None
    _rests: bool = False
    _terms: dict[Duty, str] = field(default_factory=dict)
    _beat_counts: dict[str, int] = field(default_factory=dict)
    _misses: dict[str, int] = field(default_factory=dict)
    _apart: frozenset[str] = frozenset()

    @property
    def beat_every(self) -> timedelta:
        """Tell how often we say that we are there."""
        return self.gone_after / _MISSES

    @property
    def is_alone(self) -> bool:
        """Tell whether nobody else was seen at the last look."""
        return not self._beat_counts

    @property
    def apart(self) -> frozenset[str]:
        """Name the nodes that do not find our large packages, nor we theirs."""
        return self._apart

    def answers_at(self, address: str) -> None:
        """Say where we are to be found."""
        self.node = replace(self.node, address=address)

    async def join(self) -> None:
        """Take our place. Who comes first clears what lies in the spool itself, too: left by commands."""
        await self.beat()
        if self.spools.is_alone():
            await replace(self.blobs, spool_directory=self.spools.root).clear_spool()

    async def beat(self) -> bool:
        """Say that we are there, take duties that nobody has; tell whether others were found gone."""
        abandoned, at = frozenset(self.spools.abandoned()), to_micros(self.clock())

        def act(tables: Tables) -> tuple[list[SeenNode], list[str], dict[Duty, str], datetime | None]:
            nodes.put_node(tables, self.node, seen_at_micros=at)
            others = [seen for seen in nodes.nodes_in(tables) if seen.node.name != self.node.name]
            gone = [seen.node.name for seen in others if self._is_gone(seen, abandoned)]
            nodes.take_off(tables, gone)
            terms = {} if self._rests else nodes.take_free_duties(tables, self.node.name, self.new_term())
            if Duty.AXIS in terms and self.axis_asked_at is not None:
                nodes.note_done(tables, terms[Duty.AXIS], Duty.AXIS, self.axis_asked_at)
            left = [seen for seen in others if seen.node.name not in gone]
            return left, gone, terms, nodes.find_done(tables, Duty.AXIS)

        others, gone, terms, asked_at = await self.database.write(act)
        passed(Point.NODE_SEEN)
        self._look_at(others)
        if (taken := terms.keys() - self._terms.keys()) and (others or gone):
            log.info("duties taken", node=self.node.name, duties=",".join(sorted(taken)))
        self._terms = terms
        if Duty.AXIS not in terms:
            self.axis_asked_at = asked_at or self.axis_asked_at
        for name in gone:
            log.warning("node gone", name=name)
        await self._clear(abandoned)
        return bool(gone)

    def _is_gone(self, seen: SeenNode, abandoned: frozenset[str]) -> bool:
        name = seen.node.name
        unchanged = self._beat_counts.get(name) == seen.beat_count
        return name in abandoned or (unchanged and self._misses[name] + 1 >= _MISSES)

    def _look_at(self, others: list[SeenNode]) -> None:
        for seen in others:
            name = seen.node.name
            unchanged = self._beat_counts.get(name) == seen.beat_count
            self._misses[name] = self._misses[name] + 1 if unchanged else 0
        self._beat_counts = {seen.node.name: seen.beat_count for seen in others}
        apart = self._find_apart(self._beat_counts)
        for name in apart - self._apart:
            log.warning("large packages not shared", node=name)
        self._apart = apart

    def _find_apart(self, others: Iterable[str]) -> frozenset[str]:
        # Spool and large packages lie on one file system: who has no folder in our spool has both elsewhere.
        if not self.blobs.is_in_folder:
            return frozenset()
        return frozenset(name for name in others if not self.spools.has(name))

    async def _clear(self, abandoned: frozenset[str]) -> None:
        """Remove what dead nodes left in their spools: only now, when nobody counts on them any more."""
        for name in abandoned:
            with self.spools.taking_over(name) as folder:
                if folder is not None:
                    await replace(self.blobs, spool_directory=folder).clear_spool()

    @contextlib.contextmanager
    def on_duty(self, duty: Duty | None) -> Iterator[str | None]:
        """Name our term on a duty, None when it is not ours; what needs none is always ours.

        What is written within is written in that term or not at all.
        """
        term = "" if duty is None else self._terms.get(duty)
        if duty is None or term is None:
            yield term
            return
        with fenced(lambda tables: _expect_term(tables, duty, term)):
            yield term

    async def lay_down(self) -> None:
        """Give every duty back at once, for good: its last round has ended."""
        self._rests, self._terms = True, {}
        await self.database.write(lambda tables: nodes.give_back(tables, self.node.name))
        passed(Point.DUTIES_GIVEN_BACK)

    async def leave(self) -> None:
        """Take ourselves off; a claim we could not end is anybody's now."""
        await self.database.write(lambda tables: nodes.take_off(tables, [self.node.name]))
        passed(Point.NODE_LEFT)


def _expect_term(tables: Tables, duty: Duty, term: str) -> None:
    if not nodes.is_in_term(tables, duty, term):
        raise Delay.because(
            "duty-lost",
            vi="Việc chung này đã do tiến trình khác đảm nhận.",
            en="Another node does this for all by now.",
        )
