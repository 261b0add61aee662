"""Searches that somebody named, to ask them again. Each is its user's own."""

from dataclasses import dataclass
from datetime import datetime

from gateway.model.people import UserId
from gateway.store.database import Database, to_micros
from gateway.store.tables import Tables

KEPT_AT_MOST = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A named search. query is what stands in the console's address."""

    name: str
    query: str


def save_search(connection: Tables, user_id: UserId, search: SavedSearch, *, at: datetime) -> bool:
    """Save a search, in place of one of its name; tell whether there was room for it."""
    saved = connection.execute(
        "INSERT INTO saved_searches SELECT ?1, ?2, ?3, ?4"
        " WHERE (SELECT count(*) FROM saved_searches WHERE user_id = ?1 AND name <> ?2) < ?5"
        " ON CONFLICT (user_id, name) DO UPDATE SET query = excluded.query, saved_at = excluded.saved_at",
        (user_id, search.name, search.query, to_micros(at), KEPT_AT_MOST),
    )
    return bool(saved.rowcount)


def forget_search(connection: Tables, user_id: UserId, name: str) -> None:
    """Forget a search."""
    connection.execute("DELETE FROM saved_searches WHERE user_id = ? AND name = ?", (user_id, name))


async def list_searches(database: Database, user_id: UserId) -> list[SavedSearch]:
    """List a user's searches by name."""
    rows = await database.fetch_all(
        "SELECT name, query FROM saved_searches WHERE user_id = ? ORDER BY name", (user_id,)
    )
    return [SavedSearch(name=row["name"], query=row["query"]) for row in rows]
