"""How many requests of each caller all nodes let in together."""

from collections.abc import Mapping

from gateway.store.tables import Tables


def add_admissions(tables: Tables, counts: Mapping[str, int]) -> None:
    """Add what this node let in."""
    tables.executemany(
        "INSERT INTO admissions (caller, count) VALUES (?, ?)"
        " ON CONFLICT (caller) DO UPDATE SET count = admissions.count + excluded.count",
        sorted(counts.items()),
    )


def count_admissions(tables: Tables) -> dict[str, int]:
    """Count what all nodes let in, ever since."""
    rows = tables.execute("SELECT caller, count FROM admissions").fetchall()
    return {row["caller"]: row["count"] for row in rows}
