"""What is looked at before an operator is alerted: each sensor says what is not as it should be, in words.

A sensor asks the database questions that cost the same however much there is, and changes nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509

from gateway.exchange.road import Road
from gateway.model.alert import AlertRule, Condition
from gateway.model.formats import counted, write_instant
from gateway.model.people import Language
from gateway.store.alerts import LeftMailbox, count_failures, list_left_mailboxes, oldest_waiting
from gateway.store.blobs import Blobs
from gateway.store.database import Database

Sensor: TypeAlias = Callable[[datetime], Awaitable[Iterable[Condition]]]
"""Looks, as of an instant, and lists what it found."""

_NEVER = datetime.fromtimestamp(0, UTC)
_FAILURES_WITHIN = timedelta(hours=1)
# Below this many times the floor there is still room, and still time.
_DISK_WARNING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How long what may last before it is said to be wrong; a threshold of nothing is never reached."""

    axis_away_after: timedelta
    stuck_after: timedelta
    mailbox_left_after: timedelta
    seal_ends_within: timedelta
    unstamped_after: timedelta
    free_space_floor_bytes: int

    def stuck_before(self, at: datetime) -> datetime:
        """Tell since when what still waits for the axis waits too long."""
        return at - self.stuck_after if self.stuck_after else _NEVER

    def left_before(self, at: datetime) -> datetime:
        """Tell since when what still lies in a mailbox lies there too long."""
        return at - self.mailbox_left_after if self.mailbox_left_after else _NEVER

    def ends_soon(self, until: datetime, at: datetime) -> bool:
        """Tell whether a certificate wants to be renewed."""
        return bool(self.seal_ends_within) and until - at < self.seal_ends_within

    def is_low(self, free_bytes: int) -> bool:
        """Tell whether the disk will soon be full."""
        return free_bytes < _DISK_WARNING * self.free_space_floor_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensors:
    """The sensors of every node.

    Shape: road is None on a hub; certificates, of seals and of TLS, are named for their reader.
    """

    database: Database
    blobs: Blobs
    road: Road | None
    certificates: tuple[tuple[str, x509.Certificate], ...]
    thresholds: Thresholds

    async def look(self, at: datetime) -> list[Condition]:
        """List everything that is not as it should be."""
        found = [*self._look_at_disk(), *await self._look_at_shelves(), *self._look_at_certificates(at)]
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
        if self.thresholds.is_low(free):
            yield Condition(
                rule=AlertRule.DISK_LOW,
                vi=f"Đĩa chỉ còn {free >> 20} MiB; dưới {self.thresholds.free_space_floor_bytes >> 20} MiB"
                " thì gói tin mới bị hoãn.",
                en=f"Only {free >> 20} MiB are free; below {self.thresholds.free_space_floor_bytes >> 20} MiB"
                " new packages are put off.",
            )

    async def _look_at_shelves(self) -> Iterable[Condition]:
        trouble = await self.blobs.trouble()
        if trouble is None:
            return ()
        return (
            Condition(
                rule=AlertRule.OBJECTS_AWAY,
                vi="Kho đối tượng không dùng được: gói tin lớn đang bị hoãn.",
                en=f"The object store cannot be used, large packages are put off: {trouble}",
            ),
        )

    def _look_at_certificates(self, at: datetime) -> Iterator[Condition]:
        for name, certificate in self.certificates:
            ends_at = certificate.not_valid_after_utc
            if self.thresholds.ends_soon(ends_at, at):
                yield Condition(
                    rule=AlertRule.SEAL_ENDS,
                    subject=name,
                    vi=f"Chứng thư số {name} hết hạn lúc {when(ends_at)}.",
                    en=f"The certificate {name} ends at {when(ends_at, Language.ENGLISH)}.",
                )

    def _look_at_road(self, road: Road, at: datetime) -> Iterator[Condition]:
        closed_at = road.closed_at
        if closed_at is not None and is_over(self.thresholds.axis_away_after, closed_at, at):
            yield Condition(
                rule=AlertRule.AXIS_AWAY,
                vi=f"Không gửi được lên trục từ {when(closed_at)}.",
                en=f"Nothing can be handed to the axis since {when(closed_at, Language.ENGLISH)}.",
            )

    async def _look_at_queue(self, at: datetime) -> Iterable[Condition]:
        since = await oldest_waiting(self.database)
        if since is None or since > self.thresholds.stuck_before(at):
            return ()
        return (
            Condition(
                rule=AlertRule.DELIVERY_STUCK,
                vi=f"Có gói tin chờ gửi lên trục từ {when(since)}.",
                en=f"A package has been waiting for the axis since {when(since, Language.ENGLISH)}.",
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
                en=f"{counted(count, 'dispatch')} failed within the last hour.",
            ),
        )

    async def _look_at_mailboxes(self, at: datetime) -> Iterable[Condition]:
        left = await list_left_mailboxes(self.database, before=self.thresholds.left_before(at))
        return map(_left, left)


def _left(mailbox: LeftMailbox) -> Condition:
    since, since_en = when(mailbox.since), when(mailbox.since, Language.ENGLISH)
    if mailbox.agency is None:
        return Condition(
            rule=AlertRule.MAILBOX_LEFT,
            subject=mailbox.system,
            vi=f"Hệ thống {mailbox.system} chưa lấy gói tin đến từ {since}.",
            en=f"System {mailbox.system} has not collected what came at {since_en}.",
        )
    return Condition(
        rule=AlertRule.MAILBOX_LEFT,
        subject=mailbox.code,
        vi=f"{mailbox.agency}: chưa ai mở hộp thư trên trang quản trị, có văn bản đến từ {since}.",
        en=f"{mailbox.agency}: nobody has opened its mailbox in the console; a document came at {since_en}.",
    )


def is_over(threshold: timedelta, since: datetime, at: datetime) -> bool:
    """Tell whether something has lasted; a threshold of nothing is never reached."""
    return bool(threshold) and at - since >= threshold


def when(at: datetime, language: Language = Language.VIETNAMESE) -> str:
    """Write an instant as operators read it."""
    return write_instant(at, language)
