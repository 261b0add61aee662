"""The pages about what is owed, asked as browsers ask: whose it is, what may be said of it, by whom."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from gateway.config import load_config
from gateway.model.formats import local_day
from gateway.model.log import LogKind
from gateway.model.people import UserRole
from gateway.office import now, open_office
from tests.console import Browser, Page, Site, add_people, person
from tests.desk import SCRIPT, open_desk, thread_of
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH, PROVINCE

TODAY = local_day(now())
TASK = Sent(sender=HEALTH, number="7", notation="SYT-KH", day=TODAY)
LATE = Sent(sender=HEALTH, number="8", notation="SYT-KH", day=TODAY)
YESTERDAY, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=20)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """The health department (``clerk``) has given a task to finance (``finance``) and to the province."""
    async with open_desk(tmp_path / "node") as site:
        dms = site.node.dms("SYT")
        for sent, due in ((TASK, LATER), (LATE, YESTERDAY)):
            told = document(sent, [FINANCE, PROVINCE], subject=f"Giao {SCRIPT}", steering=1, due=due)
            assert (await dms.send(told, sender=HEALTH)).ok
        await dms.close()
        few = person(UserRole.VIEWER, "reader", agencies=frozenset({FINANCE}))
        await add_people(site.node, few, person(UserRole.CLERK, "province", agencies=frozenset({PROVINCE})))
        yield site


def path_of(site: Site, agency: str, reference: str = "7/SYT-KH") -> str:
    """The address of what an agency owes."""
    (row,) = site.node.rows(
        "SELECT id FROM obligations WHERE agency = ? AND reference = ?", agency, reference
    )
    return f"/obligations/{row['id']}"


def listed(page: Page) -> list[str]:
    """The obligations on a page, by address."""
    assert page.status == 200, page.text
    return re.findall(r'<th scope="row"><a href="/console(/obligations/[^"]+)">', page.text)


def acts(page: Page) -> list[str]:
    """What may be said of an obligation on its page."""
    return re.findall(r'action="/console/obligations/[^/"]+/([a-z-]+)"', page.text)


def faults(page: Page) -> list[str]:
    """What is wrong beside the fields of a form."""
    return [unescape(text) for text in re.findall(r'class="fault"[^>]*>.*?</svg>([^<]+)</p>', page.text)]


async def give(browser: Browser, **more: str) -> Page:
    """Give the finance department a task by hand."""
    usual = {"kind": "task", "reference": "NV-01", "subject": "Rà soát", "agency": FINANCE}
    return await browser.post("/obligations/new", **(usual | more))


def standing(site: Site, path: str) -> str:
    """How what an address names stands."""
    (row,) = site.node.rows("SELECT standing FROM obligations WHERE id = ?", path.rpartition("/")[2])
    return str(row["standing"])


async def test_an_agency_sees_what_it_owes_and_what_it_gave(site: Site) -> None:
    """Finance its own task and not the province's; health, who gave both, sees both and moves neither."""
    own, others = path_of(site, FINANCE), path_of(site, PROVINCE)
    async with site.visitor("finance") as finance, site.visitor("clerk") as health:
        assert listed(await finance.get("/obligations")) == [path_of(site, FINANCE, "8/SYT-KH"), own]
        assert listed(await finance.get("/obligations?side=given")) == []
        assert listed(await health.get("/obligations")) == []
        assert set(listed(await health.get("/obligations?side=given&due=later"))) == {own, others}
        assert acts(await finance.get(own)) == ["finish", "extend", "cancel"]
        page = await health.get(others)
        assert (page.status, acts(page)) == (200, [])
        assert "Bạn chỉ được xem việc này" in page.text


async def test_what_another_agency_owes_is_not_there(site: Site) -> None:
    """Neither to be looked at nor to be moved, though one knows its address; nothing is recorded."""
    others = path_of(site, PROVINCE)
    entries = len(site.node.log())
    async with site.visitor("finance") as finance, site.visitor("clerk") as health:
        assert (await finance.get(others)).status == 404
        for browser in (finance, health):
            for act in ("finish", "extend", "pass-on", "guide", "reopen", "cancel"):
                moved = await browser.post(f"{others}/{act}", reason="x", due_on=str(LATER))
                assert moved.status == 404, act
        assert (await finance.get("/obligations/0198-none")).status == 404
    assert standing(site, others) == "open"
    assert len(site.node.log(LogKind.OBLIGED)) == 4
    assert len(site.node.log()) == entries + 2  # two people signed in


@pytest.mark.parametrize("login", ["viewer", "auditor", "reader"])
async def test_who_only_reads_is_offered_nothing_and_refused_everything(site: Site, login: str) -> None:
    """Viewers and auditors: the list, the page, no form, no act."""
    own = path_of(site, FINANCE)
    async with site.visitor(login) as reader:
        page = await reader.get("/obligations")
        assert own in listed(page)
        assert "/obligations/new" not in page.text
        assert acts(await reader.get(own)) == []
        assert (await reader.post(f"{own}/finish", csrf=await reader.token("/account"))).status == 403
        assert (await reader.get("/obligations/new")).status == 403
        assert (await give(reader, csrf=await reader.token("/account"))).status == 403
    assert standing(site, own) == "open"


@pytest.mark.parametrize("login", ["operator", "administrator"])
async def test_who_runs_the_node_moves_what_anybody_owes(site: Site, login: str) -> None:
    """Both; an administrator reads no document's abstract by it, neither in the list nor on the page."""
    async with site.visitor(login) as browser:
        for agency in (FINANCE, PROVINCE):
            path = path_of(site, agency)
            reads = login == "operator"
            assert ("Giao &lt;script" in (await browser.get("/obligations")).text) is reads
            assert ("Giao &lt;script" in (await browser.get(path)).text) is reads
            assert (await browser.post(f"{path}/finish", on=str(TODAY))).status == 303
            assert standing(site, path) == "done"
    told = site.node.log(LogKind.OBLIGED)[-1]
    assert (told["act"], told["by"]) == ("finish", login)


async def test_an_act_without_the_pages_token_is_none(site: Site) -> None:
    """403, and nothing changed."""
    path = path_of(site, FINANCE)
    async with site.visitor("finance") as finance:
        assert (await finance.post(f"{path}/cancel", csrf="x", reason="x")).status == 403
        assert (await give(finance, csrf="")).status == 403
    assert standing(site, path) == "open"


async def test_an_extension_needs_a_day_and_a_reason_and_says_both_at_once(site: Site) -> None:
    """What was typed stays; then it is extended, and the page tells by whom and why."""
    path = path_of(site, FINANCE)
    async with site.visitor("finance") as finance:
        page = await finance.post(f"{path}/extend", reason=" ", due_on="")
        assert (page.status, faults(page)) == (422, ["Chưa ghi hạn mới.", "Phải nêu lý do."])
        page = await finance.post(f"{path}/extend", reason="", due_on="2001-01-01")
        assert faults(page) == ["Hạn trước ngày giao.", "Phải nêu lý do."]
        assert 'value="2001-01-01"' in page.text
        page = await finance.post(f"{path}/extend", reason="Chờ <b>số liệu</b>", due_on=str(LATER))
        assert faults(page) == ["Hạn mới trùng hạn cũ."]
        assert "Chờ &lt;b&gt;số liệu&lt;/b&gt;</textarea>" in page.text
        day = LATER + timedelta(days=10)
        page = await finance.post(f"{path}/extend", reason="Chờ <b>số liệu</b>", due_on=str(day))
        assert page.headers["Location"] == f"/console{path}"
        page = await finance.get(path)
    assert f"Đã gia hạn đến {day:%d/%m/%Y}." in page.text
    assert "Ghi: Chờ &lt;b&gt;số liệu&lt;/b&gt;" in page.text
    assert "Người ghi: finance" in page.text
    assert f"ban đầu {LATER:%d/%m/%Y}" in page.text
    told = site.node.log(LogKind.OBLIGED)[-1]
    assert (told["act"], told["due_on"], told["by"]) == ("extend", str(day), "finance")


async def test_what_has_ended_can_be_opened_again_and_nothing_else(site: Site) -> None:
    """Finished on a day, in time or late by it; finished twice it is said that it cannot."""
    path = path_of(site, FINANCE, "8/SYT-KH")
    async with site.visitor("finance") as finance:
        tomorrow = await finance.post(f"{path}/finish", on=str(TODAY + timedelta(days=1)))
        assert faults(tomorrow) == ["Ngày này chưa đến."]
        assert (await finance.post(f"{path}/finish", on="", reason="3/BC-STC")).status == 303
        page = await finance.get(path)
        assert acts(page) == ["reopen"]
        assert "quá hạn 1 ngày" in page.text
        again = await finance.post(f"{path}/finish", on=str(TODAY))
        assert again.status == 422
        assert "Không thể hoàn thành một nhiệm vụ ở trạng thái “hoàn thành”." in again.text
        assert faults(await finance.post(f"{path}/reopen")) == ["Phải nêu lý do."]
        assert (await finance.post(f"{path}/reopen", reason="Làm lại")).status == 303
        assert faults(await finance.post(f"{path}/cancel")) == ["Phải nêu lý do."]
        assert (await finance.post(f"{path}/cancel", reason="Trùng việc")).status == 303
        assert acts(await finance.get(path)) == ["reopen"]
    assert [entry["act"] for entry in site.node.log(LogKind.OBLIGED)][-3:] == ["finish", "reopen", "cancel"]


async def test_only_a_petition_is_passed_on_or_guided(site: Site) -> None:
    """A task is neither offered nor taken so."""
    async with site.visitor("finance") as finance:
        given = await give(finance, kind="petition", reference="DT-1", assigned_by="")
        path = given.headers["Location"].removeprefix("/console")
        assert acts(await finance.get(path)) == ["finish", "extend", "pass-on", "guide", "cancel"]
        assert "người dân" in (await finance.get(path)).text
        assert (await finance.post(f"{path}/guide", on=str(TODAY))).status == 303
        assert standing(site, path) == "guided"
        task = path_of(site, FINANCE)
        assert (await finance.post(f"{task}/pass-on", on=str(TODAY))).status == 422
    assert standing(site, task) == "open"


async def test_something_is_given_by_hand_with_all_faults_at_once(site: Site) -> None:
    """Every field says what is wrong with it and keeps what was typed; then it is there, once."""
    async with site.visitor("finance") as finance:
        page = await give(
            finance,
            reference="",
            subject="",
            agency="sở",
            assigned_by="không có đâu",
            assigned_on=str(LATER),
            due_on="2001-02-03",
        )
        assert page.status == 422
        assert len(faults(page)) == 5
        assert "Hạn trước ngày giao." in faults(page)
        for kept in ("không có đâu", str(LATER), "2001-02-03"):
            assert f'value="{kept}"' in page.text
        first = await give(finance, assigned_by="so y te", due_on=str(LATER))
        again = await give(finance, assigned_by="so y te", due_on=str(LATER))
        assert first.headers["Location"] == again.headers["Location"]
        other = await give(finance, subject="Việc khác")
        assert faults(other) == ["Đã có “NV-01” của cơ quan này với nội dung khác."]
        page = await finance.get(first.headers["Location"].removeprefix("/console"))
        assert "Sở Y tế tỉnh Thử Nghiệm" in page.text
    told = site.node.log(LogKind.OBLIGED)[-1]
    assert (told["act"], told["agency"], told["assigned_by"], told["by"]) == (
        "open",
        FINANCE,
        HEALTH,
        "finance",
    )


async def test_a_clerk_gives_to_his_own_agencies_only(site: Site) -> None:
    """Another's is as if it were not in the directory, by name and by code."""
    async with site.visitor("finance") as finance:
        for name in (HEALTH, "Sở Y tế tỉnh Thử Nghiệm", "so y te"):
            page = await give(finance, agency=name)
            assert faults(page) == [
                "Không có cơ quan nào như vậy trong danh bạ, hoặc không phải cơ quan của bạn."
            ]
    assert site.node.rows("SELECT 1 FROM obligations WHERE thread_id IS NULL") == []


async def test_filters_and_tabs_count_what_they_find(site: Site) -> None:
    """By kind, day, standing, agency, giver and name; each tab has as many as its list."""
    late, later = path_of(site, FINANCE, "8/SYT-KH"), path_of(site, FINANCE)
    async with site.visitor("operator") as operator:
        await operator.post(f"{later}/finish", on=str(TODAY))
        page = await operator.get("/obligations")
        tabs = dict(
            re.findall(
                r'href="/console/obligations\?([^"]+)"[^>]*>[^<]+<span class="tab-count">(\d+)', page.text
            )
        )
        for query, count in tabs.items():
            found = listed(await operator.get(f"/obligations?{unescape(query)}"))
            assert len(found) == int(count), query
        assert (tabs["due=overdue"], tabs["kind=task"], tabs["kind=dossier"]) == ("2", "3", "0")
        for query, found in (
            ("state=done", [later]),
            ("state=all&agency=tai+chinh&due=overdue", [late, later]),
            ("name=8/syt-kh&agency=stc+khong+co", []),
            ("name=08/SYT-KH&agency=so+tai+chinh&giver=so+y+te", [late]),
            ("giver=tai+chinh", []),
        ):
            assert set(listed(await operator.get(f"/obligations?{query}"))) == set(found), query


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=2026-01-01.",
        "after=none.%7F",
        "after=0000-00-00.1",
        "kind=nothing&due=never&state=maybe",
        "side=other&name=%27%22--&agency=%25",
        "due=week&state=cancelled",
        "agency=" + "x" * 900,
    ],
)
async def test_an_address_somebody_wrote_himself_is_answered(site: Site, query: str) -> None:
    """With a page; what is not understood counts as not there."""
    async with site.visitor("finance") as finance:
        assert (await finance.get(f"/obligations?{query}")).status == 200


async def test_long_lists_are_paged_by_key(site: Site) -> None:
    """Each page begins behind the last line of the one before; nothing twice, nothing left out."""
    async with site.visitor("operator") as operator:
        token = await operator.token()
        for number in range(30):
            due = "" if number % 7 == 0 else str(TODAY + timedelta(days=number % 5))
            given = await give(operator, csrf=token, reference=f"NV-{number}", due_on=due)
            assert given.status == 303
        found, path = list[str](), "/obligations?kind=task"
        while path:
            page = await operator.get(path)
            found += listed(page)
            more = re.search(r'rel="next" href="/console([^"]+)"', page.text)
            path = unescape(more[1]) if more else ""
    assert len(found) == len(set(found)) == 34


async def test_a_documents_page_shows_what_hangs_on_it(site: Site) -> None:
    """To who sent it all of it, to who got it his own; from there and back."""
    thread = thread_of(site, TASK)
    own, others = path_of(site, FINANCE), path_of(site, PROVINCE)
    async with site.visitor("finance") as finance, site.visitor("clerk") as health:
        seen = (await finance.get(f"/documents/{thread}")).text
        whole = (await health.get(f"/documents/{thread}")).text
        assert own in seen
        assert others not in seen
        assert own in whole
        assert others in whole
        assert f'href="/console/documents/{thread}">7/SYT-KH</a>' in (await finance.get(own)).text


async def test_the_steps_name_the_documents_that_caused_them(site: Site) -> None:
    """A report ends the task: finance reads on the task's page which, and is led there."""
    report = Sent(sender=FINANCE, number="3", notation="BC-STC", day=TODAY)
    dms = site.node.dms("STC")
    told = document(report, [HEALTH], type_name="Báo cáo", replies=[TASK])
    assert (await dms.send(told, sender=FINANCE)).ok
    await dms.close()
    async with site.visitor("finance") as finance, site.visitor("administrator") as administrator:
        page = (await finance.get(path_of(site, FINANCE))).text
        words = "văn bản 3/BC-STC của Sở Tài chính tỉnh Thử Nghiệm"
        assert f'<a href="/console/documents/{thread_of(site, report)}">{words}</a>' in page
        page = (await administrator.get(path_of(site, FINANCE))).text
        assert words in page
        assert "/console/documents/" not in page


async def test_what_strangers_wrote_is_text(site: Site) -> None:
    """Markup in an abstract is letters, on every page that shows it."""
    async with site.visitor("finance") as finance:
        paths = ["/obligations", path_of(site, FINANCE), f"/documents/{thread_of(site, TASK)}", "/wall"]
        for path in paths:
            page = (await finance.get(path)).text
            assert "Giao &lt;script&gt;alert(1)" in page, path
            assert "<script>alert" not in page
            assert "<img src=x" not in page


async def test_who_an_agency_was_merged_into_answers_for_it(site: Site) -> None:
    """The province's clerk finds and finishes what finance owed; finance's is told nothing new."""
    path = path_of(site, FINANCE)
    async with open_office(load_config(site.node.directory / "config.toml")) as office:
        await office.registry.close_agency(FINANCE, by="test", at=now(), merged_into=PROVINCE)
    async with site.visitor("province") as province, site.visitor("finance") as finance:
        async with asyncio.timeout(5):  # the directory is looked at anew within a second
            while len(listed(await province.get("/obligations"))) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert (await province.post(f"{path}/finish", on=str(TODAY))).status == 303
        assert (await finance.get(path_of(site, PROVINCE))).status == 404
    assert standing(site, path) == "done"
