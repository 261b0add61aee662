"""A small world for the walks: a hub, gateways below it, and DMSs that see them from the outside."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.config import load_config, write_config
from gateway.exchange.roster import Roster
from gateway.model.agency import Agency, System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.log import LogKind
from gateway.model.node import Node as Named
from gateway.model.signature import SignaturePolicy
from gateway.office import Office, now, open_office
from gateway.sandbox.dms import DmsAnswer, SampleDms
from gateway.serving import serving
from gateway.settings import Role
from gateway.store.spools import Spools
from gateway.store.tables import Row
from tests.databases import change, fresh_address, on_postgresql, rows_of, source_in
from tests.keys import authority, issued

HUB = AgencyCode("000.00.00.G99")
MINISTRY = AgencyCode("000.00.00.G22")
PROVINCE = AgencyCode("000.00.00.H57")
HEALTH = AgencyCode("000.00.12.H57")
FINANCE = AgencyCode("000.00.08.H57")

NAMES = {
    HUB: "Trục liên thông thử nghiệm",
    MINISTRY: "Bộ Thử nghiệm",
    PROVINCE: "UBND tỉnh Thử Nghiệm",
    HEALTH: "Sở Y tế tỉnh Thử Nghiệm",
    FINANCE: "Sở Tài chính tỉnh Thử Nghiệm",
}


@dataclass
class Clock:
    """A clock that tests set forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return now() + self.ahead


@dataclass(kw_only=True)
class Node:
    """One gateway or hub on loopback."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    _running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        config = load_config(self.directory / "config.toml")
        self.url = await self._running.enter_async_context(serving(config, clock=self.clock))

    async def stop(self) -> None:
        await self._running.aclose()

    async def connect(
        self,
        system: str,
        serves: Sequence[AgencyCode],
        *,
        kind: SystemKind = SystemKind.DMS,
        policy: SignaturePolicy = SignaturePolicy.WARN,
    ) -> str:
        """Connect a system, and put what it serves into the directory."""
        async with open_office(load_config(self.directory / "config.toml")) as office:
            for code in serves:
                agency = Agency(code=code, name=NAMES.get(code, str(code)))
                await office.registry.put_agency(agency, by="test", at=now())
            connected = System(id=SystemId(system), kind=kind, serves=frozenset(serves), policy=policy)
            self.secrets[system] = await office.registry.put_system(connected, by="test", at=now())
        return self.secrets[system]

    def dms(self, system: str, **habits: Any) -> SampleDms:
        """A DMS that connects as a system."""
        return SampleDms(f"{self.url}/vxp", system, self.secrets[system], made_at=now(), **habits)

    def rows(self, sql: str, *parameters: Any) -> list[Row]:
        """Look into the database as an auditor with a file would."""
        return rows_of(source_in(self.directory), sql, parameters)

    def change(self, sql: str, *parameters: Any) -> None:
        """Change the database as nobody may: where a test needs a past that takes too long to live."""
        change(source_in(self.directory), sql, parameters)

    def log(self, kind: LogKind | None = None) -> list[dict[str, Any]]:
        """The statements of the audit log, in order."""
        rows = self.rows("SELECT statement FROM log WHERE ? IS NULL OR kind = ? ORDER BY seq", kind, kind)
        return [json.loads(row["statement"]) for row in rows]


def prepare_node(
    directory: Path,
    *,
    code: AgencyCode,
    role: Role = Role.GATEWAY,
    below: tuple[str, str, str] | None = None,
    **tables: dict[str, object],
) -> Node:
    """Lay out a data directory as init does, with keys of a throw-away authority.

    Shape: below is the axis's address, our system's id there, and its secret; tables are the
    configuration's.
    """
    directory.mkdir(parents=True)
    (directory / "certs").mkdir()
    (directory / "certs" / "authority.pem").write_bytes(authority().certificate_pem)
    seal = issued(code)
    (directory / "seal.key").write_bytes(seal.key_pem)
    (directory / "seal.pem").write_bytes(seal.chain_pem)
    (directory / "secrets.key").write_bytes(bytes(32))
    tables.setdefault("http", {}).setdefault("port", 0)
    quick: dict[str, object] = {"first_delay": "100ms", "longest_delay": "1s"}
    tables["delivery"] = quick | tables.get("delivery", {})
    # Else what is found wrong would depend on the day on which the suite runs.
    tables["alerts"] = {"calendar_missing_within": "0s"} | tables.get("alerts", {})
    if below is not None:
        url, system, secret = below
        (directory / "axis.secret").write_text(secret)
        upstream: dict[str, object] = {
            "url": f"{url}/vxp",
            "systemid": system,
            "secret_file": "axis.secret",
            "poll_every": "100ms",
        }
        tables["axis"] = upstream | tables.get("axis", {})
    if on_postgresql():
        tables.setdefault("storage", {}).setdefault("database", fresh_address(directory))
    write_config(directory / "config.toml", name=NAMES[code], agency_code=code, role=role, tables=tables)
    return Node(directory=directory)


@dataclass(kw_only=True)
class World:
    """A hub with a ministry's DMS on it, and a province's gateway with two agencies below it."""

    hub: Node
    gateway: Node
    ministry: SampleDms
    health: SampleDms
    finance: SampleDms


@asynccontextmanager
async def playing(folder: Path, **tables: dict[str, object]) -> AsyncIterator[World]:
    """A hub with a ministry on it, a province's shared gateway with two departments below it.

    Shape: tables are the gateway's.
    """
    hub = prepare_node(folder / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(folder / "gateway", code=PROVINCE, below=(hub.url, "TINH", secret), **tables)
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    try:
        yield World(
            hub=hub,
            gateway=gateway,
            ministry=hub.dms("BO"),
            health=gateway.dms("SYT"),
            finance=gateway.dms("STC"),
        )
    finally:
        await gateway.stop()
        await hub.stop()


async def until(
    ask: Callable[[], Awaitable[DmsAnswer]], wanted: Callable[[DmsAnswer], bool], *, seconds: float = 10
) -> DmsAnswer:
    """Ask again and again until the answer is the wanted one."""
    async with asyncio.timeout(seconds):
        while not wanted(answer := await ask()):  # noqa: ASYNC110 - the far side is asked, not awaited
            await asyncio.sleep(0.05)
    return answer


async def insist(dms: SampleDms, package: bytes, *, sender: AgencyCode) -> DmsAnswer:
    """Send as a DMS does: again, while it is told that too many are being sent at this moment."""
    async with asyncio.timeout(30):
        answer = await dms.send(package, sender=sender)
        while "too-many-uploads" in answer.words:
            await asyncio.sleep(0.05)
            answer = await dms.send(package, sender=sender)
        return answer


async def collect_all(dms: SampleDms, kind: str = "edoc", *, count: int = 1) -> list[bytes]:
    """Wait for some packages, take them as a DMS does, and confirm."""
    listed = await until(lambda: dms.received(kind), lambda answer: len(answer.items) >= count)
    taken = []
    for item in listed.items:
        taken.append((await dms.get(item["docId"])).document)
        assert (await dms.confirm(item["docId"])).ok
    return taken


def status_codes(packages: Sequence[bytes]) -> list[str]:
    """The status codes of some status packages."""
    return [package.split(b"StatusCode>")[1][:2].decode() for package in packages]


def roster_of(office: Office, name: str, spools: Spools, *, clock: Callable[[], datetime] = now) -> Roster:
    """A node's place on the roster of an office."""
    terms = iter(f"{name} {number}" for number in range(1000))
    node = Named(name=name, host="máy", pid=1, address="", version="1", started_at=clock())
    return Roster(
        database=office.database,
        blobs=office.blobs,
        spools=spools,
        node=node,
        gone_after=office.config.nodes.gone_after,
        clock=clock,
        new_term=lambda: next(terms),
    )
