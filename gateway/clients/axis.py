"""The axis as we reach it: send, lists, download, confirm, directory.

Speaks `vxp` over one injected HTTP session and knows nothing of dispatches. What it must never do: promise
that nothing arrived when something may have, or take an unreadable list for an empty one. The walk comes
here from `exchange.delivery` and `exchange.worker`.
"""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import aiohttp
from yarl import URL

from gateway.clients.limits import AxisLimits
from gateway.clients.transfer import Body, SendBody, Sink, chunks_of, pour
from gateway.errors import Delay, Misconfiguration
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, SystemId
from gateway.model.text import normalise
from gateway.vxp import answers
from gateway.vxp.answers import SendAnswer
from gateway.vxp.content import ContentReader
from gateway.vxp.items import DirectoryItem, ReceivedItem, SentItem, UnitItem
from gateway.vxp.operations import FORMS, Operation
from gateway.vxp.receipts import (
    ReceiptItem,
    ReceiptsRequest,
    read_receipts,
    write_receipts_request,
    write_told_receipts,
)
from gateway.vxp.requests import (
    Confirmation,
    ConfirmRequest,
    DeleteRequest,
    DocumentRequest,
    ListRequest,
    Registration,
    write_confirm,
    write_delete,
    write_document,
    write_list,
    write_registration,
    write_send,
)
from gateway.vxp.signing import sign_headers

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

# These end before the first byte of a request leaves: refused, unknown host, TLS, no connection in time.
_NOTHING_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
)
_ON_THE_LOOP_BYTES = 64 << 10
# What changes something on the axis: without an answer nobody knows whether it did.
_CHANGING = frozenset({Operation.SEND, Operation.CONFIRM, Operation.REGISTER, Operation.DELETE})


class _Reader(Protocol[T_co]):
    """What reads an answer, given the numbers that are final."""

    def __call__(self, body: bytes, *, permanent: frozenset[str]) -> T_co: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The axis that we are connected to as one system.

    Shape: on_answer is called whenever a call got a sound answer.
    Errors, of every call: Refusal ``axis-refused`` when the axis answers a number that is final, Delay
    ``axis-failed`` for any other number, Delay ``axis-away`` when nothing reached it or, from calls that
    change nothing, no answer came, Delay ``answer-unreadable`` when such a call got no sound answer, Delay
    ``outcome-unknown`` when a call that changes something may have reached it and no sound answer came.
    """

    session: aiohttp.ClientSession
    endpoint: str
    system: SystemId
    secret: bytes = field(repr=False)
    clock: Callable[[], datetime]
    limits: AxisLimits = field(default_factory=AxisLimits)
    permanent: frozenset[str] = answers.PERMANENT
    on_answer: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        try:
            url = URL(self.endpoint)
        except ValueError:
            url = URL()
        if url.scheme not in ("http", "https") or not url.host or url.query_string or url.fragment:
            raise Misconfiguration.because(
                "axis-endpoint",
                vi="Địa chỉ trục phải là một URL http hoặc https, không có tham số.",
                en="The axis's endpoint must be an http or https URL without query.",
            )

    async def hand_over(
        self,
        open_body: Body,
        size_bytes: int,
        digest: Digest,
        *,
        sender: AgencyCode,
        recipients: Sequence[AgencyCode] | None,
        kind: Kind,
    ) -> SendAnswer:
        """Hand over one package.

        Shape: open_body yields exactly size_bytes bytes with that digest.
        Errors: as the class says; Delay ``package-unreadable`` when the body breaks or has another length,
        in which case the axis never saw the end of it.
        """
        content = SendBody(open_body, size_bytes)
        arguments = write_send(
            sender=sender,
            recipients=None if recipients is None else tuple(recipients),
            kind=kind,
            digest=digest,
        )
        try:
            return await self._call(
                Operation.SEND,
                arguments,
                answers.read_send_answer,
                content=content.chunks(),
                size=size_bytes + 2,
            )
        except Delay as delay:
            if content.fault is None:
                raise
            raise _unreadable_package() from (content.fault if delay.code == "outcome-unknown" else delay)

    async def list_sent(
        self, since: datetime, until: datetime, *, kind: Kind = Kind.DOCUMENT
    ) -> tuple[SentItem, ...]:
        """List what became of the packages we sent, one item per recipient."""
        request = ListRequest(kind=kind, from_at=since, to_at=until)
        return await self._call(Operation.LIST_SENT, write_list(request), answers.read_sent_list)

    async def list_receipts(self, request: ReceiptsRequest) -> tuple[ReceiptItem, ...]:
        """List receipts that the axis signed for us; only a Liên Thông hub knows how."""
        return await self._call(Operation.LIST_RECEIPTS, write_receipts_request(request), read_receipts)

    async def tell_receipts(self, items: Sequence[ReceiptItem]) -> None:
        """Tell the axis what we signed about packages that it brought; saying it again is harmless."""
        arguments, body = write_told_receipts(items)
        await self._call(Operation.TELL_RECEIPTS, arguments, answers.read_done, content=body, size=len(body))

    async def list_received(
        self, kind: Kind, window: tuple[datetime, datetime] | None = None
    ) -> tuple[ReceivedItem, ...]:
        """List the packages that wait for us; with a window, on an axis that does so, all that came in it."""
        from_at, to_at = window or (None, None)
        request = ListRequest(kind=kind, from_at=from_at, to_at=to_at)
        return await self._call(Operation.LIST_RECEIVED, write_list(request), answers.read_received_list)

    async def count_received(self, kind: Kind) -> int:
        """Count the packages that wait for us."""
        operation = Operation.COUNT_STATUSES if kind is Kind.STATUS else Operation.COUNT_DOCUMENTS
        return await self._call(operation, write_list(ListRequest(kind=kind)), answers.read_count)

    async def download(self, doc_id: str, sink: Sink) -> int:
        """Fetch one package into a sink and return its size.

        ``downloadEdoc`` has no words for an error but an empty body, so ``getEdoc`` is asked then.

        Errors: as the class says; Refusal ``package-too-large``. What the sink got is worthless unless a
        size comes back.
        """
        arguments = write_document(DocumentRequest(doc_id=doc_id))
        async with self._ask(Operation.DOWNLOAD, arguments, size=self.limits.download_bytes) as response:
            # Axes that do not know the operation, or refuse it by status, may still know the other.
            sound = response.status == 200
            size = await pour(chunks_of(response), sink, limit=self.limits.download_bytes) if sound else 0
        if size:
            return size
        async with self._ask(Operation.GET, arguments, size=self.limits.download_bytes) as response:
            size = await pour(self._decoded(response), sink, limit=self.limits.download_bytes)
            if not size:
                raise answers.unreadable("data")
            return size

    async def confirm(self, doc_id: str, confirmation: Confirmation, description: str | None = None) -> None:
        """Tell the axis what became of a package it holds for us; saying it again is harmless.

        Shape: description loses its accents, since headers carry ASCII only.
        """
        request = ConfirmRequest(
            doc_id=doc_id,
            confirmation=confirmation,
            description=None if description is None else _ascii(description),
        )
        await self._call(Operation.CONFIRM, write_confirm(request), answers.read_done)

    async def list_agencies(self) -> tuple[DirectoryItem, ...]:
        """List the axis's directory."""
        return await self._call(Operation.LIST_AGENCIES, {}, answers.read_agencies)

    async def list_agencies_qd20(self) -> tuple[DirectoryItem, ...]:
        """List the axis's directory in codes of QĐ 20/2020."""
        return await self._call(Operation.LIST_AGENCIES_QD20, {}, answers.read_agencies_qd20)

    async def list_units(self) -> tuple[UnitItem, ...]:
        """List the units of the synchronised directory."""
        return await self._call(Operation.LIST_UNITS, {}, answers.read_units)

    async def register(self, registration: Registration) -> None:
        """Register an agency with the axis."""
        body = write_registration(registration)
        await self._call(Operation.REGISTER, {}, answers.read_done, content=body, size=len(body))

    async def delete(self, code: AgencyCode) -> None:
        """Delete an agency from the axis."""
        await self._call(Operation.DELETE, write_delete(DeleteRequest(code=code)), answers.read_done)

    async def _call(
        self,
        operation: Operation,
        arguments: Mapping[str, str],
        read: _Reader[T],
        *,
        content: AsyncIterator[bytes] | bytes | None = None,
        size: int = 0,
    ) -> T:
        async with self._ask(operation, arguments, content=content, size=size) as response:
            # Whatever a failing server or a proxy before it writes, it is not the axis's last word.
            permanent = self.permanent if response.status < 500 else frozenset[str]()
            answer = await _read_off_the_loop(read, await self._whole(response), permanent)
            if response.status >= 300:
                raise answers.unreadable("")
            self.on_answer()
            return answer

    @asynccontextmanager
    async def _ask(
        self,
        operation: Operation,
        arguments: Mapping[str, str],
        *,
        content: AsyncIterator[bytes] | bytes | None = None,
        size: int = 0,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request and lend its response; what goes wrong is said in our words."""
        form = FORMS[operation]
        headers = sign_headers(
            arguments, system=self.system, secret=self.secret, at=self.clock(), content_type=form.content_type
        )
        headers.append(("Accept-Encoding", "identity"))
        if content is not None:
            headers.append(("Content-Length", str(size)))
        try:
            async with self.session.request(
                form.method,
                URL(self.endpoint) / operation.value,
                headers=headers,
                data=form.body if content is None else content,
                allow_redirects=False,  # a redirected call would arrive without its body or signature
                timeout=self.limits.timeout(size),
            ) as response:
                yield response
        except _NOTHING_SENT as error:
            raise _away() from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise (_unknown() if operation in _CHANGING else _away()) from error
        except Delay as delay:
            if operation in _CHANGING and delay.code == "answer-unreadable":
                raise _unknown() from delay
            raise

    async def _whole(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in chunks_of(response):
            body += chunk
            if len(body) > self.limits.list_bytes:
                raise answers.unreadable("")
        return bytes(body)

    async def _decoded(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        reader = ContentReader(permanent=self.permanent if response.status < 500 else frozenset())
        async for chunk in chunks_of(response):
            yield reader.feed(chunk)
        reader.finish()


async def _read_off_the_loop(read: _Reader[T], body: bytes, permanent: frozenset[str]) -> T:
    """Read an answer; one of thousands of lines in a thread."""
    if len(body) <= _ON_THE_LOOP_BYTES:
        return read(body, permanent=permanent)
    return await asyncio.to_thread(read, body, permanent=permanent)


def _ascii(text: str) -> str:
    folded = normalise(text.replace("đ", "d").replace("Đ", "D")[:2000], "NFKD")
    return "".join(char if " " <= char <= "~" else " " for char in folded if not unicodedata.combining(char))[
        :500
    ]


def _away() -> Delay:
    return Delay.because("axis-away", vi="Chưa liên lạc được với trục.", en="The axis cannot be reached.")


def _unknown() -> Delay:
    return Delay.because(
        "outcome-unknown",
        vi="Trục có thể đã nhận yêu cầu nhưng chưa có trả lời.",
        en="The axis may have got the request, but no answer came.",
    )


def _unreadable_package() -> Delay:
    return Delay.because(
        "package-unreadable",
        vi="Không đọc được trọn gói tin đã lưu; gói tin chưa được gửi đi.",
        en="The stored package could not be read to its end; it was not sent.",
    )
