"""``lienthong backup``: a whole copy of a node, made while it runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, load_node
from gateway.cli.terminal import both, card, done, json_option, number, show, show_json, show_trouble

if TYPE_CHECKING:
    from gateway.store.backup import Manifest


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="TARGET")
@click.option(
    "--without-keys",
    is_flag=True,
    help="Không chép khóa; phải đặt lại khi khôi phục. · Leave the keys out; they must be put back.",
)
@directory_option
@json_option
@click.pass_context
def backup(ctx: click.Context, target: Path, without_keys: bool, folder: Path, as_json: bool) -> None:
    """Sao lưu nút vào thư mục mới TARGET: cơ sở dữ liệu, gói tin, cấu hình, khóa.

    Back a node up into the new folder TARGET while it runs: database, packages, settings, keys, and a
    manifest with every file's SHA-256. Interrupted, it leaves nothing behind that looks like a backup. Exit
    code 1 when the bytes of a package were missing or damaged in the node already.
    """
    from gateway import __version__
    from gateway.back_office import place_of
    from gateway.office import now
    from gateway.store.backup import make_backup

    manifest = make_backup(
        place_of(load_node(folder), folder),
        target,
        at=now(),
        program=__version__,
        with_keys=not without_keys,
    )
    if as_json:
        told = {"made_at": manifest.made_at, "files": len(manifest.files), "log_size": manifest.log_size}
        show_json(told | {"unsound": manifest.unsound})
    else:
        _tell(target, manifest)
    for digest in manifest.unsound:
        vi = "nội dung gói tin đã mất hoặc hỏng trong nút từ trước: chạy lienthong doctor"
        en = "a package's bytes were missing or damaged in the node already: run lienthong doctor"
        show_trouble("bytes-unsound", digest, vi, en)
    ctx.exit(1 if manifest.unsound else 0)


def _tell(target: Path, manifest: "Manifest") -> None:
    show(
        done(f"Đã sao lưu vào {target}", "backed up"),
        card(
            [
                ("tệp", "files", number(len(manifest.files))),
                ("nhật ký", "log entries", number(manifest.log_size)),
                ("lá cuối", "last leaf", manifest.last_leaf or None),
                ("ở kho đối tượng", "left in the object store", number(manifest.objects_count)),
                ("thiếu khóa", "keys left out", ", ".join(manifest.missing_keys) or None),
            ]
        ),
        both("  Khóa phải được cất và đặt lại riêng.", "keep the keys apart")
        if manifest.missing_keys
        else both(
            "  Bản sao có khóa bí mật: cất nơi chỉ người phụ trách đọc được.",
            "it holds secrets: keep it safe",
        ),
    )
