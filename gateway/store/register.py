"""The register of documents (sổ văn bản đi, đến), and the figures that every change of it keeps true."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros

_ROWS_AT_ONCE = 1_000


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


def enter(connection: sqlite3.Connection, entered: Entered) -> None:
    """Write a row."""
    connection.execute(
        "INSERT INTO register (agency, side, thread_id, package_id, at, day, type, is_legal,"
        " deliveries_count, in_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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


def count_more_deliveries(
    connection: sqlite3.Connection, agency: AgencyCode, thread_id: ThreadId, count: int
) -> bool:
    """Count a document that an agency has sent before as sent to more; False when it has not."""
    done = connection.execute(
        "UPDATE register SET deliveries_count = deliveries_count + ?"
        " WHERE thread_id = ? AND side = 'out' AND agency = ?",
        (count, thread_id, agency),
    )
    return done.rowcount > 0


def answer_for(
    connection: sqlite3.Connection,
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
        "UPDATE register SET answered_at = coalesce(answered_at, ?1), declined_at = CASE WHEN ?2 THEN ?1 END,"
        " in_time = CASE WHEN ?3 THEN ?4 ELSE in_time END WHERE id = ?5",
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
) -> dict[str, list[timedelta]]:
    """Load how long each delivery of what was sent in a time took to each first status."""
    codes = None if agencies is None else json.dumps(list(agencies))
    rows = await database.fetch_all(
        "SELECT answers.status, min(answers.recorded_at) - register.at AS span FROM register"
        " JOIN answers ON answers.thread_id = register.thread_id AND answers.status IN ('01', '03')"
        " WHERE register.side = 'out' AND register.day BETWEEN ? AND ?"
        " AND (? IS NULL OR register.agency IN (SELECT value FROM json_each(?)))"
        " GROUP BY register.id, answers.recipient, answers.status",
        (first.isoformat(), last.isoformat(), codes, codes),
    )
    spans: dict[str, list[timedelta]] = {}
    for row in rows:
        spans.setdefault(row["status"], []).append(timedelta(microseconds=row["span"]))
    return spans


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
class RegisterRow:
    """One line of the book as it is printed.

    Shape: sender and recipients are codes; number is the row's place among its agency's of the year.
    """

    number: int
    day: date
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


async def stream_register(
    database: Database, agencies: Collection[AgencyCode], side: Side, *, first: date, last: date
) -> AsyncIterator[list[RegisterRow]]:
    """Read a book from one day to another, in the order of its days, some rows at a time."""
    day, row_id, number = first.isoformat(), -1, 0
    while True:
        rows = await database.fetch_all(
            "SELECT register.*, packages.sender, packages.recipients, packages.notation,"
            " packages.promulgated_on, packages.subject, particulars.signer_name FROM register"
            " JOIN packages ON packages.id = register.package_id"
            " LEFT JOIN particulars ON particulars.package_id = register.package_id"
            " WHERE register.agency IN (SELECT value FROM json_each(?)) AND register.side = ?"
            " AND register.day <= ? AND (register.day, register.id) > (?, ?)"
            " ORDER BY register.day, register.id LIMIT ?",
            (json.dumps(list(agencies)), side, last.isoformat(), day, row_id, _ROWS_AT_ONCE),
        )
        if not rows:
            return
        yield [_row_from(row, number + place) for place, row in enumerate(rows, 1)]
        number += len(rows)
        day, row_id = rows[-1]["day"], rows[-1]["id"]


def _row_from(row: sqlite3.Row, number: int) -> RegisterRow:
    promulgated_on = row["promulgated_on"]
    return RegisterRow(
        number=number,
        day=date.fromisoformat(row["day"]),
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
