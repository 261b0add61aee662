"""The world every walk takes place in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.model.agency import SystemKind
from gateway.sandbox.faulty_axis import FaultyAxis
from gateway.settings import Role
from tests.walks.world import FINANCE, HEALTH, HUB, MINISTRY, PROVINCE, World, playing, prepare_node


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A hub with a ministry on it, a province's shared gateway with two departments below it."""
    async with playing(tmp_path) as world:
        yield world


@pytest.fixture
async def road(tmp_path: Path) -> AsyncIterator[tuple[World, FaultyAxis]]:
    """The usual world with a road to the axis on which things go wrong."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    async with FaultyAxis(hub.url) as axis:
        gateway = prepare_node(
            tmp_path / "gateway",
            code=PROVINCE,
            below=(axis.url, "TINH", secret),
            axis={"answer_timeout": "1s", "connect_timeout": "1s"},
        )
        await gateway.connect("SYT", [HEALTH])
        await gateway.connect("STC", [FINANCE])
        await gateway.start()
        yield (
            World(
                hub=hub,
                gateway=gateway,
                ministry=hub.dms("BO"),
                health=gateway.dms("SYT"),
                finance=gateway.dms("STC"),
            ),
            axis,
        )
        await gateway.stop()
    await hub.stop()
