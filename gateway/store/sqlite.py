"""SQLite: a file, one writer at a time, readers that never wait for it."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from gateway.store.schema import Step, announce_step, expect_served, may_serve, note_step, outgrown, steps
from gateway.store.sheets import Line, Sheet
from gateway.store.tables import Dialect, Parameters, Reader, Row, Statements, Tables, Unbatched, Writer

# A search goes through more of an index than the usual 2 MiB hold.
_READER_CACHE_KIB = 32 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteEngine:
    """A database in a file."""

    path: Path
    dialect: Dialect = Dialect.SQLITE
    readers_count: int = 2

    def migrate(self) -> None:
        """Bring the database to the newest schema, each step in a transaction of its own.

        Shape: ``user_version`` remembers the last step done.
        """
        if not self.path.exists():
            # What lies in it is nobody else's to read; the journals take its mode.
            self.path.touch(mode=0o600)
        with contextlib.closing(_connect(self.path)) as connection:
            for step in steps(self.dialect):
                _take_step(connection, step)
            expect_served(connection, _version(connection))

    def open_writer(self) -> Writer:
        """Connect, to write."""
        return _SqliteWriter(connection=_connect(self.path))

    async def open_reader(self) -> Reader:
        """Connect, to read."""
        connection = await aiosqlite.connect(self._for_reading, uri=True, isolation_level=None)
        connection.row_factory = sqlite3.Row
        await connection.execute("PRAGMA query_only = ON")
        await connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        return _SqliteReader(connection=connection)

    @contextlib.contextmanager
    def looking(self) -> Iterator[Tables]:
        """Look at one instant."""
        with contextlib.closing(
            sqlite3.connect(self._for_reading, uri=True, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            yield Unbatched(connection)

    def fails_by_itself(self, error: Exception) -> bool:
        """Tell whether the disk or the file is at fault."""
        # A torn page is a plain DatabaseError; what a statement did wrong has a class of its own.
        return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError

    def is_error(self, error: BaseException) -> bool:
        """Tell whether an error is SQLite's."""
        return isinstance(error, sqlite3.Error)

    @property
    def _for_reading(self) -> str:
        return f"{self.path.absolute().as_uri()}?mode=ro"


@dataclass(slots=True, kw_only=True)
class _SqliteWriter:
    connection: sqlite3.Connection
    _changes_before: int = 0
    _in_turn: bool = False
    _version_served: int = 0

    @property
    def statements(self) -> Statements:
        return self.connection

    def begin(self) -> None:
        self._changes_before, self._in_turn = self.connection.total_changes, False
        self.connection.execute("BEGIN IMMEDIATE")
        if (version := _version(self.connection)) != self._version_served:
            if not may_serve(self.connection, version):
                raise outgrown()
            self._version_served = version

    def begin_turn(self) -> None:
        if self._in_turn:
            self.connection.execute("RELEASE turn")
        self.connection.execute("SAVEPOINT turn")
        self._in_turn = True

    def add_lines(self, sheet: Sheet, lines: Sequence[Line]) -> None:
        self.connection.executemany(sheet.insertion, lines)

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Line]) -> int:
        named = ", ".join(f'"{column}"' for column in columns)
        places = ", ".join("?" * len(columns))
        return self.connection.executemany(f"INSERT INTO {table} ({named}) VALUES ({places})", rows).rowcount

    def undo_turn(self) -> None:
        self.connection.execute("ROLLBACK TO turn")

    def commit(self) -> bool:
        self.connection.execute("COMMIT")
        return self.connection.total_changes != self._changes_before

    def roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _SqliteReader:
    connection: aiosqlite.Connection

    async def fetch_all(self, sql: str, parameters: Parameters) -> list[Row]:
        return list(await self.connection.execute_fetchall(sql, parameters))

    async def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[Row]:
        async with self.connection.execute(sql, parameters) as cursor:
            async for row in cursor:
                yield row

    async def close(self) -> None:
        await self.connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.row_factory = sqlite3.Row
    # busy_timeout first: switching to WAL needs the lock, and two processes may start together.
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    # What a savepoint would need to go back to is kept here, not written to a file for every batch.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _take_step(connection: sqlite3.Connection, step: Step) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read inside the transaction: of two processes that start together one waits, then skips.
        version = _version(connection)
        if version < step.number:
            announce_step(step, version)
            for statement in _statements(step.script):
                connection.execute(statement)
            note_step(connection, step)
            connection.execute(f"PRAGMA user_version = {step.number}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        # A full disk has rolled back already: what is told is the disk, not that.
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    # Not executescript: it would commit our transaction before it begins.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
