"""The three journeys that are measured: into a node, through a gateway, from DMS to DMS."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.nodes import READER, SENDING, WRITER, Cores, Ground, Node
from benchmarks.stock import Package, Stock, seal_for
from gateway.sandbox.agencies import HEALTH, MINISTRY
from gateway.sandbox.dms import DmsAnswer, SampleDms

_COLLECTORS_COUNT = 8
_NUMBER = re.compile(rb"<edXML:CodeNumber>(\d+)<")
_LOOK_SECONDS = 0.02


class Journey(Protocol):
    """A way that packages take.

    Shape: nodes are the processes whose cost counts, the one that others wait for first; ended_at tells,
    by number, when each package that has come to its end came there.
    """

    nodes: tuple[Node, ...]

    def stock(self, size_bytes: int) -> Stock:
        """Make the stock of packages of one size."""
        ...

    async def send(self, package: Package) -> None:
        """Send one package."""
        ...

    def ended_at(self) -> Mapping[str, float]:
        """Tell what has come to its end."""
        ...


@dataclass(slots=True, kw_only=True)
class Acceptance:
    """Into one node: sealed packages read, checked, verified, kept, answered with a signed receipt."""

    nodes: tuple[Node, ...]
    dms: SampleDms
    key: str
    _ended_at: dict[str, float] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(cls, ground: Ground, key: str, cores: Cores) -> AsyncIterator["Acceptance"]:
        """Serve the hub, which forwards nothing: what it accepts lies in a mailbox."""
        async with cls.into(ground.hub, key, cores) as journey:
            yield journey

    @classmethod
    @asynccontextmanager
    async def into(cls, hub: Node, key: str, cores: Cores) -> AsyncIterator["Acceptance"]:
        """Serve any hub."""
        async with AsyncExitStack() as left:
            _serve(hub, left, core=cores.measured)
            yield cls(nodes=(hub,), dms=_dms(hub, SENDING, left), key=key)

    @classmethod
    @asynccontextmanager
    async def open_doubled(cls, ground: Ground, key: str, cores: Cores) -> AsyncIterator["Acceptance"]:
        """Serve the hub with two processes on one database, wherever there is room."""
        async with AsyncExitStack() as left:
            _serve(ground.hub, left, core=None, workers_count=2)
            yield cls(nodes=(ground.hub,), dms=_dms(ground.hub, SENDING, left), key=key)

    def stock(self, size_bytes: int) -> Stock:
        """Make the stock of packages of one size."""
        seal = seal_for(HEALTH, self.nodes[0].folder, key=self.key)
        return Stock(sender=HEALTH, recipient=MINISTRY, size_bytes=size_bytes, seal=seal)

    async def send(self, package: Package) -> None:
        """Send one package; its promise is its end."""
        await _send(self.dms, package)
        self._ended_at[package.number] = time.time()

    def ended_at(self) -> Mapping[str, float]:
        """Tell what has been promised."""
        return self._ended_at


@dataclass(slots=True, kw_only=True)
class Passage:
    """Through one gateway: packages accepted, sealed, handed over to a hub, its answer recorded."""

    nodes: tuple[Node, ...]
    dms: SampleDms

    @classmethod
    @asynccontextmanager
    async def open(cls, ground: Ground, key: str, cores: Cores) -> AsyncIterator["Passage"]:
        """Serve the hub, and the gateway below it."""
        async with AsyncExitStack() as left:
            _serve(ground.hub, left, core=cores.others)
            _serve(ground.sender, left, core=cores.measured)
            yield cls(nodes=(ground.sender,), dms=_dms(ground.sender, WRITER, left))

    def stock(self, size_bytes: int) -> Stock:
        """Make the stock of packages of one size."""
        return Stock(sender=HEALTH, recipient=MINISTRY, size_bytes=size_bytes)

    async def send(self, package: Package) -> None:
        """Send one package."""
        await _send(self.dms, package)

    def ended_at(self) -> Mapping[str, float]:
        """Look into the gateway's database, as an auditor with a file would, for what the hub answered."""
        path = self.nodes[0].folder / "lienthong.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT notation, ended_at FROM dispatches JOIN packages ON packages.id = package_id"
                " WHERE destination = 'axis' AND state = 'delivered'"
            )
            return {notation.partition("/")[0]: ended_at / 1e6 for notation, ended_at in rows}


@dataclass(slots=True, kw_only=True)
class Chain:
    """DMS → gateway → hub → gateway → DMS, until the receiving DMS has collected and confirmed."""

    nodes: tuple[Node, ...]
    writer: SampleDms
    reader: SampleDms
    _ended_at: dict[str, float] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(cls, ground: Ground, key: str, cores: Cores) -> AsyncIterator["Chain"]:
        """Serve all three nodes, wherever there is room; collect what comes."""
        async with AsyncExitStack() as left:
            for node in (ground.hub, ground.sender, ground.receiver):
                _serve(node, left, core=None)
            chain = cls(
                nodes=(ground.sender, ground.hub, ground.receiver),
                writer=_dms(ground.sender, WRITER, left),
                reader=_dms(ground.receiver, READER, left),
            )
            async with asyncio.TaskGroup() as group:
                collecting = group.create_task(chain._collect())
                yield chain
                collecting.cancel()

    def stock(self, size_bytes: int) -> Stock:
        """Make the stock of packages of one size."""
        return Stock(sender=HEALTH, recipient=MINISTRY, size_bytes=size_bytes)

    async def send(self, package: Package) -> None:
        """Send one package."""
        await _send(self.writer, package)

    def ended_at(self) -> Mapping[str, float]:
        """Tell what has been collected and confirmed."""
        return self._ended_at

    async def _collect(self) -> None:
        """Be the receiving DMS for ever: list, fetch, confirm."""
        while True:
            items = iter((await self.reader.received()).items)
            async with asyncio.TaskGroup() as group:
                for _ in range(_COLLECTORS_COUNT):
                    group.create_task(self._take(items))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _take(self, items: Iterator[Mapping[str, Any]]) -> None:
        for item in items:
            content = (await self.reader.download(item["docId"])).body
            _insist(await self.reader.confirm(item["docId"]))
            found = _NUMBER.search(content)
            assert found is not None
            self._ended_at[found[1].decode()] = time.time()


def _serve(node: Node, left: AsyncExitStack, *, core: int | None, workers_count: int = 1) -> None:
    left.callback(node.stop)
    node.start(core=core, workers_count=workers_count)


def _dms(node: Node, system: str, left: AsyncExitStack) -> SampleDms:
    dms = node.dms(system)
    left.push_async_callback(dms.close)
    return dms


async def _send(dms: SampleDms, package: Package) -> None:
    _insist(await dms.send(package.content, sender=HEALTH.code, recipients=[MINISTRY.code]))


def _insist(answer: DmsAnswer) -> None:
    """Stop the campaign at the first refusal: refusing is quicker, and is not what is measured."""
    if not answer.ok:
        raise RuntimeError(f"not accepted: {answer.status} {answer.code} {answer.words}")
