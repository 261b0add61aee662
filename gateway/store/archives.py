"""What archives are made of, page by page, and what is remembered of those that were made.

Reads over connections of its own that can only read, and holds none between two pages: a running server
goes on, and an export of hours does not keep the journal from being folded in. To be run in a thread.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from gateway.evidence.replay import write_entry_line
from gateway.model.identifiers import Digest, PackageId
from gateway.store.database import Database, from_micros, looking, to_micros
from gateway.store.shelf import Found, Shelf, find_kept
from gateway.store.tables import Row, Source, Tables
from gateway.store.whole_log import read_checkpoint_lines

_ENTRIES_AT_ONCE = 1000
_PACKAGES_AT_ONCE = 200
# An entry that brings a package in: what was accepted, and what the gateway wrote itself.
_BRINGS = "(log.kind = 'accepted' OR (log.kind = 'answered' AND direction = 'own'))"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptArchive:
    """An archive that was made: the entries in it, from first_seq to last_seq, and its digest as a file."""

    sha256: Digest
    made_at: datetime
    first_seq: int
    last_seq: int
    package_count: int


def record_archive(connection: Tables, archive: KeptArchive) -> None:
    """Remember an archive."""
    connection.execute(
        "INSERT INTO archives VALUES (?, ?, ?, ?, ?)",
        (
            archive.sha256,
            to_micros(archive.made_at),
            archive.first_seq,
            archive.last_seq,
            archive.package_count,
        ),
    )


async def list_archives(database: Database) -> list[KeptArchive]:
    """List the archives that were made, in the order of the log."""
    rows = await database.fetch_all("SELECT * FROM archives ORDER BY last_seq, made_at")
    return [
        KeptArchive(
            sha256=Digest(row["sha256"]),
            made_at=from_micros(row["made_at"]),
            first_seq=row["first_seq"],
            last_seq=row["last_seq"],
            package_count=row["package_count"],
        )
        for row in rows
    ]


def note_archived(connection: Tables, first_seq: int, last_seq: int, *, at: datetime) -> None:
    """Note that the packages some entries brought in lie in an archive, and may be looked at."""
    connection.execute(
        "UPDATE packages SET archived_at = ?, kept_since = accepted_at"
        " WHERE erased_at IS NULL AND id IN"
        " (SELECT package_id FROM log JOIN packages ON packages.id = package_id"
        f" WHERE seq BETWEEN ? AND ? AND {_BRINGS})",
        (to_micros(at), first_seq, last_seq),
    )


def last_before(source: Source, at: datetime) -> int:
    """Find the last entry before an instant; 0 when there is none. The log is in the order of time."""
    with looking(source) as tables:
        (high,) = tables.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()
        low = 0
        while low < high:
            middle = (low + high + 1) // 2
            (when,) = tables.execute("SELECT at FROM log WHERE seq = ?", (middle,)).fetchone()
            low, high = (middle, high) if when < to_micros(at) else (low, middle - 1)
        return low


def read_entries(source: Source, first_seq: int, last_seq: int) -> Iterator[tuple[int, bytes]]:
    """Read entries as lines of an export, each with its number."""
    while first_seq <= last_seq:
        with looking(source) as tables:
            rows = tables.execute(
                "SELECT seq, statement, receipt FROM log WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                (first_seq, last_seq, _ENTRIES_AT_ONCE),
            ).fetchall()
        for row in rows:
            yield row["seq"], write_entry_line(*row)
        first_seq = rows[-1]["seq"] + 1


def read_notes_between(source: Source, first_seq: int, last_seq: int) -> list[tuple[int, bytes]]:
    """Read the checkpoints of some entries as lines of an export, each with its number of entries."""
    with looking(source) as tables:
        return list(read_checkpoint_lines(tables, first_seq, last_seq))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A package that an entry brought in. found is where its bytes stand, when they do."""

    package_id: PackageId
    digest: Digest
    size_bytes: int
    found: Found | None

    def open(self) -> BinaryIO:
        """Open it; FileNotFoundError when it is not there any more."""
        if self.found is None:
            raise FileNotFoundError
        return self.found.open()


def read_brought(
    source: Source, shelves: Sequence[Shelf], first_seq: int, last_seq: int
) -> Iterator[Brought]:
    """Read what entries brought in, in their order; what several brought comes several times."""
    rows: list[Row] | None = None
    while rows is None or len(rows) == _PACKAGES_AT_ONCE:
        with looking(source) as tables:
            rows = tables.execute(
                "SELECT seq, packages.id, packages.digest, size_bytes, bytes FROM log"
                " JOIN packages ON packages.id = package_id LEFT JOIN blobs ON blobs.digest = packages.digest"
                f" WHERE seq BETWEEN ? AND ? AND {_BRINGS} ORDER BY seq LIMIT ?",
                (first_seq, last_seq, _PACKAGES_AT_ONCE),
            ).fetchall()
        for row in rows:
            digest = Digest(row["digest"])
            with looking(source) as tables:  # as it stands when its turn comes
                found = find_kept(shelves, tables, digest, row["bytes"])
            yield Brought(
                package_id=PackageId(row["id"]), digest=digest, size_bytes=row["size_bytes"], found=found
            )
            first_seq = row["seq"] + 1


def is_erased(source: Source, package_id: PackageId) -> bool:
    """Tell whether the content of a package was erased, by now."""
    with looking(source) as tables:
        sql = "SELECT erased_at IS NOT NULL FROM packages WHERE id = ?"
        return bool(tables.execute(sql, (package_id,)).fetchone()[0])


def knows(source: Source, digest: str) -> bool:
    """Tell whether some package here has, or had, this digest."""
    with looking(source) as tables:
        return tables.execute("SELECT 1 FROM packages WHERE digest = ?", (digest,)).fetchone() is not None


def is_erased_anywhere(source: Source, digest: str) -> bool:
    """Tell whether the content of some package of a digest was erased."""
    with looking(source) as tables:
        sql = "SELECT 1 FROM packages WHERE digest = ? AND erased_at IS NOT NULL"
        return tables.execute(sql, (digest,)).fetchone() is not None


def give_back(connection: Tables, digest: Digest, *, at: datetime) -> list[PackageId]:
    """Note that content is kept again, because it came back from an archive; return of which packages."""
    rows = connection.execute(
        "UPDATE packages SET erased_at = NULL, returned_at = ?, kept_since = accepted_at"
        " WHERE digest = ? AND erased_at IS NOT NULL RETURNING id",
        (to_micros(at), digest),
    ).fetchall()
    return [PackageId(row["id"]) for row in rows]
