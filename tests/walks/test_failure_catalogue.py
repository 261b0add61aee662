"""Faults that others met in the field, each kept away here by a test. docs/reliability.md lists them all."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from gateway.config import load_config
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.sandbox.dms import SampleDms
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from gateway.trust.issuing import issue_seal
from tests.keys import SEAL_DAYS, authority
from tests.packages import Sent, document
from tests.walks.test_killed_between_steps import check_log
from tests.walks.world import HEALTH, MINISTRY, PROVINCE, Node, World, collect_all, insist, until

Road = tuple[World, FaultyAxis]


async def test_forty_packages_at_one_instant_are_not_mixed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holodeck and Oxalis-NG shared buffers between messages of one instant, and hash chains broke in
    X-Road when many were written at once: here each arrives as itself, and the log recomputes."""
    stopped = now()
    monkeypatch.setattr("tests.walks.world.now", lambda: stopped)
    packages = [
        document(Sent(sender=HEALTH, number=str(number)), [MINISTRY], attachment=b"%d" % number * 30_000)
        for number in range(40)
    ]
    dms = [
        SampleDms(f"{world.gateway.url}/vxp", "SYT", world.gateway.secrets["SYT"], made_at=stopped)
        for _ in packages
    ]
    answers = await asyncio.gather(
        *(insist(one, package, sender=HEALTH) for one, package in zip(dms, packages, strict=True))
    )
    assert [answer.words for answer in answers if not answer.ok] == []
    assert len({answer.doc_id for answer in answers}) == 40
    arrived = await collect_all(world.ministry, count=40)
    for package in packages:
        body = package[package.index(b"<AttachmentEncoded>") :]
        assert sum(body in one for one in arrived) == 1
    check_log(world.gateway)


async def test_two_clients_of_one_system_may_empty_its_mailbox_at_once(world: World) -> None:
    """Domibus gave two clients that asked at once an error, or half each: here both see everything, and
    each package is confirmed once."""
    for number in range(10):
        assert (
            await world.ministry.send(
                document(Sent(sender=MINISTRY, number=str(number), notation="BTN-VP"), [HEALTH]),
                sender=MINISTRY,
            )
        ).ok
    await until(world.health.received, lambda answer: len(answer.items) == 10)

    async def empty(dms: SampleDms) -> set[str]:
        listed = {item["docId"] for item in (await dms.received()).items}
        for doc_id in sorted(listed):
            assert (await dms.get(doc_id)).document
            assert (await dms.confirm(doc_id)).ok
        return listed

    first, second = await asyncio.gather(*(empty(world.gateway.dms("SYT")) for _ in range(2)))
    assert first == second
    confirmed = [entry["dispatch"] for entry in world.gateway.log(LogKind.CONFIRMED)]
    assert sorted(confirmed) == sorted(first)


async def test_what_was_refused_is_refused_again_and_never_receipted(world: World) -> None:
    """Holodeck gave the duplicate of a failed message a positive receipt: here a refusal stays one."""
    broken = document(Sent(sender=HEALTH), [MINISTRY]).replace(b"<edXML:Subject>", b"<edXML:Sub>", 1)
    first, second = [await world.health.send(broken, sender=HEALTH) for _ in range(2)]
    assert (first.code, first.doc_id) == (second.code, second.doc_id) == ("4", "")
    assert world.gateway.log(LogKind.ACCEPTED) == []
    assert len(world.gateway.log(LogKind.REFUSED)) == 2


async def test_readiness_says_so_when_the_seal_cannot_be_used(world: World) -> None:
    """X-Road's health said OK while its signing key was locked: here an expired seal is not ready."""
    world.gateway.clock.ahead = timedelta(days=SEAL_DAYS)
    async with aiohttp.ClientSession() as session, session.get(f"{world.gateway.url}/readyz") as answer:
        told = await answer.json()
    assert answer.status == 503
    assert "certificate is not valid" in told["checks"]["seal"]


@pytest.mark.sqlite_only
async def test_readiness_says_so_when_half_of_a_database_can_be_read(world: World) -> None:
    """What the first look found in memory a later one seeks on the disk: there is an answer all the same."""
    world.gateway.change("ALTER TABLE contradictions RENAME TO unreadable")
    async with aiohttp.ClientSession() as session, session.get(f"{world.gateway.url}/readyz") as answer:
        told = await answer.json()
    assert answer.status == 503
    assert told["checks"]["database"] == "the database cannot be read"
    async with aiohttp.ClientSession() as session, session.get(f"{world.gateway.url}/metrics") as answer:
        assert answer.status == 503
    world.gateway.change("ALTER TABLE unreadable RENAME TO contradictions")


async def test_attempts_are_counted_right_through_many_of_them(road: Road) -> None:
    """OpenAS2 lost count of its resends: here every attempt has its number, once."""
    world, axis = road
    axis.plan(Fault.FAILED, count=6, operation="sendEdoc")
    assert (await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await collect_all(world.ministry)
    await until(world.health.sent, lambda answer: answer.items[0]["sendStatus"] == "done")
    deferred = [entry["attempt"] for entry in world.gateway.log(LogKind.DEFERRED)]
    delivered = [entry["attempt"] for entry in world.gateway.log(LogKind.DELIVERED)]
    assert (deferred, delivered) == ([1, 2, 3, 4, 5, 6], [7])


async def test_a_clock_set_back_does_not_keep_a_package_from_leaving(world: World) -> None:
    """What was due by a clock that ran ahead is due by the right one, at the next start at the latest."""
    await world.gateway.stop()
    world.gateway.clock.ahead = timedelta(hours=5)
    await world.hub.stop()
    await world.gateway.start()
    health = world.gateway.dms("SYT")
    assert (await health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await until(health.sent, lambda answer: "axis-away" in answer.items[0]["sendStatusDesc"])
    await world.gateway.stop()
    world.gateway.clock.ahead = timedelta()
    port = world.hub.url.rsplit(":", 1)[1]
    config = world.hub.directory / "config.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
    await world.hub.start()
    await world.gateway.start()
    assert len(await collect_all(world.hub.dms("BO"))) == 1


async def test_a_secret_rotated_under_load_costs_no_package(world: World) -> None:
    """The old secret ends between two calls; who gets its refusal asks with the new one."""

    async def insist(number: int) -> None:
        package = document(Sent(sender=HEALTH, number=str(number)), [MINISTRY])
        while not (answer := await world.gateway.dms("SYT").send(package, sender=HEALTH)).ok:
            assert answer.code in ("1", "2")
            await asyncio.sleep(0.02)

    async def rotate() -> None:
        async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
            for _ in range(5):
                await asyncio.sleep(0.05)
                rotated = await office.registry.rotate_secret("SYT", by="test", at=now())
                world.gateway.secrets["SYT"] = rotated

    async with asyncio.TaskGroup() as load:
        load.create_task(rotate())
        for number in range(30):
            load.create_task(insist(number))
    assert len(await collect_all(world.ministry, count=30)) == 30


async def test_a_seal_rotated_with_packages_waiting_seals_what_has_not_left(road: Road) -> None:
    """The new seal signs what leaves from now on; what was sealed under the old one still holds."""
    world, axis = road
    axis.fault = Fault.AWAY
    assert (await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await until(world.health.sent, lambda answer: "axis-away" in answer.items[0]["sendStatusDesc"])
    await world.gateway.stop()
    renew_seal(world.gateway)
    await world.gateway.start()
    second = document(Sent(sender=HEALTH, number="413"), [MINISTRY])
    assert (await world.gateway.dms("SYT").send(second, sender=HEALTH)).ok
    axis.fault = None
    await collect_all(world.ministry, count=2)
    assert [entry["signature"] for entry in world.hub.log(LogKind.ACCEPTED)] == ["valid", "valid"]


async def test_a_package_whose_seal_expired_on_the_way_leaves_under_the_next_one(road: Road) -> None:
    """Sealed, delayed for longer than the certificate held, and sealed anew before it leaves."""
    world, axis = road
    await world.gateway.stop()
    renew_seal(world.gateway, days=1)
    await world.gateway.start()
    axis.fault = Fault.AWAY
    health = world.gateway.dms("SYT")
    assert (await health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    await until(health.sent, lambda answer: "axis-away" in answer.items[0]["sendStatusDesc"])
    await world.gateway.stop()
    renew_seal(world.gateway)
    world.gateway.clock.ahead = world.hub.clock.ahead = timedelta(days=2)
    await world.gateway.start()
    axis.fault = None
    await collect_all(world.ministry)
    assert [entry["signature"] for entry in world.hub.log(LogKind.ACCEPTED)] == ["valid"]


def renew_seal(node: Node, *, days: int = 800, holder: AgencyCode = PROVINCE) -> None:
    """Put another key and certificate in the place of a node's seal."""
    name = "UBND tỉnh Thử Nghiệm"
    seal = issue_seal(authority(), holder=holder, name=name, at=now() - timedelta(minutes=5), days=days)
    (node.directory / "seal.key").write_bytes(seal.key_pem)
    (node.directory / "seal.pem").write_bytes(seal.chain_pem)
