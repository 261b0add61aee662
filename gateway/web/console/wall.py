"""The screen on the wall of a monitoring centre: a few figures in large type that keep themselves true."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from gateway.exchange.directory import Directory
from gateway.exchange.glance import take_glance, year_of
from gateway.exchange.lookup import scope_of
from gateway.exchange.reckoning import count_connections
from gateway.model.formats import local_day
from gateway.model.obligation import ObligationKind, Standing
from gateway.model.people import Permission, UserRole
from gateway.store.database import Database
from gateway.store.obligations import Wanted, list_obligations
from gateway.store.statistics import Happening, load_days
from gateway.web.console.condition import AxisCondition
from gateway.web.console.obligation_lines import own_codes, tell_lines
from gateway.web.console.report_charts import TASKS, parts_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import visitor_of
from gateway.web.operations import Watch

_OVERDUE_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """The screen. It has no menu, and nothing on it can be pressed but the way back."""

    shell: Shell
    database: Database
    directory: Directory
    watch: Watch
    poll_every: timedelta | None
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.OVERVIEW, place=1, vi="Màn hình lớn", en="Wall screen", icon="screen")
        yield Route(method="GET", path="/wall", act=self.show, may=Permission.READ, nav=nav)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show it."""
        visitor, at = visitor_of(request), self.clock()
        directory, today = await self.directory.current(), local_day(at)
        own, scope, year = own_codes(visitor, directory), scope_of(visitor.user, directory), year_of(today)
        days = await load_days(self.database, first=year.first, last=today, agencies=scope)
        sums = Counter[Happening]()
        for (_, happening), count in days.items():
            sums[happening] += count
        overdue = Wanted(
            kinds=(ObligationKind.TASK,),
            agencies=None if own is None else tuple(own),
            standings=(Standing.OPEN,),
            due_until=today - timedelta(days=1),
        )
        longest = await list_obligations(self.database, overdue, limit=_OVERDUE_SHOWN)
        glance = await take_glance(self.database, today=today, agencies=own)
        return await self.shell.render(
            request,
            "wall/page.html",
            counted=False,
            # A screen that nobody touches is in use all the same; who could act is to sign in again.
            is_kept_awake=visitor.user.role is UserRole.VIEWER,
            day=today,
            on_the_day={each: days[today, each] for each in Happening},
            in_the_year=sums,
            glance=glance,
            tasks=parts_of(glance.tasks),
            task_parts=TASKS,
            connections=count_connections(directory, own),
            axis=AxisCondition.of(self.watch.worker, self.poll_every, at),
            overdue=tell_lines(longest, directory, visitor, today),
        )
