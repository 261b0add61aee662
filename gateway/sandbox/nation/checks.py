"""Holds what the nation did against its plan: what DMSs hold, what nodes count, what their logs say.

`CHECKS` is the one place where figures are compared: a new figure of the nodes is one more function there.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from gateway.deadlines.counts import Fact, place_of
from gateway.model.code_lists import Kind
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.obligation import ObligationKind, Standing
from gateway.model.report import Words
from gateway.sandbox.nation.debts import Figure
from gateway.sandbox.nation.ledger import OnDay, Tally
from gateway.sandbox.nation.life import Life
from gateway.store.obligation_facts import load_facts
from gateway.store.packages import Direction
from gateway.store.register import Side
from gateway.store.statistics import Happening, load_days
from gateway.store.tables import Source
from gateway.store.whole_log import read_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure that is not as planned: where, which, and both."""

    where: str
    figure: Words
    planned: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one agency from outside: what its gateway took, and what its DMS collected."""

    code: str
    sent_count: int
    documents_count: int
    statuses_count: int

    @property
    def takes_part(self) -> bool:
        """Tell whether it has sent and received."""
        return self.sent_count > 0 and self.documents_count > 0


def look_at(life: Life) -> list[Seen]:
    """Tell what was seen of every agency here."""
    return [
        Seen(
            code=code,
            sent_count=mailroom.sent_count,
            documents_count=mailroom.arrived.total(),
            statuses_count=sum(count for (says, _), count in mailroom.got.items() if len(says) == 2),
        )
        for code, mailroom in life.mailrooms.items()
    ]


Check = Callable[[Life], AsyncIterator[Difference]]
Days = Counter[OnDay]

_DOCUMENTS_IN: Words = ("văn bản đến", "documents in")
_PACKAGES_IN: Words = ("gói tin đến", "packages in")
_LOGGED_OUT: Words = ("gói tin đi theo nhật ký", "packages out, by the log")
_LOGGED_IN: Words = ("văn bản đến theo nhật ký", "documents in, by the log")
_REGISTERED_OUT: Words = ("văn bản đi theo sổ", "documents out, by the register")
_REGISTERED_IN: Words = ("văn bản đến theo sổ", "documents in, by the register")
_COUNTED: Words = ("số đếm của nút", "the node's own count")


async def check_everything(life: Life) -> list[Difference]:
    """Make every check; nothing comes back when all is as planned."""
    return [found for check in CHECKS async for found in check(life)]


async def _what_mailrooms_hold(life: Life) -> AsyncIterator[Difference]:
    """Each DMS: every document and status that it must have, once, on its day, and no others."""
    for code, mailroom in life.mailrooms.items():
        tally = life.ledger.tallies[code]
        for found in (
            *_compare(code, _DOCUMENTS_IN, tally.arrived, mailroom.arrived),
            *_compare(code, _PACKAGES_IN, tally.got, mailroom.got),
        ):
            yield found
    for arrival, count in life.surplus.items():
        yield Difference(
            where=arrival.to,
            figure=("đến thừa", "came and should not have"),
            planned="0",
            found=f"{count} × {arrival.document_id} ({arrival.says}) ← {arrival.sender}",
        )


async def _what_nodes_count(life: Life) -> AsyncIterator[Difference]:
    """Each node's own figures of what came and went, day by day and agency by agency."""
    for node in life.gateways:
        for code in node.serves:
            for kind in Kind:
                counted = await load_days(
                    node.database, first=life.plan.first, last=life.plan.last, kind=kind, agencies=[code]
                )
                found_days = Counter({(what.value, day): count for (day, what), count in counted.items()})
                for found in _compare(
                    code, _COUNTED, _planned_days(life.ledger.tallies[code], kind), found_days
                ):
                    yield found


async def _what_logs_say(life: Life) -> AsyncIterator[Difference]:
    """Each log: every package an agency here sent, every document laid into its mailbox, on its day."""
    for node in life.gateways:
        sent, consigned = await asyncio.to_thread(_read_accepted, node.database.source)
        for code in node.serves:
            tally = life.ledger.tallies[code]
            documents = Counter({key: count for key, count in tally.got.items() if len(key[0]) == 1})
            for found in (
                *_compare(code, _LOGGED_OUT, tally.handed_over, sent.get(code, Counter())),
                *_compare(code, _LOGGED_IN, documents, consigned.get(code, Counter())),
            ):
                yield found


async def _what_registers_say(life: Life) -> AsyncIterator[Difference]:
    """Each register: out by type and promulgation day, in by type and day of arrival, and deliveries."""
    for node in life.gateways:
        rows = await node.database.fetch_all(
            "SELECT agency, side, type, day, sum(documents) + sum(declined) AS count,"
            " sum(deliveries) AS deliveries FROM register_figures GROUP BY agency, side, type, day"
        )
        found: dict[tuple[str, str], Days] = defaultdict(Counter)
        deliveries: Counter[str] = Counter()
        for row in rows:
            found[row["agency"], row["side"]][row["type"], date.fromisoformat(row["day"])] += row["count"]
            deliveries[row["agency"]] += row["deliveries"] if row["side"] == Side.OUT else 0
        for code in node.serves:
            tally = life.ledger.tallies[code]
            for difference in (
                *_compare(code, _REGISTERED_OUT, tally.sent, found[code, Side.OUT]),
                *_compare(code, _REGISTERED_IN, tally.arrived, found[code, Side.IN]),
            ):
                yield difference
            if deliveries[code] != tally.deliveries_count:
                yield Difference(
                    where=code,
                    figure=("lượt gửi theo sổ", "deliveries, by the register"),
                    planned=str(tally.deliveries_count),
                    found=str(deliveries[code]),
                )


async def _what_is_owed(life: Life) -> AsyncIterator[Difference]:
    """Each gateway: how what its agencies owe stands on the last day, by kind.

    A hub does not see what agencies of one gateway owe each other. Successors answer for merged agencies.
    """
    planned = life.ledger.debts.count(life.plan.last)
    for node in life.gateways:
        facts = await load_facts(node.database)
        found: dict[AgencyCode, Counter[tuple[ObligationKind, Figure]]] = defaultdict(Counter)
        for fact, count in facts.items():
            code = life.ledger.debts.answering(fact.agency)
            found[code][fact.kind, _figure_of(fact, life.plan.last)] += count
        for code in node.serves:
            counts = planned.get(code, Counter())
            for kind, figure in sorted(counts.keys() | found[code].keys()):
                if counts[kind, figure] != found[code][kind, figure]:
                    yield Difference(
                        where=f"{code} @ {node.plan.folder}",
                        figure=(f"{kind.vi} ({figure})", f"{kind.en} ({figure})"),
                        planned=str(counts[kind, figure]),
                        found=str(found[code][kind, figure]),
                    )


def _figure_of(fact: Fact, today: date) -> Figure:
    ended = {Standing.PASSED_ON: Figure.PASSED_ON, Standing.GUIDED: Figure.GUIDED}
    if fact.standing is Standing.CANCELLED:
        return Figure.CANCELLED
    return ended.get(fact.standing) or Figure(place_of(fact, today).value)


CHECKS: tuple[Check, ...] = (
    _what_mailrooms_hold,
    _what_nodes_count,
    _what_logs_say,
    _what_registers_say,
    _what_is_owed,
)


def _planned_days(tally: Tally, kind: Kind) -> Days:
    """Count what a node must have counted of a kind: all that came, and what its systems sent."""
    days: Days = Counter()
    for happening, packages in ((Happening.CAME, tally.got), (Happening.WENT, tally.handed_over)):
        for (says, day), count in packages.items():
            if (len(says) == 1) is (kind is Kind.DOCUMENT):
                days[happening.value, day] += count
    return days


def _read_accepted(source: Source) -> tuple[dict[str, Days], dict[str, Days]]:
    """Read what a log says was accepted: sent by whom, consigned to whom."""
    sent: dict[str, Days] = {}
    consigned: dict[str, Days] = {}
    for entry in read_log(source):
        statement = json.loads((entry.content or b"{}").partition(b"\n")[0])
        if statement.get("event") != LogKind.ACCEPTED.value:
            continue
        is_document = statement["carries"] == Kind.DOCUMENT.value
        says = str(statement["business"]) if is_document else str(statement["status"])
        key = (says, local_day(datetime.fromisoformat(statement["at"])))
        if statement["direction"] == Direction.OUTBOUND.value:
            sent.setdefault(statement["sender"], Counter())[key] += 1
        for code in statement.get("consigned", ()) if is_document else ():
            consigned.setdefault(code, Counter())[key] += 1
    return sent, consigned


def _compare(code: AgencyCode, figure: Words, planned: Days, found: Days) -> Iterator[Difference]:
    """Name every figure in which two counts differ."""
    for key in sorted(planned.keys() | found.keys()):
        if planned[key] != found[key]:
            name, day = key
            yield Difference(
                where=f"{code} {day:%d/%m/%Y}",
                figure=(f"{figure[0]} ({name})", f"{figure[1]} ({name})"),
                planned=str(planned[key]),
                found=str(found[key]),
            )
