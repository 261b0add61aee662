"""A commune without a DMS reads, answers, writes, recalls in the console; to others it is like any agency."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.edxml.reader import read_package
from gateway.edxml.validation import check_strict
from gateway.errors import Refusal
from gateway.model.agency import Agency
from gateway.model.code_lists import Business, Priority, StatusCode
from gateway.model.identifiers import AgencyCode, DispatchId, ThreadId
from gateway.model.letter import DraftId, Letter
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.office import now, open_office
from gateway.points import Point, watch
from gateway.store.incoming import Pile
from gateway.wiring.desks import Desks
from tests.console import person
from tests.packages import Sent, document, status
from tests.town import COMMUNE, COMMUNE_NAME, WARD, Town, open_town
from tests.walks.world import HEALTH, MINISTRY, collect_all, status_codes, until

CLERK = person(UserRole.CLERK, agencies=frozenset({COMMUNE}))
NEIGHBOUR = person(UserRole.CLERK, "neighbour", agencies=frozenset({WARD}))
VIEWER = person(UserRole.VIEWER, agencies=frozenset({COMMUNE}))
LETTER = Letter(
    recipients=(MINISTRY,),
    number="12",
    notation="UBND-VP",
    day=date(2026, 4, 12),
    place="Thử Nghiệm",
    subject="V/v báo cáo tiêm chủng <script>alert(1)</script>",
    priority=Priority.URGENT,
    due_on=date(2026, 5, 1),
    signer_name="Nguyễn Văn Thử",
    signer_position="Chủ tịch",
)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of tests/town.py, whose drafts hold little."""
    drafts = {"file_limit": "64 KiB", "files_limit": "100 KiB"}
    async with open_town(tmp_path, drafts=drafts) as town:
        yield town


async def happens(found: Callable[[], object]) -> None:
    """Wait until something is there."""
    async with asyncio.timeout(10):
        while not found():  # noqa: ASYNC110 - it is looked for, not awaited
            await asyncio.sleep(0.05)


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def came(town: Town, desks: Desks, *, pile: Pile = Pile.UNREAD) -> DispatchId:
    """Wait for something in the commune's mailbox."""
    async with asyncio.timeout(10):
        while not (items := await desks.correspondence.list_pile(COMMUNE, pile, by=CLERK)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return items[0].id


async def drafted(desks: Desks, letter: Letter = LETTER) -> DraftId:
    """Write a letter with a file."""
    draft_id = await desks.composing.begin(COMMUNE, letter, by=CLERK, at=now())
    await desks.composing.attach(draft_id, "Công văn 12.pdf", pieces(b"%PDF-1.4 ", b"xa"), by=CLERK, at=now())
    return draft_id


async def sent_thread(town: Town, desks: Desks) -> ThreadId:
    """Send a letter; return its thread."""
    promise = await desks.composing.send(await drafted(desks), by=CLERK, at=now())
    assert promise is not None
    (row,) = town.gateway.rows("SELECT thread_id FROM packages WHERE id = ?", promise.package_id)
    return ThreadId(row["thread_id"])


async def rename(town: Town, desks: Desks, code: AgencyCode, name: str) -> None:
    """Let an agency be called otherwise from now on."""
    async with open_office(load_config(town.gateway.directory / "config.toml")) as office:
        await office.registry.put_agency(Agency(code=code, name=name), by="test", at=now())
    desks.composing.desk.directory.expire()


async def test_a_document_written_in_the_console_arrives_as_one_from_a_dms(town: Town) -> None:
    """The ministry gets valid, sealed edXML from the commune, answers 06, and the commune sees it."""
    async with town.desks() as desks:
        thread_id = await sent_thread(town, desks)
        (package,) = await collect_all(town.ministry)
        unsealed = read_package(io.BytesIO(package)).package
        assert unsealed is not None
        assert unsealed.envelope is not None
        assert unsealed.envelope.subject == LETTER.subject
        assert unsealed.envelope.sender.name == COMMUNE_NAME
        assert unsealed.envelope.document_id == "000.04.20.H57,2026/04/12,12/UBND-VP"
        assert [file.name for file in unsealed.attachments] == ["Công văn 12.pdf"]
        assert b"SignatureValue" in package
        sent = Sent(sender=COMMUNE, number="12", notation="UBND-VP", day=date(2026, 4, 12))
        for code in ("03", "06"):
            said = await town.ministry.send(status(sent, code, by=MINISTRY), sender=MINISTRY, kind="status")
            assert said.ok, said.words
        async with asyncio.timeout(10):
            while (await desks.outgoing.find_sent(thread_id, by=CLERK)).holders[0].status != "06":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    (entry,) = [entry for entry in town.gateway.log(LogKind.ACCEPTED) if entry.get("by")]
    assert (entry["by"], entry["system"], entry["sender"]) == ("clerk", "XA", COMMUNE)


async def test_what_is_written_keeps_the_strict_schema(town: Town) -> None:
    """As it lies here, before the seal."""
    async with town.desks() as desks:
        await sent_thread(town, desks)
    (row,) = town.gateway.rows(
        "SELECT bytes FROM blobs JOIN packages USING (digest) WHERE sender = ?", COMMUNE
    )
    assert check_strict(row["bytes"]) == ()


async def test_words_of_others_do_not_pile_up_in_a_mailbox_nobody_empties(town: Town) -> None:
    """What recipients answer is on record; the console's system confirms it by itself."""
    async with town.desks() as desks:
        await sent_thread(town, desks)
        sent = Sent(sender=COMMUNE, number="12", notation="UBND-VP", day=date(2026, 4, 12))
        await collect_all(town.ministry)
        await town.ministry.send(status(sent, "03", by=MINISTRY), sender=MINISTRY, kind="status")
        await happens(lambda: town.gateway.log(LogKind.CONFIRMED))
    waiting = "SELECT id FROM dispatches WHERE destination = 'mailbox' AND kind = 'status' AND mailbox = ?"
    await happens(lambda: not town.gateway.rows(f"{waiting} AND ended_at IS NULL", COMMUNE))
    assert town.gateway.rows(waiting, COMMUNE)


async def test_a_draft_is_sent_once_however_often_its_button_is_pressed(town: Town) -> None:
    """Twice at once, and once more after the ministry declined: one document at the ministry."""
    async with town.desks() as desks:
        draft_id = await drafted(desks)
        promises = await asyncio.gather(
            *(desks.composing.send(draft_id, by=CLERK, at=now()) for _ in range(3))
        )
        assert len({promise.package_id for promise in promises if promise}) == 1
        await collect_all(town.ministry)
        sent = Sent(sender=COMMUNE, number="12", notation="UBND-VP", day=date(2026, 4, 12))
        await town.ministry.send(
            status(sent, "02", by=MINISTRY, description="sai thẩm quyền"), sender=MINISTRY, kind="status"
        )
        await happens(lambda: town.gateway.rows("SELECT 1 FROM recipients WHERE status = '02'"))
        assert await desks.composing.send(draft_id, by=CLERK, at=now()) is None
    assert len([e for e in town.hub.log(LogKind.ACCEPTED) if e["carries"] == "document"]) == 1


@pytest.mark.parametrize(
    "point", [Point.SENDING_BEGUN, Point.JUDGED, Point.BYTES_SAFE, Point.ACCEPTED, Point.DRAFT_SENT]
)
async def test_a_sending_that_died_is_finished_not_repeated(town: Town, point: Point) -> None:
    """Wherever between the steps, whatever was renamed since: it is one document, one acceptance."""
    async with town.desks() as desks:
        draft_id = await drafted(desks)

        def die(passed: Point) -> None:
            if passed is point:
                watch(None)
                raise KeyboardInterrupt

        watch(die)
        with pytest.raises(KeyboardInterrupt):
            await desks.composing.send(draft_id, by=CLERK, at=now())
        watch(None)
        await rename(town, desks, MINISTRY, "Bộ Thử nghiệm và Phát triển")
        await desks.composing.send(draft_id, by=CLERK, at=now())
        draft = await desks.composing.find(draft_id, by=CLERK)
        assert draft.package_id is not None
    await collect_all(town.ministry)
    accepted = [e for e in town.gateway.log(LogKind.ACCEPTED) if e["carries"] == "document"]
    assert [entry["package"] for entry in accepted] == [draft.package_id]


async def test_a_letter_is_refused_with_all_its_faults_at_once_and_can_be_mended(town: Town) -> None:
    """Each fault is named by its field; nothing was recorded; mended, it goes."""
    bad = replace(LETTER, recipients=(COMMUNE,), number="", day=date(2999, 1, 1), subject="")
    async with town.desks() as desks:
        draft_id = await desks.composing.begin(COMMUNE, bad, by=CLERK, at=now())
        with pytest.raises(Refusal) as caught:
            await desks.composing.send(draft_id, by=CLERK, at=now())
        assert {fault.where for fault in caught.value.faults} == {
            *("number", "subject", "files", "day", "due_on", "recipients")
        }
        await desks.composing.attach(draft_id, "a.pdf", pieces(b"%PDF-"), by=CLERK, at=now())
        await desks.composing.save(draft_id, LETTER, by=CLERK, at=now())
        assert await desks.composing.send(draft_id, by=CLERK, at=now()) is not None
    assert town.gateway.log(LogKind.REFUSED) == []


async def test_an_unknown_recipient_is_named_beside_its_field(town: Town) -> None:
    """Before anything is sent."""
    unknown = replace(LETTER, recipients=(MINISTRY, MINISTRY))
    async with town.desks() as desks:
        draft_id = await drafted(desks, unknown)
        with pytest.raises(Refusal) as caught:
            await desks.composing.send(draft_id, by=CLERK, at=now())
    assert [fault.rule for fault in caught.value.faults] == ["recipient-repeated"]


async def test_a_number_is_used_once(town: Town) -> None:
    """The same number on the same day is another version, and must be said to be one."""
    async with town.desks() as desks:
        await sent_thread(town, desks)
        with pytest.raises(Refusal) as caught:
            await desks.composing.send(await drafted(desks), by=CLERK, at=now())
    assert caught.value.code == "number-used"


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\công văn.docx", "công văn.docx"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("", "tep-dinh-kem"),
        ("con.pdf", "tep-dinh-kem-con.pdf"),
        ('"><img src=x onerror=alert(1)>.pdf', "___img src=x onerror=alert(1)_.pdf"),
        ("x" * 5000 + ".pdf", "x" * 236 + ".pdf"),
    ],
)
async def test_a_file_s_name_is_only_a_name(town: Town, raw: str, kept: str) -> None:
    """No folders, no invisible signs, nothing too long; the bytes lie under a name of ours."""
    async with town.desks() as desks:
        draft_id = await desks.composing.begin(COMMUNE, LETTER, by=CLERK, at=now())
        await desks.composing.attach(draft_id, raw, pieces(b"x"), by=CLERK, at=now())
        draft = await desks.composing.find(draft_id, by=CLERK)
    assert [file.name for file in draft.files] == [kept]
    assert [path.name for path in (town.gateway.directory / "drafts").iterdir()] == [draft.files[0].id]


async def test_a_file_too_large_leaves_nothing_behind(town: Town) -> None:
    """Alone, or with what is there already; an empty one neither."""
    async with town.desks() as desks:
        draft_id = await desks.composing.begin(COMMUNE, LETTER, by=CLERK, at=now())
        for chunks in ([b"x" * (64 << 10), b"x"], []):
            with pytest.raises(Refusal) as caught:
                await desks.composing.attach(draft_id, "a.pdf", pieces(*chunks), by=CLERK, at=now())
            assert caught.value.faults[0].where == "files"
        await desks.composing.attach(draft_id, "a.pdf", pieces(b"x" * (60 << 10)), by=CLERK, at=now())
        with pytest.raises(Refusal) as caught:
            await desks.composing.attach(draft_id, "b.pdf", pieces(b"x" * (60 << 10)), by=CLERK, at=now())
        assert "40 MiB" not in caught.value.faults[0].vi
        draft = await desks.composing.find(draft_id, by=CLERK)
    assert len(draft.files) == 1
    assert len(list((town.gateway.directory / "drafts").iterdir())) == 1


@pytest.mark.parametrize("act", ["send", "discard"])
async def test_a_file_that_comes_too_late_is_in_no_draft(town: Town, act: str) -> None:
    """While it was being uploaded the draft was sent, or thrown away, in another window."""
    async with town.desks() as desks:
        draft_id = await drafted(desks)
        before = set(desks.composing.folder.folder.iterdir())

        async def slowly() -> AsyncIterator[bytes]:
            yield b"%PDF-"
            if act == "send":
                await desks.composing.send(draft_id, by=CLERK, at=now())
            else:
                await desks.composing.discard(draft_id, by=CLERK)
            yield b"too late"

        with pytest.raises(Refusal) as refused:
            await desks.composing.attach(draft_id, "muon.pdf", slowly(), by=CLERK, at=now())
        assert refused.value.code == "draft-sent"
        assert set(desks.composing.folder.folder.iterdir()) == before
        assert not town.gateway.rows("SELECT 1 FROM draft_files WHERE name = 'muon.pdf'")


async def test_old_drafts_go_with_their_files(town: Town) -> None:
    """And a file no draft has; a draft in use stays."""
    async with town.desks() as desks:
        await drafted(desks)
        (town.gateway.directory / "drafts" / "stray").write_bytes(b"x")
        await desks.composing.tidy(at=now())
        assert len(await desks.composing.list_drafts(CLERK)) == 1
        await desks.composing.tidy(at=now() + timedelta(days=61))
        assert await desks.composing.list_drafts(CLERK) == []
    assert list((town.gateway.directory / "drafts").iterdir()) == []


async def test_a_document_is_opened_answered_and_done(town: Town) -> None:
    """01 by itself, then what the clerk says, in words every DMS knows; who opened it is on record."""
    sent = Sent(sender=MINISTRY, number="70", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        dispatch_id = await came(town, desks)
        opened = await desks.correspondence.open(dispatch_id, by=CLERK, at=now())
        assert opened.envelope.code.number == "70"
        assert StatusCode.RECEIVED in opened.may_answer
        for code in (StatusCode.RECEIVED, StatusCode.PROCESSING, StatusCode.COMPLETED):
            await desks.correspondence.answer(
                dispatch_id, code, by=CLERK, reason=None, asked_at=now(), at=now()
            )
        assert await came(town, desks, pile=Pile.DONE) == dispatch_id
    words = await collect_all(town.ministry, "status", count=4)
    assert status_codes(words) == ["01", "03", "05", "06"]
    assert COMMUNE_NAME in words[1].decode()
    (collected,) = town.gateway.log(LogKind.COLLECTED)
    assert (collected["by"], collected["recipient"]) == ("clerk", COMMUNE)
    assert [entry["by"] for entry in town.gateway.log(LogKind.CONFIRMED)] == ["clerk"]


async def test_declining_owes_a_reason_and_the_sender_reads_it(town: Town) -> None:
    """In the commune's words, whatever stands in them."""
    sent = Sent(sender=MINISTRY, number="71", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        dispatch_id = await came(town, desks)
        with pytest.raises(Refusal) as caught:
            await desks.correspondence.answer(
                dispatch_id, StatusCode.DECLINED, by=CLERK, reason=" ", asked_at=now(), at=now()
            )
        assert caught.value.code == "reason-missing"
        reason = 'Không thuộc thẩm quyền ]]> & <b>xã</b> "x"'
        await desks.correspondence.answer(
            dispatch_id, StatusCode.DECLINED, by=CLERK, reason=reason, asked_at=now(), at=now()
        )
    words = await collect_all(town.ministry, "status", count=2)
    declined = read_package(io.BytesIO(words[1])).package
    assert declined is not None
    assert declined.status is not None
    assert (declined.status.status, declined.status.description) == ("02", reason)


async def test_a_form_sent_twice_is_one_answer(town: Town) -> None:
    """The same form makes the same bytes; another one that says the same does not travel."""
    sent = Sent(sender=MINISTRY, number="72", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        dispatch_id = await came(town, desks)
        asked_at = now()
        promises = [
            await desks.correspondence.answer(
                dispatch_id, StatusCode.RECEIVED, by=CLERK, reason=None, asked_at=when, at=now()
            )
            for when in (asked_at, asked_at, asked_at + timedelta(seconds=9))
        ]
        assert promises[0].package_id == promises[1].package_id
    words = await collect_all(town.ministry, "status", count=2)
    await asyncio.sleep(0.5)
    assert status_codes(words) == ["01", "03"]
    assert (await town.ministry.received("status")).items == []


async def test_an_answer_out_of_order_is_refused(town: Town) -> None:
    """Work that was never begun cannot be unfinished; 15 needs a recall."""
    sent = Sent(sender=MINISTRY, number="73", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        dispatch_id = await came(town, desks)
        with pytest.raises(Refusal) as caught:
            await desks.correspondence.answer(
                dispatch_id, StatusCode.CHANGE_ACCEPTED, by=CLERK, reason=None, asked_at=now(), at=now()
            )
    assert caught.value.code == "status-out-of-order"


async def test_a_recall_from_elsewhere_is_answered(town: Town) -> None:
    """The ministry wants it back; the commune agrees; the document is given back."""
    sent = Sent(sender=MINISTRY, number="74", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        first = await came(town, desks)
        await desks.correspondence.open(first, by=CLERK, at=now())
        recall = document(sent, [COMMUNE], business=1, target=sent.document_id)
        assert (await town.ministry.send(recall, sender=MINISTRY)).ok
        dispatch_id = await came(town, desks)
        opened = await desks.correspondence.open(dispatch_id, by=CLERK, at=now())
        assert opened.incoming.business is Business.RECALL
        assert {StatusCode.CHANGE_ACCEPTED, StatusCode.CHANGE_DECLINED} <= set(opened.may_answer)
        await desks.correspondence.answer(
            dispatch_id, StatusCode.CHANGE_ACCEPTED, by=CLERK, reason=None, asked_at=now(), at=now()
        )
    words = await until(lambda: town.ministry.received("status"), lambda answer: len(answer.items) == 2)
    assert len(words.items) == 2
    assert town.gateway.rows("SELECT 1 FROM recipients WHERE code = ? AND recalled_at IS NOT NULL", COMMUNE)


async def test_a_recall_by_the_commune_reaches_whoever_has_it_once(town: Town) -> None:
    """The same form twice is one recall; the reason travels."""
    async with town.desks() as desks:
        thread_id = await sent_thread(town, desks)
        await collect_all(town.ministry)
        asked_at = now()
        for name in ("Bộ Thử nghiệm", "Bộ Thử nghiệm và Phát triển"):
            await rename(town, desks, MINISTRY, name)
            await desks.outgoing.recall(
                thread_id, by=CLERK, reason="Gửi nhầm bản dự thảo", asked_at=asked_at, at=now()
            )
    (recall,) = await collect_all(town.ministry)
    read = read_package(io.BytesIO(recall)).package
    assert read is not None
    assert read.envelope is not None
    amendment = read.envelope.amendment
    assert (amendment.business, amendment.reason) == (Business.RECALL, "Gửi nhầm bản dự thảo")
    assert amendment.target == "000.04.20.H57,2026/04/12,12/UBND-VP"
    assert len([e for e in town.gateway.log(LogKind.AMENDED) if e["business"] == 1]) == 1


@pytest.mark.parametrize("business", [Business.UPDATE, Business.REPLACE])
async def test_a_document_is_updated_and_replaced(town: Town, business: Business) -> None:
    """Filled in from what was sent; the update keeps its number, the replacement gets its own."""
    async with town.desks() as desks:
        thread_id = await sent_thread(town, desks)
        await collect_all(town.ministry)
        draft_id = await desks.outgoing.begin_amending(thread_id, business, by=CLERK, at=now())
        draft = await desks.composing.find(draft_id, by=CLERK)
        changed = replace(
            draft.letter, number="13", day=date(2026, 4, 13), reason="Sửa số liệu", subject="Mới"
        )
        await desks.composing.save(draft_id, changed, by=CLERK, at=now())
        await desks.composing.attach(draft_id, "b.pdf", pieces(b"%PDF-2"), by=CLERK, at=now())
        await desks.composing.send(draft_id, by=CLERK, at=now())
    (package,) = await collect_all(town.ministry)
    read = read_package(io.BytesIO(package)).package
    assert read is not None
    assert read.envelope is not None
    envelope = read.envelope
    first = "000.04.20.H57,2026/04/12,12/UBND-VP"
    if business is Business.UPDATE:
        assert (envelope.document_id, envelope.amendment.target) == (first, first)
    else:
        assert envelope.document_id == "000.04.20.H57,2026/04/13,13/UBND-VP"
        assert [one.document_id for one in envelope.amendment.replaced] == [first]
    assert (envelope.amendment.business, envelope.amendment.reason) == (business, "Sửa số liệu")


async def test_a_reply_names_what_it_answers(town: Town) -> None:
    """ResponseFor is the ministry's own document."""
    sent = Sent(sender=MINISTRY, number="75", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        opened = await desks.correspondence.open(await came(town, desks), by=CLERK, at=now())
        letter = replace(LETTER, answers=opened.incoming.thread_id)
        await desks.composing.send(await drafted(desks, letter), by=CLERK, at=now())
    (package,) = await collect_all(town.ministry)
    read = read_package(io.BytesIO(package)).package
    assert read is not None
    assert read.envelope is not None
    assert [reply.document_id for reply in read.envelope.replies] == [sent.document_id]


async def test_nobody_else_reads_writes_or_answers_for_the_commune(town: Town) -> None:
    """The neighbour's clerk meets not-found everywhere, the viewer may read and no more."""
    sent = Sent(sender=MINISTRY, number="76", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    async with town.desks() as desks:
        dispatch_id = await came(town, desks)
        draft_id = await drafted(desks)
        thread_id = await sent_thread(town, desks)
        at = now()
        for by, code in ((NEIGHBOUR, "not-found"), (VIEWER, "not-allowed")):
            for act in (
                desks.composing.begin(COMMUNE, LETTER, by=by, at=at),
                desks.composing.find(draft_id, by=by),
                desks.composing.send(draft_id, by=by, at=at),
                desks.composing.discard(draft_id, by=by),
                desks.outgoing.recall(thread_id, by=by, reason="x", asked_at=at, at=at),
                desks.correspondence.answer(
                    dispatch_id, StatusCode.RECEIVED, by=by, reason=None, asked_at=at, at=at
                ),
            ):
                with pytest.raises(Refusal) as caught:
                    await act  # type: ignore[misc]
                assert caught.value.code == code
        with pytest.raises(Refusal):
            await desks.correspondence.open(dispatch_id, by=NEIGHBOUR, at=at)
        seen = await desks.correspondence.open(dispatch_id, by=VIEWER, at=at)
        assert (seen.may_answer, seen.incoming.is_unread) == ((), True)
    assert town.gateway.log(LogKind.COLLECTED) == []


async def test_an_agency_with_a_dms_is_not_written_for_in_the_console(town: Town) -> None:
    """The health department has its own; even who sees every agency cannot."""
    everybody = person(UserRole.CLERK)
    async with town.desks() as desks:
        with pytest.raises(Refusal) as caught:
            await desks.composing.begin(HEALTH, LETTER, by=everybody, at=now())
        assert caught.value.code == "not-found"
        assert {agency.code for agency in await desks.composing.desk.agencies_of(everybody)} == {
            COMMUNE,
            WARD,
        }


async def test_the_accepted_entry_holds_no_word_of_the_letter(town: Town) -> None:
    """Evidence names who and what, never the content."""
    async with town.desks() as desks:
        await sent_thread(town, desks)
    assert "tiêm chủng" not in json.dumps(town.gateway.log(), ensure_ascii=False)
