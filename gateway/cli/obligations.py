"""``lienthong obligation``: what agencies owe by a day, given and ended by hand, or by whole lists."""

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, open_node, open_records, operator_name
from gateway.cli.obligation_acts import ACTS, find_obligation
from gateway.cli.obligation_import import import_list
from gateway.cli.terminal import (
    both,
    card,
    done,
    grid,
    heading,
    json_option,
    local,
    number,
    show,
    show_json,
    stacked,
    words,
)

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.exchange.directory import Snapshot
    from gateway.model.obligation import Obligation, Step
    from gateway.store.obligations import Wanted

_KINDS = ["task", "dossier", "petition", "field-report"]
_STANDINGS = ["open", "done", "passed-on", "guided", "cancelled"]


@click.group()
def obligation() -> None:
    """Việc phải làm: nhiệm vụ, hồ sơ, đơn thư, phản ánh hiện trường.

    What agencies owe by a day. Documents give and end most of it by themselves; here is the rest.
    """


for _command in (*ACTS, import_list):
    obligation.add_command(_command)


@obligation.command()
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("agency")
@click.argument("reference")
@click.argument("subject")
@click.option("--due", default="", metavar="DAY", help="Hạn: 2026-04-30 hoặc 30/4/2026. · The day it is due.")
@click.option("--assigned-by", default="", metavar="CODE", help="Cơ quan giao. · Who gives it.")
@click.option("--assigned-on", default="", metavar="DAY", help="Ngày giao; mặc định hôm nay. · Since when.")
@directory_option
@json_option
def add(
    kind: str,
    agency: str,
    reference: str,
    subject: str,
    due: str,
    assigned_by: str,
    assigned_on: str,
    folder: Path,
    as_json: bool,
) -> None:
    """Giao cho cơ quan AGENCY việc mã REFERENCE, nội dung SUBJECT.

    Give an agency something to do. Said twice it is given once.
    """
    said = {
        "kind": kind,
        "agency": agency,
        "reference": reference,
        "subject": subject,
        "assigned_by": assigned_by,
        "assigned_on": assigned_on,
        "due_on": due,
    }
    given = asyncio.run(_give(folder, said))
    if as_json:
        show_json(_facts(given))
    else:
        show(done(f"Đã giao {given.reference} cho {given.agency}", "given"), _card(given))


async def _give(folder: Path, said: dict[str, str]) -> "Obligation":
    from gateway.errors import Refusal
    from gateway.exchange.duty_reading import read_given
    from gateway.exchange.ids import Mint
    from gateway.model.formats import local_day
    from gateway.office import furnish_duties, now

    async with open_node(folder) as office:
        directory = await office.directory.current(certainly=True)
        given, faults = read_given(said, directory, today=local_day(now()))
        if faults:
            raise Refusal("obligation-wrong", faults)
        return await furnish_duties(office, Mint()).give(given, by=operator_name())


@obligation.command("list")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(_KINDS),
    help="Loại việc; lặp lại được. · Of which kind.",
)
@click.option(
    "--standing",
    "standings",
    multiple=True,
    type=click.Choice(_STANDINGS),
    default=("open",),
    show_default=True,
    help="Tình trạng; lặp lại được. · How it stands.",
)
@click.option("--agency", "agencies", multiple=True, metavar="CODE", help="Của cơ quan nào. · Whose.")
@click.option("--due-until", metavar="DAY", help="Hạn đến hết ngày này. · Due by this day.")
@click.option("--last", "limit", default=100, show_default=True, help="Nhiều nhất bao nhiêu. · At most.")
@directory_option
@json_option
def list_obligations(
    kinds: tuple[str, ...],
    standings: tuple[str, ...],
    agencies: tuple[str, ...],
    due_until: str | None,
    limit: int,
    folder: Path,
    as_json: bool,
) -> None:
    """Liệt kê việc phải làm, việc đến hạn trước đứng trước.

    List what is owed, what is due first before the rest.
    """
    from gateway.model.obligation import ObligationKind, Standing
    from gateway.store.obligations import Wanted

    wanted = Wanted(
        kinds=tuple(map(ObligationKind, kinds)) or None,
        standings=tuple(map(Standing, standings)),
        due_until=_day(due_until),
    )
    found, directory = asyncio.run(_list(folder, wanted, agencies, limit))
    if as_json:
        show_json([_facts(each) for each in found])
    elif not found:
        show(both("  Không có việc nào như vậy.", "nothing of that kind"))
    else:
        _show_list(found, directory)


async def _list(
    folder: Path, wanted: "Wanted", agencies: tuple[str, ...], limit: int
) -> "tuple[list[Obligation], Snapshot]":
    from dataclasses import replace

    from gateway.cli.figures import read_agencies
    from gateway.exchange.directory import Directory
    from gateway.store.obligations import list_obligations as load_list

    async with open_records(folder) as database:
        directory = await Directory(database=database).current(certainly=True)
        codes = read_agencies(agencies, directory)
        theirs = None if codes is None else tuple(directory.answered_for(codes))
        return await load_list(database, replace(wanted, agencies=theirs), limit=limit), directory


def _show_list(found: "list[Obligation]", directory: "Snapshot") -> None:
    from gateway.exchange.directory import namer
    from gateway.model.formats import local_day
    from gateway.office import now

    names, today = namer(directory), local_day(now())
    show(
        grid(
            ("Mã", "reference"),
            ("Loại", "kind"),
            ("Nội dung", "subject"),
            ("Cơ quan", "agency"),
            ("Hạn", "due", "keep"),
            ("Tình trạng", "standing"),
            rows=[
                [
                    words((each.reference, "bold")),
                    each.kind.vi,
                    each.subject,
                    names(each.agency),
                    "" if each.due_on is None else f"{each.due_on:%d/%m/%Y}",
                    _standing(each, today),
                ]
                for each in found
            ],
        ),
        both(
            f"\n  {number(len(found))} việc; chi tiết: lienthong obligation show MÃ", f"{len(found)} in all"
        ),
    )


@obligation.command("show")
@click.argument("wanted", metavar="ID")
@click.option("--agency", metavar="CODE", help="Khi nhiều cơ quan có cùng mã. · Whose, when several have it.")
@directory_option
@json_option
def show_obligation(wanted: str, agency: str | None, folder: Path, as_json: bool) -> None:
    """Xem một việc và các bước của nó. ID là mã việc hoặc số hiệu.

    Show one obligation with its steps. ID is what people call it, or our id.
    """
    from gateway.exchange.facts import step_facts

    async def look() -> "tuple[Obligation, list[Step]]":
        async with open_records(folder) as database:
            return await find_obligation(database, wanted, agency)

    found, steps = asyncio.run(look())
    if as_json:
        show_json({**_facts(found), "steps": step_facts(steps)})
        return
    from gateway.exchange.sentences import MOVED_BECAUSE, MOVES

    show(
        _card(found),
        heading("Các bước", "steps"),
        grid(
            ("Lúc", "at", "keep"),
            ("Việc", "act"),
            ("Hạn", "due", "keep"),
            ("Người làm", "by"),
            ("Lý do", "reason"),
            rows=[
                [
                    local(step.at),
                    both(*MOVES[step.act]),
                    "" if step.due_on is None else f"{step.due_on:%d/%m/%Y}",
                    step.by or (step.package_id and both(f"gói tin {step.package_id}", "package")),
                    both(*MOVED_BECAUSE[step.reason]) if step.reason in MOVED_BECAUSE else step.reason,
                ]
                for step in steps
            ],
        ),
    )


def _facts(each: "Obligation") -> dict[str, Any]:
    from gateway.exchange.facts import obligation_facts

    return obligation_facts(each)


def _card(each: "Obligation") -> Any:
    from gateway.model.formats import local_day
    from gateway.office import now

    extended = "" if each.first_due_on == each.due_on else f" (ban đầu {each.first_due_on:%d/%m/%Y})"
    return card(
        [
            ("Mã", "reference", each.reference),
            ("Loại", "kind", both(each.kind.vi, each.kind.en)),
            ("Nội dung", "subject", each.subject),
            ("Cơ quan", "agency", each.agency),
            ("Cơ quan giao", "assigned by", each.assigned_by),
            ("Ngày giao", "assigned on", f"{each.assigned_on:%d/%m/%Y}"),
            ("Hạn", "due on", None if each.due_on is None else f"{each.due_on:%d/%m/%Y}{extended}"),
            ("Tình trạng", "standing", _standing(each, local_day(now()))),
            ("Số hiệu", "id", each.id),
        ]
    )


def _standing(each: "Obligation", today: date) -> "Text":
    from gateway.model.obligation import STANDING_NAMES

    vi, en = STANDING_NAMES[each.standing]
    if each.due_on is not None and each.due_on < (each.ended_on or today):
        return stacked(f"{vi}, quá hạn", f"{en}, late", "red")
    return stacked(vi, en)


def _day(text: str | None) -> date | None:
    from gateway.errors import Fault, Refusal
    from gateway.exchange.duty_reading import read_day

    faults: list[Fault] = []
    day = None if text is None else read_day(text, "due_until", faults)
    if faults:
        raise Refusal("day-form", faults)
    return day
