"""``lienthong user disable``, ``reset-password``, ``sessions`` …: what is done to one account."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gateway.cli.node import directory_option, open_node, operator_name
from gateway.cli.terminal import (
    both,
    counted,
    done,
    grid,
    heading,
    json_option,
    local,
    show,
    show_json,
    words,
)

if TYPE_CHECKING:
    from gateway.exchange.people import People
    from gateway.model.people import User, Visit

Result = TypeVar("Result")


@click.command()
@click.argument("login")
@directory_option
@json_option
def disable(login: str, folder: Path, as_json: bool) -> None:
    """Khóa tài khoản LOGIN; các phiên kết thúc ngay.

    Close an account and end its sessions; what its owner did stays in the log.
    """
    _act_on(folder, login, lambda people, one, by, at: people.disable_user(one.id, by=by, at=at))
    _say(login, as_json=as_json, fact="disabled", vi="Đã khóa tài khoản", en="user disabled")


@click.command()
@click.argument("login")
@directory_option
@json_option
def enable(login: str, folder: Path, as_json: bool) -> None:
    """Mở lại tài khoản LOGIN.

    Open a closed account again, with what it had.
    """
    _act_on(folder, login, lambda people, one, by, at: people.enable_user(one.id, by=by, at=at))
    _say(login, as_json=as_json, fact="enabled", vi="Đã mở lại tài khoản", en="user enabled")


@click.command("reset-password")
@click.argument("login")
@directory_option
@json_option
def reset_password(login: str, folder: Path, as_json: bool) -> None:
    """Cấp mật khẩu dùng một lần cho LOGIN.

    Give a user a one-time password, shown this once, good for three days.
    """
    password = _act_on(folder, login, lambda people, one, by, at: people.reset_password(one.id, by=by, at=at))
    if as_json:
        show_json({"login": login, "one_time_password": password})
        return
    show(done(f"Đã đặt lại mật khẩu của {login}", "password reset"))
    show_one_time_password(password)


@click.command("reset-totp")
@click.argument("login")
@directory_option
@json_option
def reset_totp(login: str, folder: Path, as_json: bool) -> None:
    """Gỡ xác thực hai lớp của LOGIN, khi mất điện thoại.

    Ask a user whose phone is lost for no code any more.
    """
    _act_on(folder, login, lambda people, one, by, at: people.reset_totp(one.id, by=by, at=at))
    _say(login, as_json=as_json, fact="reset", vi="Đã gỡ xác thực hai lớp của", en="second factor removed")


@click.command()
@click.argument("login")
@directory_option
@json_option
def unbind(login: str, folder: Path, as_json: bool) -> None:
    """Gỡ LOGIN khỏi tài khoản đăng nhập một lần đã gắn.

    Forget which account of the identity provider belongs to a user; the next one with the login is taken.
    """
    _act_on(folder, login, lambda people, one, by, at: people.unbind_provider(one.id, by=by, at=at))
    _say(login, as_json=as_json, fact="unbound", vi="Đã gỡ đăng nhập một lần của", en="provider forgotten")


@click.command()
@click.argument("login")
@directory_option
@json_option
def sessions(login: str, folder: Path, as_json: bool) -> None:
    """Liệt kê các phiên đang mở của LOGIN.

    List where a user is signed in.
    """
    visits = _act_on(folder, login, lambda people, one, by, at: people.list_sessions(one.id, at=at))
    if as_json:
        show_json([_visit_facts(visit) for visit in visits])
        return
    if not visits:
        show(both(f"  {login} không có phiên nào đang mở.", "signed in nowhere"))
        return
    show(
        grid(
            ("Từ lúc", "since", "keep"),
            ("Dùng lần cuối", "last used", "keep"),
            ("Địa chỉ", "address", "keep"),
            ("Cách", "way", "keep"),
            ("Phiên", "session"),
            rows=[
                (local(one.began_at), local(one.seen_at), one.address, one.way.value, one.id)
                for one in visits
            ],
        )
    )


@click.command("end-sessions")
@click.argument("login")
@directory_option
@json_option
def end_sessions(login: str, folder: Path, as_json: bool) -> None:
    """Kết thúc mọi phiên của LOGIN.

    Sign a user out everywhere.
    """
    count = _act_on(folder, login, lambda people, one, by, at: people.end_all(one.id, by=by, at=at))
    if as_json:
        show_json({"login": login, "ended": count})
    else:
        show(done(f"Đã kết thúc {count} phiên của {login}", f"{counted(count, 'session')} ended"))


def show_one_time_password(password: str) -> None:
    """Show a one-time password, this once."""
    show(
        heading("Mật khẩu dùng một lần", "one-time password"),
        words("  ", (password, "bold yellow")),
        both("  Chỉ hiện một lần này; dùng trong ba ngày.", "shown this once; good for three days"),
    )


async def find_user(people: "People", login: str) -> "User":
    """Find somebody by login.

    Errors: Refusal ``no-such-user``.
    """
    from gateway.exchange.sessions import no_such_user

    account = await people.find_user(login)
    if account is None:
        raise no_such_user(login)
    return account.user


def with_people(folder: Path, act: "Callable[[People], Awaitable[Result]]") -> Result:
    """Open a node and do something with its people."""
    from gateway.back_office import furnish_people

    async def run() -> Result:
        async with open_node(folder) as office:
            return await act(furnish_people(office))

    return asyncio.run(run())


def _act_on(
    folder: Path, login: str, act: "Callable[[People, User, str, datetime], Awaitable[Result]]"
) -> Result:
    from gateway.office import now

    async def on_user(people: "People") -> Result:
        return await act(people, await find_user(people, login), operator_name(), now())

    return with_people(folder, on_user)


def _say(login: str, *, as_json: bool, fact: str, vi: str, en: str) -> None:
    if as_json:
        show_json({fact: login})
    else:
        show(done(f"{vi} {login}", en))


def _visit_facts(visit: "Visit") -> dict[str, object]:
    return {
        "session": visit.id,
        "began_at": visit.began_at,
        "seen_at": visit.seen_at,
        "address": visit.address,
        "way": visit.way.value,
    }


ACTS: tuple[click.Command, ...] = (
    disable,
    enable,
    reset_password,
    reset_totp,
    unbind,
    sessions,
    end_sessions,
)
