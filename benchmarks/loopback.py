"""What HTTP over loopback costs at all: a server that reads a body and answers nothing else.

``python -m benchmarks.loopback`` is that server; `measure_loopback` asks it.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from benchmarks.nodes import busy_seconds_of_process, on_core

_BODY = bytes(10_000)
_SECONDS = 2.0
_CONNECTIONS = 32


async def measure_loopback(core: int) -> float:
    """Tell how many POSTs of 10 KB a second of a server's processor time answers, its connections kept."""
    with on_core(core):
        server = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop yet
            [sys.executable, "-m", "benchmarks.loopback"], stdout=subprocess.PIPE, text=True
        )
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/"
        proc, count = Path(f"/proc/{server.pid}"), 0
        until = time.monotonic() + _SECONDS

        async def ask(session: aiohttp.ClientSession) -> None:
            nonlocal count
            while time.monotonic() < until:
                async with session.post(url, data=_BODY) as answer:
                    await answer.read()
                count += 1

        busy = busy_seconds_of_process(proc)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS)) as session:
            await asyncio.gather(*(ask(session) for _ in range(_CONNECTIONS)))
        return count / (busy_seconds_of_process(proc) - busy)
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


async def _serve() -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=b"{}")

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
