"""``lienthong remind``: who would be reminded of what, and how. A running server does it by itself."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.node import directory_option, load_node, open_records
from gateway.cli.terminal import VIETNAM, both, grid, heading, json_option, local, show, show_json, words

if TYPE_CHECKING:
    from rich.text import Text

    from gateway.deadlines.reminders import Digest, Reminder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is told next, and when: in a moment, where that is over."""

    at: datetime
    digests: "list[tuple[str, tuple[str, ...], Digest]]"


@click.command()
@click.option("--dry-run", is_flag=True, help="Chỉ xem, không nhắc ai. · Show it; nobody is told.")
@directory_option
@json_option
def remind(dry_run: bool, folder: Path, as_json: bool) -> None:
    """Xem lần tới ai được nhắc việc gì, bằng cách nào. Nút đang chạy tự nhắc.

    Show who is reminded of what the next time, and how. A running node reminds by itself.
    """
    from gateway.office import now

    if not dry_run:
        raise click.UsageError(
            "nút đang chạy tự nhắc; dùng --dry-run / a running node does it; use --dry-run"
        )
    plan = asyncio.run(_plan(folder, now()))
    if as_json:
        show_json({"at": plan.at, "digests": [_facts(*each) for each in plan.digests]})
        return
    show(both(f"  Lần nhắc tới: {local(plan.at)}", "the next time"))
    if not plan.digests:
        show(both("  Không phải nhắc ai.", "nobody is to be reminded"))
    for name, ways, digest in plan.digests:
        show(heading(f"{name} ({digest.agency})", f"{len(digest.reminders)}, {', '.join(ways)}"))
        show(
            grid(
                ("Việc", "what"),
                ("Cơ quan thực hiện", "owed by", "keep"),
                ("Hạn", "due", "keep"),
                ("Ngày làm việc sau hạn", "working days after", "right"),
                rows=[_row(each) for each in digest.reminders],
            )
        )


async def _plan(folder: Path, at: datetime) -> _Plan:
    from gateway.exchange.directory import Directory, namer
    from gateway.model.formats import local_day
    from gateway.store.reminders import has_digest, reminded_day
    from gateway.wiring.agenda import furnish_agenda

    async with open_records(folder) as database:
        directory = Directory(database=database)
        agenda = furnish_agenda(load_node(folder), database, directory)
        calendar, day = await agenda.calendar(), local_day(at)
        if not calendar.is_working(day) or await reminded_day(database) == day:
            day = calendar.next_working_day(day)
        snapshot = await directory.current(certainly=True)
        digests = []
        for code, codes in (await agenda.agencies(day)).items():
            digest = await agenda.digest(code, codes, day)
            if digest is not None and not await has_digest(database, code, day):
                ways = tuple(way.value for way in agenda.ways_to(code, snapshot))
                digests.append((namer(snapshot)(code), ways, digest))
        return _Plan(at=datetime.combine(day, agenda.rules.at, VIETNAM), digests=digests)


def _facts(name: str, ways: tuple[str, ...], digest: "Digest") -> dict[str, Any]:
    return {
        "agency": digest.agency,
        "name": name,
        "ways": ways,
        "items": [
            {
                "obligation": each.obligation.id,
                "reference": each.obligation.reference,
                "subject": each.obligation.subject,
                "audience": each.audience,
                "agency": each.obligation.agency,
                "due_on": each.obligation.due_on,
                "working_days": each.position,
            }
            for each in digest.reminders
        ],
    }


def _row(reminder: "Reminder") -> "tuple[str | Text | None, ...]":
    owed = reminder.obligation
    what = words((owed.reference, "bold"), f"\n{owed.subject}")
    return what, owed.agency, str(owed.due_on), f"{reminder.position:+d}"
