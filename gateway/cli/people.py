"""``lienthong user``: who may sign in to the console, as what, and for which agencies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.accounts import ACTS, find_user, show_one_time_password, with_people
from gateway.cli.node import directory_option, operator_name
from gateway.cli.terminal import (
    both,
    card,
    done,
    grid,
    json_option,
    local,
    local_stacked,
    show,
    show_json,
    stacked,
    words,
)

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from gateway.exchange.people import People
    from gateway.model.identifiers import AgencyCode
    from gateway.model.people import Account, User

_ROLES = ["clerk", "operator", "administrator", "auditor", "viewer"]

role_option = click.option(
    "--role",
    type=click.Choice(_ROLES),
    help="Văn thư, vận hành, quản trị, kiểm toán, người xem. · What somebody is here.",
)
agency_option = click.option(
    "--agency",
    "agencies",
    multiple=True,
    metavar="CODE[,CODE…]",
    help="Chỉ các cơ quan này; không nêu là tất cả. · For these agencies only.",
)


@click.group()
def user() -> None:
    """Người dùng trang quản trị: văn thư, vận hành, quản trị, kiểm toán, người xem.

    The people who sign in to the console. A running server notices a change at once.
    """


for _act in ACTS:
    user.add_command(_act)


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="Họ tên. · Full name.")
@role_option
@agency_option
@click.option("--mail", help="Thư điện tử. · Mail address.")
@directory_option
@json_option
def add(
    login: str,
    name: str,
    role: str | None,
    agencies: tuple[str, ...],
    mail: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Thêm người dùng LOGIN và cấp mật khẩu dùng một lần.

    Add a user with a one-time password, shown this once, good for three days, changed at the first sign-in.
    """
    from gateway.model.people import UserRole
    from gateway.office import now

    if role is None:
        raise click.UsageError(f"cần --role: {', '.join(_ROLES)} / --role is needed")

    async def act(people: "People") -> "tuple[User, str]":
        return await people.add_user(
            login,
            name=name,
            role=UserRole(role),
            agencies=_codes(agencies),
            mail=mail,
            by=operator_name(),
            at=now(),
        )

    added, password = with_people(folder, act)
    if as_json:
        show_json({**_user_facts(added), "one_time_password": password})
        return
    show(done(f"Đã thêm người dùng {added.login}", "user added"), _card(added))
    show_one_time_password(password)


@user.command("list")
@directory_option
@json_option
def list_users(folder: Path, as_json: bool) -> None:
    """Liệt kê người dùng.

    List the users, disabled ones included.
    """
    accounts = with_people(folder, lambda people: people.list_users())
    if as_json:
        show_json([_account_facts(account) for account in accounts])
        return
    if not accounts:
        show(both("  Chưa có ai: lienthong user add", "nobody yet"))
        return
    show(
        grid(
            ("Đăng nhập", "login", "keep"),
            ("Họ tên", "name"),
            ("Vai trò", "role"),
            ("Cơ quan", "agencies"),
            ("Hai lớp", "2nd factor"),
            ("Lần cuối", "last here", "keep"),
            ("Tình trạng", "state"),
            rows=[_row(account) for account in accounts],
        )
    )


@user.command()
@click.argument("login")
@click.option("--name", help="Họ tên. · Full name.")
@role_option
@agency_option
@click.option("--all-agencies", is_flag=True, help="Mọi cơ quan của nút. · For every agency.")
@click.option("--mail", help="Thư điện tử; để trống là không có. · Mail address; empty for none.")
@directory_option
@json_option
def edit(
    login: str,
    name: str | None,
    role: str | None,
    agencies: tuple[str, ...],
    all_agencies: bool,
    mail: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Sửa người dùng LOGIN; phần không nêu giữ nguyên.

    Change a user; what is not named stays. With another role or other agencies the user signs in again.
    """
    from dataclasses import replace

    from gateway.model.people import UserRole
    from gateway.office import now

    if agencies and all_agencies:
        raise click.UsageError("--agency hoặc --all-agencies / one of the two")

    async def act(people: "People") -> "User":
        before = await find_user(people, login)
        changed = replace(
            before,
            name=before.name if name is None else name,
            role=before.role if role is None else UserRole(role),
            agencies=_codes(agencies) if agencies or all_agencies else before.agencies,
            mail=before.mail if mail is None else mail or None,
        )
        return await people.edit_user(changed, by=operator_name(), at=now())

    edited = with_people(folder, act)
    if as_json:
        show_json(_user_facts(edited))
    else:
        show(done(f"Đã sửa người dùng {edited.login}", "user changed"), _card(edited))


def _codes(agencies: tuple[str, ...]) -> "frozenset[AgencyCode] | None":
    from gateway.model.identifiers import normalise_code

    codes = [normalise_code(code) for part in agencies for code in part.split(",") if code.strip()]
    return frozenset(codes) if agencies else None


def _card(one: "User") -> "Table":
    from gateway.exchange.words import ROLES

    return card(
        [
            ("Họ tên", "name", one.name),
            ("Vai trò", "role", both(*ROLES[one.role])),
            ("Cơ quan", "agencies", _agencies(one)),
            ("Thư điện tử", "mail", one.mail),
        ]
    )


def _agencies(one: "User") -> str:
    return "tất cả · all" if one.agencies is None else ", ".join(sorted(one.agencies))


def _row(account: "Account") -> "list[str | Text | None]":
    from gateway.exchange.words import ROLES

    if account.disabled_at is not None:
        state = words((f"đã khóa {local(account.disabled_at)[:10]}", "red"))
    elif account.must_change:
        state = words(("chờ đổi mật khẩu", "yellow"))
    else:
        state = words(("đang dùng", "green"))
    one = account.user
    return [
        one.login,
        one.name,
        stacked(*ROLES[one.role]),
        "tất cả" if one.agencies is None else "\n".join(sorted(one.agencies)),
        words(("✓", "green")) if account.second_factor else "",
        local_stacked(account.signed_in_at) if account.signed_in_at else "chưa",
        state,
    ]


def _user_facts(one: "User") -> dict[str, object]:
    return {
        "login": one.login,
        "name": one.name,
        "role": one.role.value,
        "agencies": None if one.agencies is None else sorted(one.agencies),
        "mail": one.mail,
    }


def _account_facts(account: "Account") -> dict[str, object]:
    return {
        **_user_facts(account.user),
        "second_factor": account.second_factor,
        "must_change": account.must_change,
        "provider": account.bound,
        "created_at": account.created_at,
        "signed_in_at": account.signed_in_at,
        "disabled_at": account.disabled_at,
    }
