"""The pages about documents, asked as browsers ask: whose they are, what leaves, what strangers wrote."""

import asyncio
import csv
import gc
import io
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest

from gateway.config import load_config
from gateway.evidence.proof import read_proof
from gateway.exchange.enclosures import Enclosures
from gateway.model.log import LogKind
from gateway.office import open_office
from gateway.store.packages import load_package
from gateway.web.console.downloads import disposition
from gateway.web.console.spreadsheets import write_csv, write_xlsx
from gateway.wiring.files import package_limits
from tests.console import Browser, Page, Site
from tests.databases import source_in, unguarded
from tests.desk import DECREE, HOSTILE, LETTER, OTHERS, PDF, REPORT, make_checkpoint, open_desk, thread_of
from tests.packages import document
from tests.walks.world import FINANCE, HEALTH

FORMULAS = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Two departments that corresponded; ``clerk`` is the health department's, ``finance`` the other's."""
    async with open_desk(tmp_path / "node") as site:
        yield site


def listed(page: Page) -> list[str]:
    """The documents on a page of findings, by thread."""
    assert page.status == 200, page.text
    return re.findall(r'<h2><a href="/console/documents/([^"]+)">', page.text)


async def download(browser: Browser, path: str) -> tuple[int, dict[str, str], bytes]:
    """Fetch a file."""
    async with browser.client.get(browser.site.url(path)) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def test_a_clerk_finds_without_accents_what_came_last_month(site: Site) -> None:
    """By words and period, and nothing else."""
    async with site.visitor("clerk") as clerk:
        page = await clerk.get("/documents?q=bao+cao+tiem+chung+so+y+te&period=last-month")
        assert listed(page) == [thread_of(site, REPORT)]
        assert "<mark>tiêm</mark>" in page.text
        assert listed(await clerk.get("/documents?q=bao+cao+tiem+chung&period=today")) == []


async def test_states_follow_what_happens(site: Site) -> None:
    """Received by one and waiting for another; declined; not yet collected."""
    async with site.visitor("clerk") as clerk:
        assert listed(await clerk.get("/documents?state=working")) == [thread_of(site, REPORT)]
        assert listed(await clerk.get("/documents?state=declined")) == [thread_of(site, LETTER)]
        waiting = listed(await clerk.get("/documents?state=waiting"))
        assert set(waiting) == {thread_of(site, one) for one in (REPORT, DECREE, HOSTILE)}
        assert listed(await clerk.get("/documents?urgency=2")) == [thread_of(site, LETTER)]
        from_finance = listed(await clerk.get("/documents?agency=tai+chinh&side=sender"))
        assert from_finance == [thread_of(site, DECREE)]


async def test_a_file_that_nobody_stays_for_is_closed(site: Site) -> None:
    """A visitor who is gone before the first byte leaves neither the package nor its scratch file open."""
    config = load_config(site.node.directory / "config.toml")
    (row,) = site.node.rows(
        "SELECT package_id FROM attachments JOIN packages ON packages.id = package_id WHERE thread_id = ?",
        thread_of(site, REPORT),
    )
    async with open_office(config) as office:
        enclosures = Enclosures(database=office.database, blobs=office.blobs, limits=package_limits(config))
        package = await load_package(office.database, row["package_id"])
        assert package is not None
        async with enclosures.opened(package, 1) as (named, _):
            assert named.name is not None
    gc.collect()
    scratches = [each for each in gc.get_objects() if isinstance(each, tempfile.SpooledTemporaryFile)]
    assert [each for each in scratches if not each.closed] == []


async def test_another_agencys_document_does_not_exist(site: Site) -> None:
    """Neither its page, package, files, entries nor receipts: 404, as if it were not there."""
    thread = thread_of(site, OTHERS)
    (package,) = site.node.rows("SELECT id FROM packages WHERE thread_id = ? AND kind = 'document'", thread)
    (entry,) = site.node.rows("SELECT min(seq) AS seq FROM log WHERE thread_id = ?", thread)
    mine = thread_of(site, REPORT)
    async with site.visitor("clerk") as clerk:
        for path in (
            thread,
            f"{thread}/packages/{package['id']}",
            f"{thread}/packages/{package['id']}/source",
            f"{thread}/packages/{package['id']}/files/1",
            f"{thread}/entries/{entry['seq']}",
            f"{thread}/entries/{entry['seq']}/receipt",
            f"{thread}/entries/{entry['seq']}/proof",
            f"{mine}/packages/{package['id']}",
            f"{mine}/packages/{package['id']}/files/1",
            f"{mine}/entries/{entry['seq']}",
            f"{mine}/entries/{entry['seq']}/receipt",
            package["id"],
            quote(OTHERS.document_id, safe=""),
            "nothing",
        ):
            assert (await clerk.get(f"/documents/{path}")).status == 404, path
        assert thread not in (await clerk.get("/documents?q=tai+chinh+va+tinh")).text
    async with site.visitor("finance") as finance:
        assert (await finance.get(f"/documents/{thread}")).status == 200


async def test_who_got_a_document_does_not_see_how_it_went_to_others(site: Site) -> None:
    """The finance department sees its own standing and steps; the sender sees everybody's."""
    async with site.visitor("finance") as finance, site.visitor("clerk") as clerk:
        own = (await finance.get(f"/documents/{thread_of(site, REPORT)}")).text
        whole = (await clerk.get(f"/documents/{thread_of(site, REPORT)}")).text
    assert "Sở Tài chính tỉnh Thử Nghiệm đã tiếp nhận lúc" in own
    province = "vào hộp chờ nhận của UBND tỉnh Thử Nghiệm"
    assert province not in own
    assert province in whole


async def test_only_who_may_read_gets_in(site: Site) -> None:
    """An administrator has no documents by virtue of that; a stranger signs in first."""
    async with site.visitor("administrator") as administrator:
        for path in ("/documents", f"/documents/{thread_of(site, REPORT)}"):
            assert (await administrator.get(path)).status == 403
    async with site.visitor(None) as stranger:
        assert (await stranger.get("/documents")).status == 303


async def test_what_strangers_wrote_is_text(site: Site) -> None:
    """A title and a file's name with markup run nowhere, and the name is only a name."""
    thread = thread_of(site, HOSTILE)
    async with site.visitor("clerk") as clerk:
        (package,) = site.node.rows(
            "SELECT id FROM packages WHERE thread_id = ? AND kind = 'document'", thread
        )
        for path in (
            "/documents",
            f"/documents/{thread}",
            f"/documents/{thread}/packages/{package['id']}/source",
        ):
            text = (await clerk.get(path)).text
            assert "<script>alert" not in text
            assert "<img src=x" not in text
        status, headers, body = await download(
            clerk, f"/documents/{thread}/packages/{package['id']}/files/1?show=yes"
        )
    assert (status, body) == (200, b"<script>alert(3)</script>")
    assert headers["Content-Disposition"].startswith("attachment; ")
    assert ".." not in headers["Content-Disposition"]
    assert "/" not in headers["Content-Disposition"].partition("UTF-8")[0]
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]


async def test_a_file_leaves_with_its_own_name_and_a_pdf_may_be_shown(site: Site) -> None:
    """The Vietnamese name whole, and for old programs without accents."""
    thread = thread_of(site, REPORT)
    (package,) = site.node.rows(
        "SELECT id, digest FROM packages WHERE thread_id = ? AND kind = 'document'", thread
    )
    base = f"/documents/{thread}/packages/{package['id']}"
    async with site.visitor("clerk") as clerk:
        status, headers, body = await download(clerk, f"{base}/files/1")
        assert (status, body, headers["Content-Length"]) == (200, PDF, str(len(PDF)))
        assert headers["Content-Disposition"] == disposition("Báo cáo tiêm chủng.pdf")
        _, shown, body = await download(clerk, f"{base}/files/1?show=yes")
        assert (body, shown["Content-Type"], shown["X-Frame-Options"]) == (
            PDF,
            "application/pdf",
            "SAMEORIGIN",
        )
        assert shown["Content-Disposition"].startswith("inline; ")
        assert "frame-ancestors 'self'" in shown["Content-Security-Policy"]
        _, headers, body = await download(clerk, base)
        assert REPORT.document_id.encode() in body
        assert headers["Content-Type"] == "application/octet-stream"
        for place in ("0", "2", "9999"):
            assert (await clerk.get(f"{base}/files/{place}")).status == 404


def test_a_name_cannot_break_out_of_its_header() -> None:
    """Quotes, line breaks and accents stay within."""
    said = disposition('Báo "cáo"\r\nX: y%.pdf')
    assert said == (
        'attachment; filename="bao _cao_ x: y_.pdf";'
        " filename*=UTF-8''B%C3%A1o%20%22c%C3%A1o%22%0D%0AX%3A%20y%25.pdf"
    )


async def test_receipt_and_proof_of_an_entry_are_the_logs(site: Site) -> None:
    """Signed receipt as kept; a proof once a checkpoint covers the entry, and a page that says so."""
    thread = thread_of(site, REPORT)
    (row,) = site.node.rows("SELECT seq, receipt FROM log WHERE thread_id = ? ORDER BY seq LIMIT 1", thread)
    entry = f"/documents/{thread}/entries/{row['seq']}"
    async with site.visitor("clerk") as clerk:
        assert (await download(clerk, f"{entry}/receipt"))[2] == row["receipt"]
        assert (await clerk.get(f"{entry}/proof")).status == 404
        assert "chưa nằm dưới một điểm chốt" in (await clerk.get(entry)).text
        await make_checkpoint(site)
        assert read_proof((await download(clerk, f"{entry}/proof"))[2]).index == row["seq"] - 1
        assert "điểm chốt ký lúc" in (await clerk.get(entry)).text


async def test_a_list_is_taken_away_once_that_is_on_record(site: Site) -> None:
    """Everything found and nothing else; who, in which form and how many stands in the log first."""
    async with site.visitor("clerk") as clerk:
        form = {"csrf": await clerk.token(), "form": "csv", "q": "tiem chung"}
        origin = {"Origin": site.node.url, "Sec-Fetch-Site": "same-origin"}
        async with clerk.client.post(site.url("/documents/export"), data=form, headers=origin) as answer:
            raw = await answer.read()
            assert answer.headers["Content-Disposition"].startswith('attachment; filename="van-ban-')
        head, only = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
        assert (head[0], only[0], only[3]) == (
            "Số, ký hiệu",
            "412/SYT-VP",
            "Về việc báo cáo kết quả tiêm chủng mở rộng",
        )
        form = {"csrf": form["csrf"], "form": "xlsx"}
        async with clerk.client.post(site.url("/documents/export"), data=form, headers=origin) as answer:
            book = openpyxl.load_workbook(io.BytesIO(await answer.read()))
        assert [row[0] for row in book.active.iter_rows(values_only=True)][1:] == [
            *("666/SYT-TH", "57/QĐ-STC", "413/SYT-KHTC", "412/SYT-VP")
        ]
    told = [entry for entry in site.node.log(LogKind.ADMINISTERED) if entry["act"] == "search-exported"]
    assert [(one["by"], one["details"]) for one in told] == [
        ("clerk", {"count": 1, "form": "csv"}),
        ("clerk", {"count": 4, "form": "xlsx"}),
    ]


async def test_no_cell_becomes_a_formula() -> None:
    """In CSV it is kept from being one; in a workbook every cell is text."""

    async def pages() -> AsyncIterator[list[list[str]]]:
        yield [[cell] for cell in FORMULAS[:4]]
        yield [[cell] for cell in FORMULAS[4:]]

    text = b"".join([chunk async for chunk in write_csv(["a"], pages())]).decode("utf-8-sig")
    assert [row[0][0] for row in csv.reader(io.StringIO(text, newline=""))][1:] == ["'"] * len(FORMULAS)
    raw = b"".join([chunk async for chunk in write_xlsx(["a"], pages(), rows_in_a_sheet=5)])
    sheets = openpyxl.load_workbook(io.BytesIO(raw)).worksheets
    cells = [cell for sheet in sheets for cell in list(sheet["A"])[1:]]
    assert [cell.value for cell in cells] == FORMULAS
    assert {cell.data_type for cell in cells} == {"s"}
    assert len(sheets) == 2


async def test_a_search_is_kept_for_its_user_only(site: Site) -> None:
    """Named, asked again, forgotten."""
    async with site.visitor("clerk") as clerk, site.visitor("finance") as finance:
        kept = await clerk.post("/documents/saved", name="Tiêm <b>chủng</b>", q="tiem chung", state="working")
        assert kept.headers["Location"] == "/console/documents?q=tiem+chung&state=working"
        page = (await clerk.get("/documents")).text
        assert (
            'href="/console/documents?q=tiem+chung&amp;state=working">Tiêm &lt;b&gt;chủng&lt;/b&gt;</a>'
            in page
        )
        assert "q=tiem+chung&amp;state" not in (await finance.get("/documents")).text
        assert (await clerk.post("/documents/saved", name="", q="x")).status == 422
        await clerk.post("/documents/saved/forget", name="Tiêm <b>chủng</b>")
        assert "q=tiem+chung&amp;state" not in (await clerk.get("/documents")).text


@pytest.mark.parametrize(
    "query",
    [
        "after=9.9",
        "after=x",
        "after=99999999999999999999.1",
        "from=2026-13-01",
        "order=no",
        "period=never&state=%7F",
        "urgency=99",
        "agency=nobody+at+all",
        "q=%22%27%3B--&grade=valid",
        "type=none&act=-1&way=up",
    ],
)
async def test_an_address_somebody_wrote_himself_is_answered(site: Site, query: str) -> None:
    """With a page; what is not understood counts as not there."""
    async with site.visitor("clerk") as clerk:
        assert (await clerk.get(f"/documents?{query}")).status == 200


async def test_what_was_accepted_before_there_was_a_search_is_taken_up(site: Site) -> None:
    """Step by step, the newest first, and then found as everything else is."""
    async with site.visitor("clerk") as clerk:
        before = listed(await clerk.get("/documents"))
        states = listed(await clerk.get("/documents?state=declined"))
    await site.node.stop()

    with unguarded(source_in(site.node.directory)) as tables:
        tables.execute("UPDATE recipients SET document = NULL, due_on = NULL, delivery = NULL")
        for table in ("document_words", "documents", "particulars", "attachments"):
            tables.execute(f"DELETE FROM {table}")
        tables.execute("INSERT INTO unindexed SELECT max(id) || '~' FROM threads")
    await site.node.start()
    async with site.visitor("clerk") as clerk:
        for _ in range(100):
            if site.node.rows("SELECT count(*) AS n FROM documents")[0]["n"] == 5:
                break

            await asyncio.sleep(0.05)
        assert listed(await clerk.get("/documents")) == before
        assert listed(await clerk.get("/documents?state=declined")) == states
        assert "Báo cáo tiêm chủng.pdf" in (await clerk.get(f"/documents/{thread_of(site, REPORT)}")).text


async def test_of_several_versions_the_current_one_stands_first_and_the_others_fold(site: Site) -> None:
    """An update is the current version; what was before is folded; a new one has no reason."""
    thread = thread_of(site, REPORT)
    async with site.visitor("clerk") as clerk:
        before = (await clerk.get(f"/documents/{thread}")).text
        update = document(REPORT, [FINANCE], business=2, target=REPORT.document_id, name="Bản sửa.pdf")
        dms = site.node.dms("SYT")
        assert (await dms.send(update, sender=HEALTH)).ok
        await dms.close()
        page = (await clerk.get(f"/documents/{thread}")).text
    assert "Bản hiện hành" not in before
    assert "<dt>Lý do</dt>" not in before
    assert "<dt>Lý do</dt>" in page
    current, _, others = page.partition('id="others"')
    assert "Bản sửa.pdf" in current.partition('id="current"')[2]
    assert "<details" in others
    assert "Báo cáo tiêm chủng.pdf" in others


async def test_the_steps_of_a_document_can_be_read_aloud(site: Site) -> None:
    """Names and words; no ids, codes or brackets; in English, too."""
    path = f"/documents/{thread_of(site, REPORT)}"
    async with site.visitor("clerk") as clerk:
        steps = (await clerk.get(path)).text.partition('id="timeline"')[2]
        await clerk.get(f"{path}?lang=en", **{"Accept-Language": "en"})
        english = (await clerk.get(path)).text.partition('id="timeline"')[2]
    sentences = re.findall(r'<div class="small">\s*<p>(.*?)</p>', steps)
    assert len(sentences) == len(re.findall(r'class="sign', steps))
    for sentence in sentences:
        assert not re.search(r"[0-9a-f]{8}-|[0-9a-z]{20}|\.H57|\[|signature-", sentence), sentence
    assert any("Sở Y tế tỉnh Thử Nghiệm gửi Sở Tài chính tỉnh Thử Nghiệm" in one for one in sentences)
    assert "tiếp nhận gói tin gửi</span>" in steps
    assert "New document of Sở Y tế tỉnh Thử Nghiệm to Sở Tài chính" in english
    assert "Văn bản mới" not in english
