"""``lienthong archive``: what passed through a node as one file that anybody can check."""

import asyncio
import shlex
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, open_node, open_records, operator_name
from gateway.cli.terminal import (
    VIETNAM,
    both,
    card,
    done,
    grid,
    json_option,
    local_stacked,
    show,
    show_faults,
    show_json,
)

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from gateway.exchange.archive_checking import Checked
    from gateway.store.archives import KeptArchive

_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def archive() -> None:
    """Lưu trữ: nhật ký và gói tin của một thời gian thành một tệp kiểm chứng được.

    Archives: the log and the packages of a time as one file that a stranger can check.
    """


@archive.command("export")
@click.option(
    "--until", type=_DAY, required=True, metavar="DAY", help="Đến hết ngày này. · To the end of this day."
)
@click.option(
    "--since",
    type=_DAY,
    metavar="DAY",
    help="Từ ngày này; mặc định nối tiếp lần trước. · From this day; else from where the last ended.",
)
@click.option("-o", "--output", "target", type=_FILE, metavar="FILE", help="Tệp đích. · Where to.")
@directory_option
@json_option
def export(until: datetime, since: datetime | None, target: Path | None, folder: Path, as_json: bool) -> None:
    """Lưu trữ mọi việc đến hết ngày DAY. Nối tiếp lần lưu trữ trước; nút vẫn chạy.

    Archive everything up to the end of a day, from where the last archive ended; the node goes on running.
    Interrupted, it leaves nothing that looks like an archive.
    """
    name = target or Path(f"luu-tru-{until:%Y-%m-%d}.zip")
    end = until.replace(tzinfo=VIETNAM) + timedelta(days=1)
    begin = None if since is None else since.replace(tzinfo=VIETNAM)
    made = asyncio.run(_export(folder, name, end, begin))
    if as_json:
        show_json({"file": str(name), **asdict(made)})
        return
    show(
        done(f"Đã lưu trữ vào {name}", "archived"),
        card(
            [
                ("mục nhật ký", "log entries", f"{made.first_seq} … {made.last_seq}"),
                ("gói tin", "packages", f"{made.package_count}"),
                ("SHA-256", "", made.sha256),
            ]
        ),
        both(
            f"  Kiểm trước khi cất: lienthong archive verify {shlex.quote(str(name))}",
            "check it before you put it away",
        ),
    )


async def _export(folder: Path, target: Path, until: datetime, since: datetime | None) -> "KeptArchive":
    from gateway.back_office import house_of
    from gateway.exchange.archiving import Archiving
    from gateway.exchange.checkpoints import log_name
    from gateway.office import now

    async with open_node(folder) as office:
        archiving = Archiving(
            database=office.database,
            shelves=office.blobs.shelves,
            notary=office.notary,
            seal=office.seal,
            origin=log_name(office.config.agency_code),
            certificates=house_of(office.config).certificates,
        )
        return await archiving.export(target, until=until, since=since, by=operator_name(), at=now())


@archive.command("verify")
@click.argument("file", type=_FILE, metavar="FILE")
@click.option(
    "--certificate",
    "certificate_files",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="Chứng thư của con dấu, có từ nơi khác. · The seal's certificate, from elsewhere.",
)
@json_option
@click.pass_context
def verify(ctx: click.Context, file: Path, certificate_files: tuple[Path, ...], as_json: bool) -> None:
    """Kiểm tra bản lưu trữ FILE, không cần nút. Tính lại mọi lá, gốc, giá trị băm, chữ ký.

    Check an archive without any database: every leaf, root, digest and signature computed again. Without
    --certificate under the certificates in it, which shows that it is whole, not whose it is. Exit code 1
    when something is wrong.
    """
    from gateway.back_office import load_chain
    from gateway.exchange.archive_checking import check_archive

    given = [each for path in certificate_files for each in load_chain(path)]
    checked = check_archive(file, certificates=given)
    if as_json:
        show_json(_facts(checked))
    else:
        _tell(file, checked, is_given=bool(given))
    ctx.exit(1 if checked.faults else 0)


def _facts(checked: "Checked") -> dict[str, object]:
    manifest = checked.manifest
    return {
        "origin": manifest.origin,
        "made_at": manifest.made_at,
        "first_seq": manifest.first_seq,
        "last_seq": manifest.last_seq,
        "packages": manifest.package_count,
        "absent": manifest.absent_count,
        "checkpoints": checked.checkpoints_count,
        "signer": None if checked.signer is None else checked.signer.subject.rfc4514_string(),
        "faults_count": checked.faults_count,
        "faults": [asdict(fault) for fault in checked.faults],
    }


def _tell(file: Path, checked: "Checked", *, is_given: bool) -> None:
    manifest = checked.manifest
    show_faults(checked.faults)
    if not checked.faults:
        show(done(f"{file.name} nguyên vẹn", "every leaf, root, digest and signature is right"))
    show(
        card(
            [
                ("nhật ký", "log", manifest.origin),
                ("mục", "entries", f"{manifest.first_seq} … {manifest.last_seq}"),
                ("điểm chốt", "checkpoints", f"{checked.checkpoints_count}"),
                ("gói tin", "packages", f"{manifest.package_count}"),
                ("đã xóa trước đó", "erased before", f"{manifest.absent_count}"),
                ("người ký", "signed by", _name(checked.signer)),
            ]
        )
    )
    if not is_given:
        show(
            both(
                "  Chứng thư lấy trong chính tệp này: so với bản có từ nơi khác (--certificate).",
                "under the certificate in it: compare it with one from elsewhere",
                "yellow",
            )
        )


def _name(certificate: "Certificate | None") -> str | None:
    from gateway.trust.keys import fingerprint_of

    if certificate is None:
        return None
    return f"{certificate.subject.rfc4514_string()}\n{fingerprint_of(certificate)}"


@archive.command("import")
@click.argument("file", type=_FILE, metavar="FILE")
@directory_option
@json_option
def bring_back(file: Path, folder: Path, as_json: bool) -> None:
    """Đưa nội dung đã xóa trở lại từ bản lưu trữ FILE. Của chính nút này, sau khi kiểm từng byte.

    Bring erased content back from this node's own archive, for reading, once every byte of it is checked. It
    is erased again after `retention.returned`. May be repeated.
    """
    count = asyncio.run(_bring_back(folder, file))
    if as_json:
        show_json({"returned": count})
    elif count:
        show(done(f"Đã đưa trở lại nội dung của {count} gói tin", "returned"))
    else:
        show(both("  Không có nội dung nào trong đó bị xóa ở đây.", "nothing in it is missing here"))


async def _bring_back(folder: Path, file: Path) -> int:
    from gateway.back_office import house_of
    from gateway.exchange.archive_return import ArchiveReturn
    from gateway.exchange.checkpoints import log_name
    from gateway.office import now

    async with open_node(folder) as office:
        returning = ArchiveReturn(
            database=office.database,
            blobs=office.blobs,
            notary=office.notary,
            origin=log_name(office.config.agency_code),
            certificates=house_of(office.config).certificates,
        )
        return await returning.bring_back(file, by=operator_name(), at=now())


@archive.command("list")
@directory_option
@json_option
def list_all(folder: Path, as_json: bool) -> None:
    """Liệt kê các lần lưu trữ.

    List the archives that were made.
    """
    found = asyncio.run(_list(folder))
    if as_json:
        show_json([asdict(each) for each in found])
    elif not found:
        show(both("  Chưa lưu trữ lần nào.", "no archive yet"))
    else:
        show(
            grid(
                ("Lúc", "at", "keep"),
                ("Mục", "entries", "right"),
                ("Gói tin", "packages", "right"),
                ("SHA-256", ""),
                rows=[
                    (
                        local_stacked(each.made_at),
                        f"{each.first_seq} … {each.last_seq}",
                        str(each.package_count),
                        each.sha256,
                    )
                    for each in found
                ],
            )
        )


async def _list(folder: Path) -> "list[KeptArchive]":
    from gateway.store.archives import list_archives

    async with open_records(folder) as database:
        return await list_archives(database)
