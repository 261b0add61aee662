"""An object store as the shelf of large packages, shared by all nodes of a gateway.

The table `objects` has a row for each object before it is brought and until it is gone, and only the database
decides what becomes of it: a walk keeps the object it brought, in its own transaction, or finds it let go. An
object store takes back no request, so no name is ever used twice: a removal that was begun can hit nothing
else, however late it comes (docs/decisions/0016).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from gateway.errors import Delay, Misconfiguration
from gateway.log_lines import log
from gateway.model.identifiers import AgencyCode, Digest
from gateway.points import Point, passed
from gateway.store.bucket import Bucket
from gateway.store.database import Database, to_micros
from gateway.store.shelf import Found, Stray, has_objects, is_kept
from gateway.store.spool import Spool
from gateway.store.tables import Tables

_KEPT = "SELECT name, size_bytes FROM objects WHERE digest = ? AND standing = 'kept' ORDER BY name LIMIT 1"
_LET_GO = "UPDATE objects SET standing = 'going' WHERE name = ? AND standing = 'coming'"
_KEY = re.compile(r"(?:[0-9a-f]{2}/){2}(?P<digest>[0-9a-f]{64})\.(?P<name>[^/]+)")
# No walk lasts so long. One that did would find its object let go, and its sender be asked to send again.
_WALK_IS_OVER = timedelta(days=1)
_AT_ONCE = 100


def key_of(digest: str, name: str) -> str:
    """Tell under which key an object lies."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}.{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectShelf:
    """The shelf in an object store. owner is whose gateway it is."""

    bucket: Bucket
    owner: AgencyCode

    async def check(self, *, is_new: bool = True) -> None:
        """Find out whether the bucket can be used, and is used by nobody else under this prefix."""
        await self.bucket.claim(self.owner, is_new=is_new)

    async def trouble(self, *, is_new: bool = True) -> str | None:
        """Say what is wrong with the store now."""
        return await self.bucket.trouble(self.owner, is_new=is_new)

    async def secure(self, database: Database, spool: Spool) -> None:
        """Announce an object and bring it, unless the same bytes are kept already."""
        at = datetime.now(UTC)
        if await database.write(lambda tables: _announce(tables, spool, at)):
            passed(Point.OBJECT_ANNOUNCED)
            if not await has_objects(database):
                await self._mark()
            await self.bucket.put(key_of(spool.digest, spool.name), spool.file, size_bytes=spool.size_bytes)
            passed(Point.OBJECT_BROUGHT)

    async def _mark(self) -> None:
        """Mark the prefix before its first package: the store may have been away when the node started."""
        try:
            await self.check()
        except Misconfiguration as error:
            raise Delay("object-store-refuses", error.faults) from error

    def keep(self, tables: Tables, spool: Spool) -> bool:
        """Keep the object that was brought, or the one that was there before."""
        if tables.execute(_KEPT, (spool.digest,)).fetchone() is not None:
            tables.execute(_LET_GO, (spool.name,))  # another walk was first with the same bytes
            return True
        brought = "UPDATE objects SET standing = 'kept' WHERE name = ? AND standing = 'coming'"
        return tables.execute(brought, (spool.name,)).rowcount == 1

    async def forget(self, database: Database, spool: Spool) -> None:
        """Let go of a walk's own object; `sweep` removes it, and nobody waits for the store."""
        await database.write(lambda tables: tables.execute(_LET_GO, (spool.name,)).rowcount)

    async def clear(self, database: Database, part: Path) -> None:
        """Let go of what a dead walk announced."""
        await database.write(lambda tables: tables.execute(_LET_GO, (part.stem,)).rowcount)

    async def remove(self, database: Database, digests: Sequence[Digest]) -> bool:
        """Let go of what no package needs, and sweep."""
        await database.write(lambda tables: _set_aside(tables, digests))
        passed(Point.OBJECTS_SET_ASIDE)
        await self.sweep(database)
        return True

    async def sweep(self, database: Database) -> None:
        """Remove what was let go; what the store does not take now, the next round tries again."""
        before = datetime.now(UTC) - _WALK_IS_OVER
        while going := await database.write(lambda tables: _collect_going(tables, before)):
            try:
                for name, digest in going:
                    await self.bucket.delete(key_of(digest, name))
            except Delay as delay:
                log.warning("objects not removed", count=len(going), reason=delay.code)
                return
            passed(Point.OBJECTS_REMOVED)
            names = [(name,) for name, _ in going]
            await database.write(lambda tables, names=names: _strike_out(tables, names))  # type: ignore[misc]
            passed(Point.OBJECTS_FORGOTTEN)

    async def open(self, database: Database, digest: Digest) -> BinaryIO | None:
        """Open a kept object, and read where it begins."""
        row = await database.fetch_one(_KEPT, (digest,))
        if row is None:
            return None
        opened = self.bucket.open(key_of(digest, row["name"]), size_bytes=row["size_bytes"])
        try:
            await opened.look()
        except Delay as delay:
            if delay.code == "object-missing":
                return None
            raise
        return cast(BinaryIO, opened)

    def find(self, tables: Tables, digest: Digest) -> Found | None:
        """Look for a kept object, in the table and in the store."""
        row = tables.execute(_KEPT, (digest,)).fetchone()
        if row is None:
            return None
        key = key_of(digest, row["name"])
        size_bytes = self.bucket.size_of(key)
        if size_bytes is None:
            return None
        opening = partial(self.bucket.open, key, size_bytes=size_bytes)
        return Found(size_bytes=size_bytes, open=cast(Callable[[], BinaryIO], opening))

    def strays(self, tables: Tables, *, before: datetime) -> Iterator[Stray]:
        """Find the objects that no row names. What else lies under the prefix is not ours to judge."""
        for key, modified_at in self.bucket.list():
            match = _KEY.fullmatch(key)
            if match and modified_at < before:
                named = "SELECT 1 FROM objects WHERE name = ? AND digest = ?"
                if tables.execute(named, (match["name"], match["digest"])).fetchone() is None:
                    yield Stray(name=key, remove=partial(self.bucket.delete_now, key))


def _announce(tables: Tables, spool: Spool, at: datetime) -> bool:
    """Write down what is about to be brought; False when it need not be."""
    if tables.execute(_KEPT, (spool.digest,)).fetchone() is not None:
        return False
    tables.execute(
        "INSERT INTO objects (name, digest, size_bytes, standing, began_at) VALUES (?, ?, ?, 'coming', ?)",
        (spool.name, spool.digest, spool.size_bytes, to_micros(at)),
    )
    return True


def _set_aside(tables: Tables, digests: Sequence[Digest]) -> None:
    # All nodes write one after the other (docs/decisions/0015): a walk that keeps these bytes has committed
    # before this look, or comes after it and finds them let go.
    for digest in digests:
        if not is_kept(tables, digest):
            let_go = "UPDATE objects SET standing = 'going' WHERE digest = ? AND standing = 'kept'"
            tables.execute(let_go, (digest,))


def _collect_going(tables: Tables, before: datetime) -> list[tuple[str, str]]:
    tables.execute(
        "UPDATE objects SET standing = 'going' WHERE standing = 'coming' AND began_at < ?",
        (to_micros(before),),
    )
    going = "SELECT name, digest FROM objects WHERE standing = 'going' ORDER BY began_at LIMIT ?"
    return [(row["name"], row["digest"]) for row in tables.execute(going, (_AT_ONCE,))]


def _strike_out(tables: Tables, names: Sequence[tuple[str]]) -> None:
    tables.executemany("DELETE FROM objects WHERE name = ? AND standing = 'going'", names)
