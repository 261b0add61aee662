"""What a simulation is about to be, and what came of it: for people as a table, for programs as JSON."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gateway.cli.simulate_parts import Findings
from gateway.cli.terminal import both, grid, heading, number, words
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import ObligationKind
from gateway.model.report import Words
from gateway.sandbox.agencies import Member
from gateway.sandbox.nation.acts import Plan
from gateway.sandbox.nation.checks import Difference
from gateway.sandbox.nation.debts import Figure
from gateway.sandbox.nation.ledger import Ledger, Tally
from gateway.sandbox.nation.presets import PRESETS
from gateway.sandbox.nation.scenario import Scenario
from gateway.sandbox.visitor import Account

if TYPE_CHECKING:
    from rich.console import RenderableType

_SHOWN_AT_MOST, _TYPES_SHOWN = 20, 6
# What was cancelled is counted nowhere.
_FIGURES: dict[Figure, Words] = {
    Figure.DONE_IN_TIME: ("xong đúng hạn", "done in time"),
    Figure.DONE_LATE: ("xong quá hạn", "done late"),
    Figure.OPEN_IN_TIME: ("đang làm, trong hạn", "open in time"),
    Figure.OPEN_OVERDUE: ("đang làm, quá hạn", "open overdue"),
    Figure.PASSED_ON: ("chuyển", "passed on"),
    Figure.GUIDED: ("hướng dẫn", "guided"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run. Shape: folder is None and accounts are empty when nothing was kept."""

    plan: Plan
    findings: Findings
    founding_seconds: float
    folder: Path | None
    accounts: dict[str, tuple[Account, ...]]

    @cached_property
    def ledger(self) -> Ledger:
        """Return what the plan adds up to."""
        return Ledger.of(self.plan)

    @cached_property
    def debts(self) -> dict[AgencyCode, Counter[tuple[ObligationKind, Figure]]]:
        """Return how every agency's obligations stand on the last day, by the plan."""
        return self.ledger.debts.count(self.plan.last)

    @property
    def taking_part_count(self) -> int:
        """Count the agencies that sent and received."""
        return sum(one.takes_part for one in self.findings.seen)

    @property
    def is_wrong(self) -> bool:
        """Tell whether a figure differs, or somebody did not take part."""
        return bool(self.findings.differences) or self.taking_part_count < len(self.plan.cast.members)

    def rows(self) -> Iterator[tuple[Words, int, int]]:
        """List figures of the whole nation: what, as planned, as seen."""
        tallies, seen = self.ledger.tallies.values(), self.findings.seen
        members_count = len(self.plan.cast.members)
        yield (
            ("cơ quan kết nối, đã gửi và nhận", "agencies connected that sent and received"),
            members_count,
            self.taking_part_count,
        )
        sent = sum(tally.handed_over.total() for tally in tallies)
        yield ("gói tin đã gửi", "packages sent"), sent, sum(one.sent_count for one in seen)
        arrived = sum(tally.arrived.total() for tally in tallies)
        yield ("văn bản đến", "documents in"), arrived, sum(one.documents_count for one in seen)
        heard = sum(count for tally in tallies for (says, _), count in tally.got.items() if len(says) == 2)
        yield ("trạng thái đến", "statuses in"), heard, sum(one.statuses_count for one in seen)


def tell_plan(scenario: Scenario, plan: Plan) -> "Iterator[RenderableType]":
    """Say what will be simulated."""
    yield words(("\nLiên Thông – mô phỏng", "bold"), (" · simulation", "dim"))
    preset = PRESETS.get(scenario.preset)
    if preset is not None:
        yield Text("  ") + both(f"{preset.vi}", preset.en)
    cast = plan.cast
    yield Text("  ") + both(
        f"{len(cast.members)} cơ quan: {len(cast.dedicated)} có cổng riêng, {len(cast.shared)} dùng chung một"
        f" cổng; {len(cast.nodes)} nút",
        "agencies, nodes",
    )
    yield Text("  ") + both(
        f"{plan.first:%d/%m/%Y} – {plan.last:%d/%m/%Y}: {number(plan.documents_count)} văn bản,"
        f" {number(len(plan.acts))} việc; hạt giống {scenario.seed}",
        "documents, acts, seed",
    )


def tell_outcome(outcome: Outcome) -> "Iterator[RenderableType]":
    """Show what came of it, and what is not as planned."""
    yield heading("Đối chiếu với kế hoạch", "held against the plan")
    yield grid(
        ("", ""),
        ("kế hoạch", "planned", "right"),
        ("thực tế", "found", "right"),
        rows=[(both(*what), number(planned), number(found)) for what, planned, found in outcome.rows()],
    )
    yield from _tell_office(outcome)
    yield from _tell_differences(outcome.findings.differences)
    if outcome.folder is not None:
        yield from _tell_places(outcome, outcome.folder)
    yield Text("")
    yield _tell_end(outcome)


def _tell_office(outcome: Outcome) -> "Iterator[RenderableType]":
    """Show what the plan adds up to for the office, and for its one-stop centre."""
    cast = outcome.plan.cast
    tally = outcome.ledger.tallies[cast.office.code]
    yield heading(f"{cast.office.name}: số liệu của kế hoạch", "the office's figures, as planned")
    yield Text("  ") + both(
        f"{number(tally.arrived.total())} văn bản đến, {number(tally.sent.total())} văn bản đi"
        f" với {number(tally.deliveries_count)} lượt gửi",
        "documents in, out, deliveries",
    )
    types = ", ".join(
        f"{name} {number(count)}" for name, count in count_types(tally).most_common(_TYPES_SHOWN)
    )
    yield Text("  ") + both(f"văn bản đi nhiều nhất: {types}", "by type")
    for kind in ObligationKind:
        for who in dict.fromkeys((cast.office, cast.centre)):
            counts = outcome.debts.get(who.code, Counter())
            if any(counts[kind, figure] for figure in _FIGURES):
                yield Text("  ") + both(*_add_up(kind, who, counts))


def _add_up(kind: ObligationKind, who: Member, counts: Counter[tuple[ObligationKind, Figure]]) -> Words:
    """Write a sum: 149 tasks = 99 done in time + 1 done late + …"""
    parts = [(names, counts[kind, figure]) for figure, names in _FIGURES.items() if counts[kind, figure]]
    total = number(sum(count for _, count in parts))
    vi = " + ".join(f"{number(count)} {names[0]}" for names, count in parts)
    en = " + ".join(names[1] for names, _ in parts)
    return f"{kind.vi}, {who.short}: {total} = {vi}", f"{kind.en}: {en}"


def count_types(tally: Tally) -> Counter[str]:
    """Count what an agency sent by type."""
    by_type: Counter[str] = Counter()
    for (type_name, _), count in tally.sent.items():
        by_type[type_name] += count
    return by_type


def _tell_differences(differences: Sequence[Difference]) -> "Iterator[RenderableType]":
    if not differences:
        return
    yield heading("Không khớp", "not as planned")
    yield grid(
        ("nơi", "where"),
        ("số liệu", "figure"),
        ("kế hoạch", "planned", "right"),
        ("thực tế", "found"),
        rows=[(one.where, both(*one.figure), one.planned, one.found) for one in differences[:_SHOWN_AT_MOST]],
    )
    if len(differences) > _SHOWN_AT_MOST:
        yield both(f"  và {number(len(differences) - _SHOWN_AT_MOST)} số liệu khác", "and so many more")


def _tell_places(outcome: Outcome, folder: Path) -> "Iterator[RenderableType]":
    yield heading("Xem thêm: chạy nút rồi mở trang quản trị", "serve a node and look at its console")
    password = ""
    for name, accounts in outcome.accounts.items():
        yield Text(f"  lienthong serve {shlex.quote(str(folder / name))}", "cyan")
        yield words("    ", (", ".join(account.login for account in accounts), "bold yellow"))
        password = accounts[0].password
    yield words(
        "  Mật khẩu của mọi tài khoản", (" · everybody's password: ", "dim"), (password, "bold yellow")
    )


def _tell_end(outcome: Outcome) -> Text:
    seconds = outcome.findings.seconds
    pace = f"{outcome.plan.documents_count / seconds:.1f}".replace(".", ",")
    took = f"{seconds:.0f} giây, {pace} văn bản mỗi giây; lập các nút {outcome.founding_seconds:.0f} giây"
    if outcome.is_wrong:
        return words(("✗ Có số liệu không khớp", "bold red"), f" · {took}")
    return words(("✓ Mọi số liệu đều khớp", "bold green"), f" · {took}", (" · all as planned", "dim"))


def write_outcome(scenario: Scenario, outcome: Outcome) -> dict[str, Any]:
    """Write what came of it for programs: the whole, the plan's figures of every agency, every difference."""
    members = outcome.plan.cast.members
    return {
        "agencies": len(members),
        "taking_part": outcome.taking_part_count,
        "first": outcome.plan.first,
        "last": outcome.plan.last,
        "seed": scenario.seed,
        "preset": scenario.preset or None,
        "scale": scenario.scale,
        "documents": outcome.plan.documents_count,
        "acts": len(outcome.plan.acts),
        "figures": [
            {"figure": en, "planned": planned, "found": found} for (_, en), planned, found in outcome.rows()
        ],
        "planned": [_planned_of(member, outcome) for member in members],
        "differences": [
            {"where": one.where, "figure": one.figure[1], "planned": one.planned, "found": one.found}
            for one in outcome.findings.differences
        ],
        "founding_seconds": round(outcome.founding_seconds, 1),
        "living_seconds": round(outcome.findings.seconds, 1),
        "folder": None if outcome.folder is None else str(outcome.folder),
    }


def _planned_of(member: Member, outcome: Outcome) -> dict[str, Any]:
    tally, counts = outcome.ledger.tallies[member.code], outcome.debts.get(member.code, Counter())
    return {
        "code": member.code,
        "name": member.name,
        "documents_in": tally.arrived.total(),
        "documents_out": tally.sent.total(),
        "documents_out_by_type": dict(count_types(tally).most_common()),
        "deliveries": tally.deliveries_count,
        "declined": tally.declined_count,
        "owed": {
            kind.value: {figure.value: counts[kind, figure] for figure in Figure if counts[kind, figure]}
            for kind in ObligationKind
            if any(counts[kind, figure] for figure in Figure)
        },
    }
