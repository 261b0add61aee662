"""Reports: the figures of a period as a page, and as files to take away."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import groupby

from aiohttp import web

from gateway.errors import Fault
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.reporting import Question, Reporting, Told
from gateway.model.agency import Agency
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Permission
from gateway.model.report import Table, Words
from gateway.web.console.agency_field import agencies_to_offer, find_one
from gateway.web.console.documents import name_of
from gateway.web.console.downloads import send_away
from gateway.web.console.entries import one_piece
from gateway.web.console.forms import form_of, query_of
from gateway.web.console.report_charts import TASKS, over_time, stack_tasks, stack_types
from gateway.web.console.report_forms import ReportForm
from gateway.web.console.report_query import PARTS, SPAN, ReportQuery
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import Visitor, language_of, visitor_of

_FIRST_YEAR = 2020


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One heading of a table, over some columns and as deep as some rows."""

    words: Words
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asked for: the address, the question it is, and the agency it is about, if one."""

    query: ReportQuery
    question: Question
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The page of figures. Only the forms that are there are offered; one file is written at a time."""

    shell: Shell
    directory: Directory
    reporting: Reporting
    forms: Sequence[ReportForm]
    clock: Callable[[], datetime]
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.DOCUMENTS, place=50, vi="Báo cáo", en="Reports", icon="chart")
        read = Permission.READ
        yield Route(method="GET", path="/reports", act=self.show, may=read, nav=nav)
        yield Route(method="POST", path="/reports/export", act=self.export, may=read)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the figures of a period."""
        query = ReportQuery.on(query_of(request), local_day(self.clock()))
        return await self._show(request, await self._understand(request, query))

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Send a report as a file, once that is on record."""
        form, visitor = await form_of(request), visitor_of(request)
        wish = await self._understand(request, ReportQuery.on(form, local_day(self.clock())))
        chosen = next((each for each in self.forms if each.ending == form.text("form")), None)
        if chosen is None:
            raise web.HTTPNotFound
        if wish.faults:
            return await self._show(request, wish, status=422)
        told = await self.reporting.take_report(wish.question, user=visitor.user, form=chosen.ending)
        async with self._writing:
            content = await asyncio.to_thread(chosen.write, told, language_of(request))
        whose = "" if wish.question.issuer is None else f"-{wish.question.issuer}"
        return await send_away(
            request,
            one_piece(content),
            name=f"bao-cao-{wish.query.name}{whose}.{chosen.ending}",
            media_type=chosen.media_type,
            length=len(content),
        )

    async def _show(self, request: web.Request, wish: Wish, *, status: int = 200) -> web.StreamResponse:
        language, today = language_of(request), local_day(self.clock())
        directory = await self.directory.current()
        told = await self.reporting.tell(wish.question)
        own = visitor_of(request).user.agencies
        return await self.shell.render(
            request,
            "reports/page.html",
            status=status,
            query=wish.query,
            faults=wish.faults,
            report=told.report,
            tables=[(table, heads_of(table)) for table in told.report.tables],
            is_empty=_is_empty(told),
            tasks=stack_tasks(told.figures, partial(name_of, directory)),
            task_parts=TASKS,
            types=stack_types(told.figures, ("Loại khác", "Other")[language == "en"]),
            over_time=over_time(told.days, wish.query.period, today, language),
            forms=self.forms,
            years=[str(year) for year in range(today.year, _FIRST_YEAR - 1, -1)],
            parts=PARTS,
            span=SPAN,
            has_choice=own is None or len(own) > 1,
            some_agencies=agencies_to_offer(directory, own),
        )

    async def _understand(self, request: web.Request, query: ReportQuery) -> Wish:
        """Understand what is asked for, within what is the visitor's to know."""
        visitor, directory = visitor_of(request), await self.directory.current()
        own, faults = _own(visitor, directory), list(query.faults)
        issuer = own[0] if own is not None and len(own) == 1 else None
        if query.text("agency"):
            found = await find_one(query.text("agency"), directory, where="agency", only=own)
            if isinstance(found, Agency):
                own, issuer = [found.code], found.code
            else:
                faults.append(found)
        question = Question(period=query.period, as_of=query.as_of, agencies=own, issuer=issuer)
        return Wish(query=query, question=question, faults=faults)


def heads_of(table: Table) -> list[list[Heading]]:
    """Lay out the headings of a table: one row of them, or two where some stand under a common one."""
    deep = any(column.group for column in table.columns)
    top, below = list[Heading](), list[Heading]()
    for group, side_by_side in groupby(table.columns, key=lambda column: column.group):
        members = [Heading(words=column.title) for column in side_by_side]
        if group is not None:
            top.append(Heading(words=group, columns=len(members)))
            below += members
        else:
            top += [Heading(words=each.words, rows=2 if deep else 1) for each in members]
    return [top, below] if deep else [top]


def _is_empty(told: Told) -> bool:
    return not any(table.rows for table in told.report.tables)


def _own(visitor: Visitor, directory: Snapshot) -> list[AgencyCode] | None:
    """Name the agencies whose figures are a visitor's to know, None for all."""
    agencies = visitor.user.agencies
    return None if agencies is None else sorted({directory.canonical(code) for code in agencies})
