"""Who listens to a node: a mail server and a webhook's receiver, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from aiohttp import web

from gateway.clients.webhooks import SIGNATURE


@asynccontextmanager
async def mail_server(
    taken: list[bytes], *, unknown: Collection[str] = (), busy: Collection[str] = (), port: int = 0
) -> AsyncIterator[int]:
    """Speak as much SMTP as a client needs; lends its port.

    Shape: unknown are recipients that are refused for ever, busy those that are not taken now.
    """

    def answer_to(line: bytes) -> bytes:
        if any(address.encode() in line for address in unknown):
            return b"550 no such mailbox\r\n"
        if any(address.encode() in line for address in busy):
            return b"450 come again\r\n"
        return b"250 ok\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                taken.append((await reader.readuntil(b"\r\n.\r\n"))[:-3])
            writer.write(b"221 bye\r\n" if verb == b"QUIT" else answer_to(line if verb == b"RCPT" else b""))
            if verb == b"QUIT":
                break
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", port, limit=1 << 24)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def listener(status: int, got: list[tuple[str, bytes]]) -> AsyncIterator[str]:
    """Receive what a webhook posts, and answer with a status; lends the address."""

    async def take(request: web.Request) -> web.Response:
        got.append((request.headers[SIGNATURE], await request.read()))
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    finally:
        await runner.cleanup()
