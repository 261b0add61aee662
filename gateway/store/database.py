"""The database: one writer that commits many walks together, readers that never wait for it.

`write` takes a plain function of the tables. Functions that arrive within a few milliseconds of
each other share one durable commit, and one walk's refusal undoes that walk alone (batch.py). Why a thread
and no asynchronous driver: docs/decisions/0001. Which engine is behind it, and how it is spoken to:
sqlite.py, postgresql.py.
Nothing here knows what the tables mean; packages.py, threads.py, dispatches.py and the rest do.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from gateway.errors import Delay, Misconfiguration
from gateway.points import Point, passed
from gateway.store.batch import Batch
from gateway.store.fences import behind_fence
from gateway.store.sheets import Wanted
from gateway.store.sqlite import SqliteEngine
from gateway.store.tables import Dialect, Engine, Parameters, Reader, Row, Source, Tables, Writer

Result = TypeVar("Result")
Act = Callable[[Tables], Result]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    foreseen: Sequence[Wanted] = ()
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

    engine: Engine
    source: Source
    linger: timedelta
    batch_limit: int
    _turns: "queue.SimpleQueue[_Turn | None]" = field(default_factory=queue.SimpleQueue)
    _idle_readers: "asyncio.Queue[Reader]" = field(default_factory=asyncio.Queue)
    _writer: threading.Thread | None = None
    _oldest_began_at: float | None = None
    _is_failing: bool = False

    async def write(self, act: Act[Result], *, foreseen: Sequence[Wanted] = ()) -> Result:
        """Run an act in a transaction and return once it is durable.

        An act changes tables and nothing else: it may be undone and run again. What it is going to find is
        foreseen, so that it is found for all acts of a batch at once.
        The act runs in the writer's thread and goes on even when the caller is cancelled: a change is
        never left half made because somebody stopped waiting. Behind a fence (fences.py) it is asked first.
        Errors: what the act raises, its changes undone; Delay when the disk did not take them.
        """
        loop = asyncio.get_running_loop()
        committed: asyncio.Future[Result] = loop.create_future()
        self._turns.put(_Turn(act=behind_fence(act), loop=loop, future=committed, foreseen=foreseen))
        return await committed

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

    @property
    def dialect(self) -> Dialect:
        """Which kind of database it is."""
        return self.engine.dialect

    @contextlib.contextmanager
    def looking(self) -> Iterator[Tables]:
        """Look at the tables as they are at one instant, however long it takes. To be used in a thread."""
        with self.engine.looking() as tables:
            yield tables

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reader]:
        reader = await self._idle_readers.get()
        try:
            yield reader
        except Exception as error:
            if not self.engine.fails_by_itself(error):
                raise
            raise _storage_delay(error) from error
        finally:
            self._idle_readers.put_nowait(reader)

    async def fetch_all(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Read all rows of a bounded query, as the last commit left them.

        Errors: Delay when the disk cannot be read.
        """
        async with self._reading() as reader:
            return await reader.fetch_all(sql, parameters)

    async def fetch_one(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """Read the first row, if there is one."""
        rows = await self.fetch_all(sql, parameters)
        return rows[0] if rows else None

    async def stream(self, sql: str, parameters: Parameters = ()) -> AsyncIterator[Row]:
        """Read rows as they are asked for, however many there are."""
        async with self._reading() as reader:
            async for row in reader.stream(sql, parameters):
                yield row

    async def close(self) -> None:
        """Commit what waits, then close every connection."""
        # The writer last: whoever closes last and may write folds the journal into the database.
        for _ in range(self.engine.readers_count):
            await (await self._idle_readers.get()).close()
        self._turns.put(None)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join)

    def _write_until_closed(self, writer: Writer) -> None:
        open_still, busy, batch = True, False, Batch(writer=writer)
        while open_still:
            turn = self._turns.get()
            if turn is None:
                break
            turns = [turn]
            self._oldest_began_at = turn.began_at
            open_still = self._gather(turns, self.linger if busy else timedelta(0))
            busy = len(turns) > 1
            taken = self._commit_together(batch, turns)
            # A commit that changed nothing did not touch the disk, and says nothing about it.
            if taken is not None:
                self._is_failing = not taken
            self._oldest_began_at = None
            with contextlib.suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
                turn.loop.call_soon_threadsafe(_settle_all, turns)
        writer.close()

    def _gather(self, turns: list[_Turn], linger: timedelta) -> bool:
        """Fill a batch with who is there and who comes within the linger.

        Whoever came alone last time will most likely be alone again, and waits for nobody. Slept through, not
        waited for turn by turn: to be woken by each would take the core from the loop that brings them.
        """
        if linger and self._turns.qsize() < self.batch_limit - 1:
            time.sleep(linger.total_seconds())
        while len(turns) < self.batch_limit:
            try:
                turn = self._turns.get_nowait()
            except queue.Empty:
                return True
            if turn is None:
                return False
            turns.append(turn)
        return True

    def _commit_together(self, batch: Batch, turns: Sequence[_Turn]) -> bool | None:
        """Run every turn and commit once; a failed commit fails all that had succeeded.

        Tells whether the disk took it; None when there was nothing to take.
        """
        try:
            batch.begin()
            batch.foresee([wanted for turn in turns for wanted in turn.foreseen])
            for turn in turns:
                self._run(batch, turn)
            passed(Point.BEFORE_COMMIT)
            has_changed = batch.commit()
            passed(Point.COMMITTED)
        except Exception as error:
            batch.writer.roll_back()
            return self._give_up(batch, turns, error)
        return True if has_changed else None

    def _give_up(self, batch: Batch, turns: Sequence[_Turn], error: Exception) -> bool | None:
        """Say what became of turns that could not be committed together."""
        if isinstance(error, Delay) or self.engine.fails_by_itself(error):
            for turn in turns:
                turn.error = turn.error or (error if isinstance(error, Delay) else _storage_delay(error))
            return False
        if len(turns) == 1:
            turns[0].error = error
            return None
        # Some act wrote what may not stand, and its rows were found out behind it: each alone, then.
        taken = [self._commit_together(batch, [turn]) for turn in turns]
        return None if set(taken) == {None} else False not in taken

    def _run(self, batch: Batch, turn: _Turn) -> None:
        """Run one turn; its refusal undoes it alone."""
        turn.error = None
        batch.begin_act()
        try:
            turn.result = turn.act(batch)
        except BaseException as error:  # it belongs to the walk that waits for it
            if isinstance(error, Exception) and self._is_void(batch, error):
                raise
            turn.error = error
            batch.undo_act()

    def _is_void(self, batch: Batch, error: Exception) -> bool:
        """Tell whether an error within an act leaves nothing of the whole batch to go on with."""
        if batch.is_spoiled or self.engine.fails_by_itself(error):
            return True
        return self.engine.is_error(error) and not batch.can_undo


def _storage_delay(error: Exception) -> Delay:
    delay = Delay.because(
        "storage-unavailable",
        vi="Chưa ghi hay đọc được đĩa; không có gì thay đổi, hãy gửi lại sau.",
        en="The disk cannot be written or read; nothing has changed, ask again later.",
    )
    delay.__cause__ = error
    return delay


def engine_of(source: Source) -> Engine:
    """Say which engine is behind a database.

    Errors: Misconfiguration when this program was installed without PostgreSQL.
    """
    if isinstance(source, Path):
        return SqliteEngine(path=source)
    try:
        from gateway.store.postgresql import PostgresqlEngine
    except ImportError as error:
        raise Misconfiguration.because(
            "postgresql-not-installed",
            where="storage.database",
            vi="chương trình được cài không có PostgreSQL; chạy pip install 'lienthong[postgresql]'",
            en="this program was installed without PostgreSQL; run pip install 'lienthong[postgresql]'",
        ) from error
    return PostgresqlEngine(server=source)


@contextlib.contextmanager
def looking(source: Source) -> Iterator[Tables]:
    """Look at a database as it is at one instant, for reading. To be used in a thread."""
    with engine_of(source).looking() as tables:
        yield tables


def migrate(source: Source) -> None:
    """Bring a database to the newest schema."""
    engine_of(source).migrate()


async def open_database(source: Source, *, linger: timedelta, batch_limit: int) -> Database:
    """Open a database, migrating it first."""
    engine = engine_of(source)
    await asyncio.to_thread(engine.migrate)
    return await open_as_it_is(engine, source, linger=linger, batch_limit=batch_limit)


async def open_as_it_is(engine: Engine, source: Source, *, linger: timedelta, batch_limit: int) -> Database:
    """Open a database whose schema is as it should be."""
    database = Database(engine=engine, source=source, linger=linger, batch_limit=batch_limit)
    for _ in range(engine.readers_count):
        database._idle_readers.put_nowait(await engine.open_reader())
    writer = await asyncio.to_thread(engine.open_writer)
    database._writer = threading.Thread(
        target=database._write_until_closed, args=(writer,), name="database-writer", daemon=True
    )
    database._writer.start()
    return database
