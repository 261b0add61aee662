"""More clients than a node can serve: what is refused, how early, and when the node is itself again."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count

import aiohttp

from gateway.model.code_lists import Kind
from gateway.model.identifiers import AgencyCode, Digest, SystemId
from gateway.office import now
from gateway.vxp.operations import FORMS, Operation
from gateway.vxp.requests import write_send
from gateway.vxp.signing import sign_headers
from tests.campaign.onlookers import Spread
from tests.packages import Sent, document

_NUMBERS = count(1)
# Who is turned away comes back much too early, as a loop around an SDK's call does.
_IMPATIENCE_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What came of it. Units: retry_after in seconds, the least and the most that anybody was told."""

    clients: int
    seconds: float
    accepted: Spread
    refused: Spread
    reasons: Mapping[str, int]
    without_retry_after: int
    retry_after: tuple[int, int]

    @property
    def share_refused(self) -> float:
        """Tell which share was turned away."""
        return self.refused.calls / max(1, self.refused.calls + self.accepted.calls)


@dataclass(kw_only=True)
class _Tally:
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    retry_after: list[int] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)


async def storm(
    url: str,
    senders: Mapping[AgencyCode, tuple[str, str]],
    recipient: AgencyCode,
    *,
    clients: int,
    seconds: float,
) -> Storm:
    """Let many clients send at once, over and over.

    Shape: senders maps an agency to its system and that system's secret.
    """
    tally, until = _Tally(), time.monotonic() + seconds
    agencies = list(senders)

    async def one(session: aiohttp.ClientSession, agency: AgencyCode) -> None:
        while time.monotonic() < until:
            if not await _send(session, url, agency, *senders[agency], recipient, tally):
                await asyncio.sleep(_IMPATIENCE_SECONDS)

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
        asyncio.TaskGroup() as group,
    ):
        for number in range(clients):
            group.create_task(one(session, agencies[number % len(agencies)]))
    return Storm(
        clients=clients,
        seconds=seconds,
        accepted=Spread.of(tally.accepted),
        refused=Spread.of(tally.refused),
        reasons=tally.reasons,
        without_retry_after=len(tally.refused) - len(tally.retry_after),
        retry_after=(min(tally.retry_after, default=0), max(tally.retry_after, default=0)),
    )


async def _send(
    session: aiohttp.ClientSession,
    url: str,
    agency: AgencyCode,
    system: str,
    secret: str,
    recipient: AgencyCode,
    tally: _Tally,
) -> bool:
    package = document(Sent(sender=agency, number=str(next(_NUMBERS)), notation="BAO"), [recipient])
    arguments = write_send(
        sender=agency, recipients=(recipient,), kind=Kind.DOCUMENT, digest=Digest(sha256(package).hexdigest())
    )
    headers = sign_headers(
        arguments,
        system=SystemId(system),
        secret=secret.encode(),
        at=now(),
        content_type=FORMS[Operation.SEND].content_type,
    )
    begin = time.monotonic()
    async with session.post(f"{url}/vxp/sendEdoc", data=package, headers=headers) as answer:
        members = await answer.json()
    took = time.monotonic() - begin
    if members["ErrorCode"] == "0":
        tally.accepted.append(took)
        return True
    assert members["ErrorCode"] == "99", members
    tally.refused.append(took)
    reason = str(members["ErrorDesc"]).partition("]")[0].removeprefix("[")
    tally.reasons[reason] = tally.reasons.get(reason, 0) + 1
    if "Retry-After" in answer.headers:
        tally.retry_after.append(int(answer.headers["Retry-After"]))
    return False
