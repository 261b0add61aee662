"""Tokens of programs: a monitoring centre that reads figures, a one-stop desk's that gives dossiers."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NewType

from gateway.model.identifiers import AgencyCode

TokenId = NewType("TokenId", str)
"""Names a token; it is the part of its text that is no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program may do.

    Shape: name is what stands in the log for the program, as a login is written; agencies are those it is
    limited to, None for every agency of the node; last_used_on is a day in Vietnam.
    """

    id: TokenId
    name: str
    agencies: frozenset[AgencyCode] | None
    may_write: bool
    created_at: datetime
    last_used_on: date | None = None
    disabled_at: datetime | None = None
