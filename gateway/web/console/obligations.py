"""What agencies owe: the list of it, by kind and by day."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from gateway.exchange.directory import Directory
from gateway.model.formats import local_day
from gateway.model.obligation import ObligationKind, Standing
from gateway.model.people import Permission
from gateway.store.database import Database
from gateway.store.obligations import Due, count_due, count_overdue, list_obligations
from gateway.web.console.agency_field import agencies_to_offer
from gateway.web.console.forms import query_of
from gateway.web.console.obligation_lines import KINDS, STANDINGS, own_codes, tell_lines
from gateway.web.console.obligation_query import ALL, GIVEN, DutyQuery, read_place, week_end, write_place
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import Visitor, visitor_of

ON_A_PAGE = 25
_ALL_OF_THEM = ("Tất cả", "All")
DUES: dict[Due, tuple[str, str]] = {
    Due.OVERDUE: ("Quá hạn", "Overdue"),
    Due.TODAY: ("Hạn hôm nay", "Due today"),
    Due.WEEK: ("Hạn đến hết tuần này", "Due by the end of this week"),
    Due.NEVER: ("Không có hạn", "No day set"),
}

Counts = Counter[tuple[ObligationKind, Due]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One choice above the list. Shape: value is empty for all there are."""

    value: str
    words: tuple[str, str]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """The list of what is owed to whom, by whom and until when."""

    shell: Shell
    database: Database
    directory: Directory
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(
            area=Area.DOCUMENTS,
            place=30,
            vi="Việc phải làm",
            en="Obligations",
            icon="tasks",
            count=self._count_overdue,
        )
        yield Route(method="GET", path="/obligations", act=self.show, may=None, nav=nav)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the list."""
        visitor, form = visitor_of(request), query_of(request)
        query, directory, today = DutyQuery.of(form), await self.directory.current(), self._today()
        own = own_codes(visitor, directory)
        wanted, after = await query.wanted(directory, own), read_place(form.text("after"))
        counts = await count_due(self.database, wanted, today=today, week_until=week_end(today))
        found = await list_obligations(
            self.database,
            query.narrowed(wanted, today),
            limit=ON_A_PAGE + 1,
            after=after,
            latest_first=query.latest_first,
        )
        shown = found[:ON_A_PAGE]
        return await self.shell.render(
            request,
            "obligations/list.html",
            query=query,
            lines=tell_lines(shown, directory, visitor, today),
            kind_names=KINDS,
            kinds=_kind_tabs(counts, query.due),
            dues=_due_tabs(counts, query.kind) if query.standing is Standing.OPEN else (),
            first="" if after is None else _address(query.write()),
            more=_address(query.write(after=write_place(shown[-1]))) if len(found) > ON_A_PAGE else "",
            states=[
                *((each.value, STANDINGS[each].words) for each in Standing),
                (ALL, _ALL_OF_THEM),
            ],
            has_sides=own is not None,
            given=GIVEN,
            some_agencies=agencies_to_offer(directory),
            may_give=visitor.may(Permission.ASSIGN),
        )

    def _today(self) -> date:
        return local_day(self.clock())

    async def _count_overdue(self, visitor: Visitor) -> int:
        own = own_codes(visitor, await self.directory.current())
        return await count_overdue(self.database, own, today=self._today())


def sum_up(counts: Counts, *, kind: ObligationKind | None = None, due: Due | None = None) -> int:
    """Add up what is of a kind and due at a time; what is due by the end of the week may be due today."""
    dues = {Due.TODAY, Due.WEEK} if due is Due.WEEK else set(Due) if due is None else {due}
    return sum(count for (one, when), count in counts.items() if kind in (None, one) and when in dues)


def _kind_tabs(counts: Counts, due: Due | None) -> list[Tab]:
    every = Tab(value="", words=_ALL_OF_THEM, count=sum_up(counts, due=due))
    return [
        every,
        *(
            Tab(value=kind.value, words=words, count=sum_up(counts, kind=kind, due=due))
            for kind, words in KINDS.items()
        ),
    ]


def _due_tabs(counts: Counts, kind: ObligationKind | None) -> list[Tab]:
    every = Tab(value="", words=("Mọi hạn", "Any day"), count=sum_up(counts, kind=kind))
    return [
        every,
        *(
            Tab(value=due.value, words=words, count=sum_up(counts, kind=kind, due=due))
            for due, words in DUES.items()
        ),
    ]


def _address(query: str) -> str:
    return f"{PREFIX}/obligations" + (f"?{query}" if query else "")
