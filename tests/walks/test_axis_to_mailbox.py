"""The axis delivers: fetched from it or pushed by it, once for each recipient here, and nobody else."""

import io
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.edxml.reader import read_package
from gateway.exchange import inbound
from gateway.exchange.routing import Route
from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.signature import SignaturePolicy
from gateway.trust.xml_signing import sign_package
from tests.keys import seal
from tests.packages import Sent, document
from tests.walks.world import FINANCE, HEALTH, MINISTRY, PROVINCE, World, collect_all, status_codes, until

pytestmark = pytest.mark.both_engines

SENT = Sent(sender=MINISTRY, number="31", notation="BTN-VP")


def sealed(package: bytes, holder: str) -> bytes:
    """A package as an agency with a key of its own sends it."""
    read = read_package(io.BytesIO(package))
    at = read.outline.seal_at
    signature = sign_package(read.outline, read.element, io.BytesIO(package), seal(holder))  # type: ignore[arg-type]
    return package[:at] + signature + package[at:]


async def test_a_package_pushed_by_the_axis_is_taken_as_one_fetched_from_it(world: World) -> None:
    """Pushed twice, it lies in the mailbox once, and 01 goes back once."""
    await world.gateway.connect("TRUC", [], kind=SystemKind.AXIS)
    axis = world.gateway.dms("TRUC")
    package = document(SENT, [HEALTH, FINANCE])
    first = await axis.send(package, sender=MINISTRY, recipients=[HEALTH])
    again = await axis.send(package, sender=MINISTRY, recipients=[HEALTH])
    assert first.ok, first.words
    assert first.doc_id == again.doc_id
    assert (await world.health.count_documents()).count == 1
    assert (await world.finance.count_documents()).count == 0


async def test_a_misrouted_package_is_refused_and_the_axis_told(world: World) -> None:
    """Nobody here is meant: the content is not kept, the refusal is."""
    await world.gateway.connect("TRUC", [], kind=SystemKind.AXIS)
    stray = document(SENT, ["000.00.00.G77"])
    answer = await world.gateway.dms("TRUC").send(stray, sender=MINISTRY)
    assert (answer.code, "misrouted" in answer.words) == ("6", True)
    assert world.gateway.rows("SELECT 1 FROM blobs") == []
    assert world.gateway.log(LogKind.REFUSED)[0]["code"] == "misrouted"


async def test_a_package_for_two_agencies_here_comes_once_for_each(world: World) -> None:
    """The hub lists it twice; each copy lands in its own mailbox, under one thread."""
    await world.ministry.send(document(SENT, [HEALTH, FINANCE]), sender=MINISTRY)
    await collect_all(world.health)
    await collect_all(world.finance)
    assert len(world.gateway.rows("SELECT 1 FROM threads")) == 1
    assert len(world.gateway.rows("SELECT 1 FROM blobs WHERE length(bytes) > 2000")) == 1


async def test_a_dms_that_cannot_take_a_package_sends_it_back_in_words(world: World) -> None:
    """``fail`` with a reason: the sender gets 02 from that recipient."""
    await world.ministry.send(document(SENT, [HEALTH]), sender=MINISTRY)
    listed = await until(world.health.received, lambda answer: bool(answer.items))
    assert (await world.health.confirm(listed.items[0]["docId"], "fail", description="Tep hong")).ok
    answers = await collect_all(world.ministry, "status", count=2)
    assert status_codes(answers) == ["01", "02"]
    assert b"Tep hong" in answers[1]


async def test_a_package_that_brings_out_a_fault_of_ours_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds a flaw in us can send it to everybody; what others sent comes in all the same."""
    usual = inbound.local_route

    def flawed(recipients: Sequence[AgencyCode], *others: Any, **more: Any) -> Route:
        assert FINANCE not in recipients
        return usual(recipients, *others, **more)

    monkeypatch.setattr(inbound, "local_route", flawed)
    await world.ministry.send(document(SENT, [FINANCE, HEALTH]), sender=MINISTRY)
    await until(world.health.count_documents, lambda answer: answer.count == 1)


async def test_a_forged_signature_never_reaches_a_mailbox(world: World) -> None:
    """One letter of the subject changed after signing: refused at the door, whatever the policy."""
    signed = sealed(document(SENT, [HEALTH]), PROVINCE)
    forged = signed.replace("tiêm chủng".encode(), "tiêm chuẩn".encode(), 1)
    answer = await world.ministry.send(forged, sender=MINISTRY)
    assert answer.code == "4"
    assert "signature-refused" in world.hub.log(LogKind.REFUSED)[0]["code"]


async def test_a_sender_who_promised_a_signature_is_held_to_it(world: World) -> None:
    """Under ``require`` an unsigned package is refused and a sealed one taken."""
    await world.hub.connect("BO-2", [MINISTRY], policy=SignaturePolicy.REQUIRE)
    strict = world.hub.dms("BO-2")
    bare = document(SENT, [HEALTH])
    assert (await strict.send(bare, sender=MINISTRY)).code == "4"
    answer = await strict.send(sealed(bare, MINISTRY), sender=MINISTRY)
    assert answer.ok, answer.words
    assert world.hub.log(LogKind.ACCEPTED)[0]["signature"] == "valid"


async def test_a_gateways_seal_is_believed_by_the_hub(world: World) -> None:
    """What leaves a province's gateway bears its seal, and the province stands above its departments."""
    await world.health.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)
    await collect_all(world.ministry)
    assert world.hub.log(LogKind.ACCEPTED)[0]["signature"] == "valid"


@pytest.mark.parametrize("junk", [b"", b"<", b"<edXML/>", b"khong phai XML", b"PK\x03\x04"])
async def test_rubbish_is_refused_with_its_reason(world: World, junk: bytes) -> None:
    """Whatever comes, the answer is an answer."""
    answer = await world.health.send(junk, sender=HEALTH)
    assert answer.code == "4", answer.words
    assert answer.members["Receipt"]["statement"]
