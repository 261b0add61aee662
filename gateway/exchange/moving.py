"""Moves a node's records and large packages to another place: copied, compared, examined, released.

The old place is only read, but for the list of objects where the database stays and packages move. A move
that was interrupted is begun again in the same way, and goes on.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic, sleep

from gateway.errors import Misconfiguration
from gateway.evidence.merkle import Frontier
from gateway.exchange.examination import Finding, House, examine
from gateway.exchange.moving_bytes import Carrier, MovedBytes
from gateway.store.database import engine_of, looking
from gateway.store.moving import (
    MovedTable,
    Target,
    filling,
    in_making,
    move_table,
    paired,
    release,
    restore,
    staying,
)
from gateway.store.schema import newest_version, version_of
from gateway.store.tables import Dialect, Engine, Source, Tables

Tell = Callable[[str, int], None]

# Who else is connected: other nodes, whose lock does not lie in this one's folder.
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'lienthong' AND pid <> pg_backend_pid()"
)
_GONE_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved, and is the same on both sides.

    Shape: log_root is the root of the whole log in hex; findings are what an examination of the new place
    says; an error among them was there before.
    Units: times in seconds.
    """

    tables: tuple[MovedTable, ...]
    large: MovedBytes
    log_size: int
    log_root: str
    findings: tuple[Finding, ...]
    copying_seconds: float
    checking_seconds: float

    @property
    def rows_count(self) -> int:
        """Tell how many rows there are."""
        return sum(table.rows_count for table in self.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of one node's records, and of its large packages where they are to stand elsewhere.

    Shape: thorough as `examine` has it; tell is told each table's name, and how many rows of it came.
    """

    here: House
    there: House
    owner: str
    with_bytes: bool
    thorough: bool
    tell: Tell = lambda *_: None

    def make(self, at: datetime) -> Moved:
        """Move everything, and see that it is there; only while no node runs. Blocks: to be run in a thread.

        Errors: Misconfiguration when the new place cannot take it, or is not the same in the end; Delay when
        an object store is away.
        """
        began, engine = monotonic(), engine_of(self.here.source)
        if self.with_bytes:
            asyncio.run(self.there.shelves[0].check())
        _wait_until_alone(self.here.source, engine.dialect)
        with looking(self.here.source) as source:
            _check_source(source, engine.dialect)
            with self._target(source, engine) as target:
                tables = self._move_tables(source, engine.dialect, target)
                large = self._move_bytes(source, target)
                copied = monotonic()
                size, root = _log_of(source)
                with target.engine.looking() as moved:
                    if _log_of(moved) != (size, root):
                        raise _refused(
                            "log-differs", "nhật ký không giống bản gốc", "the log is not the same"
                        )
                findings = self._examine(at)
                _expect_nobody_came(self.here.source, source)
                if self.with_bytes and len(self.there.shelves) == 1:  # the folder alone
                    target.write("DELETE FROM objects")
                if target.is_filled:
                    release(target)
        return Moved(
            tables=tables,
            large=large,
            log_size=size,
            log_root=root,
            findings=findings,
            copying_seconds=copied - began,
            checking_seconds=monotonic() - copied,
        )

    def _target(self, source: Tables, engine: Engine) -> AbstractContextManager[Target]:
        if self.here.source == self.there.source:
            return staying(self.there.source)
        return filling(self.there.source, source, engine.dialect, owner=self.owner)

    def _move_tables(self, source: Tables, dialect: Dialect, target: Target) -> tuple[MovedTable, ...]:
        if not target.is_filled:
            return ()
        tables = paired(source, dialect, target)
        if self.with_bytes:  # objects are named anew where they are brought to
            tables = [table for table in tables if table.name != "objects"]
        moved = tuple(move_table(source, target, each, partial(self.tell, each.name)) for each in tables)
        restore(target)
        return moved

    def _move_bytes(self, source: Tables, target: Target) -> MovedBytes:
        if not self.with_bytes:
            return MovedBytes()
        shelf = self.there.shelves[0]
        carrier = Carrier(
            source=source, here=self.here.shelves, there=shelf, spool_folder=self.here.spool_folder
        )
        return asyncio.run(
            carrier.bring_all(target.engine, in_making(target.place), partial(self.tell, "blobs"))
        )

    def _examine(self, at: datetime) -> tuple[Finding, ...]:
        """Examine the new place. What is wrong there must have been as wrong before."""
        # On the new shelf alone: what is missing there would else be found on the old one.
        shelves = self.there.shelves[:1] if self.with_bytes else self.there.shelves
        place = replace(self.there, source=in_making(self.there.source), shelves=shelves)
        findings = examine(place, at=at, thorough=self.thorough)
        wrong = _errors(findings)
        if wrong and not wrong.items() <= _errors(examine(self.here, at=at, thorough=self.thorough)).items():
            codes = ", ".join(sorted(wrong))
            raise _refused(
                "moved-and-wrong", f"khám nơi mới thấy: {codes}", f"an examination of it finds: {codes}"
            )
        return tuple(findings)


def _errors(findings: Iterable[Finding]) -> dict[str, int]:
    # Not their examples: which come first is the engine's.
    return {finding.code: finding.count for finding in findings if finding.is_error}


def _wait_until_alone(place: Source, dialect: Dialect) -> None:
    """See that no other node is connected; one that was stopped just now takes a moment to be gone."""
    until = monotonic() + _GONE_AFTER_SECONDS
    while dialect is Dialect.POSTGRESQL:
        with looking(place) as tables:
            if not tables.execute(_OTHERS).fetchone()[0]:
                return
        if monotonic() > until:
            raise _refused(
                "already-served", "còn nút khác đang dùng cơ sở dữ liệu", "another node is using it"
            )
        sleep(0.1)


def _expect_nobody_came(place: Source, before: Tables) -> None:
    """See, by a look of its own, that nobody served the old place meanwhile: on another machine, say."""
    with looking(place) as now:
        if _last_acts_of(now) != _last_acts_of(before):
            raise _refused(
                "already-served",
                "có nút đã chạy trong lúc chuyển; hãy dừng rồi chuyển lại",
                "a node has served it meanwhile; stop it, and move again",
            )


def _last_acts_of(tables: Tables) -> tuple[int, frozenset[str]]:
    nodes = frozenset(row[0] for row in tables.execute("SELECT name FROM nodes"))
    return tables.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()[0], nodes


def _check_source(source: Tables, dialect: Dialect) -> None:
    if version_of(source, dialect) != newest_version():
        raise _refused(
            "schema-unknown",
            "hãy chạy nút này một lần với phiên bản hiện tại rồi dừng lại",
            "serve this node once with this version, and stop it",
        )


def _log_of(tables: Tables) -> tuple[int, str]:
    tree = Frontier()
    for (leaf,) in tables.execute("SELECT leaf FROM log ORDER BY seq"):
        tree.append(leaf)
    return tree.size, tree.root().hex()


def _refused(code: str, vi: str, en: str) -> Misconfiguration:
    return Misconfiguration.because(code, where="storage.database", vi=vi, en=en)
