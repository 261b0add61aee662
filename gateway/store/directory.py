"""Agencies, their aliases and the systems that serve them, on disk."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.agency import Agency, System, SystemKind
from gateway.model.identifiers import AgencyCode, SystemId, structural_alias
from gateway.model.signature import SignaturePolicy
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSystem:
    """A system with its secret, sealed under a key that is not in the database."""

    system: System
    sealed_secret: bytes


def touch_directory(connection: Tables) -> None:
    """Tell running servers that the directory changed; call in every transaction that changes it."""
    connection.execute("UPDATE directory_version SET version = version + 1")


def put_agency(connection: Tables, agency: Agency) -> None:
    """Write an agency and its aliases; a closed one that is named again is open again."""
    connection.execute(
        "INSERT INTO agencies (code, name, parent, mail, from_axis, closed_at, merged_into)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
        " parent = coalesce(excluded.parent, agencies.parent), mail = coalesce(excluded.mail, agencies.mail),"
        " from_axis = excluded.from_axis, closed_at = excluded.closed_at, merged_into = excluded.merged_into",
        (
            agency.code,
            agency.name,
            agency.parent,
            agency.mail,
            agency.from_axis,
            None if agency.closed_at is None else to_micros(agency.closed_at),
            agency.merged_into,
        ),
    )
    connection.executemany(
        "INSERT INTO agency_aliases (alias, code) VALUES (?, ?)"
        " ON CONFLICT (alias) DO UPDATE SET code = excluded.code",
        [(alias, agency.code) for alias in agency.aliases if alias != agency.code],
    )
    if (other := structural_alias(agency.code)) is not None:
        connection.execute(
            "INSERT INTO agency_aliases VALUES (?, ?) ON CONFLICT DO NOTHING", (other, agency.code)
        )
    touch_directory(connection)


def close_agency(
    connection: Tables, code: AgencyCode, *, at: datetime, merged_into: AgencyCode | None = None
) -> bool:
    """Close an agency: it keeps its row and its history, and its successor answers for it.

    Tell whether that is new: closed as it already is, it stays closed since then.
    """
    closed = connection.execute(
        "UPDATE agencies SET closed_at = ?, merged_into = ?"
        " WHERE code = ? AND (closed_at IS NULL OR merged_into IS DISTINCT FROM ?) RETURNING code",
        (to_micros(at), merged_into, code, merged_into),
    ).fetchone()
    if closed is None:
        return False
    touch_directory(connection)
    return True


def put_system(connection: Tables, stored: StoredSystem, *, at: datetime) -> None:
    """Write a system and what it serves, taking those agencies over from whoever served them."""
    system = stored.system
    connection.execute(
        "INSERT INTO systems (id, kind, policy, sealed_secret, created_at, at_console)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " kind = excluded.kind, policy = excluded.policy,"
        " sealed_secret = excluded.sealed_secret, disabled_at = NULL, at_console = excluded.at_console",
        (system.id, system.kind, system.policy, stored.sealed_secret, to_micros(at), system.at_console),
    )
    connection.execute("DELETE FROM served_agencies WHERE system_id = ?", (system.id,))
    serve_agencies(connection, system.id, system.serves)


def serve_agencies(connection: Tables, system_id: SystemId, codes: Iterable[AgencyCode]) -> None:
    """Let a system serve these agencies from now on."""
    connection.executemany(
        "INSERT INTO served_agencies (code, system_id) VALUES (?, ?)"
        " ON CONFLICT (code) DO UPDATE SET system_id = excluded.system_id",
        [(code, system_id) for code in sorted(codes)],
    )
    touch_directory(connection)


def disable_system(connection: Tables, system_id: SystemId, *, at: datetime) -> None:
    """Stop trusting a system; what waits for it stays."""
    connection.execute("UPDATE systems SET disabled_at = ? WHERE id = ?", (to_micros(at), system_id))
    touch_directory(connection)


def change_secret(connection: Tables, system_id: SystemId, sealed_secret: bytes) -> None:
    """Give a system a new secret; the old one stops at once."""
    connection.execute("UPDATE systems SET sealed_secret = ? WHERE id = ?", (sealed_secret, system_id))
    touch_directory(connection)


def change_policy(connection: Tables, system_id: SystemId, policy: SignaturePolicy) -> None:
    """Ask something else of the signatures on a system's packages from now on."""
    connection.execute("UPDATE systems SET policy = ? WHERE id = ?", (policy, system_id))
    touch_directory(connection)


async def read_version(database: Database) -> int:
    """Return the number that grows with every change of the directory."""
    row = await database.fetch_one("SELECT version FROM directory_version")
    assert row is not None  # noqa: S101 - the first migration put it there
    return int(row["version"])


async def load_agencies(database: Database) -> list[Agency]:
    """Load the whole directory, closed agencies included."""
    rows = await database.fetch_all(
        "SELECT agencies.*,"
        " (SELECT json_group_array(alias) FROM agency_aliases WHERE code = agencies.code) AS aliases"
        " FROM agencies ORDER BY code"
    )
    return [
        Agency(
            code=AgencyCode(row["code"]),
            name=row["name"],
            parent=None if row["parent"] is None else AgencyCode(row["parent"]),
            mail=row["mail"],
            aliases=tuple(AgencyCode(alias) for alias in json.loads(row["aliases"])),
            from_axis=bool(row["from_axis"]),
            closed_at=None if row["closed_at"] is None else from_micros(row["closed_at"]),
            merged_into=None if row["merged_into"] is None else AgencyCode(row["merged_into"]),
        )
        for row in rows
    ]


async def load_systems(database: Database) -> list[StoredSystem]:
    """Load every system, disabled ones included."""
    rows = await database.fetch_all(
        "SELECT systems.*,"
        " (SELECT json_group_array(code) FROM served_agencies WHERE system_id = systems.id) AS serves"
        " FROM systems ORDER BY id"
    )
    return [
        StoredSystem(
            system=System(
                id=SystemId(row["id"]),
                kind=SystemKind(row["kind"]),
                serves=frozenset(AgencyCode(code) for code in json.loads(row["serves"])),
                policy=SignaturePolicy(row["policy"]),
                disabled_at=None if row["disabled_at"] is None else from_micros(row["disabled_at"]),
                at_console=bool(row["at_console"]),
            ),
            sealed_secret=row["sealed_secret"],
        )
        for row in rows
    ]
