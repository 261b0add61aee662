"""The walk of an evidence export: prove each document's entries under one checkpoint, stream it all out.

What is gathered for a document is let go before the next (bundled_document.py); what the signature needs to
know of each part waits on disk. evidence/bundle.py says what stands in a bundle, evidence/asic.py how it is
written; who checks it needs neither (evidence/verifier).
"""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from cryptography import x509

from gateway import __version__
from gateway.errors import Refusal
from gateway.evidence.asic import ContainerWriter
from gateway.evidence.bundle import (
    certificate_name,
    folder_name,
    write_chain,
    write_hashes,
    write_readme,
    write_script,
)
from gateway.evidence.receipts import JSON
from gateway.evidence.summary import write_cover, write_row
from gateway.evidence.verifier import PARTS
from gateway.evidence.verifier.forms import FORM
from gateway.exchange.bundled_document import Records, gather_document
from gateway.exchange.checkpoints import Checkpoints, prove_consistency
from gateway.exchange.notary import write_instant
from gateway.model.identifiers import AgencyCode, Digest, normalise_notation
from gateway.model.thread import Thread
from gateway.store.checkpoints import KeptCheckpoint, find_newest, find_stamped_before, find_stamped_from
from gateway.store.database import Database
from gateway.store.selection import Selection, find_last_entry, list_selected
from gateway.store.threads import find_thread
from gateway.trust.keys import Seal

Chain = Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a bundle of: one document, or a selection; told is how they put it."""

    thread: Thread | None = None
    selection: Selection = field(default_factory=Selection)
    told: Mapping[str, JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A bundle as it was written. size is the log's, at the checkpoint; stamped how much of it is stamped."""

    documents_count: int
    parts_count: int
    size_bytes: int
    size: int
    stamped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Writes the evidence bundles of one gateway.

    Shape: chains are the seals it ever had, the present one first; others are certificates of whoever else
    signed: the far side, witnesses.
    """

    gateway: AgencyCode
    checkpoints: Checkpoints
    records: Records
    seal: Seal
    chains: Sequence[Chain]
    others: Sequence[Chain] = ()

    async def write(self, wish: Wish, path: Path, *, at: datetime, name: str = "") -> Exported:
        """Write a bundle; at path stands the whole of it or nothing new.

        Shape: name is what its reader will call the file, when that is not the path's.
        Errors: Refusal when nothing fits the wish, or something in it cannot be proved.
        """
        with (
            replacing(path) as file,
            tempfile.TemporaryFile() as spool,
            tempfile.TemporaryFile() as rows,
        ):
            writer = ContainerWriter(file, spool, at=at)
            kept = await self._find_checkpoint(wish, at)
            stamped = kept if kept.token else await find_stamped_before(self.records.database, kept.size)
            await self._write_shared(writer, kept, stamped, name or path.name)
            stamped_size = stamped.size if stamped else 0
            count = await self._write_documents(writer, wish, kept, rows, stamped=stamped_size)
            if not count:
                raise _nothing_selected()
            rows_bytes = rows.tell()
            cover = self._cover(rows, kept, stamped, count, at=at)
            head = self._head(wish, kept, stamped, count, at=at)

            def finish() -> int:
                with writer.adding("summary.html", rows_bytes) as write:
                    for piece in cover:
                        write(piece.encode())
                return writer.finish(head, self.seal)

            parts_count = await asyncio.to_thread(finish)
        size_bytes = path.stat().st_size
        return Exported(
            documents_count=count,
            parts_count=parts_count,
            size_bytes=size_bytes,
            size=kept.size,
            stamped=stamped_size,
        )

    async def _find_checkpoint(self, wish: Wish, at: datetime) -> KeptCheckpoint:
        """Find the checkpoint to prove everything under: a stamped one if any covers it, else the newest."""
        database, last = self.records.database, 0
        async for threads in _threads(database, wish):
            last = max(last, await find_last_entry(database, [thread.id for thread in threads]))
        if not last:
            raise _nothing_selected()
        kept = await find_stamped_from(database, last) or await find_newest(database)
        if kept is None or kept.size < last:
            kept = await self.checkpoints.make(at=at)
        assert kept is not None  # noqa: S101 - the log is not empty
        return kept

    async def _write_shared(
        self, writer: ContainerWriter, kept: KeptCheckpoint, stamped: KeptCheckpoint | None, file: str
    ) -> None:
        script = read_script()
        digest = Digest(sha256(script).hexdigest())
        writer.add("README.txt", write_readme(gateway=self.gateway, at=writer.at, script=digest, file=file))
        writer.add("verify.py", script)
        for role, chains in (("seal", self.chains), ("other", self.others)):
            for chain in chains:
                writer.add(certificate_name(role, chain[0]), write_chain(chain))
        for each in {kept.size: kept, **({stamped.size: stamped} if stamped else {})}.values():
            writer.add(f"checkpoints/{each.size}.txt", each.cosigned())
            if each.token is not None:
                writer.add(f"checkpoints/{each.size}.note", each.note)
                writer.add(f"checkpoints/{each.size}.tst", each.token)
        if stamped is not None and stamped.size < kept.size:
            proof = await prove_consistency(self.records.database, stamped.size, kept.size)
            writer.add(f"checkpoints/{stamped.size}-{kept.size}.consistency", write_hashes(proof))

    async def _write_documents(
        self, writer: ContainerWriter, wish: Wish, kept: KeptCheckpoint, rows: BinaryIO, *, stamped: int
    ) -> int:
        """Write the folder of each document; return how many there are."""
        count = 0
        async for threads in _threads(self.records.database, wish):
            for thread in threads:
                found = await gather_document(thread, self.records, kept)
                if found is None:
                    continue
                count += 1
                folder = folder_name(thread.notation, None if wish.thread else count)
                await found.write(writer, folder, self.records, kept, stamped=stamped)
                rows.write(write_row(thread, folder, self.records.name_of(thread.owner)).encode())
        return count

    def _cover(
        self,
        rows: BinaryIO,
        kept: KeptCheckpoint,
        stamped: KeptCheckpoint | None,
        count: int,
        *,
        at: datetime,
    ) -> Iterator[str]:
        rows.seek(0)
        over = f"đến mục {stamped.size} · up to entry {stamped.size}" if stamped else "–"
        facts = [
            (("Số văn bản", "documents"), str(count)),
            (("Nhật ký", "log"), f"{self.checkpoints.origin}, {kept.size} mục · entries"),
            (("Gốc Merkle", "root"), kept.root.hex()),
            (("Dấu thời gian", "timestamp"), over),
        ]
        lines = (row.decode() for row in rows)
        return write_cover(lines, gateway=self.records.name_of(self.gateway), at=at, facts=facts)

    def _head(
        self, wish: Wish, kept: KeptCheckpoint, stamped: KeptCheckpoint | None, count: int, *, at: datetime
    ) -> dict[str, JSON]:
        """Say what the bundle is, for bundle.json."""
        sizes = sorted({kept.size, *([stamped.size] if stamped else [])})
        return {
            "form": FORM,
            "program": f"lienthong {__version__}",
            "made_at": write_instant(at),
            "gateway": self.gateway,
            "selection": wish.told,
            "documents": count,
            "seals": [certificate_name("seal", chain[0]) for chain in self.chains],
            "others": [certificate_name("other", chain[0]) for chain in self.others],
            "checkpoint": kept.size,
            "checkpoints": sizes,
            "stamped": [stamped.size] if stamped else [],
            "revocation": "not held",
        }


async def find_document(database: Database, wanted: str) -> Thread:
    """Find the document that somebody names in one of its ways.

    Errors: Refusal when there is none.
    """
    thread = await find_thread(database, wanted) or await find_thread(database, normalise_notation(wanted))
    if thread is None:
        raise Refusal.because(
            "unknown-document",
            vi=f"không có văn bản nào mang số, ký hiệu hay mã {wanted}",
            en=f"no document has the number or id {wanted}",
        )
    return thread


def read_script() -> bytes:
    """Read the verifier as one script: verify.py."""
    folder = files("gateway.evidence.verifier")
    return write_script((folder / f"{name}.py").read_text("utf-8") for name in PARTS)


async def _threads(database: Database, wish: Wish) -> AsyncIterator[Sequence[Thread]]:
    if wish.thread is not None:
        yield [wish.thread]
        return
    async for threads in list_selected(database, wish.selection):
        yield threads


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside its place, and put it there when it is whole."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb+") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _nothing_selected() -> Refusal:
    return Refusal.because(
        "nothing-selected", vi="không có văn bản nào như vậy", en="there is no such document"
    )
