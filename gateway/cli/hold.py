"""``lienthong hold``: what must not be erased, whatever the rules of retention say."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gateway.cli.node import directory_option, open_node, open_records, operator_name
from gateway.cli.terminal import both, done, grid, json_option, local_stacked, show, show_json, words

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.exchange.holding import Holding
    from gateway.store.holds import Hold

Told = TypeVar("Told")

reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Lý do, ghi vào nhật ký. · Why; it goes into the log."
)


@click.group()
def hold() -> None:
    """Tạm giữ: nội dung không được xóa dù đã hết thời hạn lưu.

    Legal holds: content that is not erased though its time is over.
    """


@hold.command("place")
@click.argument("document", metavar="[DOCUMENT]", required=False)
@click.option("--agency", metavar="CODE", help="Mọi văn bản cơ quan này gửi, nhận. · All of an agency's.")
@reason_option
@directory_option
def place(document: str | None, agency: str | None, reason: str, folder: Path) -> None:
    """Tạm giữ một văn bản, hoặc mọi văn bản của một cơ quan. Văn bản: số ký hiệu hay mã.

    Hold a document (by number or id), or everything an agency sent or received. Says how much of a document
    was erased before: only an archive has that.
    """
    from gateway.office import now
    from gateway.store.holds import count_gone

    if (document is None) == (agency is None):
        raise click.UsageError("cần một trong hai, DOCUMENT hay --agency / give either DOCUMENT or --agency")

    def ask(holding: "Holding") -> Awaitable[int]:
        if document is not None:
            return holding.hold_document(document, reason=reason, by=operator_name(), at=now())
        return holding.hold_agency(agency or "", reason=reason, by=operator_name(), at=now())

    async def ask_and_look(holding: "Holding") -> tuple[int, int]:
        number = await ask(holding)
        return number, await count_gone(holding.database, number)

    number, gone = asyncio.run(_with_holding(folder, ask_and_look))
    show(done(f"Đã tạm giữ, số {number}", f"hold {number} is in force"))
    if gone:
        vi = (
            f"  Nội dung {gone} gói tin đã xóa trước đó, chỉ còn trong bản lưu trữ: lienthong archive import."
        )
        show(both(vi, f"{gone} packages were erased before: only an archive has them", "yellow"))


@hold.command("release")
@click.argument("number", type=click.IntRange(min=1), metavar="NUMBER")
@reason_option
@directory_option
def release(number: int, reason: str, folder: Path) -> None:
    """Bỏ lệnh tạm giữ NUMBER: thời hạn lưu lại có hiệu lực.

    Release a hold: the rules of retention count again.
    """
    from gateway.office import now

    asyncio.run(
        _with_holding(folder, lambda it: it.release(number, reason=reason, by=operator_name(), at=now()))
    )
    show(done(f"Đã bỏ tạm giữ số {number}", f"hold {number} is released"))


async def _with_holding(folder: Path, ask: "Callable[[Holding], Awaitable[Told]]") -> Told:
    from gateway.exchange.holding import Holding

    async with open_node(folder) as office:
        return await ask(Holding(database=office.database, directory=office.directory, notary=office.notary))


@hold.command("list")
@click.option("--all", "everything", is_flag=True, help="Cả lệnh đã bỏ. · Released ones, too.")
@directory_option
@json_option
def list_all(everything: bool, folder: Path, as_json: bool) -> None:
    """Liệt kê các lệnh tạm giữ đang hiệu lực.

    List the holds in force.
    """
    found = asyncio.run(_list(folder, everything))
    if as_json:
        show_json([asdict(each) for each in found])
    elif not found:
        show(both("  Không tạm giữ gì.", "nothing is held"))
    else:
        show(
            grid(
                ("Số", "no.", "right"),
                ("Đối tượng", "what"),
                ("Lý do", "why"),
                ("Lúc", "since", "keep"),
                ("Người đặt", "by"),
                ("Bỏ", "released"),
                rows=[_row(each) for each in found],
            )
        )


async def _list(folder: Path, everything: bool) -> "list[Hold]":
    from gateway.store.holds import list_holds

    async with open_records(folder) as database:
        return await list_holds(database, released=everything)


def _row(each: "Hold") -> "tuple[str | Text | None, ...]":
    what = words((each.notation or "", "bold"), f"\n{each.document_id}")
    return (
        str(each.id),
        what if each.agency is None else words((each.agency, "bold")),
        each.reason,
        local_stacked(each.placed_at),
        each.placed_by,
        None if each.released_at is None else f"{each.released_by}: {each.release_reason}",
    )
