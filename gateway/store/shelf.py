"""Where large packages stand: what blobs.py asks of a shelf, be it a folder or an object store.

A shelf is written to before the walk's commit names what it holds (folder.py, object_shelf.py say how that is
made right against every removal), and read by whoever needs the bytes. It holds no database of its own: acts
and looks are lent one.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from gateway.model.identifiers import Digest
from gateway.store.database import Database
from gateway.store.spool import Spool
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands under a digest: how large it is there, and how it is opened."""

    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """What stands on a shelf and is nobody's."""

    name: str
    remove: Callable[[], None]


class Shelf(Protocol):
    """A place for large packages. Every method may raise a Delay when the place cannot be reached."""

    async def check(self, *, is_new: bool = True) -> None:
        """Find out at start whether the shelf can be used, by this gateway.

        Shape: is_new when none of our packages stands there yet.
        Errors: Misconfiguration when it is certain that it cannot.
        """
        ...

    async def trouble(self, *, is_new: bool = True) -> str | None:
        """Say what is wrong with it now, in few words; None when nothing is."""
        ...

    async def secure(self, database: Database, spool: Spool) -> None:
        """Make a package durable, before its walk's commit names it."""
        ...

    def keep(self, tables: Tables, spool: Spool) -> bool:
        """Keep a secured package in its walk's own transaction; False when it was removed meanwhile."""
        ...

    async def forget(self, database: Database, spool: Spool) -> None:
        """Let go of what was secured for a walk that keeps nothing."""
        ...

    async def clear(self, database: Database, part: Path) -> None:
        """Let go of what was secured from a spool whose walk died."""
        ...

    async def remove(self, database: Database, digests: Sequence[Digest]) -> bool:
        """Remove what no package needs any more; False when it must wait."""
        ...

    async def sweep(self, database: Database) -> None:
        """Finish the removals that were begun."""
        ...

    async def open(self, database: Database, digest: Digest) -> BinaryIO | None:
        """Open a kept package; None when it does not stand here."""
        ...

    def find(self, tables: Tables, digest: Digest) -> Found | None:
        """Look whether a kept package really stands here, off the loop."""
        ...

    def strays(self, tables: Tables, *, before: datetime) -> Iterator[Stray]:
        """Go through all that stands here, and find what was nobody's before an instant, off the loop."""
        ...


def find_kept(
    shelves: Sequence[Shelf], tables: Tables, digest: Digest, content: bytes | None
) -> Found | None:
    """Look for a kept package, off the loop; content is that of a small one, which stands on no shelf."""
    if content is not None:
        return Found(size_bytes=len(content), open=partial(io.BytesIO, content))
    return next(filter(None, (shelf.find(tables, digest) for shelf in shelves)), None)


def is_kept(connection: Tables, digest: Digest) -> bool:
    """Tell whether some package still needs these bytes."""
    row = connection.execute(
        "SELECT 1 FROM packages WHERE digest = ? AND erased_at IS NULL", (digest,)
    ).fetchone()
    return row is not None


async def has_objects(database: Database) -> bool:
    """Tell whether large packages of this gateway lie in an object store."""
    return await database.fetch_one("SELECT 1 FROM objects WHERE standing = 'kept' LIMIT 1") is not None
