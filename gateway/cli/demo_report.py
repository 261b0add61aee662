"""What the demo shows before and after its story: who takes part, what became of it all, where to look."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from gateway.cli.terminal import both, heading, plain, words
from gateway.sandbox.agencies import HUB_PLAN, MINISTRY_PLAN, PROVINCE_PLAN
from gateway.sandbox.samples import leave_samples
from gateway.sandbox.stage import Course, Stage
from gateway.sandbox.world import World

if TYPE_CHECKING:
    from rich.console import RenderableType

# No wider than this, so that the eye finds the line again.
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


def tell_report(stage: Stage, *, seconds: float, all_well: bool, width: int) -> "list[RenderableType]":
    """Show what became of every document, what was refused, and what that proves."""
    courses = _courses(stage, min(width, _WIDTH))
    parts: list[RenderableType] = [heading("Kết quả", "what became of each document"), courses]
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


def _courses(stage: Stage, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="", padding=(0, 1), leading=1, width=width)
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
        (str(letter.code), "bold"), (f" · {letter.sender.short}", "dim"), f"\n{letter.subject}"
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
        (f"{len(stage.courses)} văn bản, {sent_count} gói tin các cơ quan gửi", "documents; packages sent"),
        (f"{stage.arrivals_count} lượt đến nơi, PDF nguyên vẹn, chữ ký hợp lệ", "arrivals, all intact"),
        (f"{stage.words_count} trạng thái về đến bên gửi", "statuses heard by the sender"),
        (f"{stage.receipts_count} biên nhận ký số, đã kiểm tra từng cái", "receipts verified"),
    ]
    for log in stage.logs:
        vi = f"nhật ký {log.node.plan.folder}: {log.entries_count} mục, {len(log.receipts)} biên nhận"
        rows.append((vi, "audit log: entries, receipts"))
    return (Text.assemble("  ", both(vi, en)) for vi, en in rows)


def tell_consoles(world: World) -> "list[RenderableType]":
    """Say where each node's console is, and who may sign in with which password."""
    table = Table.grid(padding=(0, 2))
    for node in world.nodes.values():
        table.add_row()
        table.add_row(Text(f"  {node.plan.title}", "bold"), Text(f"{node.url}/console/", "cyan"))
        for account in node.keys.accounts:
            table.add_row(Text(f"    {account.login}", "bold yellow"), both(*account.who))
    return [
        heading("Trang quản trị: mở bằng trình duyệt", "the consoles, for your browser"),
        table,
        words(
            "\n  Mật khẩu của mọi tài khoản, chỉ cho lần chạy này",
            (" · everybody's password, of this run only: ", "dim"),
            (world.hub.keys.accounts[0].password, "bold yellow"),
        ),
    ]


def tell_places(stage: Stage, *, running: bool) -> "list[RenderableType]":
    """Say where to look further, and what to try while everything runs."""
    parts: list[RenderableType] = [heading("Xem thêm", "look further")]
    for vi, en, command in [*_looking(stage), *(_trying(stage) if running else ())]:
        parts += [Text.assemble("  # ", both(vi, en), style="dim"), Text(f"  {_program()} {command}", "cyan")]
    folder = shlex.quote(str(stage.world.folder))
    parts.append(both(f"\n  Dữ liệu ở {folder}; xóa: rm -r {folder}", "everything is kept there"))
    return parts


def _looking(stage: Stage) -> Iterator[tuple[str, str, str]]:
    hub, province, ministry = (
        shlex.quote(str(stage.world.nodes[plan.folder].folder))
        for plan in (HUB_PLAN, PROVINCE_PLAN, MINISTRY_PLAN)
    )
    code = stage.letters.directive.code
    yield "các văn bản đã qua cổng của tỉnh", "documents", f"document list -d {province}"
    yield "đường đi của một văn bản", "one document", f"document show {code} -d {ministry}"
    yield "nhật ký của trục", "audit log", f"log -d {hub}"


def _trying(stage: Stage) -> Iterator[tuple[str, str, str]]:
    samples = leave_samples(stage)
    hub = stage.world.nodes[HUB_PLAN.folder]
    if samples.refused:
        forged, anchors = shlex.quote(str(samples.refused[0])), shlex.quote(str(hub.folder / "certs"))
        yield "vì sao gói tin bị từ chối", "why it was refused", f"check {forged} --anchors {anchors}"
    unsent = shlex.quote(str(samples.unsent))
    sending = f"send {unsent} {_account(stage, PROVINCE_PLAN.folder, 'qlvb-syt')}"
    yield "gửi một văn bản của Sở Y tế", "send a letter", sending
    looking = f"mailbox list {_account(stage, MINISTRY_PLAN.folder, 'qlvb-bo')}"
    yield "rồi xem hộp chờ nhận của Bộ", "then see it in the ministry's mailbox", looking


def _account(stage: Stage, folder: str, system: str) -> str:
    node = stage.world.nodes[folder]
    secret = shlex.quote(str(node.folder / f"{system}.secret"))
    return f"--as {system} --secret-file {secret} --to {node.url}/vxp"


def _program() -> str:
    """Name this program so that what is shown can be typed."""
    called = Path(sys.argv[0])
    if called.name != "lienthong":
        return f"{shlex.quote(sys.executable)} -m gateway"
    return "lienthong" if shutil.which("lienthong") == str(called.absolute()) else shlex.quote(str(called))
