"""Reports, registers and the screen on the wall: whose figures, in which files, and who took them."""

import io
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader

from gateway.model.formats import local_day
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.model.report import Column, Table, Unit
from gateway.office import now
from gateway.web.console.reports import heads_of
from tests.console import Browser, Site, add_people, person
from tests.desk import OTHERS, REPORT, open_desk, thread_of
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, PROVINCE

TODAY = local_day(now())
TASK = Sent(sender=HEALTH, number="7", notation="SYT-KH", day=TODAY)
LATE = Sent(sender=HEALTH, number="8", notation="SYT-KH", day=TODAY)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Departments that corresponded, with two tasks."""
    async with open_desk(tmp_path / "node") as site:
        health, finance = site.node.dms("SYT"), site.node.dms("STC")
        for sent, due in ((TASK, TODAY + timedelta(days=9)), (LATE, TODAY - timedelta(days=2))):
            told = document(sent, [FINANCE, PROVINCE], steering=1, due=due, subject="Giao việc")
            assert (await health.send(told, sender=HEALTH)).ok
        done = status(TASK, "06", by=FINANCE)
        assert (await finance.send(done, sender=FINANCE, kind="status")).ok
        await health.close()
        await finance.close()
        both = person(UserRole.VIEWER, "both", agencies=frozenset({FINANCE, HEALTH}))
        await add_people(site.node, both, person(UserRole.VIEWER, "reader", agencies=frozenset({FINANCE})))
        yield site


def table(text: str, title: str) -> list[list[str]]:
    """The cells of a table on a page, by its caption."""
    (found,) = re.findall(
        rf'<caption class="seen-by-readers">{title}</caption>(.*?)</table>', text, re.DOTALL
    )
    rows = re.findall(r"<tr>(.*?)</tr>", re.sub(r"<thead>.*?</thead>", "", found, flags=re.DOTALL), re.DOTALL)
    rows = [re.sub(r'<td class="ordinal">.*?</td>', "", row) for row in rows]
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in rows
    ]


async def take(browser: Browser, path: str, **fields: str) -> tuple[int, dict[str, str], bytes]:
    """Take a file away."""
    form = {"csrf": await browser.token()} | fields
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with browser.client.post(browser.site.url(path), data=form, headers=headers) as answer:
        return answer.status, dict(answer.headers), await answer.read()


def exports(site: Site) -> list[tuple[str, str, dict[str, object]]]:
    """Who took which report or register away, as the log has it."""
    return [
        (entry["by"], entry["act"], entry["details"])
        for entry in site.node.log(LogKind.ADMINISTERED)
        if entry["act"].endswith("-exported")
    ]


TASKS = "Tình hình thực hiện nhiệm vụ được giao"
BY_AGENCY = "Văn bản đi, đến theo cơ quan"


async def test_a_report_shows_the_figures_of_its_period(site: Site) -> None:
    """Sentences, tables with groups and totals; what is not known is a dash, and said to readers aloud."""
    async with site.visitor("operator") as operator:
        page = (await operator.get("/reports")).text
        finance, province, total = table(page, TASKS)
        assert finance[:6] == ["Sở Tài chính tỉnh Thử Nghiệm", "2", "1", "0", "0", "1"]
        assert province[:6] == ["UBND tỉnh Thử Nghiệm", "2", "0", "0", "1", "1"]
        assert total[:6] == ["Tổng cộng", "4", "1", "0", "1", "2"]
        assert "Nhiệm vụ được giao: 4; hoàn thành đúng hạn 1" in page
        assert '<th scope="colgroup" colspan="5" class="group">Giao trong kỳ</th>' in page
        assert "–không có số liệu" in [cell for row in table(page, BY_AGENCY) for cell in row]
        month = f"/reports?year={TODAY.year}&part={TODAY:%m}"
        assert table((await operator.get(month)).text, TASKS)[-1][1] == "4"
        empty = (await operator.get("/reports?year=2021&part=Q1")).text
        assert "Không có số liệu trong kỳ này" in empty
        assert "quý I năm 2021" in empty
        then = (await operator.get("/reports?year=2021&as_of=2021-03-31")).text
        assert "số liệu tính đến 31/03/2021 23:59" in then
        assert 'id="as_of-fault"' in (await operator.get("/reports?year=2021&as_of=nay")).text
        await operator.get("/reports?lang=en")
        english = (await operator.get("/reports")).text
        assert table(english, "Tasks assigned and how they stand")[-1][0] == "Total"
        assert "Tasks assigned: 4; 1 done in time" in (await operator.get("/reports")).text


async def test_a_period_from_a_day_to_a_day(site: Site) -> None:
    """Both days count; of what cannot be understood everything is said at once."""
    async with site.visitor("operator") as operator:
        day = f"/reports?part=span&from={TODAY}&to={TODAY}"
        assert table((await operator.get(day)).text, TASKS)[-1][1] == "4"
        page = (await operator.get(f"/reports?part=span&from={TODAY}&to=2001-01-01")).text
        assert "Không hiểu kỳ báo cáo" in page
        page = (await operator.get("/reports?part=span&from=2026-02-31&to=&agency=nobody")).text
        assert page.count('class="fault"') == 3
        assert "Không có cơ quan nào như vậy" in page
        assert "/reports/export" not in page


@pytest.mark.parametrize(
    "query",
    [
        "year=1999",
        "year=x&part=%01",
        "part=13",
        "year=99999999999",
        "year=2099",
        "part=span&from=2000-01-01&to=2099-12-31",
        "part=span&from=0001-01-01&to=9999-12-31",
        "year=٢٠٢٦",
        "agency=" + "x" * 900,
    ],
)
async def test_an_address_somebody_wrote_himself_is_answered(site: Site, query: str) -> None:
    """With a page."""
    async with site.visitor("reader") as reader:
        for path in ("/reports", "/register"):
            page = await reader.get(f"{path}?{query.encode('ascii', 'ignore').decode()}")
            assert page.status == 200 or (path == "/register" and "agency" in query), (path, page.status)


async def test_figures_are_of_the_visitors_agencies_only(site: Site) -> None:
    """Finance's clerk has finance's; asking for another's is a fault on the page, and no file."""
    async with site.visitor("reader") as reader, site.visitor("both") as both:
        page = (await reader.get("/reports")).text
        assert [row[:2] for row in table(page, TASKS)] == [
            ["Sở Tài chính tỉnh Thử Nghiệm", "2"],
            ["Tổng cộng", "2"],
        ]
        assert "UBND tỉnh" not in page.partition('id="content"')[2]
        for other in (HEALTH, "so y te", PROVINCE):
            page = (await reader.get(f"/reports?agency={other.replace(' ', '+')}")).text
            assert "không phải cơ quan của bạn" in page
            code, _, _ = await take(reader, "/reports/export", form="json", agency=other)
            assert code == 422
        assert {row[0] for row in table((await both.get("/reports")).text, BY_AGENCY)} == {
            "Sở Tài chính tỉnh Thử Nghiệm",
            "Sở Y tế tỉnh Thử Nghiệm",
            "Tổng cộng",
        }
        one = (await both.get("/reports?agency=tai+chinh")).text
        assert "<p>Sở Tài chính tỉnh Thử Nghiệm · năm" in one
        assert table(one, TASKS)[-1][1] == "2"
    assert exports(site) == []


async def test_who_reads_no_documents_has_no_reports(site: Site) -> None:
    """Neither figures, nor registers, nor the wall."""
    async with site.visitor("administrator") as administrator:
        for path in ("/reports", "/register", "/wall"):
            assert (await administrator.get(path)).status == 403


async def test_a_report_is_taken_away_once_that_is_on_record(site: Site) -> None:
    """In the form that was asked for, under a name that says of when and whose it is."""
    async with site.visitor("auditor") as auditor, site.visitor("reader") as reader:
        code, headers, content = await take(auditor, "/reports/export", form="json", part="Q1", year="2026")
        assert (code, headers["Content-Type"]) == (200, "application/json")
        assert 'filename="bao-cao-2026-q1.json"' in headers["Content-Disposition"]
        told = json.loads(content)
        assert told["period"]["first"] == "2026-01-01"
        assert told["total"]["dossiers"]["on_time_rate"] is None
        code, headers, content = await take(reader, "/reports/export", form="pdf", year="2026")
        assert (code, headers["Content-Type"]) == (200, "application/pdf")
        assert f"filename*=UTF-8''bao-cao-2026-{FINANCE}.pdf" in headers["Content-Disposition"]
        (first, *_) = PdfReader(io.BytesIO(content)).pages
        assert "SỞ TÀI CHÍNH TỈNH THỬ NGHIỆM" in first.extract_text()
        code, _, content = await take(reader, "/reports/export", form="xlsx", year="2026")
        assert openpyxl.load_workbook(io.BytesIO(content)).worksheets
        assert (await take(reader, "/reports/export", form="docx"))[0] == 404
        page = (await reader.get("/reports")).text
    assert re.findall(r'name="form" value="(\w+)"', page) == ["pdf", "xlsx", "json"]
    year = {"since": "2026-01-01", "until": "2026-12-31", "agency": FINANCE}
    assert exports(site) == [
        ("auditor", "report-exported", {"since": "2026-01-01", "until": "2026-03-31", "form": "json"}),
        ("reader", "report-exported", year | {"form": "pdf"}),
        ("reader", "report-exported", year | {"form": "xlsx"}),
    ]


async def test_a_register_lists_the_documents_of_a_year(site: Site) -> None:
    """What came with its number, in the order of its days; what went; each leads to its document."""
    async with site.visitor("finance") as finance:
        page = (await finance.get("/register")).text
        numbers = re.findall(r'data-column="Số, ký hiệu" class="nowrap">([^<]+)<', page)
        assert numbers == ["412/SYT-VP", "413/SYT-KHTC", "666/SYT-TH", "7/SYT-KH", "8/SYT-KH"]
        assert f'href="/console/documents/{thread_of(site, REPORT)}"' in page
        assert "Từ chối tiếp nhận" in page
        out = (await finance.get(f"/register?side=out&year={TODAY.year}")).text
        assert f'href="/console/documents/{thread_of(site, OTHERS)}"' in out
        assert "Không có văn bản nào trong năm này" in (await finance.get("/register?year=2021")).text
        assert (await finance.get(f"/register?agency={HEALTH}")).status == 404


async def test_a_register_is_paged_by_key_and_numbered_through(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers of the second page go on where the first ended, whatever the address claims."""
    monkeypatch.setattr("gateway.web.console.register_pages.ON_A_PAGE", 2)
    async with site.visitor("finance") as finance:
        path, numbers = "/register", list[str]()
        while path:
            page = (await finance.get(path)).text
            numbers += re.findall(r'class="number">(\d+)</td>', page)
            more = re.search(r'rel="next" href="/console([^"]+)"', page)
            path = more[1].replace("&amp;", "&") if more else ""
        assert numbers == ["1", "2", "3", "4", "5"]
        for after in ("x", "2026-01-01.", "2026-13-01.1", "0001-01-01.99999999999999999999"):
            assert (await finance.get(f"/register?after={after}")).status == 200


async def test_a_register_is_taken_away_whole(site: Site) -> None:
    """Line by line, however long; who took which is on record, and another's is not there."""
    async with site.visitor("finance") as finance:
        fields = {"side": "in", "year": str(TODAY.year), "form": "xlsx"}
        code, headers, content = await take(finance, "/register/export", agency=FINANCE, **fields)
        assert code == 200
        assert f"so-van-ban-den-{TODAY.year}-{FINANCE}.xlsx" in headers["Content-Disposition"]
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        lines = [row for row in sheet.iter_rows(values_only=True) if isinstance(row[1], int)]
        assert [line[3] for line in lines] == [
            *("412/SYT-VP", "413/SYT-KHTC", "666/SYT-TH", "7/SYT-KH", "8/SYT-KH")
        ]
        assert lines[0][1:3] == (1, "Sở Y tế tỉnh Thử Nghiệm")
        assert str(lines[1][9]).startswith("Từ chối tiếp nhận ngày ")
        code, headers, content = await take(
            finance, "/register/export", agency=FINANCE, side="out", form="xlsx"
        )
        assert f"so-van-ban-di-{TODAY.year}" in headers["Content-Disposition"]
        assert b"xl/worksheets/sheet1.xml" in content
        assert (await take(finance, "/register/export", agency=HEALTH, **fields))[0] == 404
        assert (await take(finance, "/register/export", agency=FINANCE, form="pdf"))[0] == 404
    first, second = exports(site)
    assert second[2]["book"] == "out"
    assert first == (
        "finance",
        "register-exported",
        {
            "book": "in",
            "since": f"{TODAY.year}-01-01",
            "until": f"{TODAY.year}-12-31",
            "agency": FINANCE,
            "form": "xlsx",
        },
    )
    spool = site.node.directory / "spool"
    assert [path for path in spool.rglob("*") if path.is_file()] == []


async def test_the_overview_tells_what_is_owed(site: Site) -> None:
    """The counts of the visitor's agencies, each leading to its list."""
    async with site.visitor("finance") as finance, site.visitor("operator") as operator:
        for browser, tasks, overdue in ((finance, "2", "1"), (operator, "4", "2")):
            page = (await browser.get("/")).text
            owed = page.partition('id="owed"')[2].partition("</section>")[0]
            assert f'<strong class="big">{tasks}</strong>' in owed
            (count,) = re.findall(r'obligations\?due=overdue">Quá hạn</a>\s*<span[^>]*>.*?</svg>(\d+)', owed)
            assert count == overdue


async def test_the_wall_has_the_figures_of_who_is_signed_in(site: Site) -> None:
    """A viewer's screen is kept awake, an operator's is not; no menu is on it."""
    async with site.visitor("viewer") as viewer, site.visitor("reader") as reader:
        page = (await viewer.get("/wall")).text
        assert 'class="wall" data-awake' in page
        assert '<nav class="menu"' not in page
        assert re.findall(r'<span class="part">(\d+)</span>', page)[:4] == ["1", "0", "1", "2"]
        assert page.count('<span class="late">2 ngày</span>') == 2
        assert '3<span class="more">/3</span>' in page
        own = (await reader.get("/wall")).text
        assert re.findall(r'<span class="part">(\d+)</span>', own)[:4] == ["1", "0", "0", "1"]
        assert "UBND tỉnh" not in own.partition("</header>")[2]
    async with site.visitor("operator") as operator:
        assert "data-awake" not in (await operator.get("/wall")).text


def test_headings_lie_over_their_columns() -> None:
    """Those without a group reach through both rows."""
    made = Table(
        title=("Bảng", "Table"),
        columns=(
            Column(title=("Cơ quan", "Agency"), unit=Unit.TEXT),
            Column(title=("Một", "One"), group=("Nhóm", "Group")),
            Column(title=("Hai", "Two"), group=("Nhóm", "Group")),
            Column(title=("Ba", "Three")),
        ),
        rows=(),
    )
    top, below = heads_of(made)
    assert [(head.words[1], head.columns, head.rows) for head in top] == [
        ("Agency", 1, 2),
        ("Group", 2, 1),
        ("Three", 1, 2),
    ]
    assert [head.words[1] for head in below] == ["One", "Two"]
