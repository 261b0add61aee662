"""``lienthong move``: a node's database to another place, of either engine."""

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import CONFIG_NAME, directory_option, load_node
from gateway.cli.terminal import both, card, done, json_option, number, page, show, show_json, size
from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from gateway.exchange.moving import Moved, Tell
    from gateway.settings import Storage

# What says where things lie; and what goes with the first when that is taken away.
_OF_OBJECTS = ("blobs_endpoint", "blobs_key_id", "blobs_secret_file", "blobs_ca_file", "blobs_region")
_PLACES: dict[str, tuple[str, ...]] = {
    "database": ("database_password_file",),
    "database_password_file": (),
    "database_file": (),
    "blobs": _OF_OBJECTS,
    **dict.fromkeys(_OF_OBJECTS, ()),
}


@click.command()
@click.argument("settings", nargs=-1, required=True, metavar="SETTING=VALUE...")
@click.option(
    "--quick",
    is_flag=True,
    help="Không tính lại chữ ký, mã băm sau khi chuyển. · Recompute no signature or digest afterwards.",
)
@click.option(
    "--write-config",
    "writes_config",
    is_flag=True,
    help="Sửa luôn config.toml khi xong. · Change config.toml when done.",
)
@directory_option
@json_option
def move(settings: tuple[str, ...], quick: bool, writes_config: bool, folder: Path, as_json: bool) -> None:
    """Chuyển dữ liệu của nút sang nơi khác khi nút dừng: SETTING là thiết lập mới trong [storage].

    Move what a stopped node keeps to another place: SETTING is what [storage] will say. Interrupted, it goes
    on when called again. What lies in the old place stays there.

    \b
      lienthong move database=postgresql://lienthong@db/h57 database_password_file=db.password
      lienthong move blobs=s3://goitin/h57 blobs_endpoint=https://s3.example blobs_key_id=ID \\
          blobs_secret_file=s3.secret
      lienthong move database= database_file=new.db blobs=
    """
    from gateway.back_office import house_of
    from gateway.config import load_config
    from gateway.config_lines import rewrite, setting_lines, with_settings
    from gateway.exchange.moving import Move
    from gateway.office import now
    from gateway.serving import alone

    storage = _read(settings)
    here, there = load_node(folder), load_config(folder / CONFIG_NAME, storage=storage)
    with_bytes = _check_changes(here.storage, there.storage)
    path = folder / CONFIG_NAME
    written = tomllib.loads(path.read_text("utf-8-sig")).get("storage", {})
    changed = with_settings(path.read_text("utf-8-sig"), "storage", storage) if writes_config else ""
    with alone(here.storage.database_file), _telling(as_json) as tell:
        moved = Move(
            here=house_of(here),
            there=house_of(there),
            owner=" ".join(filter(None, (here.agency_code, there.storage.blobs))),
            with_bytes=with_bytes,
            thorough=not quick,
            tell=tell,
        ).make(now())
        if writes_config:
            rewrite(path, changed)
    lines = setting_lines({key: value for key, value in storage.items() if value})
    if as_json:
        show_json(_facts(moved) | {"storage": storage})
        return
    _report(moved)
    if not writes_config:
        _tell_lines(lines, [key for key in written if storage.get(key) == ""])
    show(
        both("  Từ đây chỉ chạy nút với thiết lập mới; nơi cũ còn nguyên.", "never serve the old place again")
    )


def _tell_lines(lines: list[str], gone: list[str]) -> None:
    if lines:
        show(both("  Ghi vào config.toml, dưới [storage]:", "put these into config.toml, under [storage]"))
    for line in lines:
        show(f"    {line}", as_line=True)
    if gone:
        show(both(f"  Bỏ khỏi config.toml, dưới [storage]: {', '.join(gone)}", "take these out of it"))


def _read(settings: tuple[str, ...]) -> dict[str, str]:
    given = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or key not in _PLACES:
            raise Misconfiguration.because(
                "no-such-place",
                where=key,
                vi=f"cần dạng THIẾT_LẬP=GIÁ_TRỊ, với một trong: {', '.join(_PLACES)}",
                en=f"expected SETTING=VALUE with one of {', '.join(_PLACES)}",
            )
        given[key] = value
    for key in [key for key, value in given.items() if not value]:
        given = dict.fromkeys(_PLACES[key], "") | given
    return given


def _check_changes(here: "Storage", there: "Storage") -> bool:
    """See that something moves; tell whether large packages do."""
    with_bytes = here.blobs != there.blobs
    if here.database == there.database:
        if here.database_file != there.database_file:
            raise _pointless(
                "từ SQLite sang SQLite: dùng backup, restore", "for that there are backup, restore"
            )
        if not with_bytes:
            raise _pointless("dữ liệu đã ở đó", "it is there already")
        if here.blobs and there.blobs:
            raise _pointless("từ kho này sang kho khác: chuyển về blobs= trước", "go by way of blobs=")
    return with_bytes


def _pointless(vi: str, en: str) -> Misconfiguration:
    return Misconfiguration.because("moves-nowhere", where="storage", vi=vi, en=en)


@contextlib.contextmanager
def _telling(as_json: bool) -> "Iterator[Tell]":
    """Lend what tells how far it is: a line that changes on a terminal, else nothing."""
    sheet = page(errors=True)
    if as_json or not sheet.is_terminal:
        yield lambda *_: None
        return
    with sheet.status("") as status:
        yield lambda table, count: status.update(f"  {table} {number(count)}")


def _facts(moved: "Moved") -> dict[str, object]:
    return {
        "tables": {
            table.name: {"rows": table.rows_count, "copied": table.copied_count} for table in moved.tables
        },
        "rows": moved.rows_count,
        "large": {
            "count": moved.large.count,
            "bytes": moved.large.size_bytes,
            "brought": moved.large.brought_count,
        },
        "log_size": moved.log_size,
        "log_root": moved.log_root,
        "copying_seconds": round(moved.copying_seconds, 3),
        "checking_seconds": round(moved.checking_seconds, 3),
        "findings": [finding.code for finding in moved.findings],
    }


def _large(moved: "Moved") -> str:
    return f"{number(moved.large.count)} ({size(moved.large.size_bytes)})"


def _report(moved: "Moved") -> None:
    took = moved.copying_seconds + moved.checking_seconds
    show(
        done("Đã chuyển, hai bên giống nhau từng dòng", "moved; both sides are the same, row by row"),
        card(
            [
                ("bảng", "tables", number(len(moved.tables))),
                ("dòng", "rows", number(moved.rows_count)),
                ("gói tin lớn", "large packages", _large(moved) if moved.large.count else None),
                ("nhật ký", "log entries", number(moved.log_size)),
                ("gốc nhật ký", "root of the log", moved.log_root),
                ("thời gian", "took", f"{took:.1f} s ({moved.checking_seconds:.1f} s kiểm tra)"),
                ("lưu ý", "remarks", ", ".join(finding.code for finding in moved.findings) or None),
            ]
        ),
    )
