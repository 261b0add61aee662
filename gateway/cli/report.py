"""``lienthong report``: the report of a period as a file to be handed in."""

import asyncio
from pathlib import Path

import click

from gateway.cli.figures import agencies_option, as_of_option, load_figures
from gateway.cli.node import directory_option, load_node
from gateway.cli.terminal import done, json_option, show, show_json


@click.command()
@click.argument("period")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.pdf|.xlsx|.json",
    help="Tệp để ghi. · The file to write.",
)
@agencies_option
@as_of_option
@directory_option
@json_option
def report(
    period: str, out: Path, agencies: tuple[str, ...], as_of: str | None, folder: Path, as_json: bool
) -> None:
    """Ghi báo cáo của kỳ PERIOD (2026-Q1, 2026-9M, 2026…) ra tệp.

    Write the report of a period into a file; its suffix says of which form.
    """
    written = _write(folder, period, agencies, as_of, suffix=out.suffix.lower())
    out.write_bytes(written)
    if as_json:
        show_json({"file": str(out), "bytes": len(written)})
    else:
        show(done(f"Đã ghi báo cáo vào {out}", "report written"))


def _write(folder: Path, period: str, agencies: tuple[str, ...], as_of: str | None, *, suffix: str) -> bytes:
    import json

    from gateway.exchange.directory import namer
    from gateway.exchange.facts import figure_facts
    from gateway.exchange.reports import write_report
    from gateway.model.formats import local_day
    from gateway.office import letterhead_of, now
    from gateway.wiring.papers import REPORT_WRITERS, no_such_form

    if suffix not in (".json", *REPORT_WRITERS):
        raise no_such_form(suffix, (".json", *REPORT_WRITERS))
    found, directory = asyncio.run(load_figures(folder, period, agencies, as_of))
    if suffix == ".json":
        return (
            json.dumps(figure_facts(found, namer(directory)), ensure_ascii=False, indent=2) + "\n"
        ).encode()
    letterhead = letterhead_of(load_node(folder))
    return REPORT_WRITERS[suffix](write_report(found, letterhead, namer(directory), made_on=local_day(now())))
