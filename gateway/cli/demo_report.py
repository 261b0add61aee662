"""What the demo shows before and after its story: who takes part, what became of it all, where to look."""

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from gateway.cli.terminal import both, heading, plain, words
from gateway.sandbox.agencies import HUB_PLAN, MINISTRY_PLAN, PROVINCE_PLAN
from gateway.sandbox.stage import Course, Stage
from gateway.sandbox.world import World

if TYPE_CHECKING:
    from rich.console import RenderableType

# Wide enough for the table, narrow enough for every terminal and for paper.
_WIDTH = 100
_NOTHING_YET = "chưa có tin"


def tell_world(world: World) -> "list[RenderableType]":
    """Show who takes part and where each listens."""
    table = Table.grid(padding=(0, 2))
    for node in world.nodes.values():
        table.add_row(
            Text.assemble("    ", (node.plan.title, ""), (f" · {node.plan.title_en}", "dim")),
            plain(node.url),
            Text(", ".join(desk.id for desk in node.plan.desks), "dim"),
        )
    return [table]


def tell_report(stage: Stage, *, seconds: float, all_well: bool) -> "list[RenderableType]":
    """Show what became of every document, what was refused, and what that proves."""
    parts: list[RenderableType] = [heading("Kết quả", "what became of each document"), _courses(stage)]
    if stage.refused:
        parts += [heading("Bị từ chối, đúng như phải thế", "refused, as they should be"), _refusals(stage)]
    parts += [heading("Tổng cộng", "in all"), *_totals(stage), Text("")]
    took = f"{seconds:.1f}".replace(".", ",")
    if all_well:
        parts.append(
            words(("✓ Mọi việc đều đạt", "bold green"), f" sau {took} giây", (" · all is well", "dim"))
        )
    else:
        parts.append(words(("✗ Có việc không đạt", "bold red"), f" sau {took} giây", (" · see above", "dim")))
    return parts


def _courses(stage: Stage) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="", padding=(0, 1), leading=1, width=_WIDTH)
    table.add_column(_title("Văn bản", "document, from"), width=32)
    table.add_column(_title("Nơi nhận: diễn biến", "recipient: what happened"))
    table.add_column(_title("Biên nhận", "receipts"), justify="right", width=9)
    for course in stage.courses.values():
        table.add_row(_document(course), _fates(course), words(("✓ ", "green"), str(course.receipts_count)))
    return table


def _title(vi: str, en: str) -> Text:
    return Text.assemble((vi, "bold"), (f"\n{en}", "dim"))


def _document(course: Course) -> Text:
    letter = course.letter
    return Text.assemble(
        (str(letter.code), "bold"), f"\n{letter.subject}", (f"\n{letter.sender.short}", "dim")
    )


def _fates(course: Course) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=14)
    grid.add_column()
    for recipient, fate in course.fates.items():
        told = Text(" → ".join(fate)) if fate else Text(_NOTHING_YET, "bold red")
        grid.add_row(Text(recipient), told)
    return grid


def _refusals(stage: Stage) -> Table:
    grid = Table.grid(padding=(0, 2))
    for refused in stage.refused:
        reasons = Text("\n").join(both(reason.vi, reason.en) for reason in refused.reasons)
        grid.add_row(words("  ", ("✗ ", "red"), str(refused.letter.code)), Text(refused.what.vi), reasons)
    return grid


def _totals(stage: Stage) -> Iterator[Text]:
    sent_count = sum(len(clerk.outbox) for clerk in stage.world.desks())
    rows = [
        (f"{len(stage.courses)} văn bản, {sent_count} gói tin các đơn vị gửi", "documents; packages sent"),
        (f"{stage.arrivals_count} lượt đến nơi, PDF nguyên vẹn, chữ ký hợp lệ", "arrivals, all intact"),
        (f"{stage.words_count} trạng thái về đến bên gửi", "statuses heard by the sender"),
        (f"{stage.receipts_count} biên nhận ký số, đã kiểm tra từng cái", "receipts verified"),
    ]
    for log in stage.logs:
        vi = f"nhật ký {log.node.plan.folder}: {log.entries_count} mục, {len(log.receipts)} biên nhận"
        rows.append((vi, "audit log: entries, receipts"))
    return (Text.assemble("  ", both(vi, en)) for vi, en in rows)


def tell_places(stage: Stage, *, running: bool) -> "list[RenderableType]":
    """Say where to look further; with addresses while everything runs."""
    world = stage.world
    hub, province, ministry = (
        shlex.quote(str(world.nodes[plan.folder].folder)) for plan in (HUB_PLAN, PROVINCE_PLAN, MINISTRY_PLAN)
    )
    code = stage.letters.directive.code
    commands = [
        ("các văn bản đã qua cổng của tỉnh", "documents", f"lienthong document list -d {province}"),
        ("đường đi của một văn bản", "one document", f"lienthong document show {code} -d {ministry}"),
        ("nhật ký của trục", "audit log", f"lienthong log -d {hub}"),
    ]
    if running:
        node = world.nodes[PROVINCE_PLAN.folder]
        account = f"--as qlvb-syt --secret-file {province}/qlvb-syt.secret --to {node.url}/vxp"
        commands.append(("hộp chờ nhận của Sở Y tế", "a mailbox", f"lienthong mailbox list {account}"))
    parts: list[RenderableType] = [heading("Xem thêm", "look further")]
    for vi, en, command in commands:
        parts += [Text.assemble("  # ", both(vi, en), style="dim"), Text(f"  {command}", "cyan")]
    folder = shlex.quote(str(world.folder))
    if running:
        parts.append(both("\nĐang chạy; Ctrl-C để dừng.", "running; Ctrl-C ends it"))
    parts.append(both(f"Dữ liệu ở {folder}; xóa: rm -r {folder}", "everything is kept there"))
    return parts
