"""What comes for an agency without a DMS: opened, read and answered by its people in the console.

Opening is collecting (mailbox.py), with the name of who opened. An answer is a status package of the agency,
sent through desk.py. What the sender's side does with it is in answers.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.edxml.writer import write_status
from gateway.errors import Refusal
from gateway.exchange.acceptance import Promise
from gateway.exchange.desk import Desk, organization_of
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.own_words import reply_to
from gateway.exchange.reasons import owed_reason, said_reason
from gateway.model.agency import System
from gateway.model.answer import may_say
from gateway.model.code_lists import REASON_OWED, STATUS_NAMES, Kind, StatusCode
from gateway.model.identifiers import AgencyCode, DispatchId
from gateway.model.package import Envelope, Reply, Staff, StatusReport
from gateway.model.people import Permission, User
from gateway.store import mailboxes
from gateway.store.incoming import Incoming, Pile, count_unread, find_incoming, find_recipient, list_incoming
from gateway.store.packages import StoredPackage, list_thread_packages, load_package
from gateway.store.threads import find_last_word
from gateway.vxp.requests import Confirmation

LISTED_AT_MOST = 500
_WORDS_AT_ONCE = 100
# In the order in which a clerk says them. 01 this node says by itself; 13 is the sender's.
ANSWERS = (
    StatusCode.RECEIVED,
    StatusCode.ASSIGNED,
    StatusCode.PROCESSING,
    StatusCode.COMPLETED,
    StatusCode.DECLINED,
    StatusCode.CHANGE_ACCEPTED,
    StatusCode.CHANGE_DECLINED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document on the desk: what came, what it says, what may be answered now."""

    incoming: Incoming
    package: StoredPackage
    envelope: Envelope
    may_answer: tuple[StatusCode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """The mailboxes of the agencies that work in the console."""

    desk: Desk
    mailbox: Mailbox
    clock: Callable[[], datetime]

    async def list_pile(
        self,
        agency: AgencyCode,
        pile: Pile,
        *,
        by: User,
        after: DispatchId | None = None,
        limit: int = LISTED_AT_MOST,
    ) -> list[Incoming]:
        """List one pile of an agency's mailbox, or what follows a document of it.

        Errors: Refusal ``not-found`` when the agency is not one of the user's at the console.
        """
        await self.desk.system_for(agency, by, Permission.READ)
        return await list_incoming(self.desk.database, agency, pile, after=after, limit=limit)

    async def count_unread(self, by: User) -> int:
        """Count what nobody has opened yet in all mailboxes of a user."""
        agencies = await self.desk.agencies_of(by)
        return sum([await count_unread(self.desk.database, agency.code) for agency in agencies])

    async def open(self, dispatch_id: DispatchId, *, by: User, at: datetime) -> Opened:
        """Open a document. The first to do so who may answer it takes it out of the pile of the unread.

        Errors: Refusal ``not-found``, in the same words when it is another agency's.
        """
        incoming, system = await self._find(dispatch_id, by, Permission.READ)
        if incoming.is_unread and by.may(Permission.CORRESPOND):
            await self.mailbox.collect(system, dispatch_id, at=at, by=by.login)
            await self.mailbox.confirm(system, dispatch_id, Confirmation.DONE, None, at=at, by=by.login)
            incoming, _ = await self._find(dispatch_id, by, Permission.READ)
        package = await load_package(self.desk.database, incoming.package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        read = await self.desk.read(package)
        assert read.envelope is not None  # noqa: S101 - only documents are incoming
        return Opened(
            incoming=incoming,
            package=package,
            envelope=read.envelope,
            may_answer=await self._answers(incoming) if by.may(Permission.CORRESPOND) else (),
        )

    async def answer(
        self,
        dispatch_id: DispatchId,
        status: StatusCode,
        *,
        by: User,
        reason: str | None,
        staff: Staff | None = None,
        asked_at: datetime,
        at: datetime,
    ) -> Promise:
        """Say for an agency what becomes of a document.

        Shape: asked_at is when the form was made: the same form sent twice is one answer.
        Errors: Refusal ``reason-missing``, ``status-out-of-order``, ``not-found``.
        """
        incoming, system = await self._find(dispatch_id, by, Permission.CORRESPOND)
        said = owed_reason(reason) if status in REASON_OWED else said_reason(reason)
        package = await load_package(self.desk.database, incoming.package_id)
        assert package is not None  # noqa: S101 - a foreign key holds it
        directory = await self.desk.directory.current()
        report = StatusReport(
            sender=organization_of(incoming.recipient, directory),
            reply=await self._reply(package),
            status=status.value,
            description=said or status.vi.capitalize(),
            staff=staff,
            at=asked_at,
        )
        content = write_status(report, at=asked_at)
        return await self.desk.send([content], system=system, sender=incoming.recipient, by=by, at=at)

    async def take_words(self) -> bool:
        """Confirm for the agencies at the console what others answered them: it is on record already.

        Returns whether there may be more.
        """
        directory = await self.desk.directory.current()
        at_console = [stored.system for stored in directory.systems.values() if stored.system.at_console]
        taken_count = 0
        for system in at_console:
            words = await mailboxes.list_mailbox(
                self.desk.database, system.id, kind=Kind.STATUS, limit=_WORDS_AT_ONCE
            )
            for item in words:
                await self.mailbox.confirm(system, item.id, Confirmation.DONE, None, at=self.clock())
            taken_count = max(taken_count, len(words))
        return taken_count == _WORDS_AT_ONCE

    async def _find(
        self, dispatch_id: DispatchId, by: User, permission: Permission
    ) -> tuple[Incoming, System]:
        agency = await find_recipient(self.desk.database, dispatch_id)
        if agency is None:
            raise _not_found()
        system = await self.desk.system_for(agency, by, permission)
        incoming = await find_incoming(self.desk.database, agency, dispatch_id)
        if incoming is None:
            raise _not_found()
        return incoming, system

    async def _answers(self, incoming: Incoming) -> tuple[StatusCode, ...]:
        if incoming.thread_id is None:
            return ()
        last = await find_last_word(self.desk.database, incoming.thread_id, incoming.recipient)
        known = StatusCode(last) if last in STATUS_NAMES else None
        pending = incoming.pending_change is not None
        return tuple(
            code for code in ANSWERS if code != known and may_say(known, code, change_pending=pending)
        )

    async def _reply(self, package: StoredPackage) -> Reply:
        """Name the document as it was first sent: an update may go by another number than its thread."""
        if package.thread_id is None:
            return reply_to(package)
        versions = await list_thread_packages(self.desk.database, package.thread_id)
        documents = [one for one in versions if one.kind is Kind.DOCUMENT and one.sender == package.sender]
        return reply_to(documents[0] if documents else package)


def _not_found() -> Refusal:
    return Refusal.because(
        "not-found",
        vi="Không có văn bản này trong hộp thư của các cơ quan của bạn.",
        en="There is no such document in your agencies' mailboxes.",
    )
