"""The axis away, slow, lying or forgetful: documents wait, arrive once, and their sender is told if not."""

from datetime import timedelta

import pytest

from gateway.model.log import LogKind
from tests.packages import Sent, document
from tests.walks.world import HEALTH, MINISTRY, World, collect_all, status_codes, until


async def test_what_was_accepted_while_the_axis_was_away_arrives_when_it_is_back(world: World) -> None:
    """The promise is given at once; attempts are on record; the document arrives once."""
    await world.hub.stop()
    answer = await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)
    assert answer.ok, answer.words
    report = await until(
        world.health.sent, lambda answer: any("axis-away" in item["sendStatusDesc"] for item in answer.items)
    )
    assert report.items[0]["sendStatus"] == "processing"
    await _come_back(world)
    assert len(await collect_all(world.hub.dms("BO"))) == 1
    assert len(world.gateway.log(LogKind.DELIVERED)) == 1
    assert world.gateway.log(LogKind.DEFERRED)[0]["code"] == "axis-away"


async def test_who_cannot_be_reached_in_time_is_given_up_and_the_sender_told(world: World) -> None:
    """After the time allowed the dispatch expires, and a 02 with the reason lies in the sender's mailbox."""
    await world.hub.stop()
    await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)
    await until(world.health.sent, lambda answer: bool(answer.items))
    world.gateway.clock.ahead = timedelta(days=6)
    (notice,) = await collect_all(world.health, "status")
    assert status_codes([notice]) == ["02"]
    assert "không gửi được" in notice.decode().lower()
    assert len(world.gateway.log(LogKind.EXPIRED)) == 1
    (row,) = world.gateway.rows("SELECT state FROM dispatches WHERE destination = 'axis'")
    assert row["state"] == "expired"
    await world.hub.start()


async def test_what_the_axis_refuses_is_not_tried_again_and_the_sender_told(world: World) -> None:
    """The axis has closed the recipient since: a permanent no, one attempt, a notice."""
    await _unknown_at_the_axis(world)
    answer = await world.health.send(document(Sent(sender=HEALTH), ["000.00.00.G55"]), sender=HEALTH)
    assert answer.ok, answer.words
    assert status_codes(await collect_all(world.health, "status")) == ["02"]
    (turned_away,) = world.gateway.log(LogKind.TURNED_AWAY)
    assert turned_away["code"] == "axis-refused"


async def test_one_recipient_the_axis_does_not_know_does_not_keep_it_from_the_others(world: World) -> None:
    """Refused together, they are tried one by one; the sender hears of the one that failed."""
    await _unknown_at_the_axis(world)
    package = document(Sent(sender=HEALTH), [MINISTRY, "000.00.00.G55"])
    assert (await world.health.send(package, sender=HEALTH)).ok
    assert len(await collect_all(world.ministry)) == 1
    (notice,) = await collect_all(world.health, "status")
    assert status_codes([notice]) == ["02"]
    assert b"000.00.00.G55" in notice


async def _come_back(world: World) -> None:
    # The same address as before: the gateway's configuration knows no other.
    port = world.hub.url.rsplit(":", 1)[1]
    config = world.hub.directory / "config.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
    await world.hub.start()


async def _unknown_at_the_axis(world: World) -> None:
    """The gateway's directory knows an agency that no system on the axis serves."""
    from gateway.config import load_config
    from gateway.model.agency import Agency
    from gateway.model.identifiers import AgencyCode
    from gateway.office import now, open_office

    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        stranger = Agency(code=AgencyCode("000.00.00.G55"), name="Bộ Vắng mặt")
        await office.registry.put_agency(stranger, by="test", at=now())
        await office.directory.current(certainly=True)


pytestmark = pytest.mark.timeout(60)
