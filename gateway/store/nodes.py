"""Nodes and their duties on disk: who serves, who is seen, who does what for all.

Everything a node holds hangs on its row: with the row go its duties, and its claims are nobody's any more.
"""

from collections.abc import Iterable
from datetime import datetime

from gateway.model.node import Duty, Node, SeenNode
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Row, Tables


def put_node(tables: Tables, node: Node, *, seen_at_micros: int) -> None:
    """Put a node among those that serve, or note that it is still there; its address may have changed."""
    tables.execute(
        "INSERT INTO nodes (name, host, pid, address, version, started_at, seen_at, beat_count)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (name) DO UPDATE SET address = excluded.address,"
        " seen_at = excluded.seen_at, beat_count = nodes.beat_count + 1",
        (
            node.name,
            node.host,
            node.pid,
            node.address,
            node.version,
            to_micros(node.started_at),
            seen_at_micros,
        ),
    )


def take_off(tables: Tables, names: Iterable[str]) -> None:
    """Take nodes off that are gone, with their duties; saying it twice is harmless."""
    for name in names:
        tables.execute("DELETE FROM duties WHERE node = ?", (name,))
        tables.execute("DELETE FROM nodes WHERE name = ?", (name,))


def take_all_off(tables: Tables) -> None:
    """Take every node off: none of them serves this database."""
    tables.execute("DELETE FROM duties")
    tables.execute("DELETE FROM nodes")


def is_present(tables: Tables, name: str) -> bool:
    """Tell whether a node is among those that serve."""
    return tables.execute("SELECT 1 FROM nodes WHERE name = ?", (name,)).fetchone() is not None


def take_free_duties(tables: Tables, name: str, term: str) -> dict[Duty, str]:
    """Take every duty that nobody has; return those this node has now, each with its term."""
    for duty in Duty:
        tables.execute(
            "INSERT INTO duties (name, node, term) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (duty.value, name, term),
        )
    rows = tables.execute("SELECT name, term FROM duties WHERE node = ?", (name,)).fetchall()
    known = {duty.value for duty in Duty}  # a node of a newer version may know more of them
    return {Duty(row["name"]): row["term"] for row in rows if row["name"] in known}


def note_done(tables: Tables, term: str, duty: Duty, at: datetime) -> None:
    """Note when a duty was done, in its term."""
    tables.execute(
        "UPDATE duties SET done_at = ? WHERE name = ? AND term = ?", (to_micros(at), duty.value, term)
    )


def find_done(tables: Tables, duty: Duty) -> datetime | None:
    """Tell when a duty was done last, by who has it now."""
    row = tables.execute("SELECT done_at FROM duties WHERE name = ?", (duty.value,)).fetchone()
    return None if row is None or row["done_at"] is None else from_micros(row["done_at"])


def is_in_term(tables: Tables, duty: Duty, term: str) -> bool:
    """Tell whether a term on a duty still lasts."""
    row = tables.execute("SELECT term FROM duties WHERE name = ?", (duty.value,)).fetchone()
    return row is not None and row["term"] == term


def give_back(tables: Tables, name: str) -> None:
    """Give back every duty of a node."""
    tables.execute("DELETE FROM duties WHERE node = ?", (name,))


_NODES = "SELECT * FROM nodes ORDER BY started_at, name"
_DUTIES = "SELECT name, node FROM duties ORDER BY name"


def nodes_in(tables: Tables) -> list[SeenNode]:
    """List the nodes within a transaction, the longest running first."""
    return _seen(tables.execute(_NODES), tables.execute(_DUTIES))


async def list_nodes(database: Database) -> list[SeenNode]:
    """List the nodes, the longest running first."""
    return _seen(await database.fetch_all(_NODES), await database.fetch_all(_DUTIES))


def _seen(nodes: Iterable[Row], duties: Iterable[Row]) -> list[SeenNode]:
    held = [(row["node"], Duty(row["name"])) for row in duties if row["name"] in set(Duty)]
    return [
        SeenNode(
            node=Node(
                name=row["name"],
                host=row["host"],
                pid=row["pid"],
                address=row["address"],
                version=row["version"],
                started_at=from_micros(row["started_at"]),
            ),
            seen_at=from_micros(row["seen_at"]),
            beat_count=row["beat_count"],
            duties=tuple(duty for name, duty in held if name == row["name"]),
        )
        for row in nodes
    ]
