"""``lienthong demo``: a hub, two gateways and their DMSs come up here and play a story that checks itself."""

import asyncio
import contextlib
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.terminal import both, page, words

if TYPE_CHECKING:
    from rich.console import Console

    from gateway.errors import LienthongError
    from gateway.sandbox.stage import Stage, Turn
    from gateway.sandbox.story import Scene
    from gateway.sandbox.world import World

_INTERRUPTED = 130


@click.command()
@click.option("--once", is_flag=True, help="Chạy hết rồi thoát; mã 0 nếu mọi việc đều đạt. · Play it and exit.")
@click.option(
    "--dir",
    "-d",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục mới để giữ dữ liệu; mặc định một thư mục tạm. · Where to keep everything.",
)
def demo(once: bool, folder: Path | None) -> None:
    """Chạy thử trọn vẹn trên máy này: một trục, hai cổng, bốn phần mềm quản lý văn bản.

    A hub, a dedicated and a shared gateway, and four sample DMSs exchange documents with real PDFs, on
    loopback only. Every step is checked from the outside. Without --once everything stays up afterwards, to
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
        _let_signals_cancel()
        try:
            return await self._give()
        except asyncio.CancelledError:
            self.sheet.print(both("\nĐã dừng; mọi tiến trình đã kết thúc.", "stopped, every process ended"))
            return _INTERRUPTED

    async def _give(self) -> int:
        from gateway.cli.demo_nodes import found_for_demo
        from gateway.errors import LienthongError
        from gateway.sandbox.world import World

        self.sheet.print(words(("Liên Thông – chạy thử", "bold"), (" · demo", "dim")))
        world = World(folder=self.folder, found=found_for_demo)
        try:
            async with self._waiting("khởi động trục và hai cổng…"):
                await world.__aenter__()
        except LienthongError as error:
            self._tell_trouble(error, world)
            return 1
        try:
            return await self._play(world)
        finally:
            await world.__aexit__(None, None, None)

    async def _play(self, world: "World") -> int:
        from datetime import datetime

        from gateway.cli.demo_report import tell_places, tell_report, tell_world
        from gateway.cli.terminal import VIETNAM
        from gateway.errors import LienthongError
        from gateway.sandbox.letters import letters_of
        from gateway.sandbox.stage import Stage
        from gateway.sandbox.story import SCENES

        self._print(tell_world(world))
        letters = letters_of(datetime.now(VIETNAM).date())
        stage = Stage(world=world, letters=letters, tell=self._tell_turn)
        all_well = True
        for number, scene in enumerate(SCENES, 1):
            try:
                await self._play_scene(number, scene, stage)
            except (LienthongError, TimeoutError) as error:
                self._tell_trouble(error, world)
                all_well = False
                break
        self._print(tell_report(stage, took=time.perf_counter() - self.began, all_well=all_well))
        await self._stay(stage, all_well=all_well)
        self._print(tell_places(stage, running=False))
        return 0 if all_well else 1
