"""``lienthong axis``: is the axis there, does it know us, and our agencies?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from gateway.cli.node import directory_option, load_node, open_node, operator_name
from gateway.cli.terminal import both, done, json_option, show, show_json, stacked, words
from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from rich.table import Table

    from gateway.clients.axis import Axis
    from gateway.clients.axis_probe import ProbeStep
    from gateway.office import Office


@click.group()
def axis() -> None:
    """Trục liên thông phía trên nút này.

    The axis above this node.
    """


@axis.command("test")
@directory_option
@json_option
@click.pass_context
def test_axis(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Thử đường lên trục từng bước, nói rõ sai ở đâu. Địa chỉ, kết nối, TLS, đồng hồ, chữ ký, danh bạ.

    Test the way to the axis step by step and say in words what is wrong. Changes nothing there; exit code 1
    when a step failed.
    """
    steps = asyncio.run(_test(folder))
    if as_json:
        show_json([asdict(step) for step in steps])
    else:
        show(_ticked(steps))
        if steps[-1].is_well:
            show(both("\n  Đường lên trục thông suốt.", "the axis is there and knows us", "bold"))
    ctx.exit(0 if steps[-1].is_well else 1)


@axis.command("register")
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@directory_option
@json_option
def register_agencies(codes: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Đăng ký với trục các cơ quan được phục vụ ở đây.

    Register agencies that are served here with the axis, so that others can write to them. Asked twice it
    does no harm.
    """
    said = ("Trục đã nhận đăng ký", "registered with the axis")
    registered = asyncio.run(_speak_of(codes, folder, "register", said, quietly=as_json))
    if as_json:
        show_json({"registered": registered})


@axis.command("delete")
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@directory_option
@json_option
def delete_agencies(codes: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Xóa khỏi trục các cơ quan đã đóng hay sáp nhập ở đây.

    Delete agencies that were closed or merged here from the axis. Asked twice it does no harm.
    """
    said = ("Trục đã xóa", "deleted from the axis")
    deleted = asyncio.run(_speak_of(codes, folder, "delete", said, quietly=as_json))
    if as_json:
        show_json({"deleted": deleted})


def _ticked(steps: "list[ProbeStep]") -> "Table":
    from rich.table import Table

    table = Table.grid(padding=(0, 1))
    for step in steps:
        mark = ("✓", "bold green") if step.is_well else ("✗", "bold red")
        table.add_row(words(" ", mark), stacked(step.vi, step.en))
    return table


async def _test(folder: Path) -> "list[ProbeStep]":
    from gateway.office import now
    from gateway.wiring.axis import probe_axis

    async with _reach(folder) as (office, reached):
        directory = await office.directory.current(certainly=True)
        return await probe_axis(office.config, reached, directory, now).test()


async def _speak_of(
    codes: tuple[str, ...],
    folder: Path,
    act: Literal["register", "delete"],
    said: tuple[str, str],
    *,
    quietly: bool,
) -> list[str]:
    from gateway.exchange.enrolment import Enrolment
    from gateway.model.identifiers import normalise_code
    from gateway.office import now

    spoken_of: list[str] = []
    async with _reach(folder) as (office, reached):
        enrolment = Enrolment(
            axis=reached, database=office.database, directory=office.directory, notary=office.notary
        )
        speak = enrolment.register if act == "register" else enrolment.delete
        async for code in speak([*map(normalise_code, codes)], by=operator_name(), at=now()):
            spoken_of.append(code)
            if not quietly:
                show(done(f"{said[0]} {code}", said[1]))
    return spoken_of


@asynccontextmanager
async def _reach(folder: Path) -> "AsyncIterator[tuple[Office, Axis]]":
    """Open the node's data and its way to the axis."""
    from gateway.office import now
    from gateway.wiring.axis import lay_road, open_session, reach_axis

    config = load_node(folder)
    session = open_session(config)
    if session is None:
        raise Misconfiguration.because(
            "no-axis",
            where="axis",
            vi="nút này không có trục phía trên",
            en="there is no axis above this node",
        )
    async with session, open_node(folder) as office:
        yield office, reach_axis(config, session, lay_road(config), now)
