"""``lienthong log status``, ``checkpoint``, ``prove``: how the log is vouched for, and what proves it."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, load_node, meant_folder, open_node, open_records
from gateway.cli.terminal import both, card, done, json_option, local, number, show, show_json
from gateway.errors import Delay, Refusal

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.config import Config
    from gateway.exchange.standing import Standing
    from gateway.store.checkpoints import KeptCheckpoint

output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ghi vào tệp; mặc định ra màn hình. · Write into a file.",
)


@click.command("status")
@directory_option
@json_option
@click.pass_context
def show_status(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Nhật ký được ký, đối chứng đến đâu, có báo động không.

    Say how far the log is signed, timestamped and witnessed, and whether anything alarms.
    """
    folder = meant_folder(ctx, folder)
    asyncio.run(_show_status(folder, load_node(folder), as_json=as_json))


async def _show_status(folder: Path, config: "Config", *, as_json: bool) -> None:
    from gateway.exchange.checkpoints import is_as_signed, log_name
    from gateway.exchange.standing import read_standing
    from gateway.office import now
    from gateway.store.checkpoints import count_unstamped

    at = now()
    async with open_records(folder) as database:
        standing = await read_standing(database)
        waiting_count = await count_unstamped(database) if config.audit.timestamp_url else 0
        altered = standing.newest is not None and not await is_as_signed(database, standing.newest)
    if as_json:
        facts = _status_facts(standing, config, waiting_count, at)
        show_json({"log": log_name(config.agency_code), **facts, "altered": altered})
        return
    newest, witnesses = standing.newest, _witnesses(standing)
    show(
        card(
            [
                ("Nhật ký", "log", f"{log_name(config.agency_code)}, {number(standing.size)} mục"),
                ("Điểm chốt", "checkpoint", None if newest is None else _told(newest)),
                (
                    "Chưa ký",
                    "not signed yet",
                    f"{number(standing.size - (newest.size if newest else 0))} mục",
                ),
                ("Dấu thời gian", "timestamp", _stamp_words(standing, config, waiting_count, at)),
                ("Nhân chứng", "witnesses", ", ".join(witnesses) or "chưa có chữ ký"),
                *(
                    (f"Đã thấy {seen.origin}", "seen", f"{number(seen.size)} mục, {local(seen.seen_at)}")
                    for seen in standing.seen
                ),
                ("Báo động", "alarm", _alarm_words(standing, altered=altered)),
            ]
        )
    )


def _status_facts(standing: "Standing", config: "Config", waiting_count: int, at: datetime) -> dict[str, Any]:
    newest, stamped = standing.newest, standing.stamped
    wanted = config.audit.timestamp_url is not None
    return {
        "entries": standing.size,
        "checkpoint": None if newest is None else {"size": newest.size, "at": newest.at},
        "timestamp": None if stamped is None else {"size": stamped.size, "at": stamped.stamped_at},
        "unstamped_since": standing.exposed_since if wanted else None,
        "unstamped_seconds": int(standing.exposed_for(at).total_seconds()) if wanted else 0,
        "unstamped_checkpoints": waiting_count,
        "witnesses": _witnesses(standing),
        "seen": [{"log": seen.origin, "size": seen.size, "at": seen.seen_at} for seen in standing.seen],
        "alarms": [
            {"log": each.origin, "verdict": each.verdict.value, "at": each.shown_at}
            for each in standing.alarms
        ],
    }


def _told(kept: "KeptCheckpoint") -> str:
    return f"{number(kept.size)} mục, {local(kept.at)}"


def _witnesses(standing: "Standing") -> list[str]:
    from gateway.evidence.note import read_signature

    newest = standing.newest
    return [] if newest is None else [read_signature(line).name for line in newest.lines]


def _stamp_words(standing: "Standing", config: "Config", waiting_count: int, at: datetime) -> "Text":
    if config.audit.timestamp_url is None:
        return both("không dùng (audit.timestamp_url)", "no authority is configured")
    stamped = standing.stamped
    last = "chưa có" if stamped is None else f"{number(stamped.size)} mục, {local(stamped.stamped_at)}"
    if standing.exposed_since is None:
        return both(last, "up to the newest checkpoint", "green")
    since, lasting = local(standing.exposed_since), _lasting(standing.exposed_for(at))
    told = f"{last}\nchưa đóng dấu từ {since} ({lasting}), {number(waiting_count)} điểm chốt"
    return both(told, "unstamped since then", "yellow")


def _lasting(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} giờ {minutes} phút" if hours else f"{minutes} phút {seconds} giây"


def _alarm_words(standing: "Standing", *, altered: bool) -> "Text":
    from gateway.exchange.words import VERDICTS

    told = [f"{each.origin}: {VERDICTS[each.verdict][0]}, {local(each.shown_at)}" for each in standing.alarms]
    vi = [*told, *(["xem lienthong log witness"] if told else [])]
    en = ["see lienthong log witness"] if told else []
    if altered:
        vi.insert(0, "nhật ký không còn cho ra gốc đã ký; xem lienthong log verify")
        en.insert(0, "the log no longer gives the root that was signed")
    return both("\n".join(vi), "; ".join(en), "bold red") if vi else both("không", "none", "green")


@click.command("checkpoint")
@output_option
@directory_option
@json_option
@click.pass_context
def make_checkpoint(ctx: click.Context, output: Path | None, folder: Path, as_json: bool) -> None:
    """Lập điểm chốt ngay. Đóng dấu thời gian khi có cơ quan cấp dấu.

    Make a checkpoint now, and have it timestamped where an authority is configured. FILE gets the signed
    note, FILE.tst the timestamp over it: openssl ts -verify -data FILE -in FILE.tst -token_in -CAfile ROOTS
    """
    trouble = asyncio.run(_make_checkpoint(meant_folder(ctx, folder), output, as_json=as_json))
    if trouble is not None:
        raise trouble


async def _make_checkpoint(folder: Path, output: Path | None, *, as_json: bool) -> Delay | Refusal | None:
    """Make it, show it, and return what kept it from being stamped."""
    from gateway.office import now
    from gateway.store.checkpoints import find_checkpoint
    from gateway.wiring.vouching import open_outer_session, vouch

    trouble = None
    async with open_node(folder) as office:
        session = open_outer_session(office.config)
        try:
            vouching = vouch(office, session, now)
            kept = await vouching.checkpoints.make(at=now())
            if kept is None:
                raise Refusal.because(
                    "log-empty", vi="nhật ký chưa có mục nào", en="the log has no entries yet"
                )
            try:
                if vouching.stamping is not None and kept.token is None:
                    await vouching.stamping.stamp_next()
            except (Delay, Refusal) as error:
                trouble = error
            kept = await find_checkpoint(office.database, kept.size) or kept
        finally:
            if session is not None:
                await session.close()
    _show_checkpoint(kept, output, as_json=as_json)
    return trouble


def _show_checkpoint(kept: "KeptCheckpoint", output: Path | None, *, as_json: bool) -> None:
    if output is not None:
        output.write_bytes(kept.note)
        if kept.token is not None:
            output.with_name(f"{output.name}.tst").write_bytes(kept.token)
    if as_json:
        facts = {"size": kept.size, "at": kept.at, "root": kept.root.hex(), "stamped_at": kept.stamped_at}
        show_json(facts | {"note": kept.note.decode()})
        return
    show(
        done(f"Điểm chốt {number(kept.size)} mục", "checkpoint"),
        card(
            [
                ("Lúc", "at", local(kept.at)),
                ("Gốc", "root", kept.root.hex()),
                ("Dấu thời gian", "timestamp", local(kept.stamped_at) or "chưa có"),
                ("Tệp", "file", None if output is None else str(output)),
            ]
        ),
    )
    if output is None:
        click.echo(kept.note.decode(), nl=False)


@click.command("prove")
@click.argument("seq", type=click.IntRange(min=1), metavar="SEQ")
@click.option(
    "--size",
    type=click.IntRange(min=1),
    metavar="SIZE",
    help="Theo điểm chốt cỡ này; mặc định mới nhất. · Under the checkpoint of this size.",
)
@output_option
@directory_option
@click.pass_context
def prove_entry(ctx: click.Context, seq: int, size: int | None, output: Path | None, folder: Path) -> None:
    """Bằng chứng mục SEQ có trong nhật ký. Gồm mục, đường lên gốc, điểm chốt đã ký.

    Prove that entry SEQ is in the log: a file (C2SP tlog-proof) that a stranger checks with the seal's
    certificate alone.
    """
    proof = asyncio.run(_prove(meant_folder(ctx, folder), seq, size))
    if output is None:
        click.echo(proof.decode(), nl=False)
    else:
        output.write_bytes(proof)
        show(done(f"Đã ghi bằng chứng của mục {number(seq)} vào {output}", "proved"))


async def _prove(folder: Path, seq: int, size: int | None) -> bytes:
    from gateway.exchange.checkpoints import prove_entry as prove

    async with open_records(folder) as database:
        proof = await prove(database, seq, size=size)
    if proof is None:
        raise Refusal.because(
            "entry-not-covered",
            vi=f"chưa điểm chốt nào ký đến mục {seq}: lienthong log checkpoint",
            en=f"no checkpoint covers entry {seq} yet: lienthong log checkpoint",
        )
    return proof
