"""``lienthong verify``: an evidence bundle checked by the script that travels in it; no node is needed."""

from pathlib import Path

import click

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=_FILE,
    metavar="PEM",
    help="Chứng thư gốc tin cậy của các dấu. · Anchors of the seals.",
)
@click.option(
    "--tsa-anchor",
    "tsa_anchors",
    multiple=True,
    type=_FILE,
    metavar="PEM",
    help="Chứng thư gốc của tổ chức cấp dấu thời gian. · Anchors of the timestamps.",
)
@click.option("--json", "as_json", is_flag=True, help="In JSON cho chương trình đọc. · JSON, for programs.")
@click.pass_context
def verify(
    ctx: click.Context, file: Path, anchors: tuple[Path, ...], tsa_anchors: tuple[Path, ...], as_json: bool
) -> None:
    """Kiểm tra một hồ sơ bằng chứng: chữ ký, nhật ký, biên nhận, gói tin.

    Verify an evidence bundle. Exits with 0 when everything holds, 1 when something is wrong, 3 when nothing
    is wrong but something leads to no anchor that was given.
    """
    from gateway.evidence.verifier.report import main

    arguments = [str(file)]
    for name, paths in (("--anchor", anchors), ("--tsa-anchor", tsa_anchors)):
        arguments += [part for path in paths for part in (name, str(path))]
    ctx.exit(main([*arguments, *(["--json"] if as_json else [])]))
