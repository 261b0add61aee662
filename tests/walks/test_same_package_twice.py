"""Everything can be done twice, and has one effect."""

import asyncio

import pytest

from gateway.model.agency import SystemKind
from gateway.model.log import LogKind
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all, until

pytestmark = pytest.mark.both_engines


async def test_a_package_sent_twice_gets_its_first_receipt_and_arrives_once(world: World) -> None:
    """The SDK repeats a send whose answer got lost; the repetition is noted, and nothing else happens."""
    package = document(Sent(sender=HEALTH), [MINISTRY])
    first = await world.health.send(package, sender=HEALTH)
    second = await world.health.send(package, sender=HEALTH)
    assert first.doc_id == second.doc_id
    assert first.members["Receipt"] == second.members["Receipt"]
    assert len(world.gateway.log(LogKind.ACCEPTED)) == 1
    assert len(world.gateway.log(LogKind.REPEATED)) == 1
    assert len(await collect_all(world.ministry)) == 1
    await asyncio.sleep(0.3)
    assert (await world.ministry.count_documents()).count == 0


async def test_the_same_package_at_the_same_moment_is_one(world: World) -> None:
    """Eight copies race; all get one id."""
    package = document(Sent(sender=HEALTH), [FINANCE])
    answers = await asyncio.gather(*(world.gateway.dms("SYT").send(package, sender=HEALTH) for _ in range(8)))
    assert len({answer.doc_id for answer in answers}) == 1
    assert (await world.finance.count_documents()).count == 1


async def test_a_document_sent_again_to_one_more_recipient_reaches_only_that_one(world: World) -> None:
    """Who holds it already gets nothing. A gateway below asks for some recipients at a time."""
    await world.gateway.connect("SYT", [HEALTH], kind=SystemKind.GATEWAY)
    below = world.gateway.dms("SYT")
    package = document(Sent(sender=HEALTH), [FINANCE, MINISTRY])
    assert (await below.send(package, sender=HEALTH, recipients=[FINANCE])).ok
    assert (await below.send(package, sender=HEALTH, recipients=[FINANCE, MINISTRY])).ok
    assert len(await collect_all(world.ministry)) == 1
    assert (await world.finance.count_documents()).count == 1


async def test_the_same_identifier_with_other_content_asks_its_holder(world: World) -> None:
    """Nothing is overwritten: the second version is delivered, and its holder owes an answer to it."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE], subject="Bản thứ nhất"), sender=HEALTH)
    answer = await world.health.send(document(sent, [FINANCE], subject="Bản thứ hai"), sender=HEALTH)
    assert answer.ok, answer.words
    assert (await world.finance.count_documents()).count == 2
    (row,) = world.gateway.rows("SELECT pending_change FROM recipients")
    assert row["pending_change"] == "update"
    assert "same-document-other-content" in world.gateway.log(LogKind.ACCEPTED)[-1]["warnings"]


async def test_another_agency_cannot_use_a_documents_identifier(world: World) -> None:
    """A full identifier names its agency; under another's name it is refused."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    forged = document(sent, [HEALTH]).replace(
        f"<edXML:From><edXML:OrganId>{HEALTH}".encode(), f"<edXML:From><edXML:OrganId>{FINANCE}".encode()
    )
    answer = await world.finance.send(forged, sender=FINANCE)
    assert (answer.code, "not-your-document" in answer.words) == ("5", True)


async def test_a_confirmation_given_twice_stays_the_first(world: World) -> None:
    """Done, done again, and a late fail: the package stays confirmed."""
    await world.health.send(document(Sent(sender=HEALTH), [FINANCE]), sender=HEALTH)
    (item,) = (await world.finance.received()).items
    for word in ("done", "done", "fail"):
        assert (await world.finance.confirm(item["docId"], word)).ok
    assert len(world.gateway.log(LogKind.CONFIRMED)) == 1
    assert world.gateway.log(LogKind.TURNED_AWAY) == []


async def test_a_status_said_twice_travels_once(world: World) -> None:
    """The second 03 is recorded as a repetition and goes no further."""
    sent = Sent(sender=MINISTRY, number="80", notation="BTN-VP")
    await world.ministry.send(document(sent, [HEALTH]), sender=MINISTRY)
    await collect_all(world.health)
    for at in ("09:00:00", "09:05:00"):
        said = await world.health.send(status(sent, "03", by=HEALTH, at=at), sender=HEALTH, kind="status")
        assert said.ok, said.words
    await until(world.ministry.count_statuses, lambda answer: answer.count == 2)
    await asyncio.sleep(0.3)
    assert (await world.ministry.count_statuses()).count == 2  # 01 and one 03


async def test_a_package_that_was_sent_back_may_be_sent_again_as_it_is(world: World) -> None:
    """Declined, then sent once more unchanged: a new round with a receipt of its own, not the old promise."""
    sent = Sent(sender=HEALTH)
    package = document(sent, [FINANCE])
    first = await world.health.send(package, sender=HEALTH)
    await collect_all(world.finance)
    declining = status(sent, "02", by=FINANCE, description="Gửi nhầm")
    assert (await world.finance.send(declining, sender=FINANCE, kind="status")).ok
    second = await world.health.send(package, sender=HEALTH)
    assert second.ok, second.words
    assert second.doc_id != first.doc_id
    assert len(await collect_all(world.finance)) == 1
