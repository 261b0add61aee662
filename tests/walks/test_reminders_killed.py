"""kill -9 while a node reminds and reports: a document comes once, a mail at most twice, nothing is lost."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from gateway.model.formats import VIETNAM, local_day
from gateway.model.log import LogKind
from gateway.office import now
from gateway.settings import Role
from tests.days import CALENDAR
from tests.ears import listener, mail_server
from tests.packages import Sent, document
from tests.walks.test_killed_between_steps import Mortal, check_log
from tests.walks.test_reminders import give_address, until
from tests.walks.world import FINANCE, HEALTH, PROVINCE, prepare_node

MORNING = datetime.combine(CALENDAR.next_working_day(local_day(now())), time(9), VIETNAM)
OWN = "SELECT mailbox FROM dispatches JOIN packages ON packages.id = package_id WHERE direction = 'own'"


def ahead() -> str:
    """So many days lie between now and the morning on which the node reminds."""
    return str((MORNING - now()) / timedelta(days=1))


@asynccontextmanager
async def owing(folder: Path, more: str = "", **tables: dict[str, object]) -> AsyncIterator[Mortal]:
    """A node on which the finance department owes something by tomorrow, not running."""
    # Else a weekend that lies between would bring a mail about what was not collected.
    tables["alerts"] = {"mailbox_left_after": "0s"} | tables.get("alerts", {})
    node = prepare_node(folder / "gateway", code=PROVINCE, role=Role.HUB, **tables)
    await node.connect("SYT", [HEALTH])
    await node.connect("STC", [FINANCE])
    await give_address(node, FINANCE, "vanthu@stc.example")
    await node.start()
    sent = Sent(sender=HEALTH, number="7", notation="SYT-VP")
    told = document(sent, [FINANCE], steering=1, due=local_day(MORNING))
    assert (await node.dms("SYT").send(told, sender=HEALTH)).ok
    await node.stop()
    # Only now, else what is due today already, on a month's last working day, would go out before it may die.
    config = node.directory / "config.toml"
    config.write_text(config.read_text() + more)
    mortal = Mortal(node)
    try:
        yield mortal
    finally:
        await mortal.stop()


async def die_and_live(mortal: Mortal, point: str) -> None:
    """Start, die at a point, start again."""
    await mortal.start(point, ahead())
    assert await mortal.died()
    await mortal.start("", ahead())


@pytest.mark.parametrize("point", ["OWN_BYTES_SAFE", "REMINDED", "DAY_REMINDED"])
async def test_a_reminder_by_document_comes_once(tmp_path: Path, point: str) -> None:
    """Before the commit nothing has happened, after it everything has."""
    reminders: dict[str, object] = {"ways": ["document"], "every": "50ms"}
    async with owing(tmp_path, reminders=reminders) as mortal:
        await die_and_live(mortal, point)
        await until(lambda: mortal.node.rows("SELECT 1 FROM reminded_day WHERE day <> ''"))
        await asyncio.sleep(0.3)
        assert [row["mailbox"] for row in mortal.node.rows(OWN)] == [FINANCE]
        assert len(mortal.node.log(LogKind.REMINDED)) == 1
        check_log(mortal.node)


@pytest.mark.parametrize(("point", "mails"), [("REMINDED", 1), ("REMINDER_MAILED", 2), ("MAIL_NOTED", 1)])
async def test_a_reminder_by_mail_is_never_lost_and_comes_at_most_twice(
    tmp_path: Path, point: str, mails: int
) -> None:
    """Twice only when the node dies between the mail server's yes and its own note of it."""
    taken: list[bytes] = []
    async with mail_server(taken) as port:
        alerts: dict[str, object] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "mail_to": ["truc@tinh.example"],
        }
        async with owing(tmp_path, reminders={"every": "50ms"}, alerts=alerts) as mortal:
            await die_and_live(mortal, point)
            await until(lambda: mortal.node.rows("SELECT 1 FROM reminder_digests WHERE mail = 'sent'"))
            await asyncio.sleep(0.3)
            assert len(mortal.node.log(LogKind.REMINDED)) == 1
    texts = Counter(message_from_bytes(one, policy=policy.default).get_content() for one in taken)
    assert list(texts.values()) == [mails]


@pytest.mark.parametrize(("point", "posts"), [("NEWS_BEGUN", 1), ("NEWS_TOLD", 2), ("NEWS_NOTED", 1)])
async def test_a_webhook_is_told_of_a_reminder_at_least_once(tmp_path: Path, point: str, posts: int) -> None:
    """Its number in the log says whether it came before."""
    (tmp_path / "hook").write_text("bi mat")
    got: list[tuple[str, bytes]] = []
    async with listener(204, got) as url:
        alerts: dict[str, object] = {
            "webhook_urls": [url],
            "webhook_secret_file": str(tmp_path / "hook"),
            "every": "50ms",
        }
        async with owing(tmp_path, reminders={"every": "50ms"}, alerts=alerts) as mortal:
            await die_and_live(mortal, point)
            (entry,) = await remembered(mortal)
            await until(lambda: mortal.node.rows("SELECT 1 FROM webhook_positions WHERE seq >= ?", entry))
            await asyncio.sleep(0.3)
    told = [json.loads(body)["reminders"][0]["seq"] for _, body in got if b'"reminder"' in body]
    assert told == [entry] * posts


async def remembered(mortal: Mortal) -> list[int]:
    """Wait for the reminder; return its number in the log."""
    rows = "SELECT seq FROM log WHERE kind = 'reminded'"
    await until(lambda: mortal.node.rows(rows))
    return [row["seq"] for row in mortal.node.rows(rows)]


def due_report() -> str:
    """A schedule that is due in the morning: as many working days after the last month as have passed."""
    end = date(MORNING.year, MORNING.month, 1) - timedelta(days=1)
    after = max(1, CALENDAR.working_days_between(end, local_day(MORNING)))
    return f"""
[reports]
every = "50ms"
[[reports.scheduled]]
what = "month"
to = ["thongke@tinh.example", "{FINANCE}", "{HEALTH}"]
after = {after}
"""


@pytest.mark.parametrize(
    ("point", "mails"),
    [("OWN_BYTES_SAFE", 1), ("REPORT_RECORDED", 1), ("REPORT_MAILED", 2), ("REPORT_NOTED", 1)],
)
async def test_a_report_goes_once_to_everybody(tmp_path: Path, point: str, mails: int) -> None:
    """As one document to the agencies, with the same file as in the mail, and on record for each."""
    taken: list[bytes] = []
    async with mail_server(taken) as port:
        alerts: dict[str, object] = {"smtp_host": "127.0.0.1", "smtp_port": port}
        reminders: dict[str, object] = {"ways": []}
        async with owing(tmp_path, due_report(), reminders=reminders, alerts=alerts) as mortal:
            await die_and_live(mortal, point)
            await until(lambda: len(mortal.node.rows("SELECT 1 FROM report_sendings")) == 3)
            await asyncio.sleep(0.3)
            assert sorted(row["mailbox"] for row in mortal.node.rows(OWN)) == [FINANCE, HEALTH]
            sent = [entry for entry in mortal.node.log(LogKind.ADMINISTERED) if entry["act"] == "report-sent"]
            addressees = sorted(entry["details"]["addressee"] for entry in sent)
            assert addressees == sorted(["thongke@tinh.example", FINANCE, HEALTH])
            assert len(mortal.node.rows("SELECT 1 FROM register")) == 2  # the task, and nothing of ours
            check_log(mortal.node)
    assert len(taken) == mails
    pdf, workbook = message_from_bytes(taken[0], policy=policy.default).iter_attachments()
    assert pdf.get_content().startswith(b"%PDF-")
    assert workbook.get_content().startswith(b"PK")
    names = {name.rpartition(".")[0] for name in (pdf.get_filename(), workbook.get_filename()) if name}
    assert names == {f"Bao cao {MORNING.replace(day=1) - timedelta(days=1):%Y-%m}"}
