"""The log vouched for: the tree extended, its root signed and recorded, entries proved.

Appending an entry costs nothing here: it leaves a leaf in the log, and whoever makes a checkpoint grows the
tree over the leaves that have come. A checkpoint is no log entry, or each would call for the next. Record,
then publish: nobody sees a checkpoint before it is committed. Whoever believes nothing: see auditing.py.
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.checkpoint import Checkpoint, sign_checkpoint
from gateway.evidence.merkle import (
    HASH_BYTES,
    Plan,
    hash_leaf,
    plan_consistency,
    plan_inclusion,
    plan_root,
    verify_inclusion,
)
from gateway.evidence.note import read_note, read_signature, verify_note, write_note, write_signature
from gateway.evidence.proof import Proof, write_proof
from gateway.evidence.replay import content_of
from gateway.evidence.tiles import TILE_WIDTH
from gateway.model.identifiers import AgencyCode
from gateway.points import Point, passed
from gateway.store.audit_log import LogRow, list_entries
from gateway.store.checkpoints import (
    KeptCheckpoint,
    find_checkpoint,
    find_newest,
    keep_cosignature,
    record_checkpoint,
)
from gateway.store.database import Database
from gateway.store.tree import count_entries, count_tiled, grow, read_hashes, read_leaves
from gateway.trust.keys import Seal

# Read outside the writer; hashing this much holds the writer for some two milliseconds.
_TILES_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Makes the checkpoints of one gateway's log. origin is the log's name, for ever."""

    database: Database
    seal: Seal
    origin: str

    async def make(self, *, at: datetime) -> KeptCheckpoint | None:
        """Record a checkpoint of the log as it is; the newest one when nothing has come since.

        None comes back while the log is empty.
        Errors: Refusal when the log is not what its newest checkpoint says: nothing is signed over a past
        that has changed.
        """
        newest, size = await find_newest(self.database), await count_entries(self.database)
        if size == (newest.size if newest else 0):
            return newest
        await extend_tree(self.database, size)
        if newest is not None and await root_at(self.database, newest.size) != newest.root:
            raise _log_altered()
        checkpoint = Checkpoint(origin=self.origin, size=size, root=await root_at(self.database, size), at=at)
        note = await asyncio.to_thread(sign_checkpoint, checkpoint, self.seal)
        made = KeptCheckpoint(size=size, root=checkpoint.root, at=at, note=write_note(note))
        await self.database.write(lambda tables: record_checkpoint(tables, made))
        passed(Point.CHECKPOINT_RECORDED)
        # Not the one just made: of two made at once for one size the first stays.
        return await find_checkpoint(self.database, size)

    async def take_cosignature(
        self,
        size: int,
        line: str,
        *,
        witness: str,
        certificates: Sequence[x509.Certificate],
        at: datetime,
    ) -> None:
        """Keep what a witness put under a checkpoint of ours, signed with one of its certificates' keys.

        Errors: Refusal when there is no such checkpoint, or the witness did not sign it.
        """
        kept = await find_checkpoint(self.database, size)
        if kept is None:
            raise _no_such_checkpoint()
        try:
            note = replace(read_note(kept.note), signatures=(read_signature(line),))
        except ValueError:
            note = None
        if note is None or not any(verify_note(note, witness, each) for each in certificates):
            raise Refusal.because(
                "cosignature-invalid",
                vi=f"không phải chữ ký của nhân chứng {witness} trên điểm chốt {size}",
                en=f"not a signature of the witness {witness} over checkpoint {size}",
            )
        # In its one form: it will stand in a note.
        written = write_signature(note.signatures[0])
        await self.database.write(
            lambda tables: keep_cosignature(tables, size, witness=witness, line=written, at=at)
        )
        passed(Point.COSIGNATURE_KEPT)


def log_name(gateway: AgencyCode) -> str:
    """Name a gateway's log, for its checkpoints and for what it signs as a witness."""
    return f"{gateway}/log"


async def extend_tree(database: Database, size: int) -> None:
    """Grow the tree until every full tile of a log of a size is kept.

    Errors: Refusal when leaves are missing from the log.
    """
    tiled = await count_tiled(database)
    while size - tiled >= TILE_WIDTH:
        end = tiled + TILE_WIDTH * min(_TILES_AT_ONCE, (size - tiled) // TILE_WIDTH)
        leaves = await read_leaves(database, tiled, end)
        if len(leaves) != (end - tiled) * HASH_BYTES:
            raise _log_altered()
        tiled = await database.write(lambda tables, at=tiled, new=leaves: grow(tables, at, new))  # type: ignore[misc]
        passed(Point.TREE_GROWN)


async def prove_entry(database: Database, seq: int, *, size: int | None = None) -> bytes | None:
    """Prove that an entry is in the log: a file for strangers (`evidence/proof.py`).

    Shape: under the checkpoint of a size, or the newest one; None when that does not cover the entry yet.
    Errors: Refusal when there is no such entry or checkpoint, or the log has been altered.
    """
    rows = [row async for row in list_entries(database, after=seq - 1, limit=1)]
    if not rows or rows[0].seq != seq:
        raise Refusal.because(
            "no-such-entry", vi=f"nhật ký không có mục {seq}", en=f"the log has no entry {seq}"
        )
    kept = await (find_newest(database) if size is None else find_checkpoint(database, size))
    if kept is None and size is not None:
        raise _no_such_checkpoint()
    if kept is None or kept.size < seq:
        return None
    (proof,) = await prove_rows(database, rows, kept)
    return proof


async def prove_rows(database: Database, rows: Sequence[LogRow], kept: KeptCheckpoint) -> list[bytes]:
    """Prove some entries under one checkpoint, which covers them: a file for each.

    Errors: Refusal when the log has been altered.
    """
    plans = [plan_inclusion(row.seq - 1, kept.size) for row in rows]
    note, proofs = read_note(kept.cosigned()), []
    made = iter(await _read_hashes(database, tuple(itertools.chain(*plans))))
    for row, plan in zip(rows, plans, strict=True):
        hashes = tuple(itertools.islice(made, len(plan)))
        entry = content_of(row.statement, row.receipt)
        # Nothing is handed out that the stranger would find to be wrong.
        if entry is None or not verify_inclusion(hash_leaf(entry), row.seq - 1, kept.size, hashes, kept.root):
            raise _log_altered()
        proofs.append(write_proof(Proof(entry=entry, index=row.seq - 1, hashes=hashes, note=note)))
    return proofs


async def prove_consistency(database: Database, old: int, new: int) -> tuple[bytes, ...]:
    """Prove that the log of one size begins with the log of another.

    Errors: Refusal when there is no checkpoint of the new size, or the old one is larger.
    """
    if not 0 <= old <= new or await find_checkpoint(database, new) is None:
        raise _no_such_checkpoint()
    return await _read_hashes(database, plan_consistency(old, new))


async def root_at(database: Database, size: int) -> bytes:
    """Hash the kept tree into its root at a size.

    Errors: Refusal when the log or its tiles do not reach so far.
    """
    (root,) = await _read_hashes(database, plan_root(size))
    return root


async def is_as_signed(database: Database, kept: KeptCheckpoint) -> bool:
    """Tell whether the kept tree still gives the root that was signed; all of it is for auditing.py."""
    try:
        return await root_at(database, kept.size) == kept.root
    except Refusal:
        return False


async def _read_hashes(database: Database, plan: Plan) -> tuple[bytes, ...]:
    try:
        return await read_hashes(database, plan)
    except LookupError as error:
        raise _log_altered() from error


def _log_altered() -> Refusal:
    return Refusal.because(
        "log-altered",
        vi="nhật ký hoặc cây băm không còn là nhật ký đã ký: chạy lienthong log verify",
        en="the log or its tree is no longer what was signed: run lienthong log verify",
    )


def _no_such_checkpoint() -> Refusal:
    return Refusal.because(
        "no-such-checkpoint",
        vi="không có điểm chốt nhật ký nào ở cỡ này",
        en="there is no checkpoint of the log at this size",
    )
