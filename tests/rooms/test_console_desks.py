"""The pages of mailbox, drafts, sent documents and attention as requests see them."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date
from html import escape, unescape
from pathlib import Path

import aiohttp
import pytest

from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.office import now
from gateway.wiring.desks import Desks
from tests.console import Browser, add_people, person
from tests.packages import Sent, document, status
from tests.town import COMMUNE, STRANGER, WARD, Town, open_town
from tests.walks.test_desks import CLERK, LETTER, drafted, sent_thread
from tests.walks.world import HEALTH, MINISTRY, collect_all


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """The town of tests/town.py, whose drafts hold little."""
    async with open_town(tmp_path, drafts={"file_limit": "64 KiB", "files_limit": "1 MiB"}) as town:
        yield town


async def row(town: Town, sql: str, *parameters: object) -> str:
    """Wait for a row and return its first column."""
    async with asyncio.timeout(10):
        while not (rows := town.gateway.rows(sql, *parameters)):  # noqa: ASYNC110 - looked for, not awaited
            await asyncio.sleep(0.05)
    return str(rows[0][0])


async def letter_in_mailbox(town: Town) -> str:
    sent = Sent(sender=MINISTRY, number="70", notation="BTN-VP")
    assert (await town.ministry.send(document(sent, [COMMUNE]), sender=MINISTRY)).ok
    return await row(town, "SELECT id FROM dispatches WHERE mailbox = ? AND kind = 'document'", COMMUNE)


async def failed_dispatch(town: Town) -> str:
    assert (await town.health.send(document(Sent(sender=HEALTH), [STRANGER]), sender=HEALTH)).ok
    return await row(town, "SELECT id FROM dispatches WHERE state = 'refused'")


async def new_draft(browser: Browser) -> str:
    page = await browser.post("/drafts", agency=COMMUNE)
    assert page.status == 303, page.text
    return page.headers["Location"].rpartition("/")[2]


async def save(
    browser: Browser,
    draft: str,
    *files: tuple[str, bytes],
    token: str | None = None,
    fields: Sequence[tuple[str, str]] = (("act", "save"),),
) -> int:
    """Send the form of a letter as a browser does: token first, files last."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("csrf", await browser.token() if token is None else token, content_type="text/plain")
    form.add_field("subject", "Trích yếu", content_type="text/plain")
    for name, content in files:
        form.add_field("files", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    for name, text in fields:
        form.add_field(name, text, content_type="text/plain")
    headers = {"Origin": browser.site.node.url, "Sec-Fetch-Site": "same-origin"}
    async with browser.client.post(
        browser.site.url(f"/drafts/{draft}"), data=form, headers=headers, allow_redirects=False
    ) as answer:
        browser.last = await answer.text()  # type: ignore[attr-defined]
        browser.led_to = answer.headers.get("Location", "")  # type: ignore[attr-defined]
        return answer.status


async def test_a_viewer_reads_and_does_nothing(town: Town) -> None:
    """Reading takes nothing out of the unread; every act is forbidden."""
    letter = await letter_in_mailbox(town)
    async with town.pages.visitor("viewer") as browser:
        page = await browser.get(f"/mailbox/{letter}")
        assert page.status == 200
        assert "Từ chối tiếp nhận" not in page.text
        for path in (f"/mailbox/{letter}/answers/03", f"/mailbox/{letter}/reply", "/drafts"):
            assert (await browser.post(path, agency=COMMUNE)).status == 403
        for path in ("/drafts", "/sent"):
            assert (await browser.get(path)).status == 403
    assert town.gateway.log(LogKind.COLLECTED) == []


async def test_for_a_neighbour_nothing_of_it_is_there(town: Town) -> None:
    """The same page as for what never existed, whether he looks or acts."""
    letter = await letter_in_mailbox(town)
    async with town.pages.visitor("clerk") as clerk:
        draft = await new_draft(clerk)
    async with town.pages.visitor("neighbour") as browser:
        for path in (f"/mailbox/{letter}", f"/drafts/{draft}"):
            assert (await browser.get(path)).status == 404, path
        for path in (f"/mailbox/{letter}/answers/03", f"/drafts/{draft}/send", f"/drafts/{draft}/discard"):
            assert (await browser.post(path)).status == 404, path
        assert await save(browser, draft, ("a.pdf", b"x")) == 404
        assert (await browser.post("/drafts", agency=COMMUNE)).status == 404
        assert "UBND phường" in (await browser.get("/mailbox")).text
    assert town.gateway.rows("SELECT 1 FROM draft_files") == []


async def test_only_operators_put_their_hand_to_dispatches_and_only_of_their_agencies(town: Town) -> None:
    """A clerk sees what failed and may not send it again; another agency's operator does not find it."""
    failed = await failed_dispatch(town)
    stranger = person(UserRole.OPERATOR, "elsewhere", agencies=frozenset({WARD}))
    await add_people(town.gateway, stranger)
    for login, answer in (("clerk", 403), ("viewer", 403), ("auditor", 403), ("elsewhere", 404)):
        async with town.pages.visitor(login) as browser:
            assert (await browser.get("/attention")).status == 200
            assert (await browser.get(f"/attention/ask?act=resend&id={failed}")).status == answer
            assert (await browser.post("/attention/resend", id=failed)).status == answer
    async with town.pages.visitor("operator") as browser:
        assert (await browser.get(f"/attention/ask?act=nothing&id={failed}")).status == 404
        assert (await browser.get("/attention/ask?act=resend")).status == 303
        assert (await browser.get("/attention/ask?act=resend&id=none")).status == 404
        refused = await browser.post("/attention/dismiss", id=failed, reason=" ")
        assert (refused.status, "Cần nêu lý do" in refused.text) == (422, True)
        for _ in range(2):
            assert (await browser.post("/attention/resend", id=failed)).status == 303
        thread = await row(town, "SELECT id FROM threads")
        assert f'<a href="/console/documents/{thread}">Theo dõi</a>' in (await browser.get("/attention")).text
    assert len(town.gateway.rows("SELECT 1 FROM dispatches WHERE follows = ?", failed)) == 1


async def test_an_administrator_mends_and_does_not_read(town: Town) -> None:
    """Numbers and agencies, never an abstract."""
    await failed_dispatch(town)
    async with town.pages.visitor("administrator") as browser:
        page = await browser.get("/attention")
    assert "412/SYT-VP" in page.text
    assert "tiêm chủng" not in page.text


async def test_a_file_too_large_is_refused_in_words_and_the_rest_is_kept(town: Town) -> None:
    """The text and the other file are there; the browser is told which file, and why."""
    async with town.pages.visitor("clerk") as browser:
        draft = await new_draft(browser)
        huge = ("<b>lớn</b>.pdf", b"x" * (3 << 20))
        assert await save(browser, draft, ("nhỏ.pdf", b"x"), huge, ("rỗng.pdf", b"")) == 422
        text = browser.last  # type: ignore[attr-defined]
    assert "lớn&lt;/b&gt;.pdf: Tệp quá lớn" in text
    assert "rỗng.pdf: Tệp rỗng" in text
    assert [one["name"] for one in town.gateway.rows("SELECT name FROM draft_files")] == ["nhỏ.pdf"]
    (kept,) = town.gateway.rows("SELECT letter FROM drafts")
    assert json.loads(kept["letter"])["subject"] == "Trích yếu"


async def test_a_form_of_another_session_changes_nothing(town: Town) -> None:
    """Its token is looked at before anything else of it is read."""
    async with town.pages.visitor("clerk") as browser:
        draft = await new_draft(browser)
        assert await save(browser, draft, ("a.pdf", b"x"), token="another") == 403
    assert town.gateway.rows("SELECT 1 FROM draft_files") == []
    assert "Trích yếu" not in town.gateway.rows("SELECT letter FROM drafts")[0]["letter"]


async def test_declining_without_a_reason_shows_the_form_again(town: Town) -> None:
    """And with a nasty one it is text, on the page and in the log."""
    letter = await letter_in_mailbox(town)
    async with town.pages.visitor("clerk") as browser:
        refused = await browser.post(f"/mailbox/{letter}/answers/02", reason="")
        assert (refused.status, "Cần nêu lý do" in refused.text) == (422, True)
        assert (await browser.post(f"/mailbox/{letter}/answers/99", reason="x")).status == 404
        nasty = "<script>alert(1)</script>\u202e\x00"
        assert (await browser.post(f"/mailbox/{letter}/answers/02", reason=nasty)).status == 303
        page = await browser.get(f"/mailbox/{letter}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


async def test_the_files_of_a_letter_are_where_its_page_says(town: Town) -> None:
    """For the agency's people; the neighbour's find none."""
    letter = await letter_in_mailbox(town)
    async with town.pages.visitor("clerk") as browser:
        page = await browser.get(f"/mailbox/{letter}")
        (address,) = re.findall(r'href="/console(/documents/[^"]*/files/1)"', page.text)
        saved = await browser.get(address)
        document_page = await browser.get(address.partition("/packages")[0])
    assert saved.text == "%PDF-1.4 thu nghiem"
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert f'href="/console/mailbox/{letter}"' in document_page.text
    async with town.pages.visitor("neighbour") as browser:
        assert (await browser.get(address)).status == 404


async def test_a_document_that_failed_leads_to_sending_it_again(town: Town) -> None:
    """An operator's button on its page; a clerk of its agency has none."""
    failed = await failed_dispatch(town)
    thread = await row(town, "SELECT id FROM threads")
    async with town.pages.visitor("operator") as browser:
        page = await browser.get(f"/documents/{thread}")
        assert f"/console/attention/ask?act=resend&amp;id={failed}" in page.text
        assert (await browser.get(f"/attention/ask?act=resend&id={failed}")).status == 200
    await add_people(town.gateway, person(UserRole.CLERK, "health", agencies=frozenset({HEALTH})))
    async with town.pages.visitor("health") as browser:
        assert "act=resend" not in (await browser.get(f"/documents/{thread}")).text


async def test_a_reply_begins_with_what_it_answers(town: Town) -> None:
    """The sender is its recipient, and the form names the document."""
    letter = await letter_in_mailbox(town)
    async with town.pages.visitor("clerk") as browser:
        page = await browser.post(f"/mailbox/{letter}/reply")
        form = await browser.get(page.headers["Location"].removeprefix("/console"))
    assert "Trả lời văn bản 70/BTN-VP" in form.text
    assert f'value="{MINISTRY}"' in form.text


async def test_the_receipt_of_what_was_sent_can_be_kept(town: Town) -> None:
    """The signed one of the acceptance, as every DMS gets it."""
    async with town.desks() as desks:
        thread_id = await sent_thread(town, desks)
    await collect_all(town.ministry)
    async with town.pages.visitor("clerk") as browser:
        receipt = await browser.get(f"/sent/{thread_id}/receipt")
        assert "UBND-VP" in (await browser.get("/sent")).text
        assert (await browser.get("/sent/none")).status == 404
    assert json.loads(json.loads(receipt.text)["statement"])["sender"] == COMMUNE


async def test_who_works_in_software_of_his_own_is_led_there(town: Town) -> None:
    """No dead ends in his menu; the addresses, and his documents' pages, say in words where it is done."""
    await failed_dispatch(town)
    thread = await row(town, "SELECT id FROM threads")
    await add_people(town.gateway, person(UserRole.CLERK, "health", agencies=frozenset({HEALTH})))
    desks = ("/mailbox", "/drafts", "/sent")
    async with town.pages.visitor("health") as browser:
        start = (await browser.get("/")).text
        for path in desks:
            assert f'href="/console{path}"' not in start
            page = await browser.get(path)
            assert (page.status, 'href="/console/documents"' in page.text) == (200, True)
            assert "nhận và gửi văn bản trong phần mềm quản lý văn bản của mình" in page.text
        assert "Thu hồi, trả lời: trong phần mềm" in (await browser.get(f"/documents/{thread}")).text
    async with town.pages.visitor("clerk") as browser:
        start = (await browser.get("/")).text
        assert all(f'href="/console{path}"' in start for path in desks)


async def send_from_desk(town: Town, desks: Desks, number: int, *recipients: AgencyCode) -> None:
    subject = f"Văn bản thứ {number}"
    letter = replace(LETTER, recipients=recipients, number=str(number), subject=subject)
    draft = await drafted(desks, letter)
    assert await desks.composing.send(draft, by=CLERK, at=now()) is not None


async def test_the_list_of_what_was_sent_answers_a_caller(town: Town) -> None:
    """Who has it and how far they are, without opening it; the number says of how many."""
    async with town.desks() as desks:
        await send_from_desk(town, desks, 12, MINISTRY, HEALTH, WARD)
    sent = Sent(sender=COMMUNE, number="12", notation="UBND-VP", day=date(2026, 4, 12))
    assert (await town.health.send(status(sent, "05", by=HEALTH), sender=HEALTH, kind="status")).ok
    await row(town, "SELECT 1 FROM recipients WHERE status = '05'")
    async with town.pages.visitor("clerk") as browser:
        page = (await browser.get("/sent")).text
        found = (await browser.get("/documents")).text
    assert "và 1 nơi khác" in page
    assert "1/3 nơi nhận: đang xử lý" in page
    assert "1/3 nơi nhận: đang xử lý" in found


async def test_long_lists_go_on_page_by_page(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every document is on one page of its pile, and on one only, in the pile's order."""
    monkeypatch.setattr("gateway.web.console.sent.ON_A_PAGE", 2)
    monkeypatch.setattr("gateway.web.console.mailboxes.ON_A_PAGE", 2)
    async with town.desks() as desks:
        for number in range(1, 6):
            await send_from_desk(town, desks, number, WARD)

    async def walk(browser: Browser, path: str) -> list[list[str]]:
        pages = []
        while path:
            text = (await browser.get(path)).text
            pages.append(re.findall(r"Văn bản thứ (\d)<", text))
            following = re.search(r'rel="next" href="/console([^"]+)"', text)
            path = unescape(following[1]) if following else ""
        return pages

    async with town.pages.visitor("clerk") as browser:
        assert await walk(browser, "/sent") == [["5", "4"], ["3", "2"], ["1"]]
    async with town.pages.visitor("neighbour") as browser:
        assert await walk(browser, "/mailbox") == [["1", "2"], ["3", "4"], ["5"]]
        for letter in town.gateway.rows("SELECT id FROM dispatches WHERE mailbox = ? ORDER BY id", WARD):
            await browser.get(f"/mailbox/{letter[0]}")
        assert await walk(browser, "/mailbox?pile=open") == [["1", "2"], ["3", "4"], ["5"]]
        for letter in town.gateway.rows("SELECT id FROM dispatches WHERE mailbox = ? ORDER BY id", WARD):
            await browser.post(f"/mailbox/{letter[0]}/answers/06")
        assert await walk(browser, "/mailbox?pile=done") == [["5", "4"], ["3", "2"], ["1"]]


async def kept(browser: Browser, draft: str) -> dict[str, str]:
    """The fields of a draft's form."""
    form = (await browser.get(f"/drafts/{draft}")).text
    found = {
        name: unescape(text) for name, text in re.findall(r'name="(\w+)" type="\w+" value="([^"]*)"', form)
    }
    return found | {"recipients": " ".join(re.findall(r'name="remove" value="([^"]+)"', form))}


async def test_a_new_letter_begins_with_what_is_known(town: Town) -> None:
    """Today, the sender's usual notation, following the type until the author writes one; the last place."""
    async with town.pages.visitor("clerk") as browser:
        draft = await new_draft(browser)
        first = await kept(browser, draft)
        assert (first["day"], first["notation"], first["place"]) == (str(local_day(now())), "UBND", "")
        for type_name, written, notation in (
            ("Quyết định", "UBND", "QĐ-UBND"),
            ("Báo cáo", "QĐ-UBND", "BC-UBND"),
            ("Quyết định", "BC-VX", "BC-VX"),
        ):
            await save(browser, draft, fields=[("type_name", type_name), ("notation", written)])
            assert (await kept(browser, draft))["notation"] == notation
        async with town.desks() as desks:
            await send_from_desk(town, desks, 12, MINISTRY)
        second = await kept(browser, await new_draft(browser))
        assert (second["notation"], second["place"]) == (LETTER.notation, LETTER.place)


async def test_recipients_are_ticked_added_and_taken_out(town: Town) -> None:
    """Searching on keeps what is ticked; Enter searches after something new, otherwise it keeps the draft."""
    async with town.pages.visitor("clerk") as browser:
        draft = await new_draft(browser)

        async def press(*fields: tuple[str, str]) -> tuple[str, str]:
            assert await save(browser, draft, fields=fields) == 303
            return (await kept(browser, draft))["recipients"], browser.led_to.partition(draft)[2]  # type: ignore[attr-defined]

        assert await press(("q", "y te"), ("act", "enter")) == ("", "?q=y+te#recipients")
        ticked = ("add", HEALTH), ("q", "bo"), ("searched", "y te"), ("act", "search")
        assert await press(*ticked) == (HEALTH, "?q=bo#recipients")
        added = ("add", MINISTRY), ("q", "bo"), ("searched", "bo"), ("act", "add")
        assert await press(*added) == (f"{HEALTH} {MINISTRY}", "?q=bo#recipients")
        assert await press(("q", ""), ("remove", HEALTH)) == (MINISTRY, "?q=#recipients")
        assert await press(("q", "bo"), ("searched", "bo"), ("act", "enter")) == (MINISTRY, "")


async def test_who_cannot_send_again_reads_whom_to_tell(town: Town) -> None:
    """The operators who can, by name; another agency's is not among them."""
    await failed_dispatch(town)
    await add_people(
        town.gateway,
        person(UserRole.CLERK, "health", agencies=frozenset({HEALTH})),
        replace(person(UserRole.OPERATOR, "here"), name="Trực ban A", mail="truc@tinh.example"),
        replace(person(UserRole.OPERATOR, "away", agencies=frozenset({WARD})), name="Trực ban B"),
    )
    async with town.pages.visitor("health") as browser:
        page = (await browser.get("/attention")).text
    assert "Người vận hành nút gửi lại được" in page
    assert "Trực ban A" in page
    assert "mailto:truc@tinh.example" in page
    assert "Trực ban B" not in page
    async with town.pages.visitor("here") as browser:
        assert "Trực ban A</strong> (" not in (await browser.get("/attention")).text


async def test_a_recalled_document_is_changed_no_more_and_its_delivery_told_once(town: Town) -> None:
    """In a mailbox and not collected is no answer; after a recall the buttons are gone, here and there."""
    async with town.desks() as desks:
        thread = await sent_thread(town, desks)
    async with town.pages.visitor("clerk") as browser:
        before = await browser.get(f"/sent/{thread}")
        assert "Tệp đã gửi" in before.text
        assert f"/documents/{thread}/packages/" in before.text
        recalled = await browser.post(f"/sent/{thread}/recall", reason="Gửi nhầm")
        assert recalled.status == 303
        after = await browser.get(f"/sent/{thread}")
        whole = await browser.get(f"/documents/{thread}")
    for address in (f"/sent/{thread}/recall", f"/sent/{thread}/update", f"/sent/{thread}/replace"):
        assert address in before.text
        assert address not in after.text
    assert "Cập nhật, thay thế, thu hồi" not in whole.text


async def test_a_letter_to_a_neighbour_lies_in_the_mailbox_until_collected(town: Town) -> None:
    """The gateway's own 01 is no answer of the neighbour's."""
    letter = document(Sent(sender=HEALTH, number="5"), [COMMUNE])
    assert (await town.health.send(letter, sender=HEALTH)).ok
    async with town.pages.visitor("operator") as operator:
        (row_,) = town.gateway.rows("SELECT id FROM threads WHERE owner = ?", HEALTH)
        page = await operator.get(f"/documents/{row_['id']}")
    told = r"vào hộp chờ nhận của UBND xã Thử Nghiệm lúc \d\d/\d\d/\d{4} \d\d:\d\d; chưa ai lấy\."
    assert re.search(told, page.text)


async def test_why_a_document_failed_is_told_in_the_readers_words(town: Town) -> None:
    """From the entry that ended it: no code, one stop, English for who reads English."""
    await failed_dispatch(town)
    (row_,) = town.gateway.rows("SELECT thread_id FROM packages WHERE sender = ?", HEALTH)
    (entry,) = town.gateway.log(LogKind.TURNED_AWAY)
    fault = entry["faults"][0]
    async with town.pages.visitor("operator") as operator:
        vi = (await operator.get(f"/documents/{row_['thread_id']}")).text
        await operator.get("/?lang=en", **{"Accept-Language": "en"})
        en = (await operator.get(f"/documents/{row_['thread_id']}")).text
    for text, words in ((vi, fault["vi"]), (en, fault["en"])):
        told = text.partition('id="standing"')[2].partition("</section>")[0]
        assert f": {escape(words.rstrip('.'))}.</p>" in told
        assert entry["code"] not in told


async def test_the_axis_s_receipt_is_unfolded_on_an_entrys_page(town: Town) -> None:
    """What it states, fact by fact, and its signature's worth; not JSON within JSON."""
    assert (await town.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)).ok
    seq = await row(town, "SELECT seq FROM log WHERE kind = ?", LogKind.DELIVERED)
    async with town.pages.visitor("auditor") as auditor:
        page = (await auditor.get(f"/log/entries/{seq}")).text
    far = page.partition('id="far"')[2].partition("</section>")[0]
    assert "Văn bản mới của" in far
    assert "<dt>Nơi nhận<br><code" in far
    assert "Thiếu chứng thư" in far or "Chữ ký đúng" in far
    assert "far_receipt" not in page.partition('id="statement"')[2].partition("<details")[0]


@pytest.mark.both_engines
async def test_what_lies_too_long_is_what_alerts_call_too_long(tmp_path: Path) -> None:
    """Overview, page of troubles and alerts have one measure: [alerts]."""
    async with open_town(tmp_path, alerts={"mailbox_left_after": "1s"}) as town:
        assert (await town.health.send(document(Sent(sender=HEALTH), [COMMUNE]), sender=HEALTH)).ok
        await asyncio.sleep(1)
        async with town.pages.visitor("operator") as browser:
            assert "Hộp thư không ai lấy" in (await browser.get("/attention")).text
            assert "1 lâu hơn" in (await browser.get("/")).text


async def test_nothing_is_too_long_where_alerts_say_never(tmp_path: Path) -> None:
    """A threshold of nothing is never reached."""
    async with open_town(tmp_path, alerts={"mailbox_left_after": "0s"}) as town:
        assert (await town.health.send(document(Sent(sender=HEALTH), [COMMUNE]), sender=HEALTH)).ok
        async with town.pages.visitor("operator") as browser:
            assert "Hộp thư không ai lấy" not in (await browser.get("/attention")).text
            assert "không có gì chờ lâu" in (await browser.get("/")).text


async def test_a_log_that_nobody_stamps_waits_for_no_timestamp(town: Town) -> None:
    """Without an authority the overview says that the log is signed, and warns of nothing."""
    await row(town, "SELECT 1 FROM checkpoints")
    async with town.pages.visitor("operator") as browser:
        page = (await browser.get("/")).text
    assert "Nhật ký đã được ký chốt" in page
    assert "chờ dấu thời gian" not in page
