"""The greatest ids there are, behind which new ones go on."""

from gateway.store.database import Database


async def newest_id(database: Database) -> str | None:
    """Return the greatest id ever made."""
    row = await database.fetch_one(
        "SELECT max(newest) AS newest FROM (SELECT max(id) AS newest FROM packages"
        " UNION ALL SELECT max(id) FROM dispatches UNION ALL SELECT max(id) FROM threads) AS greatest"
    )
    return None if row is None else row["newest"]
