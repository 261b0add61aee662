"""The axis away, slow, lying or forgetful: documents wait, arrive once, and their sender is told if not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.errors import Delay, Refusal
from gateway.exchange.road import Road
from gateway.model.agency import SystemKind
from gateway.model.identifiers import DispatchId
from gateway.model.log import LogKind
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from gateway.settings import Role
from tests.campaign.crowd import Letter, fill
from tests.packages import Sent, document
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    World,
    collect_all,
    prepare_node,
    status_codes,
    until,
)

CONCURRENCY = 4
_AN_HOUR = {"first_delay": "1h", "longest_delay": "1h"}


async def test_what_was_accepted_while_the_axis_was_away_arrives_when_it_is_back(world: World) -> None:
    """The promise is given at once; attempts are on record; the document arrives once."""
    await world.hub.stop()
    answer = await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)
    assert answer.ok, answer.words
    report = await until(
        world.health.sent, lambda answer: any("axis-away" in item["sendStatusDesc"] for item in answer.items)
    )
    assert report.items[0]["sendStatus"] == "processing"
    assert "Chưa liên lạc được với trục" in report.items[0]["sendStatusDesc"]
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
    # One line for each: that both were refused together is history.
    told = sorted((item["toCode"], item["sendStatus"]) for item in (await world.health.sent()).items)
    assert told == sorted([(MINISTRY, "done"), ("000.00.00.G55", "fail")])


# -- with a long queue -----------------------------------------------------------------------------------


@pytest.mark.parametrize("far", [{"first_delay": "100ms", "longest_delay": "200ms"}], indirect=True)
async def test_while_nobody_is_there_one_is_sent_to_look_and_the_log_stays_short(
    far: World, nobody: FaultyAxis
) -> None:
    """As many set out as may at once, then one at a time; the others are not touched and stay due."""
    await _fill(far, _letters(60))
    await far.gateway.start()
    await _until(lambda: len(far.gateway.log(LogKind.DEFERRED)) >= CONCURRENCY + 1)
    tried = far.gateway.rows("SELECT due_at, created_at FROM dispatches WHERE attempt_count > 0")
    assert len(tried) <= CONCURRENCY
    assert all(row["due_at"] == row["created_at"] for row in tried)
    assert {entry["code"] for entry in far.gateway.log(LogKind.DEFERRED)} == {"axis-away"}
    nobody.fault = None
    await _until(lambda: not _on_their_way(far))


async def test_a_peer_down_for_days_then_back_is_caught_up_in_order_bounded_and_at_its_first_call(
    far: World, nobody: FaultyAxis
) -> None:
    """The back-off is an hour, and nobody looks: it calls, and everything leaves, in its order."""
    letters = list(_letters(80))
    await _fill(far, iter(letters))
    far.gateway.clock.ahead = timedelta(days=4)
    await far.gateway.start()
    await _until(lambda: len(far.gateway.log(LogKind.DEFERRED)) >= CONCURRENCY)
    # Documents, answers and the directory have been asked for by now; the next time is in an hour.
    await asyncio.sleep(2)
    nobody.fault = None
    await asyncio.sleep(1.2)  # longer than the worker sleeps
    assert _on_their_way(far) == len(letters)
    assert (await far.gateway.dms("TRUC").agencies()).ok
    at_once = []
    await _until(lambda: at_once.append(_claimed(far)) or not _on_their_way(far))
    assert max(at_once) <= CONCURRENCY
    taken = [_key(row) for row in far.hub.rows("SELECT * FROM packages ORDER BY rowid")]
    assert sorted(taken) == sorted(map(_letter_key, letters))
    for sender, priority in {(letter.sender, letter.priority) for letter in letters}:
        lane = [_letter_key(x) for x in letters if (x.sender, x.priority) == (sender, priority)]
        arrived = [key for key in taken if key in lane]
        assert all(abs(arrived.index(key) - lane.index(key)) < 2 * CONCURRENCY for key in lane)
    for document_id in {document_id for document_id, _ in taken}:
        versions = [subject for thread, subject in taken if thread == document_id]
        assert versions == sorted(versions)
    urgent = {_letter_key(letter) for letter in letters if letter.priority}
    assert urgent <= set(taken[: len(urgent) + CONCURRENCY])


async def test_a_start_with_a_long_queue_and_nobody_there_tries_no_more_than_may_set_out(
    far: World, nobody: FaultyAxis
) -> None:
    """What the last process knew is forgotten; the next learns it from as many attempts as fit at once."""
    await _fill(far, _letters(40))
    for starts in (1, 2):
        await far.gateway.start()
        await _until(lambda most=starts * CONCURRENCY: len(far.gateway.log(LogKind.DEFERRED)) >= most)
        await asyncio.sleep(1.2)
        assert len(far.gateway.log(LogKind.DEFERRED)) == starts * CONCURRENCY
        await far.gateway.stop()


async def test_an_attempt_without_an_answer_is_asked_about_at_once_when_the_axis_is_back(
    far: World, nobody: FaultyAxis
) -> None:
    """Its own back-off is an hour; the axis answers somebody, and it is found in the sent list."""
    nobody.plan(Fault.SWALLOWED, count=1, operation="sendEdoc")
    await _fill(far, _letters(1))
    await far.gateway.start()
    await _until(lambda: [x["code"] for x in far.gateway.log(LogKind.DEFERRED)] == ["outcome-unknown"])
    nobody.fault = Fault.AWAY
    health = far.gateway.dms("SYT")
    assert (await health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await _until(lambda: len(far.gateway.log(LogKind.DEFERRED)) == 2)
    nobody.fault = None
    assert (await far.gateway.dms("TRUC").agencies()).ok
    await _until(lambda: not _on_their_way(far))
    assert len(far.hub.log(LogKind.ACCEPTED)) == 2
    assert far.hub.log(LogKind.REPEATED) == []


async def test_the_trouble_of_one_does_not_hold_the_others(far: World, nobody: FaultyAxis) -> None:
    """One attempt meets a broken answer and waits for an hour; thirty others leave meanwhile."""
    nobody.plan(Fault.NONSENSE, count=1, operation="sendEdoc")
    await _fill(far, _letters(31, versions=1))
    await far.gateway.start()
    await _until(lambda: _on_their_way(far) == 1)
    (waiting,) = far.gateway.rows("SELECT unknown, attempt_count FROM dispatches WHERE ended_at IS NULL")
    assert (waiting["unknown"], waiting["attempt_count"]) == (1, 1)


async def test_an_axis_that_takes_nothing_is_left_alone_like_one_that_is_away(
    far: World, nobody: FaultyAxis
) -> None:
    """It answers every question and fails at every package: after a row of attempts nobody else is tried."""
    nobody.plan(Fault.FAILED, operation="sendEdoc")
    await _fill(far, _letters(40, versions=1))
    await far.gateway.start()
    await _until(lambda: len(far.gateway.log(LogKind.DEFERRED)) >= CONCURRENCY)
    await asyncio.sleep(1.2)
    codes = [entry["code"] for entry in far.gateway.log(LogKind.DEFERRED)]
    assert set(codes) == {"outcome-unknown"}
    assert len(codes) <= 2 * CONCURRENCY  # those under way when the last of the row came back end as well


# -- the road itself ---------------------------------------------------------------------------------------

AT = datetime(2026, 4, 12, tzinfo=UTC)
AWAY = Delay.because("axis-away", vi="", en="")
UNKNOWN = Delay.because("outcome-unknown", vi="", en="")
ONE, OTHER = DispatchId("one"), DispatchId("other")


def _road() -> Road:
    minute = timedelta(minutes=1)
    return Road(first_delay=minute, longest_delay=4 * minute, jitter=0, patience=3)


def test_an_open_road_gives_every_place_and_a_closed_one_a_scout_at_a_time() -> None:
    """The pause doubles up to the longest; while the scout is out nobody else goes."""
    road, at = _road(), AT
    assert road.places(7, at=at) == 7
    road.was_not_taken(ONE, AWAY, at=at)
    for minutes in (1, 2, 4, 4):
        assert road.places(7, at=at + timedelta(minutes=minutes, seconds=-1)) == 0
        at += timedelta(minutes=minutes)
        assert road.places(7, at=at) == 1
        road.set_out(ONE)
        assert road.places(7, at=at) == 0
        road.was_not_taken(ONE, AWAY, at=at)
        road.come_back(ONE)
    road.was_answered()
    assert road.places(7, at=at) == 7
    assert (road.take_reopening(), road.take_reopening()) == (True, False)


def test_who_set_out_before_the_road_closed_does_not_lengthen_the_pause() -> None:
    """Sixteen come back one after the other: that is one closure."""
    road = _road()
    for _ in range(16):
        road.was_not_taken(ONE, AWAY, at=AT)
    assert road.places(1, at=AT + timedelta(minutes=1)) == 1


def test_a_scout_that_tells_nothing_about_the_axis_makes_room_for_another() -> None:
    """Its own bytes could not be read: the next goes at once."""
    road, later = _road(), AT + timedelta(minutes=1)
    road.was_not_taken(ONE, AWAY, at=AT)
    road.set_out(ONE)
    road.was_not_taken(ONE, Delay.because("package-unreadable", vi="", en=""), at=later)
    road.come_back(ONE)
    assert road.places(5, at=later) == 1


def test_only_a_row_of_attempts_that_were_not_taken_closes_the_road() -> None:
    """A final no is an answer like any other, and the row begins anew."""
    road = _road()
    refusal = Refusal.because("axis-refused", vi="", en="")
    for error in (UNKNOWN, UNKNOWN, refusal, UNKNOWN, UNKNOWN):
        road.was_not_taken(ONE, error, at=AT)
    assert road.is_open
    road.was_not_taken(OTHER, UNKNOWN, at=AT)
    assert not road.is_open
    road.was_answered()
    assert not road.is_open, "that it answers questions does not mean that it takes anything"
    road.was_taken()
    assert road.is_open


def test_a_number_that_is_not_final_shows_that_somebody_is_there() -> None:
    """The scout is put off, which may be its own fault; the others need not wait for another."""
    road = _road()
    road.was_not_taken(ONE, AWAY, at=AT)
    road.set_out(ONE)
    road.was_not_taken(ONE, Delay.because("axis-failed", vi="", en=""), at=AT + timedelta(minutes=1))
    assert road.is_open


# -- helping hands -----------------------------------------------------------------------------------------


def _letters(count: int, *, versions: int = 2) -> Iterator[Letter]:
    """Letters of two senders, one of them rarely; some documents in two versions, some urgent."""
    for number in range(count):
        sender = FINANCE if number % 10 == 9 else HEALTH
        version = int(versions > 1 and number % 10 == 5)
        priority = 2 if number % 10 == 7 else 0
        yield Letter(
            sender=sender, recipient=MINISTRY, number=number - version, version=version, priority=priority
        )


async def _fill(far: World, letters: Iterator[Letter]) -> None:
    await fill(far.gateway.directory, letters, system_of={HEALTH: "SYT", FINANCE: "STC"}.__getitem__)


def _key(row: sqlite3.Row) -> tuple[str, str]:
    return row["document_id"], row["subject"]


def _letter_key(letter: Letter) -> tuple[str, str]:
    return letter.sent.document_id, letter.subject


def _on_their_way(far: World) -> int:
    (row,) = far.gateway.rows("SELECT sum(open_count) AS open FROM queues WHERE destination = 'axis'")
    return int(row["open"])


def _claimed(far: World) -> int:
    (row,) = far.gateway.rows("SELECT count(*) AS n FROM dispatches WHERE state = 'claimed'")
    return int(row["n"])


async def _until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a database is looked at
            await asyncio.sleep(0.01)


@pytest.fixture
async def nobody() -> AsyncIterator[FaultyAxis]:
    """A road at whose end nobody is, until a test lets somebody be there."""
    async with FaultyAxis("http://127.0.0.1:9/vxp") as axis:
        axis.fault = Fault.AWAY
        yield axis


@pytest.fixture
async def far(tmp_path: Path, nobody: FaultyAxis, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A gateway not served yet, its back-off an hour, its polls hourly; a hub at the end of the road."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    nobody.target_url = f"{hub.url}/vxp"
    gateway = prepare_node(
        tmp_path / "gateway",
        code=PROVINCE,
        below=(nobody.url.removesuffix("/vxp"), "TINH", secret),
        axis={"poll_every": "1h", "directory_every": "1h"},
        delivery={"concurrency": CONCURRENCY, **_AN_HOUR, **getattr(request, "param", {})},
    )
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.connect("TRUC", [], kind=SystemKind.AXIS)
    gateway.url = "http://127.0.0.1:9"
    yield World(
        hub=hub,
        gateway=gateway,
        ministry=hub.dms("BO"),
        health=gateway.dms("SYT"),
        finance=gateway.dms("STC"),
    )
    await gateway.stop()
    await hub.stop()


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
