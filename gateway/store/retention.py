"""Retention on disk: which content is to be looked at, what a look finds, and what an erasure changes.

A look costs the same however much is kept: candidates come from an index, and everything asked about one is
found by one. Rows, digests and entries stay; bytes go, unless another package that is kept has the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, PackageId, ThreadId
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.packages import agency_codes
from gateway.store.shelf import is_kept
from gateway.store.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of one package, as a look finds it.

    Shape: last_at is the last thing that happened to the package or its document; is_open says that
    something of it is under way: a dispatch, a recall or update nobody has answered, a status without its
    document.
    """

    package_id: PackageId
    kind: Kind
    digest: Digest
    size_bytes: int
    thread_id: ThreadId | None
    sender: AgencyCode
    recipients: tuple[AgencyCode, ...]
    last_at: datetime
    is_open: bool
    is_archived: bool
    returned_at: datetime | None


def list_candidates(connection: Tables, kind: Kind, *, until: datetime, limit: int) -> list[PackageId]:
    """List packages to look at whose content is kept since `until` or longer, the longest first."""
    rows = connection.execute(
        "SELECT id FROM packages WHERE kind = ? AND kept_since <= ? ORDER BY kept_since LIMIT ?",
        (kind, to_micros(until), limit),
    )
    return [PackageId(row["id"]) for row in rows]


@dataclass(slots=True)
class Looking:
    """Looks at packages over one connection; what concerns a document is asked once for all its packages."""

    connection: Tables
    _threads: dict[str | None, tuple[int, bool]]

    @classmethod
    def over(cls, connection: Tables) -> "Looking":
        """Begin to look; not to be kept beyond the transaction."""
        return cls(connection, {None: (0, False)})

    def at(self, package_id: PackageId) -> Content | None:
        """Look at one package; None when its content is erased already."""
        row = self.connection.execute(
            "SELECT * FROM packages WHERE id = ? AND erased_at IS NULL", (package_id,)
        ).fetchone()
        if row is None:
            return None
        happened, is_open = self._thread(row["thread_id"])
        last = max(row["accepted_at"], happened, self._last_entry("package_id", package_id))
        return Content(
            package_id=package_id,
            kind=Kind(row["kind"]),
            digest=Digest(row["digest"]),
            size_bytes=row["size_bytes"],
            thread_id=None if row["thread_id"] is None else ThreadId(row["thread_id"]),
            sender=AgencyCode(row["sender"]),
            recipients=agency_codes(row["recipients"]),
            last_at=from_micros(last),
            is_open=is_open or self._has_row(_OPEN_PACKAGE, package_id),
            is_archived=row["archived_at"] is not None,
            returned_at=None if row["returned_at"] is None else from_micros(row["returned_at"]),
        )

    def _thread(self, thread_id: str | None) -> tuple[int, bool]:
        if thread_id not in self._threads:
            is_open = self._has_row(_OPEN_THREAD, thread_id)
            self._threads[thread_id] = self._last_entry("thread_id", thread_id), is_open
        return self._threads[thread_id]

    def _last_entry(self, column: str, wanted: str | None) -> int:
        # From the end backwards: one step, or a few where something was erased already.
        row = self.connection.execute(
            f"SELECT at FROM log WHERE {column} = ? AND kind <> 'erased' ORDER BY seq DESC LIMIT 1", (wanted,)
        ).fetchone()
        return 0 if row is None else int(row["at"])

    def _has_row(self, question: str, wanted: str | None) -> bool:
        return self.connection.execute(question, {"wanted": wanted}).fetchone() is not None


_OPEN_THREAD = (
    "SELECT 1 FROM dispatches WHERE thread_id = :wanted AND ended_at IS NULL UNION ALL"
    " SELECT 1 FROM recipients WHERE thread_id = :wanted AND pending_change IS NOT NULL LIMIT 1"
)
_OPEN_PACKAGE = (
    "SELECT 1 FROM dispatches WHERE package_id = :wanted AND ended_at IS NULL UNION ALL"
    " SELECT 1 FROM answers WHERE package_id = :wanted AND thread_id IS NULL LIMIT 1"
)


def look_later(connection: Tables, package_id: PackageId, kept_since: datetime | None) -> None:
    """Write down what a look found: from when on the content is kept; None when nobody needs to look."""
    connection.execute(
        "UPDATE packages SET kept_since = ? WHERE id = ?",
        (None if kept_since is None else to_micros(kept_since), package_id),
    )


def erase(connection: Tables, package_id: PackageId, digest: Digest, *, at: datetime) -> None:
    """Keep a package's content no longer: a small one is gone with the commit, a file is to be removed."""
    # What is deleted is overwritten, not merely forgotten.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(
        "UPDATE packages SET erased_at = ?, kept_since = NULL WHERE id = ?", (to_micros(at), package_id)
    )
    if is_kept(connection, digest):
        return
    if connection.execute("DELETE FROM blobs WHERE digest = ?", (digest,)).rowcount == 0:
        connection.execute("INSERT INTO files_to_remove VALUES (?) ON CONFLICT DO NOTHING", (digest,))


async def list_files_to_remove(database: Database, *, limit: int) -> list[Digest]:
    """List files of erased content that still stand, or did when the last process died."""
    rows = await database.fetch_all("SELECT digest FROM files_to_remove LIMIT ?", (limit,))
    return [Digest(row["digest"]) for row in rows]


def forget_files(connection: Tables, digests: Iterable[Digest]) -> None:
    """Note that files are gone for good."""
    connection.executemany("DELETE FROM files_to_remove WHERE digest = ?", [(each,) for each in digests])


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand: the rules in force, since when they and the clock have been steady, and what it told.

    Shape: is_revising says that packages are still to be looked at anew.
    """

    rules: str
    is_revising: bool
    steady_since: datetime
    seen_at: datetime


async def load_standing(database: Database) -> Standing:
    """Load how things stand."""
    row = await database.fetch_one("SELECT * FROM retention")
    assert row is not None  # noqa: S101 - the migration wrote it
    return Standing(
        rules=row["rules"],
        is_revising=row["revising_from"] is not None,
        steady_since=from_micros(row["steady_since"]),
        seen_at=from_micros(row["seen_at"]),
    )


def keep_standing(connection: Tables, rules: str, *, steady_since: datetime, seen_at: datetime) -> None:
    """Keep how things stand; under other rules everything is to be looked at anew."""
    connection.execute(
        "UPDATE retention SET revising_from = CASE WHEN rules = ?1 THEN revising_from ELSE 0 END, rules = ?1,"
        " steady_since = ?2, seen_at = ?3",
        (rules, to_micros(steady_since), to_micros(seen_at)),
    )


def revise(connection: Tables, *, limit: int) -> None:
    """Let some more packages be looked at anew, in the order of their rows."""
    (begin,) = connection.execute("SELECT revising_from FROM retention").fetchone()
    if begin is None:
        return
    connection.execute(
        "UPDATE packages SET kept_since = accepted_at WHERE rowid > ? AND rowid <= ?"
        " AND erased_at IS NULL AND kept_since IS DISTINCT FROM accepted_at",
        (begin, begin + limit),
    )
    connection.execute(
        "UPDATE retention SET revising_from = CASE WHEN ?1 < (SELECT coalesce(max(rowid), 0) FROM packages)"
        " THEN ?1 END",
        (begin + limit,),
    )
