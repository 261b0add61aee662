"""The whole log checked: our own, or one in a file that somebody was given.

Every entry is hashed again and every root computed from nothing; the checkpoints are what it has to agree
with, and a checkpoint that somebody outside kept is worth most. What stands in no hash is looked at, too:
the tiles, which can be computed again, and the columns that entries are found by.
"""

import asyncio
import contextlib
import hashlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from gateway.errors import Fault, Refusal
from gateway.evidence.checkpoint import read_checkpoint
from gateway.evidence.note import read_note
from gateway.evidence.replay import FAULTS_TOLD, Entry, Expected, Replayed, interleave, read_export, replay
from gateway.evidence.timestamp import verify_token
from gateway.exchange.checkpoints import root_at
from gateway.store.database import Database
from gateway.store.tables import Source
from gateway.store.tree import count_tiled
from gateway.store.whole_log import find_broken_tile, find_mislabelled_checkpoint, read_log, read_notes
from gateway.trust.certificates import Anchors

# Which of the checks that people are told of a broken rule belongs to; any other is about a checkpoint.
OF_ENTRIES = frozenset({"log-gap", "entry-altered", "entry-mislabelled"})
OF_TREE = frozenset({"tree-altered", "tile-altered"})

# So many entries are hashed in some ten milliseconds.
_TOLD_EVERY = 1024


async def verify_log(
    database: Database,
    *,
    origin: str,
    certificates: Sequence[x509.Certificate],
    held: Sequence[bytes] = (),
    on_way: Callable[[int], None] = lambda seq: None,
) -> Replayed:
    """Read the whole log and compare it with every checkpoint, with the tree, and with notes held elsewhere.

    Shape: certificates are those the log has ever signed with; held are checkpoints as somebody outside
    kept them: the one thing that a whole log written anew cannot be brought to agree with; on_way is told
    now and then, on another thread, which entry was reached, and may raise to end it.
    Errors: Refusal when a held note is no checkpoint.
    """
    tree: list[tuple[int, bytes | Expected]] = []
    tiled = await count_tiled(database)
    with contextlib.suppress(Refusal):  # a tree with holes is found below
        tree = [(tiled, Expected(tiled, await root_at(database, tiled)))] if tiled else []
    marks = sorted([*tree, *_placed(held)], key=lambda mark: mark[0])
    return await asyncio.to_thread(_verify, database.source, marks, origin, certificates, on_way)


def verify_export(
    lines: Iterable[bytes],
    *,
    origin: str,
    certificates: Sequence[x509.Certificate],
    held: Sequence[bytes] = (),
) -> Replayed:
    """Check a log in a file that was given to an auditor, as `verify_log` checks our own.

    Errors: Refusal when it is no such file, or a held note is no checkpoint.
    """
    return replay(interleave(read_export(lines), _placed(held)), origin=origin, certificates=certificates)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampsFound:
    """What a look at all timestamps found. newest_at is the latest instant that a good one names."""

    count: int
    newest_at: datetime | None
    faults: tuple[Fault, ...]


def verify_stamps(stamped: Iterable[tuple[bytes, bytes]], anchors: Anchors) -> StampsFound:
    """Verify every timestamp over every checkpoint's note.

    Shape: stamped are notes as first published, each with its token.
    """
    count, newest_at, faults = 0, None, []
    for note, token in stamped:
        count += 1
        try:
            stamp = verify_token(token, hashlib.sha256(note).digest(), anchors)
        except Refusal as refusal:
            where = f"dấu thời gian · timestamp {count}"
            faults += [replace(fault, where=where) for fault in refusal.faults]
        else:
            newest_at = max(newest_at or stamp.at, stamp.at)
    return StampsFound(count=count, newest_at=newest_at, faults=tuple(faults[:FAULTS_TOLD]))


def list_faults(found: Replayed, stamps: StampsFound | None) -> list[Fault]:
    """Say everything that is wrong: with the log, with who vouches for it, with its timestamps."""
    return [*found.faults, *_unvouched(found), *(stamps.faults if stamps else ())]


def _unvouched(found: Replayed) -> list[Fault]:
    if found.vouched or not found.size:
        return []
    return [
        Fault(
            rule="log-unvouched",
            vi="không điểm chốt nào ký nhật ký này: chẳng có gì để đối chiếu",
            en="no checkpoint vouches for this log: there is nothing to hold it against",
        )
    ]


def _telling(entries: Iterable[Entry], on_way: Callable[[int], None]) -> Iterator[Entry]:
    for count, entry in enumerate(entries):
        if count % _TOLD_EVERY == 0:
            on_way(count)
        yield entry


def _verify(
    source: Source,
    marks: Iterable[tuple[int, bytes | Expected]],
    origin: str,
    certificates: Sequence[x509.Certificate],
    on_way: Callable[[int], None],
) -> Replayed:
    # The checkpoints are opened before the log, so that one made meanwhile finds its entries. Whatever ends
    # the reading, each connection is closed here: in the thread it was opened in, as SQLite wants it.
    with contextlib.closing(read_notes(source)) as notes, contextlib.closing(read_log(source)) as log:
        every = heapq.merge(notes, marks, key=lambda mark: mark[0])
        entries = _telling(log, on_way)
        found = replay(interleave(entries, every), origin=origin, certificates=certificates)
    beside = list(_faults_beside(source))
    faults = (*found.faults[: FAULTS_TOLD - len(beside)], *beside)
    return replace(found, faults=faults, faults_count=found.faults_count + len(beside))


def _faults_beside(source: Source) -> Iterator[Fault]:
    """Look at what stands in no hash of the log."""
    broken, mislabelled = find_broken_tile(source), find_mislabelled_checkpoint(source)
    if broken is not None:
        yield Fault(
            rule="tile-altered",
            where=f"tile {broken.level}/{broken.number}",
            vi="ô băm không khớp với các ô bên dưới",
            en="the tile is not made of the tiles below it",
        )
    if mislabelled is not None:
        yield Fault(
            rule="checkpoint-mislabelled",
            where=f"điểm chốt · checkpoint {mislabelled}",
            vi="cột kích thước, thời điểm hoặc gốc không đúng với điểm chốt đã ký",
            en="the columns for size, instant or root say something else than the signed checkpoint",
        )


def _placed(held: Sequence[bytes]) -> list[tuple[int, bytes]]:
    """Sort notes by the size they are of."""
    return sorted((read_checkpoint(read_note(raw)).size, raw) for raw in held)
