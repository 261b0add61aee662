"""After a restore: ask the axis what happened since the backup, so that it is found and not repeated.

Driven by worker.py before the first claim and the first fetch, and repeated until the axis has answered. What
we had sent is kept and matched by delivery.py; what we had fetched is fetched again under the axis's own
names, so that a DMS which has it already sees it under the id it knows. docs/decisions/0008 says what cannot
be found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.clients.axis import Axis
from gateway.exchange.inbound import Inbound
from gateway.exchange.notary import Notary, write_instant
from gateway.log_lines import log
from gateway.model.code_lists import Business, Kind
from gateway.model.dispatch import Dispatch
from gateway.model.identifiers import normalise_notation
from gateway.model.log import LogEntry, LogKind
from gateway.points import Point, passed
from gateway.store import restorations
from gateway.store.audit_log import append_entry
from gateway.store.backup import RESTORED, read_manifest
from gateway.store.database import Database
from gateway.store.nodes import take_all_off
from gateway.store.packages import Direction, StoredPackage
from gateway.store.restorations import FoundSending
from gateway.store.tables import Tables
from gateway.vxp.items import SentItem

# How far the axis's clock may be off ours, and how long before the backup something may have been under way.
_MARGIN = timedelta(hours=1)


async def take_note_of_restore(database: Database, notary: Notary, *, folder: Path, at: datetime) -> None:
    """Record, at the first start after a restore, that this database is a backup's.

    Entries of the log behind the backup's last are lost with the node it replaces; the record says so.
    """
    note = folder / RESTORED
    if not note.exists():
        return
    manifest = read_manifest(folder, RESTORED)
    entry = notary.entry(
        LogKind.ADMINISTERED,
        at=at,
        act="node-restored",
        by="restore",
        details={"backup_at": write_instant(manifest.made_at), "log_size": manifest.log_size},
    )

    def act(tables: Tables) -> None:
        # Dead between this and the end of the note: it is there again, and what it says is done.
        if not restorations.is_noted(tables, backup_at=manifest.made_at):
            restorations.mark_restored(tables, at=at, backup_at=manifest.made_at)
            take_all_off(tables)  # who served when the backup was made does not serve here
            append_entry(tables, entry)

    await database.write(act)
    passed(Point.RESTORE_NOTED)
    note.unlink(missing_ok=True)  # of two nodes that start together one is the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """Finds out, once after each restore."""

    database: Database
    notary: Notary
    axis: Axis
    inbound: Inbound
    concurrency: int
    clock: Callable[[], datetime]

    async def find_out(self) -> bool:
        """Ask for everything since the backup; return True when nothing is open any more.

        Errors: Delay while the axis does not answer; what was found by then is kept.
        """
        since = await restorations.open_since(self.database)
        if since is None:
            return True
        window = (since - _MARGIN, self.clock() + _MARGIN)
        for kind in Kind:
            items = await self.axis.list_sent(*window, kind=kind)
            passed(Point.SENT_SINCE_LISTED)
            await self._keep(items, kind)
        fetched = await self.inbound.fetch_waiting(
            self.axis, concurrency=self.concurrency, clock=self.clock, window=window
        )
        at = self.clock()
        await self.database.write(lambda tables: restorations.settle(tables, at=at))
        passed(Point.RESTORATION_SETTLED)
        log.info("restored", since=since.isoformat(), fetched_again=fetched)
        return True

    async def _keep(self, items: tuple[SentItem, ...], kind: Kind) -> None:
        at = self.clock()
        sendings = [found for item in items if (found := _found(item, kind)) is not None]

        def act(tables: Tables) -> None:
            for found in sendings:
                if restorations.keep_found(tables, found):
                    append_entry(tables, self._entry(found, at))

        await self.database.write(act)
        passed(Point.SENDINGS_FOUND)

    def _entry(self, found: FoundSending, at: datetime) -> LogEntry:
        return self.notary.entry(
            LogKind.ADMINISTERED,
            at=at,
            act="sending-found",
            by="axis",
            details={
                "far_id": found.far_id,
                "sender": found.sender,
                "recipient": found.recipient,
                "notation": found.notation,
            },
        )


def _found(item: SentItem, kind: Kind) -> FoundSending | None:
    if not (item.sender_doc_id and item.from_code and item.to_code and item.notation and item.sent_at):
        return None
    return FoundSending(
        far_id=item.sender_doc_id,
        recipient=item.to_code,
        sender=item.from_code,
        kind=kind,
        notation=normalise_notation(item.notation),
        sent_at=item.sent_at,
    )


def find_lost(connection: Tables, dispatch: Dispatch, package: StoredPackage) -> str | None:
    """Find what the axis calls a dispatch that left before the restore; None when it must be handed over.

    What stood in the backup may have left since. What came after the restore may be the same again: a
    document sent anew by its DMS, an 01 said anew by us. Anything else (a recall, a later status) may be
    new, and is handed over: arriving twice does less harm than not at all.
    """
    is_new_document = package.business in (Business.NEW, Business.REPLACE)
    may_be_known = (
        is_new_document
        or package.direction is Direction.OWN
        or restorations.was_restored_after(connection, package.accepted_at)
    )
    if package.notation is None or not may_be_known:
        return None
    return restorations.match_found(
        connection,
        dispatch.id,
        sender=package.sender,
        kind=package.kind,
        notation=normalise_notation(package.notation),
        recipients=dispatch.recipients,
    )
