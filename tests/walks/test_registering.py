"""Agencies that systems register and delete through a gateway: here and at the axis, and asked twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load_config
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.sandbox.dms import DmsAnswer
from tests.rooms.cli_kit import rules, run
from tests.walks.test_axis_probe import probed
from tests.walks.world import HEALTH, MINISTRY, Node, World, playing, until

CENTRE = AgencyCode("001.00.12.H57")
BODY = {"code": CENTRE, "name": "Trung tâm Kiểm soát bệnh tật", "mail": "cdc@thunghiem.example"}


def standing(node: Node) -> tuple[bool, str | None]:
    """Whether the centre is open on a node, and what it was merged into."""
    (row,) = node.rows("SELECT closed_at, merged_into FROM agencies WHERE code = ?", CENTRE)
    return row["closed_at"] is None, row["merged_into"]


def closed_at(node: Node) -> int:
    """When the centre was closed, in microseconds."""
    (row,) = node.rows("SELECT closed_at FROM agencies WHERE code = ?", CENTRE)
    return int(row["closed_at"])


def listed(answer: DmsAnswer) -> set[str]:
    """The codes in a list of agencies."""
    return {item["code"] for item in answer.items}


def acts(node: Node) -> list[dict[str, Any]]:
    """What was done about the directory, in order."""
    return node.log(LogKind.ADMINISTERED)


async def come_too_late(world: World) -> None:
    """Let a registration that was long on its way reach the hub behind everything else."""
    world.hub.secrets["TINH"] = (world.gateway.directory / "axis.secret").read_text()
    assert (await world.hub.dms("TINH").register(BODY)).ok


@pytest.mark.both_engines
async def test_deleted_twice_is_deleted_once(world: World) -> None:
    """The second time changes nothing, here and above: not the instant, not the log."""
    assert (await world.health.register(BODY)).ok
    assert (await world.health.delete(CENTRE)).ok
    before = [closed_at(world.gateway), closed_at(world.hub)]
    assert (await world.health.delete(CENTRE)).ok
    assert [closed_at(world.gateway), closed_at(world.hub)] == before
    for node in (world.gateway, world.hub):
        assert [each["act"] for each in acts(node)].count("agency-closed") == 1


async def test_a_registration_that_comes_too_late_is_undone_by_deleting_again(world: World) -> None:
    """Calls bear no order: closed here and open above, it is closed above when it is deleted once more."""
    assert (await world.health.register(BODY)).ok
    assert (await world.health.delete(CENTRE)).ok
    await come_too_late(world)
    assert (standing(world.gateway), standing(world.hub)) == ((False, None), (True, None))
    assert (await world.health.delete(CENTRE)).ok
    assert (standing(world.gateway), standing(world.hub)) == ((False, None), (False, None))


async def test_an_agency_deleted_here_and_open_above_is_named_by_the_test_of_the_way(world: World) -> None:
    """Others can still write to it; what was deleted on both sides is nothing to worry about."""
    assert (await world.health.register(BODY)).ok
    assert (await world.health.delete(CENTRE)).ok
    assert (await probed(world.gateway))[-1].is_well
    await come_too_late(world)
    last = (await probed(world.gateway))[-1]
    assert (last.name, last.is_well) == ("directory", False)
    assert CENTRE in last.vi
    assert CENTRE in last.en


async def test_each_step_of_the_test_stands_beside_its_mark(world: World) -> None:
    """As an operator reads it in the terminal."""
    ran = await asyncio.to_thread(run, "axis", "test", "-d", world.gateway.directory)
    assert " ✓ Đồng hồ lệch" in ran.output
    assert "Đường lên trục thông suốt." in ran.output


async def test_what_the_axis_still_lists_does_not_open_what_was_deleted_here(tmp_path: Path) -> None:
    """However often the directory is read."""
    async with playing(tmp_path, axis={"directory_every": "50ms"}) as world:
        assert (await world.health.register(BODY)).ok
        assert (await world.health.delete(CENTRE)).ok
        await come_too_late(world)
        for number in range(3):
            await world.hub.connect(f"BO{number}", [code := AgencyCode(f"000.00.0{number}.G22")])
            await until(world.health.agencies, lambda answer, code=code: code in listed(answer))
        assert standing(world.gateway) == (False, None)


async def test_a_country_s_directory_is_learned_in_parts(tmp_path: Path) -> None:
    """All of it at once would keep the writer from everybody, for a minute and more on PostgreSQL."""
    async with playing(tmp_path, axis={"directory_every": "50ms"}) as world:
        many = [
            Agency(code=AgencyCode(f"H57.{number}"), name=f"Đơn vị {number}") for number in range(1, 1002)
        ]
        async with open_office(load_config(world.hub.directory / "config.toml")) as office:
            await office.registry.put_agencies(many, served_by={}, by="test", at=now())
        await until(world.health.agencies, lambda answer: "H57.1001" in listed(answer))
        parts = [
            each["details"]["count"] for each in acts(world.gateway) if each["act"] == "directory-renewed"
        ]
        assert parts[-3:] == [500, 500, 1]


async def test_deleting_does_not_undo_a_merger(world: World) -> None:
    """An operator merged it; the system that served it no longer speaks for it."""
    assert (await world.health.register(BODY)).ok
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        await office.registry.close_agency(CENTRE, by="test", at=now(), merged_into=HEALTH)
    assert (await world.health.delete(CENTRE)).code == "5"
    assert standing(world.gateway) == (False, HEALTH)


async def test_what_was_deleted_above_alone_can_be_deleted_by_who_may_register_it(world: World) -> None:
    """Registered at the axis just before a crash: not served here yet, and not open there for ever."""
    await come_too_late(world)
    assert (await world.health.delete(CENTRE)).ok
    assert standing(world.hub) == (False, None)


async def test_an_operator_registers_what_is_served_here_and_deletes_what_was_closed(world: World) -> None:
    """For agencies whose systems do neither; each act is in the log, asked twice it does no harm."""
    folder = world.gateway.directory
    await world.gateway.connect("TTYT", [CENTRE])
    for _ in range(2):
        ran = await asyncio.to_thread(run, "axis", "register", CENTRE, "-d", folder)
        assert CENTRE in ran.output
        assert standing(world.hub) == (True, None)
    await asyncio.to_thread(run, "agency", "close", CENTRE, "-d", folder)
    await asyncio.to_thread(run, "axis", "delete", CENTRE, "-d", folder)
    assert standing(world.hub) == (False, None)
    told = [(each["act"], each["details"]) for each in acts(world.gateway)]
    assert told.count(("agency-enrolled", {"agency": CENTRE})) == 2
    assert told.count(("agency-withdrawn", {"agency": CENTRE})) == 1


async def test_the_axis_is_not_asked_for_what_cannot_be_meant(world: World) -> None:
    """All faults at once: who moved away keeps its place at the axis, who is open here keeps it, too."""
    folder = world.gateway.directory
    ran = await asyncio.to_thread(run, "axis", "delete", HEALTH, MINISTRY, "-d", folder, code=1)
    assert rules(ran) == ["agency-open", "agency-not-served"]
    await world.gateway.connect("TTYT", [CENTRE])
    await asyncio.to_thread(run, "agency", "close", CENTRE, "-d", folder)
    ran = await asyncio.to_thread(run, "axis", "register", CENTRE, "H99", "-d", folder, code=1)
    assert rules(ran) == ["agency-closed", "agency-not-served"]
    assert (await world.ministry.agencies()).ok
    assert not world.hub.rows("SELECT 1 FROM agencies WHERE code = ?", CENTRE)


async def test_what_the_axis_refuses_is_named_and_what_it_took_before_is_told(world: World) -> None:
    """The operator sees how far it came: the second is another's at the axis."""
    theirs = AgencyCode("002.00.12.H57")
    await world.hub.connect("KHAC", [theirs])
    await world.gateway.connect("TTYT", [CENTRE, theirs])
    folder = world.gateway.directory
    ran = await asyncio.to_thread(run, "axis", "register", CENTRE, theirs, "-d", folder, code=1)
    assert f"Trục đã nhận đăng ký {CENTRE}" in ran.stdout
    assert rules(ran) == ["axis-refused"]
    assert theirs in ran.stderr
