"""Drafts on disk: what was filled in lies in the database, the files in a folder of their own.

Nothing is promised about a draft: it is not in the log, not in a backup, and goes away after a while.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from gateway.errors import Refusal
from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, PackageId
from gateway.model.letter import Draft, DraftFile, DraftId, FileId, Letter
from gateway.store.database import Database, from_micros, to_micros
from gateway.store.spool import disk_delays
from gateway.store.tables import Row, Tables

_WRITE_BYTES = 1 << 20


def insert_draft(connection: Tables, draft: Draft) -> None:
    """Write a new draft; its files come one by one."""
    connection.execute(
        "INSERT INTO drafts (id, agency, written_by, letter, changed_at) VALUES (?, ?, ?, ?, ?)",
        (draft.id, draft.agency, draft.written_by, _write(draft.letter), to_micros(draft.changed_at)),
    )


def change_letter(connection: Tables, draft_id: DraftId, letter: Letter, *, at: datetime) -> bool:
    """Write what was filled in; False when the draft is being sent, or was."""
    done = connection.execute(
        "UPDATE drafts SET letter = ?, changed_at = ? WHERE id = ? AND sending_at IS NULL",
        (_write(letter), to_micros(at), draft_id),
    )
    return done.rowcount > 0


def begin_sending(connection: Tables, draft_id: DraftId, *, at: datetime) -> datetime:
    """Fix the instant of sending, once; the first one comes back."""
    connection.execute(
        "UPDATE drafts SET sending_at = coalesce(sending_at, ?) WHERE id = ?", (to_micros(at), draft_id)
    )
    (micros,) = connection.execute("SELECT sending_at FROM drafts WHERE id = ?", (draft_id,)).fetchone()
    return from_micros(micros)


def stop_sending(connection: Tables, draft_id: DraftId) -> None:
    """Let a draft that was refused be changed again."""
    connection.execute("UPDATE drafts SET sending_at = NULL WHERE id = ? AND package_id IS NULL", (draft_id,))


def mark_sent(connection: Tables, draft_id: DraftId, package_id: PackageId) -> None:
    """Note what a draft became."""
    connection.execute("UPDATE drafts SET package_id = ? WHERE id = ?", (package_id, draft_id))


def insert_file(connection: Tables, draft_id: DraftId, file: DraftFile) -> bool:
    """Add a file that lies in the folder already; False when the draft is being sent, or is gone."""
    done = connection.execute(
        "INSERT INTO draft_files SELECT ?, id, ?, ? FROM drafts WHERE id = ? AND sending_at IS NULL",
        (file.id, file.name, file.size_bytes, draft_id),
    )
    return done.rowcount > 0


def delete_file(connection: Tables, draft_id: DraftId, file_id: FileId) -> None:
    """Take a file out of a draft that is not being sent."""
    connection.execute(
        "DELETE FROM draft_files WHERE id = ? AND draft_id IN"
        " (SELECT id FROM drafts WHERE id = ? AND sending_at IS NULL)",
        (file_id, draft_id),
    )


def delete_draft(connection: Tables, draft_id: DraftId) -> bool:
    """Throw a draft away; False when it is being sent, or was."""
    done = connection.execute("DELETE FROM drafts WHERE id = ? AND sending_at IS NULL", (draft_id,))
    return done.rowcount > 0


def delete_old(connection: Tables, *, before: datetime) -> int:
    """Throw away what nobody has touched since; sent ones go too, their packages stay."""
    return connection.execute("DELETE FROM drafts WHERE changed_at < ?", (to_micros(before),)).rowcount


async def load_draft(database: Database, draft_id: DraftId) -> Draft | None:
    """Load a draft with its files."""
    row = await database.fetch_one("SELECT * FROM drafts WHERE id = ?", (draft_id,))
    if row is None:
        return None
    files = await database.fetch_all("SELECT * FROM draft_files WHERE draft_id = ? ORDER BY id", (draft_id,))
    return _draft_from(row, files)


async def list_drafts(database: Database, codes: Iterable[AgencyCode], *, limit: int) -> list[Draft]:
    """List the drafts of some agencies that were not sent, the newest change first, without their files."""
    rows = await database.fetch_all(
        "SELECT * FROM drafts WHERE agency IN (SELECT value FROM json_each(?)) AND package_id IS NULL"
        " ORDER BY changed_at DESC LIMIT ?",
        (json.dumps(sorted(codes)), limit),
    )
    return [_draft_from(row, []) for row in rows]


async def find_last_sent(
    database: Database, agency: AgencyCode, *, type_name: str | None = None
) -> Letter | None:
    """Find what an agency sent last from a draft that is still kept, of one type if that is wanted."""
    row = await database.fetch_one(
        "SELECT letter FROM drafts WHERE agency = :agency AND package_id IS NOT NULL"
        " AND (:type IS NULL OR json_extract(letter, '$.type_name') = :type)"
        " ORDER BY changed_at DESC LIMIT 1",
        {"agency": agency, "type": type_name},
    )
    return None if row is None else _read(row["letter"])


async def list_file_ids(database: Database) -> set[FileId]:
    """List every file that some draft has."""
    return {FileId(row["id"]) for row in await database.fetch_all("SELECT id FROM draft_files")}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFolder:
    """Where the files of drafts lie. file_limit_bytes bounds one of them, files_limit_bytes one draft's."""

    folder: Path
    file_limit_bytes: int
    files_limit_bytes: int

    async def take(self, file_id: FileId, chunks: AsyncIterator[bytes], *, room_bytes: int) -> int:
        """Write a file as it comes, at flat memory; its size comes back.

        Shape: room_bytes is what the draft has left of files_limit_bytes.
        Errors: Refusal ``file-too-large``, and nothing of it stays; Delay when the disk does not take it.
        """
        limit = min(self.file_limit_bytes, room_bytes)
        path, size_bytes, pending = self.folder / file_id, 0, bytearray()
        with disk_delays():
            file = await asyncio.to_thread(_open_new, path)
        try:
            async for chunk in chunks:
                size_bytes += len(chunk)
                if size_bytes > limit:
                    raise _too_large(limit)
                pending += chunk
                if len(pending) >= _WRITE_BYTES:
                    await asyncio.to_thread(_append, file, bytes(pending))
                    pending.clear()
            await asyncio.to_thread(_append, file, bytes(pending))
        except BaseException:
            file.close()
            path.unlink(missing_ok=True)
            raise
        file.close()
        return size_bytes

    def open(self, file_id: FileId) -> BinaryIO:
        """Open a file; the caller closes.

        Errors: Refusal ``draft-file-gone`` after a restore: drafts are in no backup.
        """
        try:
            return (self.folder / file_id).open("rb")
        except FileNotFoundError as error:
            raise Refusal.because(
                "draft-file-gone",
                where="files",
                vi="Một tệp đính kèm không còn trên máy chủ; hãy bỏ nó ra và đính kèm lại.",
                en="An attached file is no longer here; remove it and attach it again.",
            ) from error

    def remove(self, file_id: FileId) -> None:
        """Remove a file, if it is there."""
        (self.folder / file_id).unlink(missing_ok=True)

    def sweep(self, kept: set[FileId], *, before: datetime) -> None:
        """Remove what no draft has, but what is just being written."""
        for path in self.folder.glob("*"):
            if path.name not in kept and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)


def _open_new(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("xb")


def _append(file: BinaryIO, content: bytes) -> None:
    with disk_delays():
        file.write(content)


def _too_large(limit: int) -> Refusal:
    return Refusal.because(
        "file-too-large",
        where="files",
        vi=f"Tệp quá lớn: còn được đính kèm nhiều nhất {limit / (1 << 20):.0f} MiB.",
        en=f"The file is too large: at most {limit / (1 << 20):.0f} MiB can still be attached.",
    )


def _write(letter: Letter) -> str:
    return json.dumps(asdict(letter), ensure_ascii=False, default=date.isoformat)


def _draft_from(row: Row, files: Iterable[Row]) -> Draft:
    return Draft(
        id=DraftId(row["id"]),
        agency=AgencyCode(row["agency"]),
        written_by=row["written_by"],
        letter=_read(row["letter"]),
        files=tuple(
            DraftFile(id=FileId(file["id"]), name=file["name"], size_bytes=file["size_bytes"])
            for file in files
        ),
        changed_at=from_micros(row["changed_at"]),
        sending_at=None if row["sending_at"] is None else from_micros(row["sending_at"]),
        package_id=None if row["package_id"] is None else PackageId(row["package_id"]),
    )


def _read(text: str) -> Letter:
    told = json.loads(text)
    return Letter(
        **told
        | {
            "recipients": tuple(AgencyCode(code) for code in told["recipients"]),
            "priority": Priority(told["priority"]),
            "business": Business(told["business"]),
            "day": _day(told["day"]),
            "due_on": _day(told["due_on"]),
        }
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
