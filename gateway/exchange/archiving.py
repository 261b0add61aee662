"""An archive (bản lưu trữ): a part of the log, its checkpoints, and the packages it tells of, as one file.

Whoever gets it can check it without us (archive_checking.py). Only when the file is whole and durable its
packages are noted as archived, which may be what the rules of retention wait for.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import Refusal
from gateway.evidence.archive import Manifest, sign_manifest
from gateway.evidence.checkpoint import Checkpoint, sign_checkpoint
from gateway.evidence.merkle import plan_peaks
from gateway.evidence.note import write_note
from gateway.evidence.receipts import JSON
from gateway.exchange.checkpoints import Checkpoints, root_at
from gateway.exchange.notary import Notary, write_instant
from gateway.model.identifiers import Digest
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import archives
from gateway.store.archive_file import (
    ABSENT,
    CERTIFICATES,
    LOG,
    MANIFEST,
    ArchiveWriter,
    Ledger,
    writing_archive,
)
from gateway.store.archives import KeptArchive, list_archives
from gateway.store.audit_log import append_entry
from gateway.store.checkpoints import KeptCheckpoint, find_checkpoint, record_checkpoint
from gateway.store.database import Database
from gateway.store.shelf import Shelf
from gateway.store.spool import file_digest
from gateway.store.tables import Tables
from gateway.store.tree import read_hashes
from gateway.trust.keys import Seal, fingerprint_of

_NOTED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archiving:
    """Makes the archives of one gateway. certificates are those its log has ever signed with."""

    database: Database
    shelves: Sequence[Shelf]
    notary: Notary
    seal: Seal
    origin: str
    certificates: Sequence[x509.Certificate]

    async def export(
        self, target: Path, *, until: datetime, since: datetime | None = None, by: str, at: datetime
    ) -> KeptArchive:
        """Write what happened before an instant into a new file, from where the last archive ended.

        Shape: with since from there on, archived before or not.
        Errors: Refusal when nothing has happened in that time, or the log is not what was signed;
        Misconfiguration when the target is there; OSError when the disk does not take it: nothing is left.
        """
        first, last = await self._span(since, until)
        await self._vouch(last, at)
        peaks = await read_hashes(self.database, plan_peaks(first - 1))
        manifest = await asyncio.to_thread(self._write, target, first, last, peaks, at)
        archive = KeptArchive(
            sha256=await asyncio.to_thread(file_digest, target),
            made_at=at,
            first_seq=first,
            last_seq=last,
            package_count=manifest.package_count,
        )
        passed(Point.ARCHIVE_NAMED)
        await self._record(archive, by)
        return archive

    async def _span(self, since: datetime | None, until: datetime) -> tuple[int, int]:
        """Say from which entry to which."""
        last = await asyncio.to_thread(archives.last_before, self.database.source, until)
        if since is not None:
            first = 1 + await asyncio.to_thread(archives.last_before, self.database.source, since)
        else:
            first = 1 + max((each.last_seq for each in await list_archives(self.database)), default=0)
        if first > last:
            raise Refusal.because(
                "nothing-to-archive",
                vi="nhật ký không có mục nào trong thời gian này chưa lưu trữ",
                en="the log has no entry of that time that is not archived yet",
            )
        return first, last

    async def _vouch(self, size: int, at: datetime) -> None:
        """See to it that a checkpoint covers the log up to an entry, and ends with it."""
        checkpoints = Checkpoints(database=self.database, seal=self.seal, origin=self.origin)
        await checkpoints.make(at=at)  # also holds the past against what was signed
        if await find_checkpoint(self.database, size) is not None:
            return
        root = await root_at(self.database, size)
        checkpoint = Checkpoint(origin=self.origin, size=size, root=root, at=at)
        note = await asyncio.to_thread(sign_checkpoint, checkpoint, self.seal)
        made = KeptCheckpoint(size=size, root=root, at=at, note=write_note(note))
        await self.database.write(lambda tables: record_checkpoint(tables, made))
        passed(Point.ARCHIVE_VOUCHED)

    def _write(self, target: Path, first: int, last: int, peaks: tuple[bytes, ...], at: datetime) -> Manifest:
        with writing_archive(target, at=at) as archive:
            archive.write(LOG, self._log_lines(first, last))
            for certificate in self.certificates:
                name = f"{CERTIFICATES}{fingerprint_of(certificate)}.pem"
                archive.write(name, [certificate.public_bytes(Encoding.PEM)])
            package_count, absent_count = self._write_packages(archive, first, last)
            manifest = Manifest(
                origin=self.origin,
                made_at=write_instant(at),
                first_seq=first,
                last_seq=last,
                peaks=peaks,
                files=dict(archive.files),
                package_count=package_count,
                absent_count=absent_count,
            )
            archive.write(MANIFEST, [sign_manifest(manifest, self.seal)])
        return manifest

    def _log_lines(self, first: int, last: int) -> Iterator[bytes]:
        """Write each checkpoint right behind the last entry it covers."""
        notes = dict(archives.read_notes_between(self.database.source, first, last))
        for seq, line in archives.read_entries(self.database.source, first, last):
            yield line
            if seq in notes:
                yield notes[seq]

    def _write_packages(self, archive: ArchiveWriter, first: int, last: int) -> tuple[int, int]:
        """Write each content once, and the digests of those that are erased; count both."""
        with Ledger.new() as ledger:
            count = archive.write_packages(self._packages(ledger, first, last))
            archive.write(ABSENT, (f"{digest}\n".encode() for digest in ledger.missing()))
            return count, ledger.count_missing()

    def _packages(self, ledger: Ledger, first: int, last: int) -> Iterator[tuple[Digest, int, BinaryIO]]:
        for each in archives.read_brought(self.database.source, self.shelves, first, last):
            if not ledger.expect(each.digest):
                continue
            try:
                with each.open() as content:
                    ledger.meet(each.digest)
                    yield each.digest, each.size_bytes, content
            except FileNotFoundError:
                if not archives.is_erased(self.database.source, each.package_id):
                    raise Refusal.because(
                        "bytes-missing",
                        where=each.digest,
                        vi="mất nội dung gói tin: chạy lienthong doctor",
                        en="a package's bytes are missing: run lienthong doctor",
                    ) from None

    async def _record(self, archive: KeptArchive, by: str) -> None:
        """Note what is archived, some at a time, then the archive, behind which the next begins."""
        for begin in range(archive.first_seq, archive.last_seq + 1, _NOTED_AT_ONCE):
            end = min(begin + _NOTED_AT_ONCE - 1, archive.last_seq)
            await self.database.write(
                lambda tables, begin=begin, end=end: archives.note_archived(  # type: ignore[misc]
                    tables, begin, end, at=archive.made_at
                )
            )
            passed(Point.ARCHIVED_NOTED)
        entry = self._entry(
            "archive-made",
            by=by,
            at=archive.made_at,
            archive=archive.sha256,
            first_seq=archive.first_seq,
            last_seq=archive.last_seq,
            count=archive.package_count,
        )

        def act(tables: Tables) -> None:
            archives.record_archive(tables, archive)
            append_entry(tables, entry)

        await self.database.write(act)
        passed(Point.ARCHIVE_RECORDED)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)
