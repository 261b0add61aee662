"""A document from an agency's DMS through its gateway over the axis, and the answers back."""

import pytest

from gateway.model.log import LogKind
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all, status_codes, until

pytestmark = pytest.mark.both_engines


async def test_a_document_arrives_and_its_answers_come_back(world: World) -> None:
    """A department writes to a ministry, which receives it, works, and is done; the department hears it."""
    sent = Sent(sender=HEALTH)
    answer = await world.health.send(document(sent, [MINISTRY]), sender=HEALTH, recipients=[MINISTRY])
    assert answer.ok, answer.words
    (package,) = await collect_all(world.ministry)
    assert b"tr\xc3\xacnh" not in package
    assert b"SignatureValue" in package
    for code in ("01", "03", "05", "06"):
        said = await world.ministry.send(
            status(sent, code, by=MINISTRY), sender=MINISTRY, recipients=[HEALTH], kind="status"
        )
        assert said.ok, said.words
    answers = await collect_all(world.health, "status", count=4)
    assert status_codes(answers) == ["01", "03", "05", "06"]


async def test_a_document_for_a_neighbour_stays_in_the_house(world: World) -> None:
    """Two agencies on one gateway: delivered here, 01 by itself, the axis never sees it."""
    sent = Sent(sender=HEALTH, number="413")
    answer = await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    assert answer.ok, answer.words
    await collect_all(world.finance)
    assert status_codes(await collect_all(world.health, "status")) == ["01"]
    assert world.hub.log(LogKind.ACCEPTED) == []


async def test_a_document_from_the_axis_lies_in_its_mailbox_and_01_goes_back_by_itself(world: World) -> None:
    """The ministry writes to two departments; each has its own copy, the ministry hears of both."""
    sent = Sent(sender=MINISTRY, number="77", notation="BTN-VP")
    assert (await world.ministry.send(document(sent, [HEALTH, FINANCE]), sender=MINISTRY)).ok
    (one,) = await collect_all(world.health)
    (other,) = await collect_all(world.finance)
    assert one == other
    answers = await collect_all(world.ministry, "status", count=2)
    assert status_codes(answers) == ["01", "01"]


async def test_each_recipient_has_a_state_of_its_own(world: World) -> None:
    """The sent list shows one line for each recipient, with how far each has come."""
    sent = Sent(sender=MINISTRY, number="78", notation="BTN-VP")
    assert (await world.ministry.send(document(sent, [HEALTH, FINANCE]), sender=MINISTRY)).ok
    await collect_all(world.health)
    await world.health.send(status(sent, "03", by=HEALTH), sender=HEALTH, kind="status")
    report = await until(
        world.ministry.sent,
        lambda answer: (
            {item["toCode"]: item.get("receiveStatus") for item in answer.items}
            == {HEALTH: "03", FINANCE: "01"}
        ),
    )
    assert {item["sendStatus"] for item in report.items} <= {"done", "processing"}
