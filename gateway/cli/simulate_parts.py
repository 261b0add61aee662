"""Parts of the nation in programs of their own, as far as each other at every moment.

A part is told everything on its command line and plans the same year from the same seed. On its stdout it
says a line after each moment and what it saw at the end; on its stdin it hears when to go on.
"""

import asyncio
import contextlib
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from gateway.cli.simulate_nodes import living
from gateway.errors import Delay, Fault, LienthongError
from gateway.sandbox.nation.acts import Act, Plan
from gateway.sandbox.nation.checks import Difference, Seen, check_everything, look_at
from gateway.sandbox.nation.life import Life
from gateway.sandbox.nation.scenario import divide
from gateway.sandbox.world import own_environment

_LINE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What one part of the nation saw, and where that is not as planned.

    Shape: seconds are those on the wall from the first moment to the last.
    """

    seen: tuple[Seen, ...]
    differences: tuple[Difference, ...]
    seconds: float = 0.0


@dataclass(slots=True)
class _Other:
    """Another part: its program, and what it said and was not heard yet."""

    program: Process
    said: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Listen until it says no more.

        Errors: LienthongError that the part met; ``part-fell`` when it ended without saying what it saw.
        """
        assert self.program.stdout is not None  # noqa: S101 - we asked for a pipe
        told: dict[str, Any] = {}
        async for line in self.program.stdout:
            told = json.loads(line)
            if "faults" in told:
                raise LienthongError("part-failed", [Fault(**fault) for fault in told["faults"]])
            self.said.put_nowait(told)
        if "seen" not in told:
            raise LienthongError.because(
                "part-fell",
                vi="một tiến trình con đã dừng giữa chừng; xem nhật ký của nó",
                en="a part ended before the others; its log says why",
            )

    def go_on(self) -> None:
        """Let it begin the next moment."""
        assert self.program.stdin is not None  # noqa: S101 - we asked for a pipe
        self.program.stdin.write(b"\n")


@dataclass(slots=True, kw_only=True)
class Parts:
    """A nation in so many programs, this one with the hub.

    Shape: arguments make another program a part of it.
    """

    folder: Path
    plan: Plan
    count: int
    arguments: Sequence[str]
    _others: list[_Other] = field(default_factory=list)

    async def live(self, tell: Callable[[list[Act]], None]) -> Findings:
        """Live through the plan in all programs and put together what they saw.

        Errors: LienthongError of whichever part met it first.
        """
        nodes = divide(self.plan, self.count)[0]
        # The hub is served before anybody fetches from it.
        async with living(self.folder, self.plan, nodes, gate=self._meet) as life, AsyncExitStack() as opened:
            self._others = [await self._begin(number, opened) for number in range(1, self.count)]
            try:
                async with asyncio.TaskGroup() as group:
                    for other in self._others:
                        group.create_task(other.listen())
                    await self._meet()
                    began = time.perf_counter()
                    await life.live(tell)
                    seconds = time.perf_counter() - began
                    found = [await find(life)] + [_read(await other.said.get()) for other in self._others]
            except BaseExceptionGroup as failed:
                raise failed.exceptions[0] from None
        return Findings(
            seen=tuple(one for part in found for one in part.seen),
            differences=tuple(one for part in found for one in part.differences),
            seconds=seconds,
        )

    async def _meet(self) -> None:
        """Wait until every part is as far as this one, then let all go on."""
        for other in self._others:
            await other.said.get()
        for other in self._others:
            other.go_on()

    async def _begin(self, number: int, opened: AsyncExitStack) -> _Other:
        log = opened.enter_context((self.folder / f"phan-{number}.log").open("ab"))
        command = ("-m", "gateway", "simulate", *self.arguments, "--part", f"{number}/{self.count}")
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, *command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            limit=_LINE_BYTES,
            env=own_environment(),
            start_new_session=True,
        )
        opened.push_async_callback(_end, program)
        return _Other(program)


async def _end(program: Process) -> None:
    """End a part, wherever it is; one that has ended by itself is only waited for."""
    if program.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            program.terminate()
    await program.wait()


async def find(life: Life) -> Findings:
    """Look at everybody in this program and hold it against the plan."""
    return Findings(seen=tuple(look_at(life)), differences=tuple(await check_everything(life)))


def _read(told: dict[str, Any]) -> Findings:
    return Findings(
        seen=tuple(Seen(**one) for one in told["seen"]),
        differences=tuple(
            Difference(**{**one, "figure": tuple(one["figure"])}) for one in told["differences"]
        ),
    )


async def be_part(folder: Path, plan: Plan, number: int, count: int) -> int:
    """Be one part of a nation: live through the plan at the pace of whoever reads our stdout.

    Shape: the exit code comes back.
    """
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)

    async def meet() -> None:
        _say({})
        if not await orders.readline():
            raise Delay.because("part-left", vi="tiến trình chính đã dừng", en="the main program has ended")

    try:
        async with living(folder, plan, divide(plan, count)[number], gate=meet) as life:
            await meet()
            await life.live(lambda _: None)
            _say(asdict(await find(life)))
    except LienthongError as error:
        _say({"faults": [asdict(fault) for fault in error.faults]})
        return 1
    return 0


def _say(told: dict[str, Any]) -> None:
    click.echo(json.dumps(told, ensure_ascii=False))
