"""The address of a list of obligations: what stands in it becomes a question, and stays in it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from gateway.exchange.directory import Snapshot
from gateway.exchange.lookup import agencies_called
from gateway.model.identifiers import AgencyCode
from gateway.model.obligation import Obligation, ObligationId, ObligationKind, Standing
from gateway.store.obligations import Due, Wanted
from gateway.web.console.address import Address
from gateway.web.console.forms import read_day

Named = TypeVar("Named", bound=StrEnum)

# In the order in which they stand in an address; `after` comes last and is no part of the question.
FIELDS = ("side", "kind", "due", "state", "agency", "giver", "name")
ALL, GIVEN = "all", "given"
_NO_DAY = "none"
# Nobody is called so, and so nothing is found.
_NOBODY = (AgencyCode("?"),)

Place = tuple[date | None, ObligationId]


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyQuery(Address):
    """Which obligations are looked for, as it stands in an address."""

    NAMES = FIELDS

    @property
    def kind(self) -> ObligationKind | None:
        """Tell which kind is looked for; None means all."""
        return _named(ObligationKind, self.text("kind"))

    @property
    def due(self) -> Due | None:
        """Tell when what is looked for is due; None means whenever. Only what is open is due."""
        return _named(Due, self.text("due")) if self.standing is Standing.OPEN else None

    @property
    def standing(self) -> Standing | None:
        """Tell how what is looked for stands; None means anyhow, and nothing chosen what is open."""
        if self.text("state") == ALL:
            return None
        return _named(Standing, self.text("state")) or Standing.OPEN

    @property
    def latest_first(self) -> bool:
        """Tell whether what is due last comes first: of what has ended, that is what people look for."""
        return self.standing is not Standing.OPEN

    async def wanted(self, directory: Snapshot, own: frozenset[AgencyCode] | None) -> Wanted:
        """Say what is looked for, of all days and kinds; own are the codes of who asks, None all there are.

        Shape: off the loop where names of a country's agencies are gone through.
        """
        agencies = await _codes_called(self.text("agency"), directory)
        givers = await _codes_called(self.text("giver"), directory)
        if own is not None and self.text("side") == GIVEN:
            givers = tuple(own) or _NOBODY
        elif own is not None:
            agencies = tuple(own if agencies is None else own.intersection(agencies)) or _NOBODY
        return Wanted(
            agencies=agencies,
            assigned_by=givers,
            standings=None if self.standing is None else (self.standing,),
            name=self.text("name") or None,
        )

    def narrowed(self, wanted: Wanted, today: date) -> Wanted:
        """Narrow it to the kind and the days that were chosen."""
        wanted = replace(wanted, kinds=None if self.kind is None else (self.kind,))
        one_day = timedelta(days=1)
        match self.due:
            case Due.OVERDUE:
                return replace(wanted, due_until=today - one_day)
            case Due.TODAY:
                return replace(wanted, due_from=today, due_until=today)
            case Due.WEEK:
                return replace(wanted, due_from=today, due_until=week_end(today))
            case Due.LATER:
                return replace(wanted, due_from=week_end(today) + one_day)
            case Due.NEVER:
                return replace(wanted, has_day=False)
        return wanted


def week_end(today: date) -> date:
    """Return the last day of a day's week: its Sunday."""
    return today + timedelta(days=6 - today.weekday())


def read_place(text: str) -> Place | None:
    """Read where a page ended; None is the first page."""
    day, point, id_ = text.partition(".")
    due_on = read_day(day)
    if not point or not id_ or len(text) > 80 or (due_on is None and day != _NO_DAY):
        return None
    return due_on, ObligationId(id_)


def write_place(last: Obligation) -> str:
    """Write where a page ended."""
    return f"{last.due_on.isoformat() if last.due_on else _NO_DAY}.{last.id}"


async def _codes_called(typed: str, directory: Snapshot) -> tuple[AgencyCode, ...] | None:
    """Name all codes of the agencies that somebody means, and of those for which they answer."""
    if not typed:
        return None
    found = await asyncio.to_thread(agencies_called, typed, directory)
    return tuple(directory.answered_for(agency.code for agency in found)) or _NOBODY


def _named(kind: type[Named], text: str) -> Named | None:
    return kind(text) if text in set(kind) else None
