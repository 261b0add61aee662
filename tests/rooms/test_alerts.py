"""Operators are told what is wrong once, again while it lasts, and when it has ended."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import aiohttp
import pytest

from gateway.clients.mail import AlertMail, MailSecurity, MailServer
from gateway.clients.webhooks import Webhook
from gateway.deadlines.calendar import CalendarDay, DayKind
from gateway.errors import Delay
from gateway.exchange.alerts import Alerts
from gateway.exchange.calendar_sensor import CalendarSensor
from gateway.model.alert import Alert, AlertRule, Condition
from gateway.store.alerts import list_open_alerts, list_past_alerts
from gateway.store.calendar import replace_years
from gateway.store.database import Database, open_database
from tests.ears import listener, mail_server

NOON = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
AWAY = Condition(rule=AlertRule.AXIS_AWAY, vi="Không gửi được lên trục.", en="Nothing reaches the axis.")
LEFT = Condition(rule=AlertRule.MAILBOX_LEFT, subject="SYT", vi="SYT chưa lấy.", en="SYT has not collected.")


@dataclass
class Ear:
    """Somebody who listens, or does not."""

    heard: list[tuple[AlertRule, bool]] = field(default_factory=list)
    deaf: bool = False

    async def tell(self, alerts: Sequence[Alert]) -> None:
        if self.deaf:
            raise Delay.because("mail-not-sent", vi="không", en="no")
        self.heard += [(alert.condition.rule, alert.cleared_at is not None) for alert in alerts]


@dataclass
class House:
    """A node that is looked at, with a clock and faults in our hand."""

    database: Database
    ear: Ear = field(default_factory=Ear)
    at: datetime = NOON
    wrong: list[Condition] = field(default_factory=list)

    def alerts(self) -> Alerts:
        async def look(at: datetime) -> list[Condition]:
            return self.wrong

        return Alerts(
            database=self.database,
            sensors=(look,),
            speakers=(self.ear,),
            remind_every=timedelta(days=1),
            clock=lambda: self.at,
        )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = await open_database(tmp_path / "x.db", linger=timedelta(), batch_limit=8)
    yield House(database)
    await database.close()


async def test_the_next_years_calendar_is_wanted_in_time(house: House) -> None:
    """From sixty days before on while it is missing or not announced, until somebody has written it."""
    sensor = CalendarSensor(database=house.database, within=timedelta(days=60))
    assert await sensor.look(NOON - timedelta(days=30)) == []
    (condition,) = await sensor.look(NOON)
    assert (condition.rule, condition.subject) == (AlertRule.CALENDAR_MISSING, "2027")
    days = [CalendarDay(day=date(2027, 1, day), kind=DayKind.OFF, name="Nghỉ") for day in range(1, 12)]
    await house.database.write(lambda tables: replace_years(tables, days))
    assert await sensor.look(NOON) == []


async def test_what_is_wrong_is_told_once_and_again_after_a_day_and_when_it_ends(house: House) -> None:
    """Ten looks at the same trouble are one mail."""
    alerts = house.alerts()
    house.wrong = [AWAY]
    for _ in range(10):
        await alerts.look()
        house.at += timedelta(minutes=1)
    assert house.ear.heard == [(AlertRule.AXIS_AWAY, False)]
    house.at += timedelta(days=1)
    await alerts.look()
    assert len(house.ear.heard) == 2
    house.wrong = []
    await alerts.look()
    await alerts.look()
    assert house.ear.heard[2:] == [(AlertRule.AXIS_AWAY, True)]
    assert await list_open_alerts(house.database) == []
    (past,) = await list_past_alerts(house.database, limit=10)
    assert (past.raised_at, past.cleared_at) == (NOON, house.at)


async def test_a_process_that_starts_anew_tells_nothing_twice(house: House) -> None:
    """What was told stands in the database."""
    house.wrong = [AWAY, LEFT]
    await house.alerts().look()
    await house.alerts().look()
    assert sorted(house.ear.heard) == [(AlertRule.AXIS_AWAY, False), (AlertRule.MAILBOX_LEFT, False)]


async def test_what_a_newer_version_found_is_left_to_it(house: House) -> None:
    """Nodes of two versions share the alerts during an upgrade; the old one goes on with its own."""
    newer = "INSERT INTO alerts (rule, subject, vi, en, raised_at) VALUES ('not-yet-known', '', 'x', 'x', 1)"
    await house.database.write(lambda tables: tables.execute(newer))
    house.wrong = [AWAY]
    await house.alerts().look()
    assert [alert.condition.rule for alert in await list_open_alerts(house.database)] == [AWAY.rule]
    row = await house.database.fetch_one("SELECT cleared_at FROM alerts WHERE rule = 'not-yet-known'")
    assert row is not None
    assert row["cleared_at"] is None


async def test_who_could_not_be_reached_is_told_later(house: House) -> None:
    """Nothing counts as told before somebody took it, also what has ended meanwhile."""
    alerts, house.ear.deaf = house.alerts(), True
    house.wrong = [AWAY, LEFT]
    await alerts.look()
    house.wrong = [LEFT]
    await alerts.look()
    house.ear.deaf = False
    await alerts.look()
    assert sorted(house.ear.heard) == [(AlertRule.AXIS_AWAY, True), (AlertRule.MAILBOX_LEFT, False)]


def mail(port: int) -> AlertMail:
    server = MailServer(
        host="127.0.0.1",
        port=port,
        security=MailSecurity.NONE,
        sender="cong@tinh.example",
        login=None,
        timeout=timedelta(seconds=5),
    )
    return AlertMail(
        server=server,
        recipients=("truc@tinh.example", "phong@tinh.example"),
        node="UBND tỉnh Thử Nghiệm",
    )


async def test_a_mail_says_it_in_both_languages() -> None:
    """Subject, recipients and sentences arrive as written."""
    taken: list[bytes] = []
    ended = Alert(condition=AWAY, raised_at=NOON, cleared_at=NOON + timedelta(hours=1))
    async with mail_server(taken) as port:
        await mail(port).tell([Alert(condition=LEFT, raised_at=NOON), ended])
    message = message_from_bytes(taken[0], policy=policy.default)
    assert message["Subject"] == "[Liên Thông · UBND tỉnh Thử Nghiệm] 1 cảnh báo"
    assert message["To"] == "truc@tinh.example, phong@tinh.example"
    text = message.get_content()
    assert "Từ 26/11/2026 12:00: SYT chưa lấy." in text
    assert "Ended 26/11/2026 13:00: Nothing reaches the axis." in text


async def test_a_mail_server_that_is_away_is_a_delay() -> None:
    """Nobody was told."""
    with pytest.raises(Delay, match="mail-not-sent"):
        await mail(1).tell([Alert(condition=AWAY, raised_at=NOON)])


async def post(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        hook = Webhook(
            session=session,
            url=url,
            secret=b"bi mat",
            node="UBND",
            timeout=timedelta(seconds=5),
            clock=lambda: NOON,
        )
        await hook.tell([Alert(condition=LEFT, raised_at=NOON)])


async def test_a_webhook_is_signed_over_its_instant_and_body() -> None:
    """Its receiver can tell our word from a stranger's, and an old one from a new one."""
    got: list[tuple[str, bytes]] = []
    async with listener(204, got) as url:
        await post(url)
    ((signature, body),) = got
    seconds = int(NOON.timestamp())
    value = hmac.new(b"bi mat", b"%d.%b" % (seconds, body), hashlib.sha256).hexdigest()
    assert signature == f"t={seconds},v1={value}"
    assert json.loads(body)["event"] == "alert"
    (told,) = json.loads(body)["alerts"]
    assert (told["rule"], told["subject"], told["cleared_at"]) == ("mailbox-left", "SYT", None)


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_webhook_that_does_not_take_it_is_told_again(status: int) -> None:
    """A redirection is not followed: the secret's signature goes to the configured address only."""
    got: list[tuple[str, bytes]] = []
    async with listener(status, got) as url:
        with pytest.raises(Delay, match="webhook-not-taken"):
            await post(url)
    assert len(got) == 1
