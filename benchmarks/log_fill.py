"""Fills a log in bulk as a hub would have written it: entries with their leaves, checkpoints over them."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.nodes import RECEIVING, SENDING
from gateway.config import load_config
from gateway.evidence.checkpoint import Checkpoint, sign_checkpoint
from gateway.evidence.merkle import Frontier, hash_leaf
from gateway.evidence.note import write_note
from gateway.evidence.replay import content_of
from gateway.exchange.checkpoints import extend_tree, log_name
from gateway.exchange.notary import Notary, write_instant
from gateway.model.identifiers import time_ordered_id
from gateway.model.log import LogEntry, LogKind
from gateway.office import load_own_seal
from gateway.sandbox.agencies import HEALTH, MINISTRY
from gateway.store.database import from_micros, open_database, to_micros
from gateway.store.tree import count_entries

Row = Sequence[object]
"""kind, at, statement, receipt, leaf, package, dispatch, thread, system."""

_INSERT = (
    "INSERT INTO log (kind, at, statement, receipt, leaf, package_id, dispatch_id, thread_id, system_id)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CHECKPOINT = "INSERT INTO checkpoints (size, at, root, note) VALUES (?, ?, ?, ?)"
# A checkpoint a minute, an entry a second: some 17,000 documents a day.
_PACE, _A_MINUTE = timedelta(seconds=1), 60
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_WRITTEN_AT = write_instant(_AT)
_IDS = _PACKAGE, _DISPATCH, _THREAD, _STATUS = tuple(time_ordered_id(0, number) for number in range(4))


async def lengthen(folder: Path, count: int) -> None:
    """Write so many entries into the log of a stopped node, up to now, with a checkpoint for each minute.

    The tree is grown over them, as the node would have done.
    """
    config = load_config(folder / "config.toml")
    notary = Notary(gateway=config.agency_code, seal=load_own_seal(config))
    path = folder / "lienthong.db"
    await asyncio.to_thread(fill, path, entries_of(count, notary, until=datetime.now(UTC)), vouching=notary)
    database = await open_database(path, linger=timedelta(), batch_limit=64)
    await extend_tree(database, await count_entries(database))
    await database.close()


def fill(path: Path, rows: Iterable[Row], *, vouching: Notary | None = None) -> None:
    """Write rows behind what is in a log, and the checkpoints that its gateway would have made of them."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a node that opens it sets its own again
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        with connection:
            connection.executemany(
                _INSERT, rows if vouching is None else _vouched(connection, rows, vouching)
            )


def entries_of(count: int, notary: Notary, *, until: datetime) -> Iterator[Row]:
    """Make entries as a hub would, five for a document and its status, as quickly as can be.

    The signatures are over other statements: receipts are not verified one by one, only hashed.
    """
    life, at, ids = _life(notary), until - count * _PACE, dict[str, str]()
    for number in range(count):
        document, step = divmod(number, len(life))
        if step == 0:
            milliseconds = int(at.timestamp() * 1000)
            ids = {
                old: time_ordered_id(milliseconds, place + len(_IDS) * document)
                for place, old in enumerate(_IDS)
            }
        yield _renamed(life[step], ids, at)
        at += _PACE


def _vouched(connection: sqlite3.Connection, rows: Iterable[Row], notary: Notary) -> Iterator[Row]:
    """Pass rows on, and record a checkpoint of the log that they make once a minute."""
    tree, origin = Frontier(), log_name(notary.gateway)
    for (leaf,) in connection.execute("SELECT leaf FROM log ORDER BY seq").fetchall():
        tree.append(leaf)
    for row in rows:
        yield row
        _, micros, _, _, leaf, *_ = row
        tree.append(leaf)
        if tree.size % _A_MINUTE == 0:
            root, at = tree.root(), from_micros(micros)
            note = sign_checkpoint(Checkpoint(origin=origin, size=tree.size, root=root, at=at), notary.seal)
            connection.execute(_CHECKPOINT, (tree.size, micros, root, write_note(note)))


def _renamed(entry: LogEntry, ids: Mapping[str, str], at: datetime) -> Row:
    """Write an entry once more, about another document at another instant."""
    said, given = entry.statement, entry.receipt or b""
    for old, new in (*ids.items(), (_WRITTEN_AT, write_instant(at))):
        said = said.replace(old.encode(), new.encode())
        given = given.replace(old.encode(), new.encode())
    receipt = given or None
    content = content_of(said, receipt)
    assert content is not None
    about = (entry.package_id, entry.dispatch_id, entry.thread_id)
    found_by = (None if each is None else ids[each] for each in about)
    return entry.kind, to_micros(at), said, receipt, hash_leaf(content), *found_by, entry.system_id


def _life(notary: Notary) -> list[LogEntry]:
    """Write what a hub does about a document, and about a status that comes back."""
    document = f"{HEALTH.code},2026/01/05,412/{HEALTH.initials}-VP"
    told = {"at": _AT, "thread_id": _THREAD, "peer": "gateway", "sha256": "ab" * 32}
    accepted = {**told, "document": document, "direction": "outbound", "signature": "valid"}
    fetched = {
        **told,
        "package_id": _PACKAGE,
        "dispatch_id": _DISPATCH,
        "system_id": RECEIVING,
        "recipient": MINISTRY.code,
    }
    return [
        notary.entry(
            LogKind.ACCEPTED,
            **accepted,
            package_id=_PACKAGE,
            system_id=SENDING,
            carries="document",
            business=0,
            bytes=48_211,
            sender=HEALTH.code,
            recipients=[MINISTRY.code],
        ),
        notary.entry(LogKind.COLLECTED, **fetched),
        notary.entry(LogKind.CONFIRMED, **fetched),
        notary.entry(
            LogKind.ACCEPTED,
            **accepted,
            package_id=_STATUS,
            system_id=RECEIVING,
            carries="status",
            status="03",
            bytes=2_411,
            sender=MINISTRY.code,
            recipients=[HEALTH.code],
        ),
        notary.entry(
            LogKind.ANSWERED,
            at=_AT,
            package_id=_STATUS,
            thread_id=_THREAD,
            status="03",
            document=document,
            sender=MINISTRY.code,
        ),
    ]
