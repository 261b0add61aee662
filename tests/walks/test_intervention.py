"""An operator's hand: sent again after an end, cancelled, left as it is; asked again of the axis."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Refusal
from gateway.exchange.asking_again import Came
from gateway.model.dispatch import State
from gateway.model.identifiers import AgencyCode, DispatchId
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.office import now
from gateway.points import Point, watch
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from gateway.wiring.desks import Desks
from tests.console import person
from tests.packages import Sent, document
from tests.town import STRANGER, Town, open_town
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all, status_codes, until

OPERATOR = person(UserRole.OPERATOR)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of tests/town.py."""
    async with open_town(tmp_path) as town:
        yield town


async def refused_dispatch(town: Town) -> DispatchId:
    """Let the health department write to somebody the hub does not know."""
    sent = Sent(sender=HEALTH, number="901")
    assert (await town.health.send(document(sent, [STRANGER]), sender=HEALTH)).ok
    return DispatchId(await ended(town, State.REFUSED))


def town_of(world: World) -> Town:
    """The usual world, without a site."""
    return Town(hub=world.hub, gateway=world.gateway, ministry=world.ministry, health=world.health)


async def ended(town: Town, state: State) -> str:
    async with asyncio.timeout(10):
        while not (rows := town.gateway.rows("SELECT id FROM dispatches WHERE state = ?", state)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return str(rows[-1]["id"])


async def cancelled(desks: Desks, dispatch_id: DispatchId, *, reason: str) -> None:
    """Cancel as an operator does: again, when it was just being tried."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await desks.intervention.cancel(dispatch_id, by=OPERATOR, reason=reason, at=now())
            except Refusal as refusal:
                if refusal.code != "being-tried":
                    raise
            await asyncio.sleep(0.05)


async def test_what_is_being_tried_is_cancelled_a_moment_later(road: tuple[World, FaultyAxis]) -> None:
    """The axis may be taking it at that very moment; the operator is told to wait, not to recall it."""
    world, axis = road
    town = town_of(world)
    axis.fault = Fault.SILENT
    assert (await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    tried = DispatchId(await ended(town, State.CLAIMED))
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await desks.intervention.cancel(tried, by=OPERATOR, reason="gửi nhầm", at=now())
    assert caught.value.code == "being-tried"


async def test_what_was_refused_is_sent_again_as_a_new_dispatch_and_arrives(town: Town) -> None:
    """The axis did not know the agency; now it does; the ended dispatch stays as it ended."""
    failed = await refused_dispatch(town)
    await town.hub.connect("LA", [STRANGER])
    async with town.desks() as desks:
        followers = await desks.intervention.resend([failed], by=OPERATOR, reason="đã đăng ký", at=now())
    (package,) = await collect_all(town.hub.dms("LA"))
    assert b"901" in package
    states = {row["id"]: row["state"] for row in town.gateway.rows("SELECT id, state FROM dispatches")}
    assert states[failed] == State.REFUSED
    assert states[followers[failed]] == State.DELIVERED
    (act,) = [entry for entry in town.gateway.log(LogKind.ADMINISTERED) if entry["act"] == "dispatch-resent"]
    assert (act["by"], act["dispatch"], act["details"]["again"]) == ("operator", failed, followers[failed])
    assert act["details"]["reason"] == "đã đăng ký"


async def test_asked_twice_it_is_sent_once(town: Town) -> None:
    """A double click, a reload, another operator: one follower, one entry."""
    failed = await refused_dispatch(town)
    async with town.desks() as desks:
        first, second = await asyncio.gather(
            desks.intervention.resend([failed], by=OPERATOR, reason=None, at=now()),
            desks.intervention.resend([failed, failed], by=OPERATOR, reason=None, at=now()),
        )
    assert first == second
    acts = [entry["act"] for entry in town.gateway.log(LogKind.ADMINISTERED)]
    assert acts.count("dispatch-resent") == 1


async def test_a_resend_interrupted_after_the_commit_is_the_same_when_asked_again(town: Town) -> None:
    """The process died before it could answer; asked again it finds what it had done."""
    failed = await refused_dispatch(town)

    def die(point: Point) -> None:
        if point is Point.SENT_AGAIN:
            watch(None)
            raise KeyboardInterrupt

    async with town.desks() as desks:
        watch(die)
        with pytest.raises(KeyboardInterrupt):
            await desks.intervention.resend([failed], by=OPERATOR, reason=None, at=now())
        followers = await desks.intervention.resend([failed], by=OPERATOR, reason=None, at=now())
    rows = town.gateway.rows("SELECT id FROM dispatches WHERE follows = ?", failed)
    assert [row["id"] for row in rows] == [followers[failed]]


async def test_what_has_not_failed_is_not_sent_again(town: Town) -> None:
    """A delivered one stays delivered."""
    assert (await town.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    delivered = DispatchId(await ended(town, State.DELIVERED))
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await desks.intervention.resend([delivered], by=OPERATOR, reason=None, at=now())
    assert caught.value.code == "not-failed"


@pytest.mark.parametrize(
    ("role", "agencies", "code"),
    [
        (UserRole.VIEWER, (HEALTH,), "not-allowed"),
        (UserRole.CLERK, (HEALTH,), "not-allowed"),
        (UserRole.AUDITOR, (), "not-allowed"),
        (UserRole.OPERATOR, (FINANCE,), "no-such-dispatch"),
    ],
)
async def test_who_may_not_act_does_not(
    town: Town, role: UserRole, agencies: tuple[AgencyCode, ...], code: str
) -> None:
    """Only an operator, only of the agency; for another's the dispatch does not exist."""
    failed = await refused_dispatch(town)
    by = person(role, agencies=frozenset(agencies) or None)
    async with town.desks() as desks:
        for act in (
            desks.intervention.resend([failed], by=by, reason=None, at=now()),
            desks.intervention.dismiss([failed], by=by, reason="x", at=now()),
            desks.intervention.cancel(failed, by=by, reason="x", at=now()),
        ):
            with pytest.raises(Refusal) as caught:
                await act
            assert caught.value.code == code
    assert town.gateway.rows("SELECT id FROM dispatches WHERE follows IS NOT NULL") == []


async def test_a_selection_is_sent_again_whole_or_not_at_all(town: Town) -> None:
    """One that has not failed among them: nothing happens to the others."""
    failed = await refused_dispatch(town)
    assert (await town.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    delivered = DispatchId(await ended(town, State.DELIVERED))
    async with town.desks() as desks:
        with pytest.raises(Refusal):
            await desks.intervention.resend([failed, delivered], by=OPERATOR, reason=None, at=now())
    assert town.gateway.rows("SELECT id FROM dispatches WHERE follows IS NOT NULL") == []


async def test_a_failure_left_as_it_is_needs_a_reason_and_stays_on_record(town: Town) -> None:
    """It leaves the list, not the log."""
    failed = await refused_dispatch(town)
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await desks.intervention.dismiss([failed], by=OPERATOR, reason="  \n ", at=now())
        assert caught.value.code == "reason-missing"
        for _ in range(2):
            await desks.intervention.dismiss([failed], by=OPERATOR, reason="đã gọi điện", at=now())
    acts = [entry["act"] for entry in town.gateway.log(LogKind.ADMINISTERED)]
    assert acts.count("failure-dismissed") == 1
    assert town.gateway.rows("SELECT dismissed_at FROM dispatches WHERE id = ?", failed)[0]["dismissed_at"]


async def test_what_a_mailbox_turned_away_can_be_put_there_again(town: Town) -> None:
    """A neighbour's DMS said fail; the sender heard 02; sent again the round starts anew."""
    sent = Sent(sender=MINISTRY, number="31", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [HEALTH]), sender=MINISTRY)).ok
    listed = await until(lambda: town.health.received("edoc"), lambda answer: bool(answer.items))
    assert (await town.health.confirm(listed.items[0]["docId"], "fail", description="hết chỗ")).ok
    failed = DispatchId(await ended(town, State.REFUSED))
    async with town.desks() as desks:
        await desks.intervention.resend(
            [failed], by=person(UserRole.OPERATOR, agencies=frozenset({HEALTH})), reason=None, at=now()
        )
    (package,) = await collect_all(town.health)
    assert b"BTN-VP" in package
    (state,) = town.gateway.rows("SELECT status FROM recipients WHERE code = ?", HEALTH)
    assert state["status"] == "01"


async def test_what_waits_is_cancelled_and_its_sender_told(road: tuple[World, FaultyAxis]) -> None:
    """The axis is away; the operator gives up; the sender gets 02 with the reason; nothing leaves later."""
    world, axis = road
    town = town_of(world)
    axis.fault = Fault.AWAY
    sent = Sent(sender=HEALTH, number="902")
    assert (await world.health.send(document(sent, [MINISTRY]), sender=HEALTH)).ok
    waiting = DispatchId(await ended(town, State.WAITING))
    async with town.desks() as desks:
        for _ in range(2):
            await cancelled(desks, waiting, reason="gửi nhầm")
    (word,) = await collect_all(world.health, "status")
    assert status_codes([word]) == ["02"]
    assert "gửi nhầm" in word.decode()
    (entry,) = world.gateway.log(LogKind.EXPIRED)
    assert entry["code"] == "cancelled"
    axis.fault = None
    await asyncio.sleep(1)
    assert world.hub.log(LogKind.ACCEPTED) == []


async def test_sent_again_after_a_silence_the_axis_is_asked_first(road: tuple[World, FaultyAxis]) -> None:
    """The axis had it, its answer was lost, we gave up: sent again it is found there, not sent twice."""
    world, axis = road
    town = town_of(world)
    axis.plan(Fault.SWALLOWED, count=1, operation="sendEdoc")
    assert (await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await collect_all(world.ministry)
    axis.fault = Fault.AWAY
    waiting = DispatchId(await ended(town, State.WAITING))
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await cancelled(desks, waiting, reason="x")
        assert caught.value.code == "outcome-unknown"
        world.gateway.clock.ahead = timedelta(days=6)
        failed = DispatchId(await ended(town, State.EXPIRED))
        at = world.gateway.clock()
        followers = await desks.intervention.resend([failed], by=OPERATOR, reason=None, at=at)
    axis.fault = None
    assert await ended(town, State.DELIVERED) == followers[failed]
    taken = [entry for entry in world.hub.log(LogKind.ACCEPTED) if entry["carries"] == "document"]
    assert len(taken) == 1
    assert world.hub.log(LogKind.REPEATED) == []


async def test_what_has_left_cannot_be_cancelled(town: Town) -> None:
    """It must be recalled."""
    assert (await town.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    delivered = DispatchId(await ended(town, State.DELIVERED))
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await desks.intervention.cancel(delivered, by=OPERATOR, reason="x", at=now())
    assert caught.value.code == "not-waiting"


async def test_a_refused_arrival_is_fetched_anew_once_what_was_wrong_is_mended(town: Town) -> None:
    """The gateway refused a package for an agency it did not serve; now it does, and asks the axis for it."""
    sent = Sent(sender=MINISTRY, number="55", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [FINANCE]), sender=MINISTRY)).ok
    async with asyncio.timeout(10):
        while not (rows := town.gateway.rows("SELECT * FROM arrivals WHERE package_id IS NULL")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    (row,) = rows
    assert (row["sender"], row["recipient"], row["code"]) == (MINISTRY, FINANCE, "misrouted")
    async with town.desks() as desks:
        assert desks.asking_again is not None
        with pytest.raises(Refusal) as caught:
            await desks.asking_again.ask(
                row["far_id"],
                by=person(UserRole.OPERATOR, agencies=frozenset({HEALTH})),
                reason=None,
                at=now(),
            )
        assert caught.value.code == "no-such-arrival"
        again = await desks.asking_again.ask(row["far_id"], by=OPERATOR, reason=None, at=now())
        assert again is Came.REFUSED_AGAIN
        await town.gateway.connect("STC", [FINANCE])
        desks.asking_again.directory.expire()
        came = await desks.asking_again.ask(row["far_id"], by=OPERATOR, reason="đã kết nối", at=now())
    assert came is Came.TAKEN
    (package,) = await collect_all(town.gateway.dms("STC"))
    assert b"55" in package
    acts = [entry["act"] for entry in town.gateway.log(LogKind.ADMINISTERED)]
    assert acts.count("arrival-asked-again") == 2
