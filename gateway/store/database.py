"""The database: one writer that commits many walks together, readers that never wait for it.

`write` takes a plain function of a connection. Functions that arrive within a few milliseconds of
each other share one durable commit, each in a savepoint of its own, so that one walk's refusal undoes
that walk alone. Why a thread and plain sqlite3 instead of an asynchronous driver: docs/decisions/0001.
Nothing here knows what the tables mean; packages.py, threads.py, dispatches.py and the rest do.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from gateway.errors import Delay
from gateway.points import Point, passed

Result = TypeVar("Result")
Act = Callable[[sqlite3.Connection], Result]
Parameters = Sequence[Any] | Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READERS_COUNT = 2
# A search goes through more of an index than the usual 2 MiB hold.
_READER_CACHE_KIB = 32 << 10


def to_micros(at: datetime) -> int:
    """Turn an aware instant into what the tables hold.

    Units: microseconds since 1970-01-01 UTC.
    """
    if at.tzinfo is None:
        raise ValueError("an instant without a zone")
    return (at - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Turn what the tables hold into an aware instant in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


@dataclass(slots=True)
class _Turn:
    """One walk waiting for its commit."""

    act: Act[Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    began_at: float = field(default_factory=time.monotonic)

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


def _settle_all(turns: Sequence[_Turn]) -> None:
    for turn in turns:
        turn.settle()


@dataclass(slots=True)
class Database:
    """The open database. Made by `open_database`, ended by `close`."""

    path: Path
    linger: timedelta
    batch_limit: int
    _turns: "queue.SimpleQueue[_Turn | None]" = field(default_factory=queue.SimpleQueue)
    _idle_readers: "asyncio.Queue[aiosqlite.Connection]" = field(default_factory=asyncio.Queue)
    _writer: threading.Thread | None = None
    _oldest_began_at: float | None = None
    _is_failing: bool = False

    async def write(self, act: Act[Result]) -> Result:
        """Run an act in a transaction and return once it is durable.

        The act runs in the writer's thread and goes on even when the caller is cancelled: a change is
        never left half made because somebody stopped waiting.
        Errors: what the act raises, its changes undone; Delay when the disk did not take them.
        """
        loop = asyncio.get_running_loop()
        turn = _Turn(act=act, loop=loop, future=loop.create_future())
        self._turns.put(turn)
        return await asyncio.shield(turn.future)

    async def try_disk(self) -> None:
        """Write a little, when the last commit was not taken.

        A node that nobody is sent to while its disk is bad would else never learn that it is good again.
        Errors: Delay while the disk takes nothing.
        """
        if self._is_failing:
            # SQLite leaves a page alone that would not change; the directory is read once more.
            await self.write(
                lambda tables: tables.execute("UPDATE directory_version SET version = version + 1")
            )

    @property
    def is_failing(self) -> bool:
        """Tell whether the disk did not take the last commit that changed something."""
        return self._is_failing

    @property
    def lag(self) -> timedelta:
        """Tell how long the oldest write that is not yet durable has been waiting."""
        began_at = self._oldest_began_at
        return timedelta(seconds=0 if began_at is None else time.monotonic() - began_at)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[aiosqlite.Connection]:
        """Lend a read-only connection that sees the last commit.

        Errors: Delay when the disk cannot be read.
        """
        connection = await self._idle_readers.get()
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            if not _is_of_the_disk(error):
                raise
            raise _storage_delay(error) from error
        finally:
            self._idle_readers.put_nowait(connection)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """Read all rows of a bounded query."""
        async with self.reading() as connection:
            return list(await connection.execute_fetchall(sql, parameters))

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> sqlite3.Row | None:
        """Read the first row, if there is one."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Commit what waits, then close every connection."""
        # The writer last: whoever closes last and may write folds the journal into the database.
        for _ in range(_READERS_COUNT):
            await (await self._idle_readers.get()).close()
        self._turns.put(None)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join)

    def _write_until_closed(self) -> None:
        connection = _connect(self.path)
        open_still, busy = True, False
        while open_still:
            turn = self._turns.get()
            if turn is None:
                break
            batch = [turn]
            self._oldest_began_at = turn.began_at
            open_still = self._gather(batch, self.linger if busy else timedelta(0))
            busy = len(batch) > 1
            before = connection.total_changes
            taken = _commit_together(connection, batch)
            # A commit that changed nothing did not touch the disk, and says nothing about it.
            if not taken or connection.total_changes != before:
                self._is_failing = not taken
            self._oldest_began_at = None
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
                turn.loop.call_soon_threadsafe(_settle_all, batch)
        connection.close()

    def _gather(self, batch: list[_Turn], linger: timedelta) -> bool:
        """Fill the batch until it is full or nobody else came within the linger.

        Whoever came alone last time will most likely be alone again, and waits for nobody.
        """
        deadline = time.monotonic() + linger.total_seconds()
        while len(batch) < self.batch_limit:
            try:
                turn = self._turns.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return True
            if turn is None:
                return False
            batch.append(turn)
        return True


def _commit_together(connection: sqlite3.Connection, batch: Sequence[_Turn]) -> bool:
    """Run every turn in its savepoint and commit once; a failed commit fails all that had succeeded.

    Tells whether the disk took it.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        for turn in batch:
            _run_in_savepoint(connection, turn)
        passed(Point.BEFORE_COMMIT)
        connection.execute("COMMIT")
        passed(Point.COMMITTED)
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        for turn in batch:
            turn.error = turn.error or _storage_delay(error)
        return False
    return True


def _run_in_savepoint(connection: sqlite3.Connection, turn: _Turn) -> None:
    connection.execute("SAVEPOINT turn")
    try:
        turn.result = turn.act(connection)
    except BaseException as error:  # it belongs to the walk that waits for it
        if isinstance(error, sqlite3.DatabaseError) and _is_of_the_disk(error):
            raise  # not this walk: the whole batch is void
        turn.error = error
        connection.execute("ROLLBACK TO turn")
    connection.execute("RELEASE turn")


def _is_of_the_disk(error: sqlite3.DatabaseError) -> bool:
    # A torn page is a plain DatabaseError; what a statement did wrong has a class of its own.
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _storage_delay(error: sqlite3.Error) -> Delay:
    delay = Delay.because(
        "storage-unavailable",
        vi="Chưa ghi hay đọc được đĩa; không có gì thay đổi, hãy gửi lại sau.",
        en="The disk cannot be written or read; nothing has changed, ask again later.",
    )
    delay.__cause__ = error
    return delay


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


def migrate(path: Path) -> int:
    """Bring the database to the newest schema, each step in a transaction of its own.

    Shape: steps are ``migrations/NNNN_name.sql``; ``user_version`` remembers the last one done.
    """
    if not path.exists():
        path.touch(mode=0o600)  # what lies in it is nobody else's to read; the journals take its mode
    connection = _connect(path)
    try:
        steps = _steps()
        for number, step in enumerate(steps, start=1):
            _take_step(connection, number, step.read_text("utf-8"))
        return len(steps)
    finally:
        connection.close()


def migration_count() -> int:
    """Tell which schema version this program works with."""
    return len(_steps())


def _steps() -> list[Traversable]:
    folder = files("gateway.store").joinpath("migrations")
    return sorted(
        (step for step in folder.iterdir() if step.name.endswith(".sql")), key=lambda step: step.name
    )


def _take_step(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read inside the transaction: of two processes that start together one waits, then skips.
        (done,) = connection.execute("PRAGMA user_version").fetchone()
        if done < number:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute("COMMIT")
    except sqlite3.Error:
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


async def open_database(path: Path, *, linger: timedelta, batch_limit: int) -> Database:
    """Open the database of a data directory, migrating it first."""
    await asyncio.to_thread(migrate, path)
    database = Database(path=path, linger=linger, batch_limit=batch_limit)
    for _ in range(_READERS_COUNT):
        reader = await aiosqlite.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
        reader.row_factory = sqlite3.Row
        await reader.execute("PRAGMA query_only = ON")
        await reader.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        database._idle_readers.put_nowait(reader)
    writer = threading.Thread(target=database._write_until_closed, name="database-writer", daemon=True)
    database._writer = writer
    writer.start()
    return database
