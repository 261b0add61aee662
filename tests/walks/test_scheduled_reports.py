"""Reports go out by themselves some working days after a month has ended, once to everybody who gets them."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from gateway.deadlines.counts import Period
from gateway.deadlines.schedule import last_ended
from gateway.model.formats import VIETNAM, local_day
from gateway.model.identifiers import AgencyCode
from gateway.model.log import LogKind
from gateway.model.paper import Paper
from gateway.model.span import Span
from gateway.office import now
from gateway.wiring import reminders
from tests.days import CALENDAR
from tests.ears import mail_server
from tests.walks.test_reminders import said, until
from tests.walks.world import HEALTH, MINISTRY, Node, World, collect_all, playing

# Larger than what lies in the database itself.
CONTENT = b"%PDF-1.4 " + os.urandom(100_000)
LAST_MONTH = last_ended(Span.MONTH, local_day(now()))
NEXT_MONTH = last_ended(Span.MONTH, LAST_MONTH.last + timedelta(days=62))


@contextmanager
def making(made: list[tuple[Period, AgencyCode | None]], patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nodes have something that makes reports."""

    async def make(period: Period, agency: AgencyCode | None) -> list[Paper]:
        made.append((period, agency))
        return [Paper(name="Báo cáo.pdf", media_type="application/pdf", content=CONTENT)]

    patch.setattr(reminders, "furnish_reports", lambda office, clock: make)
    yield


def go_to_report(period: Period, *nodes: Node, working_days: int = 2, hour: int = 9) -> None:
    """Set clocks to some working days after the end of a period."""
    day = CALENDAR.after(period.last, working_days)
    for node in nodes:
        node.clock.ahead = datetime.combine(day, time(hour), VIETNAM) - now()


async def start_again(node: Node, more: str) -> None:
    """Start a node with more settings."""
    await node.stop()
    config = node.directory / "config.toml"
    config.write_text(config.read_text() + more)
    await node.start()


def schedule(*to: str, more: str = "") -> str:
    """A monthly report two working days after the month."""
    names = ", ".join(f'"{each}"' for each in to)
    return f"""
[reports]
every = "50ms"
[[reports.scheduled]]
what = "month"
after = 2
to = [{names}]
{more}
"""


def mail_tables(port: int) -> dict[str, Any]:
    return {"alerts": {"smtp_host": "127.0.0.1", "smtp_port": port}, "reminders": {"ways": []}}


async def settled(world: World) -> None:
    """Let a node look some times more."""
    await asyncio.sleep(0.4)


async def test_a_report_goes_out_at_its_hour_and_again_for_the_next_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not an hour before; by mail with its file, about the month that ended, of the agency it is for."""
    taken: list[bytes] = []
    made: list[tuple[Period, AgencyCode | None]] = []
    with making(made, monkeypatch):
        async with mail_server(taken) as port, playing(tmp_path, **mail_tables(port)) as world:
            go_to_report(NEXT_MONTH, world.gateway, hour=7)
            await start_again(world.gateway, schedule("a@tinh.example", more=f'agency = "{HEALTH}"'))
            await settled(world)
            assert taken == []
            go_to_report(NEXT_MONTH, world.gateway)
            await until(lambda: world.gateway.rows("SELECT 1 FROM report_sendings"))
            await settled(world)
            (message,) = [message_from_bytes(one, policy=policy.default) for one in taken]
            assert f"tháng {NEXT_MONTH.last.month}/{NEXT_MONTH.last.year}" in message["Subject"]
            assert "Sở Y tế tỉnh Thử Nghiệm" in message["Subject"]
            (attachment,) = message.iter_attachments()
            assert attachment.get_content() == CONTENT
            assert attachment.get_filename() == "Báo cáo.pdf"
            assert made == [(NEXT_MONTH, HEALTH)]
            go_to_report(last_ended(Span.MONTH, NEXT_MONTH.last + timedelta(days=32)), world.gateway)
            await until(lambda: len(world.gateway.rows("SELECT 1 FROM report_sendings")) == 2)
            told = [
                entry["details"]["until"]
                for entry in world.gateway.log(LogKind.ADMINISTERED)
                if entry["act"] == "report-sent"
            ]
            assert told[0] == NEXT_MONTH.last.isoformat()
            assert told[1] > told[0]


async def test_a_report_waits_for_the_mail_server_and_not_for_who_will_never_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tried again while nobody is there; an address that does not exist is given up."""
    async with mail_server([]) as port:
        pass  # now nobody listens there
    taken: list[bytes] = []
    made: list[tuple[Period, AgencyCode | None]] = []
    with making(made, monkeypatch):
        async with playing(tmp_path, **mail_tables(port)) as world:
            go_to_report(NEXT_MONTH, world.gateway)
            await start_again(world.gateway, schedule("nobody@tinh.example", "a@tinh.example"))
            await until(lambda: len(made) > 2)
            assert world.gateway.rows("SELECT 1 FROM report_sendings") == []
            async with mail_server(taken, unknown=["nobody@"], port=port):
                await until(lambda: len(world.gateway.rows("SELECT 1 FROM report_sendings")) == 2)
                await settled(world)
            rows = world.gateway.rows("SELECT addressee, refused FROM report_sendings ORDER BY id")
            assert [tuple(row) for row in rows] == [("nobody@tinh.example", 1), ("a@tinh.example", 0)]
    assert len(taken) == 1


async def test_a_report_travels_as_a_document_here_and_beyond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One package to all; who is in no directory is passed over; a large file goes like a small one."""
    with making([], monkeypatch):
        async with playing(tmp_path, reminders={"ways": []}) as world:
            go_to_report(NEXT_MONTH, world.gateway, world.hub)
            # The axis's directory is known, so that a code it does not have means something.
            await until(lambda: world.gateway.rows("SELECT 1 FROM agencies WHERE from_axis = 1"))
            await start_again(world.gateway, schedule(HEALTH, MINISTRY, "000.00.99.H57"))
            (here,) = await collect_all(world.gateway.dms("SYT"))
            (beyond,) = await collect_all(world.ministry)
            await settled(world)
            for package in (here, beyond):
                assert said(package, "TypeName") == "Báo cáo"
                assert len(package) > len(CONTENT)
            rows = world.gateway.rows("SELECT addressee, package_id FROM report_sendings ORDER BY id")
            assert {row["addressee"] for row in rows} == {HEALTH, MINISTRY}
            assert len({row["package_id"] for row in rows}) == 1
            assert world.gateway.rows("SELECT * FROM obligations") == []
            assert world.gateway.rows("SELECT * FROM register") == []


async def test_nobody_gets_a_report_of_long_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets a node up in the middle of a year gets no report of the year before."""
    made: list[tuple[Period, AgencyCode | None]] = []
    with making(made, monkeypatch):
        async with playing(tmp_path, reminders={"ways": []}) as world:
            go_to_report(last_ended(Span.YEAR, NEXT_MONTH.last), world.gateway, working_days=30)
            yearly = schedule(HEALTH).replace('"month"', '"year"')
            await start_again(world.gateway, yearly)
            await settled(world)
            assert made == []
