"""What the sensors of a real node find, and do not find when all is well."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.config import load_config
from gateway.exchange.road import Road
from gateway.exchange.sensors import Sensors, Thresholds, when
from gateway.model.alert import AlertRule
from gateway.model.people import Language
from gateway.office import now, open_office
from gateway.sandbox.faulty_axis import FaultyAxis
from gateway.store.alerts import list_left_mailboxes
from tests.packages import Sent, document
from tests.town import COMMUNE, COMMUNE_NAME, WARD, open_town
from tests.walks.world import HEALTH, MINISTRY, Node, World, until

HOUR = timedelta(hours=1)


async def found(node: Node, *, after: timedelta = timedelta(), **limits: timedelta) -> list[tuple[str, str]]:
    """Look at a node from a process of its own, as of some time from now."""
    asked = {
        "axis_away_after": HOUR,
        "stuck_after": HOUR,
        "mailbox_left_after": HOUR,
        "seal_ends_within": HOUR,
        "unstamped_after": HOUR,
    }
    thresholds = Thresholds(free_space_floor_bytes=1, **asked | limits)
    async with open_office(load_config(node.directory / "config.toml")) as office:
        sensors = Sensors(
            database=office.database,
            blobs=office.blobs,
            road=Road(first_delay=HOUR, longest_delay=HOUR, jitter=0, patience=1),
            certificates=(("seal.pem", office.seal.certificate),),
            thresholds=thresholds,
        )
        return [(each.rule.value, each.subject) for each in await sensors.look(now() + after)]


async def test_a_node_on_which_all_is_well_alerts_nobody(world: World) -> None:
    """Traffic that is collected and confirmed is no alert."""
    letter = document(Sent(sender=MINISTRY, number="1"), [HEALTH])
    assert (await world.ministry.send(letter, sender=MINISTRY)).ok
    listed = await until(world.health.received, lambda told: len(told.items) == 1)
    await world.health.get(listed.items[0]["docId"])
    assert (await world.health.confirm(listed.items[0]["docId"])).ok
    assert await found(world.gateway, after=2 * HOUR) == []


async def test_what_a_system_leaves_lying_is_found_with_its_name(world: World) -> None:
    """Uncollected for longer than allowed; not before, and never when nobody asked for it."""
    letter = document(Sent(sender=MINISTRY, number="1"), [HEALTH])
    assert (await world.ministry.send(letter, sender=MINISTRY)).ok
    await until(world.health.received, lambda told: len(told.items) == 1)
    assert await found(world.gateway) == []
    assert await found(world.gateway, after=2 * HOUR) == [(AlertRule.MAILBOX_LEFT, "SYT")]
    assert await found(world.gateway, after=2 * HOUR, mailbox_left_after=timedelta()) == []


def test_an_alert_has_its_instants_as_readers_of_either_language_write_them() -> None:
    """At 9 in the morning of 17 November, in Vietnam."""
    at = datetime(2026, 11, 17, 2, 59, tzinfo=UTC)
    assert (when(at), when(at, Language.ENGLISH)) == ("17/11/2026 09:59", "17 Nov 2026 09:59")


async def test_a_mailbox_at_the_console_is_called_by_its_agency(tmp_path: Path) -> None:
    """There is no program to blame, but people to call; one that somebody opens is left by nobody."""
    async with open_town(tmp_path) as town:

        async def left() -> list[str]:
            seen = await found(town.gateway, after=2 * HOUR)
            return sorted(subject for rule, subject in seen if rule == AlertRule.MAILBOX_LEFT)

        letter = document(Sent(sender=HEALTH, number="1"), [COMMUNE, WARD])
        assert (await town.health.send(letter, sender=HEALTH)).ok
        assert [subject for subject in await left() if subject != "SYT"] == [COMMUNE, WARD]
        async with open_office(load_config(town.gateway.directory / "config.toml")) as office:
            told = await list_left_mailboxes(office.database, before=now() + HOUR)
            assert {each.agency for each in told if each.agency} == {COMMUNE_NAME, "UBND phường Thử Nghiệm"}
        async with town.pages.visitor("clerk") as browser:
            page = (await browser.get("/mailbox")).text
            (letter_id,) = re.findall(r"/console/mailbox/([0-9a-f-]{36})", page)
            await browser.get(f"/mailbox/{letter_id}")
        assert COMMUNE not in await left()


async def look_ahead(node: Node) -> list[tuple[str, str]]:
    """Look two hours from now, minding every certificate."""
    return await found(node, after=2 * HOUR, seal_ends_within=timedelta(days=36500))


async def test_what_waits_for_an_absent_axis_and_a_seal_near_its_end_are_found(
    road: tuple[World, FaultyAxis],
) -> None:
    """The road here is another process's; that something waits stands in the database."""
    world, axis = road
    axis.plan(None)
    await world.hub.stop()
    letter = document(Sent(sender=HEALTH, number="1"), [MINISTRY])
    assert (await world.health.send(letter, sender=HEALTH)).ok
    async with asyncio.timeout(10):  # at times it is claimed, for an attempt that meets nobody
        while (AlertRule.DELIVERY_STUCK, "") not in (seen := await look_ahead(world.gateway)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert seen == [(AlertRule.SEAL_ENDS, "seal.pem"), (AlertRule.DELIVERY_STUCK, "")]
    await world.hub.start()
