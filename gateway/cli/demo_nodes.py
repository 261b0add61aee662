"""Founds the demo's nodes, with the same functions that ``init``, ``agency add`` and ``system add`` call."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from gateway.cli.founding import AxisAccess, Charter, found_node
from gateway.cli.node import CONFIG_NAME, open_node
from gateway.model.agency import System
from gateway.model.identifiers import SystemId
from gateway.model.signature import SignaturePolicy
from gateway.office import now
from gateway.sandbox.agencies import NodePlan
from gateway.sandbox.world import Upstream
from gateway.settings import Role
from gateway.trust.keys import Algorithm

_BY = "demo"
# Nobody wants to wait in a demo: what takes minutes in earnest takes half a second here.
_IN_A_HURRY = """
[delivery]
first_delay = "500ms"
longest_delay = "1s"
grace_at_stop = "2s"
"""
_POLL_EVERY = "100ms"


def found_for_demo(folder: Path, plan: NodePlan, upstream: Upstream | None) -> Mapping[SystemId, str]:
    """Found one node and connect its systems; return their secrets, which also lie in files beside it."""
    charter = Charter(
        name=plan.owner.name,
        agency_code=plan.owner.code,
        role=Role.HUB if upstream is None else Role.GATEWAY,
        # One of each kind that is in use: the hub's seal is ECDSA, the gateways' are RSA.
        algorithm=Algorithm.ECDSA_SHA256 if upstream is None else Algorithm.RSA_SHA256,
        axis=None if upstream is None else _access(upstream),
        authority=None if upstream is None else upstream.authority,
        port=0,
    )
    found_node(folder, charter, at=now())
    _hurry(folder / CONFIG_NAME)
    secrets = asyncio.run(_connect(folder, plan))
    for system, secret in secrets.items():
        path = folder / f"{system}.secret"
        path.touch(mode=0o600)
        path.write_text(f"{secret}\n")
    return secrets


def _access(upstream: Upstream) -> AxisAccess:
    return AxisAccess(
        url=upstream.url, systemid=upstream.system, secret=upstream.secret, poll_every=_POLL_EVERY
    )


def _hurry(config: Path) -> None:
    """Edit the settings as an operator would: short pauses, and only sealed packages from the axis."""
    text = config.read_text("utf-8").replace("[axis]\n", '[axis]\npolicy = "require"\n')
    config.write_text(text + _IN_A_HURRY, "utf-8")


async def _connect(folder: Path, plan: NodePlan) -> dict[SystemId, str]:
    secrets = {}
    async with open_node(folder) as office:
        for desk in plan.desks:
            for member in desk.serves:
                await office.registry.put_agency(member.agency, by=_BY, at=now())
            system = System(
                id=desk.id,
                kind=desk.kind,
                serves=frozenset(member.code for member in desk.serves),
                policy=SignaturePolicy.REQUIRE if desk.strict else SignaturePolicy.WARN,
            )
            secrets[desk.id] = await office.registry.put_system(system, by=_BY, at=now())
    return secrets
