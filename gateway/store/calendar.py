"""The working calendar on disk: years that somebody imported, and the shipped ones for all others.

An update of the program brings newer days for the years that nobody imported, and leaves the others alone.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import groupby

from gateway.deadlines.calendar import CalendarDay, DayKind
from gateway.deadlines.calendar_text import read_calendar
from gateway.store.database import Database
from gateway.store.tables import Row, Tables

Years = Mapping[int, tuple[CalendarDay, ...]]
"""The special days of each year that is known, in their order."""


def replace_years(connection: Tables, days: Iterable[CalendarDay]) -> Years:
    """Write whole years, and return those that are different now."""
    kept = _by_year(map(_day_from, connection.execute("SELECT * FROM calendar_days ORDER BY day")))
    changed = {year: days for year, days in _by_year(days).items() if kept.get(year) != days}
    for year, year_days in changed.items():
        _write_year(connection, year, year_days)
    return changed


def days_of_year(connection: Tables, year: int) -> tuple[CalendarDay, ...]:
    """Return the special days of a year as they are known: imported, else shipped."""
    rows = connection.execute(
        "SELECT * FROM calendar_days WHERE substr(day, 1, 4) = ? ORDER BY day", (f"{year:04}",)
    ).fetchall()
    return tuple(map(_day_from, rows)) or shipped_calendar().get(year, ())


def replace_year(
    connection: Tables, year: int, days: Iterable[CalendarDay], *, known: Iterable[CalendarDay]
) -> bool:
    """Write a year that was known otherwise; False when it is the same.

    Shape: without any days it is the shipped one again.
    """
    ordered = sorted(days, key=lambda each: each.day)
    if ordered == list(known):
        return False
    _write_year(connection, year, ordered)
    return True


def _write_year(connection: Tables, year: int, days: Iterable[CalendarDay]) -> None:
    connection.execute("DELETE FROM calendar_days WHERE substr(day, 1, 4) = ?", (f"{year:04}",))
    connection.executemany(
        "INSERT INTO calendar_days (day, kind, name) VALUES (?, ?, ?)",
        [(each.day.isoformat(), each.kind, each.name) for each in days],
    )


async def load_imported(database: Database) -> Years:
    """Load the years that somebody imported."""
    return _by_year(map(_day_from, await database.fetch_all("SELECT * FROM calendar_days ORDER BY day")))


async def load_calendar(database: Database) -> Years:
    """Load every year that is known, imported or shipped."""
    return {**shipped_calendar(), **await load_imported(database)}


@cache
def shipped_calendar() -> Years:
    """Read the years that come with the program."""
    return _by_year(read_calendar(files("gateway.deadlines").joinpath("vietnam.csv").read_bytes()))


def _by_year(days: Iterable[CalendarDay]) -> Years:
    ordered = sorted(days, key=lambda each: each.day)
    return {year: tuple(found) for year, found in groupby(ordered, key=lambda each: each.day.year)}


def _day_from(row: Row) -> CalendarDay:
    return CalendarDay(day=date.fromisoformat(row["day"]), kind=DayKind(row["kind"]), name=row["name"])
