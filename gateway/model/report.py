"""Reports as values: what stands in them, before anybody writes them as a page or a file."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

Words = tuple[str, str]
"""The same said in Vietnamese and in English."""

Cell = str | Words | int | Decimal | date | None
"""What stands in a table: None is written as “no data”, a Decimal is a share in per cent."""


class Unit(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    DAY = "day"
    HOURS = "hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; columns side by side with the same group stand under one heading."""

    title: Words
    unit: Unit = Unit.COUNT
    group: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a report.

    Shape: every row, and total when there is one, has a cell for each column; where rows are numbered, the
    numbers stand in a column of their own that is not among these.
    """

    title: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    notes: tuple[Words, ...] = ()
    numbered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report of an office for a period.

    Shape: over is the organisation above the issuer; number and notation are 15 and BC-SYT of 15/BC-SYT, the
    number empty where it will be written by hand; recipients are the lines of "Nơi nhận"; summary are
    sentences that stand above the tables.
    """

    title: Words
    period: Words
    issuer: str
    over: str = ""
    place: str = ""
    number: str = ""
    notation: str = "BC"
    made_on: date
    as_of: datetime
    summary: tuple[Words, ...] = ()
    tables: tuple[Table, ...]
    recipients: tuple[str, ...] = field(default=("Lưu: VT.",))
    competence: str = ""
    position: str = ""
    signer: str = ""
