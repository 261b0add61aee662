"""What is looked at before an operator is alerted: each sensor says what is not as it should be, in words.

A sensor asks the database questions that cost the same however much there is, and changes nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from cryptography import x509

from gateway.exchange.road import Road
from gateway.model.alert import AlertRule, Condition
from gateway.store.alerts import LeftMailbox, count_failures, list_left_mailboxes, oldest_waiting
from gateway.store.blobs import Blobs
from gateway.store.database import Database

Sensor: TypeAlias = Callable[[datetime], Awaitable[Iterable[Condition]]]
"""Looks, as of an instant, and lists what it found."""

_VIETNAM = timedelta(hours=7)
_FAILURES_WITHIN = timedelta(hours=1)
# Below this many times the floor there is still room, and still time.
_DISK_WARNING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How long what may be said to be wrong; a threshold of nothing is never reached."""

    axis_away_after: timedelta
    stuck_after: timedelta
    mailbox_left_after: timedelta
    seal_ends_within: timedelta
    free_space_floor_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensors:
    """The sensors of every node. road is None on a hub; certificates are named for their reader."""

    database: Database
    blobs: Blobs
    road: Road | None
    certificates: tuple[tuple[str, x509.Certificate], ...]
    thresholds: Thresholds

    async def look(self, at: datetime) -> list[Condition]:
        """List everything that is not as it should be."""
        found = [*self._look_at_disk(), *self._look_at_certificates(at)]
        if self.road is not None:
            found += [*self._look_at_road(self.road, at), *await self._look_at_queue(at)]
        return [*found, *await self._look_at_failures(at), *await self._look_at_mailboxes(at)]

    def _look_at_disk(self) -> Iterator[Condition]:
        if self.database.is_failing:
            yield Condition(
                rule=AlertRule.DISK_FAILING,
                vi="Đĩa không ghi được: mọi gói tin gửi đến đang bị hoãn.",
                en="The disk takes nothing: every package that comes in is put off.",
            )
        free = self.blobs.free_bytes()
        if free < _DISK_WARNING * self.thresholds.free_space_floor_bytes:
            yield Condition(
                rule=AlertRule.DISK_LOW,
                vi=f"Đĩa chỉ còn {free >> 20} MiB; dưới {self.thresholds.free_space_floor_bytes >> 20} MiB"
                " thì gói tin mới bị hoãn.",
                en=f"Only {free >> 20} MiB are free; below {self.thresholds.free_space_floor_bytes >> 20} MiB"
                " new packages are put off.",
            )

    def _look_at_certificates(self, at: datetime) -> Iterator[Condition]:
        for name, certificate in self.certificates:
            ends_at = certificate.not_valid_after_utc
            if self.thresholds.seal_ends_within and ends_at - at < self.thresholds.seal_ends_within:
                yield Condition(
                    rule=AlertRule.SEAL_ENDS,
                    subject=name,
                    vi=f"Chứng thư số {name} hết hạn lúc {local(ends_at)}.",
                    en=f"The certificate {name} ends at {local(ends_at)}.",
                )

    def _look_at_road(self, road: Road, at: datetime) -> Iterator[Condition]:
        closed_at = road.closed_at
        if closed_at is not None and is_over(self.thresholds.axis_away_after, closed_at, at):
            yield Condition(
                rule=AlertRule.AXIS_AWAY,
                vi=f"Không gửi được lên trục từ {local(closed_at)}.",
                en=f"Nothing can be handed to the axis since {local(closed_at)}.",
            )

    async def _look_at_queue(self, at: datetime) -> Iterable[Condition]:
        since = await oldest_waiting(self.database)
        if since is None or not is_over(self.thresholds.stuck_after, since, at):
            return ()
        return (
            Condition(
                rule=AlertRule.DELIVERY_STUCK,
                vi=f"Có gói tin chờ gửi lên trục từ {local(since)}.",
                en=f"A package has been waiting for the axis since {local(since)}.",
            ),
        )

    async def _look_at_failures(self, at: datetime) -> Iterable[Condition]:
        count = await count_failures(self.database, since=at - _FAILURES_WITHIN)
        if not count:
            return ()
        return (
            Condition(
                rule=AlertRule.DELIVERIES_FAILED,
                vi=f"{count} lượt chuyển không thành trong một giờ qua.",
                en=f"{count} dispatches failed within the last hour.",
            ),
        )

    async def _look_at_mailboxes(self, at: datetime) -> Iterable[Condition]:
        if not self.thresholds.mailbox_left_after:
            return ()
        left = await list_left_mailboxes(self.database, before=at - self.thresholds.mailbox_left_after)
        return map(_left, left)


def _left(mailbox: LeftMailbox) -> Condition:
    since = local(mailbox.since)
    if mailbox.agency is None:
        return Condition(
            rule=AlertRule.MAILBOX_LEFT,
            subject=mailbox.system,
            vi=f"Hệ thống {mailbox.system} chưa lấy gói tin đến từ {since}.",
            en=f"System {mailbox.system} has not collected what came at {since}.",
        )
    return Condition(
        rule=AlertRule.MAILBOX_LEFT,
        subject=mailbox.code,
        vi=f"{mailbox.agency}: chưa ai mở hộp thư trên trang quản trị, có văn bản đến từ {since}.",
        en=f"{mailbox.agency}: nobody has opened its mailbox in the console; a document came at {since}.",
    )


def is_over(threshold: timedelta, since: datetime, at: datetime) -> bool:
    """Tell whether something has lasted; a threshold of nothing is never reached."""
    return bool(threshold) and at - since >= threshold


def local(at: datetime) -> str:
    """Write an instant as operators here read it."""
    return f"{at + _VIETNAM:%d/%m/%Y %H:%M}"
