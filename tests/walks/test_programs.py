"""What other programs read and give, and what they may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.config import load_config
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.report import Report
from gateway.office import now, open_office
from gateway.wiring.papers import REPORT_WRITERS
from tests.packages import Sent, document
from tests.programs import TASK, Program, disable_token, give_token, program
from tests.walks.world import FINANCE, HEALTH, PROVINCE, Node, prepare_node

DOSSIER = {**TASK, "kind": "dossier", "reference": "HS-01"}
Q = "/figures?period=2020-01-01..2098-12-31"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A gateway with two departments' systems."""
    gateway = prepare_node(tmp_path / "node", code=PROVINCE, http={"requests_per_second": 0})
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def centre(node: Node) -> AsyncIterator[Program]:
    """A program that reads and writes everything."""
    async with program(node, await give_token(node, "trung-tam", may_write=True)) as found:
        yield found


@pytest.fixture
async def desk(node: Node) -> AsyncIterator[Program]:
    """A one-stop desk's program: for the finance department only."""
    async with program(node, await give_token(node, "mot-cua", [FINANCE], may_write=True)) as found:
        yield found


async def given(who: Program, **particulars: object) -> str:
    """Give something, and return its id."""
    answer = await who.post("/obligations", **{**TASK, **particulars})
    assert answer.status == 201, answer.told
    return str(answer.told["id"])


# -- who may ask ------------------------------------------------------------------------------------------


@pytest.mark.both_engines
async def test_what_no_text_may_hold_is_not_looked_for(centre: Program) -> None:
    """A zero byte: no address has one, and in a question it is told. PostgreSQL is not even asked."""
    asked = ("/obligations/a%00b", "/obligations?reference=a%00b")
    assert [(await centre.get(path)).status for path in asked] == [404, 400]


async def test_nobody_is_answered_without_a_good_token(node: Node) -> None:
    """None, rubbish, an unknown one, a wrong one, a disabled one, two at once: all the same to who asks."""
    text, gone = await give_token(node, "trung-tam"), await give_token(node, "da-ngat")
    await disable_token(node, "da-ngat")
    said = [
        {},
        {"Authorization": "Bearer rubbish\u00e9"},
        {"Authorization": f"Basic {text}"},
        {"Authorization": f"Bearer lt_000000000000_{'A' * 43}"},
        {"Authorization": f"Bearer {text[:-1]}{'A' if text[-1] != 'A' else 'B'}"},
        {"Authorization": f"Bearer {gone}"},
    ]
    async with program(node, None) as stranger:
        answers = [await stranger.get(Q, **headers) for headers in said]
        twice = [("Authorization", f"Bearer {text}"), ("Authorization", f"Bearer {text}")]
        answers.append(await stranger.call("GET", Q, headers=twice))
        assert (await stranger.get(Q, Authorization=f"bearer {text}")).status == 200
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    told = [(entry["code"], entry.get("claimed", "")) for entry in node.log(LogKind.DISTRUSTED)]
    wrong = text.split("_")[1]
    assert told == [
        *[("token-malformed", "")] * 3,
        ("token-unknown", "000000000000"),
        ("token-unknown", wrong),
        ("token-disabled", gone.split("_")[1]),
        ("token-malformed", ""),
    ]
    assert {entry["address"] for entry in node.log(LogKind.DISTRUSTED)} == {"127.0.0.1"}
    assert not any(
        secret.encode() in row["statement"]
        for secret in (text, gone)
        for row in node.rows("SELECT statement FROM log")
    )


async def test_a_token_that_only_reads_gives_nothing(node: Node) -> None:
    """It is refused, and that is on record under its name."""
    async with program(node, await give_token(node, "doc")) as reader:
        answer = await reader.post("/obligations", **TASK)
    assert (answer.status, answer.told["code"]) == (403, "not-permitted")
    assert node.rows("SELECT * FROM obligations") == []
    (entry,) = node.log(LogKind.DISTRUSTED)
    assert (entry["claimed"], entry["operation"], entry["code"]) == ("doc", "api-give", "not-permitted")


async def test_the_day_a_token_was_used_is_noted_once(node: Node, centre: Program) -> None:
    """Not every call is a write."""
    for _ in range(3):
        await centre.get(Q)
    (row,) = node.rows("SELECT last_used_on FROM tokens")
    assert row["last_used_on"] == local_day(now()).isoformat()


async def test_who_asks_too_often_is_told_when_again(tmp_path: Path) -> None:
    """One program's haste is its own."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, http={"requests_per_second": 0.1, "burst": 2})
    await node.start()
    try:
        hasty, other = await give_token(node, "voi"), await give_token(node, "khac")
        async with program(node, hasty) as one, program(node, other) as another:
            assert [(await one.get(Q)).status for _ in range(2)] == [200, 200]
            answer = await one.get(Q)
            assert (answer.status, answer.told["code"]) == (429, "too-many-requests")
            assert 1 <= int(answer.headers["Retry-After"]) <= 10
            assert (await another.get(Q)).status == 200
    finally:
        await node.stop()


# -- what is read -----------------------------------------------------------------------------------------


async def test_figures_have_totals_and_each_agencys(node: Node, centre: Program) -> None:
    """What was exchanged and what is owed; a share of nothing is null."""
    dms = node.dms("SYT")
    told = document(Sent(sender=HEALTH), [FINANCE], steering=1, due=date(2098, 1, 5))
    assert (await dms.send(told, sender=HEALTH)).ok
    late = await given(centre, **{**DOSSIER, "assigned_on": "2026-01-05", "due_on": "2026-01-08"})
    await centre.post(f"/obligations/{late}/finish", on="2026-01-09")
    figures = (await centre.get(Q)).told
    assert [each["code"] for each in figures["agencies"]] == sorted([FINANCE, HEALTH])
    finance = next(each for each in figures["agencies"] if each["code"] == FINANCE)
    assert finance["name"] == "Sở Tài chính tỉnh Thử Nghiệm"
    assert finance["tasks"]["assigned"]["open_in_time"] == figures["total"]["tasks"]["assigned"]["all"] == 1
    assert (finance["dossiers"]["late"], finance["dossiers"]["on_time_rate"]) == (1, 0.0)
    assert figures["total"]["field_reports"]["on_time_rate"] is None
    assert figures["total"]["documents"]["deliveries"] == 1
    assert figures["connections"]["on_own_server"] == 2
    assert figures["period"]["en"] == "from 2020-01-01 to 2098-12-31"
    before = (await centre.get(f"{Q}&as_of=2026-01-08")).told
    assert before["total"]["dossiers"]["open_in_time"] == 1
    assert before["as_of"] == "2026-01-08T23:59:59+07:00"


async def test_documents_are_told_day_by_day(node: Node, centre: Program) -> None:
    """Days without documents are there, too."""
    today = local_day(now())
    assert (await node.dms("SYT").send(document(Sent(sender=HEALTH, day=today), [FINANCE]), sender=HEALTH)).ok
    told = (await centre.get(f"/figures/daily?from={today - timedelta(days=2)}&to={today}")).told
    assert [(day["in"], day["out"]) for day in told["days"]] == [(0, 0), (0, 0), (1, 1)]
    only = (await centre.get(f"/figures/daily?from={today}&to={today}&agency={HEALTH}")).told
    assert only["days"] == [{"day": today.isoformat(), "in": 0, "out": 1}]
    wrong = await centre.get(f"/figures/daily?from={today}&to=2020-01-01")
    assert wrong.faults == [("span-wrong", "to")]


async def test_pages_show_everything_once_in_order(centre: Program) -> None:
    """What is due first before the others, what has no day last; the next page is an address."""
    dues = ["2098-01-03", None, "2098-01-01", "2098-01-02", "2098-01-01", None, "2098-01-05"]
    for n, due in enumerate(dues):
        await given(centre, reference=f"NV-{n}", due_on=due)
    await given(centre, reference="khác", kind="petition")
    met, address = [], "/obligations?kind=task&limit=2"
    while address:
        page = (await centre.get(address)).told
        assert len(page["items"]) <= 2
        met += page["items"]
        address = page["next"]
    assert [each["due_on"] for each in met] == sorted(dues, key=lambda due: due or "9999")
    assert len({each["id"] for each in met}) == len(dues)
    until = (await centre.get("/obligations?kind=task&standing=open&due_until=2098-01-01")).told
    assert len(until["items"]) == 2
    named = (await centre.get(f"/obligations?reference={quote('nv – 3')}")).told
    assert [each["reference"] for each in named["items"]] == ["NV-3"]


async def test_an_obligation_is_told_with_its_steps(node: Node, centre: Program) -> None:
    """Who did what when, and because of which package."""
    told = document(Sent(sender=HEALTH), [FINANCE], steering=1, due=date(2098, 1, 5))
    assert (await node.dms("SYT").send(told, sender=HEALTH)).ok
    ((each,),) = [(await centre.get("/obligations")).told["items"]]
    assert each["by_document"]
    await centre.post(f"/obligations/{each['id']}/extend", due_on="2098-02-05", reason="Bão")
    one = (await centre.get(f"/obligations/{each['id']}")).told
    opened, extended = one["steps"]
    assert (opened["act"], opened["by"]) == ("open", None)
    assert opened["package"] == node.log(LogKind.ACCEPTED)[0]["package"]
    assert (extended["by"], extended["reason"], extended["due_on"]) == ("trung-tam", "Bão", "2098-02-05")
    assert (one["first_due_on"], one["due_on"]) == ("2098-01-05", "2098-02-05")


async def test_what_has_not_changed_is_not_told_again(centre: Program) -> None:
    """Until something happens; another question, and another program, are other matters."""
    first = await centre.get(Q)
    etag = first.headers["ETag"]
    assert etag.startswith("W/")
    again = await centre.get(Q, **{"If-None-Match": etag})
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert (await centre.get(f"{Q}&agency={FINANCE}", **{"If-None-Match": etag})).status == 200
    async with program(centre.node, await give_token(centre.node, "khac", [HEALTH])) as other:
        assert (await other.get(Q, **{"If-None-Match": etag})).status == 200
    await given(centre)
    async with asyncio.timeout(10):  # it is looked at twice a second at most
        while (await centre.get(Q, **{"If-None-Match": etag})).status == 304:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_a_report_is_had_as_a_file_where_somebody_writes_it(
    node: Node, centre: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever writes reports here; where nobody does there is none."""

    def write(report: Report) -> bytes:
        return f"%PDF {report.issuer} {report.period[1]} {len(report.tables)}".encode()

    real = await centre.get("/report.pdf?period=2026-Q1")
    assert real.body.startswith(b"%PDF-")
    monkeypatch.setitem(REPORT_WRITERS, ".pdf", write)  # type: ignore[arg-type]
    monkeypatch.delitem(REPORT_WRITERS, ".xlsx")  # type: ignore[arg-type]
    answer = await centre.get("/report.pdf?period=2026-Q1")
    assert answer.body.decode() == "%PDF UBND tỉnh Thử Nghiệm Q1 2026 5"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "bao-cao-2026-Q1.pdf" in answer.headers["Content-Disposition"]
    missing = await centre.get("/report.xlsx?period=2026-Q1")
    assert (missing.status, missing.told["code"]) == (404, "format-not-here")


async def test_a_program_hears_that_figures_have_changed(node: Node, centre: Program) -> None:
    """At once, after every change; the stream ends with the token."""
    async with centre.client.get(f"{node.url}/api/v1/events") as stream:
        assert stream.content_type == "text/event-stream"
        lines = stream.content

        async def next_change() -> dict[str, str]:
            async with asyncio.timeout(20):
                while not (line := await lines.readline()).startswith(b"data:"):
                    assert line
            return dict(json.loads(line.removeprefix(b"data:")))

        await next_change()
        await given(centre)
        assert set(await next_change()) == {"at"}
        await disable_token(node, "trung-tam")
        async with asyncio.timeout(20):
            await lines.read()


# -- what is said -----------------------------------------------------------------------------------------


async def test_what_is_given_twice_is_given_once(node: Node, centre: Program) -> None:
    """The second answer is the first one; other words under the same name are a conflict."""
    first, second = [await centre.post("/obligations", **TASK) for _ in range(2)]
    assert (first.status, first.headers["Location"]) == (201, f"/api/v1/obligations/{first.told['id']}")
    assert (second.status, second.told, second.headers["Location"]) == (
        201,
        first.told,
        first.headers["Location"],
    )
    other = await centre.post("/obligations", **{**TASK, "subject": "Việc khác"})
    assert (other.status, other.told["code"]) == (409, "obligation-exists")
    assert len(node.log(LogKind.OBLIGED)) == 1
    assert node.log(LogKind.OBLIGED)[0]["by"] == "trung-tam"


async def test_everything_wrong_with_what_is_said_is_told_at_once(node: Node, centre: Program) -> None:
    """Form and sense together, in both languages."""
    answer = await centre.post(
        "/obligations",
        kind="việc",
        agency="000.00.99.H57",
        reference=7,
        assigned_on="2026-02-30",
        due_on="",
        priority="cao",
    )
    assert (answer.status, answer.told["code"]) == (400, "obligation-wrong")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert sorted(answer.faults) == [
        ("day-form", "assigned_on"),
        ("kind-unknown", "kind"),
        ("member-form", "reference"),
        ("member-unknown", "priority"),
        ("missing", "due_on"),
        ("missing", "subject"),
        ("unknown-agency", "agency"),
    ]
    assert all(fault["vi"] and fault["en"] for fault in answer.told["faults"])
    assert node.rows("SELECT * FROM obligations") == []
    question = await centre.get("/figures?period=2026-13&as_of=hôm-nay&agencies=H57")
    assert question.faults == [
        ("period-unknown", "period"),
        ("instant-unknown", "as_of"),
        ("parameter-unknown", "agencies"),
    ]


@pytest.mark.parametrize("parameter", ["agency=", "agency=H57,", "standing=&standing=open", "due_until="])
async def test_a_parameter_without_a_value_is_not_taken_for_all(centre: Program, parameter: str) -> None:
    """A script that forgot to fill it in is told so, and not of everybody."""
    answer = await centre.get(f"/obligations?{parameter}")
    assert answer.faults == [("missing", parameter.split("=")[0])]


@pytest.mark.parametrize(
    ("act", "said", "standing"),
    [
        ("extend", {"due_on": "2098-05-30", "reason": "Theo đề nghị"}, "open"),
        ("finish", {}, "done"),
        ("pass-on", {"reason": "Chuyển Sở Y tế"}, "passed-on"),
        ("guide", {}, "guided"),
        ("cancel", {"reason": "Nhập nhầm"}, "cancelled"),
    ],
)
async def test_an_act_said_again_changes_nothing(
    node: Node, centre: Program, act: str, said: dict[str, str], standing: str
) -> None:
    """Each of them; and what has ended can be taken up again."""
    path = f"/obligations/{await given(centre, kind='petition')}"
    first, second = [await centre.post(f"{path}/{act}", **said) for _ in range(2)]
    assert (first.status, first.told["standing"]) == (200, standing)
    assert (second.status, second.told) == (200, first.told)
    assert len(node.log(LogKind.OBLIGED)) == 2
    if standing != "open":
        impossible = await centre.post(f"{path}/guide", reason="Khác")
        assert (impossible.status, impossible.told["code"]) == (409, "obligation-cannot")
        reopened = await centre.post(f"{path}/reopen", reason="Chưa xong")
        assert reopened.told["standing"] == "open"


async def test_what_an_act_lacks_is_told_at_once(centre: Program) -> None:
    """A reason, a day, a day that exists."""
    path = f"/obligations/{await given(centre)}"
    lacking = await centre.post(f"{path}/extend", on="2026-02-30", when="mai")
    assert lacking.faults == [
        ("member-unknown", "when"),
        ("day-form", "on"),
        ("reason-missing", "reason"),
        ("day-missing", "due_on"),
    ]
    assert (await centre.post("/obligations/không-có/finish")).status == 404


async def test_what_is_no_json_is_refused(centre: Program) -> None:
    """Another type, another form, too much of it, too deep."""
    url = "/obligations"
    plain = await centre.call("POST", url, data=b"kind=task", headers={"Content-Type": "text/plain"})
    assert (plain.status, plain.told["code"]) == (415, "media-type-unknown")
    json_type = {"Content-Type": "application/json"}
    for body in (b"", b"[]", b"{", b"\xff", b'{"a":' * 10_000, b"9" * 5_000):
        answer = await centre.call("POST", url, data=body, headers=json_type)
        assert (answer.status, answer.told["code"]) == (400, "body-not-json"), body[:9]
    large = await centre.call("POST", url, data=b" " * 70_000, headers=json_type)
    assert large.status == 413


async def test_addresses_that_are_not_there_say_so(centre: Program) -> None:
    """As problems, with what is there."""
    nowhere = await centre.get("/nowhere")
    assert (nowhere.status, nowhere.told["code"]) == (404, "not-found")
    wrong = await centre.call("DELETE", "/figures")
    assert (wrong.status, wrong.told["code"], wrong.headers["Allow"]) == (405, "method-unknown", "GET")
    assert (await centre.post("/obligations/x/forget")).status == 404


# -- tokens of some agencies ------------------------------------------------------------------------------


async def test_a_token_of_some_agencies_sees_only_theirs(node: Node, centre: Program, desk: Program) -> None:
    """Figures, lists, single obligations, days."""
    own, foreign = await given(centre), await given(centre, agency=HEALTH)
    today = local_day(now())
    sent = document(Sent(sender=HEALTH, day=today), [FINANCE])
    assert (await node.dms("SYT").send(sent, sender=HEALTH)).ok
    figures = (await desk.get(f"/figures?period={today.year}")).told
    assert [each["code"] for each in figures["agencies"]] == [FINANCE]
    assert figures["total"]["tasks"]["assigned"]["all"] == 1
    assert figures["connections"]["total"] == 1
    assert [each["id"] for each in (await desk.get("/obligations")).told["items"]] == [own]
    assert (await desk.get(f"/obligations/{own}")).status == 200
    unseen, unknown = await desk.get(f"/obligations/{foreign}"), await desk.get("/obligations/none")
    assert (unseen.status, unseen.body) == (404, unknown.body)
    assert (await desk.get(f"/figures/daily?from={today}&to={today}")).told["days"][0]["out"] == 0


async def test_a_token_of_some_agencies_asks_for_no_others(node: Node, desk: Program) -> None:
    """It is told that it may not, and that is on record."""
    for path in (Q, "/figures/daily?", "/obligations?", "/report.pdf?period=2026"):
        answer = await desk.get(f"{path}{'' if path.endswith('?') else '&'}agency={FINANCE}&agency={HEALTH}")
        assert answer.status == 403, path
    assert (await desk.post("/obligations", **{**TASK, "agency": HEALTH})).status == 403
    assert [entry["claimed"] for entry in node.log(LogKind.DISTRUSTED)] == ["mot-cua"] * 5
    assert (await desk.get(f"{Q}&agency=H99")).faults == [("unknown-agency", "")]


async def test_who_owes_something_does_not_spare_himself_what_another_gave(
    centre: Program, desk: Program
) -> None:
    """It says that it is done; more time, or none, is for who gave it. What nobody gave is its own."""
    task = await given(centre, assigned_by=HEALTH)
    for act, said in (("extend", {"due_on": "2098-06-01"}), ("cancel", {})):
        answer = await desk.post(f"/obligations/{task}/{act}", reason="Bận", **said)
        assert (answer.status, answer.told["code"]) == (403, "not-permitted")
    assert (await desk.post(f"/obligations/{task}/finish")).status == 200
    assert (await desk.post(f"/obligations/{task}/reopen", reason="Nhầm")).status == 403
    own = await given(desk, kind="dossier")
    assert (await desk.post(f"/obligations/{own}/cancel", reason="Nhập nhầm")).status == 200


async def test_what_was_merged_into_an_agency_is_its_own(node: Node, centre: Program, desk: Program) -> None:
    """And the one it was merged into is not the merged one's."""
    merged = await given(centre, agency=HEALTH)
    async with program(node, await give_token(node, "y-te", [HEALTH])) as old:
        await given(centre, agency=FINANCE)
        await close(node, HEALTH, into=FINANCE)
        assert [each["id"] for each in (await old.get("/obligations")).told["items"]] == [merged]
    async with asyncio.timeout(10):  # a server notices a change of the directory within a second
        while (await desk.get(f"/obligations/{merged}")).status == 404:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert len((await desk.get("/obligations")).told["items"]) == 2


async def close(node: Node, code: AgencyCode, *, into: AgencyCode) -> None:
    """Merge an agency, as an operator does."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        await office.registry.close_agency(code, merged_into=into, by="test", at=now())


async def test_the_graphs_count_all_agencies_together(node: Node, centre: Program) -> None:
    """Few labels, whoever they are of; counted at the first look, and not again within a moment."""
    late = await given(centre, assigned_on="2026-01-05", due_on="2026-01-08")
    await given(centre, reference="NV-02")
    done = await given(centre, agency=HEALTH, kind="dossier")
    await centre.post(f"/obligations/{done}/finish")

    async def measured() -> dict[str, float]:
        async with centre.client.get(f"{node.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return {
            name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")
        }

    found = await measured()
    assert found['lienthong_tasks{standing="open-overdue"}'] == 1
    assert found['lienthong_tasks{standing="open-in-time"}'] == 1
    assert found['lienthong_dossiers{standing="done-in-time"}'] == 1
    assert found['lienthong_petitions{standing="done-late"}'] == 0
    assert found['lienthong_documents_today{direction="in"}'] == 0
    assert found['lienthong_agencies_connected{how="own"}'] == 2
    await centre.post(f"/obligations/{late}/finish")
    assert (await measured())['lienthong_tasks{standing="open-overdue"}'] == 1
