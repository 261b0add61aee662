"""The log's tree and its checkpoints on disk: tiles that only grow, and roots of every size out of them."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.evidence.checkpoint import Checkpoint, Verdict
from gateway.evidence.merkle import (
    plan_consistency,
    plan_inclusion,
    plan_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from gateway.evidence.tiles import Tile
from gateway.exchange.notary import Notary
from gateway.model.identifiers import PackageId, SystemId
from gateway.model.log import LogKind
from gateway.store.audit_log import append_entry
from gateway.store.checkpoints import (
    KeptCheckpoint,
    find_checkpoint,
    find_newest,
    find_seen,
    find_unstamped,
    forget_seen,
    keep_cosignature,
    keep_token,
    list_seen,
    record_checkpoint,
    record_contradiction,
    record_seen,
)
from gateway.store.database import Database, open_database
from gateway.store.tree import count_entries, count_tiled, grow, read_hashes, read_leaves
from gateway.store.whole_log import find_broken_tile, read_log
from tests.keys import AT, HEALTH, seal

LEAVES = [sha256(b"%d" % number).digest() for number in range(70_000)]
APPEND = "INSERT INTO log (kind, at, statement, leaf) VALUES ('deferred', 0, x'7b7d', ?)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    opened = await open_database(tmp_path / "x.db", linger=timedelta(0), batch_limit=64)
    yield opened
    await opened.close()


async def append(database: Database, begin: int, end: int) -> None:
    rows = [(leaf,) for leaf in LEAVES[begin:end]]
    await database.write(lambda tables: tables.executemany(APPEND, rows))


async def grow_to(database: Database, end: int) -> None:
    tiled = await count_tiled(database)
    leaves = await read_leaves(database, tiled, end)
    assert await database.write(lambda tables: grow(tables, tiled, leaves)) == end


async def tiles(database: Database) -> dict[Tile, bytes]:
    rows = await database.fetch_all("SELECT * FROM tiles")
    return {Tile(row["level"], row["number"]): row["hashes"] for row in rows}


async def root_at(database: Database, size: int) -> bytes:
    (root,) = await read_hashes(database, plan_root(size))
    return root


def change(database: Database, *statements: str) -> None:
    """Write into the database as somebody with the disk in his hands would."""
    with closing(sqlite3.connect(database.source)) as connection, connection:
        triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a log of 70,000 entries, every full tile kept. To be copied."""
    path = tmp_path_factory.mktemp("grown") / "x.db"

    async def build() -> None:
        database = await open_database(path, linger=timedelta(0), batch_limit=64)
        await append(database, 0, 70_000)
        await grow_to(database, 273 * 256)
        await database.close()

    asyncio.run(build())
    return path


@pytest.fixture
async def tree(grown: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A log of 70,000 entries, every full tile kept."""
    shutil.copy(grown, tmp_path / "tree.db")
    opened = await open_database(tmp_path / "tree.db", linger=timedelta(0), batch_limit=64)
    yield opened
    await opened.close()


async def test_a_log_of_70000_entries_has_the_tiles_of_the_specification(tree: Database) -> None:
    """273 full ones; above them a full one and one of 17; above these one of 1. C2SP tlog-tiles' example."""
    widths = {tile: len(hashes) // 32 for tile, hashes in (await tiles(tree)).items()}
    assert widths == {
        **{Tile(0, number): 256 for number in range(273)},
        Tile(1, 0): 256,
        Tile(1, 1): 17,
        Tile(2, 0): 1,
    }
    assert (await count_entries(tree), await count_tiled(tree)) == (70_000, 273 * 256)
    assert (await tiles(tree))[Tile(0, 3)] == b"".join(LEAVES[3 * 256 : 4 * 256])
    assert (await tiles(tree))[Tile(2, 0)] == root_of(LEAVES[: 1 << 16])


@pytest.mark.parametrize(
    "size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_888, 69_889, 70_000]
)
async def test_the_root_of_every_size_is_that_of_the_leaves(tree: Database, size: int) -> None:
    """The newest leaves are in no tile yet; older sizes end in the middle of one."""
    assert await root_at(tree, size) == root_of(LEAVES[:size])


async def test_proofs_come_out_of_the_tiles_and_are_right(tree: Database) -> None:
    """Of entries at every edge, between sizes at every edge."""
    root = root_of(LEAVES)
    edges = (0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999)
    for index in edges:
        proof = await read_hashes(tree, plan_inclusion(index, 70_000))
        assert verify_inclusion(LEAVES[index], index, 70_000, proof, root)
    for old in edges[1:]:
        proof = await read_hashes(tree, plan_consistency(old, 70_000))
        assert verify_consistency(old, root_of(LEAVES[:old]), 70_000, root, proof)


async def test_a_tree_grown_in_pieces_is_the_one_grown_at_once(tree: Database, tmp_path: Path) -> None:
    """Whoever made a checkpoint when."""
    other = await open_database(tmp_path / "other.db", linger=timedelta(0), batch_limit=64)
    await append(other, 0, 70_000)
    for end in (1, 2, 3, 255, 256, 257, 258, 272, 273):
        await grow_to(other, end * 256)
    assert await tiles(other) == await tiles(tree)
    await other.close()


async def test_two_that_grow_the_tree_at_once_grow_it_once(database: Database) -> None:
    """The second finds it done, and learns how far it is."""
    await append(database, 0, 1000)
    leaves = await read_leaves(database, 0, 512)
    assert await database.write(lambda tables: grow(tables, 0, leaves[: 256 * 32])) == 256
    assert await database.write(lambda tables: grow(tables, 0, leaves)) == 256
    assert await count_tiled(database) == 256


async def test_what_is_not_there_is_not_hashed(database: Database) -> None:
    """A size beyond the log, or beyond the tiles, is said to be so."""
    await append(database, 0, 300)
    assert await root_at(database, 255) == root_of(LEAVES[:255])
    for size in (256, 300):  # not tiled yet
        with pytest.raises(LookupError):
            await root_at(database, size)
    await grow_to(database, 256)
    assert await root_at(database, 300) == root_of(LEAVES[:300])
    with pytest.raises(LookupError):
        await root_at(database, 301)


async def test_a_tile_grows_and_never_changes(database: Database) -> None:
    """Nor does a checkpoint; not even by a query."""
    await append(database, 0, 600)
    await grow_to(database, 512)
    await database.write(lambda tables: record_checkpoint(tables, kept(5)))
    for statement in (
        "UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0",
        "UPDATE tiles SET hashes = substr(hashes, 1, 32) WHERE level = 1",
        "UPDATE tiles SET number = 7 WHERE level = 1",
        "DELETE FROM tiles",
        "INSERT INTO tiles VALUES (0, 9, zeroblob(32))",
        "UPDATE checkpoints SET note = x'00'",
        "UPDATE checkpoints SET size = 6",
        "DELETE FROM checkpoints",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            await database.write(lambda tables, sql=statement: tables.execute(sql))


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE tiles SET hashes = hashes WHERE level = 0", None),
        ("UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 5", Tile(1, 0)),
        ("UPDATE tiles SET hashes = zeroblob(8192) WHERE level = 0 AND number = 272", Tile(1, 1)),
        ("DELETE FROM tiles WHERE level = 0 AND number = 5", Tile(1, 0)),
        ("UPDATE tiles SET hashes = zeroblob(17 * 32) WHERE level = 1 AND number = 1", Tile(1, 1)),
        ("UPDATE tiles SET hashes = substr(hashes, 1, 32) WHERE level = 1 AND number = 1", Tile(1, 1)),
        ("DELETE FROM tiles WHERE level = 1 AND number = 1", Tile(1, 1)),
        ("UPDATE tiles SET hashes = zeroblob(32) WHERE level = 2", Tile(2, 0)),
        ("DELETE FROM tiles WHERE level = 2", Tile(2, 0)),
        ("INSERT INTO tiles VALUES (1, 2, zeroblob(32))", Tile(1, 2)),
        ("INSERT INTO tiles VALUES (3, 0, zeroblob(32))", Tile(3, 0)),
        ("INSERT INTO tiles VALUES (7, 1, zeroblob(32))", Tile(7, 1)),
    ],
)
async def test_a_tile_that_was_changed_is_found(tree: Database, statement: str, broken: Tile | None) -> None:
    """None fits the tiles below and above it any more but the right ones."""
    change(tree, statement)
    assert find_broken_tile(tree.source) == broken


def test_a_tree_without_tiles_is_whole(tmp_path: Path) -> None:
    """A log of less than 256 entries has none."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE tiles (level, number, hashes)")
    assert find_broken_tile(tmp_path / "x.db") is None


async def test_the_columns_of_an_entry_say_what_its_statement_says(database: Database) -> None:
    """By them an entry is found; who changes one hides it, and no hash would tell."""
    notary = Notary(gateway=HEALTH, seal=seal())
    for number, kind in enumerate((LogKind.ACCEPTED, LogKind.DEFERRED, LogKind.COLLECTED, LogKind.EXPIRED)):
        package = PackageId(f"p{number}")
        at = AT.replace(microsecond=[0, 1, 999_999, 500_000][number])
        entry = notary.entry(kind, at=at, package_id=package, system_id=SystemId("SYT"))
        await database.write(lambda tables, entry=entry: append_entry(tables, entry))
    assert [(entry.seq, entry.mislabelled) for entry in read_log(database.source)] == [
        (seq, False) for seq in (1, 2, 3, 4)
    ]
    for seq, column in enumerate(
        ("kind = 'refused'", "at = at + 1", "package_id = NULL", "dispatch_id = 'd'"), start=1
    ):
        change(database, f"UPDATE log SET {column} WHERE seq = {seq}")
    assert [entry.mislabelled for entry in read_log(database.source)] == 4 * [True]


async def test_an_entry_that_is_no_statement_is_mislabelled(database: Database) -> None:
    """Rubbish in the log is found, not stumbled over."""
    await append(database, 0, 2)
    change(database, "UPDATE log SET statement = x'ff00' WHERE seq = 1")
    assert [entry.mislabelled for entry in read_log(database.source)] == [True, True]


# -- checkpoints ----------------------------------------------------------------------------------------


def kept(size: int, note: bytes = b"note\n") -> KeptCheckpoint:
    return KeptCheckpoint(size=size, root=bytes(32), at=AT, note=note)


async def test_the_first_checkpoint_of_a_size_stays(database: Database) -> None:
    """It may be held somewhere already."""
    assert await find_newest(database) is None
    for one in (kept(5, b"first\n"), kept(5, b"second\n"), kept(3, b"late\n")):
        await database.write(lambda tables, one=one: record_checkpoint(tables, one))
    assert await find_newest(database) == kept(5, b"first\n")
    assert await find_checkpoint(database, 3) == kept(3, b"late\n")
    assert await find_checkpoint(database, 4) is None


async def test_the_first_timestamp_of_a_checkpoint_stays(database: Database) -> None:
    """The newest asks for one first, since it covers all before it; then they do."""
    assert await find_unstamped(database) is None
    for one in (kept(5), kept(9)):
        await database.write(lambda tables, one=one: record_checkpoint(tables, one))
    assert await find_unstamped(database) == kept(9)
    for token in (b"first", b"second"):
        await database.write(lambda tables, token=token: keep_token(tables, 9, token, at=AT))
    assert await find_unstamped(database) == kept(5)
    found = await find_checkpoint(database, 9)
    assert found is not None
    assert found.token == b"first"


async def test_witnesses_lines_stand_under_the_note(database: Database) -> None:
    """Each witness's first, in the order of their names."""
    await database.write(lambda tables: record_checkpoint(tables, kept(5)))
    for witness, line in (("b", "— b 1\n"), ("a", "— a 1\n"), ("b", "— b 2\n")):
        await database.write(
            lambda tables, witness=witness, line=line: keep_cosignature(
                tables, 5, witness=witness, line=line, at=AT
            )
        )
    found = await find_newest(database)
    assert found is not None
    assert found.cosigned() == "note\n— a 1\n— b 1\n".encode()


def seen(size: int, root: bytes = bytes(32)) -> Checkpoint:
    return Checkpoint(origin="other/log", size=size, root=root, at=None)


async def test_what_was_seen_of_a_log_only_moves_forward(database: Database) -> None:
    """Not even a query makes us forget a larger one, or another root."""
    for one in (seen(5), seen(9)):
        await database.write(lambda tables, one=one: record_seen(tables, one, b"note", at=AT))
    for worse in (seen(8), seen(9, bytes([1]) * 32)):
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            await database.write(lambda tables, one=worse: record_seen(tables, one, b"note", at=AT))
    (found,) = await list_seen(database)
    assert (found.origin, found.size, found.note, found.seen_at) == ("other/log", 9, b"note", AT)


async def test_a_log_that_was_forgotten_is_seen_for_the_first_time_again(database: Database) -> None:
    """Its operator restored a backup and told ours; the contradiction stays on record."""

    def see_anew(tables: sqlite3.Connection) -> None:
        record_seen(tables, seen(9), b"note", at=AT)
        found = find_seen(tables, "other/log")
        assert found is not None
        record_contradiction(tables, found, b"restored", Verdict.ROLLBACK, at=AT)
        forget_seen(tables, "other/log", at=AT)
        assert find_seen(tables, "other/log") is None
        record_seen(tables, seen(8), b"restored", at=AT)

    await database.write(see_anew)
    assert [one.size for one in await list_seen(database)] == [8]
    assert len(await database.fetch_all("SELECT * FROM contradictions")) == 1


async def test_a_contradiction_is_kept_once_for_each_way(database: Database) -> None:
    """A log that shows a fork every minute does not fill our disk."""

    def contradict(tables: sqlite3.Connection) -> None:
        record_seen(tables, seen(5), b"kept", at=AT)
        found = find_seen(tables, "other/log")
        assert found is not None
        for number in range(3):
            for verdict in (Verdict.FORK, Verdict.ROLLBACK):
                record_contradiction(tables, found, b"shown %d" % number, verdict, at=AT)

    await database.write(contradict)
    rows = await database.fetch_all("SELECT verdict, seen, shown FROM contradictions ORDER BY verdict")
    assert [tuple(row) for row in rows] == [("fork", b"kept", b"shown 0"), ("rollback", b"kept", b"shown 0")]
