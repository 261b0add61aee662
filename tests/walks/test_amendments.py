"""Recall, update, replace: one thread of versions, with the answers to each."""

from gateway.model.log import LogKind
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, collect_all, status_codes, until


async def test_a_recall_reaches_every_holder_and_each_answers_for_itself(world: World) -> None:
    """One gives the document back (15), one does not (16, with a reason); the thread knows both."""
    sent = Sent(sender=MINISTRY, number="90", notation="BTN-VP")
    await world.ministry.send(document(sent, [HEALTH, FINANCE]), sender=MINISTRY)
    await collect_all(world.health)
    await collect_all(world.finance)
    recall = document(sent, [HEALTH, FINANCE], business=1, target=sent.document_id)
    assert (await world.ministry.send(recall, sender=MINISTRY)).ok
    await collect_all(world.health)
    await collect_all(world.finance)
    await world.health.send(status(sent, "15", by=HEALTH), sender=HEALTH, kind="status")
    refusing = status(sent, "16", by=FINANCE, description="Đã giải quyết xong")
    await world.finance.send(refusing, sender=FINANCE, kind="status")
    answers = await collect_all(world.ministry, "status", count=4)
    assert sorted(status_codes(answers)) == ["01", "01", "15", "16"]
    rows = world.gateway.rows("SELECT code, recalled_at, pending_change FROM recipients ORDER BY code")
    given_back = {row["code"]: row["recalled_at"] is not None for row in rows}
    assert given_back == {FINANCE: False, HEALTH: True}
    assert [row["pending_change"] for row in rows] == [None, None]


async def test_a_change_nobody_asked_for_cannot_be_answered(world: World) -> None:
    """15 without a recall or update pending is refused by the gateway of the DMS that says it."""
    sent = Sent(sender=MINISTRY, number="91", notation="BTN-VP")
    await world.ministry.send(document(sent, [HEALTH]), sender=MINISTRY)
    await collect_all(world.health)
    answer = await world.health.send(status(sent, "15", by=HEALTH), sender=HEALTH, kind="status")
    assert (answer.code, "status-out-of-order" in answer.words) == ("8", True)


async def test_declining_owes_a_reason(world: World) -> None:
    """02 without a word is refused; with one it goes back to the sender."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    silent = await world.finance.send(status(sent, "02", by=FINANCE), sender=FINANCE, kind="status")
    assert (silent.code, "reason-missing" in silent.words) == ("8", True)
    spoken = status(sent, "02", by=FINANCE, description="Gửi nhầm nơi nhận")
    assert (await world.finance.send(spoken, sender=FINANCE, kind="status")).ok
    assert status_codes(await collect_all(world.health, "status", count=2)) == ["01", "02"]


async def test_a_declined_document_may_come_again_and_starts_from_nothing(world: World) -> None:
    """After 02 the same document is a new round: arrived, received, as if for the first time."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    declining = status(sent, "02", by=FINANCE, description="Thiếu phụ lục")
    await world.finance.send(declining, sender=FINANCE, kind="status")
    again = document(sent, [FINANCE], attachment=b"%PDF-1.4 co phu luc")
    assert (await world.health.send(again, sender=HEALTH)).ok
    said = await world.finance.send(status(sent, "03", by=FINANCE), sender=FINANCE, kind="status")
    assert said.ok, said.words
    (row,) = world.gateway.rows("SELECT status FROM recipients")
    assert row["status"] == "03"


async def test_a_late_status_does_not_take_a_document_back(world: World) -> None:
    """06 came before 03: the document stays completed, both words are kept."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [MINISTRY]), sender=HEALTH)
    for code in ("06", "03"):
        await world.ministry.send(status(sent, code, by=MINISTRY), sender=MINISTRY, kind="status")
    await collect_all(world.health, "status", count=2)
    (row,) = world.gateway.rows("SELECT status FROM recipients")
    assert row["status"] == "06"
    assert len(world.gateway.rows("SELECT 1 FROM answers")) == 2


async def test_only_its_sender_recalls_a_document(world: World) -> None:
    """A recall of another agency's document is refused and on record."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    own = Sent(sender=FINANCE, number="5", notation="STC-VP")
    stealing = document(own, [HEALTH], business=1, target=sent.document_id)
    answer = await world.finance.send(stealing, sender=FINANCE)
    assert (answer.code, "not-your-document" in answer.words) == ("5", True)
    assert world.gateway.log(LogKind.REFUSED)[-1]["code"] == "not-your-document"


async def test_an_update_is_a_new_version_of_the_same_document(world: World) -> None:
    """One thread, two packages; the holder owes an answer, a newcomer does not."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    update = document(sent, [FINANCE, MINISTRY], business=2, target=sent.document_id, subject="Bản đã sửa")
    again = world.gateway.dms("SYT")
    assert (await again.send(update, sender=HEALTH)).ok
    (thread,) = world.gateway.rows("SELECT id FROM threads")
    rows = world.gateway.rows("SELECT code, pending_change FROM recipients ORDER BY code")
    assert [(row["code"], row["pending_change"]) for row in rows] == [(MINISTRY, None), (FINANCE, "update")]
    packages = world.gateway.rows(
        "SELECT 1 FROM packages WHERE kind = 'document' AND thread_id = ?", thread["id"]
    )
    assert len(packages) == 2


async def test_a_replacement_supersedes_the_old_document_and_has_a_life_of_its_own(world: World) -> None:
    """Two threads, one pointing at the other."""
    old, new = Sent(sender=HEALTH, number="1"), Sent(sender=HEALTH, number="2")
    await world.health.send(document(old, [FINANCE]), sender=HEALTH)
    replacing = document(new, [FINANCE], business=3, replaced=[old.document_id])
    assert (await world.health.send(replacing, sender=HEALTH)).ok
    rows = {row["document_id"]: row for row in world.gateway.rows("SELECT * FROM threads")}
    assert rows[old.document_id]["superseded_by"] == rows[new.document_id]["id"]


async def test_a_status_that_came_before_its_document_is_matched_when_it_comes(world: World) -> None:
    """The network reorders; the answer waits, unmatched, and finds its document."""
    sent = Sent(sender=HEALTH, number="95")
    early = status(sent, "03", by=MINISTRY)
    assert (await world.ministry.send(early, sender=MINISTRY, kind="status")).ok
    await until(world.health.count_statuses, lambda answer: answer.count == 1)
    assert len(world.gateway.log(LogKind.UNMATCHED)) == 1
    await world.health.send(document(sent, [MINISTRY]), sender=HEALTH)
    await until(
        world.health.sent,
        lambda answer: any(item.get("receiveStatus") == "03" for item in answer.items),
        seconds=15,
    )


async def test_a_recall_that_overtook_its_document_is_not_forgotten_when_it_comes(world: World) -> None:
    """The document arrives late; the recipient still owes the answer to its recall."""
    sent = Sent(sender=MINISTRY, number="96", notation="BTN-VP")
    recall = document(sent, [HEALTH], business=1, target=sent.document_id)
    await world.ministry.send(recall, sender=MINISTRY)
    await collect_all(world.health)
    await world.ministry.send(document(sent, [HEALTH]), sender=MINISTRY)
    await collect_all(world.health)
    (row,) = world.gateway.rows("SELECT pending_change FROM recipients")
    assert row["pending_change"] == "recall"
    assert "recalled-before-it-came" in world.gateway.log(LogKind.ACCEPTED)[-1]["warnings"]


async def test_urgent_documents_go_first(world: World) -> None:
    """A hỏa tốc document stands at the head of the mailbox, whenever it came."""
    for number, priority in (("1", 0), ("2", 3), ("3", 1)):
        package = document(Sent(sender=HEALTH, number=number), [FINANCE], priority=priority)
        await world.health.send(package, sender=HEALTH)
    listed = (await world.finance.received()).items
    assert [item["priority"] for item in listed] == [3, 1, 0]
