"""``lienthong demo``: a hub, two gateways and their DMSs come up here and play a story that checks itself."""

import asyncio
import contextlib
import signal
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.terminal import both, page, words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from gateway.errors import LienthongError
    from gateway.sandbox.stage import Stage, Turn
    from gateway.sandbox.story import Scene
    from gateway.sandbox.world import Node, World

_INTERRUPTED = 130
_LOG_TAIL_LINES = 12


@click.command()
@click.option(
    "--once", is_flag=True, help="Chạy hết rồi thoát; mã 0 nếu mọi việc đều đạt. · Play it once, then exit."
)
@click.option(
    "--dir",
    "-d",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục để giữ dữ liệu; mặc định một thư mục tạm. · Where to keep everything.",
)
def demo(once: bool, folder: Path | None) -> None:
    """Chạy thử trọn vẹn trên máy này: một trục, hai cổng, năm phần mềm quản lý văn bản.

    A hub, a dedicated and a shared gateway, and five sample DMSs exchange documents with real PDFs, on
    loopback only; every step is checked from the outside. Without --once everything stays up afterwards, to
    be played with, until Ctrl-C.
    """
    place = folder or Path(tempfile.mkdtemp(prefix="lienthong-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    raise SystemExit(asyncio.run(_Performance(folder=place, once=once).give()))


@dataclass(slots=True, kw_only=True)
class _Performance:
    """One run of the demo, as it is told to whoever watches."""

    folder: Path
    once: bool
    sheet: "Console" = field(default_factory=page)
    began: float = field(default_factory=time.perf_counter)

    async def give(self) -> int:
        """Play the story and tell how it went; return the exit code."""
        from gateway.cli.demo_past import new_world
        from gateway.errors import LienthongError

        let_signals_cancel()
        world = new_world(self.folder)
        self.sheet.print(words(("\nLiên Thông – chạy thử", "bold"), (" · demo", "dim")))
        try:
            async with AsyncExitStack() as opened:
                with self._waiting("đang lập trục và hai cổng · founding"):
                    await opened.enter_async_context(world)
                await self._remember(world)
                with self._waiting("đang khởi động trục và hai cổng · starting"):
                    await world.start()
                return await self._play(world)
        except LienthongError as error:
            self._tell_trouble(error, world)
            return 1
        except asyncio.CancelledError:
            self.sheet.print(both("\nĐã dừng; mọi tiến trình đã kết thúc.", "stopped; every process ended"))
            return _INTERRUPTED

    async def _remember(self, world: "World") -> None:
        """Let the nodes have a past: what people look for in a console was not all sent a minute ago."""
        from gateway.cli.demo_past import live_through

        with self._waiting("hai tháng trước: các cơ quan gửi, nhận văn bản · two months before"):
            letters_count = await live_through(world, full=not self.once)
        line = both(
            f"    Hai tháng trước: {letters_count} văn bản đã gửi, nhận và xử lý", "two months before"
        )
        self.sheet.print(line)

    async def _play(self, world: "World") -> int:
        from datetime import datetime

        from gateway.cli.demo_report import tell_consoles, tell_places, tell_report, tell_world
        from gateway.cli.terminal import VIETNAM
        from gateway.sandbox.letters import letters_of
        from gateway.sandbox.stage import Stage

        self._show(tell_world(world))
        letters = letters_of(datetime.now(VIETNAM).date())
        stage = Stage(world=world, letters=letters, tell=self._tell_turn)
        all_well = await self._play_scenes(stage)
        took = time.perf_counter() - self.began
        self._show(tell_report(stage, seconds=took, all_well=all_well, width=self.sheet.width))
        self._show(tell_places(stage, running=not self.once))
        if not self.once:
            self._show(tell_consoles(world))
            self.sheet.print(words(("\n  Đang chạy; Ctrl-C để dừng.", "bold"), (" · Ctrl-C ends it", "dim")))
            await _stay()
            self.sheet.print(both("\nĐang dừng mọi tiến trình.", "stopping every process"))
        return 0 if all_well else 1

    async def _play_scenes(self, stage: "Stage") -> bool:
        """Play until the end, or until something does not turn out as told."""
        from gateway.errors import LienthongError
        from gateway.sandbox.story import SCENES

        for number, scene in enumerate(SCENES, 1):
            try:
                await self._play_scene(number, scene, stage)
            except (LienthongError, TimeoutError) as error:
                self._tell_trouble(error, stage.world)
                return False
        return True

    async def _play_scene(self, number: int, scene: "Scene", stage: "Stage") -> None:
        self.sheet.print(words((f"\n{number:2d}  {scene.vi}", "bold"), (f" · {scene.en}", "dim")))
        with self._waiting("…"):
            await scene.play(stage)

    def _tell_turn(self, turn: "Turn") -> None:
        from rich.table import Table
        from rich.text import Text

        line = Table.grid(padding=(0, 1))
        clock = f"{time.perf_counter() - self.began:6.1f} s".replace(".", ",")
        said = Text.assemble(turn.vi, (f"\n{turn.en}", "dim"))
        line.add_row(Text(clock, "dim", no_wrap=True), Text("✓", "green"), said)
        self.sheet.print(line)

    def _tell_trouble(self, error: "LienthongError | TimeoutError", world: "World") -> None:
        """Say what went wrong, and what the nodes said last: the fallen ones, or all when none fell."""
        from gateway.errors import LienthongError

        if isinstance(error, LienthongError):
            for fault in error.faults:
                place = f"{fault.where}: " if fault.where else ""
                self.sheet.print(words(("    ✗ ", "bold red"), f"{place}{fault.vi}"))
                self.sheet.print(words((f"      {fault.en}", "dim")))
        else:
            self.sheet.print(words(("    ✗ ", "bold red"), "chờ quá lâu", (" · took too long", "dim")))
        for node in world.fallen() or world.nodes.values():
            self._show_log(node)

    def _show_log(self, node: "Node") -> None:
        self.sheet.print(words((f"\n    {node.log_file}", "bold")))
        for line in node.log_tail(_LOG_TAIL_LINES):
            self.sheet.print(words(f"    {line}"), soft_wrap=True)

    def _waiting(self, what: str) -> contextlib.AbstractContextManager[object]:
        """Show that something is going on, to those who watch a terminal."""
        if not self.sheet.is_terminal:
            return contextlib.nullcontext()
        return self.sheet.status(words((what, "dim")))

    def _show(self, parts: "list[RenderableType]") -> None:
        from rich.text import Text

        for part in parts:
            # A command must be one line when it is copied, however narrow the terminal.
            self.sheet.print(part, soft_wrap=isinstance(part, Text))


async def _stay() -> None:
    """Leave everything as it is until Ctrl-C, which is then no trouble but the end."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


def let_signals_cancel() -> None:
    """Let Ctrl-C, a closed terminal and a polite kill end what runs in order, its processes first."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        return
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), task.cancel)
