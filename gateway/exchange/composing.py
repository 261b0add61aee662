"""Documents written in the console: drafts, their files, their sending.

A draft is sent once, however often it is asked for: the instant of its first sending is kept before the
package is made, so that the same draft always makes the same bytes, and desk.py knows those.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from gateway.edxml.document_types import usual_notation
from gateway.edxml.file_names import safe_name
from gateway.edxml.packing import File
from gateway.edxml.writer import write_document
from gateway.errors import Refusal
from gateway.exchange.acceptance import Promise
from gateway.exchange.desk import Desk, repeated
from gateway.exchange.lettering import (
    check_letter,
    document_id_of,
    write_envelope,
)
from gateway.exchange.lookup import agencies_called
from gateway.exchange.own_words import reply_to
from gateway.model.agency import Agency, System
from gateway.model.code_lists import Business, Kind
from gateway.model.identifiers import AgencyCode, ThreadId
from gateway.model.letter import Draft, DraftFile, DraftId, FileId, Letter
from gateway.model.package import Envelope, Reply
from gateway.model.people import Permission, User
from gateway.points import Point, passed
from gateway.store import drafts
from gateway.store.drafts import DraftFolder
from gateway.store.packages import StoredPackage, find_sent_since, list_thread_packages
from gateway.store.tables import Tables
from gateway.store.threads import find_thread
from gateway.vxp.signing import VIETNAM

LISTED_AT_MOST = 200
FILES_AT_MOST = 50
_BEING_WRITTEN = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """Writes and sends for the agencies that work in the console."""

    desk: Desk
    folder: DraftFolder
    keep: timedelta

    async def list_drafts(self, by: User) -> list[Draft]:
        """List what is being written in a user's agencies."""
        agencies = await self.desk.agencies_of(by)
        codes = [agency.code for agency in agencies]
        return await drafts.list_drafts(self.desk.database, codes, limit=LISTED_AT_MOST)

    async def new_letter(self, agency: AgencyCode, *, at: datetime) -> Letter:
        """Begin a letter with what can be known of it: today, the place, the notation as it usually is."""
        agency = (await self.desk.directory.current()).canonical(agency)
        last, letter = await drafts.find_last_sent(self.desk.database, agency), Letter()
        return replace(
            letter,
            day=at.astimezone(VIETNAM).date(),
            place="" if last is None else last.place,
            notation=await self._usual_notation(agency, letter.type_name),
        )

    async def begin(self, agency: AgencyCode, letter: Letter, *, by: User, at: datetime) -> DraftId:
        """Begin a draft.

        Errors: Refusal ``not-found``, ``not-allowed``.
        """
        await self.desk.system_for(agency, by, Permission.CORRESPOND)
        draft = Draft(
            id=DraftId(self.desk.mint.new(at)),
            agency=(await self.desk.directory.current()).canonical(agency),
            written_by=by.login,
            letter=letter,
            files=(),
            changed_at=at,
        )
        await self.desk.database.write(lambda tables: drafts.insert_draft(tables, draft))
        passed(Point.DRAFT_KEPT)
        return draft.id

    async def find(self, draft_id: DraftId, *, by: User) -> Draft:
        """Find a draft of a user's agencies.

        Errors: Refusal ``not-found``, in the same words when it is another agency's.
        """
        draft = await drafts.load_draft(self.desk.database, draft_id)
        if draft is None:
            raise _no_such_draft()
        await self.desk.system_for(draft.agency, by, Permission.CORRESPOND)
        return draft

    async def save(self, draft_id: DraftId, letter: Letter, *, by: User, at: datetime) -> None:
        """Keep what was filled in; what the draft is about stays.

        Errors: Refusal ``draft-sent`` when it is being sent, or was.
        """
        draft = await self.find(draft_id, by=by)
        before = draft.letter
        kept = replace(letter, business=before.business, amends=before.amends, answers=before.answers)
        if before.business is Business.UPDATE:  # an update is the same document, under the same number
            kept = replace(kept, number=before.number, notation=before.notation, day=before.day)
        elif kept.type_name != before.type_name:
            kept = await self._with_usual_notation(draft.agency, kept, before.type_name)

        def act(tables: Tables) -> None:
            if not drafts.change_letter(tables, draft_id, kept, at=at):
                raise _already_sent()

        await self.desk.database.write(act)
        passed(Point.DRAFT_CHANGED)

    async def attach(
        self, draft_id: DraftId, name: str, chunks: AsyncIterator[bytes], *, by: User, at: datetime
    ) -> None:
        """Attach a file as it comes.

        Errors: Refusal ``file-too-large``, ``file-empty``, ``too-many-files``, ``draft-sent``.
        """
        draft = await self.find(draft_id, by=by)
        if draft.sending_at is not None:
            raise _already_sent()
        if len(draft.files) >= FILES_AT_MOST:
            raise Refusal.because(
                "too-many-files",
                where="files",
                vi=f"Một văn bản đính kèm nhiều nhất {FILES_AT_MOST} tệp.",
                en=f"A document has at most {FILES_AT_MOST} files.",
            )
        self.desk.outbound.admission.check_disk()
        file_id = FileId(self.desk.mint.new(at))
        room = self.folder.files_limit_bytes - sum(file.size_bytes for file in draft.files)
        size_bytes = await self.folder.take(file_id, chunks, room_bytes=room)
        passed(Point.FILE_KEPT)
        if not size_bytes:
            self.folder.remove(file_id)
            raise Refusal.because(
                "file-empty", where="files", vi="Tệp rỗng, không có nội dung.", en="The file is empty."
            )
        file = DraftFile(id=file_id, name=safe_name(name), size_bytes=size_bytes)

        def act(tables: Tables) -> None:
            # An upload takes its time: what left meanwhile left without it, and must not look otherwise.
            if not drafts.insert_file(tables, draft_id, file):
                raise _already_sent()

        try:
            await self.desk.database.write(act)
        except Refusal:
            self.folder.remove(file_id)
            raise
        passed(Point.FILE_ATTACHED)

    async def detach(self, draft_id: DraftId, file_id: FileId, *, by: User) -> None:
        """Take a file out again; its bytes go with the next tidying."""
        await self.find(draft_id, by=by)
        await self.desk.database.write(lambda tables: drafts.delete_file(tables, draft_id, file_id))
        passed(Point.FILE_DETACHED)

    async def discard(self, draft_id: DraftId, *, by: User) -> None:
        """Throw a draft away.

        Errors: Refusal ``draft-sent``.
        """
        await self.find(draft_id, by=by)

        def act(tables: Tables) -> None:
            if not drafts.delete_draft(tables, draft_id):
                raise _already_sent()

        await self.desk.database.write(act)
        passed(Point.DRAFT_DISCARDED)

    async def check(self, draft: Draft, *, at: datetime) -> Envelope:
        """Tell under which envelope a draft would be sent.

        Errors: Refusal with every fault, each named by its field.
        """
        letter, directory = draft.letter, await self.desk.directory.current()
        check_letter(
            draft.agency,
            letter,
            draft.files,
            directory,
            axis_is_open=self.desk.outbound.axis_is_open,
            today=at.astimezone(VIETNAM).date(),
        )
        if draft.sending_at is None and letter.business is not Business.UPDATE:
            await self._check_number(draft.agency, letter)
        return write_envelope(
            draft.agency,
            letter,
            directory,
            answers=await self._reply_of(letter),
            amends=await self._amended(letter),
        )

    async def send(self, draft_id: DraftId, *, by: User, at: datetime) -> Promise | None:
        """Send a draft; None when it was sent before.

        Errors: Refusal with every fault, and the draft can be changed again.
        """
        draft = await self.find(draft_id, by=by)
        if draft.package_id is not None:
            return None
        system = await self.desk.system_for(draft.agency, by, Permission.CORRESPOND)
        envelope = await self.check(draft, at=at)
        sending_at = await self.desk.database.write(
            lambda tables: drafts.begin_sending(tables, draft_id, at=at)
        )
        passed(Point.SENDING_BEGUN)
        promise = await self._find_earlier(system, envelope, sending_at)
        if promise is None:
            promise = await self._send_as_it_stands(draft_id, system, sending_at, by=by, at=at)
        await self.desk.database.write(lambda tables: drafts.mark_sent(tables, draft_id, promise.package_id))
        passed(Point.DRAFT_SENT)
        return promise

    async def _find_earlier(self, system: System, envelope: Envelope, sending_at: datetime) -> Promise | None:
        """Find what a sending that died came to: agencies may have been renamed since, and bytes differ."""
        earlier = await find_sent_since(
            self.desk.database,
            system.id,
            document_id=envelope.document_id,
            business=envelope.amendment.business,
            since=sending_at,
        )
        return None if earlier is None else repeated(*earlier)

    async def _send_as_it_stands(
        self, draft_id: DraftId, system: System, sending_at: datetime, *, by: User, at: datetime
    ) -> Promise:
        # What stands in the database now is what is sent: nothing changes it any more.
        draft = await self.find(draft_id, by=by)
        try:
            envelope = await self.check(draft, at=sending_at)
            files = [File(name=file.name, open=partial(self.folder.open, file.id)) for file in draft.files]
            chunks = write_document(envelope, files, at=sending_at)
            return await self.desk.send(chunks, system=system, sender=draft.agency, by=by, at=at)
        except Refusal:
            await self.desk.database.write(lambda tables: drafts.stop_sending(tables, draft_id))
            passed(Point.SENDING_STOPPED)
            raise

    async def search_recipients(self, text: str) -> list[Agency]:
        """Find agencies one may write to, by name or code."""
        directory = await self.desk.directory.current()
        called = await asyncio.to_thread(agencies_called, text, directory)
        return [agency for agency in called if directory.is_addressable(agency)]

    async def tidy(self, *, at: datetime) -> bool:
        """Throw away drafts nobody has touched for long, and files no draft has."""
        await self.desk.database.write(lambda tables: drafts.delete_old(tables, before=at - self.keep))
        passed(Point.OLD_DRAFTS_GONE)
        kept = await drafts.list_file_ids(self.desk.database)
        self.folder.sweep(kept, before=at - _BEING_WRITTEN)
        return False

    async def _with_usual_notation(self, agency: AgencyCode, letter: Letter, former_type: str) -> Letter:
        """Let the notation follow the type, unless the author wrote one of his own."""
        if letter.notation != await self._usual_notation(agency, former_type):
            return letter
        return replace(letter, notation=await self._usual_notation(agency, letter.type_name))

    async def _usual_notation(self, agency: AgencyCode, type_name: str) -> str:
        last = await drafts.find_last_sent(self.desk.database, agency, type_name=type_name)
        if last is not None:
            return last.notation
        known = (await self.desk.directory.current()).agencies.get(agency)
        return "" if known is None else usual_notation(type_name, known.name)

    async def _check_number(self, agency: AgencyCode, letter: Letter) -> None:
        known = await find_thread(self.desk.database, document_id_of(agency, letter))
        if known is not None and known.owner == agency:
            raise Refusal.because(
                "number-used",
                where="number",
                vi="Số, ký hiệu và ngày này đã gửi rồi; hãy dùng Cập nhật hoặc Thay thế văn bản đó.",
                en="This number was sent on that day already; update or replace that document.",
            )

    async def _reply_of(self, letter: Letter) -> Reply | None:
        package = await self._first_of(letter.answers)
        return None if package is None else reply_to(package)

    async def _amended(self, letter: Letter) -> Envelope | None:
        package = await self._first_of(letter.amends)
        return None if package is None else (await self.desk.read(package)).envelope

    async def _first_of(self, thread_id: ThreadId | None) -> StoredPackage | None:
        if thread_id is None:
            return None
        versions = await list_thread_packages(self.desk.database, thread_id)
        return next((package for package in versions if package.kind is Kind.DOCUMENT), None)


def _no_such_draft() -> Refusal:
    return Refusal.because(
        "not-found",
        vi="Không có bản thảo này trong các cơ quan của bạn.",
        en="There is no such draft in your agencies.",
    )


def _already_sent() -> Refusal:
    return Refusal.because(
        "draft-sent",
        vi="Bản thảo này đã gửi hoặc đang được gửi, không sửa được nữa.",
        en="This draft was sent or is being sent, and cannot be changed any more.",
    )
