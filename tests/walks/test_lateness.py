"""Who is late by the timers that no figure counts: urgent documents, arrivals, recalls."""

from datetime import timedelta

from gateway.config import load_config
from gateway.exchange.lateness import Late, Timer
from gateway.model.alert import AlertRule
from gateway.office import open_office
from gateway.wiring.alerts import lateness_of
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all

URGENT = Sent(sender=HEALTH, number="61")
BEYOND = Sent(sender=HEALTH, number="62")


async def look(world: World, later: timedelta, of: str | None = None) -> tuple[list[Late], list[AlertRule]]:
    """What is late some time from now, and what the operator is told of it."""
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        lateness, at = lateness_of(office), world.gateway.clock() + later
        late = await lateness.look(None if of is None else [of], at=at)  # type: ignore[list-item]
        return late, [each.rule for each in await lateness.warn(at)]


def told(late: list[Late]) -> list[tuple[Timer, str, tuple[str, ...]]]:
    return [(each.timer, each.document.notation, each.recipients) for each in late]


async def test_an_urgent_document_wants_to_be_assigned_at_once(world: World) -> None:
    """Seen by nobody for a quarter of an hour, or received and left; assigned it is nobody's trouble."""
    sent = document(URGENT, [FINANCE], priority=1)
    assert (await world.health.send(sent, sender=HEALTH)).ok
    assert (await look(world, timedelta(minutes=10)))[0] == []
    late, warned = await look(world, timedelta(hours=1), of=FINANCE)
    assert told(late) == [(Timer.ASSIGN_URGENT, "61/SYT-VP", (FINANCE,))]
    assert warned == []
    assert (await look(world, timedelta(hours=1), of=HEALTH))[0] == []
    for code, at in (("03", "09:00:00"), ("04", "10:00:00")):
        said = status(URGENT, code, by=FINANCE, at=at)
        assert (await world.finance.send(said, sender=FINANCE, kind="status")).ok
        left = bool((await look(world, timedelta(hours=1)))[0])
        assert left is (code == "03")


async def test_a_recall_wants_its_answer_and_both_sides_see_it(world: World) -> None:
    """By the end of the next working day, and one line however often somebody looks."""
    assert (await world.health.send(document(URGENT, [FINANCE]), sender=HEALTH)).ok
    recall = document(URGENT, [FINANCE], business=1, target=URGENT.document_id)
    assert (await world.health.send(recall, sender=HEALTH)).ok
    assert (await look(world, timedelta(hours=1)))[0] == []
    for side in (HEALTH, FINANCE):
        late, _ = await look(world, timedelta(days=12), of=side)
        assert told(late) == [(Timer.ANSWER_RECALL, "61/SYT-VP", (FINANCE,))]
    said = status(URGENT, "15", by=FINANCE)
    assert (await world.finance.send(said, sender=FINANCE, kind="status")).ok
    assert (await look(world, timedelta(days=12)))[0] == []


async def test_what_does_not_leave_or_of_which_nobody_tells_is_for_the_operator(world: World) -> None:
    """An arrival untold shows after a poll and a minute, and alerts when it lasts; urgent ones at once."""
    assert (await world.health.send(document(BEYOND, [MINISTRY]), sender=HEALTH)).ok
    await collect_all(world.ministry)
    late, warned = await look(world, timedelta(minutes=5))
    assert told(late) == [(Timer.TELL_ARRIVAL, "62/SYT-VP", (MINISTRY,))]
    assert warned == []
    assert (await look(world, timedelta(hours=2)))[1] == [AlertRule.ARRIVALS_UNTOLD]
    said = status(BEYOND, "01", by=MINISTRY)
    assert (await world.ministry.send(said, sender=MINISTRY, kind="status")).ok
    await collect_all(world.health, "status")
    await world.hub.stop()
    assert (await world.health.send(document(URGENT, [MINISTRY], priority=3), sender=HEALTH)).ok
    late, warned = await look(world, timedelta(hours=2))
    assert told(late) == [(Timer.SEND_URGENT, "61/SYT-VP", (MINISTRY,))]
    assert warned == [AlertRule.URGENT_LATE]
