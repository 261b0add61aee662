"""How a statement of the common form is said to PostgreSQL, and how its values come and go.

The common form is SQLite's, as far as PostgreSQL has the same: where it has not, a function of the
same name stands in the schema (migrations/postgresql), or one of the rules below applies.
"""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.adapt import Loader
from psycopg.types.numeric import Int8BinaryDumper, NumericBinaryLoader
from psycopg.types.string import StrBinaryDumper, TextBinaryLoader, TextLoader

from gateway.store.tables import Parameters, Row

_PARTS = re.compile(
    r"""(?P<text>'(?:[^']|'')*')
    | (?P<name>"[^"]*")
    | (?P<cast>::)
    | (?P<asked>(?:\?\d*|:[a-z_]\w*)(?=\s+IS\s+(?:NOT\s+)?NULL))
    | (?P<place>\?\d*|:[a-z_]\w*)
    | (?P<percent>%)
    | (?P<hint>\s(?:NOT\s+INDEXED|INDEXED\s+BY\s+\w+))
    | (?P<ordered>\bCROSS\s(?=JOIN\s+\w+(?:\s+AS\s+\w+)?\s+(?:ON|USING)\b))
    | (?P<plus>(?<=[\s(])\+(?=[a-z_]))
    | (?P<statement>CAST\((?P<column>(?:\w+\.)?statement)\s+AS\s+TEXT\))
    """,
    re.VERBOSE,
)

_ASKS = re.compile(r"(?:\?\d*|:[a-z_]\w*)\s+IS\s+(?:NOT\s+)?NULL").search
_NONE: frozenset[str] = frozenset()


def in_postgresql(sql: str, parameters: Parameters) -> tuple[str, Any]:
    """Say a statement of the common form in PostgreSQL's words, with its parameters as psycopg takes them.

    Shape: ``?``, ``?1`` and ``:name`` become psycopg's places; hints that only SQLite's planner needs go.
    """
    if not isinstance(parameters, Mapping):
        parameters = {str(number): value for number, value in enumerate(parameters, 1)}
    # What is held against NULL and is NULL has no type that the server could see: it is said, not given.
    missing = frozenset(name for name, value in parameters.items() if value is None) if _ASKS(sql) else _NONE
    return _in_postgresql(sql, missing), parameters


# The one reference that has to wait for the end of a transaction waits by itself, as the schema says. What is
# deleted is overwritten when PostgreSQL's own cleaning comes by; it cannot be told to do so at once.
UNNEEDED = frozenset({"PRAGMA defer_foreign_keys = ON", "PRAGMA secure_delete = ON"})


@cache
def _in_postgresql(sql: str, missing: frozenset[str]) -> str:
    numbers = itertools.count(1)

    def place(word: str) -> str:
        name = word[1:] or str(next(numbers))
        return "NULL" if name in missing else f"%({name})s"

    def said(part: "re.Match[str]") -> str:
        match part.lastgroup:
            case "text" | "name":
                return part[0].replace("%", "%%")
            case "place":
                return place(part[0])
            case "asked":
                # What is only held against NULL has no type of its own.
                return f"CAST({place(part[0])} AS TEXT)"
            case "percent":
                return "%%"
            case "hint" | "plus" | "ordered":
                return ""
            case "statement":
                return f"text_of({part['column']})"
        return part[0]

    return _PARTS.sub(said, sql)


class _Truth(Int8BinaryDumper):
    """Truth is 0 or 1, as in SQLite."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class _Number(Loader):
    """Sums come as numeric; all of ours are whole, averages are not."""

    def load(self, said: Any) -> int | float:
        return _plain(Decimal(bytes(said).decode()))


class _BinaryNumber(NumericBinaryLoader):
    def load(self, said: Any) -> Any:
        return _plain(super().load(said))


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def register_types(connection: "Connection[Any] | AsyncConnection[Any]") -> None:
    """Let values come and go as they do with SQLite."""
    connection.adapters.register_dumper(int, Int8BinaryDumper)
    connection.adapters.register_dumper(bool, _Truth)
    connection.adapters.register_dumper(str, StrBinaryDumper)
    connection.adapters.register_loader("numeric", _Number)
    connection.adapters.register_loader("json", TextLoader)
    connection.adapters.register_loader("numeric", _BinaryNumber)
    connection.adapters.register_loader("json", TextBinaryLoader)


class _NamedRow(tuple[Any, ...]):
    __slots__ = ()
    places: Mapping[str, int] = {}

    def __getitem__(self, key: Any) -> Any:
        if key.__class__ is str:
            return tuple.__getitem__(self, self.places[key])
        return tuple.__getitem__(self, key)

    def keys(self) -> list[str]:
        """Tell the names of the columns."""
        return list(self.places)


@cache
def _row_of(names: tuple[str, ...]) -> type[_NamedRow]:
    return type("Row", (_NamedRow,), {"__slots__": (), "places": {name: i for i, name in enumerate(names)}})


def rows_by_name(cursor: Any) -> Callable[[Sequence[Any]], Row]:
    """Make rows whose columns are asked for by name or by place."""
    described = cursor.description
    return _row_of(tuple(column.name for column in described)) if described else _NamedRow
