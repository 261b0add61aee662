"""Figures read from the books: of a period, of some agencies or all, as they are or as they were.

Reading only. What figures are counted from is written by books.py; what stands in a report, reports.py.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
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
from gateway.model.identifiers import AgencyCode, SystemId
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
        answering = _Answering.of(directory, at=seen_at, agencies=agencies)
        codes, last = answering.codes, min(period.last, local_day(seen_at))
        lens = Lens(period=period, today=local_day(seen_at))
        facts = answering.regroup(
            await load_facts(
                self.database,
                as_of=None if seen_at >= at else seen_at,
                lens=lens,
                whose=Whose(agencies=codes),
            )
        )
        register = [
            replace(each, agency=answering.whom(each.agency))
            for each in await load_register_figures(
                self.database, first=period.first, last=last, agencies=codes
            )
        ]
        return Figures(
            period=period,
            as_of=seen_at,
            tasks=count_obligations(facts, ObligationKind.TASK, period=period, today=lens.today),
            dossiers=count_resolved(facts, ObligationKind.DOSSIER, period=period, today=lens.today),
            petitions=count_fates(facts, ObligationKind.PETITION, period=period),
            field_reports=count_resolved(facts, ObligationKind.FIELD_REPORT, period=period, today=lens.today),
            by_type=_flows(((each.type, each.is_legal), each) for each in register),
            by_agency=_flows((each.agency, each) for each in register),
            pace=await self._pace(period.first, last, codes),
            connections=count_connections(directory, answering.wanted),
        )

    async def _pace(self, first: date, last: date, agencies: Collection[AgencyCode] | None) -> Pace:
        spans = await load_pace(self.database, first=first, last=last, agencies=agencies)
        return Pace(
            hours_to_arrived=_hours(spans.get(StatusCode.ARRIVED)),
            hours_to_received=_hours(spans.get(StatusCode.RECEIVED)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answering:
    """Tells who answers for whom at an instant: whoever an agency had been merged into by then.

    Shape: wanted are those asked for, codes are theirs and of all they answer for; None means everybody.
    """

    directory: Snapshot
    at: datetime
    wanted: frozenset[AgencyCode] | None
    codes: frozenset[AgencyCode] | None

    @classmethod
    def of(
        cls, directory: Snapshot, *, at: datetime, agencies: Collection[AgencyCode] | None
    ) -> "_Answering":
        if agencies is None:
            return cls(directory=directory, at=at, wanted=None, codes=None)
        wanted = frozenset(map(directory.canonical, agencies))
        codes = directory.answered_for(wanted, at=at)
        return cls(directory=directory, at=at, wanted=wanted, codes=codes)

    def whom(self, code: AgencyCode) -> AgencyCode:
        """Return who answers for an agency: of those asked for the last one it was merged into."""
        line = self.directory.successors(code, at=self.at)
        return next((each for each in reversed(line) if self.wanted is None or each in self.wanted), line[-1])

    def regroup(self, facts: Facts) -> Facts:
        whom = {code: self.whom(code) for code in {fact.agency for fact in facts}}
        if all(code == answering for code, answering in whom.items()):
            return facts
        regrouped = Counter[Fact]()
        for fact, count in facts.items():
            regrouped[replace(fact, agency=whom[fact.agency])] += count
        return regrouped


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
    served_by = {agency.code: _server_of(directory, agency.code) for agency in directory.addressable()}
    served = Counter(served_by.values())
    counts = [
        served[system_id] if system_id is not None else 0
        for code, system_id in served_by.items()
        if wanted is None or code in wanted
    ]
    return Connections(
        total=len(counts),
        on_own_server=sum(count == 1 for count in counts),
        on_shared_server=sum(count > 1 for count in counts),
    )


def _server_of(directory: Snapshot, code: AgencyCode) -> SystemId | None:
    """Return the system an agency is reached through here; None while there is none, or it is disabled."""
    system_id = directory.served_by.get(code)
    is_open = system_id is not None and directory.systems[system_id].system.disabled_at is None
    return system_id if is_open and directory.has_mailbox(code) else None
