"""``lienthong agency``: the directory, as an operator keeps it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gateway.cli.node import directory_option, load_directory, open_node, operator_name
from gateway.cli.terminal import both, card, counted, done, grid, json_option, local, show, show_json

if TYPE_CHECKING:
    from gateway.errors import Fault
    from gateway.exchange.agency_entries import Entry
    from gateway.model.agency import Agency

take_over_option = click.option(
    "--take-over",
    is_flag=True,
    help="Cho phép chuyển cơ quan từ hệ thống khác sang. · Move agencies over from another system.",
)


@click.group()
def agency() -> None:
    """Danh bạ cơ quan của nút.

    The node's directory of agencies. A running server notices a change within a second.
    """


@agency.command()
@click.argument("code")
@click.argument("name")
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="CODE",
    help="Mã khác của cùng cơ quan; lặp lại được. · Another code of it; may be repeated.",
)
@click.option(
    "--served-by", metavar="SYSTEMID", help="Hệ thống phục vụ cơ quan. · The system that serves it."
)
@click.option("--parent", metavar="CODE", help="Cơ quan cấp trên. · The agency above it.")
@click.option("--mail", metavar="ADDRESS", help="Thư điện tử. · Its mail address.")
@take_over_option
@directory_option
@json_option
def add(
    code: str,
    name: str,
    aliases: tuple[str, ...],
    served_by: str | None,
    parent: str | None,
    mail: str | None,
    take_over: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Ghi cơ quan CODE có tên NAME, hoặc sửa nó.

    Write an agency, or write it anew. A closed one is open again.
    """
    from gateway.exchange.agency_entries import make_entry

    entry = make_entry(code, name, aliases=aliases, parent=parent, mail=mail, served_by=served_by)
    written = asyncio.run(_write(folder, [entry], [], take_over=take_over))
    if as_json:
        show_json(_facts(entry.agency, entry.served_by))
        return
    verb = ("Đã thêm", "added") if written else ("Đã sửa", "changed")
    show(
        done(f"{verb[0]} {entry.agency.code} {entry.agency.name}", f"agency {verb[1]}"),
        card([("Phục vụ bởi", "served by", entry.served_by)]),
    )


@agency.command("import")
@click.argument("file", type=click.File("rb"), metavar="FILE.csv")
@take_over_option
@directory_option
@json_option
def import_list(file: BinaryIO, take_over: bool, folder: Path, as_json: bool) -> None:
    """Ghi cả danh sách cơ quan từ tệp CSV.

    Write a whole list of agencies. CSV in UTF-8 with the columns code, name and, as wanted, aliases
    (separated by |), parent, mail, served_by. With any fault nothing is written, and all are told.
    """
    from gateway.exchange.agency_entries import read_entries

    entries, faults = read_entries(file.read())
    new_count = asyncio.run(_write(folder, entries, faults, take_over=take_over))
    changed_count = len(entries) - new_count
    if as_json:
        show_json({"added": new_count, "changed": changed_count})
        return
    show(
        done(
            f"Đã ghi {len(entries)} cơ quan: {new_count} mới, {changed_count} đã có",
            f"{counted(len(entries), 'agency')} written: {new_count} new, {changed_count} known",
        )
    )


async def _write(
    folder: Path, entries: "Sequence[Entry]", faults: "Sequence[Fault]", *, take_over: bool
) -> int:
    """Check entries and write them all or none; return how many are new."""
    from gateway.errors import Refusal
    from gateway.exchange.agency_entries import check_entries
    from gateway.office import now

    async with open_node(folder) as office:
        directory = await office.directory.current(certainly=True)
        wrong = [*faults, *check_entries(entries, directory, take_over=take_over)]
        if wrong:
            raise Refusal("agencies-wrong", wrong)
        served = {entry.agency.code: entry.served_by for entry in entries if entry.served_by is not None}
        await office.registry.put_agencies(
            [entry.agency for entry in entries], served_by=served, by=operator_name(), at=now()
        )
        return sum(entry.agency.code not in directory.agencies for entry in entries)


@agency.command("list")
@directory_option
@json_option
def list_agencies(folder: Path, as_json: bool) -> None:
    """Liệt kê danh bạ.

    List the directory, closed agencies included.
    """
    directory = asyncio.run(load_directory(folder))
    agencies = list(directory.agencies.values())
    if as_json:
        show_json([_facts(agency, directory.served_by.get(agency.code)) for agency in agencies])
        return
    show(
        grid(
            ("Mã", "code", "keep"),
            ("Tên", "name"),
            ("Mã khác", "aliases"),
            ("Phục vụ bởi", "served by"),
            ("Ghi chú", "remarks"),
            rows=[
                (
                    agency.code,
                    agency.name,
                    ", ".join(agency.aliases),
                    directory.served_by.get(agency.code),
                    _remarks(agency),
                )
                for agency in agencies
            ],
        ),
        both(f"\n  {len(agencies)} cơ quan", counted(len(agencies), "agency")),
    )


@agency.command()
@click.argument("code")
@directory_option
@json_option
def close(code: str, folder: Path, as_json: bool) -> None:
    """Đóng cơ quan CODE; lịch sử của nó còn nguyên.

    Close an agency: nothing more is sent to it; its history stays.
    """
    closed, _ = asyncio.run(_close(folder, code, None))
    if as_json:
        show_json({"closed": closed})
    else:
        show(done(f"Đã đóng cơ quan {closed}", "agency closed"))


@agency.command()
@click.argument("code")
@click.argument("into")
@directory_option
@json_option
def merge(code: str, into: str, folder: Path, as_json: bool) -> None:
    """Sáp nhập cơ quan CODE vào cơ quan INTO.

    Merge an agency into another: what is sent to the first reaches the second from now on.
    """
    merged, successor = asyncio.run(_close(folder, code, into))
    if as_json:
        show_json({"closed": merged, "merged_into": successor})
    else:
        show(done(f"Đã sáp nhập {merged} vào {successor}", "agency merged"))


async def _close(folder: Path, code: str, into: str | None) -> tuple[str, str | None]:
    from gateway.model.identifiers import normalise_code
    from gateway.office import now

    async with open_node(folder) as office:
        directory = await office.directory.current(certainly=True)
        closing = directory.canonical(normalise_code(code))
        successor = None if into is None else directory.canonical(normalise_code(into))
        await office.registry.close_agency(closing, merged_into=successor, by=operator_name(), at=now())
        return closing, successor


def _facts(agency: "Agency", served_by: str | None) -> dict[str, Any]:
    return {
        "code": agency.code,
        "name": agency.name,
        "aliases": list(agency.aliases),
        "parent": agency.parent,
        "mail": agency.mail,
        "served_by": served_by,
        "from_axis": agency.from_axis,
        "closed_at": None if agency.closed_at is None else agency.closed_at.isoformat(),
        "merged_into": agency.merged_into,
    }


def _remarks(agency: "Agency") -> str:
    if agency.merged_into is not None:
        return f"sáp nhập vào {agency.merged_into}"
    if agency.closed_at is not None:
        return f"đóng {local(agency.closed_at)[:10]}"
    return "từ trục" if agency.from_axis else ""
