"""Which tables a database has, and what stands in the way of filling them: asked of the database itself.

So a table that a later step of the schema brings needs no word here.
"""

from dataclasses import dataclass
from itertools import groupby

from gateway.store.tables import Dialect, Statements

# What an engine keeps for itself, and what stands there only while tables are filled (moving.py).
_APART = frozenset({"schema_version", "schema_programs", "moving", "set_aside"})

_COLUMNS = {
    Dialect.SQLITE: 'SELECT listed.name AS "table", told.name, nullif(pk, 0) AS place'
    " FROM pragma_table_list AS listed JOIN pragma_table_info(listed.name) AS told"
    " WHERE listed.schema = 'main' AND listed.type = 'table' AND substr(listed.name, 1, 7) <> 'sqlite_'"
    " ORDER BY listed.name, cid",
    Dialect.POSTGRESQL: 'SELECT relname::text AS "table", attname::text AS name,'
    " array_position(indkey::int2[], attnum) AS place FROM pg_class"
    " JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    " LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary"
    " WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = current_schema()::regnamespace"
    " ORDER BY 1, attnum",
}

# What goes, and how it comes back. Whoever owns the tables may do all of it; to have the server skip triggers
# and references would take its administrator.
_OBSTACLES = {
    Dialect.SQLITE: (
        "SELECT 'DROP INDEX ' || name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL",
        "SELECT 'DROP TRIGGER ' || name, sql FROM sqlite_schema WHERE type = 'trigger'",
    ),
    Dialect.POSTGRESQL: (
        # Those of partitions go and come with those of their tables.
        "SELECT format('DROP INDEX %I', relname), replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')"
        " FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND NOT relispartition"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
        "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),"
        " format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,"
        " pg_get_constraintdef(oid)) FROM pg_constraint"
        " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace",
        "SELECT DISTINCT format('ALTER TABLE %s DISABLE TRIGGER USER', tgrelid::regclass),"
        " format('ALTER TABLE %s ENABLE TRIGGER USER', tgrelid::regclass) FROM pg_trigger"
        " JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND tgenabled <> 'D'"
        " AND relnamespace = current_schema()::regnamespace",
        # Numbers that are given here go on behind those that came.
        "SELECT 'SELECT 1', format('SELECT setval(pg_get_serial_sequence(%L, %L),"
        " coalesce(max(%I), 0) + 1, false) FROM %I', relname, attname, attname, relname) FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid WHERE attidentity <> ''"
        " AND relnamespace = current_schema()::regnamespace",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and the columns that are written to it.

    Shape: key tells rows apart and gives their order; empty where nothing does, in tables of a row or two.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def tables_of(tables: Statements, dialect: Dialect) -> dict[str, Table]:
    """List the tables that hold what was recorded, by name."""
    found: dict[str, Table] = {}
    for name, group in groupby(tables.execute(_COLUMNS[dialect]).fetchall(), key=lambda row: str(row[0])):
        if name not in _APART:
            columns = list(group)
            key = sorted((row[2], row[1]) for row in columns if row[2] is not None)
            found[name] = Table(
                name=name, columns=tuple(row[1] for row in columns), key=tuple(column for _, column in key)
            )
    return found


def obstacles(tables: Statements, dialect: Dialect) -> list[tuple[str, str]]:
    """List what slows or changes the filling of tables: how each goes, and how it comes back."""
    return [
        (removal, restoring)
        for question in _OBSTACLES[dialect]
        for removal, restoring in tables.execute(question).fetchall()
    ]
