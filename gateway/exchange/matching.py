"""Statuses that came before the document they are about: matched when it arrives."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

import structlog

from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.errors import Delay
from gateway.exchange.answers import Answering, find_document
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary
from gateway.model.identifiers import PackageId
from gateway.model.log import LogKind
from gateway.model.package import StatusReport
from gateway.points import Point, passed
from gateway.store import threads
from gateway.store.audit_log import append_entry
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.packages import load_package

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Matching:
    """Tries unmatched statuses again whenever a document has come since the last try."""

    database: Database
    blobs: Blobs
    directory: Directory
    notary: Notary
    limits: Limits
    _newest_thread: int = 0

    async def retry(self, *, at: datetime) -> int:
        """Match what can be matched now; return how many statuses found their document."""
        newest = await self.database.write(threads.newest_row)
        if newest == self._newest_thread:
            return 0
        directory = await self.directory.current()
        found = 0
        for package_id in await self.database.write(threads.list_matchable):
            try:
                report = await self._read_report(package_id)
            except Delay as delay:
                log.warning("status unreadable", package=package_id, reason=delay.code)
                continue
            if report is not None:
                found += await self._try(report, package_id, directory, at)
        self._newest_thread = newest
        return found

    async def _read_report(self, package_id: PackageId) -> StatusReport | None:
        package = await load_package(self.database, package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        with await self.blobs.open(package.digest) as source:
            read = await asyncio.to_thread(read_package, source, limits=self.limits)
        return None if read.package is None else read.package.status

    async def _try(
        self, report: StatusReport, package_id: PackageId, directory: Snapshot, at: datetime
    ) -> bool:
        def act(tables: Connection) -> bool:
            match = find_document(tables, report, directory)
            if match is None:
                return False
            thread, state = match
            threads.settle_unmatched(tables, package_id, thread.id, state.code)
            answering = Answering(
                report=report, package_id=package_id, directory=directory, strict=False, at=at
            )
            answering.move(tables, thread, state)
            entry = self.notary.entry(
                LogKind.ANSWERED,
                at=at,
                package_id=package_id,
                thread_id=thread.id,
                status=report.status,
                document=thread.document_id,
                sender=report.sender.code,
            )
            append_entry(tables, entry)
            return True

        matched = await self.database.write(act)
        passed(Point.MATCHED)
        return matched
