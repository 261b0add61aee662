"""What of a report is rather looked at than read: tasks by agency, documents over time, the usual types."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.deadlines.counts import Account, Counts, Period
from gateway.deadlines.figures import Figures, Flow
from gateway.exchange.reporting import Days
from gateway.model.formats import write_day, write_month
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Language
from gateway.store.register import Side
from gateway.web.console.charts import Series

# The page says of how many more there is a table.
_SHOWN = 12
_TYPES_SHOWN = 8
# Longer than this, days are too narrow to be told apart.
_LONGEST_BY_DAY = timedelta(days=62)

TASKS: Sequence[tuple[str, tuple[str, str]]] = (
    ("good", ("Hoàn thành đúng hạn", "Done in time")),
    ("wait", ("Hoàn thành quá hạn", "Done late")),
    ("in", ("Đang thực hiện, trong hạn", "In progress, in time")),
    ("bad", ("Đang thực hiện, quá hạn", "In progress, overdue")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """Bars lying one below the other, each of several parts. Shape: more is how many are not shown."""

    rows: list[tuple[str, list[int]]]
    more: int

    @property
    def longest(self) -> int:
        """Return the sum of the longest bar; at least 1."""
        return max((sum(values) for _, values in self.rows), default=0) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """How much came and went: labels, and a value of each for every label."""

    by_day: bool
    labels: list[str]
    came: list[int]
    went: list[int]

    def series(self, came: str, went: str) -> list[Series]:
        """Return what a chart draws, under names in the visitor's language."""
        return [Series(came, "in", self.came), Series(went, "out", self.went)]


def stack_tasks(figures: Figures, name_of: Callable[[AgencyCode], str]) -> Stacks:
    """Show the tasks of each agency, who has most first: what was given in the period and what was open."""
    rows = [(name_of(code), parts_of(_whole(account))) for code, account in figures.tasks.items()]
    return _longest_first(rows, _SHOWN)


def parts_of(counts: Counts) -> list[int]:
    """Return the four parts of which the tasks given are the sum, in the order of `TASKS`."""
    return [counts.done_in_time, counts.done_late, counts.open_in_time, counts.open_overdue]


def stack_types(figures: Figures, other: str) -> Stacks:
    """Show the types of which most came and went."""
    flows: dict[str, Flow] = {}
    for (name, _), flow in figures.by_type.items():
        flows[name] = flows.get(name, Flow()) + flow
    rows = [(name or other, [flow.incoming, flow.outgoing]) for name, flow in flows.items()]
    return _longest_first(rows, _TYPES_SHOWN)


def over_time(days: Days, period: Period, today: date, language: Language) -> OverTime:
    """Show how much came and went up to today: by the day, or by the month where that is too many."""
    last = max(period.first, min(period.last, today))
    by_day = last - period.first < _LONGEST_BY_DAY
    sums: Counter[tuple[date, Side]] = Counter()
    for (day, side), count in days.items():
        sums[day if by_day else day.replace(day=1), side] += count
    steps = list(_days(period.first, last) if by_day else _months(period.first, last))
    return OverTime(
        by_day=by_day,
        labels=[_short(day, language) if by_day else write_month(day, language) for day in steps],
        came=[sums[day, Side.IN] for day in steps],
        went=[sums[day, Side.OUT] for day in steps],
    )


def _longest_first(rows: Iterable[tuple[str, list[int]]], shown: int) -> Stacks:
    ordered = sorted((row for row in rows if sum(row[1])), key=lambda row: (-sum(row[1]), row[0]))
    return Stacks(rows=ordered[:shown], more=max(0, len(ordered) - shown))


def _whole(account: Account) -> Counts:
    return account.assigned + account.carried_over


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _months(first: date, last: date) -> Iterable[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=31)).replace(day=1)


def _short(day: date, language: Language) -> str:
    return write_day(day, language).rpartition("/" if language is Language.VIETNAMESE else " ")[0]
