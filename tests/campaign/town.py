"""The town that the campaign breaks: a hub, two provinces' gateways below it, DMSs at all of them.

    BO (G22) ─┐                                   ┌─ SYT (000.00.12.H57)
              ├─ hub ◀── road ── gateway "tinh" ◀─┤
    VP (G01) ─┘   ▲                               └─ STC (000.00.08.H57)
                  └───── road ── gateway "tinh2" ◀── SNV (000.00.05.H58)

Every DMS reaches its node over a road, too; on every road things go wrong on demand.
"""

import asyncio
import contextlib
import socket
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.config import load_config
from gateway.model.agency import Agency, SystemKind
from gateway.model.identifiers import AgencyCode
from gateway.office import now, open_office
from gateway.points import Point
from gateway.sandbox.dms import SampleDms
from gateway.sandbox.faulty_axis import FaultyAxis
from gateway.settings import Role
from tests.campaign import server as servers
from tests.campaign.nursery import Life, Nursery
from tests.databases import OwnServer
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, NAMES, PROVINCE, Node, prepare_node

OFFICE = AgencyCode("000.00.00.G01")
OTHER_PROVINCE = AgencyCode("000.00.00.H58")
INTERIOR = AgencyCode("000.00.05.H58")
# Known to the gateway, unknown to the axis: what is sent there comes back as a refusal.
GHOST = AgencyCode("000.00.77.H99")
NAMES |= {
    OFFICE: "Văn phòng Thử nghiệm",
    OTHER_PROVINCE: "UBND tỉnh Thử Nghiệm Hai",
    INTERIOR: "Sở Nội vụ tỉnh Thử Nghiệm Hai",
    GHOST: "Đơn vị đã giải thể",
}
PATIENCE = timedelta(seconds=4)


@dataclass(kw_only=True)
class House:
    """One node of the town: its directory, its process, the road its DMSs take.

    Shape: database is the address of its database on a server, None when it is a file.
    """

    name: str
    number: int
    node: Node
    nursery: Nursery
    road: FaultyAxis
    database: str | None = None
    disk: Path | None = None
    shared: int | None = None
    life: Life | None = None

    async def start(self, *, point: Point | None = None, nth: int = 1, freezes: bool = False) -> Life:
        """Start it; return once it is born, listening or not."""
        self.life = life = self.nursery.start(
            self.number,
            self.node.directory,
            point=point,
            nth=nth,
            freezes=freezes,
            disk=self.disk,
            shared=self.shared,
        )
        await life.born.wait()
        return life

    async def insist(self) -> None:
        """Start it until it listens: a server that is just coming back turns it away."""
        while not self.is_up:
            life = await self.start()
            ends = [asyncio.ensure_future(life.ready.wait()), asyncio.ensure_future(life.dead.wait())]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()

    def rows(self, sql: str) -> list[Any]:
        """Look into its database as an auditor with a copy would.

        Errors: servers.Away when nobody can just now.
        """
        if self.database is not None:
            return servers.rows(self.database, sql)
        path = self.node.directory / "lienthong.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError as error:  # a node that was just born has it to itself
            raise servers.Away from error

    def damage(self) -> list[str]:
        """Let the database's own examiner look at every page and reference."""
        if self.database is not None:
            return list(servers.what_is_broken(self.database))
        found = [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [
            f"a row of {row[0]} without its referent" for row in self.rows("PRAGMA foreign_key_check")
        ]

    @property
    def is_up(self) -> bool:
        """Tell whether it listens."""
        return self.life is not None and self.life.ready.is_set() and not self.life.dead.is_set()


@dataclass(kw_only=True)
class Desk:
    """One DMS and the one agency it serves."""

    system: str
    agency: AgencyCode
    house: House

    def dms(self) -> SampleDms:
        """Connect anew, over the road."""
        secret = self.house.node.secrets[self.system]
        return SampleDms(self.house.road.url, self.system, secret, made_at=now(), patience=PATIENCE)


@dataclass(kw_only=True)
class Town:
    """All houses, desks and roads. A mate is a second node of a house, behind the same port."""

    directory: Path
    houses: list[House] = field(default_factory=list)
    mates: list[House] = field(default_factory=list)
    desks: list[Desk] = field(default_factory=list)
    registrar: Desk | None = None
    roads: list[FaultyAxis] = field(default_factory=list)

    @property
    def upstream(self) -> list[FaultyAxis]:
        """The roads between a gateway and the hub."""
        return self.roads[: len(self.houses) - 1]


def double(town: Town) -> None:
    """Let every house have two nodes."""
    for house in town.houses:
        house.shared = int(load_config(house.node.directory / "config.toml").http.port)
        mate = replace(house, name=f"{house.name}'", number=house.number + len(town.houses))
        town.mates.append(mate)


def free_port() -> int:
    """Find a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_HTTP: dict[str, object] = {"requests_per_second": 100000, "burst": 100000}
_AXIS: dict[str, object] = {
    "answer_timeout": "2s",
    "connect_timeout": "1s",
    "poll_every": "100ms",
    "directory_every": "2s",
}
_DELIVERY: dict[str, object] = {"first_delay": "50ms", "longest_delay": "400ms"}


@contextlib.asynccontextmanager
async def open_town(
    directory: Path, nursery: Nursery, *, server: OwnServer | None = None
) -> AsyncIterator[Town]:
    """Lay out the town's directories and open its roads; nobody is started yet.

    Shape: with a server each house has a database there.
    """
    town = Town(directory=directory)
    ports = [free_port() for _ in range(3)]
    addresses = [f"http://127.0.0.1:{port}/vxp" for port in ports]
    async with contextlib.AsyncExitStack() as open_roads:
        for address in [addresses[0], addresses[0], *addresses]:
            town.roads.append(await open_roads.enter_async_context(FaultyAxis(address, delay=3.0)))

        def settle(name: str, number: int, node: Node) -> House:
            house = House(
                name=name,
                number=number,
                node=node,
                nursery=nursery,
                road=town.roads[2 + number],
                database=load_config(node.directory / "config.toml").storage.database,
            )
            town.houses.append(house)
            return house

        def tables(name: str, number: int) -> dict[str, dict[str, object]]:
            http = {**_HTTP, "port": ports[number]}
            storage = {} if server is None else {"storage": {"database": servers.database_of(server, name)}}
            return {"http": http, "delivery": dict(_DELIVERY), "nodes": {"gone_after": "1s"}, **storage}

        hub = settle("hub", 0, prepare_node(directory / "hub", code=HUB, role=Role.HUB, **tables("hub", 0)))
        for system, code in (("BO", MINISTRY), ("VP", OFFICE)):
            await hub.node.connect(system, [code])
            town.desks.append(Desk(system=system, agency=code, house=hub))
        provinces = (
            ("tinh", PROVINCE, (("SYT", HEALTH), ("STC", FINANCE))),
            ("tinh2", OTHER_PROVINCE, (("SNV", INTERIOR),)),
        )
        for number, (name, code, offices) in enumerate(provinces, start=1):
            served = [code, *(agency for _, agency in offices)]
            secret = await hub.node.connect(name.upper(), served, kind=SystemKind.GATEWAY)
            # The address of the road is the gateway's axis; prepare_node adds /vxp, the road has it already.
            url = town.roads[number - 1].url.removesuffix("/vxp")
            below = prepare_node(
                directory / name,
                code=code,
                below=(url, name.upper(), secret),
                axis=dict(_AXIS),
                **tables(name, number),
            )
            house = settle(name, number, below)
            await below.connect("UB", [code])
            town.registrar = town.registrar or Desk(system="UB", agency=code, house=house)
            for system, agency in offices:
                await below.connect(system, [agency])
                town.desks.append(Desk(system=system, agency=agency, house=house))
            async with open_office(load_config(below.directory / "config.toml")) as office:
                ghost = Agency(code=GHOST, name=NAMES[GHOST])
                await office.registry.put_agency(ghost, by="campaign", at=now())
        yield town
