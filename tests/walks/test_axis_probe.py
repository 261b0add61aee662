"""What is wrong between us and the axis is said in words, at the first step that fails."""

from datetime import timedelta

import pytest

from gateway.clients.axis_probe import ProbeStep
from gateway.config import load_config
from gateway.office import now, open_office
from gateway.wiring.axis import lay_road, open_session, probe_axis, reach_axis
from tests.campaign.town import free_port
from tests.walks.world import FINANCE, HEALTH, Node, World


async def probed(node: Node, *, ahead: timedelta = timedelta(), **changes: str) -> list[ProbeStep]:
    """Test the way to the axis, with lines of the configuration changed."""
    path = node.directory / "config.toml"
    text = path.read_text()
    for key, value in changes.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        text = text.replace(line, f'{key} = "{value}"')
    path.write_text(text)
    config = load_config(path)
    session = open_session(config)
    assert session is not None
    async with session, open_office(config) as office:
        axis = reach_axis(config, session, lay_road(config), lambda: now() + ahead)
        directory = await office.directory.current(certainly=True)
        return await probe_axis(config, axis, directory, lambda: now() + ahead).test()


async def test_a_way_that_is_well_is_well_at_every_step(world: World) -> None:
    """Address, connection, clock, signature, directory; nothing is encrypted here."""
    steps = await probed(world.gateway)
    assert [step.name for step in steps] == ["address", "connection", "clock", "signature", "directory"]
    assert all(step.is_well for step in steps)


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("http://khong-co-may-nay.invalid/vxp", "address"),
        (f"http://127.0.0.1:{free_port()}/vxp", "connection"),
    ],
    ids=["no such name", "nobody listens"],
)
async def test_a_wrong_address_is_named(world: World, url: str, failing: str) -> None:
    """Nothing behind it is tried."""
    last = (await probed(world.gateway, url=url))[-1]
    assert (last.name, last.is_well) == (failing, False)


async def test_an_axis_that_speaks_no_tls_is_not_taken_for_one_that_does(world: World) -> None:
    """The port is open, the handshake is not."""
    last = (await probed(world.gateway, url=world.hub.url.replace("http:", "https:") + "/vxp"))[-1]
    assert (last.name, last.is_well) == ("encryption", False)


async def test_clocks_apart_are_told_in_minutes(world: World) -> None:
    """Before the axis refuses the signature for it."""
    last = (await probed(world.gateway, ahead=timedelta(hours=1)))[-1]
    assert (last.name, last.is_well) == ("clock", False)
    assert "60 phút" in last.vi


async def test_a_wrong_secret_is_told_with_what_to_check(world: World) -> None:
    """The axis's own words, and where the secret stands."""
    (world.gateway.directory / "axis.secret").write_text("x" * 40)
    last = (await probed(world.gateway))[-1]
    assert (last.name, last.is_well) == ("signature", False)
    assert "axis.secret_file" in last.vi


async def test_an_agency_the_axis_does_not_know_is_named(world: World) -> None:
    """Served here, and nobody can write to it."""
    from gateway.model.identifiers import AgencyCode

    await world.gateway.connect("X", [AgencyCode("000.00.99.H57")])
    last = (await probed(world.gateway))[-1]
    assert (last.name, last.is_well) == ("directory", False)
    assert "000.00.99.H57" in last.en


async def test_where_the_two_directories_differ_is_told(world: World) -> None:
    """What the axis forgot and what was merged is good to know; closed here and open there is wrong."""
    gone, merge = "000.00.77.H99", "UPDATE agencies SET closed_at = 1, merged_into = ? WHERE code = ?"
    world.gateway.change("INSERT INTO agencies (code, name, from_axis) VALUES (?, 'Sở cũ', TRUE)", gone)
    world.gateway.change(merge, HEALTH, FINANCE)
    last = (await probed(world.gateway))[-1]
    assert (last.name, last.is_well) == ("directory", True)
    assert f"Merged here and open at the axis: {FINANCE}." in last.en
    assert f"Open here and no longer listed by the axis: {gone}." in last.en
    world.gateway.change(merge, None, FINANCE)
    last = (await probed(world.gateway))[-1]
    assert not last.is_well
    assert last.en.startswith(f"Closed here and open at the axis: {FINANCE}.")
