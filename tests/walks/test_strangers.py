"""What a system may not see, say or become."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from gateway.model.agency import SystemKind
from gateway.model.identifiers import SystemId
from gateway.model.log import LogKind
from gateway.office import now
from gateway.sandbox.dms import SampleDms
from gateway.vxp.signing import sign_headers
from gateway.web import bodies, responses
from tests.packages import Sent, document, status
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World, playing, until


async def test_nobody_sends_for_an_agency_it_does_not_serve(world: World) -> None:
    """Finance cannot write in the name of Health, whatever its headers say."""
    package = document(Sent(sender=HEALTH), [MINISTRY])
    for claimed in (HEALTH, FINANCE):
        answer = await world.gateway.dms("STC").send(package, sender=claimed)
        assert (answer.code, "sender-not-served" in answer.words) == ("5", True)
    refused = world.gateway.log(LogKind.REFUSED)
    assert [entry["system"] for entry in refused] == ["STC", "STC"]


async def test_a_refusal_is_signed_too(world: World) -> None:
    """Who is refused holds a receipt of it: which bytes, when, and why."""
    answer = await world.finance.send(document(Sent(sender=HEALTH), [MINISTRY]), sender=HEALTH)
    statement = json.loads(answer.members["Receipt"]["statement"])
    assert statement["event"] == "refused"
    assert statement["code"] == "sender-not-served"
    assert statement == world.gateway.log(LogKind.REFUSED)[0]


async def test_a_mailbox_is_its_owners_alone(world: World) -> None:
    """Another system neither sees, collects nor confirms it, and cannot tell that it exists."""
    await world.health.send(document(Sent(sender=HEALTH), [FINANCE]), sender=HEALTH)
    (item,) = (await world.finance.received()).items
    spy = world.gateway.dms("SYT")
    assert (await spy.received()).items == []
    mine, none = await spy.get(item["docId"]), await spy.get("0" * 36)
    assert (mine.code, mine.words) == (none.code, none.words)
    assert (await spy.download(item["docId"])).size_bytes == 0
    assert (await spy.confirm(item["docId"])).code == "7"
    assert (await world.finance.count_documents()).count == 1


async def test_a_wrong_secret_and_an_unknown_system_get_the_same_answer(world: World) -> None:
    """A stranger does not learn which systems exist; the log knows which it was."""
    url = f"{world.gateway.url}/vxp"
    wrong = await SampleDms(url, "SYT", "khong-phai-mat-khau", made_at=now()).received()
    unknown = await SampleDms(url, "KHONG-CO", "x", made_at=now()).received()
    assert (wrong.code, wrong.words) == (unknown.code, unknown.words)
    codes = [entry["code"] for entry in world.gateway.log(LogKind.DISTRUSTED)]
    assert codes == ["bad-signature", "unknown-system"]


async def test_a_mailbox_refusal_is_on_record_too(world: World) -> None:
    """Whoever asks for what is not its own leaves a signed trace."""
    assert (await world.finance.get("khong-co")).code == "7"
    (refused,) = world.gateway.log(LogKind.REFUSED)
    assert (refused["code"], refused["operation"], refused["system"]) == ("not-in-mailbox", "getEdoc", "STC")


async def test_strangers_cannot_fill_the_audit_log(world: World) -> None:
    """A thousand forged calls leave some twenty entries."""
    stranger = SampleDms(f"{world.gateway.url}/vxp", "SYT", "x", made_at=now(), keep_alive=True)
    for _ in range(60):
        assert (await stranger.received()).code == "1"
    await stranger.close()
    assert len(world.gateway.log(LogKind.DISTRUSTED)) == 20


async def test_a_system_registers_agencies_below_its_own_and_no_others(world: World) -> None:
    """A new unit of the department is served at once; the ministry cannot be taken over."""
    new = {"code": "001.00.12.H57", "name": "Trung tâm Kiểm soát bệnh tật", "mail": "cdc@thunghiem.example"}
    assert (await world.health.register(new)).ok
    for taken in (MINISTRY, FINANCE):
        answer = await world.health.register(
            {"code": taken, "name": "Giả mạo", "mail": "x@thunghiem.example"}
        )
        assert answer.code == "5"
    names = {item["code"]: item["name"] for item in (await world.finance.agencies()).items}
    assert names["001.00.12.H57"] == new["name"]
    assert (await world.health.delete("001.00.12.H57")).ok
    assert "001.00.12.H57" not in {item["code"] for item in (await world.health.agencies()).items}


async def test_nobody_answers_in_anothers_name(world: World) -> None:
    """A sender's word about its own document is no answer of its recipient, whoever it names."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    forged = status(sent, "06", by=HEALTH, organ=FINANCE)
    await world.health.send(forged, sender=HEALTH, kind="status")
    (row,) = world.gateway.rows("SELECT status FROM recipients")
    assert row["status"] == "01"
    own = await world.finance.send(status(sent, "03", by=FINANCE), sender=FINANCE, kind="status")
    assert own.ok, own.words


async def test_a_recipient_does_not_take_back_what_it_was_sent(world: World) -> None:
    """13 is its sender's to say; from anybody else it is kept and does nothing."""
    sent = Sent(sender=HEALTH)
    await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    await world.finance.send(status(sent, "13", by=FINANCE), sender=FINANCE, kind="status")
    (thread,) = world.gateway.rows("SELECT recalled_at FROM threads")
    assert thread["recalled_at"] is None


async def test_the_axis_brings_no_word_of_an_agency_served_here(world: World) -> None:
    """Its own system speaks for it; whoever else does, through whatever door, is refused."""
    await world.gateway.connect("TRUC", [], kind=SystemKind.AXIS)
    forged = document(Sent(sender=HEALTH), [FINANCE])
    answer = await world.gateway.dms("TRUC").send(forged, sender=HEALTH)
    assert (answer.code, "sender-served-here" in answer.words) == ("5", True)


async def test_an_identifier_somebody_else_used_first_still_belongs_to_its_agency(world: World) -> None:
    """Finance squats on a number of Health's; Health's own document goes out all the same."""
    sent = Sent(sender=HEALTH)
    squatting = document(sent, [HEALTH]).replace(
        f"<edXML:From><edXML:OrganId>{HEALTH}".encode(), f"<edXML:From><edXML:OrganId>{FINANCE}".encode()
    )
    await world.finance.send(squatting, sender=FINANCE)
    answer = await world.health.send(document(sent, [FINANCE]), sender=HEALTH)
    assert answer.ok, answer.words


@pytest.mark.parametrize(
    "names",
    [b"".join(b"<n%d/>" % number for number in range(2000)), b"<" + b"x" * 5000 + b"/>"],
    ids=["two thousand names", "a name of five thousand letters"],
)
async def test_names_that_would_stay_in_memory_for_ever_are_refused(world: World, names: bytes) -> None:
    """The parser never forgets a name; a package of the standard has some hundred."""
    package = document(Sent(sender=HEALTH), [FINANCE]).replace(
        b"<AttachmentEncoded>", names + b"<AttachmentEncoded>"
    )
    answer = await world.health.send(package, sender=HEALTH)
    assert (answer.code, "names-excessive" in answer.words) == ("4", True)


async def begin_upload(world: World) -> asyncio.StreamWriter:
    """Send the beginning of a package, and not its end."""
    head = b"POST /vxp/sendEdoc HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
    secret = world.gateway.secrets["SYT"].encode()
    arguments = {"servicetype": "eDoc", "messagetype": "edoc", "from": HEALTH, "hash-file": "0" * 64}
    signed = sign_headers(
        arguments, system=SystemId("SYT"), secret=secret, at=now(), content_type="application/octet-stream"
    )
    lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in signed)
    _, writer = await asyncio.open_connection("127.0.0.1", int(world.gateway.url.rsplit(":", 1)[1]))
    writer.write(head + lines + b"\r\n<edXML")
    await writer.drain()
    return writer


async def test_half_sent_uploads_of_one_system_leave_room_for_the_others(world: World) -> None:
    """A system that begins forty uploads and ends none is told to wait; its neighbour sends as before."""
    held = [await begin_upload(world) for _ in range(40)]
    await asyncio.sleep(0.5)
    try:
        answer = await world.finance.send(document(Sent(sender=FINANCE), [HEALTH]), sender=FINANCE)
        assert answer.ok, answer.words
        mine = await world.health.send(document(Sent(sender=HEALTH), [FINANCE]), sender=HEALTH)
        assert (mine.code, "too-many-uploads" in mine.words) == ("99", True)
    finally:
        for writer in held:
            writer.transport.abort()


async def test_a_registration_that_trickles_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is any other body that is no package."""
    monkeypatch.setattr(bodies, "_PATIENCE_SECONDS", 0.1)
    async with asking(world, "SYT", "registerAgency", {}, "Content-Length: 9") as (reader, writer):
        writer.write(b"{")
        assert b"upload-too-slow" in await asyncio.wait_for(reader.readuntil(b"upload-too-slow"), 10)


async def test_who_fetches_and_does_not_read_keeps_no_room_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system has half of the places for large packages, and keeps none for ever."""
    monkeypatch.setattr(responses, "_PATIENCE_SECONDS", 1)
    monkeypatch.setattr(responses, "_SLOWEST_BYTES_PER_SECOND", 1 << 40)
    async with playing(tmp_path, http={"max_concurrent_downloads": 2}) as world:
        large = document(Sent(sender=HEALTH), [FINANCE, HEALTH], attachment=os.urandom(8 << 20))
        assert (await world.health.send(large, sender=HEALTH)).ok
        ((taken,), (own,)) = [(await dms.received()).items for dms in (world.finance, world.health)]
        async with asking(world, "STC", "getEdoc", {"docId": taken["docId"]}, "Content-Length: 0") as (
            reader,
            _,
        ):
            await reader.readuntil(b"200 OK")
            refused = await world.finance.get(taken["docId"])
            assert (refused.code, "too-many-downloads" in refused.words) == ("99", True)
            assert (await world.health.get(own["docId"])).ok
            assert len(world.gateway.log(LogKind.COLLECTED)) == 2
            await until(lambda: world.finance.get(taken["docId"]), lambda answer: answer.ok)


@asynccontextmanager
async def asking(
    world: World, system: str, operation: str, arguments: dict[str, str], *lines: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Write the head of a request by hand, on a connection that takes little at a time."""
    signed = sign_headers(
        arguments,
        system=SystemId(system),
        secret=world.gateway.secrets[system].encode(),
        at=now(),
        content_type="application/json",
    )
    head = [f"POST /vxp/{operation} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in signed)]
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", urlsplit(world.gateway.url).port))
        reader, writer = await asyncio.open_connection(sock=line, limit=1024)
        writer.write("\r\n".join([*head, *lines, "", ""]).encode())
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def test_a_caller_who_hangs_up_is_no_error_of_the_node(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """One line tells of it and a count, no traceback."""
    writer = await begin_upload(world)
    writer.transport.abort()

    async def figures() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{world.gateway.url}/metrics") as answer:
            return await answer.text()

    async with asyncio.timeout(10):
        while 'operation="sendEdoc",outcome="caller-gone"' not in await figures():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)  # what the server tells of a failure it tells behind it
    assert [record.getMessage() for record in caplog.records if record.name == "aiohttp.server"] == []


async def test_a_new_secret_counts_from_the_next_call(world: World) -> None:
    """Nobody waits for a cache: rotated, the new secret works at once and the old one no more."""
    old = world.gateway.dms("SYT")
    assert (await old.received()).ok
    await world.gateway.connect("SYT", [HEALTH])
    assert (await world.gateway.dms("SYT").received()).ok
    assert (await old.received()).code == "1"
