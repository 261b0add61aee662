"""The PostgreSQL server under the town: it is broken as the nodes are, and looked into beside them.

Nothing of the product is between this and the server.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.databases import OwnServer, lay_down_template, new_database

_NODES = "application_name LIKE 'lienthong%'"
_WRITER = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"
_COLUMNS = (
    "(SELECT array_agg(attname::text ORDER BY place) FROM unnest({key})"
    " WITH ORDINALITY AS part (number, place) JOIN pg_attribute ON attrelid = {table} AND attnum = number)"
)
_REFERENCES = (
    "SELECT conrelid::regclass::text, confrelid::regclass::text,"
    f" {_COLUMNS.format(key='conkey', table='conrelid')}, {_COLUMNS.format(key='confkey', table='confrelid')}"
    " FROM pg_constraint WHERE contype = 'f'"
)
_OWN = "relnamespace = 'public'::regnamespace"
_TORN = f"""
SELECT relname || ': ' || msg FROM pg_class, verify_heapam(pg_class.oid) WHERE relkind = 'r' AND {_OWN}"""
_ASTRAY = f"""
SELECT bt_index_check(pg_class.oid, true) FROM pg_class JOIN pg_am ON pg_am.oid = relam
WHERE amname = 'btree' AND relkind = 'i' AND {_OWN}"""


@contextlib.contextmanager
def open_server() -> Iterator[OwnServer]:
    """Start a server for one town."""
    server = OwnServer(("max_connections=200", "shared_buffers=64MB"))
    try:
        lay_down_template(server.address)
        yield server
    finally:
        server.end()


def database_of(server: OwnServer, house: str) -> str:
    """Make the database of a house; return its address."""
    return new_database(server.address, f"house_{house}")


class Away(Exception):
    """The database cannot be asked just now."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect beside the nodes.

    Errors: Away while the server is.
    """
    import psycopg

    try:
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Away from error


class _Row(tuple[Any, ...]):
    """One row, asked for by place or by name."""

    names: tuple[str, ...] = ()

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)


def rows(address: str, sql: str) -> list[Any]:
    """Ask one question of a database."""
    with connected(address) as connection:
        answer = connection.execute(sql)
        row = type("_Row", (_Row,), {"names": tuple(column.name for column in answer.description)})
        return [row(each) for each in answer.fetchall()]


def what_is_broken(address: str) -> Iterator[str]:
    """Read the whole database as PostgreSQL's own examiner does, and follow every reference."""
    with connected(address) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        yield from (words for (words,) in connection.execute(_TORN).fetchall())
        try:
            connection.execute(_ASTRAY)
        except Exception as error:
            yield f"an index and its table differ: {error}"
        for ours, theirs, here, there in connection.execute(_REFERENCES).fetchall():
            said = " AND ".join(f"ours.{one} IS NOT NULL" for one in here)
            met = " AND ".join(f"theirs.{two} = ours.{one}" for one, two in zip(here, there, strict=True))
            (count,) = connection.execute(
                f"SELECT count(*) FROM {ours} AS ours WHERE {said}"
                f" AND NOT EXISTS (SELECT 1 FROM {theirs} AS theirs WHERE {met})"
            ).fetchone()
            if count:
                yield f"{count} rows of {ours} without their referent in {theirs}"


@dataclass(kw_only=True)
class Wrecker:
    """Breaks the server again and again: takes connections away, lets it crash, restarts it.

    Shape: in_batch is set when a node stands still before its commit; most crashes happen then.
    Units: longest is the longest time between two faults in seconds.
    """

    server: OwnServer
    dice: random.Random
    stop: asyncio.Event
    longest: float
    in_batch: asyncio.Event = field(default_factory=asyncio.Event)
    done: Counter[str] = field(default_factory=Counter)

    async def wreck_on(self) -> None:
        """Break it until told to stop; it is left running."""
        acts = {
            "one connection ended": self._end_one,
            "the writer's connection ended": self._end_writer,
            "all connections ended": self._end_all,
            "crashed": self._crash,
            "restarted at once": self.server.restart,
        }
        while not self.stop.is_set():
            self.in_batch.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.in_batch.wait(), self.dice.uniform(0.1, self.longest))
            weights = [0, 0, 0, 1, 1] if self.in_batch.is_set() else [8, 8, 3, 1, 1]
            (name,) = self.dice.choices(list(acts), weights)
            if await asyncio.to_thread(acts[name]) is not False:
                self.done[f"{name}, a node before its commit" if self.in_batch.is_set() else name] += 1

    def _end_one(self) -> bool:
        return self._end(f"{_NODES} ORDER BY random() LIMIT 1")

    def _end_writer(self) -> bool:
        """Who holds the lock of all writers is in the middle of its transaction."""
        return self._end(_WRITER)

    def _end_all(self) -> bool:
        return self._end(_NODES)

    def _end(self, whom: str) -> bool:
        return bool(self._ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {whom}"))

    def _crash(self) -> bool:
        """Kill one of its processes: the server ends all others, and recovers."""
        pids = self._ask(f"SELECT pid FROM pg_stat_activity WHERE {_NODES} ORDER BY random() LIMIT 1")
        for (pid,) in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(pids)

    def _ask(self, sql: str) -> list[Any]:
        with contextlib.suppress(Away):
            return rows(self.server.address.format(name="postgres"), sql)
        return []
