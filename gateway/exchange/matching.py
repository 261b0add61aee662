"""Statuses that came before the document they are about: matched when it arrives."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from gateway.edxml.outline import Limits
from gateway.edxml.reader import read_package
from gateway.errors import Delay
from gateway.exchange.answers import Answering, find_document, known_code
from gateway.exchange.books import Books
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary
from gateway.log_lines import log
from gateway.model.identifiers import PackageId
from gateway.model.log import LogKind
from gateway.model.package import StatusReport
from gateway.points import Point, passed
from gateway.store import threads
from gateway.store.audit_log import append_entry
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.packages import load_package
from gateway.store.tables import Tables

# How far one step looks, and how much it reads: each is a status to open and parse.
_THREADS_AT_ONCE = 10_000
_STATUSES_AT_ONCE = 50


@dataclass(slots=True, kw_only=True)
class Matching:
    """Tries unmatched statuses again with every document that has come since they did.

    Goes from document to document, in small steps: what a step costs depends neither on how many statuses
    wait nor on how many documents there are.
    """

    database: Database
    blobs: Blobs
    directory: Directory
    notary: Notary
    books: Books
    limits: Limits
    _done_row: int = 0
    _tried_answer: int = 0

    async def retry(self, *, at: datetime) -> bool:
        """Take one step; tell whether there is more to try."""
        newest = await threads.newest_row(self.database)
        if newest == self._done_row:
            return False
        until = min(newest, self._done_row + _THREADS_AT_ONCE)
        row = await threads.next_awaited(self.database, after=self._done_row, until=until)
        if row is None:
            self._done_row = until
            return until < newest
        waiting = await threads.list_awaiting(
            self.database, row, after=self._tried_answer, limit=_STATUSES_AT_ONCE
        )
        for answer, package_id in waiting:
            await self._try(package_id, at)
            self._tried_answer = answer
        if len(waiting) < _STATUSES_AT_ONCE:
            self._done_row, self._tried_answer = row, 0
        return True

    async def _try(self, package_id: PackageId, at: datetime) -> None:
        try:
            report = await self._read_report(package_id)
        except Delay as delay:
            log.warning("status unreadable", package=package_id, reason=delay.code)
            return
        if report is not None:
            await self._match(report, package_id, await self.directory.current(), at)

    async def _read_report(self, package_id: PackageId) -> StatusReport | None:
        package = await load_package(self.database, package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        with await self.blobs.open(package.digest) as source:
            read = await asyncio.to_thread(read_package, source, limits=self.limits)
        return None if read.package is None else read.package.status

    async def _match(
        self, report: StatusReport, package_id: PackageId, directory: Snapshot, at: datetime
    ) -> None:
        def act(tables: Tables) -> None:
            match = find_document(tables, report, directory)
            if match is None:
                return
            thread, state = match
            before = known_code(threads.last_word(tables, thread.id, state.code))
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
            self.books.enter_answer(
                tables,
                report,
                thread_id=thread.id,
                recipient=state.code,
                before=before,
                was_asked_back=state.pending_change == "recall",
                package_id=package_id,
                directory=directory,
                at=at,
            )

        await self.database.write(act)
        passed(Point.MATCHED)
