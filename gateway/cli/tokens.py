"""``lienthong token``: which programs may read figures or give work, and for which agencies."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gateway.cli.node import directory_option, open_node, operator_name
from gateway.cli.terminal import both, card, done, grid, json_option, local, show, show_json, words

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.exchange.tokens import Tokens
    from gateway.model.token import Token

Result = TypeVar("Result")


@click.group()
def token() -> None:
    """Mã truy cập của chương trình khác: trung tâm giám sát, phần mềm một cửa.

    Tokens of other programs. A running server notices a change at once.
    """


@token.command()
@click.argument("name")
@click.option(
    "--agency",
    "agencies",
    multiple=True,
    metavar="CODE[,CODE…]",
    help="Chỉ các cơ quan này; không nêu là tất cả. · For these agencies only.",
)
@click.option("--may-write", is_flag=True, help="Được giao, gia hạn, kết thúc việc. · May give and end work.")
@directory_option
@json_option
def add(name: str, agencies: tuple[str, ...], may_write: bool, folder: Path, as_json: bool) -> None:
    """Cấp mã truy cập cho chương trình NAME; mã chỉ hiện một lần.

    Give a program a token, shown this once.
    """
    from gateway.model.identifiers import normalise_code
    from gateway.office import now

    codes = frozenset(normalise_code(code) for part in agencies for code in part.split(",") if code.strip())

    async def act(tokens: "Tokens") -> "tuple[Token, str]":
        return await tokens.add_token(
            name, agencies=codes if agencies else None, may_write=may_write, by=operator_name(), at=now()
        )

    added, text = asyncio.run(_with_tokens(folder, act))
    if as_json:
        show_json({**_facts(added), "token": text})
        return
    show(
        done(f"Đã cấp mã truy cập cho {added.name}", "token given"),
        card(
            [
                ("Quyền", "rights", _rights(added)),
                ("Cơ quan", "agencies", _agencies(added)),
                ("Mã truy cập", "token", words((text, "bold"))),
            ]
        ),
        both("\n  Mã chỉ hiện lần này; hãy giao tận tay.", "it is shown this once"),
    )


@token.command("list")
@directory_option
@json_option
def list_tokens(folder: Path, as_json: bool) -> None:
    """Liệt kê mã truy cập.

    List the tokens, disabled ones included.
    """
    tokens = asyncio.run(_with_tokens(folder, lambda tokens: tokens.list_tokens()))
    if as_json:
        show_json([_facts(each) for each in tokens])
        return
    if not tokens:
        show(both("  Chưa có mã truy cập nào: lienthong token add", "no token yet"))
        return
    show(
        grid(
            ("Chương trình", "program", "keep"),
            ("Quyền", "rights"),
            ("Cơ quan", "agencies"),
            ("Cấp ngày", "given", "keep"),
            ("Dùng gần nhất", "last used", "keep"),
            ("Tình trạng", "state"),
            rows=[
                [
                    each.name,
                    _rights(each),
                    _agencies(each),
                    local(each.created_at)[:10],
                    "chưa" if each.last_used_on is None else f"{each.last_used_on:%d/%m/%Y}",
                    _state(each),
                ]
                for each in tokens
            ],
        )
    )


@token.command()
@click.argument("name")
@directory_option
@json_option
def disable(name: str, folder: Path, as_json: bool) -> None:
    """Ngắt mã truy cập của chương trình NAME.

    Disable a token: nothing is answered to it any more. What was done with it stays in the log.
    """
    from gateway.office import now

    async def act(tokens: "Tokens") -> None:
        await tokens.disable_token(name, by=operator_name(), at=now())

    asyncio.run(_with_tokens(folder, act))
    if as_json:
        show_json({"disabled": name})
    else:
        show(done(f"Đã ngắt mã truy cập của {name}", "token disabled"))


async def _with_tokens(folder: Path, act: "Callable[[Tokens], Awaitable[Result]]") -> Result:
    async with open_node(folder) as office:
        return await act(office.tokens)


def _rights(one: "Token") -> "Text":
    from gateway.exchange.sentences import RIGHTS

    return both(*RIGHTS["write" if one.may_write else "read"])


def _agencies(one: "Token") -> str:
    return "tất cả · all" if one.agencies is None else "\n".join(sorted(one.agencies))


def _state(one: "Token") -> "Text":
    if one.disabled_at is not None:
        return words((f"đã ngắt {local(one.disabled_at)[:10]}", "red"))
    return words(("đang dùng", "green"))


def _facts(one: "Token") -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "agencies": None if one.agencies is None else sorted(one.agencies),
        "may_write": one.may_write,
        "created_at": one.created_at,
        "last_used_on": one.last_used_on,
        "disabled_at": one.disabled_at,
    }
