"""The register of documents (sổ văn bản đi, đến), and the figures that every change of it keeps true."""

import json
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.sheets import REGISTER
from gateway.store.tables import Row, Tables

_ROWS_AT_ONCE = 1_000
_BEHIND_ALL = (1 << 63) - 1


class Side(StrEnum):
    """Which of the two books: what came to an agency, or what it sent."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """One row about to be written.

    Shape: day is the one it counts for: of promulgation when it went out, of arrival when it came.
    deliveries_count is to how many agencies it goes; in_time is None while nobody knows.
    """

    agency: AgencyCode
    side: Side
    thread_id: ThreadId
    package_id: PackageId
    at: datetime
    day: date
    type: str
    is_legal: bool
    deliveries_count: int
    in_time: bool | None = None


def enter(connection: Tables, entered: Entered) -> None:
    """Write a row."""
    connection.add(
        REGISTER,
        (
            entered.agency,
            entered.side,
            entered.thread_id,
            entered.package_id,
            to_micros(entered.at),
            entered.day.isoformat(),
            entered.type,
            entered.is_legal,
            entered.deliveries_count,
            entered.in_time,
        ),
    )


def count_more_deliveries(connection: Tables, agency: AgencyCode, thread_id: ThreadId, count: int) -> bool:
    """Count a document that an agency has sent before as sent to more; False when it has not."""
    done = connection.execute(
        "UPDATE register SET deliveries_count = deliveries_count + ?"
        " WHERE thread_id = ? AND side = 'out' AND agency = ?",
        (count, thread_id, agency),
    )
    return done.rowcount > 0


def answer_for(
    connection: Tables,
    agency: AgencyCode,
    thread_id: ThreadId,
    *,
    declined: bool,
    at: datetime,
    until: Callable[[datetime], datetime],
) -> None:
    """Note that an agency received or declined what came to it.

    Shape: until tells, of when it came, the first instant that is too late.
    """
    row = connection.execute(
        "SELECT id, at, answered_at FROM register WHERE thread_id = ? AND side = 'in' AND agency = ?"
        " ORDER BY id DESC LIMIT 1",
        (thread_id, agency),
    ).fetchone()
    if row is None:
        return
    first = row["answered_at"] is None
    connection.execute(
        "UPDATE register SET answered_at = coalesce(answered_at, ?1),"
        " declined_at = CASE WHEN ?2 = 1 THEN ?1 END,"
        " in_time = CASE WHEN ?3 = 1 THEN ?4 ELSE in_time END WHERE id = ?5",
        (to_micros(at), declined, first, at < until(from_micros(row["at"])), row["id"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFigure:
    """How many documents of one type an agency sent or received, all days of a time together.

    Shape: documents are without the declined ones; judged are those of which is known whether they were in
    time: sent by the next working morning, or answered for on the day they came.
    """

    agency: AgencyCode
    side: Side
    type: str
    is_legal: bool
    documents: int
    deliveries: int
    declined: int
    in_time: int
    judged: int


async def load_register_figures(
    database: Database, *, first: date, last: date, agencies: Collection[AgencyCode] | None = None
) -> list[RegisterFigure]:
    """Load the figures of a time, both ends included: by agency, side and type."""
    codes = None if agencies is None else json.dumps(list(agencies))
    rows = await database.fetch_all(
        "SELECT agency, side, type, is_legal, sum(documents) AS documents, sum(deliveries) AS deliveries,"
        " sum(declined) AS declined, sum(in_time) AS in_time, sum(judged) AS judged FROM register_figures"
        " WHERE day BETWEEN ? AND ? AND (? IS NULL OR agency IN (SELECT value FROM json_each(?)))"
        " GROUP BY agency, side, type, is_legal ORDER BY agency, side, type, is_legal",
        (first.isoformat(), last.isoformat(), codes, codes),
    )
    return [
        RegisterFigure(
            agency=AgencyCode(row["agency"]),
            side=Side(row["side"]),
            type=row["type"],
            is_legal=bool(row["is_legal"]),
            documents=row["documents"],
            deliveries=row["deliveries"],
            declined=row["declined"],
            in_time=row["in_time"],
            judged=row["judged"],
        )
        for row in rows
    ]


async def load_pace(
    database: Database, *, first: date, last: date, agencies: Collection[AgencyCode] | None = None
) -> dict[str, timedelta]:
    """Load how long deliveries of what was sent in a time took to each first status: the median of all."""
    codes = None if agencies is None else json.dumps(list(agencies))
    rows = await database.fetch_all(
        "WITH spans AS (SELECT answers.status, min(answers.recorded_at) - register.at AS span FROM register"
        "  JOIN answers ON answers.thread_id = register.thread_id AND answers.status IN ('01', '03')"
        "  WHERE register.side = 'out' AND register.day BETWEEN ? AND ?"
        "  AND (? IS NULL OR register.agency IN (SELECT value FROM json_each(?)))"
        "  GROUP BY register.id, answers.recipient, answers.status),"
        " ranked AS (SELECT status, span, row_number() OVER (PARTITION BY status ORDER BY span) AS place,"
        "  count(*) OVER (PARTITION BY status) AS count FROM spans)"
        " SELECT status, avg(span) AS span FROM ranked"
        " WHERE place IN ((count + 1) / 2, (count + 2) / 2) GROUP BY status",
        (first.isoformat(), last.isoformat(), codes, codes),
    )
    return {row["status"]: timedelta(microseconds=row["span"]) for row in rows}


async def load_daily_register(
    database: Database, *, first: date, last: date, agencies: Collection[AgencyCode] | None = None
) -> dict[tuple[date, Side], int]:
    """Load how many documents came and went on each day; a day without is left out."""
    codes = None if agencies is None else json.dumps(list(agencies))
    rows = await database.fetch_all(
        "SELECT day, side, sum(documents) AS documents FROM register_figures WHERE day BETWEEN ? AND ?"
        " AND (? IS NULL OR agency IN (SELECT value FROM json_each(?))) GROUP BY day, side",
        (first.isoformat(), last.isoformat(), codes, codes),
    )
    return {(date.fromisoformat(row["day"]), Side(row["side"])): row["documents"] for row in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPlace:
    """Where a line stands in its book: the book is in the order of its days."""

    day: date
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """One line of the book as it is printed.

    Shape: sender and recipients are codes; number is the row's place among its agency's of the year.
    """

    place: RegisterPlace
    number: int
    thread_id: ThreadId
    at: datetime
    sender: AgencyCode
    recipients: tuple[AgencyCode, ...]
    notation: str
    promulgated_on: date | None
    type: str
    subject: str
    signer: str | None
    answered_at: datetime | None
    declined_at: datetime | None

    @property
    def day(self) -> date:
        """Tell for which day it counts."""
        return self.place.day

    @property
    def abstract(self) -> str:
        """Tell type and abstract, as registers have them in one."""
        return f"{self.type}: {self.subject}" if self.type else self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One of the two books of an agency, from one day to another. Shape: agencies are all its codes."""

    agencies: Collection[AgencyCode]
    side: Side
    first: date
    last: date


async def count_register(database: Database, book: Book, *, until: RegisterPlace | None = None) -> int:
    """Count the lines of a book, or those up to and with a place."""
    codes, end = json.dumps(list(book.agencies)), until or RegisterPlace(day=book.last, id=_BEHIND_ALL)
    (row,) = await database.fetch_all(
        "SELECT count(*) AS count FROM register WHERE agency IN (SELECT value FROM json_each(?))"
        " AND side = ? AND day >= ? AND (day, id) <= (?, ?)",
        (codes, book.side, book.first.isoformat(), end.day.isoformat(), end.id),
    )
    return int(row["count"])


async def list_register(
    database: Database, book: Book, *, after: RegisterPlace | None = None, numbered_from: int, limit: int
) -> list[RegisterRow]:
    """List lines of a book behind a place; the first of them has the number numbered_from."""
    if not (codes := await _codes_with_lines(database, book)):
        return []
    start = after or RegisterPlace(day=book.first, id=-1)
    rows = await database.fetch_all(
        "SELECT register.*, packages.sender, packages.recipients, packages.notation,"
        " packages.promulgated_on, packages.subject, particulars.signer_name FROM register"
        " JOIN packages ON packages.id = register.package_id"
        " LEFT JOIN particulars ON particulars.package_id = register.package_id"
        f" WHERE register.agency IN ({', '.join('?' for _ in codes)}) AND register.side = ?"
        " AND register.day <= ? AND (register.day, register.id) > (?, ?)"
        " ORDER BY register.day, register.id LIMIT ?",
        (*codes, book.side, book.last.isoformat(), start.day.isoformat(), start.id, limit),
    )
    return [_row_from(row, number) for number, row in enumerate(rows, numbered_from)]


async def _codes_with_lines(database: Database, book: Book) -> list[str]:
    """Choose the codes under which anything stands: of a single one the index gives the order, too."""
    rows = await database.fetch_all(
        "SELECT value FROM json_each(?) WHERE EXISTS"
        " (SELECT 1 FROM register WHERE register.agency = value AND register.side = ?)",
        (json.dumps(sorted(book.agencies)), book.side),
    )
    return [row["value"] for row in rows]


async def stream_register(database: Database, book: Book) -> AsyncIterator[list[RegisterRow]]:
    """Read a book from one day to another, in the order of its days, some rows at a time."""
    after, number = None, 1
    while rows := await list_register(database, book, after=after, numbered_from=number, limit=_ROWS_AT_ONCE):
        yield rows
        after, number = rows[-1].place, number + len(rows)


def _row_from(row: Row, number: int) -> RegisterRow:
    promulgated_on = row["promulgated_on"]
    return RegisterRow(
        place=RegisterPlace(day=date.fromisoformat(row["day"]), id=row["id"]),
        number=number,
        thread_id=ThreadId(row["thread_id"]),
        at=from_micros(row["at"]),
        sender=AgencyCode(row["sender"]),
        recipients=tuple(AgencyCode(code) for code in json.loads(row["recipients"])),
        notation=row["notation"] or "",
        promulgated_on=None if promulgated_on is None else date.fromisoformat(promulgated_on),
        type=row["type"],
        subject=row["subject"] or "",
        signer=row["signer_name"],
        answered_at=None if row["answered_at"] is None else from_micros(row["answered_at"]),
        declined_at=None if row["declined_at"] is None else from_micros(row["declined_at"]),
    )
