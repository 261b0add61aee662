"""The road to the axis: it lets everything through unchanged, and fails exactly as told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from gateway.sandbox.faulty_axis import Fault, FaultyAxis

LIMIT = aiohttp.ClientTimeout(total=5)


@dataclass
class Hub:
    """Remembers what reached it whole."""

    url: str = ""
    whole: list[bytes] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.whole.append(body)
        self.reached.set()
        return web.Response(body=b"ok:" + body[:10], headers={"X-Path": request.path})


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub()
    app = web.Application(client_max_size=10 * 1024 * 1024)
    app.router.add_route("*", "/vxp/{operation}", hub.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}/vxp"
    yield hub
    await runner.cleanup()


@pytest.fixture
async def axis(hub: Hub) -> AsyncIterator[FaultyAxis]:
    async with FaultyAxis(hub.url, delay=0.05) as road:
        yield road


async def ask(
    axis: FaultyAxis, body: bytes = b"package", *, operation: str = "sendEdoc"
) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession(timeout=LIMIT) as session,
        session.post(f"{axis.url}/{operation}", data=body) as response,
    ):
        return response.status, await response.read()


async def test_without_a_fault_everything_passes_unchanged(axis: FaultyAxis, hub: Hub) -> None:
    """A body larger than any buffer arrives byte for byte, and so does the answer."""
    body = bytes(range(256)) * 3000
    assert await ask(axis, body) == (200, b"ok:" + body[:10])
    assert hub.whole == [body]
    assert [(p.operation, p.fault, p.status) for p in axis.passages] == [("sendEdoc", None, 200)]


async def test_a_chunked_body_passes_too(axis: FaultyAxis, hub: Hub) -> None:
    """A caller that does not know its length is carried like any other."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part"

    async with aiohttp.ClientSession(timeout=LIMIT) as session:
        await session.post(f"{axis.url}/sendEdoc", data=parts(), headers={"Expect": "100-continue"})
    assert hub.whole == [b"partpartpart"]


async def test_an_axis_that_is_away_refuses_connections_and_comes_back(axis: FaultyAxis, hub: Hub) -> None:
    """Not a cut but a refusal, so that a caller may be sure that nothing arrived; then all is as before."""
    axis.fault = Fault.AWAY
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(axis)
    axis.fault = None
    assert (await ask(axis))[0] == 200
    assert len(hub.whole) == 1


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_WITHIN])
async def test_a_request_cut_early_never_reaches_the_axis_whole(
    axis: FaultyAxis, hub: Hub, fault: Fault
) -> None:
    """The caller sees a cut; the axis has nothing to act on."""
    axis.plan(fault, count=1)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ask(axis, b"x" * 300_000)
    await axis.met()
    assert hub.whole == []
    assert (await ask(axis))[0] == 200


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.SWALLOWED, Fault.CUT_ANSWER])
async def test_a_lost_answer_leaves_the_request_with_the_axis(
    axis: FaultyAxis, hub: Hub, fault: Fault
) -> None:
    """The axis has acted, the caller cannot know."""
    axis.plan(fault, count=1)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await ask(axis)
    await axis.met()
    await asyncio.wait_for(hub.reached.wait(), 5)
    assert hub.whole == [b"package"]


async def test_a_late_answer_is_still_the_answer(axis: FaultyAxis, hub: Hub) -> None:
    """Only time is lost."""
    axis.plan(Fault.LATE, count=1)
    assert await ask(axis) == (200, b"ok:package")


@pytest.mark.parametrize(("fault", "status"), [(Fault.FAILED, 500), (Fault.NONSENSE, 200)])
async def test_a_failing_axis_answers_without_the_hub(
    axis: FaultyAxis, hub: Hub, fault: Fault, status: int
) -> None:
    """A proxy before the hub speaks in its place."""
    axis.fault = fault
    got, body = await ask(axis)
    assert (got, hub.whole) == (status, [])
    assert body


async def test_a_silent_axis_keeps_the_caller_waiting(axis: FaultyAxis, hub: Hub) -> None:
    """Nothing comes until the caller gives up."""
    axis.fault = Fault.SILENT
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask(axis), 0.1)
    assert hub.whole == []


async def test_a_fault_strikes_only_its_operation_and_only_so_often(axis: FaultyAxis) -> None:
    """Count and operation bound it; what it does not strike passes."""
    axis.plan(Fault.FAILED, count=2, operation="sendEdoc")
    operations = ["getEdoc", "sendEdoc", "sendEdoc", "sendEdoc"]
    assert [(await ask(axis, operation=name))[0] for name in operations] == [200, 500, 500, 200]
    await axis.met()


async def test_a_refused_connection_cannot_be_counted(axis: FaultyAxis) -> None:
    """Nobody sees who was refused."""
    with pytest.raises(ValueError, match="refused connection"):
        axis.plan(Fault.AWAY, count=1)
