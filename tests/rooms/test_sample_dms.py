"""The sample DMS against a server that reads it with the vxp craft: two tellings of one protocol."""

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.errors import Delay
from gateway.model.code_lists import Kind
from gateway.model.identifiers import Digest
from gateway.sandbox.dms import SampleDms
from gateway.vxp.answers import (
    ErrorCode,
    SendAnswer,
    write_agencies,
    write_agencies_qd20,
    write_count,
    write_done,
    write_failure,
    write_received_list,
    write_send_answer,
    write_sent_list,
    write_units,
)
from gateway.vxp.content import encode_content, frame_content
from gateway.vxp.items import ReceivedItem
from gateway.vxp.operations import FORMS, Operation, operation_at
from gateway.vxp.requests import (
    Confirmation,
    read_confirm,
    read_delete,
    read_document,
    read_list,
    read_registration,
    read_send,
)
from gateway.vxp.signing import SignedArguments, claimed_system, hash_matches, verify_headers

MADE_AT = datetime(2024, 5, 6, 0, 8, 9, 10_000, tzinfo=UTC)
DOCUMENT = "<edXML>Sở Y tế</edXML>\r\n".encode()
FRAME = frame_content(len(DOCUMENT))

ANSWERS: dict[Operation, bytes] = {
    Operation.SEND: write_send_answer(SendAnswer(doc_id="7c1e-01", receipt={"digest": "x"})),
    Operation.LIST_RECEIVED: write_received_list([ReceivedItem(doc_id="7c1e-02", kind=Kind.DOCUMENT)]),
    Operation.LIST_SENT: write_sent_list([]),
    Operation.GET: FRAME.prefix + encode_content(b"", DOCUMENT, last=True)[0] + FRAME.suffix,
    Operation.DOWNLOAD: DOCUMENT,
    Operation.CONFIRM: write_done(),
    Operation.COUNT_DOCUMENTS: write_count(3),
    Operation.COUNT_STATUSES: write_count(4),
    Operation.LIST_AGENCIES: write_agencies([]),
    Operation.LIST_AGENCIES_QD20: write_agencies_qd20([]),
    Operation.LIST_UNITS: write_units([]),
    Operation.REGISTER: write_done(),
    Operation.DELETE: write_done(),
}


@dataclass
class Gateway:
    """A server that reads every request with the vxp craft."""

    asked: list[tuple[Operation, SignedArguments, bytes, web.Request]] = field(default_factory=list)
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    url: str = ""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Believe, remember, answer."""
        operation = operation_at(request.path)
        assert operation is not None
        assert request.method == FORMS[operation].method
        assert claimed_system(request.raw_headers) == "SYS.A01"
        arguments = verify_headers(request.raw_headers, b"made-up-secret")
        self.asked.append((operation, arguments, await request.read(), request))
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(body=ANSWERS[operation], content_type="application/json")


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """Serve on loopback."""
    far = Gateway()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", far.receive)
    server = TestServer(app)
    await server.start_server(max_line_size=65_536, max_field_size=65_536, access_log=None)
    far.url = str(server.make_url("/api"))
    yield far
    await server.close()


@pytest.fixture
async def dms(gateway: Gateway) -> AsyncIterator[SampleDms]:
    """Make a DMS for that server."""
    made = SampleDms(gateway.url, "SYS.A01", "made-up-secret", made_at=MADE_AT, patience=timedelta(seconds=5))
    yield made
    await made.close()


async def test_its_package_is_read_as_it_was_meant(dms: SampleDms, gateway: Gateway) -> None:
    """The file, CR LF behind it, the hash without zeros, sender and recipients."""
    answer = await dms.send(DOCUMENT, sender="000.00.00.A01", recipients=["000.00.00.B02", "000.00.00.C03"])
    assert (answer.ok, answer.doc_id) == (True, "7c1e-01")
    _, arguments, body, request = gateway.asked[0]
    assert body == DOCUMENT + b"\r\n"
    read = read_send(arguments)
    assert (read.from_code, read.to, read.kind) == (
        "000.00.00.A01",
        ("000.00.00.B02", "000.00.00.C03"),
        Kind.DOCUMENT,
    )
    assert hash_matches(read.hash_file, Digest(hashlib.sha256(DOCUMENT).hexdigest()))
    assert arguments.stamped_at == MADE_AT
    assert "Expect" not in request.headers


async def test_a_file_is_streamed_from_the_disk(dms: SampleDms, gateway: Gateway, tmp_path: Path) -> None:
    """A large one, and back into a file."""
    content = DOCUMENT * 30_000
    (tmp_path / "out.edxml").write_bytes(content)
    await dms.send(tmp_path / "out.edxml", sender="H57", recipients="B02", kind="status")
    _, arguments, body, _ = gateway.asked[0]
    assert body == content + b"\r\n"
    assert (read_send(arguments).to, read_send(arguments).kind) == (("B02",), Kind.STATUS)

    async def large(_: web.Request) -> web.Response:
        return web.Response(body=content)

    gateway.answer = large
    answer = await dms.download("7c1e-02", into=tmp_path / "in.edxml")
    assert answer.size_bytes == len(content)
    assert (tmp_path / "in.edxml").read_bytes() == content


async def test_it_performs_every_operation(dms: SampleDms, gateway: Gateway) -> None:
    """One after the other on one pair of service objects, as every public caller does."""
    assert (await dms.received(since=date(2026, 11, 21), until=date(2026, 11, 21))).items[0][
        "docId"
    ] == "7c1e-02"
    assert (await dms.sent("status")).items == []
    assert (await dms.get("7c1e-02")).document == DOCUMENT
    assert (await dms.download("7c1e-02")).document == DOCUMENT
    assert (await dms.confirm("7c1e-02", description="da nhan")).ok
    assert ((await dms.count_documents()).count, (await dms.count_statuses()).count) == (3, 4)
    assert (await dms.agencies()).ok
    assert (await dms.agencies_qd20()).ok
    assert (await dms.units()).ok
    assert (await dms.register({"code": "H57", "name": "Tỉnh"})).ok
    assert (await dms.delete("H57")).ok
    asked = {operation: (arguments, body) for operation, arguments, body, _ in gateway.asked}
    assert read_list(asked[Operation.LIST_RECEIVED][0]).from_at == datetime(2026, 11, 20, 17, tzinfo=UTC)
    assert read_list(asked[Operation.LIST_SENT][0]).kind is Kind.STATUS
    assert read_document(asked[Operation.DOWNLOAD][0]).doc_id == "7c1e-02"
    assert read_confirm(asked[Operation.CONFIRM][0]).description == "da nhan"
    assert read_registration(asked[Operation.REGISTER][1]).name == "Tỉnh"
    assert read_delete(asked[Operation.DELETE][0]).code == "H57"
    assert all(
        body == FORMS[operation].body for operation, (_, body) in asked.items() if FORMS[operation].body
    )


async def test_what_stays_behind_does_not_confuse_the_reader(dms: SampleDms, gateway: Gateway) -> None:
    """Send, fetch A, confirm A, fetch B, confirm B, list: everything is signed again each time."""
    await dms.send(DOCUMENT, sender="H57", recipients=["B02"])
    for doc_id in ("A", "B"):
        await dms.get(doc_id)
        assert read_document(gateway.asked[-1][1]).doc_id == doc_id
        await dms.confirm(doc_id)
        confirmed = read_confirm(gateway.asked[-1][1])
        assert (confirmed.doc_id, confirmed.confirmation) == (doc_id, Confirmation.DONE)
    await dms.get("C")
    assert (gateway.asked[-1][1].values["docid"], gateway.asked[-1][1].values["status"]) == ("B", "done")
    assert read_document(gateway.asked[-1][1]).doc_id == "C"
    await dms.received()
    assert gateway.asked[-1][1].values["hash-file"]
    assert read_list(gateway.asked[-1][1]).kind is Kind.DOCUMENT
    assert {asked[1].stamped_at for asked in gateway.asked} == {MADE_AT}


async def test_a_slash_too_many_is_doubled_when_sending_only(gateway: Gateway) -> None:
    """HttpURLConnection asks //sendEdoc, HttpClient tidies up."""
    dms = SampleDms(gateway.url + "/", "SYS.A01", "made-up-secret", made_at=MADE_AT, confirms_by="docId")
    assert (await dms.send(DOCUMENT, sender="H57")).ok
    assert (await dms.confirm("A")).ok
    assert [asked[3].path for asked in gateway.asked] == ["/api//sendEdoc", "/api/updateStatus"]


async def test_bodies_wait_for_leave_to_come(dms: SampleDms, gateway: Gateway) -> None:
    """getEdoc, updateStatus, counts, registration and deletion ask first."""
    await dms.confirm("A")
    await dms.received()
    assert gateway.asked[0][3].headers["Expect"] == "100-continue"
    assert "Expect" not in gateway.asked[1][3].headers


async def test_a_refusal_is_an_answer(dms: SampleDms, gateway: Gateway) -> None:
    """In Vietnamese, though the SDK reads US-ASCII; a refused download is empty."""

    async def refuse(request: web.Request) -> web.Response:
        operation = operation_at(request.path)
        assert operation is not None
        return web.Response(body=write_failure(operation, ErrorCode.RECIPIENT, "Không rõ nơi nhận"))

    gateway.answer = refuse
    answer = await dms.send(DOCUMENT, sender="H57")
    assert (answer.ok, answer.code, answer.words) == (False, "6", "Không rõ nơi nhận")
    assert (await dms.get("A")).words == "Không rõ nơi nhận"
    assert (await dms.download("A")).size_bytes == 0


async def test_chunked_and_packed_answers_are_understood(dms: SampleDms, gateway: Gateway) -> None:
    """Both libraries take chunks; HttpClient also takes gzip."""

    async def chunked(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        packed = gzip.compress(ANSWERS[Operation.LIST_RECEIVED])
        for start in range(0, len(packed), 10):
            await response.write(packed[start : start + 10])
        return response

    gateway.answer = chunked
    assert (await dms.received()).items[0]["docId"] == "7c1e-02"


async def test_a_page_of_html_is_no_answer_to_read(dms: SampleDms, gateway: Gateway) -> None:
    """What the SDK turns into nulls is simply not ok here."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(body=b"<html>", status=502)

    gateway.answer = page
    answer = await dms.received()
    assert (answer.ok, answer.code, answer.status) == (False, "", 502)


async def test_a_dropped_request_is_repeated_byte_for_byte(dms: SampleDms, gateway: Gateway) -> None:
    """Twice in all for sendEdoc, three times for the rest: servers must expect it."""
    dropped = iter([True, False, True, True, False, True, True, True])

    async def drop(request: web.Request) -> web.StreamResponse:
        if next(dropped):
            assert request.transport is not None
            request.transport.abort()
        operation = operation_at(request.path)
        assert operation is not None
        return web.Response(body=ANSWERS[operation])

    gateway.answer = drop
    assert (await dms.send(DOCUMENT, sender="H57")).ok
    assert (await dms.confirm("A")).ok
    assert [asked[0] for asked in gateway.asked] == [Operation.SEND] * 2 + [Operation.CONFIRM] * 3
    assert dict(gateway.asked[0][1].values) == dict(gateway.asked[1][1].values)
    with pytest.raises(Delay) as caught:
        await dms.received()
    assert caught.value.code == "dms-no-answer"
    assert len(gateway.asked) == 8


async def test_nobody_there_is_no_answer() -> None:
    """Refused at every attempt."""
    dms = SampleDms("http://127.0.0.1:1/api", "SYS.A01", "made-up-secret", made_at=MADE_AT)
    for ask in (dms.send(DOCUMENT, sender="H57"), dms.received()):
        with pytest.raises(Delay):
            await ask


async def test_kept_connections_serve_many_calls_at_once(gateway: Gateway) -> None:
    """For benchmarks: as many connections as calls at a time, no more."""
    dms = SampleDms(gateway.url, "SYS.A01", "made-up-secret", made_at=MADE_AT, keep_alive=True)
    for _ in range(3):
        answers = await asyncio.gather(
            *(dms.send(DOCUMENT, sender="H57") for _ in range(4)), dms.confirm("A")
        )
        assert all(answer.ok for answer in answers)
    peers = {asked[3].transport.get_extra_info("peername") for asked in gateway.asked if asked[3].transport}
    assert len(gateway.asked) == 15
    assert len(peers) <= 5
    await dms.close()


async def test_kept_connections_that_the_server_closed_are_not_used_again(gateway: Gateway) -> None:
    """A server hangs up on who says nothing for long; however many lines it closed, one call is one."""
    dms = SampleDms(gateway.url, "SYS.A01", "made-up-secret", made_at=MADE_AT, keep_alive=True)
    await asyncio.gather(*(dms.confirm("A") for _ in range(4)))
    for *_, request in gateway.asked:
        if request.transport:
            request.transport.close()
    while not all(line.reader.at_eof() for line in dms._wire.idle):  # noqa: ASYNC110 - the loop brings it
        await asyncio.sleep(0.01)
    assert (await dms.send(DOCUMENT, sender="H57")).ok
    assert len(gateway.asked) == 5
    await dms.close()


async def test_its_headers_are_those_of_the_published_example() -> None:
    """A raw listener sees, byte for byte, the request that the SDK was seen to send."""
    seen = asyncio.Queue[bytes]()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await seen.put(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        dms = SampleDms(f"http://127.0.0.1:{port}/api", "SYS.A01", "made-up-secret", made_at=MADE_AT)
        await dms.received()
        lines = (await seen.get()).decode().split("\r\n")
    text = json.dumps(
        {
            "XroadVnpt-timestamp": "06052024T070809+0010",
            "XroadVnpt-systemid": "SYS.A01",
            "XroadVnpt-Content-Type": "application/json",
            "XroadVnpt-servicetype": "eDoc",
            "XroadVnpt-messagetype": "edoc",
        },
        separators=(",", ":"),
    )
    assert lines[0] == "POST /api/getReceivedEdocList HTTP/1.1"
    assert f"XroadVnpt-sign-header: {text}" in lines
    assert lines[-8:] == [
        "User-Agent: JAVASDKAgent/1.0.0 XRoad/VPCP",
        "XroadVnpt-version: 3.0.201608",
        "Content-Length: 0",
        f"Host: 127.0.0.1:{port}",
        "Connection: Keep-Alive",
        "Accept-Encoding: gzip,deflate",
        "",
        "",
    ]
