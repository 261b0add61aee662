"""How answers leave: whole, piece by piece, or in pages, and how a body is asked for.

Nothing here knows what is answered; vxp_api.py does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from aiohttp import HttpVersion11, web

from gateway.points import Point, passed
from gateway.vxp.answers import frame_list, items_of_list

Item = TypeVar("Item")

_PATIENCE_SECONDS = 60.0
_SLOWEST_BYTES_PER_SECOND = 8 << 10
# Writing so many lines keeps the loop for some two milliseconds.
_LINES_IN_A_PAGE = 100


def whole(body: bytes) -> web.Response:
    """Answer with JSON that is written already."""
    return web.Response(body=body, content_type="application/json", charset="utf-8")


async def stream(
    request: web.Request,
    chunks: AsyncIterator[bytes],
    content_type: str,
    *,
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """Answer piece by piece. When that fails midway the connection is cut: a cut transfer is no document.

    So it is when nobody reads: every byte earns its time, as with uploads, and what is waited for here is
    memory that others need.
    """
    response = web.StreamResponse(headers={"Content-Type": content_type, **(headers or {})})
    response.content_length = length
    await response.prepare(request)
    try:
        loop, left = asyncio.get_running_loop(), _PATIENCE_SECONDS
        async for chunk in chunks:
            began = loop.time()
            async with asyncio.timeout(left):
                await response.write(chunk)
            left += len(chunk) / _SLOWEST_BYTES_PER_SECOND - (loop.time() - began)
            passed(Point.CONTENT_LEAVING)
        await response.write_eof()
    except Exception as error:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the package could not be read to its end") from error
    return response


async def in_pages(items: Sequence[Item]) -> AsyncIterator[Sequence[Item]]:
    """Cut a list into pages, and let others on the loop between two of them."""
    for start in range(0, len(items), _LINES_IN_A_PAGE):
        yield items[start : start + _LINES_IN_A_PAGE]
        await asyncio.sleep(0)


async def list_in_pages(
    request: web.Request,
    pages: AsyncIterator[Sequence[Item]],
    write: Callable[[Iterable[Item]], bytes],
) -> web.StreamResponse:
    """Answer with a list: whole when it is one page, else page by page, of unknown length.

    Shape: write turns the items of a page into the answer they would be alone.
    """
    first = await anext(pages, None) or ()
    second = await anext(pages, None)
    if second is None:
        return whole(write(first))

    async def written() -> AsyncIterator[bytes]:
        opening, closing = frame_list()
        yield opening + items_of_list(write(first))
        yield b"," + items_of_list(write(second))
        async for page in pages:
            yield b"," + items_of_list(write(page))
        yield closing

    return await stream(request, written(), "application/json; charset=utf-8")


async def ask_for_body(request: web.Request) -> None:
    """Let a caller that waits to be asked for its body send it now.

    Source: RFC 9110, section 10.1.1.
    """
    waits = request.headers.get("Expect", "").lower() == "100-continue"
    if waits and request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer proper has not begun


async def answer_and_close(request: web.Request, response: web.Response) -> None:
    """Answer, and do not wait for a body that was not asked for and will not come."""
    response.force_close()
    await response.prepare(request)
    await response.write_eof()
    request.protocol.force_close()
