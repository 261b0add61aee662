"""The axis as we reach it, over real HTTP, with everything that goes wrong on the way."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.clients.axis import Axis
from gateway.clients.limits import AxisLimits
from gateway.errors import Delay, LienthongError, Misconfiguration, Refusal
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, SystemId
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
from gateway.vxp.items import DirectoryItem, ReceivedItem, SentItem, UnitItem
from gateway.vxp.operations import FORMS, Operation, operation_at
from gateway.vxp.requests import (
    Confirmation,
    Registration,
    read_confirm,
    read_delete,
    read_document,
    read_list,
    read_registration,
    read_send,
)
from gateway.vxp.signing import SignedArguments, claimed_system, hash_matches, verify_headers

SECRET = b"made-up-secret"
SYSTEM = SystemId("GW.H57")
H57, B02 = AgencyCode("000.00.12.H57"), AgencyCode("000.00.00.B02")
DOCUMENT = "<?xml version='1.0'?>\r\n<edXML>Sở Y tế</edXML>\r\n".encode()
DIGEST = Digest(hashlib.sha256(DOCUMENT).hexdigest())
NOW = datetime(2026, 11, 21, 5, 0, 7, tzinfo=UTC)

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FarSide:
    """A far side that believes only signed requests, remembers them and answers what it is told."""

    answer: bytes | Answerer = b""
    status: int = 200
    answers: dict[Operation, bytes | Answerer] = field(default_factory=dict)
    asked: list[tuple[Operation, SignedArguments, bytes, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Believe, remember, answer."""
        operation = operation_at(request.path)
        assert operation is not None
        assert request.method == FORMS[operation].method
        assert claimed_system(request.raw_headers) == SYSTEM
        arguments = verify_headers(request.raw_headers, SECRET)
        self.asked.append((operation, arguments, await request.read(), dict(request.headers)))
        answer = self.answers.get(operation, self.answer)
        if callable(answer):
            return await answer(request)
        return web.Response(body=answer, status=self.status, content_type="application/json")


@pytest.fixture
async def far_side() -> AsyncIterator[FarSide]:
    """Serve a far side on loopback."""
    far = FarSide()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", far.receive)
    server = TestServer(app)
    await server.start_server(max_line_size=65_536, max_field_size=65_536, access_log=None)
    far.url = str(server.make_url("/adapter/"))
    yield far
    await server.close()


@pytest.fixture
async def axis(far_side: FarSide) -> AsyncIterator[Axis]:
    """Connect to the far side, with little patience."""
    limits = AxisLimits(connect=timedelta(seconds=2), answer=timedelta(seconds=5), list_bytes=256 * 1024)
    async with aiohttp.ClientSession() as session:
        yield Axis(
            session=session,
            endpoint=far_side.url,
            system=SYSTEM,
            secret=SECRET,
            clock=lambda: NOW,
            limits=limits,
        )


def body_of(*chunks: bytes) -> Callable[[], AsyncIterator[bytes]]:
    """Open a body that comes in these chunks."""

    async def opened() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return opened


async def send(axis: Axis, content: bytes = DOCUMENT, *, size: int | None = None) -> str:
    """Send a document; return what the axis calls it."""
    answer = await axis.hand_over(
        body_of(*(content[start : start + 20] for start in range(0, len(content), 20))),
        len(content) if size is None else size,
        Digest(hashlib.sha256(content).hexdigest()),
        sender=H57,
        recipients=[B02],
        kind=Kind.DOCUMENT,
    )
    return answer.doc_id


async def test_a_package_is_sent_as_the_sdk_sends_it(axis: Axis, far_side: FarSide) -> None:
    """The file, CR LF behind it, the exact length, the hash without zeros, a fresh timestamp."""
    far_side.answer = write_send_answer(SendAnswer(doc_id="7c1e-01"))
    assert await send(axis) == "7c1e-01"
    operation, arguments, body, headers = far_side.asked[0]
    assert operation is Operation.SEND
    assert body == DOCUMENT + b"\r\n"
    assert headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in headers
    request = read_send(arguments)
    assert (request.from_code, request.to, request.kind) == (H57, (B02,), Kind.DOCUMENT)
    assert hash_matches(request.hash_file, DIGEST)
    assert arguments.stamped_at == NOW
    assert arguments.values["Content-Type"] == "application/octet-stream"


async def test_the_far_sides_receipt_comes_back_with_its_promise(axis: Axis, far_side: FarSide) -> None:
    """An axis that is one of ours signs what it got."""
    promise = SendAnswer(doc_id="7c1e-01", receipt={"digest": str(DIGEST)})
    far_side.answer = write_send_answer(promise)
    got = await axis.hand_over(
        body_of(DOCUMENT), len(DOCUMENT), DIGEST, sender=H57, recipients=None, kind=Kind.STATUS
    )
    assert got == promise
    assert read_send(far_side.asked[0][1]).to is None


async def test_three_hundred_recipients_travel_in_one_request(axis: Axis, far_side: FarSide) -> None:
    """Every code travels twice: the head is long, and whole."""
    far_side.answer = write_send_answer(SendAnswer(doc_id="7c1e-01"))
    codes = tuple(AgencyCode(f"000.01.{number:02d}.H57") for number in range(100)) + tuple(
        AgencyCode(f"000.02.{number:02d}.H57") for number in range(100)
    )
    await axis.hand_over(
        body_of(b"<a/>"), 4, Digest("0" * 64), sender=H57, recipients=codes, kind=Kind.DOCUMENT
    )
    assert read_send(far_side.asked[0][1]).to == codes


async def test_an_empty_chunk_or_file_changes_nothing(axis: Axis, far_side: FarSide) -> None:
    """A body may come in odd pieces."""
    far_side.answer = write_send_answer(SendAnswer(doc_id="7c1e-01"))
    digest = Digest(hashlib.sha256(b"").hexdigest())
    await axis.hand_over(body_of(b"", b""), 0, digest, sender=H57, recipients=[B02], kind=Kind.DOCUMENT)
    assert far_side.asked[0][2] == b"\r\n"


async def test_every_call_carries_a_fresh_timestamp(axis: Axis, far_side: FarSide) -> None:
    """Unlike the SDK, whose objects repeat the instant they were made."""
    ticks = iter([NOW, NOW + timedelta(seconds=1)])
    ticking = replace(axis, clock=lambda: next(ticks))
    far_side.answer = write_done()
    await ticking.delete(H57)
    await ticking.delete(H57)
    assert [asked[1].stamped_at for asked in far_side.asked] == [NOW, NOW + timedelta(seconds=1)]


async def test_the_lists_are_asked_for_and_read(axis: Axis, far_side: FarSide) -> None:
    """What waits for us, and what became of what we sent."""
    received = (ReceivedItem(doc_id="a", kind=Kind.STATUS, package_sha256=DIGEST),)
    sent = (SentItem(sender_doc_id="a", to_code=B02, package_sha256=DIGEST),)
    far_side.answers = {
        Operation.LIST_RECEIVED: write_received_list(received),
        Operation.LIST_SENT: write_sent_list(sent),
    }
    assert await axis.list_received(Kind.STATUS) == received
    assert await axis.list_sent(NOW, NOW + timedelta(hours=1)) == sent
    assert read_list(far_side.asked[0][1]).kind is Kind.STATUS
    asked = read_list(far_side.asked[1][1])
    assert asked.from_at == NOW
    assert asked.to_at is not None
    assert asked.to_at >= NOW + timedelta(hours=1)
    assert all(body == b"" for _, _, body, _ in far_side.asked)


async def test_packages_are_counted(axis: Axis, far_side: FarSide) -> None:
    """One operation each for documents and statuses."""
    far_side.answers = {
        Operation.COUNT_DOCUMENTS: write_count(3),
        Operation.COUNT_STATUSES: write_count(4),
    }
    assert [await axis.count_received(Kind.DOCUMENT), await axis.count_received(Kind.STATUS)] == [3, 4]


async def test_the_directory_is_listed_changed_and_synchronised(axis: Axis, far_side: FarSide) -> None:
    """Agencies in both forms, units, one registered, one deleted."""
    agency = DirectoryItem(code=H57, name="Sở Y tế")
    unit = UnitItem(code=H57, name="Sở Y tế")
    registration = Registration(code=H57, name="Sở Y tế", mail="syt@example.gov.vn")
    far_side.answers = {
        Operation.LIST_AGENCIES: write_agencies([agency]),
        Operation.LIST_AGENCIES_QD20: write_agencies_qd20([agency]),
        Operation.LIST_UNITS: write_units([unit]),
        Operation.REGISTER: write_done(),
        Operation.DELETE: write_done(),
    }
    assert await axis.list_agencies() == (agency,)
    assert await axis.list_agencies_qd20() == (agency,)
    assert await axis.list_units() == (unit,)
    await axis.register(registration)
    await axis.delete(H57)
    assert read_registration(far_side.asked[3][2]) == registration
    assert read_delete(far_side.asked[4][1]).code == H57


async def test_a_confirmation_travels_without_accents(axis: Axis, far_side: FarSide) -> None:
    """Headers carry ASCII; the reason in Vietnamese belongs into a package."""
    far_side.answer = write_done()
    await axis.confirm("7c1e-01", Confirmation.FAIL, "Không đọc được\nĐ")
    request = read_confirm(far_side.asked[0][1])
    assert (request.doc_id, request.confirmation) == ("7c1e-01", Confirmation.FAIL)
    assert request.description == "Khong doc duoc D"


class Kept:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.content = b""

    async def __call__(self, chunk: bytes) -> None:
        self.content += chunk


async def test_a_package_is_downloaded_byte_for_byte(axis: Axis, far_side: FarSide) -> None:
    """Byte order mark, line breaks and all; its size comes back."""
    document = b"\xef\xbb\xbf \n" + DOCUMENT * 20_000
    far_side.answer = document
    kept = Kept()
    assert await axis.download("7c1e-01", kept) == len(document)
    assert kept.content == document
    assert read_document(far_side.asked[0][1]).doc_id == "7c1e-01"
    assert [asked[0] for asked in far_side.asked] == [Operation.DOWNLOAD]


def in_json(document: bytes) -> bytes:
    """Write the answer of getEdoc."""
    frame = frame_content(len(document))
    return frame.prefix + encode_content(b"", document, last=True)[0] + frame.suffix


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_an_empty_or_unknown_download_is_asked_for_the_other_way(
    axis: Axis, far_side: FarSide, status: int
) -> None:
    """downloadEdoc has no words for what is wrong; getEdoc has, or has the document."""

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(body=b"" if status == 200 else b"<html>", status=status)

    far_side.answers = {Operation.DOWNLOAD: nothing, Operation.GET: in_json(DOCUMENT * 9_000)}
    kept = Kept()
    assert await axis.download("7c1e-01", kept) == len(DOCUMENT) * 9_000
    assert kept.content == DOCUMENT * 9_000


async def test_a_package_that_is_not_ours_is_refused(axis: Axis, far_side: FarSide) -> None:
    """The second way says why."""
    far_side.answers = {
        Operation.DOWNLOAD: b"",
        Operation.GET: write_failure(Operation.GET, ErrorCode.DOCUMENT, "khong co"),
    }
    with pytest.raises(Refusal) as caught:
        await axis.download("7c1e-01", Kept())
    assert caught.value.code == "axis-refused"


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>502 Bad Gateway</body></html>",
        b"\n<!DOCTYPE HTML><html></html>",
        b"Internal Server Error",
        b'{"status":"FAIL","ErrorCode":"7","ErrorDesc":""}',
        b" \r\n ",
        b"<",
        DOCUMENT[:-12],
    ],
)
async def test_an_error_page_is_no_document(axis: Axis, far_side: FarSide, body: bytes) -> None:
    """Whatever a proxy writes, and whatever ends before its last tag, is asked for again later."""
    far_side.answer = body
    with pytest.raises(Delay) as caught:
        await axis.download("7c1e-01", Kept())
    assert caught.value.code == "answer-unreadable"


async def test_a_document_answered_empty_both_ways_is_asked_for_again_later(
    axis: Axis, far_side: FarSide
) -> None:
    """Nothing is no document."""
    far_side.answers = {Operation.DOWNLOAD: b"", Operation.GET: in_json(b"")}
    with pytest.raises(Delay):
        await axis.download("7c1e-01", Kept())


async def test_a_download_beyond_the_limit_is_refused(axis: Axis, far_side: FarSide) -> None:
    """The limit holds whatever length is announced."""
    far_side.answer = DOCUMENT * 100
    small = replace(axis, limits=replace(axis.limits, download_bytes=1000))
    with pytest.raises(Refusal) as caught:
        await small.download("7c1e-01", Kept())
    assert caught.value.code == "package-too-large"


async def test_a_download_cut_on_the_way_is_asked_for_again_later(axis: Axis, far_side: FarSide) -> None:
    """Fewer bytes than announced are no package."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(DOCUMENT) + 9)})
        await response.prepare(request)
        await response.write(DOCUMENT)
        assert request.transport is not None
        request.transport.close()
        return response

    far_side.answer = cut
    with pytest.raises(Delay) as caught:
        await axis.download("7c1e-01", Kept())
    assert caught.value.code == "axis-away"


async def test_a_sink_that_fails_fails_by_its_own_name(axis: Axis, far_side: FarSide) -> None:
    """A full disk here is not an axis that is away."""

    async def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    far_side.answer = DOCUMENT
    with pytest.raises(OSError, match="No space"):
        await axis.download("7c1e-01", full)


async def abort(request: web.Request) -> web.StreamResponse:
    """Cut the connection before any answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def sleep(_: web.Request) -> web.StreamResponse:
    """Answer when nobody waits any more."""
    await asyncio.sleep(3)
    return web.Response()


async def redirect(_: web.Request) -> web.StreamResponse:
    """Send the caller elsewhere, where nothing of the call would arrive."""
    return web.Response(status=302, headers={"Location": "/elsewhere"})


NO_SOUND_ANSWERS: list[bytes | Answerer] = [
    abort,
    sleep,
    redirect,
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"nonsense",
    b"{}",
    b'{"status":"OK","ErrorCode":"0","Err',
    b'{"status":"OK","ErrorCode":"0","ErrorDesc":"","x":"' + b"x" * 300_000 + b'"}',
]


@pytest.mark.parametrize("answer", NO_SOUND_ANSWERS)
async def test_without_a_sound_answer_to_a_package_its_fate_is_unknown(
    axis: Axis, far_side: FarSide, answer: bytes | Answerer
) -> None:
    """The bytes may have arrived: the far side must be asked before they are sent again."""
    far_side.answer = answer
    hasty = replace(axis, limits=replace(axis.limits, answer=timedelta(seconds=0.2)))
    with pytest.raises(Delay) as caught:
        await send(hasty)
    assert caught.value.code == "outcome-unknown"
    assert len(far_side.asked) == 1


async def test_a_promise_without_an_id_is_none(axis: Axis, far_side: FarSide) -> None:
    """Success, but nothing to ask by."""
    far_side.answer = write_done()
    with pytest.raises(Delay) as caught:
        await send(axis)
    assert caught.value.code == "outcome-unknown"


@pytest.mark.parametrize("answer", NO_SOUND_ANSWERS)
async def test_an_unreadable_list_is_never_an_empty_one(
    axis: Axis, far_side: FarSide, answer: bytes | Answerer
) -> None:
    """The SDK makes 'OK, empty' of it; we ask again later."""
    far_side.answer = answer
    hasty = replace(axis, limits=replace(axis.limits, answer=timedelta(seconds=0.2)))
    for ask in (hasty.list_received(Kind.DOCUMENT), hasty.list_sent(NOW, NOW), hasty.list_agencies()):
        with pytest.raises(Delay) as caught:
            await ask
        assert caught.value.code in ("axis-away", "answer-unreadable")


@pytest.mark.parametrize("answer", [abort, b"", b"<html>"])
async def test_a_confirmation_without_a_sound_answer_has_an_unknown_outcome(
    axis: Axis, far_side: FarSide, answer: bytes | Answerer
) -> None:
    """Saying it again is harmless, but somebody must."""
    far_side.answer = answer
    with pytest.raises(Delay) as caught:
        await axis.confirm("7c1e-01", Confirmation.DONE)
    assert caught.value.code == "outcome-unknown"


async def test_a_final_number_is_a_refusal_in_the_axiss_words(axis: Axis, far_side: FarSide) -> None:
    """The sender must change something, and is told what."""
    far_side.answer = write_failure(Operation.SEND, ErrorCode.RECIPIENT, "Không rõ nơi nhận")
    with pytest.raises(Refusal) as caught:
        await send(axis)
    assert caught.value.code == "axis-refused"
    assert "Không rõ nơi nhận" in caught.value.faults[0].vi


async def test_another_number_is_a_delay(axis: Axis, far_side: FarSide) -> None:
    """The axis did not take it and says so: nothing unknown about that."""
    far_side.answer = write_failure(Operation.SEND, ErrorCode.INTERNAL, "ban")
    with pytest.raises(Delay) as caught:
        await send(axis)
    assert caught.value.code == "axis-failed"


async def test_which_numbers_are_final_is_a_setting(axis: Axis, far_side: FarSide) -> None:
    """No list of the axis's numbers is public."""
    far_side.answer = b'{"status":"FAIL","ErrorCode":"22","ErrorDesc":"x","DocId":""}'
    with pytest.raises(Refusal):
        await send(replace(axis, permanent=frozenset({"22"})))


async def test_a_failing_server_has_no_last_word(axis: Axis, far_side: FarSide) -> None:
    """HTTP 500 with a final number in it may be a proxy's or a half-started axis's: we ask again."""
    far_side.status = 500
    far_side.answer = write_failure(Operation.SEND, ErrorCode.PACKAGE, "x")
    with pytest.raises(Delay) as caught:
        await send(axis)
    assert caught.value.code == "axis-failed"


async def test_success_under_a_bad_status_is_no_success(axis: Axis, far_side: FarSide) -> None:
    """Two answers in one are none."""
    far_side.status = 503
    far_side.answer = write_send_answer(SendAnswer(doc_id="a"))
    with pytest.raises(Delay) as caught:
        await send(axis)
    assert caught.value.code == "outcome-unknown"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "https://127.0.0.1:1/a"])
async def test_when_no_connection_is_made_nothing_was_sent(axis: Axis, endpoint: str) -> None:
    """Refused or unknown: the axis is away and may be asked again without asking what arrived."""
    away = replace(axis, endpoint=endpoint)
    for ask in (send(away), away.confirm("a", Confirmation.DONE), away.list_received(Kind.STATUS)):
        with pytest.raises(Delay) as caught:
            await ask
        assert caught.value.code == "axis-away"


async def test_when_tls_fails_nothing_was_sent(axis: Axis, far_side: FarSide) -> None:
    """A plain server where TLS was configured."""
    with pytest.raises(Delay) as caught:
        await send(replace(axis, endpoint=far_side.url.replace("http:", "https:")))
    assert caught.value.code == "axis-away"
    assert far_side.asked == []


@pytest.mark.parametrize(
    "reply", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_a_far_side_that_speaks_no_http_leaves_the_outcome_unknown(axis: Axis, reply: bytes) -> None:
    """Closed, another protocol, an answer without its end: the request had left."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)
        writer.write(reply)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        with pytest.raises(Delay) as caught:
            await send(replace(axis, endpoint=f"http://{host}:{port}"))
    assert caught.value.code == "outcome-unknown"


@pytest.mark.parametrize("size", [len(DOCUMENT) - 1, len(DOCUMENT) - 25, len(DOCUMENT) + 1])
async def test_a_body_of_another_length_never_arrives_whole(axis: Axis, far_side: FarSide, size: int) -> None:
    """A stored package that was damaged is our fault, said as such, and the axis never sees its end."""
    far_side.answer = write_send_answer(SendAnswer(doc_id="a"))
    with pytest.raises(Delay) as caught:
        await send(axis, size=size)
    assert caught.value.code == "package-unreadable"
    assert far_side.asked == []


async def test_a_body_that_breaks_is_our_own_fault(axis: Axis, far_side: FarSide) -> None:
    """The disk fails while the package is read."""

    async def broken() -> AsyncIterator[bytes]:
        yield DOCUMENT[:30]
        raise OSError(5, "Input/output error")

    with pytest.raises(Delay) as caught:
        await axis.hand_over(broken, len(DOCUMENT), DIGEST, sender=H57, recipients=[B02], kind=Kind.DOCUMENT)
    assert caught.value.code == "package-unreadable"
    assert far_side.asked == []


async def test_a_value_that_no_header_carries_is_refused_before_anything_is_sent(
    axis: Axis, far_side: FarSide
) -> None:
    """An id with accents in it was never one of the axis's."""
    with pytest.raises(Refusal) as caught:
        await axis.confirm("số-1", Confirmation.DONE)
    assert caught.value.code == "argument-not-ascii"
    assert far_side.asked == []


@pytest.mark.parametrize("endpoint", ["", "trục", "ftp://host", "http://", "http://host/?a=b", "http://[::1"])
async def test_an_endpoint_that_is_none_stops_the_start(axis: Axis, endpoint: str) -> None:
    """The operator must mend it; nobody else can."""
    with pytest.raises(Misconfiguration):
        replace(axis, endpoint=endpoint)


async def test_the_secret_is_not_shown(axis: Axis) -> None:
    """Neither in logs nor in errors."""
    assert "made-up" not in repr(axis)


async def test_any_number_of_calls_share_one_session(axis: Axis, far_side: FarSide) -> None:
    """Nothing is left behind by calls that fail in between."""
    far_side.answers = {Operation.LIST_RECEIVED: write_received_list([]), Operation.SEND: abort}

    async def fails() -> None:
        with pytest.raises(LienthongError):
            await send(axis)

    await asyncio.gather(*(call for _ in range(8) for call in (fails(), axis.list_received(Kind.DOCUMENT))))
