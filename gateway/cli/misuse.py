"""A command typed wrongly is told as all else is: ``code: where: vi / en``; click speaks English only."""

from collections.abc import Sequence

import click

from gateway.cli.terminal import show_trouble


def show_misuse(error: click.UsageError) -> None:
    """Tell on stderr what is wrong with a command as it was typed, and where its help is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    code, where, vi, en = _told(error)
    help_of = f"{error.ctx.command_path} --help" if error.ctx else "lienthong --help"
    show_trouble(code, where, f"{vi}. Xem: {help_of}", en)


def _told(error: click.UsageError) -> tuple[str, str, str, str]:
    match error:
        case click.NoSuchCommand():
            return "command-unknown", error.command_name, *_unknown("lệnh", "command", error.possibilities)
        case click.NoSuchOption():
            return "option-unknown", error.option_name, *_unknown("tùy chọn", "option", error.possibilities)
        case click.BadOptionUsage():
            vi = "tùy chọn này thiếu giá trị, hoặc không có giá trị"
            return "option-wrong", error.option_name, vi, error.message
        case click.MissingParameter():
            vi = _needed(error.param)
            return "value-missing", _place(error), f"bắt buộc phải có{vi and f': {vi}'}", "this is required"
    vi, _, en = error.message.partition(" / ")
    if en:  # our own word
        return "usage-wrong", _place(error), vi, en
    if isinstance(error, click.BadParameter):
        return "value-wrong", _place(error), f"cần {_needed(error.param) or 'giá trị khác'}", error.message
    return "usage-wrong", "", "thừa hoặc thiếu phần trong câu lệnh", error.message


def _unknown(vi: str, en: str, possibilities: Sequence[str] | None) -> tuple[str, str]:
    likely = ", ".join(possibilities or ())
    if not likely:
        return f"không có {vi} này", f"there is no such {en}"
    return f"không có {vi} này; có phải: {likely}", f"there is no such {en}; did you mean: {likely}"


def _place(error: click.UsageError) -> str:
    """Name the option or argument, without the signs that click puts around it."""
    if not isinstance(error, click.BadParameter):
        return ""
    hint = error.param_hint or (error.param.get_error_hint(error.ctx) if error.param else "") or ""
    return (hint if isinstance(hint, str) else " / ".join(hint)).replace("'", "")


def _needed(param: click.Parameter | None) -> str:
    """Say in Vietnamese what an option or argument takes."""
    match param.type if param else None:
        case click.Choice() as choice:
            return f"một trong: {', '.join(map(str, choice.choices))}"
        case click.Path() as path:
            kind = "tệp" if not path.dir_okay else "thư mục" if not path.file_okay else "đường dẫn"
            return f"{kind} có sẵn, đọc được" if path.exists else kind
        case click.File() as file:
            return "tệp đọc được" if "r" in file.mode else "tệp ghi được"
        case (click.IntRange() | click.FloatRange()) as span:
            ends = (("từ", span.min), ("đến", span.max))
            return " ".join(["số", *(f"{word} {end}" for word, end in ends if end is not None)])
        case click.DateTime():
            return "ngày, như 2026-04-12"
        case click.types.IntParamType():
            return "số nguyên"
    return ""
