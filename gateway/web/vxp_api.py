"""The axis's protocol as a server: DMSs, downstream gateways and the axis itself call it.

Every answer is HTTP 200 with the three fields the SDK needs, errors included; a download's only way to
say no is an empty body. Arguments are taken from the verified text alone. Nothing is decided here: the
walks are in exchange/, outbound.py first.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import StreamReader, web

from gateway.errors import Delay, LienthongError, Refusal
from gateway.exchange.admission import Admission
from gateway.exchange.directory import Directory
from gateway.exchange.ids import Mint
from gateway.exchange.inbound import Inbound
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.outbound import Outbound
from gateway.exchange.passing_on import Leaving
from gateway.exchange.registry import Registry
from gateway.log_lines import cause_of, log
from gateway.model.agency import System, SystemKind
from gateway.model.code_lists import Kind
from gateway.points import Point, passed
from gateway.store.blobs import Blobs
from gateway.store.spool import Spool, SpoolWriter
from gateway.vxp import answers
from gateway.vxp.content import encode_content, frame_content
from gateway.vxp.operations import Operation, operation_at
from gateway.vxp.receipts import read_receipts_request, read_told_receipts
from gateway.vxp.requests import (
    SendRequest,
    read_confirm,
    read_delete,
    read_document,
    read_list,
    read_registration,
    read_send,
)
from gateway.vxp.signing import SignedArguments
from gateway.web import listing
from gateway.web.authentication import Authentication
from gateway.web.bodies import finish_body, read_small_body, too_large, too_slow
from gateway.web.limits import Limits
from gateway.web.observed import OPERATION, OUTCOME, PACKAGE, SYSTEM
from gateway.web.problems import vxp_code, vxp_words
from gateway.web.responses import answer_and_close, ask_for_body, in_pages, list_in_pages, stream, whole

_REGISTRATION_BYTES = 64 << 10
_TOLD_BYTES = 8 << 20
_PATIENCE_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 8 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authenticated request."""

    request: web.Request
    caller: System
    arguments: SignedArguments
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VxpApi:
    """Answers every operation. inbound is None on a hub, where nobody stands above.

    Shape: on_axis_call is called whenever the axis itself calls.
    """

    authentication: Authentication
    limits: Limits
    admission: Admission
    outbound: Outbound
    inbound: Inbound | None
    mailbox: Mailbox
    registry: Registry
    directory: Directory
    blobs: Blobs
    mint: Mint
    clock: Callable[[], datetime]
    body_limit: int
    upload_timeout: timedelta
    on_axis_call: Callable[[], None]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of any operation."""
        operation = operation_at(request.path)
        if operation is None:
            return web.Response(status=404, body=b"", content_type="application/json")
        request[OPERATION] = operation.value
        try:
            caller, arguments = await self.authentication.identify(request, operation)
            request[SYSTEM] = caller.id
            if caller.kind is SystemKind.AXIS:
                self.on_axis_call()
            self.limits.admit(caller.id)
            call = Call(request=request, caller=caller, arguments=arguments, at=self.clock())
            response = await self._act_on_record(operation, call)
            passed(Point.ANSWER_READY)
            return response
        except LienthongError as error:
            request[OUTCOME] = error.code
            if isinstance(error, Delay):
                log.warning("delayed", operation=operation.value, reason=error.code, cause=cause_of(error))
            response = self._answer_failure(operation, error)
            if operation is Operation.SEND and "Expect" in request.headers:
                await answer_and_close(request, response)
            return response

    async def _act_on_record(self, operation: Operation, call: Call) -> web.StreamResponse:
        """Carry out one operation; a refusal that no walk recorded is recorded before it is spoken."""
        try:
            return await _ACTS[operation](self, call)
        except Refusal as refusal:
            if not refusal.receipt:
                refusal.receipt = await self.outbound.refusals.record(
                    refusal,
                    system_id=call.caller.id,
                    peer=call.caller.kind,
                    operation=operation.value,
                    at=call.at,
                )
            raise

    async def answer_expectation(self, request: web.Request) -> None:
        """Ask for a body before anything is looked at; for a package's only when there is room for it."""
        if operation_at(request.path) is not Operation.SEND:
            await ask_for_body(request)

    def answer_bug(self, request: web.Request) -> web.Response:
        """Answer when we failed in a way nobody foresaw; nothing is disclosed.

        The protocol says so in the body. Whoever asks beside it, a load balancer say, looks at the status.
        """
        operation = operation_at(request.path)
        if operation is None:
            return web.Response(status=500)
        body = answers.write_failure(operation, answers.ErrorCode.INTERNAL, "Loi noi bo / Internal error")
        return whole(body)

    async def _send(self, call: Call) -> web.Response:
        sending = read_send(call.arguments)
        await self._expect_room(call.caller, sending)
        with self.limits.uploading(call.caller.id):
            spool = await self._take_body(call, sending.hash_file)
            passed(Point.BODY_RECEIVED)
            try:
                if call.caller.kind is SystemKind.AXIS:
                    promise = await self._from_the_axis().accept(
                        spool, requested=sending.to, arrival=None, at=call.at
                    )
                else:
                    promise = await self.outbound.accept(
                        spool,
                        caller=call.caller,
                        claimed_sender=sending.from_code,
                        requested=sending.to,
                        at=call.at,
                    )
            finally:
                spool.discard()
        call.request[PACKAGE] = promise.package_id
        answer = answers.SendAnswer(doc_id=promise.package_id, receipt=json.loads(promise.receipt))
        return whole(answers.write_send_answer(answer))

    async def _expect_room(self, caller: System, sending: SendRequest) -> None:
        """Turn a package away before its body is read, as far as its headers tell where it goes.

        Errors: Delay ``disk-full``, ``writer-behind`` or ``queue-full``.
        """
        self.admission.check_disk()
        self.admission.check_writer()
        if self.inbound is None or caller.kind is SystemKind.AXIS:
            return  # nothing of it leaves through an axis
        directory = await self.directory.current()
        if not all(map(directory.has_mailbox, sending.to or ())):
            await self.admission.check_queue()

    def _from_the_axis(self) -> Inbound:
        if self.inbound is None:
            raise Refusal.because(
                "operation-not-for-axis",
                vi="Trục này không có trục cấp trên.",
                en="This axis has none above it.",
            )
        return self.inbound

    async def _take_body(self, call: Call, claimed_hash: str) -> Spool:
        """Spool the body, without the line break the SDK adds, and insist that it is what was signed.

        Errors: Refusal ``package-too-large`` or ``hash-mismatch``; Delay when it comes too slowly.
        """
        if (call.request.content_length or 0) > self.body_limit + 2:
            raise too_large(self.body_limit)
        writer = self.blobs.spool(self.mint.new(call.at), scan=self.outbound.judge.begin())
        try:
            await ask_for_body(call.request)
            await self._receive(call.request.content, writer)
            return await finish_body(writer, claimed_hash)
        except TimeoutError as error:
            writer.abandon()
            raise too_slow() from error
        except BaseException:
            writer.abandon()
            raise

    async def _receive(self, content: StreamReader, writer: SpoolWriter) -> None:
        if content.is_eof():  # a small one mostly came with its headers: there is nobody to wait for
            await self._add(content.read_nowait(), writer)
            return
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout_at(began + _PATIENCE_SECONDS) as patience:
            async for chunk in content.iter_any():
                await self._add(chunk, writer)
                # Every byte earns its time: who trickles does not keep a place others wait for.
                earned = _PATIENCE_SECONDS + writer.size_bytes / _SLOWEST_BYTES_PER_SECOND
                patience.reschedule(began + min(earned, self.upload_timeout.total_seconds()))

    async def _add(self, chunk: bytes, writer: SpoolWriter) -> None:
        await writer.add(chunk)
        if writer.size_bytes > self.body_limit + 2:
            raise too_large(self.body_limit)

    async def _list_received(self, call: Call) -> web.StreamResponse:
        asked = read_list(call.arguments)
        items = await self.mailbox.list_waiting(
            call.caller, asked.kind, since=asked.from_at, until=asked.to_at
        )
        return await list_in_pages(call.request, in_pages(items), listing.write_received)

    async def _list_sent(self, call: Call) -> web.StreamResponse:
        asked = read_list(call.arguments)
        pages = self.mailbox.list_sent(call.caller, asked.kind, since=asked.from_at, until=asked.to_at)
        return await list_in_pages(call.request, pages, listing.write_sent)

    async def _list_receipts(self, call: Call) -> web.StreamResponse:
        pages = self.mailbox.list_receipts(call.caller, read_receipts_request(call.arguments))
        return await list_in_pages(call.request, pages, listing.write_receipts)

    async def _take_receipts(self, call: Call) -> web.Response:
        body = await read_small_body(call.request, limit=_TOLD_BYTES)
        told = read_told_receipts(call.arguments, body)
        await self.mailbox.take_receipts(call.caller, told, at=call.at)
        return whole(answers.write_done())

    async def _count(self, call: Call, kind: Kind) -> web.Response:
        return whole(answers.write_count(await self.mailbox.count_waiting(call.caller, kind)))

    async def _get(self, call: Call) -> web.StreamResponse:
        async with self._collected(call) as leaving:
            frame = frame_content(leaving.size_bytes)

            async def encoded() -> AsyncIterator[bytes]:
                yield frame.prefix
                held = b""
                async for chunk in leaving.chunks():
                    text, held = encode_content(held, chunk)
                    yield text
                text, _ = encode_content(held, b"", last=True)
                yield text + frame.suffix

            return await stream(
                call.request, encoded(), "application/json; charset=utf-8", length=frame.content_length
            )

    async def _download(self, call: Call) -> web.StreamResponse:
        async with self._collected(call) as leaving:
            return await stream(
                call.request, leaving.chunks(), "application/octet-stream", length=leaving.size_bytes
            )

    @asynccontextmanager
    async def _collected(self, call: Call) -> AsyncIterator[Leaving]:
        """Open a package for its system, which keeps a place until it has left."""
        with ExitStack() as place:
            yield await self.mailbox.collect(
                call.caller,
                read_document(call.arguments).doc_id,
                at=call.at,
                make_room=lambda size: place.enter_context(self.limits.downloading(call.caller.id, size)),
            )

    async def _confirm(self, call: Call) -> web.Response:
        asked = read_confirm(call.arguments)
        await self.mailbox.confirm(
            call.caller, asked.doc_id, asked.confirmation, asked.description, at=call.at
        )
        return whole(answers.write_done())

    async def _list_agencies(self, call: Call) -> web.Response:
        directory = await self.directory.current()
        return whole(answers.write_agencies(listing.directory_items(directory)))

    async def _list_agencies_qd20(self, call: Call) -> web.Response:
        directory = await self.directory.current()
        return whole(answers.write_agencies_qd20(listing.qd20_items(directory)))

    async def _list_units(self, call: Call) -> web.Response:
        directory = await self.directory.current()
        return whole(answers.write_units(listing.units(directory)))

    async def _register(self, call: Call) -> web.Response:
        body = await read_small_body(call.request, limit=_REGISTRATION_BYTES)
        await self.registry.register(call.caller, read_registration(body), at=call.at)
        return whole(answers.write_done())

    async def _delete(self, call: Call) -> web.Response:
        await self.registry.delete(call.caller, read_delete(call.arguments).code, at=call.at)
        return whole(answers.write_done())

    def _answer_failure(self, operation: Operation, error: LienthongError) -> web.Response:
        receipt = error.receipt if isinstance(error, Refusal) else b""
        body = answers.write_failure(
            operation, vxp_code(error), vxp_words(error), receipt=json.loads(receipt) if receipt else None
        )
        response = whole(body)
        if not isinstance(error, Refusal):
            after = error.after if isinstance(error, Delay) else Delay.after
            response.headers["Retry-After"] = str(max(1, math.ceil(after.total_seconds())))
        return response


_ACTS: dict[Operation, Callable[[VxpApi, Call], Awaitable[web.StreamResponse]]] = {
    Operation.SEND: VxpApi._send,
    Operation.LIST_RECEIVED: VxpApi._list_received,
    Operation.LIST_SENT: VxpApi._list_sent,
    Operation.GET: VxpApi._get,
    Operation.DOWNLOAD: VxpApi._download,
    Operation.CONFIRM: VxpApi._confirm,
    Operation.COUNT_DOCUMENTS: lambda api, call: api._count(call, Kind.DOCUMENT),
    Operation.COUNT_STATUSES: lambda api, call: api._count(call, Kind.STATUS),
    Operation.LIST_AGENCIES: VxpApi._list_agencies,
    Operation.LIST_AGENCIES_QD20: VxpApi._list_agencies_qd20,
    Operation.LIST_UNITS: VxpApi._list_units,
    Operation.REGISTER: VxpApi._register,
    Operation.DELETE: VxpApi._delete,
    Operation.LIST_RECEIPTS: VxpApi._list_receipts,
    Operation.TELL_RECEIPTS: VxpApi._take_receipts,
}
