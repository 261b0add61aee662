"""Agencies are reminded of what they owe: by a document through the exchange, by mail, by webhook."""

import asyncio
import base64
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from gateway.model.agency import SystemKind
from gateway.model.formats import VIETNAM, local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.office import now
from gateway.settings import Role
from gateway.store.consistency import disagreements
from gateway.store.database import looking
from gateway.store.tables import Dialect
from tests.bundles import export, judged, wrong
from tests.databases import source_in
from tests.days import CALENDAR
from tests.ears import listener, mail_server
from tests.packages import Sent, document, status
from tests.rooms.cli_kit import facts, run
from tests.town import COMMUNE, open_town
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    Node,
    World,
    collect_all,
    playing,
    prepare_node,
)

TASK = Sent(sender=HEALTH, number="7", notation="SYT-VP")
DOCUMENTS: dict[str, object] = {"ways": ["document"], "every": "50ms"}


def working_day(n: int) -> date:
    """The n-th working day after today."""
    return CALENDAR.after(local_day(now()), n)


def go_to(n: int, *nodes: Node) -> None:
    """Set clocks to the morning of the n-th working day after today."""
    ahead = datetime.combine(working_day(n), time(9), VIETNAM) - now()
    for node in nodes:
        node.clock.ahead = ahead


async def assign(world: World, *recipients: AgencyCode, due: date, number: str = "7") -> None:
    """Let the health department give a task."""
    sent = Sent(sender=HEALTH, number=number, notation="SYT-VP")
    told = document(sent, recipients or (FINANCE,), steering=1, due=due)
    assert (await world.health.send(told, sender=HEALTH)).ok


async def until(is_so: Callable[[], object]) -> None:
    """Look again and again until something is so."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - the far side is asked, not awaited
            await asyncio.sleep(0.05)


async def heard(node: Node, *, count: int = 1) -> list[dict[str, Any]]:
    """Wait for some reminders on record."""
    await until(lambda: len(node.log(LogKind.REMINDED)) >= count)
    return node.log(LogKind.REMINDED)


async def planned(node: Node) -> list[dict[str, Any]]:
    """What a dry run shows."""
    told = await asyncio.to_thread(facts, "remind", "--dry-run", "--dir", node.directory)
    return list(told["digests"])


def enclosed(package: bytes) -> str:
    """The text of the one file in a package of ours."""
    (encoded,) = re.findall(rb"<edXML:ContentTransferEncoded[^>]*>([^<]*)<", package)
    pages = PdfReader(io.BytesIO(base64.b64decode(encoded))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def said(package: bytes, element: str) -> str:
    """What an element of a package says."""
    found = re.search(rf"<edXML:{element}>([^<]*)<".encode(), package)
    assert found, element
    return found[1].decode()


async def test_what_is_due_comes_as_one_document_into_the_mailbox(tmp_path: Path) -> None:
    """One for the day, with everything in it; once more when another stage has come, and then urgent."""
    async with playing(tmp_path, reminders=DOCUMENTS) as world:
        await assign(world, due=working_day(3))
        await assign(world, due=working_day(1), number="8")
        await collect_all(world.finance, count=2)
        go_to(2, world.gateway, world.hub)
        (entry,) = await heard(world.gateway)
        assert (entry["agency"], entry["ways"], len(entry["obligations"])) == (FINANCE, ["document"], 2)
        (package,) = await collect_all(world.finance)
        assert said(package, "OrganId") == PROVINCE
        assert said(package, "TypeName") == "Thông báo"
        assert said(package, "Priority") == "1"
        assert said(package, "Subject") == "Nhắc việc: 1 việc quá hạn, 1 việc sắp đến hạn"
        text = enclosed(package)
        assert "7/SYT-VP" in text
        assert "8/SYT-VP" in text
        assert "Sở Y tế tỉnh Thử Nghiệm" in text
        await asyncio.sleep(0.3)
        assert (await world.finance.received()).items == []
        go_to(3, world.gateway, world.hub)
        second = (await heard(world.gateway, count=2))[1]
        assert len(second["obligations"]) == 1
        (package,) = await collect_all(world.finance)
        assert said(package, "Subject") == "Nhắc việc: 1 việc đến hạn"
        assert said(package, "Priority") == "0"


async def test_a_reminder_is_no_correspondence_and_owes_nothing(tmp_path: Path, engine: Dialect) -> None:
    """It stands in no register and opens no obligation; people find it, and auditors can prove it."""
    async with playing(tmp_path, reminders=DOCUMENTS) as world:
        await assign(world, due=working_day(1))
        before = [tuple(row) for row in world.gateway.rows("SELECT * FROM register_figures")]
        go_to(1, world.gateway, world.hub)
        await heard(world.gateway)
        assert [tuple(row) for row in world.gateway.rows("SELECT * FROM register_figures")] == before
        assert len(world.gateway.rows("SELECT * FROM obligations")) == 1
        (found,) = world.gateway.rows("SELECT * FROM documents WHERE direction = 'own'")
        assert (found["owner"], found["notation"], found["type"]) == (PROVINCE, "1/TB-LT", "Thông báo")
        await collect_all(world.finance, count=2)
    directory = world.gateway.directory
    with looking(source_in(directory)) as tables:
        assert list(disagreements(tables, engine)) == []
    bundle = tmp_path / "one.asice"
    await export(world.gateway, bundle, "1/TB-LT")
    assert not wrong(judged(bundle.read_bytes()))


@pytest.mark.parametrize("has_dms", [False, True])
async def test_what_recipients_say_about_a_reminder_ends_here(
    tmp_path: Path, has_dms: bool, engine: Dialect
) -> None:
    """A status about it is taken, matched, and goes nowhere: no system knows what the node wrote."""
    async with playing(tmp_path, reminders=DOCUMENTS) as world:
        if has_dms:
            await world.gateway.connect("UBND", [PROVINCE])
        await assign(world, due=working_day(1))
        go_to(1, world.gateway, world.hub)
        await heard(world.gateway)
        (row,) = world.gateway.rows("SELECT * FROM packages WHERE direction = 'own' AND kind = 'document'")
        ours = Sent(
            sender=PROVINCE, number="1", notation="TB-LT", day=date.fromisoformat(row["promulgated_on"])
        )
        answer = await world.finance.send(status(ours, "03", by=FINANCE), sender=FINANCE, kind="status")
        assert answer.ok, answer.words
        (state,) = world.gateway.rows("SELECT status FROM recipients WHERE thread_id = ?", row["thread_id"])
        assert state["status"] == "03"
        told = world.gateway.rows(
            "SELECT dispatches.* FROM dispatches JOIN packages ON packages.id = package_id"
            " WHERE dispatches.kind = 'status' AND packages.sender = ?",
            FINANCE,
        )
        assert [one["thread_id"] for one in told if one["thread_id"] == row["thread_id"]] == []
    with looking(source_in(world.gateway.directory)) as tables:
        assert list(disagreements(tables, engine)) == []


async def test_an_answer_to_the_node_about_anything_else_is_refused(world: World) -> None:
    """On a hub nobody could take it; it is not taken for a word about what the hub wrote."""
    stranger = Sent(sender=HUB, number="1", notation="TB-LT")
    answer = await world.ministry.send(status(stranger, "03", by=MINISTRY), sender=MINISTRY, kind="status")
    assert not answer.ok
    assert "misrouted" in answer.words
    assert world.hub.rows("SELECT * FROM answers") == []


@asynccontextmanager
async def two_gateways(folder: Path, **tables: dict[str, object]) -> AsyncIterator[tuple[World, Node]]:
    """The usual world, but the ministry's DMS is behind a gateway of its own; tables are the province's."""
    hub = prepare_node(folder / "hub", code=HUB, role=Role.HUB)
    secrets = {
        name: await hub.connect(name, serves, kind=SystemKind.GATEWAY)
        for name, serves in {"TINH": [PROVINCE, HEALTH, FINANCE], "BO": [MINISTRY]}.items()
    }
    await hub.start()
    gateway = prepare_node(
        folder / "gateway", code=PROVINCE, below=(hub.url, "TINH", secrets["TINH"]), **tables
    )
    other = prepare_node(folder / "other", code=MINISTRY, below=(hub.url, "BO", secrets["BO"]))
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await other.connect("DMS", [MINISTRY])
    await gateway.start()
    await other.start()
    world = World(
        hub=hub,
        gateway=gateway,
        ministry=other.dms("DMS"),
        health=gateway.dms("SYT"),
        finance=gateway.dms("STC"),
    )
    try:
        yield world, other
    finally:
        for node in (other, gateway, hub):
            await node.stop()


async def test_a_reminder_travels_over_the_hub_to_another_gateway(tmp_path: Path) -> None:
    """It arrives there like any document, 01 comes back, and nothing is refused on the way."""
    async with two_gateways(tmp_path, reminders={**DOCUMENTS, "agencies": "all"}) as (world, other):
        await assign(world, MINISTRY, due=working_day(1))
        await collect_all(world.ministry)
        go_to(1, world.gateway, world.hub, other)
        await heard(world.gateway)
        (package,) = await collect_all(world.ministry)
        assert said(package, "Subject") == "Nhắc việc: 1 việc đến hạn"
        assert b"<ds:Signature" in package
        arrived = (
            "SELECT 1 FROM recipients JOIN threads ON threads.id = thread_id"
            " WHERE owner = ? AND status = '01'"
        )
        await until(lambda: world.gateway.rows(arrived, PROVINCE))
        for node in (world.gateway, world.hub, other):
            assert node.log(LogKind.REFUSED) == []
            assert len(node.rows("SELECT * FROM obligations")) == 1


async def test_agencies_that_collect_elsewhere_are_reminded_there(world: World) -> None:
    """Of the three nodes a document came by, the one whose agency it is reminds it; others are silent."""
    await assign(world, MINISTRY, due=working_day(1))
    go_to(1, world.gateway, world.hub)
    assert await planned(world.gateway) == []


async def test_who_assigned_it_is_told_of_what_is_long_overdue(tmp_path: Path) -> None:
    """Each gets a document of its own: nobody reads what others owe to others."""
    async with playing(tmp_path, reminders={**DOCUMENTS, "then_every": 0}) as world:
        await assign(world, due=working_day(0))
        await collect_all(world.finance)
        go_to(5, world.gateway, world.hub)
        told = await heard(world.gateway, count=2)
        assert [entry["agency"] for entry in told] == [FINANCE, HEALTH]
        assert told[1]["escalated"] == told[0]["obligations"]
        (package,) = await collect_all(world.health)
        assert said(package, "Subject") == "Nhắc việc: 1 việc đã giao, để quá hạn lâu"
        assert "Sở Tài chính tỉnh Thử Nghiệm" in enclosed(package)


async def test_what_is_done_or_extended_is_not_reminded_of(tmp_path: Path) -> None:
    """A 06 in time, and another day."""
    async with playing(tmp_path, reminders=DOCUMENTS) as world:
        await assign(world, due=working_day(1))
        await assign(world, due=working_day(1), number="8")
        done = status(TASK, "06", by=FINANCE)
        assert (await world.finance.send(done, sender=FINANCE, kind="status")).ok
        later = Sent(sender=HEALTH, number="8", notation="SYT-VP")
        extended = document(
            later, [FINANCE], steering=1, due=working_day(9), business=2, target=later.document_id
        )
        assert (await world.health.send(extended, sender=HEALTH)).ok
        go_to(1, world.gateway, world.hub)
        await asyncio.sleep(0.5)
        assert await planned(world.gateway) == []
        assert world.gateway.log(LogKind.REMINDED) == []


async def give_address(node: Node, code: AgencyCode, mail: str) -> None:
    node.change("UPDATE agencies SET mail = ? WHERE code = ?", mail, code)
    node.change("UPDATE directory_version SET version = version + 1")


def mailing(port: int) -> dict[str, dict[str, object]]:
    """The tables of a node that mails reminders, and not what lies uncollected over the days between."""
    mail: dict[str, object] = {"smtp_host": "127.0.0.1", "smtp_port": port, "mail_to": ["truc@tinh.example"]}
    return {"reminders": {"every": "50ms"}, "alerts": mail | {"mailbox_left_after": "0s"}}


async def test_the_agencys_own_address_gets_the_digest_in_both_languages(tmp_path: Path) -> None:
    """Once, however often the node looks; by default no document goes out."""
    taken: list[bytes] = []
    async with mail_server(taken) as port, playing(tmp_path, **mailing(port)) as world:
        await give_address(world.gateway, FINANCE, "vanthu@stc.example")
        await assign(world, due=working_day(1))
        go_to(1, world.gateway, world.hub)
        (entry,) = await heard(world.gateway)
        assert entry["ways"] == ["mail"]
        await until(lambda: taken)
        await asyncio.sleep(0.3)
    (message,) = [message_from_bytes(one, policy=policy.default) for one in taken]
    assert message["To"] == "vanthu@stc.example"
    assert message["Subject"] == "[UBND tỉnh Thử Nghiệm] Nhắc việc: 1 việc đến hạn"
    text = message.get_content()
    assert "Hạn: " + f"{working_day(1):%d/%m/%Y}" in text
    assert "Due: " in text
    assert world.gateway.rows("SELECT * FROM packages WHERE direction = 'own' AND kind = 'document'") == []


async def test_mail_waits_for_its_server_and_leaves_out_what_was_done_meanwhile(tmp_path: Path) -> None:
    """Two days' digests become one mail; who cannot be reached keeps nobody else waiting."""
    async with mail_server([]) as port:
        pass  # now nobody listens there
    taken: list[bytes] = []
    async with playing(tmp_path, **mailing(port)) as world:
        await give_address(world.gateway, FINANCE, "vanthu@stc.example")
        await give_address(world.gateway, HEALTH, "vanthu@syt.example")
        await assign(world, due=working_day(1))
        await assign(world, due=working_day(2), number="8")
        await assign(world, due=working_day(2), number="9")
        back = document(
            Sent(sender=FINANCE, number="1", notation="STC"), [HEALTH], steering=1, due=working_day(2)
        )
        assert (await world.finance.send(back, sender=FINANCE)).ok
        go_to(1, world.gateway, world.hub)
        await heard(world.gateway, count=2)
        go_to(2, world.gateway, world.hub)
        await heard(world.gateway, count=4)
        done = status(Sent(sender=HEALTH, number="9", notation="SYT-VP"), "06", by=FINANCE)
        assert (await world.finance.send(done, sender=FINANCE, kind="status")).ok
        async with mail_server(taken, unknown=["vanthu@syt.example"], port=port):
            waiting = "SELECT 1 FROM reminder_digests WHERE mail = 'waiting'"
            await until(lambda: not world.gateway.rows(waiting))
        states = world.gateway.rows("SELECT agency, mail FROM reminder_digests ORDER BY id")
        assert {tuple(row) for row in states} == {(FINANCE, "sent"), (HEALTH, "refused")}
    (message,) = [message_from_bytes(one, policy=policy.default) for one in taken]
    text = message.get_content()
    assert "7/SYT-VP" in text
    assert "8/SYT-VP" in text
    assert "9/SYT-VP" not in text


async def test_webhooks_are_told_of_reminders_and_of_every_change(tmp_path: Path) -> None:
    """From the moment they are wanted, in order, each once; those of a dead address wait for it."""
    (tmp_path / "hook").write_text("bi mat")
    got: list[tuple[str, bytes]] = []
    lost: list[tuple[str, bytes]] = []
    async with listener(204, got) as url, listener(500, lost) as dead:
        alerts: dict[str, object] = {
            "webhook_urls": [url, dead],
            "webhook_secret_file": str(tmp_path / "hook"),
            "webhook_obligations": True,
            "every": "50ms",
        }
        async with playing(tmp_path, reminders={"every": "50ms"}, alerts=alerts) as world:
            await until(lambda: len(world.gateway.rows("SELECT * FROM webhook_positions")) == 4)
            await assign(world, due=working_day(1))
            done = status(TASK, "06", by=FINANCE)
            again = status(TASK, "05", by=FINANCE, at="10:00:00")
            for word in (done, again):
                assert (await world.finance.send(word, sender=FINANCE, kind="status")).ok
            go_to(1, world.gateway, world.hub)
            (entry,) = await heard(world.gateway)
            assert entry["ways"] == ["webhook"]
            await until(lambda: b'"reminder"' in b"".join(body for _, body in got))
            await asyncio.sleep(0.3)
            newest = world.gateway.rows("SELECT max(seq) AS seq FROM log WHERE kind = 'obliged'")[0]["seq"]
            behind = world.gateway.rows("SELECT * FROM webhook_positions WHERE seq < ?", newest)
    told = [json.loads(body) for _, body in got]
    changes = [change for one in told if one["event"] == "obligation" for change in one["changes"]]
    assert [change["act"] for change in changes] == ["open", "finish", "reopen"]
    assert changes[0]["agency"] == FINANCE
    (reminders,) = [one["reminders"] for one in told if one["event"] == "reminder"]
    (item,) = reminders[0]["items"]
    assert (item["reference"], item["stage"], item["audience"]) == ("7/SYT-VP", 0, "owing")
    assert {row["url"] for row in behind} == {dead}
    assert lost


async def test_a_dry_run_shows_what_comes_next_and_tells_nobody(world: World) -> None:
    """As a program reads it and as people do; with no way to reach anybody there is nothing to tell."""
    await give_address(world.gateway, FINANCE, "vanthu@stc.example")
    await assign(world, due=working_day(1))
    assert await planned(world.gateway) == []
    config = world.gateway.directory / "config.toml"
    config.write_text(config.read_text().replace("[alerts]", '[alerts]\nmail_to = ["truc@tinh.example"]'))
    world.gateway.change("UPDATE obligations SET assigned_at = 0")
    (digest,) = await planned(world.gateway)
    assert (digest["agency"], digest["ways"]) == (FINANCE, ["mail"])
    assert digest["items"][0]["reference"] == "7/SYT-VP"
    page = await asyncio.to_thread(run, "remind", "--dry-run", "--dir", world.gateway.directory)
    assert "7/SYT-VP" in page.stdout
    await asyncio.to_thread(run, "remind", "--dir", world.gateway.directory, code=2)
    assert world.gateway.log(LogKind.REMINDED) == []


async def test_people_read_a_reminder_where_they_read_everything(tmp_path: Path) -> None:
    """In the mailbox of an agency that works at the console, and on the document's own page."""
    async with open_town(tmp_path, reminders=DOCUMENTS) as town:
        sent = Sent(sender=HEALTH, number="7", notation="SYT-VP")
        told = document(sent, [COMMUNE], steering=1, due=working_day(1))
        assert (await town.health.send(told, sender=HEALTH)).ok
        go_to(1, town.gateway, town.hub)
        await heard(town.gateway)
        async with town.pages.visitor("clerk") as browser:
            page = (await browser.get("/mailbox")).text
            assert "Nhắc việc: 1 việc đến hạn" in page
        (row,) = town.gateway.rows("SELECT thread_id FROM documents WHERE direction = 'own'")
        async with town.pages.visitor("auditor") as browser:
            page = (await browser.get(f"/documents/{row['thread_id']}")).text
            assert "1/TB-LT" in page
            assert "Nhắc UBND xã Thử Nghiệm: 1 việc phải làm" in page
