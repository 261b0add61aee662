"""Legal holds (tạm giữ): an operator says what must not be erased, and why; each word is on record."""

from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Refusal
from gateway.evidence.receipts import JSON
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.exchange.registry import unknown_agency
from gateway.model.identifiers import AgencyCode, normalise_code, normalise_notation
from gateway.model.log import LogEntry, LogKind
from gateway.model.thread import Thread
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.database import Database
from gateway.store.holds import end_hold, find_hold, insert_hold
from gateway.store.tables import Tables
from gateway.store.threads import find_thread

_REASON_SAID = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Places and releases the holds of one gateway, each with its entry in the audit log."""

    database: Database
    directory: Directory
    notary: Notary

    async def hold_document(self, wanted: str, *, reason: str, by: str, at: datetime) -> int:
        """Hold a document, named in one of its ways, and all that travelled for it; return the hold's number.

        Errors: Refusal when there is no such document, or no reason is given.
        """
        thread = await find_thread(self.database, wanted)
        thread = thread or await find_thread(self.database, normalise_notation(wanted))
        if thread is None:
            raise Refusal.because(
                "unknown-document",
                vi=f"không có văn bản nào mang số, ký hiệu hay mã {wanted}",
                en=f"no document has the number or id {wanted}",
            )
        return await self._place(thread, None, reason=reason, by=by, at=at)

    async def hold_agency(self, code: str, *, reason: str, by: str, at: datetime) -> int:
        """Hold everything an agency sent or received; return the hold's number.

        Errors: Refusal when the directory does not know it, or no reason is given.
        """
        directory = await self.directory.current(certainly=True)
        agency = directory.canonical(normalise_code(code))
        if agency not in directory.agencies:
            raise unknown_agency(agency)
        return await self._place(None, agency, reason=reason, by=by, at=at)

    async def _place(
        self, thread: Thread | None, agency: AgencyCode | None, *, reason: str, by: str, at: datetime
    ) -> int:
        reason = _insist_on(reason)
        document = None if thread is None else thread.document_id

        def act(tables: Tables) -> int:
            thread_id = None if thread is None else thread.id
            hold = insert_hold(tables, thread_id=thread_id, agency=agency, reason=reason, by=by, at=at)
            entry = self._entry(
                "hold-placed", by=by, at=at, hold=hold, document=document, agency=agency, reason=reason
            )
            append_entry(tables, entry)
            return hold

        hold = await self.database.write(act)
        passed(Point.HOLD_PLACED)
        return hold

    async def release(self, hold_id: int, *, reason: str, by: str, at: datetime) -> None:
        """Release a hold: from now on the rules of retention count again.

        Errors: Refusal when there is no such hold in force, or no reason is given.
        """
        reason = _insist_on(reason)

        def act(tables: Tables) -> None:
            hold = find_hold(tables, hold_id)
            if hold is None or hold.released_at is not None:
                raise Refusal.because(
                    "no-such-hold",
                    vi=f"không có lệnh tạm giữ số {hold_id} đang hiệu lực",
                    en=f"there is no hold {hold_id} in force",
                )
            end_hold(tables, hold_id, reason=reason, by=by, at=at)
            entry = self._entry(
                "hold-released",
                by=by,
                at=at,
                hold=hold_id,
                document=hold.document_id,
                agency=hold.agency,
                reason=reason,
            )
            append_entry(tables, entry)

        await self.database.write(act)
        passed(Point.HOLD_RELEASED)

    def _entry(self, act: str, *, by: str, at: datetime, **facts: JSON) -> LogEntry:
        told = {name: fact for name, fact in facts.items() if fact is not None}
        return self.notary.entry(LogKind.ADMINISTERED, at=at, act=act, by=by, details=told)


def _insist_on(reason: str) -> str:
    reason = "".join(filter(str.isprintable, reason)).strip()
    if not reason:
        raise Refusal.because(
            "reason-missing", vi="phải nêu lý do, ghi vào nhật ký", en="a reason is required, for the log"
        )
    return reason[:_REASON_SAID]
