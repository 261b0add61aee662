"""What somebody does to an obligation, as commands: each names it, and what the act needs."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli.node import directory_option, open_node, operator_name
from gateway.cli.terminal import done, json_option, show, show_json
from gateway.errors import Fault, Refusal

if TYPE_CHECKING:
    from gateway.model.obligation import Obligation, Step
    from gateway.store.database import Database

Command = TypeVar("Command", bound=Callable[..., Any])


def _named(command: Command) -> Command:
    """Give a command what names an obligation, and what every act takes."""
    for option in (
        json_option,
        directory_option,
        click.option(
            "--on", default="", metavar="DAY", help="Tính vào ngày nào; mặc định bây giờ. · Counts on."
        ),
        click.option("--agency", metavar="CODE", help="Khi nhiều cơ quan có cùng mã. · Whose, when several."),
        click.argument("wanted", metavar="ID"),
    ):
        command = option(command)
    return command


_reason = click.option("--reason", required=True, help="Lý do. · Why.")
_no_reason = click.option("--reason", default="", help="Lý do, ghi chú. · Why, or a remark.")


@click.command()
@_named
@click.argument("due", metavar="DAY")
@_reason
def extend(due: str, **said: Any) -> None:
    """Gia hạn việc ID đến ngày DAY.

    Give more time, until a day.
    """
    _move("extend", ("Đã gia hạn", "extended"), due=due, **said)


@click.command()
@_named
@_no_reason
def finish(**said: Any) -> None:
    """Ghi nhận việc ID đã hoàn thành.

    Note that something is done.
    """
    _move("finish", ("Đã hoàn thành", "finished"), **said)


@click.command("pass-on")
@_named
@_no_reason
def pass_on(**said: Any) -> None:
    """Ghi nhận đơn thư ID đã chuyển nơi khác.

    Note that something was passed on to whom it concerns.
    """
    _move("pass-on", ("Đã chuyển", "passed on"), **said)


@click.command()
@_named
@_no_reason
def guide(**said: Any) -> None:
    """Ghi nhận đã hướng dẫn người gửi đơn thư ID.

    Note that whoever asked was given guidance.
    """
    _move("guide", ("Đã hướng dẫn", "guided"), **said)


@click.command()
@_named
@click.option("--due", default="", metavar="DAY", help="Hạn mới. · The day it is due from now on.")
@_reason
def reopen(due: str, **said: Any) -> None:
    """Mở lại việc ID.

    Take something up again.
    """
    _move("reopen", ("Đã mở lại", "taken up again"), due=due, **said)


@click.command()
@_named
@_reason
def cancel(**said: Any) -> None:
    """Hủy việc ID: không còn phải thực hiện, không tính vào số liệu.

    Cancel something: it is owed no longer, and counted nowhere.
    """
    _move("cancel", ("Đã hủy", "cancelled"), **said)


ACTS = (extend, finish, pass_on, guide, reopen, cancel)


def _move(
    act: str,
    verb: tuple[str, str],
    *,
    wanted: str,
    agency: str | None,
    on: str,
    reason: str,
    folder: Path,
    as_json: bool,
    due: str = "",
) -> None:
    from gateway.exchange.facts import obligation_facts

    moved = asyncio.run(_act(folder, act, wanted, agency, on=on, due=due, reason=reason))
    if as_json:
        show_json(obligation_facts(moved))
    else:
        show(done(f"{verb[0]} {moved.reference} của {moved.agency}", verb[1]))


async def _act(
    folder: Path, act: str, wanted: str, agency: str | None, *, on: str, due: str, reason: str
) -> "Obligation":
    from gateway.exchange.duty_reading import read_day
    from gateway.exchange.ids import Mint
    from gateway.model.obligation import Act
    from gateway.office import furnish_duties

    faults: list[Fault] = []
    counts_on, due_on = read_day(on, "on", faults), read_day(due, "due_on", faults)
    if faults:
        raise Refusal("act-wrong", faults)
    async with open_node(folder) as office:
        found, _ = await find_obligation(office.database, wanted, agency)
        duties = furnish_duties(office, Mint())
        return await duties.move(
            found.id, Act(act), by=operator_name(), on=counts_on, due_on=due_on, reason=reason
        )


async def find_obligation(
    database: "Database", wanted: str, agency: str | None
) -> "tuple[Obligation, list[Step]]":
    """Find the obligation that somebody means, by our id or by what people call it.

    Errors: Refusal ``obligation-unknown``; ``obligation-ambiguous`` when several are called so.
    """
    from gateway.exchange.directory import Directory
    from gateway.exchange.duties import unknown_obligation
    from gateway.model.identifiers import normalise_code
    from gateway.model.obligation import ObligationId
    from gateway.store.obligations import Wanted, list_obligations, load_obligation

    if (found := await load_obligation(database, ObligationId(wanted))) is not None:
        return found
    directory = await Directory(database=database).current(certainly=True)
    codes = None if agency is None else (directory.canonical(normalise_code(agency)),)
    called = await list_obligations(database, Wanted(name=wanted, agencies=codes), limit=20)
    if len(called) > 1:
        raise Refusal("obligation-ambiguous", [_which(wanted), *map(_one_of, called)])
    if not called or (found := await load_obligation(database, called[0].id)) is None:
        raise unknown_obligation()
    return found


def _which(wanted: str) -> Fault:
    vi = "nhiều việc mang mã này; nêu --agency, hoặc dùng số hiệu sau đây thay cho mã"
    en = "several are called so; give --agency, or one of these ids in its place"
    return Fault(rule="obligation-ambiguous", where=wanted, vi=vi, en=en)


def _one_of(each: "Obligation") -> Fault:
    vi = f"{each.kind.vi} của {each.agency}, giao ngày {each.assigned_on:%d/%m/%Y}"
    en = f"{each.kind.en} of {each.agency}, assigned on {each.assigned_on.isoformat()}"
    return Fault(rule="obligation-ambiguous", where=each.id, vi=vi, en=en)
