"""A copy of a data directory that is complete or not there: database, bytes, settings, keys, and a manifest.

The database is copied first, at one instant, without holding up the writer; then the files it names, which
nothing changes once they are there. Everything is written beside the target, synced, and named as the
target last: a backup that was interrupted never looks like one.
"""

import contextlib
import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.errors import Misconfiguration
from gateway.store.folder import files_kept
from gateway.store.moving import copy_to_file
from gateway.store.spool import file_digest
from gateway.store.tables import Source

MANIFEST = "manifest.json"
RESTORED = "restored.json"
_DATABASE = "lienthong.db"
_CONFIG = "config.toml"
_FORM = "lienthong-backup-1"
_SECRETS = (".key", ".secret")  # the authority's, those of systems: no node needs them, nobody else may


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the parts of a node stand. keys are left out of a backup without keys.

    Shape: database_file is where a restored node has its database, whichever engine has it now; passing are
    folders of what only passes through; named are folders that settings name, links elsewhere perhaps;
    altered are the texts of files that say otherwise there.
    """

    folder: Path
    source: Source
    database_file: Path
    blobs_folder: Path
    passing: tuple[Path, ...]
    named: tuple[Path, ...]
    keys: tuple[Path, ...]
    altered: Mapping[Path, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself.

    Shape: files gives each file's SHA-256 in hex by its path in the backup; missing_keys are the paths
    left out; objects_count is how many packages stayed in the object store, where this database finds them;
    last_leaf is that of the newest of log_size entries, in hex.
    """

    made_at: datetime
    program: str
    log_size: int
    last_leaf: str
    files: dict[str, str]
    missing_keys: tuple[str, ...]
    objects_count: int = 0


def make_backup(
    place: Place,
    target: Path,
    *,
    at: datetime,
    program: str,
    with_keys: bool,
    on_file: Callable[[str], None] = lambda _: None,
) -> Manifest:
    """Copy a node, served or not, into a new folder. Blocks: to be run in a thread where there is a loop.

    Errors: Misconfiguration when the target is there or in the node, or parts of the node lie outside its
    folder; OSError when the disk does not take it, and nothing is left behind then.
    """
    if target.exists():
        raise _cannot("backup-target-there", str(target), "đích đã tồn tại", "the target is there already")
    if target.resolve().is_relative_to(place.folder.resolve()):
        # The next backup would hold this one, keys and all.
        raise _cannot(
            "backup-target-inside", str(target), "đích nằm trong thư mục dữ liệu", "lies inside the node"
        )
    for part in (place.database_file, place.blobs_folder):
        if not part.is_relative_to(place.folder):
            raise _cannot(
                "node-in-many-places", str(part), "nằm ngoài thư mục dữ liệu", "lies outside the node"
            )
    making = target.with_name(target.name + ".part")
    shutil.rmtree(making, ignore_errors=True)  # of an attempt that was interrupted
    try:
        making.mkdir(mode=0o700, parents=True)
        with files_kept(place.blobs_folder):
            manifest = _copy_all(place, making, at, program, with_keys, on_file)
        making.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    return manifest


def _copy_all(
    place: Place,
    making: Path,
    at: datetime,
    program: str,
    with_keys: bool,
    on_file: Callable[[str], None],
) -> Manifest:
    files: dict[str, str] = {}
    database = place.database_file.relative_to(place.folder)
    with _telling_full(making / database):
        _copy_database(place.source, making / database)
    with contextlib.closing(sqlite3.connect(making / database)) as copied:
        size, leaf = copied.execute(
            "SELECT count(*), (SELECT leaf FROM log ORDER BY seq DESC LIMIT 1) FROM log"
        ).fetchone()
        (objects_count,) = copied.execute("SELECT count(*) FROM objects WHERE standing = 'kept'").fetchone()
        large = copied.execute(
            "SELECT DISTINCT digest FROM packages WHERE erased_at IS NULL"
            " AND digest NOT IN (SELECT digest FROM blobs)"
            " AND digest NOT IN (SELECT digest FROM objects WHERE standing = 'kept') ORDER BY 1"
        ).fetchall()
    blobs = place.blobs_folder.relative_to(place.folder)
    wanted = [blobs / digest[:2] / digest[2:4] / digest for (digest,) in large]
    keys = {key.relative_to(place.folder) for key in place.keys if key.is_relative_to(place.folder)}
    settings = sorted(_settings(place))
    for path in [*settings, *wanted]:
        if with_keys or (path not in keys and path.suffix not in _SECRETS):
            with _written(making / path):
                _copy_file(place, path, making)
    for path in (database, *settings, *wanted):
        if (making / path).exists():
            files[path.as_posix()] = file_digest(making / path)
            on_file(path.as_posix())
    manifest = Manifest(
        made_at=at,
        program=program,
        log_size=size,
        last_leaf="" if leaf is None else leaf.hex(),
        files=files,
        missing_keys=() if with_keys else tuple(sorted(key.as_posix() for key in keys)),
        objects_count=objects_count,
    )
    with _written(making / MANIFEST):
        (making / MANIFEST).write_text(_write_manifest(manifest), "utf-8")
    for folder in sorted({path.parent for path in making.rglob("*")}, reverse=True):
        _sync(folder)
    return manifest


def _settings(place: Place) -> Iterator[Path]:
    """List what is neither database nor bytes: settings, certificates, keys, in folders of their own too."""
    apart = (place.blobs_folder, *place.passing)
    database = place.database_file.stem
    inside = [folder for folder in place.named if folder.is_relative_to(place.folder)]
    for path in {path for folder in (place.folder, *inside) for path in folder.rglob("*")}:
        is_apart = any(path.is_relative_to(folder) for folder in apart)
        is_passing = path.stem == database or path.suffix == ".log" or path.name == RESTORED
        if path.is_file() and not is_apart and not is_passing:
            yield path.relative_to(place.folder)


def _copy_file(place: Place, path: Path, making: Path) -> None:
    altered = place.altered.get(place.folder / path)
    if altered is None:
        shutil.copyfile(place.folder / path, making / path)
    else:
        (making / path).write_text(altered, "utf-8")


def _copy_database(source: Source, target: Path) -> None:
    if isinstance(source, Path):
        with _written(target):
            _copy_sqlite(source, target)
    else:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_to_file(source, target)
        with _written(target), contextlib.closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode = DELETE")


@contextlib.contextmanager
def _telling_full(target: Path) -> Iterator[None]:
    """Say which disk is full: SQLite names no file, and it is not the node's."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target)) from error


def _copy_sqlite(source: Path, target: Path) -> None:
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with (
        contextlib.closing(sqlite3.connect(uri, uri=True)) as original,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)  # in one step: one instant, and readers do not hold up the writer
        copy.execute("PRAGMA journal_mode = DELETE")


def read_manifest(backup: Path, name: str = MANIFEST) -> Manifest:
    """Read a backup's word about itself.

    Errors: Misconfiguration when there is none that can be read.
    """
    try:
        told = json.loads((backup / name).read_text("utf-8"))
        if told["form"] != _FORM:
            raise ValueError
        return Manifest(
            made_at=datetime.fromisoformat(told["made_at"]),
            program=told["program"],
            log_size=told["log_size"],
            last_leaf=told["last_leaf"],
            files=dict(told["files"]),
            missing_keys=tuple(told["missing_keys"]),
            objects_count=told.get("objects_count", 0),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _cannot(
            "no-backup-here", str(backup), "không phải bản sao lưu hoàn chỉnh", "not a complete backup"
        ) from error


def check_backup(backup: Path, manifest: Manifest) -> None:
    """Hold every byte against the manifest.

    Errors: Misconfiguration that names the first file that is missing or not itself.
    """
    for name, digest in manifest.files.items():
        path = backup / name
        if not path.is_file() or file_digest(path) != digest:
            raise _cannot(
                "backup-damaged", name, "tệp thiếu hoặc đã bị sửa", "missing, or not what was saved"
            )
    there = {path.relative_to(backup).as_posix() for path in backup.rglob("*") if path.is_file()}
    for name in sorted(there - set(manifest.files) - {MANIFEST}):
        raise _cannot("backup-damaged", name, "tệp lạ trong bản sao lưu", "a file that does not belong there")


def put_back(backup: Path, manifest: Manifest, folder: Path) -> None:
    """Copy a checked backup to where a node will be served; interrupted, it goes on when called again.

    Beside it stands a note for the first start, which must not take this node for the one that was lost.
    Errors: Misconfiguration when a node, or anything but this very backup half restored, is there already.
    """
    note = folder / RESTORED
    is_begun = note.is_file() and note.read_bytes() == (backup / MANIFEST).read_bytes()
    in_the_way = {_CONFIG} if is_begun else {_DATABASE, *manifest.files}
    if any((folder / name).exists() for name in in_the_way):
        raise _cannot("node-there", str(folder), "thư mục đã có dữ liệu", "there is a node already")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _written(note):
        shutil.copyfile(backup / MANIFEST, note)
    for name in sorted(set(manifest.files) - {_CONFIG}):
        with _written(folder / name):
            shutil.copyfile(backup / name, folder / name)
    # The settings last: without them no command takes this for a node, nor begins an empty database in it.
    last = folder / f"{_CONFIG}.part"
    with _written(last):
        shutil.copyfile(backup / _CONFIG, last)
    for path in sorted({path.parent for path in folder.rglob("*")}, reverse=True):
        _sync(path)
    last.rename(folder / _CONFIG)
    _sync(folder)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    """Let a file be written where only its owner may read it, and make it durable."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    yield
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # network file systems know no sync of a folder
            raise
    finally:
        os.close(descriptor)


def _write_manifest(manifest: Manifest) -> str:
    told = {
        "form": _FORM,
        "made_at": manifest.made_at.isoformat(),
        "program": manifest.program,
        "log_size": manifest.log_size,
        "last_leaf": manifest.last_leaf,
        "missing_keys": list(manifest.missing_keys),
        "objects_count": manifest.objects_count,
        "files": manifest.files,
    }
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _cannot(code: str, where: str, vi: str, en: str) -> Misconfiguration:
    return Misconfiguration.because(code, where=where, vi=vi, en=en)
