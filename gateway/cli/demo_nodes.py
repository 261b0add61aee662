"""Founds the demo's nodes, with the same functions that ``init``, ``agency add`` and ``system add`` call."""

import asyncio
from datetime import datetime
from pathlib import Path

from gateway.back_office import furnish_people
from gateway.cli.demo_people import add_people
from gateway.cli.founding import AxisAccess, Charter, found_node
from gateway.cli.node import CONFIG_NAME, open_node
from gateway.exchange.registry import Registry
from gateway.model.agency import System
from gateway.model.signature import SignaturePolicy
from gateway.sandbox.agencies import Desk, NodePlan
from gateway.sandbox.world import Keys, Upstream
from gateway.settings import Role
from gateway.trust.keys import Algorithm

_BY = "demo"
# Nobody wants to wait in a demo: what takes minutes in earnest takes half a second here.
_IN_A_HURRY = """
[delivery]
first_delay = "500ms"
longest_delay = "1s"
give_up_after = "2d"
grace_at_stop = "2s"

[audit]
checkpoint_every = "10s"
witness_every = "2s"
"""
_OF_THE_AXIS = 'policy = "require"\ncertificate_file = "axis.pem"\nreceipts_every = "1s"\n'
_POLL_EVERY = "100ms"


def found_for_demo(
    folder: Path, plan: NodePlan, upstream: Upstream | None, *, port: int, at: datetime, password: str
) -> Keys:
    """Found one node, connect its systems and let its people in.

    Shape: the systems' secrets also lie in files beside it; password is everybody's.
    """
    charter = Charter(
        name=plan.owner.name,
        agency_code=plan.owner.code,
        role=Role.HUB if upstream is None else Role.GATEWAY,
        # One of each kind that is in use: the hub's seal is ECDSA, the gateways' are RSA.
        algorithm=Algorithm.ECDSA_SHA256 if upstream is None else Algorithm.RSA_SHA256,
        axis=None if upstream is None else _access(upstream),
        authority=None if upstream is None else upstream.authority,
        port=port,
    )
    found_node(folder, charter, at=at)
    _hurry(folder / CONFIG_NAME, upstream)
    keys = asyncio.run(_let_in(folder, plan, password, at=at))
    for system, secret in keys.secrets.items():
        path = folder / f"{system}.secret"
        path.touch(mode=0o600)
        path.write_text(f"{secret}\n")
    return keys


def _access(upstream: Upstream) -> AxisAccess:
    return AxisAccess(
        url=upstream.url, systemid=upstream.system, secret=upstream.secret, poll_every=_POLL_EVERY
    )


def _hurry(config: Path, upstream: Upstream | None) -> None:
    """Edit the settings as an operator would: short pauses, and from the axis only what is signed."""
    text = config.read_text("utf-8") + _IN_A_HURRY
    if upstream is not None:
        (config.parent / "axis.pem").write_bytes((upstream.authority / "seal.pem").read_bytes())
        text = text.replace("[axis]\n", f"[axis]\n{_OF_THE_AXIS}")
    config.write_text(text, "utf-8")


async def _let_in(folder: Path, plan: NodePlan, password: str, *, at: datetime) -> Keys:
    async with open_node(folder) as office:
        secrets = [(desk.id, await _connect(office.registry, desk, at=at)) for desk in plan.desks]
        accounts = await add_people(furnish_people(office), plan, password, at=at)
    called = {desk.id for desk in plan.desks if not desk.at_console}
    return Keys(secrets={name: secret for name, secret in secrets if name in called}, accounts=accounts)


async def _connect(registry: Registry, desk: Desk, *, at: datetime) -> str:
    for member in desk.serves:
        await registry.put_agency(member.agency, by=_BY, at=at)
    system = System(
        id=desk.id,
        kind=desk.kind,
        serves=frozenset(member.code for member in desk.serves),
        policy=_policy(desk),
        at_console=desk.at_console,
    )
    return await registry.put_system(system, by=_BY, at=at)


def _policy(desk: Desk) -> SignaturePolicy:
    # What the console writes is the node's own: there is nothing to verify.
    if desk.at_console:
        return SignaturePolicy.OFF
    return SignaturePolicy.REQUIRE if desk.strict else SignaturePolicy.WARN
