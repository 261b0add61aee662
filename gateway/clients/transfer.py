"""Documents on the move between us and the axis: streams both ways, at flat memory."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp

from gateway.errors import Delay, Refusal
from gateway.vxp.answers import unreadable
from gateway.vxp.content import starts_as_document

Body = Callable[[], AsyncIterator[bytes]]
Sink = Callable[[bytes], Awaitable[None]]

_CHUNK_BYTES = 256 * 1024
_SMALL_BYTES = 64 * 1024


class SendBody:
    """The body of ``sendEdoc``: the file and the CR LF behind it; remembers when the file was at fault."""

    def __init__(self, open_body: Body, size_bytes: int) -> None:
        self._open = open_body
        self._size = size_bytes
        self.fault: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file and CR LF, small chunks joined, so that they leave in one write.

        A file of another length than was said never leaves whole: one chunk is always held back.
        """
        sent, held = 0, b""
        try:
            async for chunk in self._open():
                sent += len(chunk)
                if sent > self._size:
                    raise ValueError("the body is longer than was said")
                if len(held) + len(chunk) <= _SMALL_BYTES:
                    held += chunk
                    continue
                if held:
                    yield held
                held = chunk
            if sent < self._size:
                raise ValueError("the body is shorter than was said")
        except Exception as error:
            self.fault = error
            raise
        if len(held) <= _SMALL_BYTES:
            yield held + b"\r\n"
        else:
            yield held
            yield b"\r\n"


async def chunks_of(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Yield a response's body as it comes."""
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        yield chunk


async def take_small(response: aiohttp.ClientResponse, *, limit: int) -> bytes:
    """Take a body that has no business being large.

    Errors: Delay ``answer-too-large`` beyond the limit.
    """
    body = b""
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise Delay.because(
                "answer-too-large",
                vi=f"trả lời dài hơn {limit} byte",
                en=f"the answer is longer than {limit} bytes",
            )
    return body


async def pour(chunks: AsyncIterator[bytes], sink: Sink, *, limit: int) -> int:
    """Pass a document on to a sink, if it is one, and return its size; 0 when nothing came at all.

    Errors: Delay ``answer-unreadable`` for an error page, blanks or a document without its end; Refusal
    ``package-too-large`` beyond the limit.
    """
    size, head, started, last = 0, b"", False, b""
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_large()
        last = chunk.rstrip()[-1:] or last
        if started:
            await sink(chunk)
            continue
        head += chunk
        verdict = starts_as_document(head)
        if verdict is False:
            raise unreadable("")
        if verdict:
            started = True
            await sink(head)
            head = b""
    # A transfer without a length ends silently where it was cut; a document ends with its last tag.
    if size and not (started and last == b">"):
        raise unreadable("")
    return size


def _too_large() -> Refusal:
    return Refusal.because(
        "package-too-large",
        vi="Gói tin trên trục vượt quá dung lượng cho phép.",
        en="The package on the axis exceeds the size allowed.",
    )
