"""The large tables in partitions, on a real PostgreSQL: divided, emptied, on other disks, nothing lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gateway.back_office import house_of
from gateway.config import load_config
from gateway.exchange.examination import examine
from gateway.store import partitions
from gateway.store.catalog import obstacles, tables_of
from gateway.store.database import engine_of, looking, migrate
from gateway.store.partitions import partitions_of, tend
from gateway.store.schema import steps
from gateway.store.tables import Dialect, Server, Source
from tests.databases import change, changing, fresh_source, rows_of, source_in
from tests.packages import Sent, document
from tests.rooms.cli_kit import facts, run
from tests.walks.test_retention import YEAR, erased, found_node, travel, wait_for
from tests.walks.world import FINANCE, HEALTH, Node, collect_all

pytestmark = pytest.mark.parametrize("engine", [Dialect.POSTGRESQL], ids=str, indirect=True)

BEFORE_PARTITIONS = 21


@pytest.fixture
async def node(tmp_path: Path, engine: Dialect) -> AsyncIterator[Node]:
    """A hub that erases after ten years, with two documents that were carried."""
    node = await found_node(tmp_path / "node")
    await travel(node, Sent(sender=HEALTH))
    await travel(node, Sent(sender=HEALTH, number="413"))
    yield node
    await node.stop()


def source_of_test(place: Path) -> Server:
    source = fresh_source(place / "x.db")
    assert isinstance(source, Server)
    return source


def keep(source: Source, digest: str, year: int, content: bytes = b"x") -> int:
    """Keep a content as in some year; tell whether it was taken."""
    with changing(source) as tables:
        return tables.execute(
            "INSERT INTO blobs VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (digest, content, -year)
        ).rowcount


def in_partition(source: Source, name: str) -> set[str]:
    return {row[0] for row in rows_of(source, f"SELECT digest FROM {name}")}


def years(source: Source) -> list[tuple[str, int | None, int | None]]:
    with looking(source) as tables:
        return [(each.name, each.lowest, each.highest) for each in partitions_of(tables, "blobs")]


def plan_of(source: Source, question: str) -> str:
    return "\n".join(row[0] for row in rows_of(source, f"EXPLAIN (ANALYZE, TIMING OFF) {question}"))


def findings(node: Node) -> set[str]:
    found = examine(house_of(load_config(node.directory / "config.toml")), at=node.clock())
    return {finding.code for finding in found} - {"seal-invalid-now", "clock-behind", "file-exposed"}


def this_year(source: Source) -> int:
    return int(rows_of(source, "SELECT CAST(extract(year FROM now()) AS BIGINT)")[0][0])


def test_what_two_years_kept_lies_apart_and_is_found_in_one(tmp_path: Path) -> None:
    """The newest year is asked first, and with what it has nobody asks further; the log is asked in one."""
    source = source_of_test(tmp_path)
    year = this_year(source)
    assert keep(source, "old", year) == keep(source, "new", year + 1) == 1
    assert in_partition(source, f"blobs_{year}") == {"old"}
    assert in_partition(source, f"blobs_{year + 1}") == {"new"}
    plan = plan_of(source, "SELECT bytes FROM blobs WHERE digest = 'new' LIMIT 1")
    assert plan.count("never executed") >= 1 < plan.count("blobs_")
    assert plan.index(f"blobs_{year + 1}") < plan.index(f"blobs_{year} ")
    plan = plan_of(source, "SELECT * FROM log WHERE seq = 7")
    assert "log_0" in plan
    assert "log_200000000" not in plan


async def test_the_same_bytes_are_kept_once_whatever_the_year(node: Node) -> None:
    """What a package bears already is not kept again in the next year; of a package that is new it is."""
    source = source_in(node.directory)
    ((digest,),) = rows_of(source, "SELECT digest FROM packages WHERE kind = 'document' LIMIT 1")
    assert keep(source, digest, this_year(source) + 1) == 0
    assert len(rows_of(source, "SELECT 1 FROM blobs WHERE digest = ?", [digest])) == 1


def test_the_next_year_has_its_partition_before_it_begins(tmp_path: Path) -> None:
    """In autumn, once; who slept for years has what lies between in one; every year has a place."""
    source = source_of_test(tmp_path)
    engine, year = engine_of(source), this_year(source)
    first, opened = f"blobs_{year}", f"blobs_{year + 1}"
    assert tend(engine, datetime(year, 3, 1, tzinfo=UTC)) == []
    assert years(source) == [(opened, None, -year), (first, -year, None)]
    assert tend(engine, datetime(year, 12, 1, tzinfo=UTC))
    assert tend(engine, datetime(year, 12, 31, tzinfo=UTC)) == []
    ahead = f"blobs_{year + 2}"
    assert years(source) == [(ahead, None, -year - 1), (opened, -year - 1, -year), (first, -year, None)]
    assert keep(source, "far", year + 40) == keep(source, "past", year - 40) == 1
    assert in_partition(source, ahead) == {"far"}
    while tend(engine, datetime(year + 5, 12, 1, tzinfo=UTC)):
        pass
    assert years(source)[:2] == [(f"blobs_{year + 41}", None, -year - 40), (ahead, -year - 40, -year - 1)]
    assert in_partition(source, ahead) == {"far"}


async def test_a_node_that_serves_begins_the_next_year(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself, when it is near enough."""
    await node.stop()
    source = source_in(node.directory)
    year = this_year(source)
    monkeypatch.setattr(partitions, "_YEAR_AHEAD", 2 * YEAR)
    await node.start()
    await wait_for(lambda: len(years(source)) >= 4)
    assert all(f"blobs_{year + each}" in {name for name, _, _ in years(source)} for each in range(4))


def test_the_log_goes_on_in_the_next_partition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun before it is needed, guarded like the others, and if nobody began it in time nothing is lost."""
    source = source_of_test(tmp_path)
    engine, march = engine_of(source), datetime(this_year(source), 3, 1, tzinfo=UTC)
    monkeypatch.setattr(partitions, "LOG_SPAN", 50)

    def append(seq: int) -> None:
        leaf = b"x" * 32
        change(source, "INSERT INTO log VALUES (?, 'turned-away', 0, '', NULL, ?)", (seq, leaf))

    append(1)
    assert tend(engine, march) == []
    append(200_000_007)
    assert tend(engine, march)
    append(200_000_060)
    with looking(source) as tables:
        assert [(each.name, each.highest) for each in partitions_of(tables, "log")] == [
            ("log_0", 200_000_000),
            ("log_200000000", 200_000_050),
            ("log_200000050", None),
        ]
    assert [row[0] for row in rows_of(source, "SELECT seq FROM log ORDER BY seq DESC")] == [
        200_000_060,
        200_000_007,
        1,
    ]
    for name in ("log", "log_0", "log_200000000", "log_200000050"):
        for act in (f"TRUNCATE {name}", f"DELETE FROM {name}", f"UPDATE {name} SET at = 1"):
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                change(source, act)


async def test_a_database_from_before_keeps_every_row(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the schema before: what was there is the first partition, and nothing is found wrong."""
    await node.stop()
    full, config = source_in(node.directory), node.directory / "config.toml"
    older = await asyncio.to_thread(as_it_was_before, full, monkeypatch)
    assert isinstance(full, Server)
    config.write_text(config.read_text().replace(full.address, older.address))
    await asyncio.to_thread(migrate, older)
    with looking(full) as here, looking(older) as there:
        for table in tables_of(here, Dialect.POSTGRESQL):
            question = f'SELECT count(*) FROM "{table}"'
            assert here.execute(question).fetchone() == there.execute(question).fetchone(), table
    kept = rows_of(older, "SELECT DISTINCT CAST(tableoid AS regclass)::text FROM blobs")
    assert [row[0] for row in kept] == [f"blobs_{this_year(older)}"]
    assert findings(node) == set()
    await node.start()
    await travel(node, Sent(sender=HEALTH, number="414"))
    assert findings(node) == set()


def as_it_was_before(full: Source, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Copy a database into one of the schema before partitions."""
    assert isinstance(full, Server)
    older = Server(address=full.address.replace("/t", "/before_t", 1))
    with psycopg.connect(full.address, autocommit=True) as connection:
        name = older.address.partition("@/")[2].partition("?")[0]
        connection.execute(f"CREATE DATABASE {name}".encode())
    with monkeypatch.context() as patched:
        of_then = [step for step in steps(Dialect.POSTGRESQL) if step.number <= BEFORE_PARTITIONS]
        patched.setattr("gateway.store.postgresql.steps", lambda _: of_then)
        patched.setattr("gateway.store.postgresql.expect_served", lambda *_: None)
        migrate(older)
    with looking(full) as here, closing(engine_of(older).open_writer()) as writer:
        writer.begin()
        writer.statements.execute("SET LOCAL session_replication_role = replica")
        for table in tables_of(writer.statements, Dialect.POSTGRESQL).values():
            rows = here.execute(f'SELECT {", ".join(table.columns)} FROM "{table.name}"').fetchall()
            writer.statements.execute(f'DELETE FROM "{table.name}"')
            writer.add_rows(table.name, table.columns, rows)
        for _, restoring in obstacles(writer.statements, Dialect.POSTGRESQL):
            if restoring.startswith("SELECT setval"):
                writer.statements.execute(restoring)
        writer.commit()
    return older


async def test_a_year_whose_contents_are_erased_gives_its_room_back(node: Node) -> None:
    """Only when all are, and nobody looks at them any more; the evidence stays, and doctor is content."""
    source = source_in(node.directory)
    engine, year = engine_of(source), this_year(source)
    keep(source, "held", year, bytes(100_000))
    change(source, f"ALTER TABLE blobs_{year} SET (autovacuum_enabled = off)")
    node.clock.ahead = 11 * YEAR
    await wait_for(lambda: in_partition(source, f"blobs_{year}") == {"held"})
    await node.stop()
    later = datetime(year + 11, 2, 1, tzinfo=UTC)
    while tend(engine, later):
        pass
    assert in_partition(source, f"blobs_{year}") == {"held"}
    with looking(source) as somebody:
        assert len(somebody.execute("SELECT 1 FROM packages").fetchall()) >= 2
        change(source, "DELETE FROM blobs WHERE digest = 'held'")
        assert tend(engine, later) == []
    assert tend(engine, later) == [f"TRUNCATE blobs_{year}"]
    assert tend(engine, later) == []
    assert findings(node) == set()
    assert len(erased(node)) >= 2


async def test_old_partitions_lie_on_other_disks(node: Node, tmp_path: Path) -> None:
    """As docs/operations.md has it: read, checked, backed up, moved and gone on with as before."""
    source = source_in(node.directory)
    assert isinstance(source, Server)
    year = this_year(source)
    with psycopg.connect(source.address, autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE old_disks LOCATION ''")
        for part in (f"blobs_{year}", "log_0"):
            connection.execute(f"SELECT partition_to('{part}', 'old_disks')".encode())
    away = rows_of(
        source,
        "SELECT relkind FROM pg_class JOIN pg_tablespace ON pg_tablespace.oid = reltablespace"
        " WHERE spcname = 'old_disks' AND relname !~ '^pg_toast'",
    )
    assert sorted(row[0] for row in away) == ["i"] * (1 + 7) + ["r"] * 2
    package = document(Sent(sender=HEALTH, number="414"), [FINANCE])
    assert (await node.dms("SYT").send(package, sender=HEALTH)).ok
    assert await collect_all(node.dms("STC"))
    assert findings(node) == set()
    folder = node.directory
    await asyncio.to_thread(run, "log", "verify", "-d", folder)
    await asyncio.to_thread(run, "backup", tmp_path / "backup", "-d", folder)
    await node.stop()
    elsewhere = source_of_test(tmp_path / "moved")
    moved = await asyncio.to_thread(
        facts, "move", f"database={elsewhere.address}", "--write-config", "-d", folder
    )
    assert set(moved["findings"]) <= {"file-exposed"}
    assert len(in_partition(elsewhere, f"blobs_{year}")) == len(in_partition(source, f"blobs_{year}"))


async def test_doctor_asks_what_the_server_no_longer_looks_after(node: Node) -> None:
    """Each partition of the log has its guards, and each receipt its entry."""
    source = source_in(node.directory)
    change(source, "ALTER TABLE log_200000000 DISABLE TRIGGER log_is_append_only_2")
    change(source, "INSERT INTO receipts VALUES ('SYT', 99999, 'sent', 0)")
    assert findings(node) == {"log-unguarded", "reference-broken"}


def test_who_looks_for_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind him everybody would wait: it is tried again later, and nothing is half done."""
    source = source_of_test(tmp_path)
    engine, december = engine_of(source), datetime(this_year(source), 12, 1, tzinfo=UTC)
    monkeypatch.setattr(partitions, "_TABLES_ARE_SOUGHT_FOR", "50ms")
    before = years(source)
    with looking(source) as somebody:
        somebody.execute("SELECT 1 FROM blobs").fetchall()
        with pytest.raises(psycopg.OperationalError) as waited:
            tend(engine, december)
        assert engine.fails_by_itself(waited.value)
    assert years(source) == before
    assert tend(engine, december)
