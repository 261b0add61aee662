"""How PostgreSQL is looked at for long: rows come in chunks, so that millions take no memory."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from gateway.store.dialect import in_postgresql
from gateway.store.tables import Parameters, Rows

_CHUNK_ROWS = 500


@dataclass(frozen=True, slots=True)
class Looked:
    """Runs questions of the common form, about as many rows as there are."""

    connection: psycopg.Connection[Any]

    def execute(self, sql: str, parameters: Parameters = (), /) -> Rows:
        return _Streamed(self.connection, *in_postgresql(sql, parameters))

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Rows:
        raise NotImplementedError("who looks changes nothing")


@dataclass(slots=True)
class _Streamed:
    """Rows that come in chunks when they are gone through, at once when they are asked for."""

    connection: psycopg.Connection[Any]
    sql: str
    parameters: Any
    rowcount: int = 0

    def fetchone(self) -> Any:
        return self.connection.execute(self.sql, self.parameters, binary=True).fetchone()

    def fetchall(self) -> list[Any]:
        return self.connection.execute(self.sql, self.parameters, binary=True).fetchall()

    def __iter__(self) -> Iterator[Any]:
        with self.connection.cursor(name=f"looking_{time.monotonic_ns()}", binary=True) as cursor:
            cursor.itersize = _CHUNK_ROWS
            yield from cursor.execute(self.sql, self.parameters)
