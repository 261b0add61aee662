"""``lienthong dispatch``: what failed or waits, sent again, hastened, cancelled, left as it is."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from gateway.cli.node import directory_option, open_node, open_records, operator_name
from gateway.cli.terminal import (
    both,
    counted,
    done,
    grid,
    json_option,
    local,
    plain,
    show,
    show_json,
    stacked,
    words,
)

if TYPE_CHECKING:
    from gateway.exchange.intervention import Intervention
    from gateway.model.identifiers import DispatchId
    from gateway.model.people import User
    from gateway.store.attention import Trouble

reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Lý do, ghi vào nhật ký. · Why; it stands in the log."
)
Done = TypeVar("Done")
_LISTED = 500


@click.group()
def dispatch() -> None:
    """Lượt chuyển: cái đã thất bại, cái đang chờ; gửi lại, hủy.

    What failed, what waits; send again, cancel. A running server takes it up within a second.
    """


@dispatch.command("list")
@click.option("--failed", is_flag=True, help="Chỉ cái đã thất bại. · Only what failed.")
@click.option("--waiting", is_flag=True, help="Chỉ cái đang chờ trục. · Only what waits for the axis.")
@directory_option
@json_option
def list_dispatches(failed: bool, waiting: bool, folder: Path, as_json: bool) -> None:
    """Liệt kê lượt chuyển thất bại và đang chờ trục.

    List what failed and was neither sent again nor dismissed, and what waits for the axis.
    """
    found = asyncio.run(_list(folder, failed=failed or not waiting, waiting=waiting or not failed))
    if as_json:
        show_json([_facts(each) for each in found])
    elif not found:
        show(both("  Không có lượt chuyển nào thất bại hay đang chờ.", "nothing failed, nothing waits"))
    else:
        _show(found)


async def _list(folder: Path, *, failed: bool, waiting: bool) -> "list[Trouble]":
    from gateway.office import now
    from gateway.store.attention import list_failed, list_waiting_long

    async with open_records(folder) as database:
        found = await list_failed(database, None, limit=_LISTED) if failed else []
        return found + (
            await list_waiting_long(database, None, before=now(), limit=_LISTED) if waiting else []
        )


def _facts(each: "Trouble") -> dict[str, object]:
    return {
        "dispatch": each.id,
        "package": each.package_id,
        "state": each.state,
        "destination": each.destination,
        "from": each.sender,
        "to": list(each.recipients),
        "notation": each.notation,
        "attempts": each.attempt_count,
        "outcome_unknown": each.unknown,
        "created_at": each.created_at,
        "ended_at": each.ended_at,
        "fault": each.fault,
    }


def _show(found: "list[Trouble]") -> None:
    from gateway.exchange.words import STATE_STYLES, STATES

    show(
        grid(
            ("Lượt chuyển, từ lúc", "dispatch, since", "keep"),
            ("Văn bản", "document"),
            ("Từ → tới", "from → to", "keep"),
            ("Tình trạng", "state"),
            rows=[
                (
                    stacked(each.id, local(each.created_at)),
                    plain(each.notation or "?"),
                    f"{each.sender}\n→ {', '.join(each.recipients)}",
                    words(
                        (STATES[each.destination, each.state][0], STATE_STYLES[each.state]),
                        f"\n{plain(each.fault or '')}",
                    ),
                )
                for each in found
            ],
        ),
        both(f"\n  {len(found)} lượt chuyển", counted(len(found), "dispatch")),
    )


@dispatch.command()
@click.argument("ids", metavar="[ID…]", nargs=-1)
@click.option("--all-failed", is_flag=True, help="Tất cả cái đã thất bại. · Everything that failed.")
@click.option("--reason", metavar="TEXT", help="Lý do, nếu muốn ghi. · Why, if that should stand there.")
@directory_option
@json_option
def resend(ids: tuple[str, ...], all_failed: bool, reason: str | None, folder: Path, as_json: bool) -> None:
    """Gửi lại những lượt chuyển đã bị từ chối hoặc hết hạn.

    Send again what was refused or expired, each as a new dispatch; asked twice it is sent once.
    """
    if bool(ids) == all_failed:
        raise click.UsageError("nêu ID, hoặc --all-failed / give IDs, or --all-failed")
    followers = asyncio.run(_resend(folder, ids, reason))
    if as_json:
        show_json([{"dispatch": old, "again": new} for old, new in followers.items()])
        return
    for old, new in followers.items():
        show(done(f"{old} → {new}", "sent again"))
    show(both(f"  Đã gửi lại {len(followers)} lượt chuyển.", f"{len(followers)} sent again"))


async def _resend(folder: Path, ids: tuple[str, ...], reason: str | None) -> "dict[DispatchId, DispatchId]":
    from gateway.model.identifiers import DispatchId
    from gateway.office import now

    if not ids:
        ids = tuple(each.id for each in await _list(folder, failed=True, waiting=False))
    if not ids:
        return {}
    wanted = [DispatchId(one) for one in ids]
    return await _by_hand(folder, lambda hand, by: hand.resend(wanted, by=by, reason=reason, at=now()))


@dispatch.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@directory_option
@json_option
def hasten(ids: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Cho những lượt đang chờ được thử ngay.

    Let what waits for the axis be tried now.
    """
    from gateway.model.identifiers import DispatchId
    from gateway.office import now

    wanted = [DispatchId(one) for one in ids]
    asyncio.run(_by_hand(folder, lambda hand, by: hand.hasten(wanted, by=by, at=now())))
    _tell({"hastened": list(ids)}, f"Sẽ thử ngay {len(ids)} lượt chuyển", "due now", as_json=as_json)


@dispatch.command()
@click.argument("one", metavar="ID")
@reason_option
@directory_option
@json_option
def cancel(one: str, reason: str, folder: Path, as_json: bool) -> None:
    """Hủy một lượt còn chờ gửi lên trục. Bên gửi được báo trạng thái 02.

    Cancel a dispatch that still waits for the axis; its sender is told by a status 02.
    """
    from gateway.model.identifiers import DispatchId
    from gateway.office import now

    asyncio.run(
        _by_hand(folder, lambda hand, by: hand.cancel(DispatchId(one), by=by, reason=reason, at=now()))
    )
    _tell({"cancelled": one}, f"Đã hủy lượt chuyển {one}", "cancelled", as_json=as_json)


@dispatch.command()
@click.argument("ids", metavar="ID…", nargs=-1, required=True)
@reason_option
@directory_option
@json_option
def dismiss(ids: tuple[str, ...], reason: str, folder: Path, as_json: bool) -> None:
    """Để yên những lượt đã thất bại. Chúng không còn trong danh sách cần xử lý.

    Leave failures as they are: they need nobody's attention any more, and stay in the record.
    """
    from gateway.model.identifiers import DispatchId
    from gateway.office import now

    wanted = [DispatchId(one) for one in ids]
    asyncio.run(_by_hand(folder, lambda hand, by: hand.dismiss(wanted, by=by, reason=reason, at=now())))
    _tell({"dismissed": list(ids)}, f"Đã để yên {len(ids)} lượt chuyển", "dismissed", as_json=as_json)


async def _by_hand(folder: Path, act: "Callable[[Intervention, User], Awaitable[Done]]") -> Done:
    from gateway.exchange.ids import Mint
    from gateway.model.people import User, UserId, UserRole
    from gateway.office import furnish_intervention, furnish_own_words
    from gateway.store.ids import newest_id

    name = operator_name()
    by = User(id=UserId(name), login=name, name=name, role=UserRole.OPERATOR, agencies=None)
    async with open_node(folder) as office:
        mint = Mint.after(await newest_id(office.database))
        return await act(furnish_intervention(office, furnish_own_words(office, mint)), by)


def _tell(facts: dict[str, object], vi: str, en: str, *, as_json: bool) -> None:
    if as_json:
        show_json(facts)
    else:
        show(done(vi, en))
