"""HTTP/1.1 by hand, as the two HTTP libraries inside the VXP SDK speak it.

Apache HttpClient carries every call but one and asks ``Expect: 100-continue`` before any body;
HttpURLConnection carries ``sendEdoc`` and does not. Both repeat a request, byte for byte, when the
connection drops before an answer. Deliberately shares nothing with `clients.axis` or `vxp`.
"""

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.errors import Delay

_CHUNK_BYTES = 256 * 1024
_LINE_BYTES = 64 * 1024
# HttpClient waits this long for "100 Continue" before it sends the body anyway.
_CONTINUE_WAIT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One request, ready to be written.

    Shape: head ends with its empty line; content is bytes, or a file and what follows it; attempts counts
    all tries, refused_too says whether a refused connection is tried again.
    """

    head: bytes
    content: bytes | Path = b""
    ending: bytes = b""
    expect: bool = False
    attempts: int = 3
    refused_too: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    """One answer: its HTTP status, its body, and how much went into a file instead."""

    status: int
    body: bytes = b""
    size_bytes: int = 0


class _Dropped(Exception):
    """The connection ended before an answer began."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """One open connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    reusable: bool = True

    async def close(self) -> None:
        self.writer.close()
        with suppress(OSError, asyncio.TimeoutError):
            await asyncio.wait_for(self.writer.wait_closed(), 5)


@dataclass(slots=True, kw_only=True)
class Wire:
    """Connections to one server, opened for each request or kept for the next."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    keep_alive: bool
    patience: timedelta
    idle: list[_Line] = field(default_factory=list)

    async def ask(self, request: WireRequest, *, into: Path | None = None) -> WireAnswer:
        """Write a request and read its answer, repeating it as the SDK's libraries do.

        Errors: Delay ``dms-no-answer`` when no attempt brought one.
        """
        error: Exception = _Dropped()
        for _ in range(request.attempts):
            try:
                async with asyncio.timeout(self.patience.total_seconds()):
                    return await self._attempt(request, into)
            except ssl.SSLError as failed:
                error = failed
                break
            except (ConnectionRefusedError, _Dropped) as failed:
                error = failed
                if isinstance(failed, ConnectionRefusedError) and not request.refused_too:
                    break
            except (OSError, EOFError, ValueError, TimeoutError, zlib.error) as failed:
                error = failed
                break
        raise Delay.because(
            "dms-no-answer",
            vi="Phần mềm quản lý văn bản mẫu không nhận được trả lời.",
            en="The sample DMS got no answer.",
        ) from error

    async def close(self) -> None:
        """Close the connections that were kept."""
        while self.idle:
            await self.idle.pop().close()

    async def _attempt(self, request: WireRequest, into: Path | None) -> WireAnswer:
        line = await self._free_line()
        try:
            answer = await self._exchange(line, request, into)
        except BaseException:
            line.writer.transport.abort()
            raise
        if self.keep_alive and line.reusable:
            self.idle.append(line)
        else:
            await line.close()
        return answer

    async def _free_line(self) -> _Line:
        while self.idle:
            line = self.idle.pop()
            if not line.reader.at_eof():
                return line
            await line.close()  # the server has hung up meanwhile
        return await self._open()

    async def _open(self) -> _Line:
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls, limit=_LINE_BYTES)
        return _Line(reader=reader, writer=writer)

    async def _exchange(self, line: _Line, request: WireRequest, into: Path | None) -> WireAnswer:
        first: bytes | None = None
        try:
            if request.expect:
                line.writer.write(request.head)
                await line.writer.drain()
                first = await _first_line(line.reader, _CONTINUE_WAIT)
                if first is not None and b" 100" in first:
                    while (await line.reader.readline()).strip():
                        pass
                    first = None
                elif first is not None:
                    line.reusable = False  # answered without waiting for the body, which is not sent then
            if first is None:
                await _write_content(line.writer, request)
                first = await _first_line(line.reader, None)
        except ConnectionError as error:
            raise _Dropped from error
        if not first:
            raise _Dropped
        return await _read_answer(line, first, into)


async def _first_line(reader: asyncio.StreamReader, seconds: float | None) -> bytes | None:
    try:
        return await asyncio.wait_for(reader.readline(), seconds)
    except TimeoutError:
        return None


async def _write_content(writer: asyncio.StreamWriter, request: WireRequest) -> None:
    head = b"" if request.expect else request.head
    if isinstance(request.content, bytes):
        writer.write(head + request.content + request.ending)
        await writer.drain()
        return
    writer.write(head)
    with await asyncio.to_thread(request.content.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    writer.write(request.ending)
    await writer.drain()


async def _read_answer(line: _Line, first: bytes, into: Path | None) -> WireAnswer:
    version, status, *_ = first.decode("latin-1").split(None, 2)
    headers: dict[str, str] = {}
    while text := (await line.reader.readline()).decode("latin-1").strip():
        name, _, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("connection", "").lower() == "close" or version != "HTTP/1.1":
        line.reusable = False
    parts = _unpacked(_body(line, int(status), headers), headers)
    if into is None:
        body = b"".join([part async for part in parts])
        return WireAnswer(status=int(status), body=body, size_bytes=len(body))
    size = 0
    with await asyncio.to_thread(into.open, "wb") as file:
        async for part in parts:
            size += await asyncio.to_thread(file.write, part)
    return WireAnswer(status=int(status), size_bytes=size)


async def _body(line: _Line, status: int, headers: dict[str, str]) -> AsyncIterator[bytes]:
    if status in (204, 304):
        return
    if "chunked" in headers.get("transfer-encoding", "").lower():
        while size := int((await line.reader.readline()).split(b";")[0], 16):
            yield await line.reader.readexactly(size)
            await line.reader.readline()
        while (await line.reader.readline()).strip():
            pass
        return
    left = int(headers["content-length"]) if "content-length" in headers else None
    if left is None:
        line.reusable = False
    while left is None or left > 0:
        part = await line.reader.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES))
        if not part and left is None:
            return
        if not part:
            raise EOFError("the answer ended early")
        left = None if left is None else left - len(part)
        yield part


async def _unpacked(parts: AsyncIterator[bytes], headers: dict[str, str]) -> AsyncIterator[bytes]:
    if headers.get("content-encoding", "").lower() not in ("gzip", "deflate"):
        async for part in parts:
            yield part
        return
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for part in parts:
        yield unpacker.decompress(part)
    yield unpacker.flush()
