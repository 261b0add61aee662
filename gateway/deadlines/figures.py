"""All figures of an office for a period, as one value: what reports, pages and programs are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from gateway.deadlines.counts import Account, Became, Period, Resolved, share
from gateway.model.identifiers import AgencyCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Documents of one type, or of one agency, in a period.

    Shape: outgoing counts a document once, deliveries once for each recipient; incoming is without what was
    declined. The pairs (in time, judged) tell how many of those of which it is known were in time.
    """

    outgoing: int = 0
    deliveries: int = 0
    incoming: int = 0
    declined: int = 0
    sent_in_time: tuple[int, int] = (0, 0)
    received_in_time: tuple[int, int] = (0, 0)

    def __add__(self, other: "Flow") -> "Flow":
        """Count both together."""
        return Flow(
            outgoing=self.outgoing + other.outgoing,
            deliveries=self.deliveries + other.deliveries,
            incoming=self.incoming + other.incoming,
            declined=self.declined + other.declined,
            sent_in_time=_both(self.sent_in_time, other.sent_in_time),
            received_in_time=_both(self.received_in_time, other.received_in_time),
        )

    @property
    def sent_in_time_rate(self) -> Decimal | None:
        """Tell the share of what was sent by the next working morning."""
        return share(*self.sent_in_time)

    @property
    def received_in_time_rate(self) -> Decimal | None:
        """Tell the share of what was received or declined on the day it came."""
        return share(*self.received_in_time)


def _both(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long documents took. Shape: medians over the deliveries of the period; None when there was none."""

    hours_to_arrived: Decimal | None = None
    hours_to_received: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """How many agencies are connected, and how. total are all one may write to."""

    total: int
    on_own_server: int
    on_shared_server: int

    @property
    def connected(self) -> int:
        """Count both."""
        return self.on_own_server + self.on_shared_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an office counts.

    Shape: agencies are those who answer today for what was owed or exchanged; types are of documents, by
    name, legal ones apart as ``(name, True)``.
    """

    period: Period
    as_of: datetime
    tasks: Mapping[AgencyCode, Account]
    dossiers: Mapping[AgencyCode, Resolved]
    petitions: Mapping[AgencyCode, Became]
    field_reports: Mapping[AgencyCode, Resolved]
    by_type: Mapping[tuple[str, bool], Flow]
    by_agency: Mapping[AgencyCode, Flow]
    pace: Pace
    connections: Connections

    @property
    def all_tasks(self) -> Account:
        """Add up the tasks of all."""
        total = Account()
        for account in self.tasks.values():
            total = Account(
                assigned=total.assigned + account.assigned,
                carried_over=total.carried_over + account.carried_over,
            )
        return total

    @property
    def all_dossiers(self) -> Resolved:
        """Add up the dossiers of all."""
        return sum(self.dossiers.values(), Resolved())

    @property
    def all_petitions(self) -> Became:
        """Add up the petitions of all."""
        return sum(self.petitions.values(), Became())

    @property
    def all_field_reports(self) -> Resolved:
        """Add up the field reports of all."""
        return sum(self.field_reports.values(), Resolved())

    @property
    def all_documents(self) -> Flow:
        """Add up the documents of all."""
        return sum(self.by_agency.values(), Flow())
