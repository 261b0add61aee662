"""Figures read from the books: of a period, of some agencies or all, as they are or as they were.

Reading only. What figures are counted from is written by books.py; what stands in a report, reports.py.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from gateway.deadlines.calendar import end_of_day
from gateway.deadlines.counts import (
    Fact,
    Facts,
    Lens,
    Period,
    count_fates,
    count_obligations,
    count_resolved,
)
from gateway.deadlines.figures import Connections, Figures, Flow, Pace
from gateway.exchange.directory import Directory, Snapshot
from gateway.model.code_lists import StatusCode
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import ObligationKind
from gateway.store.database import Database
from gateway.store.obligation_facts import Whose, load_facts
from gateway.store.register import RegisterFigure, Side, load_pace, load_register_figures

Key = TypeVar("Key")

_INSTANT = timedelta(microseconds=1)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """Reads figures."""

    database: Database
    directory: Directory

    async def figures(
        self,
        period: Period,
        *,
        at: datetime,
        agencies: Collection[AgencyCode] | None = None,
        as_of: datetime | None = None,
    ) -> Figures:
        """Read all figures of a period.

        Shape: agencies None is everybody; an agency's figures are also those of whoever was merged into
        it. as_of is when to look, by default the end of the period, or now while it lasts.
        """
        directory = await self.directory.current()
        seen_at = min(as_of or end_of_day(period.last) - _INSTANT, at)
        answering = _Answering(directory=directory, at=seen_at)
        wanted = None if agencies is None else {answering.whom(code) for code in agencies}
        codes = None if wanted is None else directory.answered_for(wanted)
        lens = Lens(period=period, today=local_day(seen_at))
        facts = await load_facts(
            self.database, as_of=None if seen_at >= at else seen_at, lens=lens, whose=Whose(agencies=codes)
        )
        facts = answering.regroup(facts, wanted)
        register = await load_register_figures(
            self.database, first=period.first, last=period.last, agencies=codes
        )
        register = answering.take_over(register, wanted)
        return Figures(
            period=period,
            as_of=seen_at,
            tasks=count_obligations(facts, ObligationKind.TASK, period=period, today=lens.today),
            dossiers=count_resolved(facts, ObligationKind.DOSSIER, period=period, today=lens.today),
            petitions=count_fates(facts, ObligationKind.PETITION, period=period),
            field_reports=count_resolved(facts, ObligationKind.FIELD_REPORT, period=period, today=lens.today),
            by_type=_flows(((each.type, each.is_legal), each) for each in register),
            by_agency=_flows((each.agency, each) for each in register),
            pace=await self._pace(period, codes),
            connections=count_connections(directory, wanted),
        )

    async def _pace(self, period: Period, agencies: Collection[AgencyCode] | None) -> Pace:
        spans = await load_pace(self.database, first=period.first, last=period.last, agencies=agencies)
        return Pace(
            hours_to_arrived=_hours(spans.get(StatusCode.ARRIVED)),
            hours_to_received=_hours(spans.get(StatusCode.RECEIVED)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answering:
    """Tells who answers for whom at an instant: whoever an agency had been merged into by then."""

    directory: Snapshot
    at: datetime

    def whom(self, code: AgencyCode) -> AgencyCode:
        code, seen = self.directory.canonical(code), {code}
        while (agency := self.directory.agencies.get(code)) is not None and agency.merged_into:
            is_later = agency.closed_at is not None and agency.closed_at > self.at
            if is_later or agency.merged_into in seen:
                break
            code = agency.merged_into
            seen.add(code)
        return code

    def regroup(self, facts: Facts, wanted: Collection[AgencyCode] | None) -> Facts:
        regrouped = Counter[Fact]()
        for fact, count in facts.items():
            if _is_of(agency := self.whom(fact.agency), wanted):
                regrouped[replace(fact, agency=agency)] += count
        return regrouped

    def take_over(
        self, figures: Iterable[RegisterFigure], wanted: Collection[AgencyCode] | None
    ) -> list[RegisterFigure]:
        taken = [replace(figure, agency=self.whom(figure.agency)) for figure in figures]
        return [figure for figure in taken if _is_of(figure.agency, wanted)]


def _is_of(agency: AgencyCode, wanted: Collection[AgencyCode] | None) -> bool:
    return wanted is None or agency in wanted


def _flows(figures: Iterable[tuple[Key, RegisterFigure]]) -> dict[Key, Flow]:
    flows: defaultdict[Key, Flow] = defaultdict(Flow)
    for key, figure in figures:
        flows[key] += _flow(figure)
    return dict(flows)


def _flow(figure: RegisterFigure) -> Flow:
    judged = (figure.in_time, figure.judged)
    if figure.side is Side.OUT:
        return Flow(outgoing=figure.documents, deliveries=figure.deliveries, sent_in_time=judged)
    return Flow(incoming=figure.documents, declined=figure.declined, received_in_time=judged)


def _hours(span: timedelta | None) -> Decimal | None:
    if span is None:
        return None
    return (Decimal(span.total_seconds()) / 3600).quantize(_TENTH, ROUND_HALF_UP)


def count_connections(directory: Snapshot, wanted: Collection[AgencyCode] | None = None) -> Connections:
    """Count the agencies one may write to: those alone on their server, those who share one, and all."""
    open_agencies = [
        agency.code for agency in directory.addressable() if wanted is None or agency.code in wanted
    ]
    served: Mapping[AgencyCode, int] = {
        code: len(directory.systems[system_id].system.serves)
        for code in open_agencies
        if directory.has_mailbox(code) and (system_id := directory.served_by[code])
    }
    return Connections(
        total=len(open_agencies),
        on_own_server=sum(count == 1 for count in served.values()),
        on_shared_server=sum(count > 1 for count in served.values()),
    )
