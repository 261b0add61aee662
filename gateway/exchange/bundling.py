"""Evidence bundles made at somebody's word: written to the spool, on record, fetched, and gone.

One at a time and person. What is not fetched within the hour is removed; what a dead process left is removed
with the rest of the spool. A bundle never takes the room that packages need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.errors import Delay, LienthongError, Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.export import Export, Exported, Wish
from gateway.exchange.notary import Notary
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.spool import disk_delays

_KEPT_SECONDS = 3600.0
_BETWEEN_LOOKS_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Bundle:
    """One bundle: asked for, then made. name is what its reader will call the file."""

    id: str
    by: str
    wish: Wish
    name: str
    path: Path
    began_at: datetime
    made: Exported | None = None
    trouble: LienthongError | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether it is being made."""
        return self.made is None and self.trouble is None


@dataclass(slots=True, kw_only=True)
class Bundling:
    """Makes bundles for people. export is put together anew for each: directory and certificates change."""

    database: Database
    blobs: Blobs
    notary: Notary
    export: Callable[[], Awaitable[Export]]
    floor_bytes: int
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    _bundles: dict[str, Bundle] = field(default_factory=dict)
    _tasks: "dict[str, asyncio.Task[None]]" = field(default_factory=dict)

    def of(self, by: str) -> Bundle | None:
        """Find the bundle somebody asked for last."""
        return self._bundles.get(by)

    def start(self, wish: Wish, *, by: str, name: str) -> Bundle:
        """Begin a bundle; the one before is removed.

        Errors: Refusal while the one before is being made; Delay when the disk has no room.
        """
        before = self._bundles.get(by)
        if before is not None and before.is_running:
            raise Refusal.because(
                "export-running",
                vi="Một hồ sơ của bạn đang được lập; hãy chờ xong rồi lập tiếp.",
                en="A bundle of yours is being made; wait for it first.",
            )
        self._check_room()
        if before is not None:
            self.remove(before)
        number = self.new_id()
        path = self.blobs.spool_directory / f"evidence-{number}.part"
        bundle = Bundle(id=number, by=by, wish=wish, name=name, path=path, began_at=self.clock())
        self._bundles[by] = bundle
        self._tasks[by] = asyncio.create_task(self._make(bundle))
        return bundle

    async def settle(self, bundle: Bundle, *, seconds: float) -> None:
        """Wait a little for the end: one document needs no second look."""
        await asyncio.wait([self._tasks[bundle.by]], timeout=seconds)

    def remove(self, bundle: Bundle) -> None:
        """Remove a bundle that is made."""
        bundle.path.unlink(missing_ok=True)
        if self._bundles.get(bundle.by) is bundle:
            del self._bundles[bundle.by]

    async def stop(self) -> None:
        """End whatever is under way, and remove everything."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for bundle in list(self._bundles.values()):
            self.remove(bundle)

    async def _make(self, bundle: Bundle) -> None:
        try:
            with disk_delays():
                made = await self._write(bundle)
            await self._record(bundle, made)
            bundle.made = made
        except LienthongError as error:
            bundle.trouble = error
        finally:
            if bundle.made is None:
                bundle.path.unlink(missing_ok=True)
                bundle.trouble = bundle.trouble or _broken()
        asyncio.get_running_loop().call_later(_KEPT_SECONDS, self.remove, bundle)

    async def _write(self, bundle: Bundle) -> Exported:
        """Write it, and give up when the disk gets full."""
        export = await self.export()
        writing = asyncio.create_task(
            export.write(bundle.wish, bundle.path, at=self.clock(), name=bundle.name)
        )
        try:
            while not writing.done():
                await asyncio.wait([writing], timeout=_BETWEEN_LOOKS_SECONDS)
                self._check_room()
            return writing.result()
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    def _check_room(self) -> None:
        if self.blobs.free_bytes() < self.floor_bytes:
            raise Delay.because(
                "no-room-for-evidence",
                vi="Ổ đĩa gần đầy; chỗ còn lại để dành cho văn bản.",
                en="The disk is nearly full; what room is left is for documents.",
            )

    async def _record(self, bundle: Bundle, made: Exported) -> None:
        told = bundle.wish.told
        entry = self._entry(
            "evidence-exported",
            by=bundle.by,
            at=self.clock(),
            document=told.get("document"),
            since=told.get("since"),
            until=told.get("until"),
            agency=told.get("agency"),
            count=made.documents_count,
            size=made.size,
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.EVIDENCE_RECORDED)

    def _entry(self, act: str, *, by: str, at: datetime, **details: JSON) -> LogEntry:
        told = {name: fact for name, fact in details.items() if fact is not None}
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=told)


def _broken() -> Delay:
    return Delay.because(
        "export-broken",
        vi="Hồ sơ chưa lập xong thì bị dừng; hãy lập lại.",
        en="The bundle was not finished; ask for it again.",
    )
