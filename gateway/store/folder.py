"""A folder of this node as the shelf of large packages: each a file named by its digest.

Looks and removals happen in the database's one writer: no package can be recorded between the two.
"""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gateway.model.identifiers import Digest
from gateway.points import Point, passed
from gateway.store.database import Database
from gateway.store.shelf import Found, Stray, is_kept
from gateway.store.spool import Spool, disk_delays, file_digest, sync_directory
from gateway.store.tables import Tables

_NAMED = (
    "SELECT 1 FROM packages WHERE digest = ?1 AND erased_at IS NULL"
    " UNION ALL SELECT 1 FROM files_to_remove WHERE digest = ?1"
)


@contextlib.contextmanager
def files_kept(folder: Path) -> Iterator[None]:
    """Let no file of erased content be removed meanwhile: somebody is reading them, in another process."""
    if not folder.is_dir():  # of a node that was restored without large packages, and not served since
        yield
        return
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The shelf on this node's disk. The spool lies on the same file system."""

    directory: Path
    spool_directory: Path

    def path_of(self, digest: Digest) -> Path:
        """Tell where a large package stands."""
        return self.directory / digest[:2] / digest[2:4] / digest

    async def check(self, *, is_new: bool = True) -> None:
        """Find nothing wrong: the folder was made when the node was opened."""

    async def trouble(self, *, is_new: bool = True) -> str | None:
        """Find nothing wrong: what the disk says is asked of the disk."""
        return None

    async def secure(self, database: Database, spool: Spool) -> None:
        """Give the spool's file its second, durable name."""
        await asyncio.to_thread(self._secure_file, spool.file, self.path_of(spool.digest))

    def _secure_file(self, spooled: Path, kept: Path) -> None:
        with disk_delays():
            if not kept.parent.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                sync_directory(kept.parent.parent)
                sync_directory(self.directory)
            with spooled.open("rb") as file:
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # the same bytes came before
                os.link(spooled, kept)
            passed(Point.BYTES_NAMED)
            sync_directory(kept.parent)

    def keep(self, tables: Tables, spool: Spool) -> bool:
        """Tell whether the file is still there; nobody removes it from here on."""
        return self.path_of(spool.digest).exists()

    async def forget(self, database: Database, spool: Spool) -> None:
        """Remove the file, unless a package bears these bytes."""
        await self._unlink_unless_named(database, spool.digest)

    async def clear(self, database: Database, part: Path) -> None:
        """Remove the file a dead walk had made durable.

        It still stands in the spool until its walk has ended, so that what the dead left is found there,
        without a look at everything ever kept.
        """
        if part.stat().st_nlink > 1:
            await self._unlink_unless_named(database, await asyncio.to_thread(file_digest, part))

    async def _unlink_unless_named(self, database: Database, digest: Digest) -> None:
        # In the writer: no package can be recorded between the look and the removal. A walk that has just
        # secured the same bytes finds them gone in `keep`, and its sender asks again.
        def act(tables: Tables) -> None:
            if not is_kept(tables, digest):
                self.path_of(digest).unlink(missing_ok=True)

        await database.write(act)

    async def remove(self, database: Database, digests: Sequence[Digest]) -> bool:
        """Remove files for good; False while a backup reads them."""
        try:
            with _locked(self.directory, fcntl.LOCK_EX | fcntl.LOCK_NB):
                await database.write(lambda tables: self._set_aside(tables, digests))
                passed(Point.FILES_SET_ASIDE)
                await asyncio.to_thread(self._remove_set_aside, digests)
        except BlockingIOError:
            return False
        return True

    def _set_aside(self, tables: Tables, digests: Sequence[Digest]) -> None:
        # Only named anew in the writer, where no package can be recorded between the look and the removal:
        # freeing a gigabyte takes a while, and nobody is to wait for it. A start clears the spool.
        for digest in digests:
            if not is_kept(tables, digest):
                with contextlib.suppress(FileNotFoundError):
                    self.path_of(digest).rename(self._aside(digest))

    def _remove_set_aside(self, digests: Sequence[Digest]) -> None:
        with disk_delays():
            for digest in digests:
                self._aside(digest).unlink(missing_ok=True)
            for folder in sorted({self.path_of(digest).parent for digest in digests}):
                if folder.exists():
                    sync_directory(folder)

    def _aside(self, digest: Digest) -> Path:
        return self.spool_directory / f"erased-{digest}.part"

    async def sweep(self, database: Database) -> None:
        """Leave it to `Blobs.clear_spool`, which removes what was set aside."""

    async def open(self, database: Database, digest: Digest) -> BinaryIO | None:
        """Open a package's file; None when there is none."""
        with disk_delays():
            try:
                return await asyncio.to_thread(self.path_of(digest).open, "rb")
            except FileNotFoundError:
                return None

    def find(self, tables: Tables, digest: Digest) -> Found | None:
        """Look for a package's file."""
        path = self.path_of(digest)
        if not path.is_file():
            return None
        return Found(size_bytes=path.stat().st_size, open=lambda: path.open("rb"))

    def strays(self, tables: Tables, *, before: datetime) -> Iterator[Stray]:
        """Find the files that no package names, or names no longer and nobody is to remove."""
        for path in sorted(self.directory.rglob("*")):
            with contextlib.suppress(FileNotFoundError):  # a running server has removed it meanwhile
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    named = tables.execute(_NAMED, (path.name,)).fetchone()
                    if named is None or path != self.path_of(Digest(path.name)):
                        yield Stray(name=path.name, remove=partial(path.unlink, missing_ok=True))
