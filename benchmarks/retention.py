"""What retention costs: ``python -m benchmarks.retention [--packages 1000000] [--due 20000]``.

A node with so many packages, each with its document, dispatch and three entries; of some the time is over.
Measured: what a round costs that finds nothing, beside all that is kept; how fast content is erased, signed
entries and all; how fast what stays is looked at; how long everything takes to be looked at anew.
"""

import argparse
import asyncio
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import structlog

from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.exchange.retention import Retention
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode
from gateway.model.retention import PERMANENT, Rules
from gateway.store.blobs import Blobs
from gateway.store.database import Database, migrate, open_database, to_micros
from gateway.store.folder import Folder
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, Seal, load_seal

_HOLDER = AgencyCode("000.00.12.H57")
_NOW = datetime(2026, 4, 12, tzinfo=UTC)
_DAY, _TEN_YEARS = timedelta(days=1), timedelta(days=3660)
_CONTENT_BYTES = 8 << 10
_BATCH = 100
_LOOKS, _IDLE_ROUNDS = 20_000, 200


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.retention", description="What does retention cost?")
    parser.add_argument("--packages", type=int, default=1_000_000, help="packages that stay")
    parser.add_argument("--due", type=int, default=20_000, help="packages whose time is over")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="lienthong-retention-") as name:
        asyncio.run(_measure(Path(name), asked.packages, asked.due))


async def _measure(folder: Path, packages: int, due: int) -> None:
    path = folder / "retention.db"
    migrate(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        _fill(connection, 0, due, at=_NOW - 2 * _TEN_YEARS, last_at=_NOW - 2 * _TEN_YEARS)
        _fill(connection, due, packages, at=_NOW - 300 * _DAY, last_at=_NOW - _DAY)
    print(f"{packages:,} packages stay, {due:,} are due; {path.stat().st_size >> 20:,} MiB")
    database = await open_database(path, linger=timedelta(milliseconds=2), batch_limit=64)
    try:
        await _measure_rounds(_retention(folder, database), packages, due)
    finally:
        await database.close()


async def _measure_rounds(retention: Retention, packages: int, due: int) -> None:
    taken = await _steps(retention, -(-(packages + due) // 2000))
    print(f"all looked at anew: {len(taken)} steps, {1000 * median(taken):.1f} ms each")
    taken = await _steps(retention, due // _BATCH)
    print(f"erased: {due / sum(taken):,.0f} packages a second, {1000 * median(taken):.0f} ms for {_BATCH}")
    idle = await _steps(retention, _IDLE_ROUNDS)
    print(f"a round that finds nothing: {1000 * median(idle):.2f} ms")
    shorter = replace(retention, rules=_rules(100 * _DAY))
    await _steps(shorter, -(-(packages + due) // 2000))
    taken = await _steps(shorter, min(_LOOKS, packages) // _BATCH)
    print(f"looked at, to stay: {_BATCH / median(taken):,.0f} packages a second")


async def _steps(retention: Retention, count: int) -> list[float]:
    """Take so many steps; return the seconds each took."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        await retention.make_round()
        taken.append(time.perf_counter() - began)
    return taken


def _retention(folder: Path, database: Database) -> Retention:
    for name in ("blobs", "spool"):
        (folder / name).mkdir()
    return Retention(
        database=database,
        blobs=Blobs(
            database=database,
            spool_directory=folder / "spool",
            inline_limit=64 << 10,
            shelves=(Folder(directory=folder / "blobs", spool_directory=folder / "spool"),),
        ),
        directory=Directory(database=database),
        notary=Notary(gateway=_HOLDER, seal=_make_seal()),
        rules=_rules(_TEN_YEARS),
        batch=_BATCH,
        patience=timedelta(),
        clock=lambda: _NOW,
    )


def _rules(documents: timedelta) -> Rules:
    return Rules(
        general={Kind.DOCUMENT: documents, Kind.STATUS: PERMANENT},
        agencies={},
        returned=30 * _DAY,
        only_archived=False,
    )


def _fill(connection: sqlite3.Connection, begin: int, count: int, *, at: datetime, last_at: datetime) -> None:
    """Write packages as their walks leave them: accepted, collected, confirmed."""
    came, ended = to_micros(at), to_micros(last_at)
    names = [f"{number:012x}" for number in range(begin, begin + count)]
    connection.executemany(
        "INSERT INTO threads (id, owner, document_id, notation, subject, opened_at)"
        " VALUES (?, ?, ?, ?, '', ?)",
        ((name, _HOLDER, name, name, came) for name in names),
    )
    connection.executemany(
        "INSERT INTO packages (id, direction, submission, kind, business, digest, size_bytes, thread_id,"
        " sender, recipients, priority, grade, warnings, accepted_at, kept_since)"
        " VALUES (?1, 'outbound', ?1, 'document', 0, ?2, ?3, ?1, ?4, '[\"000.00.08.H57\"]', 0, 'valid', '[]',"
        " ?5, ?5)",
        ((name, name * 5 + "0000", _CONTENT_BYTES, _HOLDER, came) for name in names),
    )
    connection.executemany(
        "INSERT INTO dispatches (id, package_id, thread_id, destination, mailbox, recipients, priority,"
        " state, created_at, due_at, expires_at, ended_at)"
        " VALUES (?1, ?1, ?1, 'mailbox', '000.00.08.H57', '[]', 0, 'delivered', ?2, ?2, ?2, ?3)",
        ((name, came, ended) for name in names),
    )
    connection.executemany(
        "INSERT INTO log (kind, at, statement, leaf, package_id, thread_id)"
        " VALUES (?, ?, x'7b7d', zeroblob(32), ?, ?)",
        _entries(names, came, ended),
    )
    if last_at == at:
        content = os.urandom(_CONTENT_BYTES)
        connection.executemany(
            "INSERT INTO blobs VALUES (?, ?)", ((name * 5 + "0000", content) for name in names)
        )


def _entries(names: list[str], came: int, ended: int) -> Iterator[tuple[str, int, str, str]]:
    for kind, at in (("accepted", came), ("collected", ended), ("confirmed", ended)):
        yield from ((kind, at, name, name) for name in names)


def _make_seal() -> Seal:
    authority = make_authority("Benchmark", at=_NOW)
    issued = issue_seal(
        authority, holder=_HOLDER, name="Benchmark", at=_NOW, days=1, algorithm=Algorithm.RSA_SHA256
    )
    return load_seal(issued.key_pem, issued.chain_pem)


if __name__ == "__main__":
    main()
