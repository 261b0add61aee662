"""Brings large packages from the shelves they stand on to another, each hashed on its way."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from gateway.errors import Misconfiguration
from gateway.model.identifiers import Digest
from gateway.points import Point, passed
from gateway.store.database import Database, open_as_it_is
from gateway.store.shelf import Found, Shelf, find_kept
from gateway.store.spool import READ_BYTES, Spool
from gateway.store.tables import Engine, Source, Tables

_LARGE = (
    "SELECT DISTINCT digest, size_bytes FROM packages WHERE erased_at IS NULL"
    " AND digest NOT IN (SELECT digest FROM blobs) ORDER BY digest"
)
# An object store answers slowly and to many.
_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBytes:
    """Large packages that stand in the new place: how many, how large, and how many came now."""

    count: int = 0
    size_bytes: int = 0
    brought_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """From which shelves to which, by way of a spool; the source is looked at, the database writes."""

    source: Tables
    here: Sequence[Shelf]
    there: Shelf
    spool_folder: Path

    async def bring_all(self, engine: Engine, place: Source, tell: Callable[[int], None]) -> MovedBytes:
        """Bring every large package that is not there yet.

        Errors: Misconfiguration when one is not to be found, or is not what it was; Delay of either place.
        """
        wanted = [(Digest(digest), int(size)) for digest, size in self.source.execute(_LARGE).fetchall()]
        self.spool_folder.mkdir(parents=True, exist_ok=True)
        database = await open_as_it_is(engine, place, linger=timedelta(milliseconds=2), batch_limit=64)
        brought: list[Digest] = []
        turns = asyncio.Semaphore(_AT_ONCE)

        async def bring(digest: Digest) -> None:
            async with turns:
                if await self._bring(database, digest):
                    brought.append(digest)
                    tell(len(brought))

        try:
            for start in range(0, len(wanted), 1000):
                async with asyncio.TaskGroup() as group:
                    for digest, _ in wanted[start : start + 1000]:
                        group.create_task(bring(digest))
        except ExceptionGroup as troubles:
            raise troubles.exceptions[0] from troubles
        finally:
            await database.close()
        return MovedBytes(
            count=len(wanted), size_bytes=sum(size for _, size in wanted), brought_count=len(brought)
        )

    async def _bring(self, database: Database, digest: Digest) -> bool:
        standing = await self.there.open(database, digest)
        if standing is not None:
            standing.close()
            return False
        found = find_kept(self.here, self.source, digest, None)
        if found is None:
            raise _lost("bytes-missing", digest)
        path = self.spool_folder / f"moved-{uuid4().hex}.part"
        try:
            if await asyncio.to_thread(_fetch, found, path) != digest:
                raise _lost("bytes-damaged", digest)
            spool = Spool(digest=digest, size_bytes=found.size_bytes, path=path)
            await self.there.secure(database, spool)
            if not await database.write(lambda tables: self.there.keep(tables, spool)):
                raise _lost("bytes-missing", digest)
            passed(Point.BYTES_MOVED)
        finally:
            path.unlink(missing_ok=True)
        return True


def _fetch(found: Found, path: Path) -> str:
    digest = hashlib.sha256()
    with found.open() as file, path.open("xb") as spool:
        while chunk := file.read(READ_BYTES):
            digest.update(chunk)
            spool.write(chunk)
    return digest.hexdigest()


def _lost(code: str, digest: Digest) -> Misconfiguration:
    return Misconfiguration.because(
        code,
        where=digest,
        vi="không có nội dung đúng của gói tin này ở nơi cũ; chạy lienthong doctor",
        en="the old place does not have the right bytes of this package; run lienthong doctor",
    )
