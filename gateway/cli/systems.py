"""``lienthong system``: what connects here, what it serves, and its secret."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.agencies import take_over_option
from gateway.cli.node import directory_option, load_directory, load_node, open_node, operator_name
from gateway.cli.terminal import (
    both,
    card,
    done,
    grid,
    heading,
    json_option,
    local,
    show,
    show_json,
    stacked,
    words,
)
from gateway.errors import Refusal

if TYPE_CHECKING:
    from gateway.exchange.directory import Snapshot
    from gateway.model.agency import System
    from gateway.model.identifiers import AgencyCode

_WORKS_HERE = "trên trang quản trị của nút này · in this node's console"

secret_to_option = click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ghi khóa bí mật vào tệp mới (0600) thay vì in ra. · Write it to a new file instead.",
)


@click.group()
def system() -> None:
    """Hệ thống kết nối vào nút: phần mềm quản lý văn bản, cổng cấp dưới.

    The systems connected to the node. A running server notices a change within a second.
    """


@system.command()
@click.argument("systemid")
@click.option(
    "--serves",
    required=True,
    multiple=True,
    metavar="CODE[,CODE…]",
    help="Các cơ quan hệ thống này phục vụ, đã có trong danh bạ. · The agencies it serves.",
)
@click.option(
    "--kind",
    type=click.Choice(["dms", "gateway", "axis"]),
    default="dms",
    show_default=True,
    help="Phần mềm quản lý văn bản, cổng cấp dưới, hay trục. · What it is.",
)
@click.option(
    "--policy",
    type=click.Choice(["require", "warn", "off"]),
    help="Chữ ký trên gói tin: bắt buộc, cảnh báo, không xét; mặc định theo cấu hình."
    " · Signatures on its packages; the settings' default_policy unless given.",
)
@click.option(
    "--console",
    is_flag=True,
    help="Cơ quan không có phần mềm riêng: làm việc trên trang quản trị của nút này."
    " · No other program: its agencies work in this node's console.",
)
@secret_to_option
@take_over_option
@directory_option
@json_option
def add(
    systemid: str,
    serves: tuple[str, ...],
    kind: str,
    policy: str | None,
    console: bool,
    secret_file: Path | None,
    take_over: bool,
    folder: Path,
    as_json: bool,
) -> None:
    """Kết nối hệ thống SYSTEMID và cấp khóa bí mật cho nó.

    Connect a system and make its secret, which is shown this once. A disabled system is enabled again.
    """
    from gateway.exchange.system_entries import is_system_id
    from gateway.model.agency import System, SystemKind
    from gateway.model.identifiers import SystemId, normalise_code
    from gateway.model.signature import SignaturePolicy

    if not is_system_id(systemid):
        raise click.BadParameter(
            "chỉ gồm chữ không dấu, số và . _ @ - / letters, digits and . _ @ - only", param_hint="SYSTEMID"
        )
    _check_console(console, kind, policy, secret_file)
    codes = [normalise_code(code) for part in serves for code in part.split(",") if code.strip()]
    config = load_node(folder)
    wanted = System(
        id=SystemId(systemid),
        kind=SystemKind(kind),
        serves=frozenset(codes),
        # What the console writes is this node's own, and sealed when it leaves: there is nothing to verify.
        policy=SignaturePolicy(policy or ("off" if console else config.trust.default_policy)),
        at_console=console,
    )
    _check_new_file(secret_file)
    connected, secret = asyncio.run(_connect(folder, wanted, take_over=take_over))
    _give_secret(connected, secret, secret_file, as_json=as_json, vi="Đã kết nối", en="connected")


async def _connect(folder: Path, wanted: "System", *, take_over: bool) -> "tuple[System, str]":
    from dataclasses import replace

    from gateway.exchange.system_entries import check_system
    from gateway.office import now

    async with open_node(folder) as office:
        directory = await office.directory.current(certainly=True)
        faults = list(check_system(wanted, directory, take_over=take_over))
        if faults:
            raise Refusal("system-wrong", faults)
        # A mailbox goes by the one code under which its agency is kept.
        canonical = replace(wanted, serves=frozenset(directory.canonical(code) for code in wanted.serves))
        return canonical, await office.registry.put_system(canonical, by=operator_name(), at=now())


@system.command("list")
@directory_option
@json_option
def list_systems(folder: Path, as_json: bool) -> None:
    """Liệt kê các hệ thống.

    List the systems, disabled ones included.
    """
    from gateway.exchange.words import KINDS, POLICIES

    directory = asyncio.run(load_directory(folder))
    systems = [stored.system for stored in directory.systems.values()]
    if as_json:
        show_json([_facts(system) for system in systems])
        return
    if not systems:
        show(both("  Chưa có hệ thống nào: lienthong system add", "no system yet"))
        return
    show(
        grid(
            ("Hệ thống", "system", "keep"),
            ("Loại", "kind"),
            ("Phục vụ", "serves"),
            ("Chữ ký", "signatures"),
            ("Tình trạng", "state"),
            rows=[
                (
                    system.id,
                    _WORKS_HERE if system.at_console else stacked(*KINDS[system.kind]),
                    "\n".join(_served(directory, code) for code in sorted(system.serves)),
                    stacked(*POLICIES[system.policy]),
                    words(("đang dùng", "green"))
                    if system.disabled_at is None
                    else words((f"đã ngắt {local(system.disabled_at)[:10]}", "red")),
                )
                for system in systems
            ],
        )
    )


def _served(directory: "Snapshot", code: "AgencyCode") -> str:
    agency = directory.agencies.get(directory.canonical(code))
    return code if agency is None else f"{code} {agency.name}"


@system.command()
@click.argument("systemid")
@directory_option
@json_option
def disable(systemid: str, folder: Path, as_json: bool) -> None:
    """Ngắt hệ thống SYSTEMID; những gì chờ nó vẫn còn.

    Stop trusting a system at once. What waits for it stays; `system add` connects it again.
    """
    asyncio.run(_disable(folder, systemid))
    if as_json:
        show_json({"disabled": systemid})
    else:
        show(done(f"Đã ngắt hệ thống {systemid}", "system disabled"))


async def _disable(folder: Path, systemid: str) -> None:
    from gateway.model.identifiers import SystemId
    from gateway.office import now

    async with open_node(folder) as office:
        await office.registry.disable_system(SystemId(systemid), by=operator_name(), at=now())


@system.command()
@click.argument("systemid")
@secret_to_option
@directory_option
@json_option
def rotate(systemid: str, secret_file: Path | None, folder: Path, as_json: bool) -> None:
    """Cấp khóa bí mật mới cho hệ thống SYSTEMID. Khóa cũ hết hiệu lực ngay.

    Give a system a new secret, shown this once; the old one stops at once.
    """
    _check_new_file(secret_file)
    rotated, secret = asyncio.run(_rotate(folder, systemid))
    _give_secret(rotated, secret, secret_file, as_json=as_json, vi="Đã đổi khóa của", en="secret rotated")


async def _rotate(folder: Path, systemid: str) -> "tuple[System, str]":
    from gateway.model.identifiers import SystemId
    from gateway.office import now

    async with open_node(folder) as office:
        secret = await office.registry.rotate_secret(SystemId(systemid), by=operator_name(), at=now())
        directory = await office.directory.current(certainly=True)
        return directory.systems[SystemId(systemid)].system, secret


def _facts(system: "System") -> dict[str, object]:
    return {
        "system": system.id,
        "kind": system.kind.value,
        "serves": sorted(system.serves),
        "policy": system.policy.value,
        "console": system.at_console,
        "disabled_at": None if system.disabled_at is None else system.disabled_at.isoformat(),
    }


def _check_console(console: bool, kind: str, policy: str | None, secret_file: Path | None) -> None:
    if console and (kind != "dms" or policy not in (None, "off") or secret_file is not None):
        raise click.UsageError(
            "--console không đi cùng --kind, --policy, --secret-file: không có hệ thống ngoài nào kết nối"
            " / no other system connects"
        )


def _check_new_file(path: Path | None) -> None:
    """Insist on a place for the secret before there is one: afterwards it could only be lost."""
    if path is not None and (path.exists() or not path.absolute().parent.is_dir()):
        raise click.BadParameter(
            "phải là tệp chưa có, trong thư mục đã có / must be a new file in a folder that exists",
            param_hint="--secret-file",
        )


def _give_secret(
    system: "System", secret: str, path: Path | None, *, as_json: bool, vi: str, en: str
) -> None:
    from gateway.cli.founding import write_private
    from gateway.exchange.words import KINDS, POLICIES

    if path is not None:
        write_private(path, secret.encode() + b"\n")
    if as_json:
        given = {"secret": secret} if path is None else {"secret_file": str(path)}
        show_json({**_facts(system), **({} if system.at_console else given)})
        return
    show(
        done(f"{vi} hệ thống {system.id}", f"system {en}"),
        card(
            [
                ("Loại", "kind", both(*KINDS[system.kind])),
                ("Phục vụ", "serves", ", ".join(sorted(system.serves))),
                ("Làm việc", "works", _WORKS_HERE if system.at_console else None),
                ("Chữ ký", "signatures", both(*POLICIES[system.policy])),
                ("Khóa bí mật", "secret", str(path) if path else None),
            ]
        ),
    )
    if path is None and not system.at_console:
        show(
            heading("Khóa bí mật", "secret"),
            words("  ", (secret, "bold yellow")),
            both("  Chỉ hiện một lần này, không ai đọc lại được.", "shown this once; keep it safe"),
        )
