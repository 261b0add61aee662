"""A road to the axis on which things go wrong on demand.

A small HTTP proxy on the loopback, put between a gateway and its hub by the demo and by tests. It changes
no byte of what it lets through; where the network could fail, it fails when told to:

    async with FaultyAxis("http://127.0.0.1:8080/vxp") as axis:
        ...                                      # the gateway's axis.url is axis.url
        axis.fault = Fault.AWAY                  # from now on
        axis.fault = None                        # the axis is back
        axis.plan(Fault.SWALLOWED, count=1, operation="sendEdoc")
        await axis.met()                         # until it has struck
        axis.passages                            # every request that was seen, and what became of it

One request per connection, so that every fault strikes exactly one request.
"""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HEAD_BYTES = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_HOST = "127.0.0.1"
_FAILED = b"<html><body><h1>500 Internal Server Error</h1></body></html>"
_NONSENSE = b'{"status":\xff\xfe"OK","data":[[[}'


class Fault(StrEnum):
    """What may go wrong on the road.

    A request is *forwarded* when the axis got all of it. Only then may the axis have acted on it.
    """

    AWAY = "away"  # nobody listens: new connections are refused, open ones cut; knows no operation
    CUT_BEFORE = "cut-before"  # cut once the head of the request is here; nothing is forwarded
    CUT_WITHIN = "cut-within"  # the axis gets a part of the request, then both sides are cut
    CUT_AFTER = "cut-after"  # forwarded, and cut without waiting for the answer
    SWALLOWED = "swallowed"  # forwarded and answered; the answer is thrown away, the caller is cut
    CUT_ANSWER = "cut-answer"  # forwarded and answered; the caller gets half of the answer
    SILENT = "silent"  # not forwarded, never answered: the caller waits until it gives up
    LATE = "late"  # forwarded; the answer comes after `FaultyAxis.delay` seconds
    FAILED = "failed"  # not forwarded; answered with HTTP 500 and a page of HTML
    NONSENSE = "nonsense"  # not forwarded; answered with HTTP 200 and rubbish


@dataclass(slots=True, kw_only=True)
class Passage:
    """One request seen: the fault it met, the HTTP status that went back, whether the axis told of failure.

    Shape: package is what the request names as its body's hash and its recipients, as the wire has it.
    """

    operation: str
    fault: Fault | None
    package: str = ""
    status: int | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """The head of a request; chunked when its length is not known."""

    head: bytes
    operation: str
    package: str
    length: int | None
    expects: bool


class FaultyAxis:
    """The road between a gateway and the hub at target_url."""

    def __init__(self, target_url: str, *, delay: float = 1.0) -> None:
        """Prepare; the road opens with ``async with``.

        Shape: target_url is ``http://HOST:PORT/PATH``, the hub's own axis address; it may be set anew.
        Units: delay is seconds, for `Fault.LATE`.
        """
        self.target_url = target_url
        self.delay = delay
        self.passages: list[Passage] = []
        self._fault: Fault | None = None
        self._left: int | None = None
        self._operation: str | None = None
        self._struck = asyncio.Event()
        self._port = 0
        self._reservation: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter | None] = {}

    @property
    def url(self) -> str:
        """Return the address to give to the gateway instead of target_url."""
        return f"http://{_HOST}:{self._port}{urlsplit(self.target_url).path}"

    @property
    def fault(self) -> Fault | None:
        """Return the fault now planned, None when all is well."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        self.plan(fault)

    def plan(self, fault: Fault | None, *, count: int | None = None, operation: str | None = None) -> None:
        """Let a fault strike from now on.

        Shape: count is how many requests it strikes, without it all; operation is the only one it strikes,
        as the wire spells it, such as ``sendEdoc``. `Fault.AWAY` takes neither.
        """
        if fault is Fault.AWAY and (count, operation) != (None, None):
            raise ValueError("a refused connection has neither a count nor an operation")
        self._fault, self._left, self._operation = fault, count, operation
        self._struck.clear()
        if fault is Fault.AWAY:
            self._go_away()
        elif self._reservation is not None:
            self._listen()

    async def met(self, *, timeout: float = 30.0) -> None:
        """Wait until the planned fault has struck as often as planned, or once. Errors: TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._struck.wait()

    async def __aenter__(self) -> Self:
        """Open the road; the port stays ours also while nobody listens."""
        self._reservation = _bound(0)
        self._port = self._reservation.getsockname()[1]
        if self._fault is not Fault.AWAY:
            self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut everything."""
        self._go_away()
        await asyncio.sleep(0)  # who was just let in begins, or nobody would close its socket
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._reservation is not None:
            self._reservation.close()
            self._reservation = None

    def _listen(self) -> None:
        if self._listener is not None:
            return
        self._listener = _bound(self._port)
        self._listener.listen(128)
        asyncio.get_running_loop().add_reader(self._listener, self._let_in, self._listener)

    def _go_away(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        for writer in self._open.values():
            if writer is not None:
                writer.transport.abort()

    def _let_in(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # who knocked has gone again
            caller, _ = listener.accept()
            task = asyncio.get_running_loop().create_task(self._carry(caller))
            self._open[task] = None
            task.add_done_callback(self._open.pop)

    async def _carry(self, caller: socket.socket) -> None:
        """Carry one request over and its answer back; a connection that breaks ends the passage."""
        reader, writer = await asyncio.open_connection(sock=caller, limit=_HEAD_BYTES)
        self._open[asyncio.current_task()] = writer  # type: ignore[index]
        if self._listener is None:  # gone away in the meantime
            writer.transport.abort()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            ask = _read_head(await reader.readuntil(b"\r\n\r\n"))
            fault = self._strike(ask.operation)
            passage = Passage(operation=ask.operation, fault=fault, package=ask.package)
            self.passages.append(passage)
            try:
                await self._pass(ask, passage, reader, writer)
            finally:
                if fault is not None and fault is self._fault and self._left in (None, 0):
                    self._struck.set()
        writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    def _strike(self, operation: str) -> Fault | None:
        if self._fault is None or self._left == 0 or self._operation not in (None, operation):
            return None
        if self._left is not None:
            self._left -= 1
        return self._fault

    async def _pass(
        self, ask: _Ask, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Do to one request what the fault says."""
        if passage.fault is Fault.CUT_BEFORE:
            writer.transport.abort()
            return
        if ask.expects:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if passage.fault in (Fault.SILENT, Fault.FAILED, Fault.NONSENSE):
            await _answer_alone(ask, passage, reader, writer)
            return
        target = urlsplit(self.target_url)
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port or 80)
        try:
            if passage.fault is Fault.CUT_WITHIN:
                await _forward_part(ask, reader, far_writer)
                writer.transport.abort()
                return
            sending = asyncio.create_task(_forward(ask, reader, far_writer))
            try:
                await self._bring_back(passage, sending, far_reader, writer)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        finally:
            far_writer.transport.abort()

    async def _bring_back(
        self,
        passage: Passage,
        sending: "asyncio.Task[None]",
        far_reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if passage.fault is None:
            while part := await far_reader.read(_CHUNK_BYTES):
                await _say(part, passage, writer)
            return
        await sending
        if passage.fault is Fault.CUT_AFTER:
            writer.transport.abort()
        answer = await far_reader.read(-1)  # even unwanted: an axis that is cut off here might not act
        if passage.fault is Fault.SWALLOWED:
            writer.transport.abort()
        if passage.fault is Fault.LATE:
            await asyncio.sleep(self.delay)
            await _say(answer, passage, writer)
        if passage.fault is Fault.CUT_ANSWER:
            await _say(answer[: max(1, len(answer) - 8)], passage, writer)


def _bound(port: int) -> socket.socket:
    """Bind a loopback socket; the reservation and the listener share one port."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.setblocking(False)
    bound.bind((_HOST, port))
    return bound


def _read_head(head: bytes) -> _Ask:
    """Read what the road must know, and ask the axis for one answer per connection."""
    first, *lines = head[:-4].split(b"\r\n")
    kept, length, chunked, expects = [first], 0, False, False
    named: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"content-length":
            length = int(value)
        named[name] = value
        chunked = chunked or (name == b"transfer-encoding" and value.lower() == b"chunked")
        expects = expects or name == b"expect"
        if name not in (b"connection", b"expect"):
            kept.append(line)
    package = named.get(b"xroadvnpt-hash-file", b"") + named.get(b"xroadvnpt-to", b"")
    path = first.split()[1].split(b"?")[0].decode("latin-1")
    return _Ask(
        head=b"\r\n".join([*kept, b"Connection: close", b"", b""]),
        operation=path.rpartition("/")[2],
        package=package.decode("latin-1"),
        length=None if chunked else length,
        expects=expects,
    )


async def _body(ask: _Ask, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield the body of a request as it came, chunk marks included."""
    if ask.length is not None:
        left = ask.length
        while left and (part := await reader.read(min(left, _CHUNK_BYTES))):
            left -= len(part)
            yield part
        if left:
            raise ConnectionError("the caller went away")
        return
    size = 1
    while size:
        mark = await reader.readuntil(b"\r\n")
        size = int(mark.split(b";")[0], 16)
        yield mark + await reader.readexactly(size + 2)


async def _forward(ask: _Ask, reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter) -> None:
    far_writer.write(ask.head)
    # An axis may refuse, and close, before it has read everything: its answer counts, not our writing.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        async for part in _body(ask, reader):
            far_writer.write(part)
            await far_writer.drain()


async def _forward_part(ask: _Ask, reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter) -> None:
    """Forward less than everything: half of the first part, or of the head where there is no body."""
    if ask.length == 0:
        far_writer.write(ask.head[: len(ask.head) // 2])
        await far_writer.drain()
        return
    far_writer.write(ask.head)
    async for part in _body(ask, reader):
        far_writer.write(part[: len(part) // 2])
        await far_writer.drain()
        return


async def _answer_alone(
    ask: _Ask, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    async for _ in _body(ask, reader):
        pass
    if passage.fault is Fault.SILENT:
        await reader.read(1)
        return
    status, body = (500, _FAILED) if passage.fault is Fault.FAILED else (200, _NONSENSE)
    await _say(b"HTTP/1.1 %d -\r\nConnection: close\r\n\r\n%b" % (status, body), passage, writer)


async def _say(answer: bytes, passage: Passage, writer: asyncio.StreamWriter) -> None:
    """Write a part of an answer, noting what it says."""
    if passage.status is None and (status := re.match(rb"HTTP/1.1 (\d{3})", answer)):
        passage.status = int(status[1])
    passage.declined = passage.declined or b'"status":"FAIL"' in answer
    writer.write(answer)
    await writer.drain()
