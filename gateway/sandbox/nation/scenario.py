"""What is asked of a simulation: from it follow the cast, the plan and who lives in which program."""

import heapq
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.model.formats import VIETNAM
from gateway.sandbox.agencies import NodePlan
from gateway.sandbox.nation.acts import Plan
from gateway.sandbox.nation.cast import Cast, cast_nation
from gateway.sandbox.nation.ledger import Ledger
from gateway.sandbox.nation.plan import plan_nation
from gateway.sandbox.nation.presets import PRESETS

# Seals are somewhat older than the first document.
_LEAD = timedelta(days=3)
# What the hub does for a package, as a share of what gateways do for it: measured.
_AT_THE_HUB = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is simulated.

    Shape: last is the last of days_count days; preset is a name in `PRESETS`, or empty.
    """

    dedicated_count: int
    shared_count: int
    last: date
    days_count: int
    seed: int
    preset: str = ""
    scale: float = 1.0

    @property
    def first(self) -> date:
        """Return the first day."""
        return self.last - timedelta(days=self.days_count - 1)

    @property
    def founded_at(self) -> datetime:
        """Tell when its nodes begin."""
        return datetime.combine(self.first - _LEAD, time(8), VIETNAM).astimezone(UTC)

    def cast(self) -> Cast:
        """Cast everybody."""
        return cast_nation(dedicated_count=self.dedicated_count, shared_count=self.shared_count)

    def plan(self) -> Plan:
        """Plan all of it, the same every time.

        Errors: Refusal ``time-too-short``.
        """
        return plan_nation(
            self.cast(),
            first=self.first,
            last=self.last,
            seed=self.seed,
            preset=PRESETS.get(self.preset),
            scale=self.scale,
        )


def divide(plan: Plan, parts_count: int) -> list[list[NodePlan]]:
    """Share the nodes out among so many programs, each with about the same work; the first has the hub."""
    tallies = Ledger.of(plan).tallies
    hub, *gateways = plan.cast.nodes

    def work(node: NodePlan) -> int:
        codes = [member.code for desk in node.desks for member in desk.serves]
        return sum(tallies[code].handed_over.total() + tallies[code].got.total() for code in codes)

    parts: list[list[NodePlan]] = [[hub], *([] for _ in range(parts_count - 1))]
    loads = [(work(hub) * _AT_THE_HUB, 0), *((0.0, number) for number in range(1, parts_count))]
    for node in sorted(gateways, key=work, reverse=True):
        load, number = heapq.heappop(loads)
        parts[number].append(node)
        heapq.heappush(loads, (load + work(node), number))
    return parts
