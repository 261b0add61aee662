"""What programs read: figures, what is owed, reports. Nothing is counted here; exchange/reckoning.py does."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.duties import unknown_obligation
from gateway.exchange.duty_reading import read_day
from gateway.exchange.facts import day_facts, figure_facts, obligation_facts, step_facts
from gateway.exchange.reckoning import Reckoning
from gateway.exchange.reports import Letterhead, write_report
from gateway.model.formats import local_day
from gateway.model.identifiers import normalise_code
from gateway.model.obligation import Obligation, ObligationId, ObligationKind, Standing
from gateway.model.report import Report
from gateway.store.database import Database
from gateway.store.obligations import Wanted, list_obligations, load_obligation
from gateway.store.register import Side, load_daily_register
from gateway.web.api.answers import answer, etag_of, not_modified
from gateway.web.api.door import TOKEN, Door
from gateway.web.api.pulse import Pulse
from gateway.web.api.questions import Question

_DAY = timedelta(days=1)
_LONGEST_SPAN = 1_100  # three years, day by day
_PAGE, _LONGEST_PAGE = 100, 500
_MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Answers what is asked. writers are by suffix; a form that nobody writes here is not there."""

    door: Door
    database: Database
    reckoning: Reckoning
    pulse: Pulse
    letterhead: Letterhead
    writers: Mapping[str, Callable[[Report], bytes]]
    clock: Callable[[], datetime]
    # A report takes a processor for a second or so; the others have to go on.
    _writing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def figures(self, request: web.Request) -> web.StreamResponse:
        """Answer all figures of a period."""
        question = Question(request=request)
        period, as_of = question.period(), question.instant("as_of")
        agencies = question.many("agency")
        question.settle()
        assert period is not None  # noqa: S101 - settled
        reach = await self.door.reach(request[TOKEN], agencies)
        etag, unchanged = await self._known(request)
        if unchanged is not None:
            return unchanged
        figures = await self.reckoning.figures(period, at=self.clock(), agencies=reach.agencies, as_of=as_of)
        return answer(figure_facts(figures, reach.name), etag=etag)

    async def daily(self, request: web.Request) -> web.StreamResponse:
        """Answer how many documents came in and went out on each day of a time."""
        question = Question(request=request)
        first, last = question.day("from"), question.day("to")
        agencies = question.many("agency")
        last = last or local_day(self.clock())
        first = first or last - 30 * _DAY
        if not 0 <= (last - first).days < _LONGEST_SPAN:
            question.faults.append(_span_wrong())
        question.settle()
        reach = await self.door.reach(request[TOKEN], agencies)
        etag, unchanged = await self._known(request)
        if unchanged is not None:
            return unchanged
        counts = await load_daily_register(self.database, first=first, last=last, agencies=reach.codes)
        days = [first + n * _DAY for n in range((last - first).days + 1)]
        told = day_facts(
            {day: (counts.get((day, Side.IN), 0), counts.get((day, Side.OUT), 0)) for day in days}
        )
        return answer({"first": first.isoformat(), "last": last.isoformat(), "days": told}, etag=etag)

    async def obligations(self, request: web.Request) -> web.StreamResponse:
        """Answer what is owed, what is due first before the others, in pages."""
        question = Question(request=request)
        wanted = Wanted(
            kinds=question.choices("kind", ObligationKind),
            standings=question.choices("standing", Standing),
            due_from=question.day("due_from"),
            due_until=question.day("due_until"),
            name=question.one("reference"),
        )
        limit = question.number("limit", usual=_PAGE, most=_LONGEST_PAGE)
        after = _read_place(question)
        agencies = question.many("agency")
        givers = [normalise_code(code) for code in question.many("assigned_by")]
        question.settle()
        reach = await self.door.reach(request[TOKEN], agencies)
        etag, unchanged = await self._known(request)
        if unchanged is not None:
            return unchanged
        wanted = replace(
            wanted,
            agencies=None if reach.codes is None else tuple(sorted(reach.codes)),
            assigned_by=tuple(sorted(reach.directory.answered_for(givers))) if givers else None,
        )
        found = await list_obligations(self.database, wanted, limit=limit + 1, after=after)
        page = found[:limit]
        next_page = _next_page(request, page[-1]) if len(found) > limit else None
        return answer({"items": [obligation_facts(each) for each in page], "next": next_page}, etag=etag)

    async def obligation(self, request: web.Request) -> web.StreamResponse:
        """Answer one obligation with its steps."""
        Question(request=request).settle()
        reach = await self.door.reach(request[TOKEN], ())
        etag, unchanged = await self._known(request)
        if unchanged is not None:
            return unchanged
        found = await load_obligation(self.database, ObligationId(request.match_info["id"]))
        if found is None or not reach.holds(found[0].agency):
            raise unknown_obligation()
        return answer({**obligation_facts(found[0]), "steps": step_facts(found[1])}, etag=etag)

    async def _known(self, request: web.Request) -> tuple[str, web.Response | None]:
        """Name what would be answered, and the answer that it has not changed, when the caller has it."""
        etag = etag_of(request, request[TOKEN], await self.pulse.beat())
        return etag, not_modified(request, etag)

    async def report(self, request: web.Request) -> web.StreamResponse:
        """Answer the report of a period as a file."""
        question = Question(request=request)
        period, as_of = question.period(), question.instant("as_of")
        agencies, form = question.many("agency"), request.match_info["form"]
        question.settle()
        assert period is not None  # noqa: S101 - settled
        if (writer := self.writers.get(f".{form}")) is None:
            raise _form_not_here()
        reach = await self.door.reach(request[TOKEN], agencies)
        at = self.clock()
        figures = await self.reckoning.figures(period, at=at, agencies=reach.agencies, as_of=as_of)
        report = write_report(figures, self.letterhead, reach.name, made_on=local_day(at))
        async with self._writing:
            written = await asyncio.to_thread(writer, report)
        name = f"bao-cao-{request.query['period'].replace('..', '-')}.{form}"
        return web.Response(
            body=written,
            content_type=_MEDIA_TYPES[form],
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


def _read_place(question: Question) -> tuple[date | None, ObligationId] | None:
    """Read behind which obligation a page begins."""
    said = question.one("after")
    if said is None:
        return None
    day, _, obligation_id = said.partition("~")
    return read_day(day, "after", question.faults), ObligationId(obligation_id)


def _next_page(request: web.Request, last: Obligation) -> str:
    query = [(name, said) for name, said in request.query.items() if name != "after"]
    due_on = "" if last.due_on is None else last.due_on.isoformat()
    return f"{request.path}?{urlencode([*query, ('after', f'{due_on}~{last.id}')])}"


def _span_wrong() -> Fault:
    return Fault(
        rule="span-wrong",
        where="to",
        vi=f"Từ ngày phải trước đến ngày, nhiều nhất {_LONGEST_SPAN} ngày.",
        en=f"from comes before to, and lies at most {_LONGEST_SPAN} days before it.",
    )


def _form_not_here() -> Refusal:
    return Refusal.because(
        "format-not-here",
        vi="Bản cài này chưa ghi được báo cáo dạng này.",
        en="Reports of this form cannot be written here.",
    )
