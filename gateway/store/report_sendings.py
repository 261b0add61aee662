"""Which reports went out by themselves, to whom."""

from datetime import date, datetime

from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.span import Span
from gateway.store.database import Database, to_micros
from gateway.store.tables import Tables


async def list_addressees(
    database: Database, span: Span, agency: AgencyCode | None, last_day: date
) -> set[str]:
    """List who got a report already, or will not take it."""
    rows = await database.fetch_all(
        "SELECT addressee FROM report_sendings WHERE span = ? AND agency = ? AND last_day = ?",
        (span, agency or "", last_day.isoformat()),
    )
    return {row["addressee"] for row in rows}


async def next_sending_id(database: Database) -> int:
    """Tell the number of the next sending."""
    row = await database.fetch_one("SELECT coalesce(max(id), 0) + 1 AS next FROM report_sendings")
    return 1 if row is None else int(row["next"])


def note_sending(
    connection: Tables,
    span: Span,
    agency: AgencyCode | None,
    last_day: date,
    addressee: str,
    *,
    package_id: PackageId | None = None,
    refused: bool = False,
    at: datetime,
) -> None:
    """Note that somebody got a report, or will not take it."""
    connection.execute(
        "INSERT INTO report_sendings (span, agency, last_day, addressee, at, package_id, refused)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (span, agency or "", last_day.isoformat(), addressee, to_micros(at), package_id, refused),
    )
