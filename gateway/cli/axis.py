"""``lienthong axis``: is the axis there, and does it know us?"""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.node import directory_option, load_node, open_node
from gateway.cli.terminal import both, json_option, show, show_json, stacked, words
from gateway.errors import Misconfiguration

if TYPE_CHECKING:
    from gateway.clients.axis_probe import ProbeStep


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
    """Thử từng bước: địa chỉ, kết nối, TLS, đồng hồ, chữ ký, danh bạ; nói rõ sai ở đâu.

    Test the way to the axis step by step and say in words what is wrong. Changes nothing there; exit code 1
    when a step failed.
    """
    steps = asyncio.run(_test(folder))
    if as_json:
        show_json([asdict(step) for step in steps])
    else:
        for step in steps:
            mark = ("✓ ", "bold green") if step.is_well else ("✗ ", "bold red")
            show(words("  ", mark), stacked(f"  {step.vi}", f"  {step.en}"))
        if steps[-1].is_well:
            show(both("\n  Đường lên trục thông suốt.", "the axis is there and knows us", "bold"))
    ctx.exit(0 if steps[-1].is_well else 1)


async def _test(folder: Path) -> "list[ProbeStep]":
    from gateway.office import now
    from gateway.wiring.axis import lay_road, open_session, probe_axis, reach_axis

    config = load_node(folder)
    session = open_session(config)
    if session is None:
        raise Misconfiguration.because(
            "no-axis", where="axis", vi="nút này là trục: không có trục phía trên", en="this node is the axis"
        )
    async with session, open_node(folder) as office:
        reached = reach_axis(config, session, lay_road(config), now)
        return await probe_axis(config, reached, await office.directory.current(certainly=True), now).test()
