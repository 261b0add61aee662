"""``lienthong backup``: a whole copy of a node, made while it runs."""

from pathlib import Path

import click

from gateway.cli.node import directory_option, load_node
from gateway.cli.terminal import both, card, done, json_option, show, show_json


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="TARGET")
@click.option(
    "--without-keys",
    is_flag=True,
    help="Không chép khóa; phải đặt lại khi khôi phục. · Leave the keys out; they must be put back.",
)
@directory_option
@json_option
def backup(target: Path, without_keys: bool, folder: Path, as_json: bool) -> None:
    """Sao lưu nút vào thư mục mới TARGET: cơ sở dữ liệu, gói tin, cấu hình, khóa.

    Back a node up into the new folder TARGET while it runs: database, packages, settings, keys, and a
    manifest with every file's SHA-256. Interrupted, it leaves nothing behind that looks like a backup.
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
        show_json({"made_at": manifest.made_at, "files": len(manifest.files), "log_size": manifest.log_size})
        return
    show(
        done(f"Đã sao lưu vào {target}", "backed up"),
        card(
            [
                ("tệp", "files", f"{len(manifest.files):,}"),
                ("nhật ký", "log entries", f"{manifest.log_size:,}"),
                ("lá cuối", "last leaf", manifest.last_leaf or None),
                ("ở kho đối tượng", "left in the object store", f"{manifest.objects_count:,}"),
                ("thiếu khóa", "keys left out", ", ".join(manifest.missing_keys) or None),
            ]
        ),
        both(
            "  Bản sao có khóa bí mật: cất nơi chỉ người phụ trách đọc được.",
            "it holds secrets: keep it safe",
        )
        if not without_keys
        else both("  Khóa phải được cất và đặt lại riêng.", "keep the keys apart"),
    )
