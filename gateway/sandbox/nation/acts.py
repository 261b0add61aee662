"""What people do in the nation, as values: they send a document, say something about one, merge two agencies.

A plan is all of it, in the order of time. What it adds up to, ledger.py works out; life.py lives it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from gateway.model.code_lists import Business, StatusCode
from gateway.model.package import Amendment
from gateway.sandbox.agencies import Member
from gateway.sandbox.documents import Letter
from gateway.sandbox.nation.cast import Cast


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A document is sent, new or as what the amendment says."""

    at: datetime
    letter: Letter
    amendment: Amendment | None = None

    @property
    def by(self) -> Member:
        """Return who acts."""
        return self.letter.sender

    @property
    def business(self) -> Business:
        """Tell what it does to the document."""
        return self.amendment.business if self.amendment else Business.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """A recipient says what became of a document."""

    at: datetime
    letter: Letter
    by: Member
    status: StatusCode
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merging:
    """An agency is merged into another, which answers for it from then on; every directory is told."""

    at: datetime
    agency: Member
    by: Member


Act = Sending | Saying | Merging


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that will happen in a time.

    Shape: first and last are days in Vietnam, both included; acts are in the order of time, and none depends
    on another of the same instant; a merger has an instant of its own.
    """

    cast: Cast
    first: date
    last: date
    acts: tuple[Act, ...]

    def moments(self) -> Iterator[tuple[datetime, list[Act]]]:
        """List the instants at which something happens, each with what does."""
        for at, acts in groupby(self.acts, key=attrgetter("at")):
            yield at, list(acts)

    @property
    def documents_count(self) -> int:
        """Count the documents sent, each once however many recipients it has."""
        return sum(
            isinstance(act, Sending) and act.business in (Business.NEW, Business.REPLACE) for act in self.acts
        )
