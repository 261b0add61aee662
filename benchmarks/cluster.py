"""What several nodes on one PostgreSQL carry, and what bounds them all: ``python -m benchmarks.cluster``.

A server of its own, with every flush to the disk; one node, then two; packages sent to them in turn. Whoever
writes holds one lock of the whole database (docs/decisions/0015): the time it is held for a document is what
no number of nodes gets below. Beside it: rows, bytes and journal for a document. docs/scaling.md has a run.
"""

import argparse
import asyncio
import itertools
import json
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import uvloop

from benchmarks.load import saturate
from benchmarks.nodes import SENDING, Node, busy_seconds_of_process, found_hub, free_port
from benchmarks.stock import Package, Stock, seal_for
from gateway.sandbox.agencies import HEALTH, MINISTRY
from tests.databases import start_server

CONNECTIONS_COUNT = 32
_WARM_UP_COUNT = 60


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster", description=__doc__)
    parser.add_argument("--documents", type=int, default=1500, help="for each number of nodes")
    parser.add_argument("--bytes", type=int, default=10_000, help="size of a package")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2])
    asked = parser.parse_args()
    address = start_server("max_connections=100", "shared_buffers=256MB", "max_wal_size=4GB")
    with tempfile.TemporaryDirectory(prefix="lienthong-benchmark-") as name:
        for count in asked.nodes:
            cluster = Cluster(Path(name) / str(count), address, nodes_count=count)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(cluster.measure(asked.documents, asked.bytes))


class Cluster:
    """Some nodes of one hub over one new database."""

    def __init__(self, folder: Path, address: str, *, nodes_count: int) -> None:
        folder.mkdir()
        name = f"of_{nodes_count}"
        with psycopg.connect(address.format(name="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        self.database = address.format(name=name)
        first = found_hub(folder / "1", key="p256", settings=f'\n[storage]\ndatabase = "{self.database}"\n')
        self.nodes = [first, *(_another(first, number) for number in range(2, nodes_count + 1))]

    async def measure(self, count: int, size_bytes: int) -> None:
        """Fill it as fast as it takes, and print what that was."""
        seal = seal_for(HEALTH, self.nodes[0].folder, key="p256")
        stock = Stock(sender=HEALTH, recipient=MINISTRY, size_bytes=size_bytes, seal=seal)
        packages = stock.make(count + _WARM_UP_COUNT)
        with ExitStack() as left:
            for node in self.nodes:
                node.start(program=("benchmarks.timed_node",))
                left.callback(node.stop)
            dmss = [node.dms(SENDING) for node in self.nodes]
            others = itertools.cycle(dmss)

            async def send(package: Package) -> None:
                answer = await next(others).send(
                    package.content, sender=HEALTH.code, recipients=[MINISTRY.code]
                )
                assert answer.ok, answer.words

            await saturate(send, packages[:_WARM_UP_COUNT], connections=8)
            before, busy = self._look(), self._busy_seconds()
            began = time.perf_counter()
            await saturate(send, packages[_WARM_UP_COUNT:], connections=CONNECTIONS_COUNT)
            seconds, busy = time.perf_counter() - began, self._busy_seconds() - busy
            after = self._look()
            for dms in dmss:
                await dms.close()
        _print(len(self.nodes), count, seconds, busy, _held(self.nodes), before, after)
        self._print_tables(count + _WARM_UP_COUNT)

    def _look(self) -> dict[str, float]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            row = connection.execute(
                "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_database_size(current_database())"
            ).fetchone()
            servers = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'lienthong'"
            ).fetchall()
        assert row is not None
        busy = sum(busy_seconds_of_process(Path(f"/proc/{pid}")) for (pid,) in servers)
        return {"journal": float(row[0]), "size": float(row[1]), "busy": busy}

    def _busy_seconds(self) -> float:
        return sum(node.busy_seconds() for node in self.nodes)

    def _print_tables(self, documents_count: int) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            rows = connection.execute(
                "SELECT relname, n_live_tup, pg_relation_size(relid), pg_indexes_size(relid),"
                " pg_total_relation_size(relid) FROM pg_stat_user_tables"
                " WHERE n_live_tup >= %s ORDER BY 5 DESC",
                (documents_count // 2,),
            ).fetchall()
        print("  for a document:       rows    bytes   of them indexes")
        for name, live, _, indexes, total in rows:
            each = documents_count
            print(f"  {name:20} {live / each:6.2f} {total / each:8,.0f} {indexes / each:8,.0f}")


def _another(first: Node, number: int) -> Node:
    """Copy a node: the same gateway, at another port."""
    node = replace(first, folder=first.folder.parent / str(number), port=free_port())
    shutil.copytree(first.folder, node.folder)
    configuration = node.folder / "config.toml"
    configuration.write_text(configuration.read_text().replace(f"{first.port}", f"{node.port}"))
    return node


def _held(nodes: list[Node]) -> dict[str, float]:
    """Add up what the nodes told at their end, their start and the warming up included."""
    for node in nodes:
        node.stop()
    told = [json.loads((node.folder / "held.json").read_text()) for node in nodes]
    return {key: sum(each[key] for each in told) for key in told[0]}


def _print(
    nodes_count: int,
    count: int,
    seconds: float,
    busy: float,
    held: dict[str, float],
    before: dict[str, float],
    after: dict[str, float],
) -> None:
    every = count + _WARM_UP_COUNT
    lock = (held["acts"] + held["commits"]) / every
    served = 1000 * (after["busy"] - before["busy"]) / count
    print(f"{nodes_count} nodes: {count / seconds:.0f} documents/s")
    print(f"  {1000 * busy / count:.1f} ms of the nodes' processors for each, {served:.1f} of the server's")
    print(
        f"  lock held {1000 * lock:.2f} ms for each, {1000 * held['commits'] / every:.2f} of them committing:"
        f" {100 * lock * count / seconds:.0f} % of the time; at most {1 / lock:.0f} documents/s"
    )
    # What others wait for, whatever the cores do: the writing threads' part of the nodes' work, and all
    # of the server's.
    worked = 1000 * held["worked"] / every
    ceiling, alone = 1000 / (worked + served), 1000 * count / (1000 * busy)
    print(
        f"  worked under it {worked:.2f} ms, the server {served:.2f} for each: any number of nodes at most"
        f" {ceiling:.0f} documents/s, {ceiling / alone:.1f} times one with a core of its own"
    )
    statements, batch = held["statements"] / every, held["turns"] / (held["batches"] or 1)
    print(f"  {statements:.1f} statements for each, {batch:.1f} acts a batch")
    journal = (after["journal"] - before["journal"]) / count
    size = (after["size"] - before["size"]) / count
    print(f"  journal {journal:,.0f} bytes, database {size:,.0f} bytes for each")


if __name__ == "__main__":
    main()
