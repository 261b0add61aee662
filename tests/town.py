"""A commune that works in the console: on the usual world's gateway, below a hub with a ministry."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.config import load_config
from gateway.model.agency import Agency, System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.model.people import UserRole
from gateway.model.signature import SignaturePolicy
from gateway.office import now, open_office
from gateway.sandbox.dms import SampleDms
from gateway.settings import Role
from gateway.store.spools import own_spool
from gateway.wiring.desks import Desks
from gateway.wiring.gateway import build_gateway
from tests.console import Site, add_people, person
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, PROVINCE, Node, prepare_node, roster_of

COMMUNE = AgencyCode("000.04.20.H57")
WARD = AgencyCode("000.05.20.H57")
# Known to the gateway, and not to the hub.
STRANGER = AgencyCode("000.00.00.G77")
OTHER_STRANGER = AgencyCode("000.00.00.G78")
COMMUNE_NAME = "UBND xã Thử Nghiệm"


@dataclass(kw_only=True)
class Town:
    """The hub, the gateway with its site, and the DMSs around."""

    hub: Node
    gateway: Node
    site: Site | None = None
    ministry: SampleDms
    health: SampleDms

    @property
    def pages(self) -> Site:
        """The site, where there is one."""
        assert self.site is not None
        return self.site

    @contextlib.asynccontextmanager
    async def desks(self) -> AsyncIterator[Desks]:
        """The walks people start, as a second process beside the running server would have them."""
        config = load_config(self.gateway.directory / "config.toml")
        with own_spool(config.storage.spool_dir, "beside") as spools:
            async with open_office(config, spool_folder=spools.own) as office:
                roster = roster_of(office, "beside", spools, clock=self.gateway.clock)
                built = await build_gateway(office, roster, clock=self.gateway.clock)
                try:
                    yield built.desks
                finally:
                    for session in built.sessions:
                        await session.close()


async def at_console(node: Node, system: str, *agencies: tuple[AgencyCode, str]) -> None:
    """Let agencies work in a node's console."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        for code, name in agencies:
            await office.registry.put_agency(
                Agency(code=code, name=name, parent=PROVINCE), by="test", at=now()
            )
        desk = System(
            id=SystemId(system),
            kind=SystemKind.DMS,
            serves=frozenset(code for code, _ in agencies),
            policy=SignaturePolicy.OFF,
            at_console=True,
        )
        await office.registry.put_system(desk, by="test", at=now())


@contextlib.asynccontextmanager
async def open_town(folder: Path, **tables: dict[str, Any]) -> AsyncIterator[Town]:
    """Run it. The clerk is the commune's, the neighbour another's; all others see every agency."""
    hub = prepare_node(folder / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE, COMMUNE, WARD], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(folder / "gateway", code=PROVINCE, below=(hub.url, "TINH", secret), **tables)
    await gateway.connect("SYT", [HEALTH])
    await at_console(gateway, "XA", (COMMUNE, COMMUNE_NAME))
    await at_console(gateway, "PHUONG", (WARD, "UBND phường Thử Nghiệm"))
    async with open_office(load_config(gateway.directory / "config.toml")) as office:
        for code in (STRANGER, OTHER_STRANGER):
            stranger = Agency(code=code, name=f"Đơn vị {code}")
            await office.registry.put_agency(stranger, by="test", at=now())
    theirs = frozenset({COMMUNE})
    roles = {role: theirs if role in (UserRole.CLERK, UserRole.VIEWER) else None for role in UserRole}
    people = [person(role, agencies=agencies) for role, agencies in roles.items()]
    await add_people(gateway, *people, person(UserRole.CLERK, "neighbour", agencies=frozenset({WARD})))
    await gateway.start()
    try:
        yield Town(
            hub=hub,
            gateway=gateway,
            site=Site(node=gateway),
            ministry=hub.dms("BO"),
            health=gateway.dms("SYT"),
        )
    finally:
        await gateway.stop()
        await hub.stop()
