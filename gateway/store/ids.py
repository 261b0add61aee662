"""The greatest ids there are, behind which new ones go on."""

from gateway.store.database import Database
from gateway.store.tables import Tables


async def newest_id(database: Database) -> str | None:
    """Return the greatest id ever made."""
    row = await database.fetch_one(
        "SELECT max(newest) AS newest FROM (SELECT max(id) AS newest FROM packages"
        " UNION ALL SELECT max(id) FROM dispatches UNION ALL SELECT max(id) FROM threads) AS greatest"
    )
    return None if row is None else row["newest"]


def newest_package(tables: Tables) -> str | None:
    """Return the greatest id of a package, whichever node recorded it."""
    (newest,) = tables.execute("SELECT max(id) FROM packages").fetchone()
    return None if newest is None else str(newest)
