"""Erased content brought back from an archive, for reading: bytes return under their digests, on record.

Nothing new can come in this way: the archive must be this gateway's own and whole, and each digest in it one
that our log tells of. What is here already stays as it is, so that everything may be repeated.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.errors import Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.archive_checking import check_archive
from gateway.exchange.notary import Notary
from gateway.model.identifiers import Digest
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import archives
from gateway.store.archive_file import Member, reading_archive
from gateway.store.audit_log import append_entry
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.spool import Spool, file_digest
from gateway.store.tables import Tables

_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReturn:
    """Brings content back from one gateway's archives. certificates are those it has ever signed with."""

    database: Database
    blobs: Blobs
    notary: Notary
    origin: str
    certificates: Sequence[x509.Certificate]

    async def bring_back(self, path: Path, *, by: str, at: datetime) -> int:
        """Bring back what was erased here and lies in an archive; return of how many packages it was.

        Errors: Refusal, and nothing is brought back, when the archive is not whole, not ours, or holds
        something our log does not know.
        """
        await asyncio.to_thread(self._check, path)
        sha256 = await asyncio.to_thread(file_digest, path)
        returning = _Returning(walk=self, sha256=sha256, by=by, at=at)
        try:
            with reading_archive(path) as archive:
                for name, content in archive.packages():
                    if archives.is_erased_anywhere(self.database.source, name):
                        await returning.add(await self._spool(content))
            await returning.settle()
        finally:
            returning.discard()
        return returning.count

    async def _spool(self, content: Member) -> Spool:
        writer = self.blobs.spool(f"archive-{secrets.token_hex(16)}")
        try:
            while chunk := await asyncio.to_thread(content.read):
                await writer.add(chunk)
            return await writer.finish()
        except BaseException:
            writer.abandon()
            raise

    def _check(self, path: Path) -> None:
        checked = check_archive(path, certificates=self.certificates)
        if checked.manifest.origin != self.origin:
            raise Refusal.because(
                "archive-of-another",
                vi=f"là bản lưu trữ của {checked.manifest.origin}, không phải của {self.origin}",
                en=f"is an archive of {checked.manifest.origin}, not of {self.origin}",
            )
        if checked.faults:
            raise Refusal("archive-not-whole", checked.faults)
        with reading_archive(path) as archive:
            for name, _ in archive.packages():
                if not archives.knows(self.database.source, name):
                    raise Refusal.because(
                        "package-unknown-here",
                        where=name,
                        vi="nhật ký ở đây không có gói tin này",
                        en="the log here does not know this package",
                    )


@dataclass(slots=True, kw_only=True)
class _Returning:
    """Some contents on their way back, so many in one commit."""

    walk: ArchiveReturn
    sha256: Digest
    by: str
    at: datetime
    count: int = 0
    _spools: list[Spool] = field(default_factory=list)

    async def add(self, spool: Spool) -> None:
        self._spools.append(spool)
        await self.walk.blobs.secure(spool)
        passed(Point.RETURNING_SAFE)
        if len(self._spools) == _AT_ONCE:
            await self.settle()

    async def settle(self) -> None:
        """Record what has gathered."""
        if self._spools:
            self.count += await self.walk.database.write(self._act)
            passed(Point.CONTENT_RETURNED)
        self.discard()

    def discard(self) -> None:
        """Remove the spools; what is kept stands under another name."""
        for spool in self._spools:
            spool.discard()
        self._spools.clear()

    def _act(self, tables: Tables) -> int:
        returned = []
        for spool in self._spools:
            self.walk.blobs.keep(tables, spool)
            returned += archives.give_back(tables, spool.digest, at=self.at)
        entry = self._entry(
            "archive-imported",
            by=self.by,
            at=self.at,
            archive=self.sha256,
            count=len(returned),
            packages=returned,
        )
        append_entry(tables, entry)
        return len(returned)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        return self.walk.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=facts)
