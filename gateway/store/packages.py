"""Packages on disk: one row for each submission that was accepted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gateway.model.code_lists import Kind, Priority
from gateway.model.identifiers import AgencyCode, Digest, PackageId, SystemId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.sheets import PACKAGES, Wanted
from gateway.store.tables import Row, Tables


class Direction(StrEnum):
    """Where a package came from."""

    OUTBOUND = "outbound"
    """From a system served here."""
    INBOUND = "inbound"
    """From the axis."""
    OWN = "own"
    """Written by this gateway: arrivals, notices, reminders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPackage:
    """What the gateway remembers of a package; its bytes are in the blobs under digest.

    Shape: submission identifies the act of sending: the same act repeated finds the same row. seal is
    the signature element to be inserted at byte seal_at, made when the package first leaves, and
    sealed_until the end of its certificate; seal_at is None when the package bears its own signature.
    Since erased_at its bytes are no longer kept, and everything else is.
    """

    id: PackageId
    direction: Direction
    system_id: SystemId | None
    submission: str
    kind: Kind
    business: int | None
    status: str | None
    digest: Digest
    size_bytes: int
    seal_at: int | None
    seal: bytes | None = None
    sealed_until: datetime | None = None
    thread_id: ThreadId | None
    sender: AgencyCode
    recipients: tuple[AgencyCode, ...]
    document_id: str | None
    notation: str | None
    promulgated_on: date | None
    subject: str | None
    priority: Priority
    grade: str
    warnings: tuple[str, ...]
    accepted_at: datetime
    erased_at: datetime | None = None


def insert_package(connection: Tables, package: StoredPackage) -> None:
    """Write a package's row."""
    connection.add(
        PACKAGES,
        (
            package.id,
            package.direction,
            package.system_id,
            package.submission,
            package.kind,
            package.business,
            package.status,
            package.digest,
            package.size_bytes,
            package.seal_at,
            package.thread_id,
            package.sender,
            json.dumps(package.recipients),
            package.document_id,
            package.notation,
            None if package.promulgated_on is None else package.promulgated_on.isoformat(),
            package.subject,
            package.priority,
            package.grade,
            json.dumps(package.warnings),
            to_micros(package.accepted_at),
            to_micros(package.accepted_at),
        ),
    )


def find_submission(connection: Tables, submission: str) -> PackageId | None:
    """Find the package that the same act of sending brought before."""
    rows = connection.find(wanted_submission(submission))
    return PackageId(rows[0]["id"]) if rows else None


def wanted_submission(submission: str) -> Wanted:
    """Say what `find_submission` is going to ask for."""
    return Wanted(PACKAGES, "submission", submission)


def keep_seal(connection: Tables, package_id: PackageId, seal: bytes, *, until: datetime) -> None:
    """Remember the seal with which a package leaves, so that every attempt sends the same bytes."""
    connection.execute(
        "UPDATE packages SET seal = ?, sealed_until = ? WHERE id = ?", (seal, to_micros(until), package_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What the axis calls a package it delivers, for whom and from whom, as far as it says."""

    far_id: str
    recipient: str = ""
    sender: AgencyCode | None = None


def note_arrival(connection: Tables, axis: SystemId, arrival: Arrival, package_id: PackageId) -> None:
    """Remember a delivery of the axis that was taken."""
    connection.execute(
        "INSERT INTO arrivals (axis_id, far_id, recipient, package_id) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (axis_id, far_id, recipient) DO UPDATE SET package_id = excluded.package_id",
        (axis, arrival.far_id, arrival.recipient, package_id),
    )


def note_refused_arrival(
    connection: Tables,
    axis: SystemId,
    arrival: Arrival,
    *,
    code: str,
    fault: str,
    at: datetime,
) -> None:
    """Remember a delivery of the axis that was refused, and why; what was taken once stays taken."""
    connection.execute(
        "INSERT INTO arrivals (axis_id, far_id, recipient, refused_at, sender, code, fault)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (axis_id, far_id, recipient)"
        " DO UPDATE SET refused_at = excluded.refused_at,"
        " code = excluded.code, fault = excluded.fault WHERE arrivals.package_id IS NULL",
        (axis, arrival.far_id, arrival.recipient, to_micros(at), arrival.sender, code, fault),
    )


def thread_of(connection: Tables, package_id: PackageId) -> ThreadId | None:
    """Return the thread a package belongs to."""
    (thread_id,) = connection.execute("SELECT thread_id FROM packages WHERE id = ?", (package_id,)).fetchone()
    return None if thread_id is None else ThreadId(thread_id)


def is_own_document(connection: Tables, thread_id: ThreadId) -> bool:
    """Tell whether this gateway wrote a document itself."""
    row = connection.execute(
        "SELECT 1 FROM documents WHERE thread_id = ? AND direction = ?", (thread_id, Direction.OWN)
    ).fetchone()
    return row is not None


def free_submission(connection: Tables, package_id: PackageId) -> None:
    """Let the same act of sending be a new one: the first did not reach everybody."""
    connection.execute("UPDATE packages SET submission = submission || '|' || id WHERE id = ?", (package_id,))


_WITH_RECEIPT = (
    "SELECT id, (SELECT receipt FROM log WHERE package_id = packages.id AND +log.kind = 'accepted'"
    " ORDER BY seq LIMIT 1) AS receipt FROM packages"
)


async def find_sent(
    database: Database, system_id: SystemId, digest: Digest
) -> tuple[PackageId, bytes] | None:
    """Find the first package of a system with these bytes, and the receipt it got."""
    row = await database.fetch_one(
        f"{_WITH_RECEIPT} WHERE digest = ? AND +system_id = ? ORDER BY id LIMIT 1", (digest, system_id)
    )
    return None if row is None else (PackageId(row["id"]), row["receipt"] or b"")


async def find_sent_since(
    database: Database, system_id: SystemId, *, document_id: str, business: int, since: datetime
) -> tuple[PackageId, bytes] | None:
    """Find what a system sent of a document since an instant, and the receipt it got."""
    row = await database.fetch_one(
        f"{_WITH_RECEIPT} WHERE system_id = ? AND kind = 'document' AND accepted_at >= ?"
        " AND document_id = ? AND business = ? ORDER BY id LIMIT 1",
        (system_id, to_micros(since), document_id, business),
    )
    return None if row is None else (PackageId(row["id"]), row["receipt"] or b"")


async def was_taken(database: Database, axis: SystemId, arrival: Arrival) -> bool | None:
    """Tell whether a delivery was accepted (True) or refused (False) before; None when it is new."""
    row = await database.fetch_one(
        "SELECT package_id FROM arrivals WHERE axis_id = ? AND far_id = ? AND recipient = ?",
        (axis, arrival.far_id, arrival.recipient),
    )
    return None if row is None else row["package_id"] is not None


async def load_package(database: Database, package_id: PackageId) -> StoredPackage | None:
    """Load a package's row."""
    row = await database.fetch_one("SELECT * FROM packages WHERE id = ?", (package_id,))
    return None if row is None else package_from(row)


# A question of its own for the bytes: where contents are divided by year, it ends at the year that has them.
_WITH_CONTENT = (
    "SELECT packages.*, (SELECT bytes FROM blobs WHERE blobs.digest = packages.digest LIMIT 1) AS bytes"
    " FROM packages WHERE packages.id = ?"
)


async def load_with_content(
    database: Database, package_id: PackageId
) -> tuple[StoredPackage, bytes | None] | None:
    """Load a package's row together with its bytes, which are None when they are kept outside."""
    row = await database.fetch_one(_WITH_CONTENT, (package_id,))
    return None if row is None else (package_from(row), row["bytes"])


def find_with_content(connection: Tables, package_id: PackageId) -> tuple[StoredPackage, bytes | None]:
    """Read what `load_with_content` loads, of a package that stands."""
    row = connection.execute(_WITH_CONTENT, (package_id,)).fetchone()
    return package_from(row), row["bytes"]


async def list_thread_packages(database: Database, thread_id: ThreadId) -> list[StoredPackage]:
    """Return everything that travelled for a document, in the order it came."""
    rows = await database.fetch_all(
        "SELECT * FROM packages WHERE thread_id = ? ORDER BY accepted_at, id", (thread_id,)
    )
    return [package_from(row) for row in rows]


def package_from(row: Row) -> StoredPackage:
    """Turn a row of the packages table into its value."""
    return StoredPackage(
        id=PackageId(row["id"]),
        direction=Direction(row["direction"]),
        system_id=None if row["system_id"] is None else SystemId(row["system_id"]),
        submission=row["submission"],
        kind=Kind(row["kind"]),
        business=row["business"],
        status=row["status"],
        digest=Digest(row["digest"]),
        size_bytes=row["size_bytes"],
        seal_at=row["seal_at"],
        seal=row["seal"],
        sealed_until=None if row["sealed_until"] is None else from_micros(row["sealed_until"]),
        thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
        sender=AgencyCode(row["sender"]),
        recipients=agency_codes(row["recipients"]),
        document_id=row["document_id"],
        notation=row["notation"],
        promulgated_on=None if row["promulgated_on"] is None else date.fromisoformat(row["promulgated_on"]),
        subject=row["subject"],
        priority=Priority(row["priority"]),
        grade=row["grade"],
        warnings=tuple(json.loads(row["warnings"])),
        accepted_at=from_micros(row["accepted_at"]),
        erased_at=None if row["erased_at"] is None else from_micros(row["erased_at"]),
    )


def agency_codes(column: str) -> tuple[AgencyCode, ...]:
    """Read a column that holds a list of agency codes."""
    codes: Sequence[str] = json.loads(column)
    return tuple(AgencyCode(code) for code in codes)
