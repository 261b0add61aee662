"""What the rooms see of the database, whichever engine is behind it: statements in, rows out."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from gateway.store.sheets import Line, Sheet, Wanted

Parameters = Sequence[Any] | Mapping[str, Any]


class Dialect(StrEnum):
    """Which engine it is, for the few statements that have to be said in its own way."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a PostgreSQL database is: what libpq takes, a password maybe in it."""

    address: str = field(repr=False)


# A file is an SQLite database.
Source = Path | Server


class Row(Protocol):
    """One row; its columns are asked for by name or by place."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        ...

    def fetchone(self) -> Any:
        """Take the next row; None behind the last."""
        ...

    def fetchall(self) -> list[Any]:
        """Take all rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Statements(Protocol):
    """A connection inside one transaction. Statements are written in what both engines understand."""

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        """Run one statement for each set of parameters."""
        ...


class Tables(Statements, Protocol):
    """What an act sees of a transaction: statements, and sheets to which it adds rows in passing."""

    def add(self, sheet: Sheet, *lines: Line) -> None:
        """Add rows, by the end of the transaction; every `execute` sees them."""
        ...

    def execute_beside(self, sql: str, parameters: Parameters = ..., /) -> Rows:
        """Ask, of rows that were written; those that were added may wait still."""
        ...

    def waiting(self, sheet: Sheet) -> Iterable[Line]:
        """Return the rows that were added and are not written yet."""
        ...

    def find(self, wanted: Wanted, /) -> Sequence[Row]:
        """Find the rows that have a value, what was added included; foreseen, it costs no question."""
        ...

    def greatest(self, sheet: Sheet) -> Any:
        """Return the greatest value of a sheet's first column, what was added included; None of no rows."""
        ...


@dataclass(frozen=True, slots=True)
class Unbatched:
    """Tables of somebody who is alone with them, or only looks: what is added is written at once."""

    statements: Statements

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Run one statement."""
        return self.statements.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        """Run one statement for each set of parameters."""
        return self.statements.executemany(sql, parameters)

    def add(self, sheet: Sheet, *lines: Line) -> None:
        """Add rows, now."""
        self.statements.executemany(sheet.insertion, numbered(self.statements, sheet, lines))

    def execute_beside(self, sql: str, parameters: Parameters = (), /) -> Rows:
        """Ask: nothing waits."""
        return self.statements.execute(sql, parameters)

    def waiting(self, _sheet: Sheet) -> Iterable[Line]:
        """Return none."""
        return ()

    def find(self, wanted: Wanted, /) -> Sequence[Row]:
        """Find the rows that have a value."""
        return self.statements.execute(wanted.question, (wanted.value,)).fetchall()

    def greatest(self, sheet: Sheet) -> Any:
        """Return the greatest value of a sheet's first column; None of no rows."""
        return greatest(self.statements, sheet)


def greatest(statements: Statements, sheet: Sheet) -> Any:
    """Return the greatest value written in a sheet's first column; None of no rows."""
    (found,) = statements.execute(f"SELECT max({sheet.columns[0]}) FROM {sheet.table}").fetchone()
    return found


def numbered(statements: Statements, sheet: Sheet, lines: Sequence[Line]) -> Sequence[Line]:
    """Give rows the numbers that come next, where their sheet counts them."""
    if not sheet.is_numbered:
        return lines
    first = (greatest(statements, sheet) or 0) + 1
    return [(number, *line) for number, line in enumerate(lines, first)]


class Reader(Protocol):
    """A connection that only reads; every statement sees the last commit."""

    async def fetch_all(self, sql: str, parameters: Parameters) -> list[Row]:
        """Read all rows of a bounded query."""
        ...

    def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[Row]:
        """Read rows as they are asked for, however many there are."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class Writer(Protocol):
    """The connection that writes: one transaction at a time, of any writer of this database."""

    @property
    def statements(self) -> Statements:
        """What runs in the transaction."""
        ...

    def begin(self) -> None:
        """Begin a transaction, once nobody else writes."""
        ...

    def begin_turn(self) -> None:
        """Begin what can be undone alone."""
        ...

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Line]) -> int:
        """Add rows as they come, as fast as the engine takes them; tell how many."""
        ...

    def add_lines(self, sheet: Sheet, lines: Sequence[Line]) -> None:
        """Write rows of a sheet, their numbers among them."""
        ...

    def undo_turn(self) -> None:
        """Undo what was done since `begin_turn`."""
        ...

    def commit(self) -> bool:
        """Make it durable; tell whether anything was changed."""
        ...

    def roll_back(self) -> None:
        """Forget the transaction; harmless when there is none, or no connection any more."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Engine(Protocol):
    """A kind of database, and where it is."""

    @property
    def dialect(self) -> Dialect:
        """Which kind."""
        ...

    @property
    def readers_count(self) -> int:
        """How many connections read side by side."""
        ...

    def migrate(self) -> None:
        """Bring the schema to its newest form."""
        ...

    def open_writer(self) -> Writer:
        """Connect, to write."""
        ...

    async def open_reader(self) -> Reader:
        """Connect, to read."""
        ...

    def looking(self) -> AbstractContextManager[Tables]:
        """Look at one instant, at as many rows as there are. To be used in a thread."""
        ...

    def fails_by_itself(self, error: Exception) -> bool:
        """Tell whether an error is the engine's or its disk's, not the statement's."""
        ...

    def is_error(self, error: BaseException) -> bool:
        """Tell whether an error is one of this engine's."""
        ...
