"""The sensor of the log: is it what was signed, is it stamped, does another log contradict itself?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.sensors import Thresholds, is_over, when
from gateway.exchange.standing import Standing
from gateway.exchange.vouching import ALTERED, Vouching
from gateway.model.alert import AlertRule, Condition
from gateway.model.people import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSensor:
    """Looks at what vouches for the log."""

    vouching: Vouching
    thresholds: Thresholds

    async def look(self, at: datetime) -> list[Condition]:
        """List what is not as it should be with this log and those it watches."""
        standing = await self.vouching.standing()
        return [*self._look_at_own(standing, at), *_look_at_others(standing)]

    def _look_at_own(self, standing: Standing, at: datetime) -> Iterator[Condition]:
        if ALTERED in self.vouching.troubles.open:
            yield Condition(
                rule=AlertRule.LOG_ALTERED,
                vi="Nhật ký không còn là nhật ký đã ký: chạy lienthong log verify, giữ nguyên các tệp.",
                en="The log is no longer what was signed: run lienthong log verify, keep the files.",
            )
        since = standing.exposed_since
        if (
            self.vouching.stamping is None
            or since is None
            or not is_over(self.thresholds.unstamped_after, since, at)
        ):
            return
        yield Condition(
            rule=AlertRule.LOG_UNSTAMPED,
            vi=f"Nhật ký chưa được đóng dấu thời gian từ {when(since)}.",
            en=f"No timestamp has covered the log since {when(since, Language.ENGLISH)}.",
        )


def _look_at_others(standing: Standing) -> Iterator[Condition]:
    for alarm in standing.alarms:
        yield Condition(
            rule=AlertRule.LOG_CONTRADICTED,
            subject=alarm.origin,
            vi=f"Nhật ký {alarm.origin} mâu thuẫn với những gì đã thấy, lúc {when(alarm.shown_at)}.",
            en=f"The log {alarm.origin} contradicts what was seen of it,"
            f" at {when(alarm.shown_at, Language.ENGLISH)}.",
        )
