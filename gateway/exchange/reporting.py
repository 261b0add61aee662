"""Reports and registers as people ask for them: put together, and recorded before anybody takes one away.

What stands in a report is reports.py; what it is counted from, reckoning.py.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from gateway.deadlines.counts import Period
from gateway.deadlines.figures import Figures
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory, Snapshot, namer
from gateway.exchange.notary import Notary
from gateway.exchange.reckoning import Reckoning
from gateway.exchange.reports import Letterhead, write_report
from gateway.model.agency import Names
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.people import User
from gateway.model.report import Report
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.register import Book, RegisterRow, Side, load_daily_register, stream_register

Days = dict[tuple[date, Side], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which report somebody wants.

    Shape: as_of is when to look, None the period's end or now; agencies None is the whole node; issuer is
    whose letterhead it bears, None the node's own.
    """

    period: Period
    as_of: datetime | None = None
    agencies: Collection[AgencyCode] | None = None
    issuer: AgencyCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A report with the figures it was made of, how much came and went on each day, and agencies' names."""

    figures: Figures
    report: Report
    days: Days
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """Makes reports for people, one at a time: a report of years reads much."""

    database: Database
    directory: Directory
    notary: Notary
    own_code: AgencyCode
    letterhead: Letterhead
    clock: Callable[[], datetime]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tell(self, question: Question) -> Told:
        """Make a report, with the figures it is made of."""
        period, at = question.period, self.clock()
        directory = await self.directory.current()
        reckoning = Reckoning(database=self.database, directory=self.directory)
        codes = None if question.agencies is None else directory.answered_for(question.agencies)
        async with self._turn:
            figures = await reckoning.figures(period, at=at, agencies=question.agencies, as_of=question.as_of)
            last = min(period.last, local_day(figures.as_of))
            days = await load_daily_register(self.database, first=period.first, last=last, agencies=codes)
        letterhead = self._letterhead(question.issuer or self.own_code, directory)
        names = namer(directory)
        report = write_report(figures, letterhead, names, made_on=local_day(at))
        return Told(figures=figures, report=report, days=days, names=names)

    async def take_report(self, question: Question, *, user: User, form: str) -> Told:
        """Make a report for somebody who takes it away in a form, once that is on record."""
        told = await self.tell(question)
        details: dict[str, JSON] = _span(question.period.first, question.period.last)
        if question.as_of is not None:
            details["as_of"] = question.as_of.isoformat()
        if question.issuer is not None:
            details["agency"] = question.issuer
        await self._record("report-exported", user, {**details, "form": form})
        return told

    async def take_register(
        self, book: Book, agency: AgencyCode, *, user: User, form: str
    ) -> AsyncIterator[list[RegisterRow]]:
        """Give an agency's register, page by page, once it is on record who takes it."""
        details = {"book": book.side.value, **_span(book.first, book.last), "agency": agency, "form": form}
        await self._record("register-exported", user, details)
        return stream_register(self.database, book)

    async def _record(self, act: str, user: User, details: dict[str, JSON]) -> None:
        entry = self.notary.entry(
            LogKind.ADMINISTERED, at=self.clock(), by=user.login, act=act, details=details
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.REPORT_TAKEN)

    def _letterhead(self, code: AgencyCode, directory: Snapshot) -> Letterhead:
        agency = directory.agencies.get(directory.canonical(code))
        if agency is None:
            return self.letterhead
        above = None if agency.parent is None else directory.agencies.get(agency.parent)
        named = "" if above is None else above.name
        if code == self.own_code:
            return replace(self.letterhead, issuer=agency.name, over=self.letterhead.over or named)
        return Letterhead(issuer=agency.name, over=named)


def _span(first: date, last: date) -> dict[str, JSON]:
    return {"since": first.isoformat(), "until": last.isoformat()}
