"""How far a simulation is: a bar for who watches a terminal, a line now and then for a file."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.cli.terminal import both, number
from gateway.model.formats import local
from gateway.sandbox.nation.acts import Act, Plan

if TYPE_CHECKING:
    from rich.console import Console

_TELL_EVERY_SECONDS = 30.0

Tell = Callable[[list[Act]], None]


@contextlib.contextmanager
def watching(plan: Plan, sheet: "Console") -> Iterator[Tell]:
    """Lend what tells of every moment that is over."""
    with _bar(plan, sheet) if sheet.is_terminal else _lines(plan, sheet) as tell:
        yield tell


@contextlib.contextmanager
def _bar(plan: Plan, sheet: "Console") -> Iterator[Tell]:
    columns = (
        TextColumn("    {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("còn"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=sheet, transient=True) as progress:
        task = progress.add_task(local(plan.acts[0].at), total=len(plan.acts))

        def tell(acts: list[Act]) -> None:
            progress.update(task, advance=len(acts), description=local(acts[0].at))

        yield tell


@contextlib.contextmanager
def _lines(plan: Plan, sheet: "Console") -> Iterator[Tell]:
    done, told_at = 0, time.monotonic()

    def tell(acts: list[Act]) -> None:
        nonlocal done, told_at
        done += len(acts)
        if time.monotonic() > told_at + _TELL_EVERY_SECONDS:
            told_at = time.monotonic()
            of_all = f"{number(done)}/{number(len(plan.acts))}"
            sheet.print(both(f"    {local(acts[0].at)}: {of_all}", "acts done"))

    yield tell
