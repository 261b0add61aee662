"""``lienthong restore``: a node from its backup, which then asks the axis what has happened since."""

from pathlib import Path

import click

from gateway.cli.node import directory_option
from gateway.cli.terminal import both, done, local, number, show


@click.command()
@click.argument("backup", type=click.Path(path_type=Path, file_okay=False), metavar="BACKUP")
@click.option(
    "--check", "only_check", is_flag=True, help="Chỉ kiểm tra bản sao lưu. · Only check the backup."
)
@directory_option
def restore(backup: Path, only_check: bool, folder: Path) -> None:
    """Khôi phục nút vào thư mục dữ liệu mới (--dir) từ BACKUP, sau khi kiểm từng byte.

    Restore a node into a new data directory (--dir) from BACKUP, once every byte of it is checked. At its
    next start it asks the axis what was sent and received since the backup, before it sends anything.
    """
    from gateway.store.backup import check_backup, put_back, read_manifest

    manifest = read_manifest(backup)
    check_backup(backup, manifest)
    if manifest.objects_count:
        show(
            both(
                f"  {number(manifest.objects_count)} gói tin lớn nằm ở kho đối tượng, không ở đây:"
                " khôi phục xong, chạy lienthong doctor.",
                "large packages are in the object store: run doctor after the restore",
            )
        )
    if only_check:
        show(done(f"Bản sao lưu lúc {local(manifest.made_at)} nguyên vẹn", "every byte is there"))
        return
    put_back(backup, manifest, folder)
    if manifest.missing_keys:
        show(
            both(f"  Đặt lại khóa trước khi chạy: {', '.join(manifest.missing_keys)}", "put these back first")
        )
    show(
        done(f"Đã khôi phục vào {folder}", "restored"),
        both(
            f"  Bản sao lúc {local(manifest.made_at)}; việc sau đó sẽ được hỏi trục khi chạy.", "serve it now"
        ),
        both(
            "  Yêu cầu các hệ thống gửi lại văn bản từ lúc đó: gói đã có sẽ được nhận ra.",
            "see operations.md",
        ),
        both(
            "  Báo các nút theo dõi nhật ký này: với họ nhật ký đã lùi lại, họ cần bắt đầu lại với nó.",
            "tell its witnesses",
        ),
    )
