"""PostgreSQL: a server that several nodes share.

Whoever writes holds one lock of the whole database from the beginning of a transaction to its commit, as
SQLite lets one write at a time: acts see each other's work in one order, whichever node they run on, and the
log has no gaps (docs/decisions/0015). Readers hold nothing.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq

from gateway.errors import Misconfiguration
from gateway.store.dialect import UNNEEDED, in_postgresql, register_types, rows_by_name
from gateway.store.lost_commits import life_of, was_committed
from gateway.store.postgresql_looking import Looked
from gateway.store.schema import (
    Step,
    announce_step,
    expect_served,
    may_serve,
    note_step,
    outgrown,
    steps,
    version_of,
)
from gateway.store.sheets import Line, Sheet
from gateway.store.tables import (
    Dialect,
    Parameters,
    Reader,
    Row,
    Rows,
    Server,
    Statements,
    Tables,
    Unbatched,
    Writer,
)

_WRITING = 7_401_268_101
_MIGRATING = 7_401_268_102
# More than there are statements: taking one off again is a question to the server.
_PREPARED_AT_MOST = 1000
# Fewer rows are written sooner by a statement that is prepared.
_COPIED_FROM = 4
# Who stands still, or vanished, in the middle of a batch must not keep others from writing for longer.
# Between two statements of an act there is only computing.
_SILENT_AT_MOST = "30s"
# A server may be told to answer a commit before the disk has it; what we promise is on the disk.
_WAIT_FOR_THE_DISK = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
# What notices that the server vanished.
_OPTIONS: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "lienthong",
}
# Who brings the schema up serves nobody yet.
_STARTING = "lienthong-starting"
# A step that waits for a table, behind a long look at it, keeps everybody else waiting: it gives way, and
# comes again.
_TABLES_ARE_SOUGHT_FOR = "1s"
_TABLES_ARE_SOUGHT_AGAIN_AFTER = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresqlEngine:
    """A database on a server."""

    server: Server
    dialect: Dialect = Dialect.POSTGRESQL
    readers_count: int = 4

    def migrate(self) -> None:
        """Bring the database to the newest schema, each step in a transaction of its own.

        Shape: the table ``schema_version`` remembers the last step done.
        Errors: Misconfiguration when the schema is too new, a step would break nodes that are running, or
        another database is being moved there (moving.py).
        """
        with contextlib.closing(self._connect(application_name=_STARTING)) as connection:
            row = connection.execute("SELECT to_regclass('moving') IS NOT NULL").fetchone()
            if row and row[0]:
                raise Misconfiguration.because(
                    "database-half-moved",
                    where="storage.database",
                    vi="chưa chuyển xong vào cơ sở dữ liệu này; chạy lại lienthong move",
                    en="a move into this database is not finished; run lienthong move again",
                )
            for step in steps(self.dialect):
                while not _take_step(connection, step):
                    time.sleep(_TABLES_ARE_SOUGHT_AGAIN_AFTER)
            tables = _Fitted(connection)
            expect_served(tables, version_of(tables, self.dialect))

    def open_writer(self) -> Writer:
        """Connect, to write."""
        return _PostgresqlWriter(engine=self, connection=self._connect())

    async def open_reader(self) -> Reader:
        """Connect, to read."""
        reader = _PostgresqlReader(server=self.server)
        await reader.connect()
        return reader

    @contextlib.contextmanager
    def looking(self) -> Iterator[Tables]:
        """Look at one instant."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Unbatched(Looked(connection))

    def fails_by_itself(self, error: Exception) -> bool:
        """Tell whether the server or the road to it is at fault."""
        # InternalError: what a corrupted table says; a disk that is full is an OperationalError.
        return isinstance(error, psycopg.OperationalError | psycopg.InternalError)

    def is_error(self, error: BaseException) -> bool:
        """Tell whether an error is the server's or its client's."""
        return isinstance(error, psycopg.Error)

    def _connect(self, **others: Any) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = psycopg.connect(
            self.server.address, autocommit=True, row_factory=rows_by_name, **_OPTIONS | others
        )
        register_types(connection)
        connection.prepared_max = _PREPARED_AT_MOST
        return connection


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Runs statements of the common form over one connection."""

    connection: psycopg.Connection[Any]

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        if sql in UNNEEDED:
            return self.connection.cursor()
        return self.connection.execute(*in_postgresql(sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        cursor = self.connection.cursor()
        sets = [in_postgresql(sql, each) for each in parameters]
        if sets:
            cursor.executemany(sets[0][0], [each for _, each in sets])
        return cursor


def _take_step(connection: psycopg.Connection[Any], step: Step) -> bool:
    """Take a step that was not taken yet; False when its tables could not be had."""
    try:
        with connection.transaction():
            # Nobody migrates beside us, and nobody writes: no two of us wait for each other's tables.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            row = connection.execute("SELECT max(version) FROM schema_version").fetchone()
            version = (row and row[0]) or 0
            if version < step.number:
                if 0 < version < step.programs_since:
                    _expect_nobody(connection, step)
                announce_step(step, version)
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITING,))
                connection.execute(f"SET LOCAL lock_timeout = '{_TABLES_ARE_SOUGHT_FOR}'".encode())
                connection.execute(step.script.encode())
                note_step(_Fitted(connection), step)
                connection.execute("DELETE FROM schema_version")
                connection.execute("INSERT INTO schema_version VALUES (%s)", (step.number,))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _expect_nobody(connection: psycopg.Connection[Any], step: Step) -> None:
    row = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
        (_OPTIONS["application_name"],),
    ).fetchone()
    if row is not None and row[0]:
        raise Misconfiguration.because(
            "nodes-still-serve",
            where="storage.database",
            vi=f"bước {step.number:04} của lược đồ không dùng chung được với các tiến trình đang chạy;"
            " hãy dừng tất cả rồi khởi động phiên bản mới",
            en=f"step {step.number:04} of the schema breaks the nodes that are running;"
            " stop them all, then start the new version",
        )


@dataclass(slots=True, kw_only=True)
class _PostgresqlWriter:
    engine: PostgresqlEngine
    connection: psycopg.Connection[Any]
    _life: tuple[Any, ...] = ()
    _transaction: str = ""
    _turns_count: int = 0
    _statements: _Fitted | None = None
    _version_served: int = 0
    _types: dict[tuple[str, tuple[str, ...]], Sequence[int]] = field(default_factory=dict)

    @property
    def statements(self) -> Statements:
        if self._statements is None or self._statements.connection is not self.connection:
            self._statements = _Fitted(self.connection)
        return self._statements

    def begin(self) -> None:
        while (version := self._begin()) != self._version_served:
            if not may_serve(self.statements, version):
                raise outgrown()
            is_first, self._version_served = not self._version_served, version
            if is_first:
                return
            # What was prepared over this connection tells columns as they were.
            self.connection.close()
            self._types.clear()

    def _begin(self) -> int:
        """Begin, and tell the schema's version, which stays until the end."""
        self._turns_count = 0
        try:
            self._take_lock()
        except psycopg.OperationalError:
            if not self.connection.broken:
                raise
            self._take_lock()  # the server was restarted since we wrote last
        # By its name it can be found out whether it was committed, should the answer be lost.
        self._transaction, version = self.connection.execute(
            "SELECT pg_current_xact_id()::text, version FROM schema_version"
        ).fetchone()  # type: ignore[misc]
        return int(version)

    def _take_lock(self) -> None:
        if self.connection.broken or self.connection.closed:
            self.connection, self._life = self.engine._connect(), ()
        if not self._life:
            self.connection.execute(_WAIT_FOR_THE_DISK)
            self._life = life_of(self.connection)
        self.connection.execute(
            f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = '{_SILENT_AT_MOST}';"
            f" SELECT pg_advisory_xact_lock({_WRITING})"
        )

    def begin_turn(self) -> None:
        released = "RELEASE turn; " if self._turns_count else ""
        self.connection.execute(f"{released}SAVEPOINT turn")
        self._turns_count += 1

    def add_lines(self, sheet: Sheet, lines: Sequence[Line]) -> None:
        if sheet.may_stand or len(lines) < _COPIED_FROM:
            self.statements.executemany(sheet.insertion, lines)
        else:
            self.add_rows(sheet.table, sheet.columns, lines)

    def add_rows(self, table: str, columns: Sequence[str], rows: Iterable[Line]) -> int:
        into = ", ".join(f'"{column}"' for column in columns)
        cursor, types = self.connection.cursor(), self._types_of(table, tuple(columns))
        with cursor.copy(f"COPY {table} ({into}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount

    def _types_of(self, table: str, columns: tuple[str, ...]) -> Sequence[int]:
        if (table, columns) not in self._types:
            named = ", ".join(f'"{column}"' for column in columns)
            asked = self.connection.execute(f"SELECT {named} FROM {table} LIMIT 0".encode())
            self._types[table, columns] = [column.type_code for column in asked.description or ()]
        return self._types[table, columns]

    def undo_turn(self) -> None:
        self.connection.execute("ROLLBACK TO turn")

    def commit(self) -> bool:
        try:
            said = self.connection.execute("COMMIT").statusmessage
        except psycopg.OperationalError:
            if not was_committed(self.engine._connect, self._transaction, life=self._life):
                raise
        else:
            if said != "COMMIT":  # somebody passed over a statement that failed
                raise psycopg.errors.InFailedSqlTransaction(str(said))
        return True

    def roll_back(self) -> None:
        with contextlib.suppress(psycopg.Error):
            if self.connection.info.transaction_status is not pq.TransactionStatus.IDLE:
                self.connection.execute("ROLLBACK")

    def close(self) -> None:
        self.connection.close()


@dataclass(slots=True, kw_only=True)
class _PostgresqlReader:
    server: Server
    connection: psycopg.AsyncConnection[Any] | None = field(default=None)

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        if self.connection is None or self.connection.broken or self.connection.closed:
            self.connection = await psycopg.AsyncConnection.connect(
                self.server.address, autocommit=True, row_factory=rows_by_name, **_OPTIONS
            )
            register_types(self.connection)
            await self.connection.set_read_only(True)
        return self.connection

    async def fetch_all(self, sql: str, parameters: Parameters) -> list[Row]:
        # Binary: else bytes come as hexadecimal, which takes both sides longer than the reading itself.
        connection = await self.connect()
        try:
            cursor = await connection.execute(*in_postgresql(sql, parameters), binary=True)
        except (psycopg.errors.FeatureNotSupported, psycopg.OperationalError) as error:
            # The schema was brought up: what was prepared over this connection tells columns as they were.
            # Or the server was restarted since.
            if isinstance(error, psycopg.OperationalError) and not connection.broken:
                raise
            await connection.close()
            connection = await self.connect()
            cursor = await connection.execute(*in_postgresql(sql, parameters), binary=True)
        return await cursor.fetchall()

    async def stream(self, sql: str, parameters: Parameters) -> AsyncIterator[Row]:
        connection = await self.connect()
        async with connection.cursor(binary=True) as cursor:
            async for row in cursor.stream(*in_postgresql(sql, parameters)):
                yield row

    async def close(self) -> None:
        if self.connection is not None:
            await self.connection.close()
