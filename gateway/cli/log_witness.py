"""``lienthong log witness``: what was seen of other logs, what contradicted it, and how to begin again."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, meant_folder, open_node, open_records, operator_name
from gateway.cli.terminal import both, done, grid, heading, json_option, local, number, show, show_json, words

if TYPE_CHECKING:
    from gateway.store.checkpoints import Contradiction, Seen


@click.group(invoke_without_command=True)
@directory_option
@json_option
@click.pass_context
def witness(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Những nhật ký nút này theo dõi, và mâu thuẫn đã thấy.

    The logs that this node watches: the newest checkpoint seen of each, and every contradiction, with both
    notes. Exit code 1 while one is not settled.
    """
    if ctx.invoked_subcommand is None:
        ctx.exit(asyncio.run(_show_seen(meant_folder(ctx, folder), as_json=as_json)))


async def _show_seen(folder: Path, *, as_json: bool) -> int:
    from gateway.store.checkpoints import list_contradictions, list_seen

    async with open_records(folder) as database:
        seen, contradictions = await list_seen(database), await list_contradictions(database)
    if as_json:
        show_json(
            {
                "seen": [_seen_facts(each) for each in seen],
                "contradictions": [_facts(c) for c in contradictions],
            }
        )
    else:
        _tell(seen, contradictions)
    return 1 if any(each.settled_at is None for each in contradictions) else 0


def _seen_facts(seen: "Seen") -> dict[str, Any]:
    return {"log": seen.origin, "size": seen.size, "at": seen.seen_at, "note": seen.note.decode()}


def _facts(contradiction: "Contradiction") -> dict[str, Any]:
    return {
        "log": contradiction.origin,
        "verdict": contradiction.verdict.value,
        "at": contradiction.shown_at,
        "settled_at": contradiction.settled_at,
        "seen": contradiction.seen.decode(),
        "shown": contradiction.shown.decode(),
    }


def _tell(seen: "list[Seen]", contradictions: "list[Contradiction]") -> None:
    from gateway.exchange.words import VERDICTS

    if not seen and not contradictions:
        show(both("  Chưa thấy nhật ký nào; xem audit.peers.", "no log has been seen; see audit.peers"))
    if seen:
        columns = ("Nhật ký", "log"), ("Số mục", "entries", "right"), ("Thấy lúc", "seen at", "keep")
        show(grid(*columns, rows=[(each.origin, number(each.size), local(each.seen_at)) for each in seen]))
    for each in contradictions:
        vi, en = VERDICTS[each.verdict]
        settled = each.settled_at is not None
        state = f"đã giải quyết {local(each.settled_at)}" if settled else "CHƯA GIẢI QUYẾT"
        show(
            heading(f"✗ {each.origin}: {vi}, {local(each.shown_at)}, {state}", en),
            words("  Đã thấy trước · seen before\n", (each.seen.decode(errors="replace"), "dim")),
            words("  Nay đưa ra · shown now\n", (each.shown.decode(errors="replace"), "dim")),
        )


@witness.command("forget")
@click.argument("origin", metavar="ORIGIN")
@directory_option
@click.pass_context
def forget(ctx: click.Context, origin: str, folder: Path) -> None:
    """Bắt đầu lại với nhật ký ORIGIN. Khi bên giữ nó đã giải thích (khôi phục từ bản sao lưu).

    Begin again with the log ORIGIN, once its keeper has said why it contradicts itself: it was restored.
    Recorded in this node's log; the contradicting notes stay.
    """
    asyncio.run(_forget(meant_folder(ctx, folder), origin))
    show(done(f"Bắt đầu lại với nhật ký {origin}", "what was seen of it is forgotten"))


async def _forget(folder: Path, origin: str) -> None:
    from gateway.exchange.checkpoints import log_name
    from gateway.exchange.witness import Witness
    from gateway.office import now

    async with open_node(folder) as office:
        name = log_name(office.config.agency_code)
        watcher = Witness(database=office.database, notary=office.notary, name=name)
        await watcher.forget(origin, by=operator_name(), at=now())
