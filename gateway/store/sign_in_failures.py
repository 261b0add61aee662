"""Who failed to sign in lately: a count for each, when it was counted, and how long he waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.store.database import from_micros, to_micros
from gateway.store.tables import Tables

_MICROSECOND = timedelta(microseconds=1)
# Beyond, the oldest are forgotten: no stranger fills the disk.
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """What is remembered of one count."""

    count: float
    counted_at: datetime
    pause: timedelta


def find_failures(tables: Tables, what: str, who: str) -> Failures | None:
    """Find what is remembered."""
    row = tables.execute(
        "SELECT count, counted_at, pause FROM sign_in_failures WHERE what = ? AND who = ?", (what, who)
    ).fetchone()
    if row is None:
        return None
    return Failures(
        count=row["count"],
        counted_at=from_micros(row["counted_at"]),
        pause=row["pause"] * _MICROSECOND,
    )


def keep_failures(tables: Tables, what: str, who: str, failures: Failures) -> None:
    """Remember a count; the oldest beyond what is remembered go."""
    tables.execute(
        "INSERT INTO sign_in_failures (what, who, count, counted_at, pause) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (what, who) DO UPDATE SET count = excluded.count, counted_at = excluded.counted_at,"
        " pause = excluded.pause",
        (what, who, failures.count, to_micros(failures.counted_at), failures.pause // _MICROSECOND),
    )
    tables.execute(
        "DELETE FROM sign_in_failures WHERE counted_at <"
        " (SELECT counted_at FROM sign_in_failures ORDER BY counted_at DESC LIMIT 1 OFFSET ?)",
        (_REMEMBERED,),
    )


def take_back(tables: Tables, what: str, who: str) -> None:
    """Take one failure back, and the pause it brought."""
    tables.execute(
        "UPDATE sign_in_failures SET count = count - 1, pause = 0 WHERE what = ? AND who = ?", (what, who)
    )


def forget_failures(tables: Tables, what: str, who: str) -> None:
    """Forget a count."""
    tables.execute("DELETE FROM sign_in_failures WHERE what = ? AND who = ?", (what, who))
