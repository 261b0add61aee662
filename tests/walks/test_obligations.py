"""What agencies owe falls out of the exchange: opened, extended, ended and taken up again by documents."""

import asyncio
import re
from datetime import date, timedelta

import pytest

from gateway.config import load_config
from gateway.deadlines.counts import Counts, Period, count_obligations
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.obligation import ObligationKind, Standing
from gateway.office import open_office
from gateway.store.obligation_facts import load_facts
from gateway.store.register import Side, load_register_figures
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, Node, World, collect_all

TASK = Sent(sender=HEALTH, number="7", notation="SYT-VP")
DUE = date(2026, 4, 30)
YEAR_2000_ON = Period(first=date(2000, 1, 1), last=date(2100, 1, 1))


def standings(node: Node) -> dict[str, str]:
    """How each agency's obligation stands."""
    return {row["agency"]: row["standing"] for row in node.rows("SELECT * FROM obligations ORDER BY id")}


def acts(node: Node) -> list[str]:
    """What was recorded of obligations, in order."""
    return [entry["act"] for entry in node.log(LogKind.OBLIGED)]


async def assign(world: World, *recipients: AgencyCode, **more: object) -> None:
    """Let the health department give a task."""
    told = document(TASK, recipients or [FINANCE], steering=1, **({"due": DUE} | more))  # type: ignore[arg-type]
    assert (await world.health.send(told, sender=HEALTH)).ok


async def say(world: World, code: str, at: str = "09:00:00") -> None:
    """Let the finance department say something about the task."""
    said = status(TASK, code, by=FINANCE, description="Nêu rõ", at=at)
    answer = await world.finance.send(said, sender=FINANCE, kind="status")
    assert answer.ok, answer.words


async def test_a_steering_document_with_a_day_is_a_task_of_each_recipient(world: World) -> None:
    """Both owe it by that day, to who gave it; an entry of the log says so for each."""
    await assign(world, FINANCE, MINISTRY)
    assert standings(world.gateway) == {FINANCE: "open", MINISTRY: "open"}
    first, second = world.gateway.log(LogKind.OBLIGED)
    assert (first["act"], first["owes"], first["due_on"]) == ("open", "task", "2026-04-30")
    assert {first["agency"], second["agency"]} == {FINANCE, MINISTRY}
    assert first["assigned_by"] == HEALTH


@pytest.mark.parametrize(
    "quiet", [{"steering": 0, "due": DUE}, {"steering": None, "due": DUE}, {"steering": 1, "due": None}]
)
async def test_what_gives_no_task_opens_none(world: World, quiet: dict[str, object]) -> None:
    """A day alone is none, and steering without a day or a code is none."""
    told = document(TASK, [FINANCE], **quiet)  # type: ignore[arg-type]
    assert (await world.health.send(told, sender=HEALTH)).ok
    assert standings(world.gateway) == {}


async def test_completed_ends_a_task_and_processing_after_it_takes_it_up_again(world: World) -> None:
    """06, then 05, then 06: done twice, in the order it was said."""
    await assign(world)
    for code, at in (("03", "09:00:00"), ("06", "10:00:00"), ("05", "11:00:00")):
        await say(world, code, at)
    assert standings(world.gateway) == {FINANCE: "open"}
    await say(world, "06", "12:00:00")
    assert standings(world.gateway) == {FINANCE: "done"}
    assert acts(world.gateway) == ["open", "finish", "reopen", "finish"]


async def test_a_report_in_reply_ends_a_task(world: World) -> None:
    """By the document it names, sent to who gave the task; a letter about it does not end it."""
    await assign(world)
    letter = document(Sent(sender=FINANCE, number="1", notation="STC"), [HEALTH], replies=[TASK])
    assert (await world.finance.send(letter, sender=FINANCE)).ok
    assert standings(world.gateway) == {FINANCE: "open"}
    elsewhere = Sent(sender=FINANCE, number="2", notation="BC-STC")
    told = document(elsewhere, [MINISTRY], replies=[TASK], type_name="Báo cáo")
    assert (await world.finance.send(told, sender=FINANCE)).ok
    assert standings(world.gateway) == {FINANCE: "open"}
    report = document(
        Sent(sender=FINANCE, number="3", notation="BC-STC"), [HEALTH], replies=[TASK], type_name="Báo cáo"
    )
    assert (await world.finance.send(report, sender=FINANCE)).ok
    assert standings(world.gateway) == {FINANCE: "done"}


async def test_tasks_with_codes_are_told_apart(world: World) -> None:
    """One document gives two; a report that names one code ends that one."""
    await assign(world, tasks=["NV-01", "NV-02"])
    report = document(
        Sent(sender=FINANCE, number="3", notation="BC-STC"), [HEALTH], steering=2, tasks=["nv-02"]
    )
    assert (await world.finance.send(report, sender=FINANCE)).ok
    rows = world.gateway.rows("SELECT reference, standing FROM obligations ORDER BY reference")
    assert [tuple(row) for row in rows] == [("NV-01", "open"), ("NV-02", "done")]


async def test_an_update_with_another_day_extends(world: World) -> None:
    """The first day stays on record; the new one counts."""
    await assign(world)
    later = DUE + timedelta(days=20)
    told = document(TASK, [FINANCE], steering=1, due=later, business=2, target=TASK.document_id)
    assert (await world.health.send(told, sender=HEALTH)).ok
    (row,) = world.gateway.rows("SELECT due_on, first_due_on FROM obligations")
    assert (row["due_on"], row["first_due_on"]) == ("2026-05-20", "2026-04-30")


async def test_a_recalled_task_is_owed_no_longer_unless_the_recall_is_declined(world: World) -> None:
    """16 lets it stand again: the document stayed where it was."""
    await assign(world)
    await collect_all(world.finance)
    recall = document(TASK, [FINANCE], business=1, target=TASK.document_id)
    assert (await world.health.send(recall, sender=HEALTH)).ok
    assert standings(world.gateway) == {FINANCE: "cancelled"}
    await say(world, "16")
    assert standings(world.gateway) == {FINANCE: "open"}
    assert acts(world.gateway) == ["open", "cancel", "reopen"]


async def test_a_declined_task_is_owed_again_when_it_comes_again(world: World) -> None:
    """02 ends it; the same document in a new round opens the same task again."""
    await assign(world)
    await say(world, "02")
    assert standings(world.gateway) == {FINANCE: "cancelled"}
    await assign(world, attachment=b"%PDF-1.4 co phu luc")
    assert standings(world.gateway) == {FINANCE: "open"}


async def test_a_replaced_document_takes_its_task_with_it(world: World) -> None:
    """The replacement gives its own."""
    await assign(world)
    new = Sent(sender=HEALTH, number="8", notation="SYT-VP")
    told = document(
        new, [FINANCE], steering=1, due=DUE, business=3, replaced=[TASK.document_id], type_name="Kế hoạch"
    )
    assert (await world.health.send(told, sender=HEALTH)).ok
    rows = world.gateway.rows("SELECT reference, standing FROM obligations ORDER BY id")
    assert [tuple(row) for row in rows] == [("7/SYT-VP", "cancelled"), ("8/SYT-VP", "open")]


async def test_a_petition_is_passed_on_or_guided_by_a_document(world: World) -> None:
    """Who passes it on owes it no longer; who gets it does."""
    petition = Sent(sender=HEALTH, number="11", notation="DT-SYT")
    told = document(petition, [FINANCE], application="DON_THU", due=DUE)
    assert (await world.health.send(told, sender=HEALTH)).ok
    slip = Sent(sender=FINANCE, number="2", notation="PC-STC")
    passing = document(
        slip, [MINISTRY], application="DON_THU", type_name="Phiếu chuyển", replies=[petition], due=DUE
    )
    assert (await world.finance.send(passing, sender=FINANCE)).ok
    assert standings(world.gateway) == {FINANCE: "passed-on", MINISTRY: "open"}
    guiding = document(
        Sent(sender=MINISTRY, number="4", notation="HD-BTN"), [FINANCE], type_name="Hướng dẫn", replies=[slip]
    )
    assert (await world.ministry.send(guiding, sender=MINISTRY)).ok
    await collect_all(world.finance, count=2)  # the petition, and the guidance that went over the hub
    assert standings(world.gateway) == {FINANCE: "passed-on", MINISTRY: "guided"}


async def test_a_dossier_is_closed_by_its_number(world: World) -> None:
    """A 06 that knows nothing but the number finds it."""
    dossier = Sent(sender=HEALTH, number="000.00.12.H57-260410-0001", notation="HS")
    told = document(dossier, [FINANCE], application="MCDT_DT", due=DUE)
    assert (await world.health.send(told, sender=HEALTH)).ok
    said = status(dossier, "06", by=FINANCE)
    bare = re.sub(
        rb"<edXML:(PromulgationDate|DocumentId)>[^<]*</edXML:(PromulgationDate|DocumentId)>", b"", said
    )
    assert (await world.finance.send(bare, sender=FINANCE, kind="status")).ok
    assert standings(world.gateway) == {FINANCE: "done"}


async def test_figures_are_those_of_the_steps_now_and_as_they_were(world: World) -> None:
    """What was extended and ended since an instant stands as it did then."""
    await assign(world)
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        then = world.gateway.clock()
        await say(world, "06")
        now = await load_facts(office.database)
        before = await load_facts(office.database, as_of=then)
        today = date(2026, 4, 20)

        def counted(facts: object) -> Counts:
            accounts = count_obligations(facts, ObligationKind.TASK, period=YEAR_2000_ON, today=today)  # type: ignore[arg-type]
            return accounts[FINANCE].assigned

        assert [fact.standing for fact in before] == [Standing.OPEN]
        assert counted(before) == Counts(open_in_time=1)
        assert counted(now).done == 1
        assert counted(now).assigned == counted(before).assigned == 1


async def test_the_register_counts_documents_once_and_deliveries_each(world: World) -> None:
    """A document to two is one that went out and two deliveries; what was declined did not come in."""
    await assign(world, FINANCE, MINISTRY, type_name="Kế hoạch")
    await assign(world, FINANCE, MINISTRY, type_name="Kế hoạch")  # the same again counts for nothing
    await say(world, "02")
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        figures = await load_register_figures(office.database, first=date(2000, 1, 1), last=date(2100, 1, 1))
    told = {(figure.agency, figure.side): figure for figure in figures}
    out = told[HEALTH, Side.OUT]
    assert (out.type, out.documents, out.deliveries) == ("Kế hoạch", 1, 2)
    came = told[FINANCE, Side.IN]
    assert (came.documents, came.declined, came.in_time, came.judged) == (0, 1, 1, 1)
    assert (MINISTRY, Side.IN) not in told


async def test_both_ends_of_a_road_know_what_is_owed(world: World) -> None:
    """The agency's own gateway, the hub between and who gave it say the same, whichever saw it first."""
    task = Sent(sender=MINISTRY, number="21", notation="BTN-KH")
    told = document(task, [HEALTH, FINANCE], steering=1, due=DUE)
    assert (await world.ministry.send(told, sender=MINISTRY)).ok
    await collect_all(world.health)
    await collect_all(world.finance)
    assert (await world.health.send(status(task, "06", by=HEALTH), sender=HEALTH, kind="status")).ok
    report = document(
        Sent(sender=FINANCE, number="5", notation="BC-STC"), [MINISTRY], replies=[task], type_name="Báo cáo"
    )
    assert (await world.finance.send(report, sender=FINANCE)).ok
    await collect_all(world.ministry, "status", count=3)
    await collect_all(world.ministry)
    expected = {HEALTH: "done", FINANCE: "done"}
    assert standings(world.gateway) == standings(world.hub) == expected
    givers = {row["assigned_by"] for row in world.gateway.rows("SELECT assigned_by FROM obligations")}
    assert givers == {MINISTRY}


async def test_what_is_taken_back_or_taken_away_is_owed_no_longer(world: World) -> None:
    """By status 13 from who gave it, and by an update that leaves a recipient out."""
    await assign(world, FINANCE, MINISTRY)
    taking_back = status(TASK, "13", by=HEALTH, organ=FINANCE)
    assert (await world.health.send(taking_back, sender=HEALTH, kind="status")).ok
    assert standings(world.gateway) == {FINANCE: "cancelled", MINISTRY: "open"}
    update = document(TASK, [FINANCE, MINISTRY], business=2, target=TASK.document_id, removed=[MINISTRY])
    assert (await world.health.send(update, sender=HEALTH)).ok
    assert standings(world.gateway)[MINISTRY] == "cancelled"
    reasons = [entry.get("reason") for entry in world.gateway.log(LogKind.OBLIGED)]
    assert reasons == [None, None, "recalled", "removed"]


async def test_what_does_not_arrive_is_not_owed(world: World) -> None:
    """A recipient's system that cannot take the package turns the task away with it."""
    await assign(world)
    (item,) = (await world.finance.received()).items
    assert (await world.finance.get(item["docId"])).document
    assert (await world.finance.confirm(item["docId"], "fail", description="Không mở được")).ok
    assert standings(world.gateway) == {FINANCE: "cancelled"}
    (row,) = world.gateway.rows("SELECT declined_at FROM register WHERE side = 'in'")
    assert row["declined_at"] is not None


async def test_a_word_that_comes_late_does_not_take_a_task_up_again(world: World) -> None:
    """05 said before 06 and arriving after it changes nothing: the network reorders."""
    task = Sent(sender=FINANCE, number="30", notation="STC-VP")
    assert (await world.finance.send(document(task, [MINISTRY], steering=1, due=DUE), sender=FINANCE)).ok
    await collect_all(world.ministry)
    for code, at in (("03", "09:00:00"), ("06", "11:00:00"), ("05", "10:00:00")):
        said = status(task, code, by=MINISTRY, at=at)
        answer = await world.ministry.send(said, sender=MINISTRY, kind="status")
        assert answer.ok, answer.words
    await collect_all(world.finance, "status", count=3)
    assert standings(world.gateway) == {MINISTRY: "done"}
    assert acts(world.gateway) == ["open", "finish"]


async def test_a_merged_agency_s_task_is_ended_by_its_successor(world: World) -> None:
    """By a report of the successor; and a 06 of the successor about another one."""
    first, second = Sent(sender=MINISTRY, number="41"), Sent(sender=MINISTRY, number="42")
    for task in (first, second):
        told = document(task, [FINANCE], steering=1, due=DUE)
        assert (await world.ministry.send(told, sender=MINISTRY)).ok
    await collect_all(world.finance, count=2)
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        at = world.gateway.clock()
        await office.registry.close_agency(FINANCE, by="test", at=at, merged_into=HEALTH)
    await asyncio.sleep(1.2)  # a running server looks for such changes every second
    other = Sent(sender=HEALTH, number="9", notation="BC-SYT")
    report = document(other, [MINISTRY], replies=[first], type_name="Báo cáo")
    assert (await world.health.send(report, sender=HEALTH)).ok
    said = status(second, "06", by=HEALTH)
    answer = await world.health.send(said, sender=HEALTH, kind="status")
    assert answer.ok, answer.words
    rows = world.gateway.rows("SELECT agency, reference, standing FROM obligations ORDER BY reference")
    assert [tuple(row) for row in rows] == [
        (FINANCE, "41/SYT-VP", "done"),
        (FINANCE, "42/SYT-VP", "done"),
    ]


async def test_a_successor_inherits_what_is_said_to_and_by_whom_it_took_over(world: World) -> None:
    """After a merger more time, a recall, its refusal and a second start concern what was owed before."""
    extended, recalled, resumed = (Sent(sender=MINISTRY, number=number) for number in ("51", "52", "53"))
    for task in (extended, recalled, resumed):
        told = document(task, [FINANCE], steering=1, due=DUE)
        assert (await world.ministry.send(told, sender=MINISTRY)).ok
    await collect_all(world.finance, count=3)
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        at = world.gateway.clock()
        await office.registry.close_agency(FINANCE, by="test", at=at, merged_into=HEALTH)
    await asyncio.sleep(1.2)  # a running server looks for such changes every second
    changed = {"target": extended.document_id, "steering": 1, "due": DUE + timedelta(days=9)}
    later = document(extended, [FINANCE], business=2, **changed)  # type: ignore[arg-type]
    back = document(recalled, [FINANCE], business=1, target=recalled.document_id)
    for content in (later, back):
        assert (await world.ministry.send(content, sender=MINISTRY)).ok
    await collect_all(world.health, count=2)
    rows = "SELECT agency, due_on, standing FROM obligations ORDER BY reference"
    assert [tuple(row) for row in world.gateway.rows(rows)] == [
        (FINANCE, "2026-05-09", "open"),
        (FINANCE, "2026-04-30", "cancelled"),
        (FINANCE, "2026-04-30", "open"),
    ]
    words = ((recalled, "16", 9), (resumed, "06", 10), (resumed, "05", 11), (extended, "06", 12))
    for document_of, code, hour in words:
        said = status(document_of, code, by=HEALTH, description="Nêu rõ", at=f"{hour:02d}:00:00")
        answer = await world.health.send(said, sender=HEALTH, kind="status")
        assert answer.ok, answer.words
    found = [row["standing"] for row in world.gateway.rows(rows)]
    assert found == ["done", "open", "open"]
