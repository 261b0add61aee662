"""Small packages are judged together, and none is touched by what becomes of another."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import pytest

from gateway.edxml.outline import DEFAULT_LIMITS
from gateway.errors import Refusal
from gateway.exchange.directory import Snapshot
from gateway.exchange.judge import Judge
from gateway.exchange.sitting import Sitting
from gateway.model.identifiers import Digest
from gateway.model.signature import SignaturePolicy
from gateway.store.spool import Spool
from gateway.trust.certificates import Anchors
from tests.packages import Sent, document

T = TypeVar("T")


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


async def test_others_have_their_turn_between_the_cases_of_a_great_crowd() -> None:
    """Sixteen are judged in a row, not all who came in one turn of the loop; and in the order they came."""
    sitting = Sitting()
    seen: list[object] = []
    loop = asyncio.get_running_loop()

    def judge(number: int) -> None:
        if not number:
            loop.call_soon(seen.append, "something else")
        seen.append(number)

    await asyncio.gather(*(sitting.hear(partial(judge, number)) for number in range(40)))
    assert seen == [*range(16), "something else", *range(16, 40)]


class _Counting(Sitting):
    heard_count = 0

    async def hear(self, judge: Callable[[], T]) -> T:
        self.heard_count += 1
        return await super().hear(judge)


@pytest.mark.parametrize(("elements_count", "heard_count"), [(100, 1), (10_000, 0)])
async def test_who_takes_long_though_small_holds_up_nobody(elements_count: int, heard_count: int) -> None:
    """Elements by the thousand in a few kilobytes are judged beside the loop."""
    plain = document(Sent(sender="H57.12"), ["H57.13"])
    sitting = _Counting()
    judge = Judge(
        limits=DEFAULT_LIMITS, anchors=Anchors(certificates=()), vouchers=frozenset(), sitting=sitting
    )
    end = b"</edXML:MessageHeader>"
    content = plain.replace(end, b"<a/>" * elements_count + end)
    spool = Spool(digest=Digest("0" * 64), size_bytes=len(content), content=content)
    at = datetime(2026, 4, 12, 3, tzinfo=UTC)
    verified = await judge.inspect(spool, Snapshot.of([], []), policy=SignaturePolicy.WARN, at=at)
    assert verified.package.sender.code
    assert sitting.heard_count == heard_count
