"""Whatever the network does to one call, the document arrives once and the log tells the truth."""

from pathlib import Path

import pytest

from gateway.model.agency import SystemKind
from gateway.model.log import LogKind
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from gateway.settings import Role
from tests.packages import Sent, document
from tests.walks.world import (
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

FAULTS = [fault for fault in Fault if fault is not Fault.AWAY]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_document_arrives_once_whatever_happens_to_its_sending(
    road: tuple[World, FaultyAxis], fault: Fault
) -> None:
    """One sending goes wrong; the next asks first, or sends again; the ministry has it once."""
    world, axis = road
    axis.delay = 1.5
    axis.plan(fault, count=1, operation="sendEdoc")
    assert (await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    assert len(await collect_all(world.ministry)) == 1
    await until(world.health.sent, lambda answer: answer.items[0]["sendStatus"] == "done")
    assert (await world.ministry.count_documents()).count == 0
    assert len(world.hub.log(LogKind.ACCEPTED)) == 1
    assert len(world.gateway.log(LogKind.DELIVERED)) == 1
    (deferred,) = world.gateway.log(LogKind.DEFERRED)
    assert deferred["code"] == "outcome-unknown"
    assert any(passage.operation == "getSentEdocList" for passage in axis.passages)


async def test_the_same_bytes_sent_to_one_recipient_do_not_pass_for_sent_to_another(
    road: tuple[World, FaultyAxis],
) -> None:
    """The axis has it for the province; the attempt for the ministry got no answer and is repeated."""
    world, axis = road
    await world.gateway.connect("SYT", [HEALTH], kind=SystemKind.GATEWAY)
    below = world.gateway.dms("SYT")
    both = document(Sent(sender=HEALTH), [PROVINCE, MINISTRY])
    assert (await below.send(both, sender=HEALTH, recipients=[PROVINCE])).ok
    await until(below.sent, lambda answer: answer.items[0]["sendStatus"] == "done")
    axis.plan(Fault.CUT_BEFORE, count=1, operation="sendEdoc")
    assert (await below.send(both, sender=HEALTH, recipients=[MINISTRY])).ok
    assert len(await collect_all(world.ministry)) == 1


async def test_a_package_that_is_too_large_for_us_does_not_hold_up_the_others(tmp_path: Path) -> None:
    """It is refused and the axis told; what came with it arrives."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(
        tmp_path / "gateway", code=PROVINCE, below=(hub.url, "TINH", secret), http={"body_limit": "20 KiB"}
    )
    await gateway.connect("SYT", [HEALTH])
    ministry = hub.dms("BO")
    for number, size in (("1", 100_000), ("2", 100)):
        sent = Sent(sender=MINISTRY, number=number, notation="BTN-VP")
        assert (await ministry.send(document(sent, [HEALTH], attachment=bytes(size)), sender=MINISTRY)).ok
    await gateway.start()
    try:
        assert len(await collect_all(gateway.dms("SYT"))) == 1
        assert gateway.log(LogKind.REFUSED)[0]["code"] == "package-too-large"
        notices = await collect_all(ministry, "status", count=2)
        assert sorted(status_codes(notices)) == ["01", "02"]
    finally:
        await gateway.stop()
        await hub.stop()


@pytest.mark.parametrize("operation", ["getReceivedEdocList", "downloadEdoc", "updateStatus"])
@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CUT_ANSWER, Fault.FAILED, Fault.NONSENSE])
async def test_a_document_from_the_axis_arrives_once_whatever_happens_to_its_fetching(
    road: tuple[World, FaultyAxis], operation: str, fault: Fault
) -> None:
    """Listed, fetched or confirmed badly: the next round finishes it; the mailbox has it once."""
    world, axis = road
    axis.plan(fault, count=1, operation=operation)
    sent = Sent(sender=MINISTRY, number="9", notation="BTN-VP")
    assert (await world.ministry.send(document(sent, [HEALTH]), sender=MINISTRY)).ok
    assert len(await collect_all(world.health)) == 1
    await until(
        world.ministry.sent, lambda answer: any(item["sendStatus"] == "done" for item in answer.items)
    )
    assert (await world.health.count_documents()).count == 0
    accepted = [entry for entry in world.gateway.log(LogKind.ACCEPTED) if entry["carries"] == "document"]
    assert len(accepted) == 1
