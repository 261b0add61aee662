"""Somebody looks for documents: what he typed is understood, what is not his is never looked at.

The walk of every search: the console's page, its export, a saved search asked again. One search at a time
and process: the database lends two connections for reading, and one of them stays free for the walks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.people import User
from gateway.model.question import Days, Order, Question
from gateway.model.text import words_of
from gateway.points import Point, passed
from gateway.store.audit_log import append_entry
from gateway.store.block_search import Memory
from gateway.store.database import Database
from gateway.store.findings import Hit, load_hits
from gateway.store.search import Counted, Place, Search, Sought, seek
from gateway.vxp.signing import VIETNAM

_EXPORTED_AT_ONCE = 500
_AGENCIES_NAMED_SO = 40
_FIRST_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_INSTANT = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """One page of what was found.

    Shape: following is where the next page begins, None on the last.
    """

    hits: tuple[Hit, ...]
    count: Counted
    following: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Finds documents for people."""

    database: Database
    directory: Directory
    notary: Notary
    clock: Callable[[], datetime]
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _memory: Memory = field(default_factory=Memory)

    async def find(
        self, question: Question, *, user: User, after: Place | None = None, limit: int
    ) -> Findings:
        """Find a page of documents that a user may see."""
        sought = await self._seek(question, user)
        async with self._turn:
            is_overtaken = True
            while is_overtaken:
                search = await seek(self.database, sought, self._memory)
                places = await search.page(after=after, limit=limit + 1)
                count = await search.count()
                is_overtaken = await search.is_overtaken()
            hits = await load_hits(self.database, places[:limit], sought.scope)
        if not count.is_exact:
            # A sample knows less than the page: that there are so many, on the first, whether these are all.
            is_all = after is None and len(places) <= limit
            number = len(places) if is_all else max(count.number, len(places))
            count = Counted(number=number, is_exact=is_all)
        return Findings(
            hits=tuple(hits),
            count=count,
            following=places[limit - 1] if len(places) > limit else None,
        )

    async def count(self, question: Question, *, user: User) -> Counted:
        """Count what a user would find."""
        sought = await self._seek(question, user)
        async with self._turn:
            _, count = await self._counted(sought)
        return count

    async def export(self, question: Question, *, user: User, form: str) -> AsyncIterator[list[Hit]]:
        """Give everything that is found, page by page, once it is on record who takes how much.

        Shape: the newest first, and nothing that came after it was asked for; or by number.
        """
        order = Order.NUMBER if question.order is Order.NUMBER else Order.NEWEST
        at = self.clock()
        sought = await self._seek(replace(question, order=order), user)
        sought = replace(sought, accepted=_until(sought.accepted, at))
        async with self._turn:
            search, count = await self._counted(sought, exactly=True)
        entry = self.notary.entry(
            LogKind.ADMINISTERED,
            at=at,
            by=user.login,
            act="search-exported",
            details={"count": count.number, "form": form},
        )
        await self.database.write(lambda tables: append_entry(tables, entry))
        passed(Point.EXPORT_RECORDED)
        return self._pages(search, sought)

    async def _counted(self, sought: Sought, *, exactly: bool = False) -> tuple[Search, Counted]:
        """Count, of what is there still when the count is done."""
        while True:
            search = await seek(self.database, sought, self._memory)
            count = await search.count(exactly=exactly)
            if not await search.is_overtaken():
                return search, count

    async def _pages(self, search: Search, sought: Sought) -> AsyncIterator[list[Hit]]:
        after: Place | None = None
        while True:
            async with self._turn:
                places = await search.page(after=after, limit=_EXPORTED_AT_ONCE)
                while await search.is_overtaken():
                    search = await seek(self.database, sought, self._memory)
                    places = await search.page(after=after, limit=_EXPORTED_AT_ONCE)
                hits = await load_hits(self.database, places, sought.scope)
            yield hits
            if len(places) < _EXPORTED_AT_ONCE:
                return
            after = places[-1]

    async def _seek(self, question: Question, user: User) -> Sought:
        directory = await self.directory.current()
        return Sought(
            question=question,
            scope=scope_of(user, directory),
            accepted=None if question.accepted is None else _instants(question.accepted),
            today=self.clock().astimezone(VIETNAM).date(),
        )


def scope_of(user: User, directory: Snapshot) -> frozenset[AgencyCode] | None:
    """Name every code under which documents of a user's agencies may stand; None for all there are."""
    if user.agencies is None:
        return None
    return frozenset(name for code in user.agencies for name in directory.names_of(code))


def agencies_called(typed: str, directory: Snapshot) -> list[Agency]:
    """Find the agencies that somebody means by a code, or by words of a name, accents aside.

    Shape: the closest first; empty when nobody is called so. A country's names take a while: not on the loop.
    """
    code = AgencyCode(typed.strip().upper())
    exact = directory.agencies.get(directory.canonical(code))
    if exact is not None:
        return [exact]
    wanted = tuple(words_of(typed))
    found = []
    for agency in directory.agencies.values():
        words = _words_in(agency.name)
        if wanted and all(any(word.startswith(one) for word in words) for one in wanted):
            found.append((words != wanted, len(words), agency.code))
    return [directory.agencies[code] for *_, code in sorted(found)[:_AGENCIES_NAMED_SO]]


@lru_cache(maxsize=1 << 17)
def _words_in(name: str) -> tuple[str, ...]:
    return tuple(words_of(name))


def _instants(days: Days) -> tuple[datetime, datetime]:
    first = _FIRST_INSTANT if days.first is None else datetime.combine(days.first, time(), VIETNAM)
    if days.last is None or days.last >= _LAST_INSTANT.date():
        return first, _LAST_INSTANT
    following = datetime.combine(days.last + timedelta(days=1), time(), VIETNAM)
    return first, max(first, following - timedelta(milliseconds=1))


def _until(accepted: tuple[datetime, datetime] | None, at: datetime) -> tuple[datetime, datetime]:
    first, last = accepted or (_FIRST_INSTANT, _LAST_INSTANT)
    return first, min(last, at)
