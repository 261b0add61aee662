"""The root of the command line: which commands there are, where each lives, what becomes of errors.

Nothing of ours is imported before a command is called: its line in the help stands here, its code in the
module of the same name.
"""

import contextlib
import errno
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from importlib import import_module

import click

from gateway import __version__
from gateway.cli.misuse import show_misuse
from gateway.cli.terminal import show_faults, show_trouble
from gateway.errors import LienthongError, Misconfiguration

# Of the two files of a copy these are about the one that is written.
_OF_THE_TARGET = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# name: the module it lives in, its line in the help. A command is called like the object in its module.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("gateway.cli.init", "Tạo một nút mới · Make a new node"),
    "serve": ("gateway.cli.serve", "Chạy nút · Run a node"),
    "demo": ("gateway.cli.demo", "Chạy thử cả trục và hai cổng · A hub and two gateways, live"),
    "simulate": ("gateway.cli.simulate", "Mô phỏng cả nước trong một hộp · The nation in a box"),
    "system": (
        "gateway.cli.systems",
        "Hệ thống kết nối, khóa bí mật · Systems and their secrets",
    ),
    "user": ("gateway.cli.people", "Người dùng trang quản trị · People of the console"),
    "agency": ("gateway.cli.agencies", "Danh bạ cơ quan · The directory of agencies"),
    "token": ("gateway.cli.tokens", "Mã truy cập của chương trình · Tokens of programs"),
    "calendar": ("gateway.cli.calendar", "Ngày nghỉ, ngày làm việc · The working calendar"),
    "axis": ("gateway.cli.axis", "Đường lên trục; đăng ký cơ quan · The axis above"),
    "check": ("gateway.cli.check", "Kiểm tra, giải thích gói tin · Check and explain a package"),
    "send": ("gateway.cli.send", "Gửi gói tin như một hệ thống · Send a package as a system"),
    "mailbox": ("gateway.cli.mailbox", "Hộp chờ nhận của một hệ thống · A system's mailbox"),
    "document": ("gateway.cli.documents", "Văn bản và đường đi của nó · Documents and their way"),
    "remind": ("gateway.cli.remind", "Xem ai sắp được nhắc việc · Who would be reminded now"),
    "dispatch": ("gateway.cli.dispatches", "Gửi lại, hủy lượt chuyển · Send again, cancel"),
    "obligation": ("gateway.cli.obligations", "Nhiệm vụ, hồ sơ, đơn thư · What agencies owe by a day"),
    "figures": ("gateway.cli.figures", "Số liệu của một kỳ · Figures of a period"),
    "report": ("gateway.cli.report", "Báo cáo của một kỳ ra tệp · A period's report as a file"),
    "register": ("gateway.cli.register", "Sổ văn bản đi, đến ra tệp · The register as a file"),
    "evidence": (
        "gateway.cli.evidence",
        "Hồ sơ bằng chứng cho kiểm toán · Evidence bundles for auditors",
    ),
    "verify": ("gateway.cli.verify", "Kiểm tra hồ sơ bằng chứng · Verify an evidence bundle"),
    "log": ("gateway.cli.log", "Nhật ký và biên nhận · The audit log and its receipts"),
    "hold": ("gateway.cli.hold", "Tạm giữ nội dung khỏi bị xóa · Keep content from being erased"),
    "archive": ("gateway.cli.archive", "Lưu trữ thành tệp kiểm chứng được · Archives to be checked"),
    "backup": ("gateway.cli.backup", "Sao lưu, cả khi đang chạy · Back a node up, running or not"),
    "restore": ("gateway.cli.restore", "Khôi phục từ bản sao lưu · Restore a backup"),
    "move": ("gateway.cli.move", "Chuyển dữ liệu sang nơi khác · Move a node's records elsewhere"),
    "doctor": ("gateway.cli.doctor", "Khám thư mục dữ liệu · Examine a data directory"),
}


class Root(click.Group):
    """The group of all commands; loads a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List them in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the name of a command."""
        with _telling_misuse():
            return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Put the command itself in the place of its line in the help."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name in COMMANDS else command, rest

    def invoke(self, ctx: click.Context) -> object:
        """Run a command and turn what we foresaw into words: 1 for no, 2 for something to be set right."""
        try:
            with _telling_misuse():
                return super().invoke(ctx)
        except LienthongError as error:
            show_faults(error.faults)
            ctx.exit(2 if isinstance(error, Misconfiguration) else 1)
        except _database_errors() as error:
            said = str(error).partition("\n")[0]
            show_trouble("database-unusable", "", f"không dùng được cơ sở dữ liệu: {said}", said)
            ctx.exit(2)
        except OSError as error:
            is_full = error.errno in _OF_THE_TARGET
            # A closed pipe, the network: not a file somebody named.
            if error.filename is None and not is_full:
                raise
            words = error.strerror or type(error).__name__
            named = (error.filename2 if is_full else None) or error.filename
            show_trouble("file-unusable", str(named or ""), f"không dùng được tệp: {words}", words)
            ctx.exit(2)


@contextlib.contextmanager
def _telling_misuse() -> Iterator[None]:
    """Tell of a command typed wrongly in our words, with click's exit code."""
    try:
        yield
    except click.UsageError as error:
        show_misuse(error)
        raise click.exceptions.Exit(error.exit_code) from error


def _database_errors() -> tuple[type[Exception], ...]:
    """Name the errors of the engines in use; PostgreSQL's client is loaded only where it is needed."""
    psycopg = sys.modules.get("psycopg")
    return (sqlite3.Error,) if psycopg is None else (sqlite3.Error, psycopg.Error)


def _load(name: str) -> click.Command:
    place = COMMANDS[name][0]
    try:
        module = import_module(place)
    except ModuleNotFoundError as error:
        if error.name != place:
            raise
        raise click.ClickException(f"bản cài này không có lệnh {name} / {name} is not installed") from error
    command: click.Command = getattr(module, name)
    return command


@click.group(
    cls=Root,
    commands={name: click.Command(name, short_help=line) for name, (_, line) in COMMANDS.items()},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", message="lienthong %(version)s")
def lienthong() -> None:
    """Liên Thông: cổng trao đổi văn bản điện tử (edXML, VXP).

    The gateway through which public agencies exchange official electronic documents.

    \b
    Bắt đầu · Start here:
      lienthong demo --once
      lienthong init DIR --role gateway --name "Sở Y tế" --agency-code 000.00.12.H57
    """


def main() -> None:
    """Run the command line as a program."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot write Vietnamese shows question marks; it does not stop the command.
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError):
                stream.reconfigure(errors="replace")
    # Packages, papers and exports are nobody's on this machine but the account's and its group's.
    os.umask(os.umask(0) | 0o007)
    lienthong(prog_name="lienthong")
