"""The ladder of receipts: a sender fetches every rung, strangers none, and what is missing is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.cli.wire import Account, calling
from gateway.errors import Delay
from gateway.evidence.receipts import read_receipt, read_statement, verify_receipt
from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.sandbox.dms import DmsAnswer, SampleDms
from gateway.sandbox.faulty_axis import Fault, FaultyAxis
from gateway.settings import Role
from gateway.vxp.receipts import ReceiptItem
from tests.packages import Sent, document
from tests.walks.test_killed_between_steps import WITH_RECEIPTS, Mortal, mortal_world
from tests.walks.world import (
    FINANCE,
    HEALTH,
    HUB,
    MINISTRY,
    PROVINCE,
    Clock,
    Node,
    World,
    collect_all,
    prepare_node,
    until,
)

OTHER = AgencyCode("000.00.00.G44")


@pytest.fixture
async def ladder(tmp_path: Path) -> AsyncIterator[World]:
    """The usual world, whose gateway knows the hub's seal and fetches its receipts all the time."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    await hub.connect("KHAC", [OTHER], kind=SystemKind.GATEWAY)
    secret = await hub.connect("TINH", [PROVINCE, HEALTH, FINANCE], kind=SystemKind.GATEWAY)
    await hub.start()
    gateway = prepare_node(
        tmp_path / "gateway",
        code=PROVINCE,
        below=(hub.url, "TINH", secret),
        axis={"receipts_every": "100ms", "certificate_file": "hub.pem"},
    )
    (gateway.directory / "hub.pem").write_bytes((hub.directory / "seal.pem").read_bytes())
    await gateway.connect("SYT", [HEALTH])
    await gateway.connect("STC", [FINANCE])
    await gateway.start()
    yield World(
        hub=hub,
        gateway=gateway,
        ministry=hub.dms("BO"),
        health=gateway.dms("SYT"),
        finance=gateway.dms("STC"),
    )
    await gateway.stop()
    await hub.stop()


def seal_of(node: Node) -> x509.Certificate:
    """The certificate a stranger would be given for a node's receipts."""
    return x509.load_pem_x509_certificates((node.directory / "seal.pem").read_bytes())[0]


def checked(receipt: object, node: Node) -> dict[str, Any]:
    """What a receipt says, once its signature was found to be a node's."""
    read = read_receipt(json.dumps(receipt).encode())
    assert verify_receipt(read, seal_of(node))
    return read_statement(read.statement)


def rungs(answer: DmsAnswer) -> list[tuple[str, list[str]]]:
    """Each receipt's event and what it is evidence of, in order."""
    return [(item["event"], item.get("evidence", [])) for item in answer.items]


async def send(dms: SampleDms, sender: AgencyCode, to: Sequence[AgencyCode], number: str = "412") -> str:
    answer = await dms.send(document(Sent(sender=sender, number=number), to), sender=sender)
    assert answer.ok, answer.words
    return answer.doc_id


async def tell(node: Node, system: str, receipt: dict[str, Any], doc_id: str) -> None:
    """Tell a node of a receipt about one of its dispatches, as one of its systems."""
    account = Account(
        systemid=system, secret=node.secrets[system].encode(), url=f"{node.url}/vxp", ca_file=None
    )
    async with calling(account) as axis:
        await axis.tell_receipts([ReceiptItem(entry=1, event="", receipt=receipt, receiver_doc_id=doc_id)])


async def test_a_sender_fetches_the_whole_ladder_of_its_document(ladder: World) -> None:
    """From its submission to the handover at the hub, each rung signed; the hub's own words lie inside."""
    doc_id = await send(ladder.health, HEALTH, [MINISTRY])
    await collect_all(ladder.ministry)
    answer = await until(lambda: ladder.health.receipts(doc_id), lambda answer: len(answer.items) == 4)
    assert rungs(answer) == [
        ("accepted", ["SubmissionAcceptance"]),
        ("delivered", ["RelayAcceptance"]),
        ("evidenced", ["ContentAccessTracking"]),
        ("evidenced", ["ContentHandover"]),
    ]
    said = [checked(item["Receipt"], ladder.gateway) for item in answer.items]
    assert {statement["package"] for statement in said} == {doc_id}
    assert [statement["verified"] for statement in said[2:]] == [True, True]
    above = [checked(json.loads(statement["far_receipt"]), ladder.hub) for statement in said[1:]]
    assert [statement["evidence"] for statement in above] == [
        ["RelayAcceptance", "ContentConsignment"],
        ["ContentAccessTracking"],
        ["ContentHandover"],
    ]
    # The same bytes all the way: what left here is what the ministry's system confirmed.
    assert {statement["sha256"] for statement in above} == {said[1]["sha256"]}


async def test_a_handover_at_a_far_gateway_is_proved_to_the_sender(tmp_path: Path) -> None:
    """Gateway, hub, gateway: what the far one signed comes back inside what the hub signed."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.start()
    secrets = {
        "near": await hub.connect("near", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY),
        "far": await hub.connect("far", [MINISTRY], kind=SystemKind.GATEWAY),
    }
    nodes = {}
    for name, code, system, serves in (
        ("near", PROVINCE, "SYT", HEALTH),
        ("far", MINISTRY, "BO", MINISTRY),
    ):
        nodes[name] = prepare_node(
            tmp_path / name,
            code=code,
            below=(hub.url, name, secrets[name]),
            axis={"receipts_every": "100ms"},
        )
        await nodes[name].connect(system, [serves])
        await nodes[name].start()
    health, ministry = nodes["near"].dms("SYT"), nodes["far"].dms("BO")
    doc_id = await send(health, HEALTH, [MINISTRY])
    await collect_all(ministry)
    answer = await until(
        lambda: health.receipts(doc_id),
        lambda answer: ("evidenced", ["ContentHandover"]) in rungs(answer),
    )
    assert [evidence for event, evidence in rungs(answer) if event == "evidenced" and evidence] == [
        ["RelayAcceptance"],  # the far gateway confirmed to the hub
        ["RelayAcceptance", "ContentConsignment"],  # and signed these itself
        ["ContentAccessTracking"],
        ["ContentHandover"],
    ]
    ours = checked(answer.items[-1]["Receipt"], nodes["near"])
    hubs = checked(json.loads(ours["far_receipt"]), hub)
    theirs = checked(json.loads(hubs["far_receipt"]), nodes["far"])
    assert (theirs["event"], theirs["recipient"]) == ("confirmed", MINISTRY)
    assert (hubs["system"], hubs["package"]) == ("far", nodes["near"].log(LogKind.DELIVERED)[0]["far_id"])
    # Nobody but the gateway of its mailbox can tell the hub anything about it, nor that one about another's.
    kept = len(hub.log(LogKind.EVIDENCED))
    (dispatch,) = hub.rows("SELECT id FROM dispatches WHERE kind = 'document'")
    about_nobody = (await health.send(b"<edXML/>", sender=HEALTH)).members["Receipt"]
    await tell(hub, "near", answer.items[-1]["Receipt"], dispatch["id"])
    await tell(hub, "far", about_nobody, dispatch["id"])
    await hub.connect("LA", [AgencyCode("000.00.00.G45")])
    with pytest.raises(Delay, match="axis-failed"):
        await tell(hub, "LA", answer.items[-1]["Receipt"], dispatch["id"])
    assert hub.log(LogKind.REFUSED)[-1]["code"] == "not-a-gateway"
    assert len(hub.log(LogKind.EVIDENCED)) == kept
    await tell(hub, "far", answer.items[-1]["Receipt"], dispatch["id"])
    assert len(hub.log(LogKind.EVIDENCED)) == kept + 1
    for node in (*nodes.values(), hub):
        await node.stop()


async def test_each_side_has_its_own_rungs_and_a_stranger_none(ladder: World) -> None:
    """Two neighbours: the sender sees all, the recipient what it did, others nothing, in the same words."""
    doc_id = await send(ladder.health, HEALTH, [FINANCE])
    (item,) = (await ladder.finance.received()).items
    await collect_all(ladder.finance)
    assert rungs(await ladder.health.receipts(doc_id)) == [
        ("accepted", ["SubmissionAcceptance", "ContentConsignment"]),
        ("collected", ["ContentAccessTracking"]),
        ("confirmed", ["ContentHandover"]),
    ]
    own = await ladder.finance.receipts(item["docId"])
    assert rungs(own) == [("collected", ["ContentAccessTracking"]), ("confirmed", ["ContentHandover"])]
    assert rungs(await ladder.finance.receipts(side="received")) == rungs(own)
    assert (await ladder.finance.receipts(side="sent")).items == []
    await ladder.gateway.connect("LA", [OTHER])
    stranger = ladder.gateway.dms("LA")
    for asked in (doc_id, item["docId"], "no-such-id", ""):
        answer = await stranger.receipts(asked)
        assert (answer.ok, answer.items) == (True, [])


async def test_what_went_wrong_has_its_receipts_with_reasons(ladder: World) -> None:
    """A refused submission and a handover that failed; both are the sender's to hold against somebody."""
    refused = await ladder.health.send(document(Sent(sender=FINANCE), [MINISTRY]), sender=HEALTH)
    assert refused.code == "5"
    doc_id = await send(ladder.health, HEALTH, [FINANCE])
    (item,) = (await ladder.finance.received()).items
    assert (await ladder.finance.confirm(item["docId"], "fail", description="Het dung luong")).ok
    answer = await ladder.health.receipts(side="sent")
    told = [(item["event"], item["evidence"], item.get("reasons", [])) for item in answer.items]
    assert told == [
        ("refused", ["SubmissionRejection"], ["PolicyViolation"]),
        ("accepted", ["SubmissionAcceptance", "ContentConsignment"], []),
        ("turned-away", ["ContentHandoverFailure"], ["RecipientRejection"]),
    ]
    assert checked(answer.items[0]["Receipt"], ladder.gateway) == checked(
        refused.members["Receipt"], ladder.gateway
    )
    assert {item["senderDocId"] for item in answer.items[1:]} == {doc_id}


async def test_receipts_are_paged_by_their_entry(ladder: World) -> None:
    """A poller asks from behind the last it has, and gets each once; a long list comes in pages, as one."""
    for number in range(120):
        await send(ladder.health, HEALTH, [FINANCE], str(500 + number))
    whole = (await ladder.health.receipts(side="sent")).items
    assert len(whole) == 120
    paged: list[dict[str, Any]] = []
    while page := (await ladder.health.receipts(after=paged[-1]["entry"] if paged else 0, limit=50)).items:
        paged += page
    assert paged == whole
    refused = await ladder.health.receipts(side="neither")
    assert (refused.code, "argument-unreadable" in refused.words) == ("2", True)


async def test_a_document_nobody_collects_is_overdue_once(tmp_path: Path) -> None:
    """A day passes: one entry, which the sender may fetch. What comes later undoes nothing."""
    node = prepare_node(tmp_path / "node", code=PROVINCE)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await node.start()
    early = await send(node.dms("SYT"), HEALTH, [FINANCE], "1")
    await collect_all(node.dms("STC"))
    late = await send(node.dms("SYT"), HEALTH, [FINANCE], "2")
    await set_forward(node, days=1)
    await until_logged(node, LogKind.OVERDUE)
    latest = await send(node.dms("SYT"), HEALTH, [FINANCE], "3")
    await set_forward(node, days=3)
    await until_logged(node, LogKind.OVERDUE, 2)
    first, second = node.log(LogKind.OVERDUE)
    assert (first["package"], first["expected"]) == (late, "ContentAccessTracking")
    assert first["recipients"] == [FINANCE]
    assert "evidence" not in first
    assert second["package"] == latest
    await collect_all(node.dms("STC"), count=2)
    assert [event for event, _ in rungs(await node.dms("SYT").receipts(late))] == [
        "accepted",
        "overdue",
        "collected",
        "confirmed",
    ]
    assert "overdue" not in dict(rungs(await node.dms("SYT").receipts(early)))
    await node.stop()


async def test_silence_beyond_the_axis_is_overdue_for_those_who_are_silent(ladder: World) -> None:
    """The hub vouches for the ministry's mailbox; of the other nothing was heard, here and on the hub."""
    doc_id = await send(ladder.health, HEALTH, [MINISTRY, OTHER])
    await until(lambda: ladder.health.receipts(doc_id), lambda answer: "delivered" in dict(rungs(answer)))
    for node in (ladder.hub, ladder.gateway):
        await node.stop()
        node.clock = Clock(ahead=timedelta(days=1, minutes=1))
    await restart_on_the_same_port(ladder.hub)
    await ladder.gateway.start()
    await until_logged(ladder.hub, LogKind.OVERDUE, 2)
    told = {entry["recipients"][0]: entry["expected"] for entry in ladder.hub.log(LogKind.OVERDUE)}
    assert told == {MINISTRY: "ContentAccessTracking", OTHER: "RelayAcceptance"}
    await until_logged(ladder.gateway, LogKind.OVERDUE)
    (entry,) = ladder.gateway.log(LogKind.OVERDUE)
    assert (entry["recipients"], entry["expected"]) == ([OTHER], "ContentConsignment")
    # What the hub finds missing its own receipts tell, too.
    await until_logged(ladder.gateway, LogKind.EVIDENCED, 2)
    assert {entry["far_event"] for entry in ladder.gateway.log(LogKind.EVIDENCED)} == {"overdue"}


async def set_forward(node: Node, *, days: int) -> None:
    await node.stop()
    node.clock = Clock(ahead=timedelta(days=days, minutes=1))
    await node.start()


async def restart_on_the_same_port(node: Node) -> None:
    config = node.directory / "config.toml"
    config.write_text(config.read_text().replace("port = 0", f"port = {node.url.rsplit(':', 1)[1]}"))
    await node.start()


async def until_logged(node: Node, kind: LogKind, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while len(node.log(kind)) < count:  # noqa: ASYNC110 - the database is looked at from the outside
            await asyncio.sleep(0.05)


# -- an axis that has no receipts, and death on the way ------------------------------------------------


async def test_an_axis_without_receipts_is_asked_once_and_left_in_peace(tmp_path: Path) -> None:
    """What it answers is no list; documents travel as ever, and nothing asks again the same day."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    async with FaultyAxis(hub.url) as axis:
        axis.plan(Fault.NONSENSE, operation="getReceiptList")
        gateway = prepare_node(
            tmp_path / "gateway",
            code=PROVINCE,
            below=(axis.url, "TINH", secret),
            axis={"receipts_every": "20ms"},
        )
        await gateway.connect("SYT", [HEALTH])
        await gateway.start()
        doc_id = await send(gateway.dms("SYT"), HEALTH, [MINISTRY])
        await collect_all(hub.dms("BO"))
        await until(
            lambda: gateway.dms("SYT").receipts(doc_id), lambda answer: "delivered" in dict(rungs(answer))
        )
        assert [passage.operation for passage in axis.passages].count("getReceiptList") == 1
        await gateway.stop()
        axis.plan(None)
        await gateway.start()
        await until_logged(gateway, LogKind.EVIDENCED, 2)
        assert {entry["verified"] for entry in gateway.log(LogKind.EVIDENCED)} == {False}
        await gateway.stop()
    await hub.stop()


async def test_what_is_told_before_the_handing_over_is_known_waits_for_it(tmp_path: Path) -> None:
    """The axis's answer is lost; the ministry has collected before the gateway knows of any arrival."""
    hub = prepare_node(tmp_path / "hub", code=HUB, role=Role.HUB)
    await hub.connect("BO", [MINISTRY])
    secret = await hub.connect("TINH", [PROVINCE, HEALTH], kind=SystemKind.GATEWAY)
    await hub.start()
    async with FaultyAxis(hub.url) as axis:
        axis.plan(Fault.SWALLOWED, count=1, operation="sendEdoc")
        gateway = prepare_node(
            tmp_path / "gateway",
            code=PROVINCE,
            below=(axis.url, "TINH", secret),
            axis={"receipts_every": "20ms"},
            delivery={"first_delay": "2s", "longest_delay": "2s"},
        )
        await gateway.connect("SYT", [HEALTH])
        await gateway.start()
        doc_id = await send(gateway.dms("SYT"), HEALTH, [MINISTRY])
        await collect_all(hub.dms("BO"))
        async with asyncio.timeout(5):
            while len(gateway.rows("SELECT * FROM early_receipts")) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert gateway.log(LogKind.DELIVERED) == []
        await until_logged(gateway, LogKind.EVIDENCED, 3)
        told = [event for event, _ in rungs(await gateway.dms("SYT").receipts(doc_id))]
        assert told == ["accepted", "delivered", "evidenced", "evidenced", "evidenced"]
        assert gateway.rows("SELECT * FROM early_receipts") == []
        await gateway.stop()
    await hub.stop()


@pytest.mark.parametrize("point", WITH_RECEIPTS[:2])
async def test_killed_while_it_keeps_the_axis_receipts_a_gateway_has_each_once(
    tmp_path: Path, point: str
) -> None:
    """Read again from where the last commit says, and none is kept twice."""
    async with mortal_world(tmp_path) as (hub, gateway):
        config = gateway.node.directory / "config.toml"
        config.write_text(
            config.read_text().replace(
                'poll_every = "100ms"', 'poll_every = "100ms"\nreceipts_every = "100ms"'
            )
        )
        await gateway.start(point)
        await send(gateway.node.dms("SYT"), HEALTH, [MINISTRY])
        assert await gateway.died()
        await gateway.start()
        await collect_all(hub.node.dms("BO"))
        doc = (await gateway.node.dms("SYT").receipts()).items[0]["senderDocId"]
        await until(
            lambda: gateway.node.dms("SYT").receipts(doc),
            lambda answer: ("evidenced", ["ContentHandover"]) in rungs(answer),
        )
        kept = [(entry["far_event"], entry["far_receipt"]) for entry in gateway.node.log(LogKind.EVIDENCED)]
        assert len(kept) == len(set(kept))
        # Where the answer to the handing over was lost with the process, that receipt is among them, too.
        assert [event for event, _ in kept if event != "accepted"] == ["collected", "confirmed"]


async def test_killed_after_it_told_its_hub_a_gateway_tells_again_and_nothing_is_kept_twice(
    tmp_path: Path,
) -> None:
    """The hub recognises what it has, word for word."""
    async with mortal_world(tmp_path) as (hub, gateway):
        config = gateway.node.directory / "config.toml"
        often = 'poll_every = "100ms"\nreceipts_every = "100ms"'
        config.write_text(config.read_text().replace('poll_every = "100ms"', often))
        await gateway.start(WITH_RECEIPTS[2])
        await send(hub.node.dms("BO"), MINISTRY, [HEALTH])
        assert await gateway.died()
        await gateway.start()
        await collect_all(gateway.node.dms("SYT"))
        await until_logged(hub.node, LogKind.EVIDENCED, 3)
        told = [(entry["far_event"], entry["evidence"]) for entry in hub.node.log(LogKind.EVIDENCED)]
        assert told == [
            ("accepted", ["RelayAcceptance", "ContentConsignment"]),
            ("collected", ["ContentAccessTracking"]),
            ("confirmed", ["ContentHandover"]),
        ]


async def test_killed_after_it_looked_a_node_tells_each_missing_receipt_once(tmp_path: Path) -> None:
    """The entry and the end of waiting are one commit."""
    node = prepare_node(tmp_path / "node", code=PROVINCE, receipts={"collected_within": "1s"})
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    mortal = Mortal(node)
    await mortal.start()
    await send(node.dms("SYT"), HEALTH, [FINANCE], "1")
    await mortal.stop()
    await asyncio.sleep(1.1)
    await mortal.start(WITH_RECEIPTS[3])
    assert await mortal.died()
    assert len(node.log(LogKind.OVERDUE)) == 1
    await mortal.start()
    await send(node.dms("SYT"), HEALTH, [FINANCE], "2")
    await mortal.stop()
    await asyncio.sleep(1.1)
    await mortal.start()
    await until_logged(node, LogKind.OVERDUE, 2)
    assert len({entry["package"] for entry in node.log(LogKind.OVERDUE)}) == 2
    await mortal.stop()
