"""Entries of the audit log that somebody looks for, the newest first, a page at a time.

Kind, system, document and period are found by an index. What only the statement says is looked for in some
entries at a time: the time a page takes does not grow with the log. Where a period lies is told by the log's
stretches, a row for each 1,024 entries (migrations/0024_stretches.sql).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.model.identifiers import AgencyCode, SystemId, ThreadId
from gateway.model.log import LogKind
from gateway.store.audit_log import LogRow, row_from
from gateway.store.database import Database, to_micros
from gateway.store.tree import count_entries

# What a person does in his own name stands in these; they are few.
PERSONAL_KINDS = frozenset({LogKind.ADMINISTERED, LogKind.SIGNED_IN, LogKind.SIGNED_OUT})
# Looking for a text in so many statements, or at so many rows for what two indexes have in common, takes some
# 15 to 50 ms; when they come from the disk, several times that.
READ_AT_ONCE = 20_000
_MATCHED_AT_ONCE = 200_000
_STRETCH = 1024
# The stretches, and what is no whole one yet. The sums keep PostgreSQL from the index by instants, where it
# would go through all that are less.
_STRETCHES = (
    "(SELECT number, earliest_at, latest_at FROM log_stretches UNION ALL"
    f" SELECT :newest, min(at + 0), max(at + 0) FROM log WHERE seq > {_STRETCH} * :newest) AS stretches"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuestion:
    """Which entries are wanted; what is empty is not asked.

    Shape: until is exclusive; codes are the ways in which one agency is written, and person a login: either
    must stand in the statement.
    """

    kinds: Sequence[LogKind] = ()
    system: SystemId | None = None
    thread: ThreadId | None = None
    since: datetime | None = None
    until: datetime | None = None
    codes: Sequence[AgencyCode] = ()
    person: str | None = None

    @property
    def at_once(self) -> int | None:
        """Tell how many entries are looked through for one page; None when an index finds them."""
        if self.codes or (self.person and not (self.kinds and set(self.kinds) <= PERSONAL_KINDS)):
            return max(1, READ_AT_ONCE // max(1, len(self.codes)))
        # A period's entries lie side by side, but for those of a clock that was wrong.
        of_period = self.thread is None and not (self.system or self.kinds) and (self.since or self.until)
        return _MATCHED_AT_ONCE if of_period or (self.system is not None and self.kinds) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Some entries, and below which seq the next page begins; None when there is nothing more.

    Shape: reached tells whether the page ended because enough entries were looked through, not because it
    is full.
    """

    rows: list[LogRow]
    following: int | None
    reached: bool = False


async def search_log(
    database: Database, question: LogQuestion, *, below: int | None = None, limit: int
) -> LogPage:
    """Find a page of entries, those with a seq under ``below``."""
    span = await _span(database, question, below)
    if span is None:
        return LogPage(rows=[], following=None)
    first, last = span
    at_once = question.at_once
    floor = first if at_once is None else max(first, last - at_once + 1)
    rows = await _read(database, question, (floor, last), limit + 1)
    if len(rows) > limit:
        return LogPage(rows=rows[:limit], following=rows[limit - 1].seq)
    return LogPage(rows=rows, following=floor if floor > first else None, reached=floor > first)


async def _read(database: Database, question: LogQuestion, span: tuple[int, int], limit: int) -> list[LogRow]:
    conditions, parameters = _conditions(question)
    found = await database.fetch_all(
        f"SELECT * FROM log{_index(question)} WHERE seq BETWEEN :first AND :last{conditions}"
        " ORDER BY seq DESC LIMIT :limit",
        {"first": span[0], "last": span[1], "limit": limit, **parameters},
    )
    return [row_from(row) for row in found]


async def _span(database: Database, question: LogQuestion, below: int | None) -> tuple[int, int] | None:
    """Tell between which entries to look: instants need not rise with seq, as a clock may be set back."""
    count = await count_entries(database)
    first, last = 1, count if below is None else below - 1
    if question.since is not None or question.until is not None:
        period, given = _period(question, earliest="earliest_at", latest="latest_at")
        row = await database.fetch_one(
            f"SELECT min(number), max(number) FROM {_STRETCHES} WHERE TRUE{period}",
            {"newest": count // _STRETCH, **given},
        )
        if row is None or row[0] is None:
            return None
        first, last = _STRETCH * row[0] + 1, min(last, _STRETCH * (row[1] + 1))
    return (first, last) if first <= last else None


def _period(
    question: LogQuestion, *, earliest: str = "at", latest: str = "at"
) -> tuple[str, dict[str, object]]:
    """Write that an entry is of the period that is asked for, or that a stretch may have such."""
    said, given = "", dict[str, object]()
    if question.since is not None:
        said += f" AND {latest} >= :since"
        given["since"] = to_micros(question.since)
    if question.until is not None:
        said += f" AND {earliest} < :until"
        given["until"] = to_micros(question.until)
    return said, given


def _conditions(question: LogQuestion) -> tuple[str, dict[str, object]]:
    """Write what must hold of an entry."""
    said, given = _period(question)
    if question.kinds:
        said += " AND kind IN (SELECT value FROM json_each(:kinds))"
        given["kinds"] = json.dumps(question.kinds)
    if question.system is not None:
        said += " AND system_id = :system"
        given["system"] = question.system
    if question.thread is not None:
        said += (
            " AND seq IN (SELECT seq FROM log WHERE thread_id = :thread UNION ALL SELECT seq FROM log"
            " WHERE package_id IN (SELECT id FROM packages WHERE thread_id = :thread))"
        )
        given["thread"] = question.thread
    for number, texts in enumerate(filter(None, (_quoted(question.codes), _acting(question.person)))):
        names = [f"said{number}_{place}" for place in range(len(texts))]
        said += f" AND ({' OR '.join(f'instr(statement, :{name}) > 0' for name in names)})"
        given |= dict(zip(names, texts, strict=True))
    return said, given


def _index(question: LogQuestion) -> str:
    """Choose the index: without statistics the database would rather read the whole log in its order."""
    if question.thread is None and question.system is not None:
        return " INDEXED BY log_by_system"
    return " INDEXED BY log_by_kind" if question.thread is None and question.kinds else ""


def _quoted(codes: Sequence[AgencyCode]) -> list[bytes]:
    """Write codes as they stand in a statement: canonical JSON has one way to write a text."""
    return [json.dumps(code, ensure_ascii=False).encode() for code in codes]


def _acting(person: str | None) -> list[bytes]:
    """Write how a statement names who acted; within a text its quotes would be escaped."""
    if not person:
        return []
    login = json.dumps(person, ensure_ascii=False)
    return [f'"{member}":{login}'.encode() for member in ("by", "user")]
