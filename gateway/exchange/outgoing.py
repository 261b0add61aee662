"""What agencies at the console have sent: who has it, and taking it back, updating or replacing it.

An update or a replacement begins as a draft and goes on in composing.py; a recall leaves at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.edxml.writer import write_document
from gateway.errors import Refusal
from gateway.exchange.acceptance import Promise
from gateway.exchange.composing import Composing
from gateway.exchange.desk import Desk
from gateway.exchange.lettering import letter_of, write_recall
from gateway.exchange.reasons import owed_reason
from gateway.model.code_lists import Business, Kind
from gateway.model.identifiers import ThreadId
from gateway.model.letter import DraftId
from gateway.model.package import Envelope
from gateway.model.people import Permission, User
from gateway.model.thread import RecipientState, Thread
from gateway.store.findings import Reach, load_reaches
from gateway.store.packages import StoredPackage, list_thread_packages
from gateway.store.threads import find_thread, list_owned_threads, list_recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A document that an agency at the console sent: its thread, its newest package, who has it."""

    thread: Thread
    package: StoredPackage
    holders: tuple[RecipientState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPage:
    """A page of what was sent; following is after which document the next one begins, None on the last."""

    threads: tuple[Thread, ...]
    reaches: Mapping[ThreadId, Reach]
    following: ThreadId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """The sent documents of the agencies that work in the console."""

    desk: Desk
    composing: Composing

    async def list_sent(self, by: User, *, after: ThreadId | None = None, limit: int) -> SentPage:
        """List what a user's agencies sent from the console, the newest first, and how far it has come."""
        database = self.desk.database
        codes = [agency.code for agency in await self.desk.agencies_of(by)]
        threads = await list_owned_threads(database, codes, before=after, limit=limit + 1)
        shown = threads[:limit]
        return SentPage(
            threads=tuple(shown),
            reaches=await load_reaches(database, [thread.id for thread in shown]),
            following=shown[-1].id if len(threads) > limit else None,
        )

    async def find_sent(self, thread_id: ThreadId, *, by: User) -> Sent:
        """Find a document that one of a user's agencies sent from the console.

        Errors: Refusal ``not-found``.
        """
        thread = await find_thread(self.desk.database, thread_id)
        if thread is None:
            raise _no_such_document()
        await self.desk.system_for(thread.owner, by, Permission.CORRESPOND)
        versions = [
            package
            for package in await list_thread_packages(self.desk.database, thread.id)
            if package.kind is Kind.DOCUMENT and package.business != Business.RECALL
        ]
        if not versions:
            raise _no_such_document()
        holders = await list_recipients(self.desk.database, thread.id)
        return Sent(thread=thread, package=versions[-1], holders=tuple(holders))

    async def begin_amending(
        self, thread_id: ThreadId, business: Business, *, by: User, at: datetime
    ) -> DraftId:
        """Begin an update or a replacement of a document sent from here, filled in from it."""
        sent = await self.find_sent(thread_id, by=by)
        envelope = await self._envelope_of(sent.package)
        letter = replace(letter_of(envelope, business), amends=sent.thread.id)
        return await self.composing.begin(sent.thread.owner, letter, by=by, at=at)

    async def recall(
        self, thread_id: ThreadId, *, by: User, reason: str, asked_at: datetime, at: datetime
    ) -> Promise:
        """Take a document back from everybody who has it.

        Shape: asked_at is when the form was made: the same form sent twice is one recall.
        Errors: Refusal ``reason-missing``, ``nobody-holds-it``, ``not-found``.
        """
        why = owed_reason(reason)
        sent = await self.find_sent(thread_id, by=by)
        system = await self.desk.system_for(sent.thread.owner, by, Permission.CORRESPOND)
        codes = [
            state.code for state in sent.holders if state.removed_at is None and state.recalled_at is None
        ]
        if not codes:
            raise Refusal.because(
                "nobody-holds-it",
                vi="Không còn nơi nào giữ văn bản này.",
                en="Nobody holds this document any more.",
            )
        directory = await self.desk.directory.current()
        envelope = write_recall(await self._envelope_of(sent.package), codes, directory, why)
        chunks = write_document(envelope, [], at=asked_at)
        return await self.desk.send(chunks, system=system, sender=sent.thread.owner, by=by, at=at)

    async def _envelope_of(self, package: StoredPackage) -> Envelope:
        envelope = (await self.desk.read(package)).envelope
        assert envelope is not None  # noqa: S101 - asked only of documents
        return envelope


def _no_such_document() -> Refusal:
    return Refusal.because(
        "not-found",
        vi="Không có văn bản nào như vậy do các cơ quan của bạn gửi từ đây.",
        en="Your agencies have sent no such document from here.",
    )
