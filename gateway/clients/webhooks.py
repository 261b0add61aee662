"""Webhooks: events of this node as signed JSON to an address that the operator chose."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from gateway.errors import Delay
from gateway.model.alert import Alert

SIGNATURE = "X-Lienthong-Signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Posts events to one address.

    Shape: the body is JSON; the header ``X-Lienthong-Signature`` is ``t=SECONDS,v1=HEX``, the HMAC-SHA256
    of ``SECONDS.BODY`` under the secret, so that a repeated request can be told from a new one.
    """

    session: aiohttp.ClientSession
    url: str
    secret: bytes
    node: str
    timeout: timedelta
    clock: Callable[[], datetime]

    async def tell(self, alerts: Sequence[Alert]) -> None:
        """Post some alerts.

        Errors: Delay unless the address answers 2xx.
        """
        await self.post("alert", {"alerts": [_facts(alert) for alert in alerts]})

    async def post(self, event: str, facts: Mapping[str, object]) -> None:
        """Post what happened: the event, and facts that JSON can say.

        Errors: Delay unless the address answers 2xx.
        """
        body = json.dumps({"node": self.node, "event": event, **facts}, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", SIGNATURE: self._sign(body)}
        patience = aiohttp.ClientTimeout(total=self.timeout.total_seconds())
        try:
            async with self.session.post(
                self.url, data=body, headers=headers, timeout=patience, allow_redirects=False
            ) as answer:
                if answer.status // 100 != 2:
                    raise _not_taken()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _not_taken() from error

    def _sign(self, body: bytes) -> str:
        seconds = int(self.clock().timestamp())
        value = hmac.new(self.secret, b"%d.%b" % (seconds, body), hashlib.sha256).hexdigest()
        return f"t={seconds},v1={value}"


def _facts(alert: Alert) -> dict[str, str | None]:
    return {
        "rule": alert.condition.rule,
        "subject": alert.condition.subject,
        "vi": alert.condition.vi,
        "en": alert.condition.en,
        "raised_at": alert.raised_at.isoformat(),
        "cleared_at": None if alert.cleared_at is None else alert.cleared_at.isoformat(),
    }


def _not_taken() -> Delay:
    return Delay.because(
        "webhook-not-taken",
        vi="Địa chỉ webhook chưa nhận tin.",
        en="The webhook did not take the event.",
    )
