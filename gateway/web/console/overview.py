"""The first page: what came, what went, what waits, what failed, and whether the node is well.

Figures are of the visitor's agencies, and only for who may read; how the node is, everybody may know.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web

from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.glance import take_glance
from gateway.exchange.lookup import scope_of
from gateway.exchange.sensors import Thresholds
from gateway.exchange.standing import find_exposed_since
from gateway.model.code_lists import Kind
from gateway.model.dispatch import Destination
from gateway.model.formats import local_day, write_day, write_month
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import ObligationKind, Standing
from gateway.model.people import Language, Permission, User
from gateway.store.checkpoints import find_newest
from gateway.store.database import Database
from gateway.store.obligations import Due, Wanted, count_due
from gateway.store.statistics import (
    Figures,
    Happening,
    Scope,
    Waiting,
    count_long_waiting,
    count_open,
    list_fullest,
    load_days,
)
from gateway.trust.keys import Seal
from gateway.web.console.charts import Series
from gateway.web.console.condition import AxisCondition, Condition
from gateway.web.console.documents import name_of
from gateway.web.console.obligation_lines import own_codes
from gateway.web.console.obligation_query import week_end
from gateway.web.console.obligations import DUES, sum_up
from gateway.web.console.report_charts import TASKS, parts_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import Visitor, visitor_of
from gateway.web.operations import Watch

_DAYS = 30
_MONTHS = 12
_FULLEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The figures at the top: today's, and what is open now."""

    came: int
    went: int
    failed: int
    statuses_came: int
    statuses_went: int
    waiting: Waiting
    long_in_mailboxes: int
    long_for_axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What is owed.

    Shape: tasks are the four counts of the year, in the order of `report_charts.TASKS`; dues are of every
    kind, with the words of each.
    """

    tasks: list[int]
    dues: list[tuple[Due, tuple[str, str], int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The overview. poll_every is None on a hub; seals are those of single agencies."""

    shell: Shell
    database: Database
    directory: Directory
    watch: Watch
    poll_every: timedelta | None
    seals: Mapping[AgencyCode, Seal]
    thresholds: Thresholds
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.OVERVIEW, place=0, vi="Tổng quan", en="Overview", icon="home")
        yield Route(method="GET", path="/", act=self.show, may=None, nav=nav)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show it."""
        visitor, at = visitor_of(request), self.clock()
        directory = await self.directory.current()
        figures = await self._figures(visitor, directory, at) if visitor.may(Permission.READ) else None
        return await self.shell.render(
            request,
            "overview/page.html",
            scope=_scope_words(visitor.user, directory),
            figures=figures,
            task_parts=TASKS,
            year=local_day(at).year,
            thresholds=self.thresholds,
            condition=await self._condition(at),
        )

    async def _figures(self, visitor: Visitor, directory: Snapshot, at: datetime) -> Mapping[str, object]:
        scope = scope_of(visitor.user, directory)
        today = local_day(at)
        first_month = _months_back(today, _MONTHS - 1)
        over_time = await load_days(self.database, first=first_month, last=today, agencies=scope)
        fullest = await list_fullest(self.database, limit=_FULLEST, agencies=scope)
        return {
            "today": await self._today(over_time, scope, at),
            "days": _by_day(over_time, today, visitor.language),
            "months": _by_month(over_time, first_month, visitor.language),
            "owed": await self._owed(directory, visitor, today),
            "fullest": [(code, name_of(directory, code), count) for code, count in fullest],
        }

    async def _owed(self, directory: Snapshot, visitor: Visitor, today: date) -> Owed:
        own = own_codes(visitor, directory)
        glance = await take_glance(self.database, today=today, agencies=own, kinds=[ObligationKind.TASK])
        wanted = Wanted(standings=(Standing.OPEN,), agencies=None if own is None else tuple(own))
        counts = await count_due(self.database, wanted, today=today, week_until=week_end(today))
        return Owed(
            tasks=parts_of(glance.tasks),
            dues=[(due, words, sum_up(counts, due=due)) for due, words in DUES.items()],
        )

    async def _today(self, over_time: Figures, scope: Scope, at: datetime) -> Today:
        today = local_day(at)
        statuses = await load_days(self.database, first=today, last=today, kind=Kind.STATUS, agencies=scope)
        long = {
            destination: await count_long_waiting(self.database, destination, since=since, agencies=scope)
            for destination, since in (
                (Destination.MAILBOX, self.thresholds.left_before(at)),
                (Destination.AXIS, self.thresholds.stuck_before(at)),
            )
        }
        return Today(
            came=over_time[today, Happening.CAME],
            went=over_time[today, Happening.WENT],
            failed=over_time[today, Happening.FAILED],
            statuses_came=statuses[today, Happening.CAME],
            statuses_went=statuses[today, Happening.WENT],
            waiting=await count_open(self.database, agencies=scope),
            long_in_mailboxes=long[Destination.MAILBOX],
            long_for_axis=long[Destination.AXIS],
        )

    async def _condition(self, at: datetime) -> Condition:
        watch = self.watch
        ends = {code: seal.certificate.not_valid_after_utc for code, seal in self.seals.items()}
        return Condition(
            axis=AxisCondition.of(watch.worker, self.poll_every, at),
            seal_until=watch.seal.certificate.not_valid_after_utc,
            ending_seals=[
                (code, until) for code, until in ends.items() if self.thresholds.ends_soon(until, at)
            ],
            checkpoint=await find_newest(self.database),
            exposed_since=await find_exposed_since(self.database),
            has_authority=watch.vouching.stamping is not None,
            free_bytes=watch.blobs.free_bytes(),
            thresholds=self.thresholds,
            at=at,
        )


def _scope_words(user: User, directory: Snapshot) -> list[str] | None:
    """Name the user's agencies; None for all."""
    if user.agencies is None:
        return None
    return [name_of(directory, code) for code in sorted(user.agencies)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """A figure: its labels, and how much came and went at each."""

    labels: list[str]
    came: list[int]
    went: list[int]
    failed: list[int]

    def series(self, came: str, went: str) -> list[Series]:
        """Return what a chart draws, under names in the visitor's language."""
        return [Series(came, "in", self.came), Series(went, "out", self.went)]


def _by_day(figures: Figures, today: date, language: Language) -> OverTime:
    days = [today - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
    return OverTime(
        labels=[write_day(day, language).rpartition("/" if language == "vi" else " ")[0] for day in days],
        came=[figures[day, Happening.CAME] for day in days],
        went=[figures[day, Happening.WENT] for day in days],
        failed=[figures[day, Happening.FAILED] for day in days],
    )


def _by_month(figures: Figures, first: date, language: Language) -> OverTime:
    months = [_months_back(first, -ahead) for ahead in range(_MONTHS)]
    sums = {(month, happening): 0 for month in months for happening in Happening}
    for (day, happening), count in figures.items():
        sums[day.replace(day=1), happening] += count
    return OverTime(
        labels=[write_month(month, language) for month in months],
        came=[sums[month, Happening.CAME] for month in months],
        went=[sums[month, Happening.WENT] for month in months],
        failed=[sums[month, Happening.FAILED] for month in months],
    )


def _months_back(day: date, count: int) -> date:
    """Return the first day of the month so many months before a day's; after it when count is negative."""
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)
