"""Small packages are judged together, and none is touched by what becomes of another."""

import asyncio

import pytest

from gateway.errors import Refusal
from gateway.exchange.sitting import Sitting


async def test_those_that_come_together_are_judged_in_a_row() -> None:
    """Nothing else gets its turn between them."""
    sitting, seen = Sitting(), []
    loop = asyncio.get_running_loop()

    def judge(number: int) -> int:
        loop.call_soon(seen.append, "something else")
        seen.append(str(number))
        return number

    found = await asyncio.gather(*(sitting.hear(lambda n=n: judge(n)) for n in range(3)))
    await asyncio.sleep(0)
    assert found == [0, 1, 2]
    assert seen == ["0", "1", "2", *["something else"] * 3]


async def test_a_refusal_is_told_to_whom_it_concerns() -> None:
    """The others get their verdict."""

    def refuse() -> str:
        raise Refusal.because("package-refused", vi="Không nhận.", en="Refused.")

    sitting = Sitting()
    first, second, third = await asyncio.gather(
        sitting.hear(lambda: "well"),
        sitting.hear(refuse),
        sitting.hear(lambda: "well"),
        return_exceptions=True,
    )
    assert (first, third) == ("well", "well")
    assert isinstance(second, Refusal)


async def test_who_has_gone_is_not_judged() -> None:
    """A caller that hung up costs nothing more; a sitting that nobody waits for does no harm."""
    judged: list[str] = []
    sitting = Sitting()
    gone = asyncio.create_task(sitting.hear(lambda: judged.append("gone")))
    there = asyncio.create_task(sitting.hear(lambda: judged.append("there")))
    await asyncio.sleep(0)
    gone.cancel()
    await there
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert judged == ["there"]


async def test_a_crowd_does_not_keep_others_waiting_without_end() -> None:
    """However many come in turn after turn, a sitting opens when it is full."""
    sitting, waiting_when_judged = Sitting(), []
    came: list[asyncio.Task[None]] = []

    async def crowd() -> None:
        while not waiting_when_judged:
            came.append(asyncio.create_task(sitting.hear(lambda: waiting_when_judged.append(len(came)))))
            await asyncio.sleep(0)

    await asyncio.wait_for(crowd(), timeout=10)
    await asyncio.gather(*came)
    assert waiting_when_judged[0] <= 20
    assert len(waiting_when_judged) == len(came)
