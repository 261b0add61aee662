"""Fills an empty database with all that another holds, of either engine; it may stop anywhere, and goes on.

Rows come in the order of their keys, so that the greatest key in the target tells how far it is. Indexes,
references and triggers are set aside meanwhile: what triggers count is copied, too. As long as the table
`moving` is there, saying whose rows these are, no node opens the target. exchange/moving.py has the walk.
"""

import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from gateway.errors import Misconfiguration
from gateway.points import Point, passed
from gateway.store.catalog import Table, obstacles, tables_of
from gateway.store.database import engine_of
from gateway.store.schema import newest_version, version_of
from gateway.store.spool import sync_directory
from gateway.store.tables import Dialect, Engine, Source, Statements, Tables, Writer

# So many rows are durable together; they are not held together.
_BATCH_ROWS = 20_000
_HASHED_TOGETHER = 50
# Where it divides a table; what comes from the other engine gets it anew.
_OF_ONE_ENGINE = frozenset({"year_back"})

_IS_MARKED = {
    Dialect.SQLITE: "SELECT 1 FROM sqlite_schema WHERE name = 'moving'",
    Dialect.POSTGRESQL: "SELECT 1 WHERE to_regclass('moving') IS NOT NULL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A database that is being filled, or that stays while packages go elsewhere."""

    engine: Engine
    writer: Writer
    place: Source
    is_filled: bool = True

    def write(self, statement: str) -> None:
        """Run one statement, durably."""
        with _committed(self.writer):
            self.writer.statements.execute(statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTable:
    """A table that is the same on both sides: its rows, and how many of them were copied now."""

    name: str
    rows_count: int
    copied_count: int


def in_making(place: Source) -> Source:
    """Name where a database stands while it is filled: a file bears its own name only when it is complete."""
    if isinstance(place, Path) and not place.exists():
        return place.with_name(f"{place.name}.part")
    return place


@contextlib.contextmanager
def filling(place: Source, source: Tables, dialect: Dialect, *, owner: str) -> Iterator[Target]:
    """Open a database to be filled: an empty one, or one that the same owner began to fill.

    Errors: Misconfiguration when it is neither.
    """
    engine = engine_of(in_making(place))
    try:
        if not _is_begun(place, engine, tables_of(source, dialect), owner):
            _begin(engine, owner)
        with contextlib.closing(engine.open_writer()) as writer:
            if engine.dialect is Dialect.SQLITE:
                writer.statements.execute("PRAGMA foreign_keys = OFF")
            yield Target(engine=engine, writer=writer, place=place)
    except Exception as error:
        if engine.is_error(error):
            said = str(error).partition("\n")[0]
            raise _refused("target-refuses", f"nơi mới không nhận: {said}", f"not taken: {said}") from error
        raise


def _begin(engine: Engine, owner: str) -> None:
    engine.migrate()
    with contextlib.closing(engine.open_writer()) as writer, _committed(writer):
        writer.statements.execute("CREATE TABLE set_aside (statement TEXT PRIMARY KEY)")
        writer.statements.execute("CREATE TABLE moving (owner TEXT NOT NULL)")
        writer.statements.execute("INSERT INTO moving VALUES (?)", (owner,))


def copy_to_file(place: Source, path: Path) -> None:
    """Copy a database as it is at one instant into a new SQLite file, served or not."""
    engine = engine_of(place)
    with engine.looking() as source, filling(path, source, engine.dialect, owner="") as target:
        for table in paired(source, engine.dialect, target):
            move_table(source, target, table)
        restore(target)
        release(target)


@contextlib.contextmanager
def staying(place: Source) -> Iterator[Target]:
    """Open a database that stays where it is."""
    engine = engine_of(place)
    with contextlib.closing(engine.open_writer()) as writer:
        yield Target(engine=engine, writer=writer, place=place, is_filled=False)


def _is_begun(place: Source, engine: Engine, known: Container[str], owner: str) -> bool:
    making = in_making(place)
    if isinstance(place, Path) and place.exists():
        raise _refused("target-there", "tệp đích đã có", "the file is there already", where=place.name)
    if isinstance(making, Path) and not making.exists():
        return False
    with engine.looking() as tables:
        if tables.execute(_IS_MARKED[engine.dialect]).fetchone() is None:
            if making == place:  # a file that is in making is ours by its name
                _check_empty(tables, engine.dialect, known)
            return False
        ((begun_by,),) = tables.execute("SELECT owner FROM moving").fetchall()
        if begun_by != owner:
            raise _refused("target-of-another", f"{begun_by} đang chuyển vào đây", f"{begun_by} moves there")
        if version_of(tables, engine.dialect) != newest_version():
            raise _refused(
                "target-of-another-version",
                "phiên bản khác đã chuyển dở vào đây; hãy tạo cơ sở dữ liệu trống",
                "another version began to move there; make an empty database",
            )
    return True


def _check_empty(tables: Tables, dialect: Dialect, known: Container[str]) -> None:
    for table in tables_of(tables, dialect).values():
        is_ours = table.name in known
        # Tables without a key have a first row from the beginning.
        if not is_ours or (table.key and tables.execute(f'SELECT 1 FROM "{table.name}" LIMIT 1').fetchone()):
            raise _refused(
                "target-not-empty",
                f"đích không trống: đã có bảng {table.name}" + (" với dữ liệu" if is_ours else ""),
                f"the target is not empty: table {table.name}" + (" has rows" if is_ours else " is there"),
            )


def paired(source: Tables, dialect: Dialect, target: Target) -> list[Table]:
    """List the tables to be moved. Where one engine numbers rows by itself, the other is told the numbers.

    Errors: Misconfiguration when the two do not have the same tables and columns.
    """
    here = tables_of(source, dialect)
    there = tables_of(target.writer.statements, target.engine.dialect)
    both = {name: _joined(here[name], there[name]) for name in here if name in there}
    if not here.keys() == there.keys() == {name for name, table in both.items() if table is not None}:
        raise _refused(
            "schemas-differ",
            "hai bên không cùng các bảng; hãy chạy nút này một lần với phiên bản hiện tại",
            "the two sides do not have the same tables; run this node once with this version",
        )
    return [table for table in both.values() if table is not None]


def _joined(here: Table, there: Table) -> Table | None:
    both = {*here.columns} & {*there.columns}
    columns = {*here.columns, *there.columns} - (_OF_ONE_ENGINE - both)
    key = tuple(column for column in here.key if column in columns)
    for side in (here, there):
        if columns - {*side.columns} - {"rowid"} or key != tuple(c for c in side.key if c in columns):
            return None
    return replace(here, columns=tuple(sorted(columns)), key=key)


def move_table(
    source: Tables, target: Target, table: Table, tell: Callable[[int], None] = lambda _: None
) -> MovedTable:
    """Make a table in the target the same as in the source, and see that it is.

    Errors: Misconfiguration when it is not, even copied from its beginning.
    """
    found, copied, wanted = _found(target, table), 0, None
    if found.rows_count:  # else it is hashed on its way
        wanted = fingerprint(source, table)
    if found != wanted:
        copied, passed_by = _copy(source, target, table, tell)
        wanted = wanted or passed_by
        if _found(target, table) != wanted:  # the source was served again since its first part came over
            target.write(f'DELETE FROM "{table.name}"')
            copied, wanted = _copy(source, target, table, tell)
            if _found(target, table) != wanted:
                raise _refused(
                    "table-differs", f"bảng {table.name} không giống bản gốc", f"table {table.name} differs"
                )
    return MovedTable(name=table.name, rows_count=wanted.rows_count, copied_count=copied)


class Fingerprint(NamedTuple):
    """How many rows, and the hash of all of them in the order of their keys; the same on either engine."""

    rows_count: int
    sha256: str


@dataclass(slots=True)
class _Passing:
    """Counts and hashes rows that pass."""

    rows: Iterator[tuple[Any, ...]]
    count: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while some := list(islice(self.rows, _HASHED_TOGETHER)):
            self.count += len(some)
            self._digest.update("\n".join([*map(repr, some), ""]).encode())
            yield from some

    def fingerprint(self) -> Fingerprint:
        return Fingerprint(self.count, self._digest.hexdigest())


def fingerprint(tables: Tables, table: Table) -> Fingerprint:
    """Count and hash a table's rows."""
    passing = _Passing(_rows_behind(tables, table, None))
    deque(passing, maxlen=0)
    return passing.fingerprint()


def _found(target: Target, table: Table) -> Fingerprint:
    with target.engine.looking() as tables:
        return fingerprint(tables, table)


def _copy(
    source: Tables, target: Target, table: Table, tell: Callable[[int], None]
) -> tuple[int, Fingerprint]:
    """Copy what is behind the greatest key in the target; tell how many rows, and what they were."""
    set_aside(target)
    if not table.key:
        target.write(f'DELETE FROM "{table.name}"')
    passing = _Passing(_rows_behind(source, table, _last_key(target.writer.statements, table)))
    rows, copied = iter(passing), 0
    while (first := next(rows, None)) is not None:
        with _committed(target.writer):
            batch = chain([first], islice(rows, _BATCH_ROWS - 1))
            copied += target.writer.add_rows(table.name, table.columns, batch)
        passed(Point.ROWS_MOVED)
        tell(copied)
    return copied, passing.fingerprint()


def _rows_behind(source: Tables, table: Table, last: tuple[Any, ...] | None) -> Iterator[tuple[Any, ...]]:
    if last is None:
        return map(tuple, source.execute(_selecting(table)))
    places = ", ".join("?" * len(last))
    return map(tuple, source.execute(_selecting(table, f"WHERE ({_listed(table.key)}) > ({places})"), last))


def _last_key(tables: Statements, table: Table) -> tuple[Any, ...] | None:
    if not table.key:
        return None
    backwards = ", ".join(f'"{column}" DESC' for column in table.key)
    row = tables.execute(
        f'SELECT {_listed(table.key)} FROM "{table.name}" ORDER BY {backwards} LIMIT 1'
    ).fetchone()
    return None if row is None else tuple(row)


def _selecting(table: Table, where: str = "") -> str:
    order = _listed(table.key or table.columns)
    return f'SELECT {_listed(table.columns)} FROM "{table.name}" {where} ORDER BY {order}'


def _listed(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def set_aside(target: Target) -> None:
    """Take away what stands in the way of rows, and write down how it comes back; twice is as once."""
    if target.writer.statements.execute("SELECT 1 FROM set_aside LIMIT 1").fetchone() is not None:
        return
    with _committed(target.writer):
        tables = target.writer.statements
        for removal, restoring in obstacles(tables, target.engine.dialect):
            tables.execute(
                "INSERT INTO set_aside VALUES (?) ON CONFLICT (statement) DO NOTHING", (restoring,)
            )
            tables.execute(removal)
    passed(Point.OBSTACLES_SET_ASIDE)


def restore(target: Target) -> None:
    """Put back what was set aside: indexes are built, references are checked, triggers count again."""
    with _committed(target.writer):
        tables = target.writer.statements
        for (statement,) in tables.execute("SELECT statement FROM set_aside").fetchall():
            tables.execute(statement)
        tables.execute("DELETE FROM set_aside")
    if target.engine.dialect is Dialect.POSTGRESQL:
        target.writer.statements.execute("ANALYZE")
    passed(Point.OBSTACLES_RESTORED)


def release(target: Target) -> None:
    """Let nodes open it, by its name."""
    with _committed(target.writer):
        target.writer.statements.execute("DROP TABLE set_aside")
        target.writer.statements.execute("DROP TABLE moving")
    target.writer.close()
    making = in_making(target.place)
    if isinstance(making, Path) and isinstance(target.place, Path):
        making.rename(target.place)
        sync_directory(target.place.parent)


@contextlib.contextmanager
def _committed(writer: Writer) -> Iterator[None]:
    try:
        writer.begin()
        yield
        writer.commit()
    except BaseException:
        writer.roll_back()
        raise


def _refused(code: str, vi: str, en: str, *, where: str = "storage.database") -> Misconfiguration:
    return Misconfiguration.because(code, where=where, vi=vi, en=en)
