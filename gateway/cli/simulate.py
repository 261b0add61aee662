"""``lienthong simulate``: the nation in a box lives through a planned year and is held against its plan."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli.terminal import VIETNAM, both, json_option, page, show_json, words

if TYPE_CHECKING:
    from rich.console import Console

    from gateway.cli.simulate_parts import Findings
    from gateway.sandbox.nation.acts import Plan
    from gateway.sandbox.nation.scenario import Scenario

Result = TypeVar("Result")

_INTERRUPTED = 130
_AGENCIES, _DEDICATED = 95, 68
PRESET_NAMES = ("office", "documents", "dossiers", "petitions", "tasks-149", "tasks-246")
_DAYS, _PRESET_DAYS = 5, 365
_LOG_NAME = "mo-phong.log"


@click.command()
@click.option("--agencies", type=int, help="Số cơ quan. · How many agencies.  [95]")
@click.option(
    "--dedicated", type=int, help="Trong đó có cổng riêng. · Of them with gateways of their own.  [68]"
)
@click.option(
    "--shared", type=int, help="Trong đó dùng chung một cổng. · Of them at one shared gateway.  [27]"
)
@click.option("--days", type=click.IntRange(min=2), help="Số ngày. · How many days.  [5; 365]")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Ngày cuối. · The last day.  [hôm qua]")
@click.option("--seed", type=int, default=1, show_default=True, help="Hạt giống. · Always the same year.")
@click.option(
    "--preset",
    type=click.Choice(PRESET_NAMES),
    help="Tái hiện số liệu đã công bố. · Reproduce published figures.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Thu nhỏ số văn bản, hồ sơ. · Shrink documents and dossiers.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục để giữ các nút; mặc định xóa khi xong. · Keep the nodes here.",
)
@click.option(
    "--parts",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Số tiến trình. · In so many programs.",
)
@click.option("--part", hidden=True)
@json_option
def simulate(
    agencies: int | None,
    dedicated: int | None,
    shared: int | None,
    days: int | None,
    until: datetime | None,
    seed: int,
    preset: str | None,
    scale: float,
    folder: Path | None,
    parts: int,
    part: str | None,
    as_json: bool,
) -> None:
    """Mô phỏng cả nước trên máy này: một trục, các cổng, và mọi văn bản của một thời gian.

    A hub, dedicated gateways and a shared one exchange every document of a planned time over HTTP, by a clock
    that is set forward. What all of them hold at the end is compared with the plan: exit code 1 when a figure
    differs.
    """
    from gateway.sandbox.nation.scenario import Scenario

    dedicated_count, shared_count = _share_out(agencies, dedicated, shared)
    last = until.date() if until else datetime.now(VIETNAM).date() - timedelta(days=1)
    scenario = Scenario(
        dedicated_count=dedicated_count,
        shared_count=shared_count,
        last=last,
        days_count=days or (_PRESET_DAYS if preset else _DAYS),
        seed=seed,
        preset=preset or "",
        scale=scale,
    )
    with _place(folder, is_there=part is not None) as place:
        run = _Run(
            scenario=scenario, folder=place, kept=folder is not None, parts_count=parts, as_json=as_json
        )
        raise SystemExit(run.be_part(part) if part else run.give())


def _share_out(agencies: int | None, dedicated: int | None, shared: int | None) -> tuple[int, int]:
    """Complete the three counts from those that were given."""
    from gateway.sandbox.nation.cast import LARGEST_COUNT

    if agencies is None:
        agencies = _AGENCIES if dedicated is None or shared is None else dedicated + shared
    if dedicated is None:
        dedicated = agencies - shared if shared is not None else round(agencies * _DEDICATED / _AGENCIES)
    if shared is None:
        shared = agencies - dedicated
    if dedicated + shared != agencies:
        raise click.UsageError(
            f"{dedicated} + {shared} cơ quan không phải {agencies} / {dedicated} + {shared} is not {agencies}"
        )
    if agencies < 3 or min(dedicated, shared) < 0 or dedicated > 2 * LARGEST_COUNT or shared > LARGEST_COUNT:
        raise click.UsageError(
            f"cần ít nhất 3 cơ quan; tối đa {2 * LARGEST_COUNT} cổng riêng, {LARGEST_COUNT} dùng chung"
            f" / from 3 agencies to {2 * LARGEST_COUNT} dedicated gateways and {LARGEST_COUNT} sharers"
        )
    return dedicated, shared


@contextlib.contextmanager
def _place(folder: Path | None, *, is_there: bool) -> Iterator[Path]:
    """Lend the folder for all nodes: the one given, or one that goes afterwards."""
    if folder is None:
        place = Path(tempfile.mkdtemp(prefix="lienthong-simulate-"))
        try:
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)
        return
    if not is_there:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise click.UsageError("--folder: thư mục phải còn trống / the folder must be empty")
    yield folder


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run, as it is told to whoever watches."""

    scenario: "Scenario"
    folder: Path
    kept: bool
    parts_count: int
    as_json: bool

    def give(self) -> int:
        """Found the nation, let it live, and tell what came of it; return the exit code."""
        from gateway.cli.simulate_nodes import Founding, let_in
        from gateway.cli.simulate_report import Outcome, tell_outcome, tell_plan, write_outcome

        sheet = page(errors=self.as_json)
        plan = self.scenario.plan()
        for line in tell_plan(self.scenario, plan):
            sheet.print(line)
        began = time.perf_counter()
        with _waiting(sheet, "đang lập các nút · founding"):
            Founding(folder=self.folder, cast=plan.cast, at=self.scenario.founded_at).found()
        founding_seconds = time.perf_counter() - began
        try:
            findings = self._run(self._live(plan, sheet))
        except asyncio.CancelledError:
            sheet.print(both("Đã dừng.", "stopped"))
            return _INTERRUPTED
        accounts = asyncio.run(let_in(self.folder, plan.cast, at=datetime.now(UTC))) if self.kept else {}
        outcome = Outcome(
            plan=plan,
            findings=findings,
            founding_seconds=founding_seconds,
            accounts=accounts,
            folder=self.folder if self.kept else None,
        )
        if self.as_json:
            show_json(write_outcome(self.scenario, outcome))
        else:
            for part in tell_outcome(outcome):
                sheet.print(part)
        return 1 if outcome.is_wrong else 0

    def be_part(self, part: str) -> int:
        """Live as one of several parts; return the exit code."""
        from gateway.cli.simulate_parts import be_part

        own, _, count = part.partition("/")
        return self._run(be_part(self.folder, self.scenario.plan(), int(own), int(count)))

    def _run(self, life: Coroutine[Any, Any, Result]) -> Result:
        from gateway.cli.operating_log import start_log
        from gateway.cli.serve import loop_factory
        from gateway.settings import Log

        with (self.folder / _LOG_NAME).open("a", encoding="utf-8") as log:
            start_log(Log(level="warning"), into=log)
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                return runner.run(life)

    async def _live(self, plan: "Plan", sheet: "Console") -> "Findings":
        from gateway.cli.demo import let_signals_cancel
        from gateway.cli.simulate_parts import Parts
        from gateway.cli.simulate_progress import watching

        let_signals_cancel()
        arguments = _arguments(self.scenario, self.folder)
        parts = Parts(folder=self.folder, plan=plan, count=self.parts_count, arguments=arguments)
        with watching(plan, sheet) as tell:
            return await parts.live(tell)


def _arguments(scenario: "Scenario", folder: Path) -> list[str]:
    """Write on a command line what makes another program a part of a run."""
    named = {
        "dedicated": scenario.dedicated_count,
        "shared": scenario.shared_count,
        "days": scenario.days_count,
        "until": scenario.last.isoformat(),
        "seed": scenario.seed,
        "scale": scenario.scale,
        "folder": folder,
    }
    arguments = [word for name, value in named.items() for word in (f"--{name}", str(value))]
    return [*arguments, "--preset", scenario.preset] if scenario.preset else arguments


def _waiting(sheet: "Console", what: str) -> contextlib.AbstractContextManager[object]:
    """Show that something is going on, to those who watch a terminal."""
    return sheet.status(words((what, "dim"))) if sheet.is_terminal else contextlib.nullcontext()
