"""The pages of who audits: the log, its checkpoints, the whole of it verified, evidence, holds."""

import asyncio
import io
import re
import shutil
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from gateway.evidence.proof import read_proof, verify_proof
from gateway.evidence.receipts import read_receipt, verify_receipt
from gateway.evidence.verifier.audit import verify
from gateway.model.formats import write_instant
from gateway.model.log import LogKind
from gateway.model.people import Language, UserRole
from gateway.store.database import from_micros
from tests.console import Browser, Page, Site, open_site, person
from tests.databases import source_in, unguarded
from tests.keys import authority, issued
from tests.packages import Sent, document
from tests.stamping_authority import StampingAuthority
from tests.walks.world import FINANCE, HEALTH, PROVINCE, collect_all, prepare_node

SEAL = issued(PROVINCE).certificate
SCRIPT = "<script>alert(1)</script>"
PAGES = ("/log", "/log/entries/1", "/log/checkpoints", "/log/verify", "/evidence", "/holds")
ACTS = ("/log/checkpoints", "/log/verify", "/evidence", "/holds", "/holds/1/release", "/evidence/verify")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A node on which a letter went from health to finance, and an auditor who is for health alone."""
    own = person(UserRole.AUDITOR, "health-auditor", agencies=frozenset({HEALTH}))
    other = person(UserRole.AUDITOR, "finance-auditor", agencies=frozenset({FINANCE}))
    async with open_site(tmp_path / "node", own, other) as site:
        letter = document(Sent(sender=HEALTH), [FINANCE])
        assert (await site.node.dms("SYT").send(letter, sender=HEALTH)).ok
        await collect_all(site.node.dms("STC"))
        yield site


@pytest.fixture
async def auditor(site: Site) -> AsyncIterator[Browser]:
    async with site.visitor("auditor") as browser:
        yield browser


def thread(site: Site) -> str:
    return str(site.node.rows("SELECT id FROM threads")[0]["id"])


def seq_of(site: Site, kind: LogKind) -> int:
    return int(site.node.rows("SELECT max(seq) AS seq FROM log WHERE kind = ?", kind)[0]["seq"])


def alter(site: Site, seq: int) -> None:
    """Change an entry behind the node's back: another system collected."""
    (row,) = site.node.rows("SELECT statement FROM log WHERE seq = ?", seq)
    write_over(site, seq, row["statement"].replace(b"STC", b"XYZ"))


def write_over(site: Site, seq: int, statement: bytes) -> None:
    """Write something else into an entry, as nobody may."""
    with unguarded(source_in(site.node.directory)) as tables:
        tables.execute("UPDATE log SET statement = ? WHERE seq = ?", (statement, seq))


def again(site: Site, seq: int) -> None:
    """Append what an entry says once more."""
    columns = "kind, at, statement, leaf"
    newest = "(SELECT max(seq) + 1 FROM log)"
    site.node.change(
        f"INSERT INTO log (seq, {columns}) SELECT {newest}, {columns} FROM log WHERE seq = ?", seq
    )


def shown(page: Page) -> list[int]:
    """The entries a page of the log shows, in its order."""
    return [int(seq) for seq in re.findall(r'/log/entries/(\d+)"><strong>', page.text)]


def acts(site: Site) -> list[tuple[str, str]]:
    told = site.node.log(LogKind.ADMINISTERED)
    return [(entry["act"], entry["by"]) for entry in told if entry["by"] != "test"]


async def fetch(browser: Browser, path: str) -> bytes:
    """Download a file."""
    async with browser.client.get(URL(browser.site.url(path), encoded=True)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        return await answer.read()


async def bring(browser: Browser, bundle: bytes, name: str = "chung-cu.asice") -> Page:
    """Hand a bundle in, as the form does."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("csrf", await browser.token(), content_type="text/plain")
    form.add_field("bundle", io.BytesIO(bundle), filename=name, content_type="application/octet-stream")
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with browser.client.post(
        browser.site.url("/evidence/verify"), data=form, headers=headers
    ) as answer:
        return Page(status=answer.status, text=await answer.text(), headers=answer.headers, cookies={})


async def spool_is_empty(site: Site) -> None:
    """Wait until what has left is gone: its last byte is read before the file is removed."""
    async with asyncio.timeout(5):
        while list((site.node.directory / "spool").rglob("*.part")):  # noqa: ASYNC110 - the disk is asked
            await asyncio.sleep(0.05)


async def bundle_of_letter(site: Site, browser: Browser) -> bytes:
    assert (await browser.post(f"/documents/{thread(site)}/evidence")).status == 303
    address = await address_of_bundle(browser)
    return await fetch(browser, address)


async def address_of_bundle(browser: Browser) -> str:
    async with asyncio.timeout(20):
        while True:
            page = await browser.get("/evidence")
            if found := re.search(r'href="/console(/evidence/made/[^"]+)"', page.text):
                return found[1]
            assert "Đang lập hồ sơ" in page.text, page.text
            await asyncio.sleep(0.1)


# -- Who may -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in UserRole if role is not UserRole.AUDITOR])
async def test_nobody_but_who_audits_sees_or_does_anything_of_it(site: Site, role: UserRole) -> None:
    """Whoever can act or run the node is told no at every address; the menu does not name them."""
    async with site.visitor(role.value) as browser:
        for path in PAGES:
            assert (await browser.get(path)).status == 403, path
        for path in (*ACTS, f"/documents/{thread(site)}/evidence", f"/documents/{thread(site)}/hold"):
            assert (await browser.post(path, reason="vì tò mò")).status == 403, path
        assert "/console/log" not in (await browser.get("/")).text
        if role is UserRole.VIEWER:
            assert "/evidence" not in (await browser.get(f"/documents/{thread(site)}")).text
    assert acts(site) == []


@pytest.mark.both_engines
async def test_an_address_that_nothing_can_have_is_not_found(auditor: Browser) -> None:
    """PostgreSQL cannot even be asked for a name with a zero byte: that is no fault of ours."""
    for path in ("/documents/a%00", "/people/%00"):
        url = URL(auditor.site.url(path), encoded=True)
        async with auditor.client.get(url) as answer:
            assert answer.status == 404


async def test_an_auditor_for_one_agency_never_sees_the_whole_log(site: Site) -> None:
    """He has his documents' entries on their pages, their bundles, and the holds on them."""
    async with site.visitor("health-auditor") as browser:
        for path in PAGES:
            assert (await browser.get(path)).status == (200 if path == "/evidence" else 403), path
        for path in ("/log/checkpoints", "/log/verify", "/evidence", "/holds", "/holds/1/release"):
            assert (await browser.post(path, reason="x", agency=FINANCE)).status == 403, path
        assert 'href="/console/log"' not in (await browser.get("/")).text
        assert (
            verify(io.BytesIO(await bundle_of_letter(site, browser)), [authority().certificate]).exit_code
            == 0
        )
        assert (await browser.post(f"/documents/{thread(site)}/hold", reason="Thanh tra")).status == 303


async def test_who_only_got_a_document_gets_no_bundle_of_it(site: Site) -> None:
    """A bundle tells how it stands with all others; its page does not offer it either."""
    async with site.visitor("finance-auditor") as browser:
        assert "Hồ sơ chứng cứ" not in (await browser.get(f"/documents/{thread(site)}")).text
        assert (await browser.post(f"/documents/{thread(site)}/evidence")).status == 403


async def test_a_bundle_is_handed_to_nobody_but_who_asked_for_it(site: Site, auditor: Browser) -> None:
    """Its address alone opens nothing."""
    await auditor.post(f"/documents/{thread(site)}/evidence")
    address = await address_of_bundle(auditor)
    async with site.visitor("health-auditor") as other:
        assert (await other.get(address)).status == 404
        assert (await other.post(f"{address}/remove")).status == 404
    assert await fetch(auditor, address)


# -- The log -------------------------------------------------------------------------------------------


async def test_the_log_is_told_in_sentences_the_newest_first(site: Site, auditor: Browser) -> None:
    """With event, sentence and rung, agencies by their names, in the language of who reads."""
    page = await auditor.get("/log")
    assert shown(page) == sorted(shown(page), reverse=True)
    assert len(shown(page)) == len(site.node.log())
    assert "SYT" in page.text
    assert "Văn bản mới của Sở Y tế tỉnh Thử Nghiệm gửi Sở Tài chính" in page.text
    assert "tiếp nhận gói tin gửi" in page.text
    assert "SubmissionAcceptance" in page.text
    english = await auditor.get("/log?lang=en", **{"Accept-Language": "en"})
    english = await auditor.get("/log")
    assert "New document of Sở Y tế tỉnh Thử Nghiệm to Sở Tài chính" in english.text
    assert "Văn bản mới của" not in english.text


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("kind=collected", "kind = 'collected'"),
        ("system=SYT", "system_id = 'SYT'"),
        ("kind=accepted&system=STC", "kind = 'accepted' AND system_id = 'STC'"),
        ("by=auditor", 'CAST(statement AS TEXT) LIKE \'%"user":"auditor"%\''),
        ("agency=000.00.12.H57", "CAST(statement AS TEXT) LIKE '%\"000.00.12.H57\"%'"),
        ("agency=so+y+te", "CAST(statement AS TEXT) LIKE '%\"000.00.12.H57\"%'"),
        ("document=412/SYT-VP", "thread_id IS NOT NULL OR package_id IS NOT NULL"),
        ("from=2000-01-01&to=2000-12-31", "FALSE"),
        ("from=2000-01-01", "TRUE"),
        ("kind=failures", "kind = 'refused'"),
        ("kind=nonsense&from=nonsense", "TRUE"),
    ],
)
async def test_each_filter_finds_all_of_it_and_nothing_else(
    site: Site, auditor: Browser, asked: str, where: str
) -> None:
    """Held against the table itself."""
    assert not (await site.node.dms("SYT").send(b"<hong/>", sender=HEALTH)).ok
    wanted = site.node.rows(f"SELECT seq FROM log WHERE {where} ORDER BY seq DESC")
    page = await auditor.get(f"/log?{asked}")
    assert shown(page) == [row["seq"] for row in wanted]


async def test_a_document_nobody_knows_is_said_not_to_be_there(auditor: Browser) -> None:
    """Not an empty list, which would say that nothing happened to it."""
    page = await auditor.get("/log?document=999/KHONG-CO")
    assert "không có văn bản nào mang số" in page.text
    assert shown(page) == []
    page = await auditor.get("/log?from=2026-02-02&to=2026-01-01")
    assert "Ngày cuối ở trước ngày đầu" in page.text


@pytest.mark.parametrize("path", ["/log", "/log?from=2000-01-01"])
async def test_pages_go_on_where_the_one_before_ended_whatever_comes_meanwhile(
    site: Site, auditor: Browser, path: str
) -> None:
    """By key: nothing is seen twice or missed, of all time and of a period."""
    for number in range(60):
        again(site, 1 + number % 3)
    seen: list[int] = []
    while path:
        page = await auditor.get(path)
        seen += shown(page)
        again(site, 1 + number % 3)
        older = re.search(r'rel="next" href="/console([^"]+)"', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    assert seen == list(range(seen[0], 0, -1))
    assert len(seen) > 60


async def test_what_only_statements_say_is_looked_for_some_entries_at_a_time(
    site: Site, auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says how far it has read, and the next goes on there: in the end all of it is found."""
    monkeypatch.setattr("gateway.store.log_search.READ_AT_ONCE", 3)
    seen: list[int] = []
    path, said = f"/log?agency={HEALTH}", False
    while path:
        page = await auditor.get(path)
        seen += shown(page)
        said = said or "Đã đọc đến mục" in page.text
        older = re.search(r'rel="next" href="/console([^"]+)"', page.text)
        path = older[1].replace("&amp;", "&") if older else ""
    wanted = site.node.rows(
        "SELECT seq FROM log WHERE instr(statement, ?) > 0 ORDER BY seq DESC", f'"{HEALTH}"'.encode()
    )
    assert seen == [row["seq"] for row in wanted]
    assert said


async def test_an_entry_is_proved_by_its_page_and_by_the_files_it_gives(site: Site, auditor: Browser) -> None:
    """Receipt, proof and certificate fit together without us."""
    seq = seq_of(site, LogKind.ACCEPTED)
    await auditor.post("/log/checkpoints")
    page = await auditor.get(f"/log/entries/{seq}")
    for words in ("Chữ ký đúng", "412/SYT-VP", "SubmissionAcceptance", "khớp", "trong", "proof.js"):
        assert words in page.text
    receipt = read_receipt(await fetch(auditor, f"/log/entries/{seq}/receipt"))
    assert verify_receipt(receipt, SEAL)
    checkpoint = verify_proof(read_proof(await fetch(auditor, f"/log/entries/{seq}/proof")), SEAL)
    assert checkpoint is not None
    assert checkpoint.size >= seq
    certificate = re.search(r'data-certificate="/console(/log/seals/[0-9a-f]{64})"', page.text)
    assert certificate is not None
    assert b"BEGIN CERTIFICATE" in await fetch(auditor, certificate[1])
    assert (await auditor.get("/log/entries/999999")).status == 404
    assert (await auditor.get(f"/log/seals/{'0' * 64}")).status == 404


async def test_an_altered_entry_is_called_altered_on_its_own_page(site: Site, auditor: Browser) -> None:
    """Whoever looks at it need not verify the whole log to see it."""
    seq = seq_of(site, LogKind.COLLECTED)
    alter(site, seq)
    page = await auditor.get(f"/log/entries/{seq}")
    assert "nhật ký đã bị sửa" in page.text
    assert "KHÔNG khớp" in page.text


async def test_an_entry_altered_beyond_reading_does_not_hide_the_others(site: Site, auditor: Browser) -> None:
    """It is shown as unreadable, and everything around it as ever."""
    seq = seq_of(site, LogKind.COLLECTED)
    write_over(site, seq, b"{]")
    page = await auditor.get("/log")
    assert len(shown(page)) == len(site.node.rows("SELECT 1 FROM log"))
    assert "nhật ký đã bị sửa" in (await auditor.get(f"/log/entries/{seq}")).text


async def test_what_is_no_form_of_ours_is_refused(auditor: Browser) -> None:
    """A bundle comes in parts, or not at all."""
    assert (await auditor.post("/evidence/verify")).status == 422


async def test_what_strangers_wrote_into_the_log_stays_text(site: Site, auditor: Browser) -> None:
    """A claimed system's name is a script here and nothing there."""
    site.node.secrets[SCRIPT] = site.node.secrets["SYT"]
    await site.node.dms(SCRIPT).received()
    for path in ("/log?kind=distrusted", f"/log/entries/{seq_of(site, LogKind.DISTRUSTED)}"):
        page = await auditor.get(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text
    echoed = await auditor.get('/log?document=%22><script>alert(2)</script>&system="><b>')
    assert "<script>alert" not in echoed.text
    assert '"><b>' not in echoed.text


# -- Checkpoints ---------------------------------------------------------------------------------------


async def test_a_checkpoint_is_made_on_the_spot_and_can_be_taken_away(site: Site, auditor: Browser) -> None:
    """It covers all there is; made again without news it stays one."""
    for _ in range(2):
        assert (await auditor.post("/log/checkpoints")).status == 303
    kept = site.node.rows("SELECT size, note FROM checkpoints ORDER BY size")
    assert kept[-1]["size"] == len(site.node.log())
    page = await auditor.get("/log/checkpoints")
    assert f"{PROVINCE}/log" in page.text
    assert "Không dùng dấu thời gian" in page.text
    assert await fetch(auditor, f"/log/checkpoints/{kept[-1]['size']}") == kept[-1]["note"]
    assert (await auditor.get("/log/checkpoints/999999")).status == 404


async def test_a_log_that_contradicts_itself_is_an_alarm_that_says_what_to_do(
    site: Site, auditor: Browser
) -> None:
    """Large on the page of checkpoints, until somebody has settled it."""
    site.node.change(
        "INSERT INTO contradictions (origin, seen_size, verdict, seen, shown, shown_at)"
        " VALUES (?, 5, 'fork', zeroblob(0), zeroblob(0), 0)",
        "000.00.99.H99/log",
    )
    page = await auditor.get("/log/checkpoints")
    assert "Báo động: nhật ký 000.00.99.H99/log tự mâu thuẫn (rẽ nhánh)" in page.text
    assert "lienthong log witness forget 000.00.99.H99/log" in page.text
    site.node.change("UPDATE contradictions SET settled_at = 1")
    assert "Báo động" not in (await auditor.get("/log/checkpoints")).text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
async def test_checkpoints_wait_for_a_timestamp_and_the_page_says_how_many_since_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In either language while the authority is away; not a word of it once it has answered."""
    monkeypatch.setattr("gateway.wiring.vouching._BETWEEN_STAMPINGS", timedelta(milliseconds=100))
    tsa = StampingAuthority(folder=tmp_path / "tsa")
    async with tsa.serving():
        pass  # now its address is known, and nobody answers there
    audit = {"checkpoint_every": "0s", "timestamp_url": tsa.url, "timestamp_anchors_file": "tsa.pem"}
    node = prepare_node(tmp_path / "node", code=PROVINCE, audit=audit)
    (node.directory / "tsa.pem").write_bytes(tsa.root_pem)
    async with open_site(node.directory, node=node) as site, site.visitor("auditor") as auditor:
        await auditor.post("/log/checkpoints")
        since = from_micros(site.node.rows("SELECT at FROM checkpoints")[0]["at"])
        assert "1 điểm chốt đang chờ, từ" in (await auditor.get("/log/checkpoints")).text
        async with site.visitor("administrator"):
            await auditor.post("/log/checkpoints")
        site.node.clock.ahead = timedelta(minutes=20)
        vi, en = (write_instant(since, language) for language in Language)
        assert f"2 điểm chốt đang chờ, từ {vi} (20 phút)" in (await auditor.get("/log/checkpoints")).text
        await auditor.get("/log/checkpoints?lang=en")
        english = (await auditor.get("/log/checkpoints")).text
        assert f"2 checkpoints waiting since {en} (20 minutes)" in english
        site.node.clock.ahead = timedelta()
        async with tsa.serving(), asyncio.timeout(10):
            while "waiting since" in (page := (await auditor.get("/log/checkpoints")).text):  # noqa: ASYNC110 - asked over HTTP
                await asyncio.sleep(0.05)
        assert "Timestamped" in page  # and not a word of waiting


# -- Verification --------------------------------------------------------------------------------------


async def finished(auditor: Browser) -> Page:
    async with asyncio.timeout(20):
        while "Đang đọc" in (page := await auditor.get("/log/verify")).text:  # noqa: ASYNC110 - asked, not awaited
            await asyncio.sleep(0.1)
    return page


async def test_the_whole_log_is_verified_at_a_word_and_that_is_on_record(
    site: Site, auditor: Browser
) -> None:
    """Size, root and checkpoints on the page; who asked, and what came of it, in the log."""
    await auditor.post("/log/checkpoints")
    size, marks = len(site.node.log()), site.node.rows("SELECT 1 FROM checkpoints")
    assert (await auditor.post("/log/verify")).status == 303
    page = await finished(auditor)
    assert "ĐÚNG: mọi mục" in page.text
    (entry,) = (one for one in site.node.log(LogKind.ADMINISTERED) if one["act"] == "log-verified")
    assert entry["by"] == "auditor"
    assert entry["details"] | {"root": ""} == {
        "outcome": "holds",
        "size": size,
        "root": "",
        "checkpoints": len(marks),
        "faults": 0,
    }
    assert entry["details"]["root"] in page.text
    assert "kiểm tra toàn bộ nhật ký" in (await auditor.get("/log?by=auditor")).text


async def test_every_fault_of_an_altered_log_is_told_in_words(site: Site, auditor: Browser) -> None:
    """And the outcome on record is that it is wrong."""
    await auditor.post("/log/checkpoints")
    alter(site, seq_of(site, LogKind.COLLECTED))
    await auditor.post("/log/verify")
    page = await finished(auditor)
    assert "SAI: nhật ký không như đã ký" in page.text
    assert "entry-altered" in page.text
    (entry,) = (one for one in site.node.log(LogKind.ADMINISTERED) if one["act"] == "log-verified")
    assert entry["details"]["outcome"] == "wrong"
    assert entry["details"]["faults"] >= 1


async def test_a_log_nobody_signed_is_not_called_right(site: Site, auditor: Browser) -> None:
    """There is nothing to hold it against."""
    if not site.node.rows("SELECT 1 FROM checkpoints"):
        await auditor.post("/log/verify")
        assert "log-unvouched" in (await finished(auditor)).text


# -- Evidence ------------------------------------------------------------------------------------------


async def test_a_document_s_bundle_holds_outside_and_is_gone_once_taken(site: Site, auditor: Browser) -> None:
    """Offered on its page, made, on record before it can be had, and removed from the node's disk."""
    assert "Tải hồ sơ chứng cứ" in (await auditor.get(f"/documents/{thread(site)}")).text
    bundle = await bundle_of_letter(site, auditor)
    assert verify(io.BytesIO(bundle), [authority().certificate]).exit_code == 0
    (entry,) = (one for one in site.node.log(LogKind.ADMINISTERED) if one["act"] == "evidence-exported")
    assert (entry["by"], entry["details"]["count"]) == ("auditor", 1)
    await spool_is_empty(site)
    assert "/evidence/made/" not in (await auditor.get("/evidence")).text


async def test_a_bundle_of_many_is_of_a_period_and_an_agency(site: Site, auditor: Browser) -> None:
    """What does not fit is not in it; nothing that fits is told in words."""
    other = document(Sent(sender=FINANCE, number="7", notation="STC"), [PROVINCE])
    await site.node.dms("STC").send(other, sender=FINANCE)
    await auditor.post("/evidence", agency="so y te", **{"from": "2020-01-01"})
    bundle = await fetch(auditor, await address_of_bundle(auditor))
    with zipfile.ZipFile(io.BytesIO(bundle)) as parts:
        folders = {name.split("/")[1] for name in parts.namelist() if name.startswith("documents/")}
    assert len(folders) == 1
    await auditor.post("/evidence", to="2020-01-01")
    assert "không có văn bản nào như vậy" in (await auditor.get("/evidence")).text
    for fields, words in (
        ({}, "Hãy chọn thời gian"),
        ({"agency": "không ai tên thế"}, "Danh bạ không có"),
        ({"from": "2026-02-02", "to": "2026-01-01"}, "Ngày cuối ở trước"),
    ):
        page = await auditor.post("/evidence", **fields)
        assert (page.status, words in page.text) == (422, True), words


async def test_a_brought_bundle_is_verified_line_by_line(site: Site, auditor: Browser) -> None:
    """Ours holds; one with a byte changed does not; what is no bundle is wrong, not a crash."""
    bundle = await bundle_of_letter(site, auditor)
    page = await bring(auditor, bundle)
    assert "ĐÚNG: mọi điều trong hồ sơ đều khớp" in page.text
    assert [page.text.count(f'class="sign {tone}"') for tone in ("good", "calm")] == [10, 2]
    place = bundle.index(b"<?xml")
    broken = bundle[:place] + b"<?xmL" + bundle[place + 5 :]
    assert "SAI: hồ sơ không như đã ký" in (await bring(auditor, broken)).text
    page = await bring(auditor, b"nothing of the kind", '"><script>alert(1)</script>.asice')
    assert "SAI: hồ sơ không như đã ký" in page.text
    assert "<script>alert" not in page.text
    assert (await bring(auditor, b"")).status == 422
    await spool_is_empty(site)


async def test_a_brought_bundle_that_is_too_large_is_refused(
    site: Site, auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it stays."""
    monkeypatch.setattr("gateway.web.console.evidence_pages._LIMIT_BYTES", 1 << 20)
    assert (await bring(auditor, bytes(2 << 20))).status == 413
    assert list((site.node.directory / "spool").rglob("*.part")) == []


# -- Holds ---------------------------------------------------------------------------------------------


async def test_holds_are_placed_and_released_with_reasons(site: Site, auditor: Browser) -> None:
    """On a document from its page, on an agency from the list; each word is on record."""
    assert (await auditor.post(f"/documents/{thread(site)}/hold", reason=" ")).status == 422
    assert (await auditor.post(f"/documents/{thread(site)}/hold", reason="Thanh tra <b>1</b>")).status == 303
    assert (await auditor.post("/holds", kind="agency", what="so tai chinh", reason="Khởi tố")).status == 303
    page = await auditor.get("/holds")
    assert "Thanh tra &lt;b&gt;1&lt;/b&gt;" in page.text
    assert "412/SYT-VP" in page.text
    assert "Sở Tài chính" in page.text
    wrong = await auditor.post("/holds", kind="document", what="999/KHONG", reason="x")
    assert (wrong.status, "không có văn bản nào mang số" in wrong.text) == (422, True)
    assert (await auditor.post("/holds/1/release", reason="Đã xong")).status == 303
    assert (await auditor.post("/holds/1/release", reason="Đã xong")).status == 422
    assert "412/SYT-VP" not in (await auditor.get("/holds")).text
    assert "Đã xong" in (await auditor.get("/holds?all=yes")).text
    assert [act for act, _ in acts(site)] == ["hold-placed", "hold-placed", "hold-released"]
