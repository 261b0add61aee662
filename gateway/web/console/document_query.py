"""The address of a search: what stands in it becomes a question, and what is chosen stays in it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import TypeVar

from gateway.edxml.document_types import TYPE_NAMES
from gateway.exchange.directory import Snapshot
from gateway.exchange.lookup import agencies_called
from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode
from gateway.model.question import Days, Order, Period, Question, Side, Standing, Way, read_terms
from gateway.model.signature import Grade
from gateway.store.search import Place
from gateway.web.console.address import Address
from gateway.web.console.forms import read_day

Named = TypeVar("Named", bound=StrEnum)
Numbered = TypeVar("Numbered", bound=IntEnum)

OVERDUE = "overdue"
# In the order in which they stand in an address; `after` comes last and is no part of the question.
FIELDS = (
    *("q", "period", "from", "to", "on", "state", "way", "agency", "side"),
    *("type", "act", "urgency", "grade", "order"),
)
# The database counts no further.
_GREATEST = (1 << 63) - 1
# Nobody is called so, and so nothing is found.
_NOBODY = frozenset({AgencyCode("?")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Address):
    """What is looked for among documents, as it stands in an address."""

    NAMES = FIELDS
    LONGEST = 400

    def filters(self) -> Iterator[str]:
        """Name the fields that narrow the search, the words aside."""
        return (name for name in self.fields if name not in ("q", "on", "side", "order"))

    async def understand(self, directory: Snapshot, today: date) -> Question:
        """Understand it, off the loop where names of a country's agencies are gone through."""
        if self.text("agency"):
            return await asyncio.to_thread(self.question, directory, today)
        return self.question(directory, today)

    def question(self, directory: Snapshot, today: date) -> Question:
        """Understand it."""
        days = self._days(today)
        on_acceptance = self.text("on") == "accepted"
        terms = read_terms(self.text("q"))
        state = self.text("state")
        order = _named(Order, self.text("order"))
        return Question(
            terms=terms,
            way=_named(Way, self.text("way")),
            agencies=self._agencies(directory),
            side=_named(Side, self.text("side")) or Side.ANY,
            type=self.text("type") if self.text("type") in TYPE_NAMES else None,
            business=_numbered(Business, self.text("act")),
            standing=_named(Standing, state),
            overdue=state == OVERDUE,
            promulgated=None if on_acceptance else days,
            accepted=days if on_acceptance else None,
            urgency=_numbered(Priority, self.text("urgency")),
            grade=_named(Grade, self.text("grade")),
            order=order or (Order.RELEVANCE if terms.words else Order.NEWEST),
        )

    def _days(self, today: date) -> Days | None:
        first, last = read_day(self.text("from")), read_day(self.text("to"))
        if first is not None or last is not None:
            return Days(first=first, last=last)
        period = _named(Period, self.text("period"))
        return None if period is None else period.days(today)

    def _agencies(self, directory: Snapshot) -> frozenset[AgencyCode]:
        typed = self.text("agency")
        if not typed:
            return frozenset()
        found = agencies_called(typed, directory)
        return frozenset(name for agency in found for name in directory.names_of(agency.code)) or _NOBODY


def read_place(text: str) -> Place | None:
    """Read where a page ended; None is the first page."""
    rank, point, id_ = text.partition(".")
    if not point or not rank.isdecimal() or not id_.isdecimal() or len(text) > 40:
        return None
    return Place(rank=min(int(rank), _GREATEST), id=min(int(id_), _GREATEST))


def write_place(place: Place) -> str:
    """Write where a page ended."""
    return f"{place.rank}.{place.id}"


def _named(kind: type[Named], text: str) -> Named | None:
    return kind(text) if text in set(kind) else None


def _numbered(kind: type[Numbered], text: str) -> Numbered | None:
    return next((member for member in kind if str(int(member)) == text), None)
