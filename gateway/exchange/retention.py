"""Content goes when its time is over: looked at, recorded as erased, then gone; its evidence stays.

Record, then delete: an erasure is an entry of the log before a byte is touched, and what a process that died
had recorded is finished by the next. Nothing goes that is open or held; when several rules meet, the longest
counts (model/retention.py). What a look costs depends on what is due, not on what is kept.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.notary import Notary, write_instant
from gateway.log_lines import log
from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.log import LogEntry, LogKind
from gateway.model.retention import PERMANENT, Rule, Rules
from gateway.points import Point, passed
from gateway.store import retention
from gateway.store.audit_log import append_entry
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.holds import InForce, read_holds
from gateway.store.retention import Content, Looking, Standing
from gateway.store.tables import Tables

_REVISED_AT_ONCE = 2000
_FILES_AT_ONCE = 100
_LEAP = timedelta(days=31)
_BETWEEN_NOTES = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Erases the content of one gateway's packages when its time is over, so many in one commit."""

    database: Database
    blobs: Blobs
    directory: Directory
    notary: Notary
    rules: Rules
    batch: int
    patience: timedelta
    clock: Callable[[], datetime]

    async def make_round(self) -> bool:
        """Take one step; tell whether there is more to take."""
        more_files = await self._remove_files()
        if self.rules.keep_everything:
            return more_files
        at = self.clock()
        standing = await self._standing(at)
        if standing.is_revising:
            await self.database.write(lambda tables: retention.revise(tables, limit=_REVISED_AT_ONCE))
            passed(Point.REVISED)
            return True
        if at - standing.steady_since < self.patience:
            return more_files
        directory = await self.directory.current()
        judge = _Judge(rules=self.rules.under(directory.canonical), directory=directory, at=at)
        found, entries = await asyncio.to_thread(self._look, judge)
        if found:
            erased_count = await self.database.write(lambda tables: _settle(tables, found, entries, judge))
            passed(Point.CONTENT_ERASED)
            if erased_count:
                log.info("content erased", count=erased_count)
        return more_files or len(found) == self.batch

    async def _standing(self, at: datetime) -> Standing:
        """Tell how things stand, once these rules are in force and what the clock tells is noted.

        What is erased stays so: rules that changed by mistake, and a clock that leaps years ahead, must not
        be believed at once. From either on, patience begins again.
        """
        known, rules = await retention.load_standing(self.database), self.rules.written()
        leapt = abs(at - known.seen_at) > _LEAP
        if known.rules == rules and not leapt and at - known.seen_at < _BETWEEN_NOTES:
            return known
        steady_since = at if leapt or known.rules != rules else known.steady_since
        await self.database.write(
            lambda tables: retention.keep_standing(tables, rules, steady_since=steady_since, seen_at=at)
        )
        passed(Point.STANDING_KEPT)
        if steady_since == at:
            log.warning("rules or clock changed", erases_from=str(at + self.patience))
        return await retention.load_standing(self.database)

    def _look(self, judge: "_Judge") -> tuple[list[PackageId], Mapping[PackageId, LogEntry]]:
        """Find what is to be looked at, and sign the entries of what is due, outside the writer."""
        with self.database.looking() as tables:
            found = list(itertools.islice(self._candidates(tables, judge.at), self.batch))
            look, held = Looking.over(tables), read_holds(tables)
            contents = [content for each in found if (content := look.at(each)) is not None]
        verdicts = [(content, judge.judge(content, held)) for content in contents]
        return found, {
            content.package_id: self._entry(content, verdict, judge.at)
            for content, verdict in verdicts
            if isinstance(verdict, Rule)
        }

    def _candidates(self, tables: Tables, at: datetime) -> Iterator[PackageId]:
        for kind in Kind:
            shortest = self.rules.shortest(kind)
            if shortest != PERMANENT:
                yield from retention.list_candidates(tables, kind, until=at - shortest, limit=self.batch)

    def _entry(self, content: Content, rule: Rule, at: datetime) -> LogEntry:
        # Without its thread: what was erased is not the last thing that happened to a document.
        return self.notary.entry(
            LogKind.ERASED,
            at=at,
            package_id=content.package_id,
            carries=content.kind.value,
            sha256=content.digest,
            bytes=content.size_bytes,
            rule=rule.name,
            kept_days=rule.keep.days,
            last_at=write_instant(content.last_at),
            sender=content.sender,
            recipients=list(content.recipients),
        )

    async def _remove_files(self) -> bool:
        """Remove files whose content is on record as erased; tell whether there are more."""
        await self.blobs.sweep()
        digests = await retention.list_files_to_remove(self.database, limit=_FILES_AT_ONCE)
        if not digests or not await self.blobs.remove(digests):
            return False  # while a backup reads them they stay, until the next round
        passed(Point.FILES_REMOVED)
        await self.database.write(lambda tables: retention.forget_files(tables, digests))
        passed(Point.FILES_FORGOTTEN)
        return len(digests) == _FILES_AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Later:
    """Content that stays. kept_since is what to write down: None when nobody needs to look again."""

    kept_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Judges content at one instant: the rule by which its time is over, or when to look again."""

    rules: Rules
    directory: Snapshot
    at: datetime

    def judge(self, content: Content, held: InForce) -> Rule | _Later:
        parties = self._parties((content.sender, *content.recipients))
        rule = self.rules.rule_for(content.kind, sorted(parties))
        is_held = content.thread_id in held.threads or not parties.isdisjoint(self._parties(held.agencies))
        awaits_archive = self.rules.only_archived and not content.is_archived
        if is_held or awaits_archive or rule.keep == PERMANENT:
            return _Later(kept_since=None)  # a release, an archive, other rules lead back to it
        if content.is_open:
            return _Later(kept_since=self.at)  # what closes it will be the last thing that happened to it
        due_at = content.last_at + rule.keep
        if content.returned_at is not None:
            due_at = max(due_at, content.returned_at + self.rules.returned)
        if due_at > self.at:
            return _Later(kept_since=due_at - self.rules.shortest(content.kind))
        return rule

    def _parties(self, codes: Iterable[AgencyCode]) -> frozenset[AgencyCode]:
        """Name agencies as the directory does, and those that answer for them since a merger."""
        canonical = frozenset(map(self.directory.canonical, codes))
        return canonical | frozenset(map(self.directory.successor, canonical))


def _settle(
    tables: Tables, found: Iterable[PackageId], entries: Mapping[PackageId, LogEntry], judge: _Judge
) -> int:
    """Look once more, where nothing can come in between, and do what is found; count what is erased."""
    look, held = Looking.over(tables), read_holds(tables)
    erased_count = 0
    for package_id in found:
        content = look.at(package_id)
        if content is None:
            continue
        verdict = judge.judge(content, held)
        if isinstance(verdict, _Later):
            retention.look_later(tables, package_id, verdict.kept_since)
        elif package_id in entries:
            retention.erase(tables, package_id, content.digest, at=judge.at)
            append_entry(tables, entries[package_id])
            erased_count += 1
    return erased_count
